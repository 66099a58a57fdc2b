//! What the line of a request tells beside what its answer says: for whom it was, how often it asked the store, how long it waited.
//!
//! It lies beside the task that answers the request, so that nothing has to carry it through every call; outside of a request all
//! of this does nothing. It holds ids of ours only: never a name, an address or a secret.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

tokio::task_local! {
    static FACTS: Arc<Facts>;
}

/// What came together while a request was answered.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    calls: AtomicU32,
    micros: AtomicU64,
    subject: OnceLock<String>,
}

impl Facts {
    /// Operations of the store.
    pub(crate) fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Time spent waiting for them, in milliseconds; more than the request took where they ran side by side.
    pub(crate) fn store_ms(&self) -> u64 {
        self.micros.load(Ordering::Relaxed) / 1_000
    }

    /// The user it was about, by `sub`.
    pub(crate) fn subject(&self) -> Option<&str> {
        self.subject.get().map(String::as_str)
    }
}

/// Answers a request with `facts` at hand.
pub(crate) async fn within<T>(facts: Arc<Facts>, request: impl Future<Output = T>) -> T {
    FACTS.scope(facts, request).await
}

/// The store was asked once more.
pub(crate) fn asked_the_store(took: Duration) {
    // An error means that this is background work.
    let _ = FACTS.try_with(|facts| {
        facts.calls.fetch_add(1, Ordering::Relaxed);
        facts.micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    });
}

/// The request is about this user; the first one named counts.
pub(crate) fn about(sub: &str) {
    let _ = FACTS.try_with(|facts| {
        // An error means that somebody is noted already.
        let _ = facts.subject.set(sub.to_owned());
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_noted_within_a_request_is_its_own_and_outside_it_is_nobodys() {
        about("usr_nobody");
        asked_the_store(Duration::from_secs(1));
        let (one, other) = (Arc::<Facts>::default(), Arc::<Facts>::default());
        within(Arc::clone(&one), async {
            asked_the_store(Duration::from_millis(2));
            asked_the_store(Duration::from_millis(3));
            about("usr_ada");
            about("usr_bob");
        })
        .await;
        within(Arc::clone(&other), async {}).await;
        assert_eq!((one.calls(), one.store_ms(), one.subject()), (2, 5, Some("usr_ada")));
        assert_eq!((other.calls(), other.store_ms(), other.subject()), (0, 0, None));
    }
}
