//! A feed that is for the issuer's APIs only.

use symbolon_guard::{FeedState, WhenStale, testing::AUDIENCE};
use symbolon_server::config::FeedAccess;

use super::{
    is_good, ready, until, until_revoked,
    world::{SECRET, World},
};

#[tokio::test]
async fn with_its_own_secret_an_api_follows() {
    let world = World::with(FeedAccess::Authenticated).await;
    let guard = ready(world.guard().0.credentials(AUDIENCE, SECRET)).await;
    let token = world.token().await;
    assert!(is_good(&guard, &token).await);
    world.revoke(&token).await;
    until_revoked(&guard, &token).await;
}

#[tokio::test]
async fn without_or_with_another_secret_it_says_so_and_does_what_was_chosen() {
    let world = World::with(FeedAccess::Authenticated).await;
    let token = world.token().await;
    let nobody = world.guard().0.when_stale(WhenStale::Refuse);
    let wrong = world.guard().0.when_stale(WhenStale::Refuse).credentials(AUDIENCE, "not-the-secret");
    for guard in [nobody, wrong] {
        assert_eq!(guard.verify(&token).await.unwrap_err().status(), 503);
        until("it says why", async || {
            guard.status().revocation.last_error.is_some_and(|why| why.contains("the feed is closed"))
        })
        .await;
        let shown = format!("{guard:?} {:?}", guard.status());
        assert!(!shown.contains("not-the-secret"));
        assert_eq!(guard.status().revocation.state, FeedState::Waiting);
    }
}
