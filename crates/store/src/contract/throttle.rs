//! The throttle: atomic counting, growing delay, no lock-out (security 124 and 125). For a store, and for whatever counts in its stead.

use super::world::{NOW, World};
use crate::record::{Attempt, ThrottleKey};

/// What counts attempts.
pub(crate) trait Counts: Clone + Send + Sync + 'static {
    fn begin_attempt(&self, keys: Vec<ThrottleKey>, now: u64) -> impl Future<Output = Attempt> + Send;
    fn forgive(&self, forget: Vec<String>, give_back: Vec<String>) -> impl Future<Output = ()> + Send;
}

impl Counts for World {
    async fn begin_attempt(&self, keys: Vec<ThrottleKey>, now: u64) -> Attempt {
        (**self).begin_attempt(keys, now).await.unwrap()
    }

    async fn forgive(&self, forget: Vec<String>, give_back: Vec<String>) {
        (**self).forgive(forget, give_back).await.unwrap();
    }
}

const WINDOW: u64 = 900;

fn key(name: &str) -> ThrottleKey {
    ThrottleKey { key: name.into(), free: 3, base_delay_secs: 2, max_delay_secs: 60, window_secs: WINDOW }
}

async fn attempt(counts: &impl Counts, now: u64) -> Attempt {
    counts.begin_attempt(vec![key("account:ann")], now).await
}

pub(crate) async fn the_delay_grows(counts: impl Counts) {
    for _ in 0..3 {
        assert_eq!(attempt(&counts, NOW).await, Attempt::Allowed);
    }
    let mut now = NOW;
    for delay in [2, 4, 8, 16, 32, 60, 60] {
        assert_eq!(attempt(&counts, now).await, Attempt::Wait { secs: delay });
        assert_eq!(attempt(&counts, now + delay - 1).await, Attempt::Wait { secs: 1 });
        now += delay;
        assert_eq!(attempt(&counts, now).await, Attempt::Allowed);
    }
}

pub(crate) async fn of_parallel_attempts_only_the_free_ones_pass(counts: impl Counts) {
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let counts = counts.clone();
            tokio::spawn(async move { attempt(&counts, NOW).await })
        })
        .collect();
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await.unwrap());
    }
    assert_eq!(answers.iter().filter(|answer| **answer == Attempt::Allowed).count(), 3);
    assert!(answers.iter().all(|answer| matches!(answer, Attempt::Allowed | Attempt::Wait { secs: 2 })));
}

pub(crate) async fn a_refused_attempt_is_not_counted_anywhere(counts: impl Counts) {
    for _ in 0..3 {
        attempt(&counts, NOW).await;
    }
    let both = || vec![key("address:192.0.2.1"), key("account:ann")];
    for _ in 0..20 {
        assert_eq!(counts.begin_attempt(both(), NOW).await, Attempt::Wait { secs: 2 });
    }
    assert_eq!(attempt(&counts, NOW + 2).await, Attempt::Allowed, "hammering prolongs nothing");
    for _ in 0..3 {
        let address = counts.begin_attempt(vec![key("address:192.0.2.1")], NOW).await;
        assert_eq!(address, Attempt::Allowed, "the other key was not charged");
    }
}

pub(crate) async fn a_quiet_window_forgets(counts: impl Counts) {
    for _ in 0..3 {
        attempt(&counts, NOW).await;
    }
    assert_eq!(attempt(&counts, NOW + WINDOW - 1).await, Attempt::Allowed);
    assert_eq!(attempt(&counts, NOW + WINDOW - 1).await, Attempt::Wait { secs: 4 }, "not quiet for long enough");
    let quiet = NOW + 2 * WINDOW - 1;
    for _ in 0..3 {
        assert_eq!(attempt(&counts, quiet).await, Attempt::Allowed);
    }
    assert_eq!(attempt(&counts, quiet).await, Attempt::Wait { secs: 2 });
}

pub(crate) async fn forgiveness_forgets_the_named_keys_only(counts: impl Counts) {
    for _ in 0..3 {
        counts.begin_attempt(vec![key("account:ann"), key("account:bob")], NOW).await;
    }
    counts.forgive(vec!["account:ann".into(), "account:nobody".into()], vec![]).await;
    assert_eq!(attempt(&counts, NOW).await, Attempt::Allowed);
    assert_eq!(counts.begin_attempt(vec![key("account:bob")], NOW).await, Attempt::Wait { secs: 2 });
}

pub(crate) async fn an_attempt_given_back_is_one_attempt(counts: impl Counts) {
    let bob = || counts.begin_attempt(vec![key("account:bob")], NOW);
    for _ in 0..3 {
        assert_eq!(bob().await, Attempt::Allowed);
    }
    counts.forgive(vec![], vec!["account:bob".into(), "account:nobody".into()]).await;
    assert_eq!(bob().await, Attempt::Allowed);
    assert_eq!(bob().await, Attempt::Wait { secs: 2 });
    for _ in 0..9 {
        counts.forgive(vec![], vec!["account:bob".into()]).await;
    }
    for _ in 0..3 {
        assert_eq!(bob().await, Attempt::Allowed, "never below none");
    }
    assert_eq!(bob().await, Attempt::Wait { secs: 2 });
}

pub(crate) async fn the_clock_going_back_locks_nobody_out(counts: impl Counts) {
    for _ in 0..3 {
        attempt(&counts, NOW + 1_000_000).await;
    }
    assert_eq!(attempt(&counts, NOW).await, Attempt::Wait { secs: 2 }, "the delay, not the jump");
    assert_eq!(attempt(&counts, NOW + 2).await, Attempt::Allowed);
}
