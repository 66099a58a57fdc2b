//! The issuer's data is lost and its last backup put in the place of it, at the same address: the feed has a new epoch, so the guard starts over
//! with a snapshot. It refuses what the restored issuer revokes, and goes on refusing what it had heard of before.

use std::time::Duration;

use symbolon_guard::{FeedState, Revoked};
use symbolon_server::backup::SignInsAfter;

use super::{is_good, ready, revoked, until, until_revoked, world::World};

/// Tokens by what happened to them before and after the backup.
struct Tokens {
    revoked_before: String,
    kept: String,
    revoked_after: String,
}

impl Tokens {
    /// All but one are revoked, and both guards know.
    async fn of(world: &World, guard: &symbolon_guard::Guard) -> (Self, std::path::PathBuf) {
        let tokens =
            Self { revoked_before: world.token().await, kept: world.token().await, revoked_after: world.token().await };
        for token in [&tokens.revoked_before, &tokens.kept, &tokens.revoked_after] {
            assert!(is_good(guard, token).await);
        }
        world.revoke(&tokens.revoked_before).await;
        let backup = world.back_up().await;
        world.revoke(&tokens.revoked_after).await;
        until_revoked(guard, &tokens.revoked_before).await;
        until_revoked(guard, &tokens.revoked_after).await;
        assert!(is_good(guard, &tokens.kept).await);
        (tokens, backup)
    }
}

#[tokio::test]
async fn after_a_restore_it_takes_a_new_snapshot_and_refuses_every_token_of_before() {
    let mut world = World::new().await;
    let (guard, clock) = world.guard();
    let guard = ready(guard).await;
    let (tokens, backup) = Tokens::of(&world, &guard).await;
    let epoch = world.epoch().await;

    world.stop().await;
    world.restore(&backup, SignInsAfter::End).await;
    world.start().await;
    assert_ne!(world.epoch().await, epoch);
    until("the rule of the restored issuer is heard", async || {
        revoked(&guard, &tokens.kept).await == Some(Revoked::All)
    })
    .await;
    assert_eq!(world.link.asked("/revocations/snapshot"), 2, "it started over");
    for token in [&tokens.revoked_before, &tokens.revoked_after] {
        assert!(revoked(&guard, token).await.is_some());
    }
    let other = ready(world.guard().0).await;
    for token in [&tokens.revoked_before, &tokens.kept, &tokens.revoked_after] {
        assert!(revoked(&other, token).await.is_some(), "also by a guard that knew nothing");
    }

    // And it goes on from there, by number.
    world.clock.advance(1);
    clock.advance(Duration::from_secs(1));
    let (fresh, another) = (world.token().await, world.token().await);
    assert!(is_good(&guard, &fresh).await);
    world.revoke(&fresh).await;
    until_revoked(&guard, &fresh).await;
    assert!(is_good(&guard, &another).await);
    assert_eq!(world.link.asked("/revocations/snapshot"), 3, "the one of the other guard");
    assert_eq!(guard.status().revocation.state, FeedState::Fresh);
}

/// A restored issuer that kept everybody signed in has forgotten what was revoked after the backup. Whoever had heard of it has not.
#[tokio::test]
async fn what_only_the_guard_still_knows_to_be_revoked_stays_refused() {
    let mut world = World::new().await;
    let guard = ready(world.guard().0).await;
    let (tokens, backup) = Tokens::of(&world, &guard).await;

    world.stop().await;
    world.restore(&backup, SignInsAfter::Keep).await;
    world.start().await;
    until("it started over", async || world.link.asked("/revocations/snapshot") == 2).await;
    let later = world.token().await;
    world.revoke(&later).await;
    until_revoked(&guard, &later).await;
    for token in [&tokens.revoked_before, &tokens.revoked_after] {
        assert_eq!(revoked(&guard, token).await, Some(Revoked::Token));
    }
    assert!(is_good(&guard, &tokens.kept).await);
    let other = ready(world.guard().0).await;
    assert!(is_good(&other, &tokens.revoked_after).await, "documented: the issuer does not know it any more");
    assert_eq!(revoked(&other, &tokens.revoked_before).await, Some(Revoked::Token));
}
