//! Revocation as an API meets it: a real server, a real guard, and between them a link that can be cut.

mod closed;
mod hostile;
mod link;
mod live;
mod restored;
mod rotation;
mod scripted;
mod sockets;
mod stale;
mod world;

use std::time::Duration;

use symbolon_guard::{Guard, InvalidToken, Rejection, Revoked};

/// Longer than anything here takes, so that a test fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until something holds. Nothing here takes long, so nobody sleeps.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("it never came to this: {what}"));
}

/// Why the guard calls a token revoked, if it does.
async fn revoked(guard: &Guard, token: &str) -> Option<Revoked> {
    match guard.verify(token).await {
        Err(Rejection::InvalidToken(InvalidToken::Revoked(why))) => Some(why),
        _ => None,
    }
}

async fn until_revoked(guard: &Guard, token: &str) {
    until("the token is refused as revoked", async || revoked(guard, token).await.is_some()).await;
}

async fn is_good(guard: &Guard, token: &str) -> bool {
    guard.verify(token).await.is_ok()
}

async fn ready(guard: Guard) -> Guard {
    assert!(guard.ready(PATIENCE).await, "{:?}", guard.status().revocation);
    guard
}
