//! Everything that has to be remembered, as one signed file; made at most once at a time, and kept for the next who asks.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use symbolon_jose::{base64url, sha256};
use symbolon_revocation::{SnapshotToSign, snapshot};

use super::follow::MAX_CATCH_UP;
use super::{FeedError, entry, let_go_of_revoked_key, signing_key};
use crate::app::App;
use crate::clock::Stopwatch;

/// A kept snapshot whose number is still the newest is signed anew when it is this old, in seconds.
const RENEW_SECS: u64 = 60;
/// Making them takes at most this part of the time: one in ten.
const REST: u32 = 10;
/// Rows read from the store at once.
const PAGE: u32 = 10_000;

/// A snapshot and what it is good for.
#[derive(Clone)]
pub(crate) struct Cached {
    /// The file.
    pub(crate) bytes: Bytes,
    /// An ETag without quotes: another one for other bytes.
    pub(crate) tag: String,
    seq: u64,
    kid: Option<String>,
    iat: u64,
    made: Stopwatch,
    /// How long after that none is made anew.
    rest: Duration,
}

/// The snapshot of now, or of a moment ago.
pub(crate) async fn current(app: &Arc<App>) -> Result<Cached, FeedError> {
    // In a task of its own: who asks and goes away neither stops it nor makes the next one begin anew.
    let app = Arc::clone(app);
    tokio::spawn(async move { kept_or_made(&app).await }).await.map_err(|_| FeedError::Stopped)?
}

async fn kept_or_made(app: &App) -> Result<Cached, FeedError> {
    let mut kept = app.feed.snapshot.lock().await;
    let now = app.clock.now();
    let head = app.store.revocation_head().await?.seq;
    if let Some(kept) = &*kept {
        let same_key = kept.kid.as_deref() == signing_key(&app.registry())?.kid();
        let fresh = kept.seq == head && now < kept.iat.saturating_add(RENEW_SECS) && now >= kept.iat;
        // Who takes it must be able to go on from it.
        let is_near = head.saturating_sub(kept.seq) <= MAX_CATCH_UP;
        if same_key && (fresh || is_near && kept.made.elapsed() < kept.rest) {
            return Ok(kept.clone());
        }
    }
    let begun = Stopwatch::start();
    let mut fresh = make(app, head, now, begun).await?;
    fresh.rest = begun.elapsed().saturating_mul(REST).min(Duration::from_secs(RENEW_SECS));
    *kept = Some(fresh.clone());
    Ok(fresh)
}

async fn make(app: &App, head: u64, now: u64, begun: Stopwatch) -> Result<Cached, FeedError> {
    let mut entries = Vec::new();
    let mut known = 0;
    loop {
        let rows = app.store.revocations(known, PAGE).await?;
        let Some(last) = rows.last() else { break };
        known = last.seq;
        let_go_of_revoked_key(app, &rows).await?;
        // What came after `head` may be in it or not: the stream brings it again.
        entries.extend(rows.iter().map(entry).filter(|entry| entry.forget_at > now));
        if known >= head {
            break;
        }
    }
    let registry = app.registry();
    let kid = signing_key(&registry)?.kid().map(str::to_owned);
    let (iss, epoch, iat) = (app.issuer.as_str().to_owned(), app.feed.epoch.clone(), app.feed.iat(now));
    // Sorting millions of entries is not for a thread that answers requests.
    let encoded = tokio::task::spawn_blocking(move || {
        let head = SnapshotToSign { iss: &iss, iat, epoch: &epoch, seq: head };
        let bytes = snapshot::encode(signing_key(&registry)?, &head, entries)?;
        let tag = tag(&bytes);
        Ok::<_, FeedError>((Bytes::from(bytes), tag))
    });
    let (bytes, tag) = encoded.await.map_err(|_| FeedError::Stopped)??;
    Ok(Cached { bytes, tag, seq: head, kid, iat: now, made: begun, rest: Duration::ZERO })
}

/// The first 16 bytes of the digest, which is plenty to tell two snapshots apart.
fn tag(bytes: &[u8]) -> String {
    base64url::encode(&sha256(bytes)[..16])
}
