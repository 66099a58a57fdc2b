//! Which kinds of hashes take longer than ours, on record: so that from the start of a node, and on all of them, a failed sign-in takes as long for
//! everybody (security 123; `password/pace.rs` has the rest).

use symbolon_store::{DocumentWrite, Expect, Store, StoreError};

use super::password::{Pool, SlowKind};
use crate::registry::documents_of;

/// Kind of the documents, by the name of the hash's kind.
const KIND: &str = "slow_password";

/// Takes up what is on record.
pub(crate) async fn learn(store: &dyn Store, passwords: &Pool) -> Result<(), StoreError> {
    for document in documents_of(store, KIND).await? {
        match document.body.read::<SlowKind>() {
            Ok(kind) => passwords.learn_kind(&document.id, &kind),
            Err(error) => tracing::warn!(%error, id = document.id, "a kind of password hashes cannot be read"),
        }
    }
    Ok(())
}

/// Puts on record what has been learned since.
pub(crate) async fn keep(store: &dyn Store, passwords: &Pool) -> Result<(), StoreError> {
    let write = |(id, kind): (String, SlowKind)| DocumentWrite::Put {
        kind: KIND.to_owned(),
        id,
        body: serde_json::json!(kind),
        expect: Expect::Any,
    };
    let writes: Vec<DocumentWrite> = passwords.unkept_kinds().into_iter().map(write).collect();
    if writes.is_empty() {
        return Ok(());
    }
    store.apply(writes).await.map(drop)
}
