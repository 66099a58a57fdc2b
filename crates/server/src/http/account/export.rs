//! Everything that is kept of somebody, as one JSON document. No secret of theirs or ours is in it: no password hash, no key of a factor, no
//! token, no cookie.

use axum::response::{IntoResponse as _, Response};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use serde_json::{Value, json};
use symbolon_oauth::OAuthError;
use symbolon_store::{Artefact, AuditRecord, Consent, Credential, Family, Session};

use super::{Visit, sessions};
use crate::calendar::calendar;
use crate::effects::store_failure;
use crate::events;

/// Events in one document, the newest; more would be a file that no browser keeps in memory.
const MAX_EVENTS: usize = 10_000;
const PAGE: u32 = 1000;

pub(super) async fn file(visit: &Visit<'_>) -> Result<Response, OAuthError> {
    let document = document(visit).await?;
    let told = events::account(visit.app(), visit.arrival.meta, "user.data.export", &visit.who.user.id, None);
    told.await.map_err(|error| store_failure(&error))?;
    let fixed = HeaderValue::from_static;
    let headers = [
        (CONTENT_TYPE, fixed("application/json")),
        (CONTENT_DISPOSITION, fixed("attachment; filename=\"symbolon-account.json\"")),
        (CACHE_CONTROL, fixed("no-store")),
        (X_CONTENT_TYPE_OPTIONS, fixed("nosniff")),
    ];
    Ok((headers, format!("{document:#}\n")).into_response())
}

async fn document(visit: &Visit<'_>) -> Result<Value, OAuthError> {
    let failed = |error| store_failure(&error);
    let (store, user, now) = (&visit.app().store, &visit.who.user, visit.now());
    let (events, complete) = activity(visit).await?;
    let sessions = store.sessions_of(&user.id, now).await.map_err(failed)?;
    let factors = store.credentials_of(&user.id).await.map_err(failed)?;
    let consents = store.consents_of(&user.id).await.map_err(failed)?;
    let families = store.families_of(&user.id, now).await.map_err(failed)?;
    let remembered = sessions::remembered(visit).await?;
    Ok(json!({
        "issuer": visit.app().issuer.as_str(),
        "exported_at": calendar(now),
        "account": {
            "sub": user.id,
            "username": user.username,
            "email": user.email,
            "email_verified": user.email_verified,
            "name": user.name,
            "profile": user.profile,
            "roles": user.roles,
            "status": user.status,
            "has_password": user.password_hash.is_some(),
            "created_at": calendar(user.created_at),
            "updated_at": calendar(user.updated_at),
            "password_changed_at": user.password_changed_at.map(calendar),
        },
        "sessions": sessions.iter().map(session).collect::<Vec<_>>(),
        "remembered_browsers": remembered.iter().map(browser).collect::<Vec<_>>(),
        "factors": factors.iter().map(factor).collect::<Vec<_>>(),
        "consents": consents.iter().map(consent).collect::<Vec<_>>(),
        "grants": families.iter().map(grant).collect::<Vec<_>>(),
        "activity": events.iter().map(event).collect::<Vec<_>>(),
        "activity_is_complete": complete,
    }))
}

async fn activity(visit: &Visit<'_>) -> Result<(Vec<AuditRecord>, bool), OAuthError> {
    let (mut events, mut before) = (Vec::new(), None);
    loop {
        let page = visit.app().store.audit_of(&visit.who.user.id, before, PAGE).await;
        let page = page.map_err(|error| store_failure(&error))?;
        before = page.last().map(|last: &AuditRecord| last.seq);
        let is_last = page.len() < PAGE as usize;
        events.extend(page);
        if is_last || events.len() >= MAX_EVENTS {
            return Ok((events, is_last));
        }
    }
}

fn session(session: &Session) -> Value {
    json!({
        "sid": session.sid,
        "created_at": calendar(session.created_at),
        "auth_time": calendar(session.auth_time),
        "last_seen_at": calendar(session.last_seen_at),
        "amr": session.amr,
        "user_agent": session.user_agent,
        "address": session.address,
    })
}

fn browser(artefact: &Artefact) -> Value {
    json!({
        "created_at": calendar(artefact.created_at),
        "expires_at": calendar(artefact.expires_at),
        "user_agent": artefact.payload.get("user_agent"),
    })
}

fn factor(credential: &Credential) -> Value {
    json!({
        "kind": credential.kind,
        "name": credential.name,
        "created_at": calendar(credential.created_at),
        "last_used_at": credential.last_used_at.map(calendar),
    })
}

fn consent(consent: &Consent) -> Value {
    json!({
        "client_id": consent.client_id,
        "audience": consent.audience,
        "scope": consent.scope,
        "granted_at": calendar(consent.granted_at),
    })
}

fn grant(family: &Family) -> Value {
    json!({
        "client_id": family.client_id,
        "audience": family.audience,
        "scope": family.scope,
        "created_at": calendar(family.created_at),
        "expires_at": calendar(family.absolute_expires_at),
    })
}

fn event(record: &AuditRecord) -> Value {
    let event = &record.event;
    json!({
        "at": calendar(event.at),
        "name": event.name,
        "outcome": event.outcome,
        "client_id": event.client_id,
        "address": event.address,
        "detail": event.detail,
    })
}
