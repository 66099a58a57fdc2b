//! Registry documents: reading one kind, and writing one with the right expectation.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use symbolon_oauth::registration::RegistrationError;
use symbolon_store::{Document, DocumentWrite, Expect, StoreError};

use super::revocation::Rule;
use super::{AdminContext, AdminError};
use crate::registry;

/// Kind of APIs.
pub(super) const API: &str = "api";
/// Kind of clients.
pub(super) const CLIENT: &str = "client";
/// Kind of the marks that deleted APIs leave, by identifier.
pub(super) const DELETED_API: &str = "deleted_api";
/// Kind of the marks that deleted clients leave, by `client_id`.
pub(super) const DELETED_CLIENT: &str = "deleted_client";
/// Kind of trusted issuers.
pub(super) const ISSUER: &str = "issuer";
/// Kind of signing keys.
pub(super) const KEY: &str = "key";
/// Kind of roles.
pub(super) const ROLE: &str = "role";

/// Documents of a page: the most that the store gives.
const PAGE: u32 = 1000;

/// All documents of a kind of which there are few, by id.
pub(super) async fn all(context: &AdminContext<'_>, kind: &str) -> Result<Vec<Document>, AdminError> {
    Ok(registry::documents_of(context.store, kind).await?)
}

/// Looks at each document of a kind of which there may be many, by id.
pub(super) async fn each(
    context: &AdminContext<'_>,
    kind: &str,
    mut look: impl FnMut(&Document) -> Result<(), AdminError>,
) -> Result<(), AdminError> {
    let mut after = None;
    loop {
        let page = context.store.documents(kind, after, PAGE).await?;
        page.items.iter().try_for_each(&mut look)?;
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// The first documents of a kind, by id, in whole pages until there are `enough`.
pub(super) async fn first(context: &AdminContext<'_>, kind: &str, enough: usize) -> Result<Vec<Document>, AdminError> {
    let (mut documents, mut after) = (Vec::new(), None);
    loop {
        let page = context.store.documents(kind, after, PAGE).await?;
        documents.extend(page.items);
        after = page.next;
        if after.is_none() || documents.len() >= enough {
            return Ok(documents);
        }
    }
}

/// The document of that kind and id.
pub(super) async fn one(context: &AdminContext<'_>, kind: &str, id: &str) -> Result<Document, AdminError> {
    let found = context.store.document(kind, id).await?;
    found.ok_or_else(|| AdminError::not_found(format!("no {kind} `{id}`"), format!("symbolon {kind} list")))
}

/// What a document says.
pub(super) fn read<T: DeserializeOwned>(document: &Document) -> Result<T, AdminError> {
    let read = document.body.read();
    read.map_err(|why| AdminError::failed(format!("the {} `{}` cannot be read: {why}", document.kind, document.id)))
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
    let write = DocumentWrite::Put { kind: kind.to_owned(), id: id.to_owned(), body: to_value(body)?, expect };
    match context.store.apply(vec![write]).await {
        Ok(_) => Ok(()),
        Err(StoreError::Conflict(_)) => Err(conflict),
        Err(error) => Err(error.into()),
    }
}

/// Replaces a document, and logs the rule that this calls for in the same transaction.
pub(super) async fn replace<T: Serialize>(
    context: &mut AdminContext<'_>,
    document: &Document,
    body: &T,
    rule: Option<&Rule>,
) -> Result<(), AdminError> {
    let write = DocumentWrite::Put {
        kind: document.kind.clone(),
        id: document.id.clone(),
        body: to_value(body)?,
        expect: Expect::Revision(document.revision),
    };
    context.apply_with(vec![write], rule).await.map_err(|error| unless_changed(document, error))
}

/// The answer to a registration that does not hold up: every fault, not only the first.
pub(super) fn faults(faults: &[RegistrationError], hint: &str) -> AdminError {
    let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
    AdminError::invalid(texts.join("; "), hint)
}

/// Refuses a change for the faults that it brings. What was taken once, by older rules, and is left as it was must not keep an operator from
/// the rest: what is to be disabled may be called anything.
pub(super) fn judge<T: Serialize>(
    before: Option<&T>,
    after: &T,
    validate: fn(&T) -> Result<(), Vec<RegistrationError>>,
    hint: &str,
) -> Result<(), AdminError> {
    let Err(mut found) = validate(after) else { return Ok(()) };
    if let Some(before) = before
        && let Err(had) = validate(before)
    {
        let (was, is) = (to_value(before)?, to_value(after)?);
        let is_left = |member: &str| was.get(member).is_some_and(|value| is.get(member) == Some(value));
        found.retain(|fault| !(had.contains(fault) && is_left(fault.member)));
    }
    if found.is_empty() { Ok(()) } else { Err(faults(&found, hint)) }
}

/// Removes a document, together with further writes and the rule that this calls for.
pub(super) async fn delete(
    context: &mut AdminContext<'_>,
    document: &Document,
    mut also: Vec<DocumentWrite>,
    rule: &Rule,
) -> Result<(), AdminError> {
    also.push(DocumentWrite::Delete {
        kind: document.kind.clone(),
        id: document.id.clone(),
        expect: Expect::Revision(document.revision),
    });
    context.apply_with(also, Some(rule)).await.map_err(|error| unless_changed(document, error))
}

fn to_value(body: &impl Serialize) -> Result<Value, AdminError> {
    serde_json::to_value(body).map_err(|why| AdminError::failed(format!("cannot be written down: {why}")))
}

/// The answer when someone else was faster, or what else went wrong.
fn unless_changed(document: &Document, error: StoreError) -> AdminError {
    let (kind, id) = (&document.kind, &document.id);
    match error {
        StoreError::Conflict(_) => AdminError::conflict(
            format!("the {kind} `{id}` was changed by someone else in the meantime"),
            format!("look at it, then repeat: symbolon {kind} show {id}"),
        ),
        other => other.into(),
    }
}
