//! What was revoked is refused within a moment, and nothing else is.

use std::time::Duration;

use symbolon_guard::{FeedState, Revocation, Revoked, testing::AUDIENCE};
use symbolon_server::config::FeedAccess;
use symbolon_store::RevocationKind;

use super::{is_good, link::State, ready, revoked, until, until_revoked, world::World};
use crate::{app, at_once, bearer, send};

/// What a revocation may take from the answer of the issuer to the refusal of the guard. Far above what it does take.
const BOUND: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_token_revoked_over_http_is_refused_at_once_also_if_it_was_seen_before() {
    let world = World::new().await;
    let guard = ready(world.guard().0).await;
    let (token, other) = (world.token().await, world.token().await);
    let app = app(&guard);
    for token in [&token, &token, &other, &other] {
        assert_eq!(send(&app, bearer("/me", token)).await.body, "machine");
    }
    world.revoke(&token).await;
    let refused = until("the API refuses it", async || send(&app, bearer("/me", &token)).await.status == 401);
    tokio::time::timeout(BOUND, refused).await.expect("within the bound");
    let refused = send(&app, bearer("/me", &token)).await;
    assert!(refused.challenge.unwrap().contains(r#"error="invalid_token""#));
    assert_eq!(refused.body, r#"{"error":"unauthorized"}"#, "the caller learns no reason");
    assert_eq!(revoked(&guard, &token).await, Some(Revoked::Token));
    assert_eq!(send(&app, bearer("/me", &other)).await.status, 200);

    let status = guard.status();
    assert_eq!((status.revocation.state, status.revocation.entries, status.revocation.lag), (FeedState::Fresh, 1, 0));
    assert_eq!((status.revocation.staleness, status.revocation.last_error), (Some(Duration::ZERO), None));
    assert!(status.refusals.iter().any(|(reason, count)| *reason == "revoked" && *count >= 3));
}

#[tokio::test]
async fn a_token_that_was_revoked_before_the_guard_began_is_refused_at_first_sight_and_not_kept() {
    let world = World::new().await;
    let token = world.token().await;
    world.revoke(&token).await;
    let guard = ready(world.guard().0).await;
    assert_eq!(revoked(&guard, &token).await, Some(Revoked::Token));
    assert_eq!(guard.status().cache.entries, 0);
}

#[tokio::test]
async fn a_token_seen_again_costs_no_allocation_also_after_news() {
    let world = World::new().await;
    let guard = ready(world.guard().0).await;
    let (token, other) = (world.token().await, world.token().await);
    assert!(is_good(&guard, &token).await);
    let good = || at_once(guard.verify(&token)).is_some_and(|verified| verified.is_ok());
    let allocations = allocation_counter::measure(|| assert!(good()));
    assert_eq!(allocations.count_total, 0);
    world.revoke(&other).await;
    until_revoked(&guard, &other).await;
    let allocations = allocation_counter::measure(|| assert!(good()));
    assert_eq!(allocations.count_total, 0, "looked up anew, because the set has changed");
}

#[tokio::test]
async fn rules_refuse_what_was_issued_until_then_and_nothing_later() {
    let world = World::new().await;
    let (guard, clock) = world.guard();
    let guard = ready(guard).await;
    for (kind, id, why) in [
        (RevocationKind::Client, "machine", Revoked::Client),
        (RevocationKind::Api, AUDIENCE, Revoked::Api),
        (RevocationKind::All, "", Revoked::All),
    ] {
        let token = world.token().await;
        assert!(is_good(&guard, &token).await);
        world.log(kind, [id.to_owned()]).await;
        until_revoked(&guard, &token).await;
        assert_eq!(revoked(&guard, &token).await, Some(why));
        world.clock.advance(1);
        clock.advance(Duration::from_secs(1));
        assert!(is_good(&guard, &world.token().await).await, "{kind:?}");
    }
}

#[tokio::test]
async fn after_a_cut_it_goes_on_by_number_and_misses_nothing() {
    let world = World::new().await;
    let guard = ready(world.guard().0).await;
    let tokens = [world.token().await, world.token().await, world.token().await];
    let kept = world.token().await;
    for token in tokens.iter().chain([&kept]) {
        assert!(is_good(&guard, token).await);
    }
    world.link.set(State::Nothing);
    for token in &tokens {
        world.revoke(token).await;
        assert!(is_good(&guard, token).await, "nobody can know");
    }
    world.link.set(State::All);
    for token in &tokens {
        until_revoked(&guard, token).await;
    }
    assert!(is_good(&guard, &kept).await);
    assert_eq!(world.link.asked("/revocations/snapshot"), 1, "the first one");
    assert!(world.link.asked("/revocations/stream") > 1);
}

#[tokio::test]
async fn after_a_restart_of_the_issuer_it_goes_on_by_number() {
    let mut world = World::new().await;
    let guard = ready(world.guard().0).await;
    let (first, second) = (world.token().await, world.token().await);
    world.revoke(&first).await;
    until_revoked(&guard, &first).await;
    world.stop().await;
    world.start().await;
    world.revoke(&second).await;
    until_revoked(&guard, &second).await;
    assert!(revoked(&guard, &first).await.is_some());
    assert_eq!(world.link.asked("/revocations/snapshot"), 1);
}

#[tokio::test]
async fn away_for_too_long_it_takes_a_snapshot_and_forgets_nothing_for_it() {
    let mut world = World::new().await;
    let guard = ready(world.guard().0).await;
    let (before, meanwhile, kept) = (world.token().await, world.token().await, world.token().await);
    world.revoke(&before).await;
    until_revoked(&guard, &before).await;
    world.link.set(State::Nothing);
    world.revoke(&meanwhile).await;
    // More than the issuer tells one by one.
    for thousand in 0..20 {
        world.log(RevocationKind::Jti, (0..1000).map(|one| format!("{thousand}-{one}"))).await;
    }
    world.stop().await;
    world.start().await;
    world.link.set(State::All);
    until_revoked(&guard, &meanwhile).await;
    assert!(revoked(&guard, &before).await.is_some());
    assert!(is_good(&guard, &kept).await);
    assert_eq!(world.link.asked("/revocations/snapshot"), 2);
    until("it follows", async || guard.status().revocation.entries == 20_002).await;
}

#[tokio::test]
async fn an_issuer_without_a_feed_is_followed_by_nobody() {
    let world = World::with(FeedAccess::Off).await;
    let guard = ready(world.guard().0).await;
    assert!(is_good(&guard, &world.token().await).await);
    assert_eq!((guard.status().revocation.state, world.link.asked("/revocations")), (FeedState::Off, 0));

    let required = world.guard_when_stale(symbolon_guard::WhenStale::Refuse).0.revocation(Revocation::Required);
    assert_eq!(required.verify(&world.token().await).await.unwrap_err().status(), 503);
    until("it says why", async || {
        required.status().revocation.last_error.is_some_and(|why| why.contains("advertises no revocation feed"))
    })
    .await;
}

#[tokio::test]
async fn a_guard_told_not_to_follow_accepts_what_was_revoked() {
    let world = World::new().await;
    let guard = ready(world.guard().0.revocation(Revocation::Off)).await;
    let token = world.token().await;
    world.revoke(&token).await;
    assert!(is_good(&guard, &token).await);
    assert_eq!((guard.status().revocation.state, world.link.asked("/revocations")), (FeedState::Off, 0));
}

#[tokio::test]
async fn with_given_keys_a_feed_is_followed_where_it_is_required() {
    let world = World::new().await;
    let keys = symbolon_guard::Keys::fetch_once(&world.issuer).await.unwrap();
    let (auto, _) = world.guard();
    let auto = ready(auto.keys(symbolon_guard::Keys::fixed(keys.clone()))).await;
    assert_eq!(auto.status().revocation.state, FeedState::Off, "nothing is looked for");
    let (required, _) = world.guard();
    let required = ready(required.keys(symbolon_guard::Keys::fixed(keys)).revocation(Revocation::Required)).await;
    let token = world.token().await;
    assert!(is_good(&required, &token).await);
    world.revoke(&token).await;
    until_revoked(&required, &token).await;
}

#[tokio::test]
async fn a_guard_that_is_gone_follows_no_longer() {
    let world = World::new().await;
    let guard = ready(world.guard().0).await;
    let clone = guard.clone();
    drop(guard);
    let token = world.token().await;
    world.revoke(&token).await;
    until_revoked(&clone, &token).await;
    drop(clone);
    world.link.set(State::Nothing);
    world.link.set(State::All);
    let another = ready(world.guard().0).await;
    assert!(revoked(&another, &token).await.is_some());
    until("the new one follows", async || world.link.asked("/revocations/stream") >= 2).await;
    assert_eq!((world.link.asked("/revocations/snapshot"), world.link.asked("/revocations/stream")), (2, 2));
}
