//! Backups by the clock: one for each period of `backup.every`, counted from 1970, so that a daily one is made after midnight UTC, or at
//! the start of the server if the period has none yet.
//!
//! Of many nodes one makes it: whoever takes the period's mark in the store. A mark holds for ten minutes, then the next try may be anybody's;
//! when one has succeeded, the store says so until the period is over. Old ones go only after the new one was read back.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::json;
use symbolon_store::{Artefact, Conflict, Hash32, Store, StoreError};

use super::{BackupError, Partial, Summary, file, take};
use crate::app::App;

/// How often to look whether one is due.
const LOOK: Duration = Duration::from_secs(30);
/// How long whoever takes it on has for it before another one may.
const TRY_SECS: u64 = 600;
/// What the mark is called in the store.
const KIND: &str = "backup";

/// Makes backups until the process stops.
pub(crate) async fn run(app: Arc<App>) {
    loop {
        if let Err(error) = make_if_due(&app).await {
            tracing::error!(%error, "the scheduled backup failed; it is tried again");
        }
        note_last(&app).await;
        tokio::time::sleep(LOOK).await;
    }
}

/// For the metrics, which tell of the last one however old it has become.
async fn note_last(app: &App) {
    if let Ok(Some(at)) = last_made(&*app.store, app.config().backup.every_secs, app.clock.now()).await {
        app.metrics.backup_made_at.store(at, Ordering::Relaxed);
    }
}

/// When the scheduled backup of this period was made, or that of the one before; by whichever node. For `symbolon doctor`.
pub(crate) async fn last_made(store: &dyn Store, every_secs: u64, now: u64) -> Result<Option<u64>, StoreError> {
    let every = every_secs.max(1);
    let period = now / every;
    for period in [period, period.saturating_sub(1)] {
        if let Some(made) = store.artefact(KIND, mark("done", &[every, period])).await? {
            return Ok(Some(made.created_at));
        }
    }
    Ok(None)
}

/// Makes the backup of this period, if nobody has and it is this node's turn; tells whether it did.
pub(super) async fn make_if_due(app: &App) -> Result<bool, BackupError> {
    let (now, every) = (app.clock.now(), app.config().backup.every_secs.max(1));
    let period = now / every;
    let done = mark("done", &[every, period]);
    if app.store.artefact(KIND, done).await?.is_some() {
        return Ok(false);
    }
    let try_number = now % every / TRY_SECS;
    let expires_at = (period + 1).saturating_mul(every);
    if !app.store.remember_once(KIND, mark("try", &[every, period, try_number]), expires_at, now).await? {
        return Ok(false);
    }
    let (summary, bytes) = make(app, now).await?;
    let artefact = Artefact {
        kind: KIND.to_owned(),
        hash: done,
        family: None,
        client_id: None,
        user_id: None,
        sid: None,
        created_at: now,
        expires_at,
        redeemed_at: None,
        payload: json!({}),
    };
    match app.store.put_artefact(artefact).await {
        // Somebody was as fast after the ten minutes: two are as good as one.
        Ok(()) | Err(StoreError::Conflict(Conflict::Exists)) => {}
        Err(error) => return Err(error.into()),
    }
    take::record(&*app.store, "schedule", &summary).await?;
    let folder = app.config().backup.folder.clone();
    let keep = app.config().backup.keep;
    let pruned = tokio::task::spawn_blocking(move || file::prune(&folder, keep)).await;
    let pruned = pruned.map_err(|_| stopping())??;
    tracing::info!(rows = summary.rows(), bytes, pruned, "a backup was made");
    Ok(true)
}

/// Makes one and reads it back.
async fn make(app: &App, now: u64) -> Result<(Summary, u64), BackupError> {
    let place = app.config().backup.folder.join(file::scheduled_name(now));
    let partial = Partial::create(&place)?;
    let (issuer, key) = (app.issuer.as_str().to_owned(), app.archive_key.clone());
    let (_, partial) = take::take(Arc::clone(&app.store), issuer, now, key.clone(), partial).await?;
    tokio::task::spawn_blocking(move || {
        let bytes = partial.finish()?;
        Ok((file::verify(&place, &key)?, bytes))
    })
    .await
    .map_err(|_| stopping())?
}

fn stopping() -> BackupError {
    BackupError::Store(StoreError::Unavailable("the process is stopping".into()))
}

fn mark(what: &str, numbers: &[u64]) -> Hash32 {
    let text = format!("{what} {numbers:?}");
    Hash32(digest(&SHA256, text.as_bytes()).as_ref().try_into().expect("SHA-256 has 32 bytes"))
}
