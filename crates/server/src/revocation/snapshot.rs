//! Everything that has to be remembered, as one signed file; made at most once at a time, and kept for the next who asks.

use std::time::Duration;

use bytes::Bytes;
use symbolon_revocation::{Position, SnapshotToSign, snapshot};

use super::{FeedError, entry, signing_key};
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
    /// The log and the number of the last entry in it.
    pub(crate) position: Position,
    iat: u64,
    made: Stopwatch,
    /// How long after that none is made anew.
    rest: Duration,
}

/// The snapshot of now, or of a moment ago.
pub(crate) async fn current(app: &App) -> Result<Cached, FeedError> {
    let mut kept = app.feed.snapshot.lock().await;
    let now = app.clock.now();
    let head = app.store.revocation_head().await?.seq;
    if let Some(kept) = &*kept {
        let fresh = kept.position.seq == head && now < kept.iat.saturating_add(RENEW_SECS) && now >= kept.iat;
        if fresh || kept.made.elapsed() < kept.rest {
            return Ok(kept.clone());
        }
    }
    let begun = Stopwatch::start();
    let (bytes, position) = make(app, head, now).await?;
    let rest = begun.elapsed().saturating_mul(REST).min(Duration::from_secs(RENEW_SECS));
    let fresh = Cached { bytes, position, iat: now, made: begun, rest };
    *kept = Some(fresh.clone());
    Ok(fresh)
}

async fn make(app: &App, head: u64, now: u64) -> Result<(Bytes, Position), FeedError> {
    let mut entries = Vec::new();
    let mut known = 0;
    loop {
        let rows = app.store.revocations(known, PAGE).await?;
        let Some(last) = rows.last() else { break };
        known = last.seq;
        // What came after `head` may be in it or not: the stream brings it again.
        entries.extend(rows.iter().map(entry).filter(|entry| entry.forget_at > now));
        if known >= head {
            break;
        }
    }
    let registry = app.registry();
    let (iss, epoch) = (app.issuer.as_str().to_owned(), app.feed.epoch.clone());
    let position = Position { epoch: epoch.clone(), seq: head };
    // Sorting millions of entries is not for a thread that answers requests.
    let encoded = tokio::task::spawn_blocking(move || {
        let head = SnapshotToSign { iss: &iss, iat: now, epoch: &epoch, seq: head };
        Ok::<_, FeedError>(snapshot::encode(signing_key(&registry)?, &head, entries)?)
    });
    let bytes = encoded.await.map_err(|_| FeedError::Stopped)??;
    Ok((Bytes::from(bytes), position))
}
