//! The one task of a node that publishes: after each commit what is new, and otherwise, every heartbeat, that nothing is.
//!
//! What it says about the head it has just read from the store. While the store does not answer nothing is said, and followers
//! notice by the silence.

use std::sync::Arc;
use std::time::Duration;

use symbolon_revocation::Entry;
use symbolon_store::Revocation;

use super::{EVENT_ENTRIES, FeedError, Span, entry, let_go_of_revoked_key, sign};
use crate::app::App;

/// The pause after a failure.
const RETRY: Duration = Duration::from_millis(250);

/// Publishes until the process stops.
pub(crate) async fn run(app: Arc<App>) {
    let heartbeat = Duration::from_secs(app.config().revocation.heartbeat_secs);
    let mut notices = app.store.watch_revocations();
    let mut known = None;
    loop {
        notices.mark_unchanged();
        match publish(&app, known).await {
            Ok(seq) => known = Some(seq),
            Err(error) => {
                tracing::warn!(%error, "revocations could not be published; until they are, followers hear nothing");
                tokio::time::sleep(RETRY).await;
                continue;
            }
        }
        match tokio::time::timeout(heartbeat, notices.changed()).await {
            Ok(Ok(())) | Err(_) => {}
            // No more notices: by the heartbeat alone.
            Ok(Err(_)) => tokio::time::sleep(heartbeat).await,
        }
    }
}

/// Publishes what came after `known`, or that nothing did; returns the head.
async fn publish(app: &App, known: Option<u64>) -> Result<u64, FeedError> {
    // Before the store is asked: what it says was true then or later.
    let now = app.clock.now();
    let head = app.store.revocation_head().await?.seq;
    let mut known = known.unwrap_or(head);
    if known >= head {
        send(app, Span { after: head, seq: head }, &[], now)?;
        return Ok(head);
    }
    while known < head {
        let rows = app.store.revocations(known, EVENT_ENTRIES).await?;
        let Some(entries) = following(&rows, known) else {
            tracing::warn!(
                known,
                head,
                "entries of the revocation log are gone before they were published; followers take a snapshot"
            );
            app.feed.ring().clear();
            send(app, Span { after: head, seq: head }, &[], now)?;
            return Ok(head);
        };
        let_go_of_revoked_key(app, &rows).await?;
        let span = Span { after: known, seq: known + entries.len() as u64 };
        send(app, span, &entries, now)?;
        known = span.seq;
    }
    Ok(known)
}

/// The entries, if they follow on `known` without a hole.
pub(super) fn following(rows: &[Revocation], known: u64) -> Option<Vec<Entry>> {
    let in_order = rows.iter().zip(known + 1..).all(|(row, seq)| row.seq == seq);
    (in_order && !rows.is_empty()).then(|| rows.iter().map(entry).collect())
}

fn send(app: &App, span: Span, entries: &[Entry], now: u64) -> Result<(), FeedError> {
    let signed = sign(app, span, entries, now)?;
    let end = app.feed.ring().push(span, signed);
    app.feed.news.send_replace(end);
    Ok(())
}
