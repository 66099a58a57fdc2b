//! Cut off from the feed: what was chosen is done, and can be seen.

use std::time::Duration;

use axum::http::header::RETRY_AFTER;
use symbolon_guard::{FeedState, Guard, Revoked, WhenStale, testing::TestClock};
use tower::ServiceExt as _;

use super::{is_good, link::State, ready, revoked, until, until_revoked, world::World};
use crate::{app, bearer, send};

const LIMIT: Duration = Duration::from_secs(10);

/// A guard that has followed, has refused one token, knows another as good, and is cut off from `State` on.
async fn cut_off(world: &World, choice: WhenStale, state: State) -> (Guard, TestClock, [String; 2]) {
    let (guard, clock) = world.guard_when_stale(choice);
    let guard = ready(guard.max_staleness(LIMIT)).await;
    let (dead, good) = (world.token().await, world.token().await);
    assert!(is_good(&guard, &good).await && is_good(&guard, &dead).await);
    world.revoke(&dead).await;
    until_revoked(&guard, &dead).await;
    world.link.set(state);
    clock.advance(LIMIT);
    assert!(is_good(&guard, &good).await, "within the limit");
    assert_eq!(guard.status().revocation.state, FeedState::Fresh);
    (guard, clock, [dead, good])
}

#[tokio::test]
async fn by_default_good_tokens_are_accepted_and_the_alarm_is_there_to_be_seen() {
    let world = World::new().await;
    let (guard, clock, [dead, good]) = cut_off(&world, WhenStale::default(), State::Nothing).await;
    clock.advance(Duration::from_secs(1));
    assert!(is_good(&guard, &good).await);
    let first_seen = world.token().await;
    assert!(is_good(&guard, &first_seen).await);
    assert_eq!(revoked(&guard, &dead).await, Some(Revoked::Token), "what is known is refused in any case");
    let status = guard.status().revocation;
    assert_eq!((status.state, status.accepted_unchecked), (FeedState::Stale, 2));
    assert_eq!(status.staleness, Some(Duration::from_secs(11)));
    until("it says why", async || guard.status().revocation.last_error.is_some()).await;
}

#[tokio::test]
async fn told_to_refuse_it_answers_503_and_when_to_come_again() {
    let world = World::new().await;
    let (guard, clock, [dead, good]) = cut_off(&world, WhenStale::Refuse, State::Nothing).await;
    clock.advance(Duration::from_secs(1));
    let app = app(&guard);
    for token in [&good, &world.token().await] {
        let response = app.clone().oneshot(bearer("/me", token)).await.unwrap();
        assert_eq!((response.status().as_u16(), response.headers()[RETRY_AFTER].to_str().unwrap()), (503, "5"));
    }
    assert_eq!(send(&app, bearer("/me", &dead)).await.status, 401);
    let refusals = guard.status().refusals;
    assert!(refusals.contains(&("revocations_unavailable", 2)), "{refusals:?}");

    // The link heals: the server's time has passed like the guard's.
    world.clock.advance(11);
    world.link.set(State::All);
    // What the issuer repeats first is as old as before; something new is not.
    world.revoke(&world.token().await).await;
    until("good tokens count again", async || is_good(&guard, &good).await).await;
    assert_eq!(send(&app, bearer("/me", &dead)).await.status, 401, "refused once is refused for ever");
    assert_eq!(guard.status().revocation.state, FeedState::Fresh);
}

#[tokio::test]
async fn told_to_introspect_it_asks_the_issuer_and_remembers_for_five_seconds() {
    let world = World::new().await;
    let (guard, clock, [dead, good]) = cut_off(&world, WhenStale::Introspect, State::NoFeed).await;
    clock.advance(Duration::from_secs(1));
    let asked = || world.link.asked("/oauth/introspect");
    let meanwhile = world.token().await;
    for _ in 0..3 {
        assert!(is_good(&guard, &good).await && is_good(&guard, &meanwhile).await);
    }
    assert_eq!(asked(), 2, "once for each");
    assert_eq!(revoked(&guard, &dead).await, Some(Revoked::Token));
    world.revoke(&meanwhile).await;
    clock.advance(Duration::from_secs(5));
    assert_eq!(revoked(&guard, &meanwhile).await, Some(Revoked::Inactive));
    assert!(is_good(&guard, &good).await);
    assert_eq!(asked(), 4);
    for _ in 0..3 {
        assert!(revoked(&guard, &meanwhile).await.is_some(), "it stays refused");
    }
    assert_eq!(asked(), 4, "and nobody asks again");

    world.link.set(State::Nothing);
    clock.advance(Duration::from_secs(5));
    assert_eq!(guard.verify(&good).await.unwrap_err().status(), 503, "no answer is no yes");
    assert!(revoked(&guard, &meanwhile).await.is_some());
}

#[tokio::test]
async fn introspection_without_credentials_is_a_refusal() {
    let world = World::new().await;
    let (guard, clock) = world.guard();
    let guard = ready(guard.when_stale(WhenStale::Introspect)).await;
    let token = world.token().await;
    assert!(is_good(&guard, &token).await);
    world.link.set(State::Nothing);
    clock.advance(Duration::from_secs(31));
    assert_eq!(guard.verify(&token).await.unwrap_err().status(), 503);
}

#[tokio::test]
async fn before_the_first_snapshot_the_same_choice_holds() {
    let world = World::new().await;
    world.link.set(State::NoFeed);
    let token = world.token().await;
    for (choice, status) in [(WhenStale::Accept, None), (WhenStale::Introspect, None), (WhenStale::Refuse, Some(503))] {
        let (guard, _) = world.guard_when_stale(choice);
        let verdict = guard.verify(&token).await.err().map(|rejection| rejection.status().as_u16());
        assert_eq!(verdict, status, "{choice:?}");
        assert_eq!(guard.status().revocation.state, FeedState::Waiting);
        assert!(!guard.ready(Duration::from_millis(50)).await, "it says that it is not ready");
        if choice == WhenStale::Refuse {
            world.link.set(State::All);
            let guard = ready(guard).await;
            assert!(is_good(&guard, &token).await);
        }
    }
}

#[tokio::test]
async fn a_cut_of_hours_is_one_like_any_other() {
    let world = World::new().await;
    let (guard, clock, [dead, good]) = cut_off(&world, WhenStale::Refuse, State::NoFeed).await;
    clock.advance(Duration::from_hours(2));
    world.clock.advance(7200);
    let later = world.token().await;
    assert_eq!(guard.verify(&later).await.unwrap_err().status(), 503);
    for token in [&dead, &good] {
        assert!(guard.verify(token).await.is_err(), "expired by now");
    }
}
