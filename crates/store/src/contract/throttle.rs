//! The throttle: atomic counting, growing delay, no lock-out (security 124 and 125).

use super::world::{NOW, World};
use crate::record::{Attempt, ThrottleKey};

const WINDOW: u64 = 900;

fn key(name: &str) -> ThrottleKey {
    ThrottleKey { key: name.into(), free: 3, base_delay_secs: 2, max_delay_secs: 60, window_secs: WINDOW }
}

async fn attempt(world: &World, now: u64) -> Attempt {
    world.begin_attempt(vec![key("account:ann")], now).await.unwrap()
}

pub(crate) async fn the_delay_grows(world: World) {
    for _ in 0..3 {
        assert_eq!(attempt(&world, NOW).await, Attempt::Allowed);
    }
    let mut now = NOW;
    for delay in [2, 4, 8, 16, 32, 60, 60] {
        assert_eq!(attempt(&world, now).await, Attempt::Wait { secs: delay });
        assert_eq!(attempt(&world, now + delay - 1).await, Attempt::Wait { secs: 1 });
        now += delay;
        assert_eq!(attempt(&world, now).await, Attempt::Allowed);
    }
}

pub(crate) async fn of_parallel_attempts_only_the_free_ones_pass(world: World) {
    let answers = world.at_once(50, |world, _| async move { attempt(&world, NOW).await }).await;
    assert_eq!(answers.iter().filter(|answer| **answer == Attempt::Allowed).count(), 3);
    assert!(answers.iter().all(|answer| matches!(answer, Attempt::Allowed | Attempt::Wait { secs: 2 })));
}

pub(crate) async fn a_refused_attempt_is_not_counted_anywhere(world: World) {
    for _ in 0..3 {
        attempt(&world, NOW).await;
    }
    let both = || vec![key("address:192.0.2.1"), key("account:ann")];
    for _ in 0..20 {
        assert_eq!(world.begin_attempt(both(), NOW).await, Ok(Attempt::Wait { secs: 2 }));
    }
    assert_eq!(attempt(&world, NOW + 2).await, Attempt::Allowed, "hammering prolongs nothing");
    for _ in 0..3 {
        let address = world.begin_attempt(vec![key("address:192.0.2.1")], NOW).await;
        assert_eq!(address, Ok(Attempt::Allowed), "the other key was not charged");
    }
}

pub(crate) async fn a_quiet_window_forgets(world: World) {
    for _ in 0..3 {
        attempt(&world, NOW).await;
    }
    assert_eq!(attempt(&world, NOW + WINDOW - 1).await, Attempt::Allowed);
    assert_eq!(attempt(&world, NOW + WINDOW - 1).await, Attempt::Wait { secs: 4 }, "not quiet for long enough");
    let quiet = NOW + 2 * WINDOW - 1;
    for _ in 0..3 {
        assert_eq!(attempt(&world, quiet).await, Attempt::Allowed);
    }
    assert_eq!(attempt(&world, quiet).await, Attempt::Wait { secs: 2 });
}

pub(crate) async fn forgiveness_forgets_the_named_keys_only(world: World) {
    for _ in 0..3 {
        world.begin_attempt(vec![key("account:ann"), key("account:bob")], NOW).await.unwrap();
    }
    world.forgive(vec!["account:ann".into(), "account:nobody".into()], vec![]).await.unwrap();
    assert_eq!(attempt(&world, NOW).await, Attempt::Allowed);
    assert_eq!(world.begin_attempt(vec![key("account:bob")], NOW).await, Ok(Attempt::Wait { secs: 2 }));
}

pub(crate) async fn an_attempt_given_back_is_one_attempt(world: World) {
    let bob = || world.begin_attempt(vec![key("account:bob")], NOW);
    for _ in 0..3 {
        assert_eq!(bob().await, Ok(Attempt::Allowed));
    }
    world.forgive(vec![], vec!["account:bob".into(), "account:nobody".into()]).await.unwrap();
    assert_eq!(bob().await, Ok(Attempt::Allowed));
    assert_eq!(bob().await, Ok(Attempt::Wait { secs: 2 }));
    for _ in 0..9 {
        world.forgive(vec![], vec!["account:bob".into()]).await.unwrap();
    }
    for _ in 0..3 {
        assert_eq!(bob().await, Ok(Attempt::Allowed), "never below none");
    }
    assert_eq!(bob().await, Ok(Attempt::Wait { secs: 2 }));
}

pub(crate) async fn the_clock_going_back_locks_nobody_out(world: World) {
    for _ in 0..3 {
        attempt(&world, NOW + 1_000_000).await;
    }
    assert_eq!(attempt(&world, NOW).await, Attempt::Wait { secs: 2 }, "the delay, not the jump");
    assert_eq!(attempt(&world, NOW + 2).await, Attempt::Allowed);
}
