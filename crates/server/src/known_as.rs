//! Whom a client means by the `sub` it knows somebody by. A pairwise one cannot be read backwards (OpenID Connect Core §8.1), so it is
//! noted when it is told, for those clients that may ask for people by it (CIBA Core 1.0 §7.1).

use symbolon_oauth::registration::{Client, SubjectType};
use symbolon_oauth::{Grant, Issue};
use symbolon_store::{Artefact, Conflict, Hash32, StoreError, User};

use crate::app::App;
use crate::registry::Registry;

/// As good as for ever: it goes with the user.
const NOTED_SECS: u64 = 10 * 366 * 86_400;

/// Notes whom the ID token of this answer names, if its client may ask for them by that name.
pub(crate) async fn note(app: &App, registry: &Registry, issue: &Issue) -> Result<(), StoreError> {
    let Some(claims) = issue.id_token.as_ref().map(|plan| &plan.claims) else { return Ok(()) };
    let asks = |client: &Client| is_pairwise(client) && client.may_use(Grant::Ciba);
    if !registry.client(&claims.aud).is_some_and(|client| asks(client)) {
        return Ok(());
    }
    let now = app.clock.now();
    let note = Artefact {
        kind: Artefact::PAIRWISE_SUBJECT.to_owned(),
        hash: name(&claims.sub),
        family: None,
        client_id: None,
        user_id: Some(issue.access_token.claims.user().to_owned()),
        sid: None,
        created_at: now,
        expires_at: now.saturating_add(NOTED_SECS),
        redeemed_at: None,
        payload: serde_json::Value::Null,
    };
    match app.store.put_artefact(note).await {
        Err(StoreError::Conflict(Conflict::Exists)) => Ok(()),
        other => other,
    }
}

/// The user whom this client knows by this name, if it knows anybody by it.
pub(crate) async fn user(app: &App, client: &Client, sub: &str) -> Result<Option<User>, StoreError> {
    if !is_pairwise(client) {
        return app.store.user(sub).await;
    }
    let noted = app.store.artefact(Artefact::PAIRWISE_SUBJECT, name(sub)).await?;
    let Some(id) = noted.and_then(|noted| noted.user_id) else { return Ok(None) };
    // Of a client that has moved to another sector since, it is a name no longer.
    let user = app.store.user(&id).await?;
    Ok(user.filter(|user| app.pairwise.subject(client, &user.id) == sub))
}

fn is_pairwise(client: &Client) -> bool {
    client.subjects.subject_type == SubjectType::Pairwise
}

fn name(sub: &str) -> Hash32 {
    Hash32(symbolon_jose::sha256(sub.as_bytes()))
}
