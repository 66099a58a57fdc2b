//! Who may follow at the same time. A single machine cannot take all places, and strangers together leave a quarter to APIs that show
//! their secret.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::listen::share::{self, Shares};

/// The places of a node.
pub(super) struct Places {
    most: usize,
    all: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    shares: Shares,
}

/// Who asks for one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Who {
    /// Somebody, from this address; absent if it says nothing, as that of a trusted proxy.
    Stranger(Option<IpAddr>),
    /// An API that has shown its secret.
    Api,
}

/// One of the places; free again when dropped.
pub(super) struct Place {
    _one: OwnedSemaphorePermit,
    _of_strangers: Option<OwnedSemaphorePermit>,
    _of_address: Option<share::Place>,
}

impl Places {
    pub(super) fn new(most: usize) -> Self {
        let semaphore = |most| Arc::new(Semaphore::new(most));
        Self { most, all: semaphore(most), strangers: semaphore(most - most / 4), shares: Shares::of(most) }
    }

    /// How many are taken.
    pub(super) fn taken(&self) -> usize {
        self.most.saturating_sub(self.all.available_permits())
    }

    /// A place, if there is one for them.
    pub(super) fn take(&self, who: Who) -> Option<Place> {
        let one = |of: &Arc<Semaphore>| Arc::clone(of).try_acquire_owned().ok();
        let (of_strangers, of_address) = match who {
            Who::Api => (None, None),
            Who::Stranger(None) => (Some(one(&self.strangers)?), None),
            Who::Stranger(Some(address)) => (Some(one(&self.strangers)?), Some(self.shares.take(address)?)),
        };
        Some(Place { _one: one(&self.all)?, _of_strangers: of_strangers, _of_address: of_address })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(address: &str) -> Who {
        Who::Stranger(Some(address.parse().unwrap()))
    }

    #[test]
    fn one_address_gets_its_share_and_strangers_leave_a_quarter_to_apis() {
        let places = Places::new(400);
        let mut taken: Vec<_> = (0..100).map(|_| places.take(from("192.0.2.1")).unwrap()).collect();
        assert!(places.take(from("192.0.2.1")).is_none());
        taken.extend((0..200).map(|_| places.take(Who::Stranger(None)).unwrap()));
        assert!(places.take(from("192.0.2.2")).is_none() && places.take(Who::Stranger(None)).is_none());
        taken.extend((0..100).map(|_| places.take(Who::Api).unwrap()));
        assert!(places.take(Who::Api).is_none(), "full");
        assert_eq!(places.taken(), 400);
        taken.remove(0);
        assert_eq!(places.taken(), 399);
        assert!(places.take(from("192.0.2.2")).is_some());
    }

    #[test]
    fn a_place_that_was_refused_takes_nothing() {
        let places = Places::new(1);
        let taken = places.take(Who::Api);
        assert!(places.take(from("192.0.2.1")).is_none());
        drop(taken);
        assert!(places.take(from("192.0.2.1")).is_some());
    }
}
