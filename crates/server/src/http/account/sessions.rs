//! `/account/sessions`: where somebody is signed in, and ending it. An end counts at once, for the cookie and for the tokens of that session.

use std::cmp::Reverse;

use axum::response::Response;
use http::StatusCode;
use serde_json::Value;
use symbolon_oauth::endpoint::end_session::Reach;
use symbolon_oauth::{OAuthError, Params};
use symbolon_store::{Artefact, Hash32, Session};

use super::Visit;
use crate::effects::store_failure;
use crate::events;
use crate::http::page;
use crate::pages::account::sessions::{AccountSessions, RememberedView, SessionView};
use crate::session::user_agent::UserAgent;
use crate::words;

/// Why a session ended, for whoever looks at it later.
const WHY: &str = "ended_by_user";
/// Most remembered browsers that are listed.
const MAX_REMEMBERED: u32 = 100;
/// Most other sessions that are listed, those that were used last; what ends all ends the rest, too.
const MAX_LISTED: usize = 100;

pub(super) async fn show(visit: &Visit<'_>) -> Result<Response, OAuthError> {
    let failed = |error| store_failure(&error);
    let (user, here) = (&visit.who.user, &visit.who.session);
    let words = words::AccountSessions::of(visit.language());
    let mut others = visit.app().store.sessions_of(&user.id, visit.now()).await.map_err(failed)?;
    others.retain(|one| one.sid != here.sid);
    others.sort_by_key(|one| Reverse(one.last_seen_at));
    let unlisted = others.len().saturating_sub(MAX_LISTED);
    let remembered = remembered(visit).await?;
    let view = AccountSessions {
        shell: visit.shell(),
        nav: visit.nav(),
        words,
        csrf: visit.csrf(),
        here: session(words, here),
        others: others.iter().take(MAX_LISTED).map(|one| session(words, one)).collect(),
        unlisted,
        remembered: remembered.iter().map(|one| browser(words, one)).collect(),
    };
    Ok(visit.page(StatusCode::OK, &view))
}

pub(super) async fn act(visit: &Visit<'_>, params: &Params) -> Result<Response, OAuthError> {
    match params.get("action") {
        Some("end") => return end(visit, params.get("sid").unwrap_or_default()).await,
        Some("end_others") => end_others(visit).await?,
        Some("forget") => forget(visit, params.get("id").unwrap_or_default()).await?,
        _ => {}
    }
    Ok(page::see_other(visit.page.path()))
}

async fn end(visit: &Visit<'_>, sid: &str) -> Result<Response, OAuthError> {
    let failed = |error| store_failure(&error);
    let (app, user) = (visit.app(), &visit.who.user);
    // Of whoever asks, whatever the form says.
    let sessions = app.store.sessions_of(&user.id, visit.now()).await.map_err(failed)?;
    if sessions.iter().any(|one| one.sid == sid) {
        app.store.end_session(sid, WHY, visit.now()).await.map_err(failed)?;
        events::signed_out(app, visit.arrival.meta, &user.id, sid, Reach::Here).await.map_err(failed)?;
    }
    let is_here = visit.who.session.sid == sid;
    Ok(page::see_other(if is_here { "/" } else { visit.page.path() }))
}

async fn end_others(visit: &Visit<'_>) -> Result<(), OAuthError> {
    let failed = |error| store_failure(&error);
    let (app, user, sid) = (visit.app(), &visit.who.user, visit.who.session.sid.as_str());
    app.store.end_elsewhere(&user.id, sid, WHY, visit.now()).await.map_err(failed)?;
    let told = events::account(app, visit.arrival.meta, "user.sign_out_others", &user.id, None);
    told.await.map_err(failed)
}

async fn forget(visit: &Visit<'_>, id: &str) -> Result<(), OAuthError> {
    let failed = |error| store_failure(&error);
    let (app, user) = (visit.app(), &visit.who.user);
    let Ok(hash) = Hash32::try_from(id.to_owned()) else { return Ok(()) };
    let forgotten = app.store.forget_artefacts(Artefact::REMEMBERED_BROWSER, &user.id, Some(hash)).await;
    if forgotten.map_err(failed)? > 0 {
        let told = events::account(app, visit.arrival.meta, "user.browser.forget", &user.id, None);
        told.await.map_err(failed)?;
    }
    Ok(())
}

/// The browsers that are not asked for a second step.
pub(super) async fn remembered(visit: &Visit<'_>) -> Result<Vec<Artefact>, OAuthError> {
    let (kind, user_id) = (Artefact::REMEMBERED_BROWSER, &visit.who.user.id);
    let found = visit.app().store.usable_artefacts(kind, user_id, MAX_REMEMBERED, visit.now()).await;
    found.map_err(|error| store_failure(&error))
}

fn session(words: words::AccountSessions, session: &Session) -> SessionView {
    SessionView {
        sid: session.sid.clone(),
        browser: named(words, session.user_agent.as_deref()),
        address: session.address.clone(),
        since: session.created_at,
        seen: session.last_seen_at,
    }
}

fn browser(words: words::AccountSessions, artefact: &Artefact) -> RememberedView {
    RememberedView {
        id: artefact.hash.to_string(),
        browser: named(words, artefact.payload.get("user_agent").and_then(Value::as_str)),
        since: artefact.created_at,
        until: artefact.expires_at,
    }
}

fn named(words: words::AccountSessions, user_agent: Option<&str>) -> String {
    let UserAgent { browser, system } = UserAgent::read(user_agent.unwrap_or_default());
    match (browser, system) {
        (Some(browser), Some(system)) => words.browser_on(browser, system),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => words.unknown_browser().to_owned(),
    }
}
