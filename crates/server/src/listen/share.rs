//! How many of the listener's connections, or of the feed's places, one address may hold, so that a single machine cannot take them all
//! (security requirement 158).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Below this a share is not worth counting: a household behind one address must get in.
const LEAST: usize = 64;

/// What is held now, by address. An IPv6 host has a /64 to itself, so that counts as one address.
#[derive(Clone, Debug)]
pub(crate) struct Shares {
    most: usize,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One place in the share of an address; dropping it gives the place back.
#[derive(Debug)]
pub(crate) struct Place {
    shares: Shares,
    address: IpAddr,
}

impl Shares {
    /// A quarter of `places` each, but not too few.
    pub(crate) fn of(places: usize) -> Self {
        Self { most: (places / 4).max(LEAST), open: Arc::default() }
    }

    /// A place for `address`, unless its share is used up.
    pub(crate) fn take(&self, address: IpAddr) -> Option<Place> {
        let address = network(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        drop(open);
        Some(Place { shares: self.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.shares.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut count) = open.entry(self.address) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_gets_its_share_and_no_more_and_others_get_theirs() {
        let shares = Shares::of(400);
        let mut places: Vec<_> = (0..100).map(|_| shares.take(address("192.0.2.1")).unwrap()).collect();
        assert!(shares.take(address("192.0.2.1")).is_none());
        assert!(shares.take(address("::ffff:192.0.2.1")).is_none(), "the same address");
        assert!(shares.take(address("192.0.2.2")).is_some());
        places.pop();
        assert!(shares.take(address("192.0.2.1")).is_some());
        places.clear();
        assert!(shares.open.lock().unwrap().is_empty(), "nothing is remembered of who left");
    }

    #[test]
    fn a_host_cannot_multiply_itself_within_its_ipv6_network() {
        let shares = Shares::of(0);
        let _places: Vec<_> =
            (0..LEAST).map(|host| shares.take(address(&format!("2001:db8::{host:x}"))).unwrap()).collect();
        assert!(shares.take(address("2001:db8::ffff:ffff:ffff:ffff")).is_none());
        assert!(shares.take(address("2001:db8:0:1::1")).is_some());
    }
}
