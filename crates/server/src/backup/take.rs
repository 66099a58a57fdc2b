//! Taking a backup of a store that goes on: on a thread of its own, from one moment.

use std::io::Write;
use std::sync::Arc;

use serde_json::json;
use symbolon_store::{AuditEvent, Store, StoreError};

use super::{ArchiveKey, BackupError, Summary, archive};
use crate::rng::SystemRng;

/// Writes everything in `store` to `out`, which is given back. What happens meanwhile is not in it, and is not held up.
pub async fn take<W: Write + Send + 'static>(
    store: Arc<dyn Store>,
    issuer: String,
    now: u64,
    key: ArchiveKey,
    out: W,
) -> Result<(Summary, W), BackupError> {
    let runtime = tokio::runtime::Handle::current();
    let work = async move {
        let mut snapshot = store.snapshot().await?;
        archive::write(&mut *snapshot, &issuer, now, &key, (out, &mut SystemRng)).await
    };
    // Reading a database and encrypting: not for a thread that answers requests.
    let done = tokio::task::spawn_blocking(move || runtime.block_on(work)).await;
    done.map_err(|_| BackupError::Store(StoreError::Unavailable("the process is stopping".into())))?
}

/// Writes down that a backup was made.
pub async fn record(store: &dyn Store, actor: &str, summary: &Summary) -> Result<(), StoreError> {
    let event = AuditEvent {
        at: summary.header.created_at,
        name: "backup.create".to_owned(),
        outcome: "success".to_owned(),
        actor: Some(actor.to_owned()),
        user_id: None,
        client_id: None,
        sid: None,
        address: None,
        request_id: None,
        detail: json!({ "rows": summary.rows() }),
    };
    store.append_audit(vec![event]).await
}
