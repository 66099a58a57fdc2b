//! Registry documents: reading one kind, and writing one with the right expectation.

use serde::Serialize;
use serde::de::DeserializeOwned;
use symbolon_oauth::registration::RegistrationError;
use symbolon_store::{Document, DocumentWrite, Expect, StoreError};

use super::{AdminContext, AdminError};

/// Kind of APIs.
pub(super) const API: &str = "api";
/// Kind of clients.
pub(super) const CLIENT: &str = "client";
/// Kind of the marks that deleted APIs leave, by identifier.
pub(super) const DELETED_API: &str = "deleted_api";
/// Kind of the marks that deleted clients leave, by `client_id`.
pub(super) const DELETED_CLIENT: &str = "deleted_client";
/// Kind of signing keys.
pub(super) const KEY: &str = "key";
/// Kind of roles.
pub(super) const ROLE: &str = "role";

/// All documents of a kind, by id.
pub(super) async fn all(context: &AdminContext<'_>, kind: &str) -> Result<Vec<Document>, AdminError> {
    let mut documents = context.store.registry().await?.documents;
    documents.retain(|document| document.kind == kind);
    Ok(documents)
}

/// The document of that kind and id.
pub(super) async fn one(context: &AdminContext<'_>, kind: &str, id: &str) -> Result<Document, AdminError> {
    let found = all(context, kind).await?.into_iter().find(|document| document.id == id);
    found.ok_or_else(|| AdminError::not_found(format!("no {kind} `{id}`"), format!("symbolon {kind} list")))
}

/// What a document says.
pub(super) fn read<T: DeserializeOwned>(document: &Document) -> Result<T, AdminError> {
    T::deserialize(&document.body)
        .map_err(|why| AdminError::failed(format!("the {} `{}` cannot be read: {why}", document.kind, document.id)))
}

/// Writes a document; `conflict` is the answer if the expectation fails.
pub(super) async fn put<T: Serialize>(
    context: &AdminContext<'_>,
    kind: &str,
    id: &str,
    body: &T,
    expect: Expect,
    conflict: AdminError,
) -> Result<(), AdminError> {
    let body =
        serde_json::to_value(body).map_err(|why| AdminError::failed(format!("cannot be written down: {why}")))?;
    let write = DocumentWrite::Put { kind: kind.to_owned(), id: id.to_owned(), body, expect };
    match context.store.apply(vec![write]).await {
        Ok(_) => Ok(()),
        Err(StoreError::Conflict(_)) => Err(conflict),
        Err(error) => Err(error.into()),
    }
}

/// The answer to a registration that does not hold up: every fault, not only the first.
pub(super) fn faults(faults: &[RegistrationError], hint: &str) -> AdminError {
    let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
    AdminError::invalid(texts.join("; "), hint)
}

/// The answer when someone else was faster.
pub(super) fn changed_meanwhile(document: &Document) -> AdminError {
    AdminError::conflict(
        format!("the {} `{}` was changed by someone else in the meantime", document.kind, document.id),
        format!("look at it, then repeat: symbolon {} show {}", document.kind, document.id),
    )
}

/// Removes a document, together with further writes.
pub(super) async fn delete(
    context: &AdminContext<'_>,
    document: &Document,
    mut also: Vec<DocumentWrite>,
) -> Result<(), AdminError> {
    also.push(DocumentWrite::Delete {
        kind: document.kind.clone(),
        id: document.id.clone(),
        expect: Expect::Revision(document.revision),
    });
    match context.store.apply(also).await {
        Ok(_) => Ok(()),
        Err(StoreError::Conflict(_)) => Err(changed_meanwhile(document)),
        Err(error) => Err(error.into()),
    }
}
