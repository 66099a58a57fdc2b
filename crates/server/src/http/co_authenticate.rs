//! `POST /co/authenticate`: a page of a client sends what a person typed into it, and gets a ticket for the authorization endpoint, where a
//! session begins. No standard; what `webAuth.login` of auth0-js does ("cross-origin authentication").
//!
//! For clients that the operator lets see passwords, from the origins they registered, and of the issuer's own site: other sites' cookies are
//! not kept. A ticket works once, for a minute, for its client, in the browser that got it and from the origin it was given to, so that nobody can
//! sign somebody else in with one of their own (login CSRF).

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::header::{ORIGIN, REFERER, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use symbolon_jose::base64url;
use symbolon_oauth::authorize::ValidRequest;
use symbolon_oauth::password_sign_in;
use symbolon_oauth::{Client, OAuthError, OpaqueToken, TokenKind, random_id};
use symbolon_store::{Artefact, Hash32, Redeemed, User};
use zeroize::Zeroizing;

use super::authorize::Arrival;
use super::meta::Meta;
use super::{answer, browser, form, login, page};
use crate::account::sign_in::{self, Brings, Outcome};
use crate::app::App;
use crate::effects::store_failure;
use crate::events;
use crate::interaction::Interaction;
use crate::rng::SystemRng;

/// Long enough for a redirect.
const LIFETIME_SECS: u64 = 60;

/// The request. Unknown members are ignored, `realm` and `credential_type` among them: there is one store of users, and one kind of proof.
#[derive(Deserialize)]
struct Request {
    client_id: String,
    username: Zeroizing<String>,
    password: Zeroizing<String>,
}

/// The answer. Its last two are for browsers that keep cookies of other sites; the library wants them to be there.
#[derive(Serialize)]
struct Answer<'t> {
    login_ticket: &'t str,
    co_verifier: String,
    co_id: String,
}

/// What is kept with a ticket.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// The page's origin.
    origin: String,
    /// Hash of the pre-session cookie of its browser, base64url.
    browser: String,
    /// The user's revocation handle when the password was looked at.
    revocation_handle: String,
}

/// The endpoint.
pub(super) async fn authenticate(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let request: Request = match form::json(&headers, body, app.config().http.max_body_bytes).await {
        Ok(request) => request,
        Err(error) => return answer::error(&error),
    };
    let registry = app.registry();
    let known = registry.client(&request.client_id).map(AsRef::as_ref);
    let Some(client) = known.filter(|client| password_sign_in::check_client(client).is_ok()) else {
        return answer::error(&OAuthError::GrantNotAllowed);
    };
    let response = match origin(client, &headers) {
        Some(origin) => sign_in(&app, &meta, client, origin, &headers, &request).await,
        None => Ok(refusal(StatusCode::FORBIDDEN, "access_denied", "this origin is not registered for the client")),
    };
    answer::to_client(response.unwrap_or_else(|error| answer::error(&error)), client.client_id.as_str())
}

/// The origin of the page, if it is one of the client's.
fn origin<'h>(client: &Client, headers: &'h HeaderMap) -> Option<&'h str> {
    let origin = headers.get(ORIGIN)?.to_str().ok()?;
    client.allowed_origins.iter().any(|allowed| allowed == origin).then_some(origin)
}

async fn sign_in(
    app: &App,
    meta: &Meta,
    client: &Client,
    origin: &str,
    headers: &HeaderMap,
    request: &Request,
) -> Result<Response, OAuthError> {
    if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
        let text = "browsers keep no cookie for a page of another site than the issuer's: sign in with authorize";
        return Ok(refusal(StatusCode::FORBIDDEN, "access_denied", text));
    }
    let client_id = Some(client.client_id.as_str());
    let brings = Brings { device: browser::device(app, headers), ..Brings::default() };
    match sign_in::check(app, meta, &request.username, &request.password, brings).await? {
        Outcome::SignedIn(user) => give(app, meta, client, origin, headers, &user).await,
        Outcome::Busy => Err(OAuthError::TemporarilyUnavailable { retry_after_secs: 1 }),
        Outcome::Throttled { wait_secs } => {
            events::sign_in_throttled(app, client_id);
            let text = format!("too many attempts: try again in {wait_secs} seconds");
            let mut response = refusal(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", &text);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait_secs));
            Ok(response)
        }
        Outcome::Wrong { user_id } => {
            events::sign_in_failed(app, meta, user_id.as_deref(), client_id, "credentials").await;
            Ok(refusal(StatusCode::UNAUTHORIZED, "access_denied", "Wrong email or password"))
        }
    }
}

fn refusal(status: StatusCode, error: &str, description: &str) -> Response {
    answer::json(status, &serde_json::json!({ "error": error, "error_description": description }))
}

async fn give(
    app: &App,
    meta: &Meta,
    client: &Client,
    origin: &str,
    headers: &HeaderMap,
    user: &User,
) -> Result<Response, OAuthError> {
    let (browser, cookie) = browser::ensure_pre_session(app, headers);
    let ticket = OpaqueToken::generate(TokenKind::LoginTicket, &mut SystemRng);
    let kept = Kept {
        origin: origin.to_owned(),
        browser: fingerprint(&browser),
        revocation_handle: user.revocation_handle.clone(),
    };
    let artefact = Artefact {
        kind: Artefact::LOGIN_TICKET.to_owned(),
        hash: Hash32(ticket.hash()),
        family: None,
        client_id: Some(client.client_id.to_string()),
        user_id: Some(user.id.clone()),
        sid: None,
        created_at: meta.now,
        expires_at: meta.now.saturating_add(LIFETIME_SECS),
        redeemed_at: None,
        payload: serde_json::to_value(kept).map_err(|_| OAuthError::ServerError)?,
    };
    app.store.put_artefact(artefact).await.map_err(|error| store_failure(&error))?;
    let random = || random_id(&mut SystemRng);
    let answer = Answer { login_ticket: ticket.reveal(), co_verifier: random(), co_id: random() };
    Ok(page::with_cookie(answer::json(StatusCode::OK, &answer), cookie))
}

/// Goes on with a request that brings a ticket: the session begins, in this browser. Nothing for a ticket that does not count here; the request
/// then goes on as any other.
pub(super) async fn redeem(
    at: &Arrival<'_>,
    request: &ValidRequest<'_>,
    query: &str,
    ticket: &str,
) -> Result<Option<Response>, OAuthError> {
    let (app, now) = (at.app, at.meta.now);
    let failed = |error| store_failure(&error);
    let Ok(ticket) = OpaqueToken::parse(TokenKind::LoginTicket, ticket) else { return Ok(None) };
    let (kind, hash) = (Artefact::LOGIN_TICKET, Hash32(ticket.hash()));
    let Some(found) = app.store.artefact(kind, hash).await.map_err(failed)? else { return Ok(None) };
    let Some(browser) = browser::pre_session(app, at.headers) else { return Ok(None) };
    let Some(kept) = owned(&found, request.client(), browser, at.headers) else { return Ok(None) };
    let Some(user_id) = &found.user_id else { return Ok(None) };
    // Read before the ticket is used: whatever changes of the account from here on, the session will not begin.
    let user = app.store.user(user_id).await.map_err(failed)?;
    let Some(user) = user.filter(|user| user.revocation_handle == kept.revocation_handle) else { return Ok(None) };
    if app.store.redeem_artefact(kind, hash, now).await.map_err(failed)? != Redeemed::Done {
        return Ok(None);
    }
    let pending = Interaction::sign_in(&app.issuer, query, browser, now)
        .in_languages(request.ui_locales())
        .from_source(request.source());
    login::enter(at, &user, pending).await.map(Some)
}

/// What was kept with the ticket, if this client may use it here.
fn owned(found: &Artefact, client: &Client, browser: &str, headers: &HeaderMap) -> Option<Kept> {
    let kept: Kept = serde_json::from_value(found.payload.clone()).ok()?;
    let same_browser = symbolon_jose::ct_eq(kept.browser.as_bytes(), fingerprint(browser).as_bytes());
    let same_client = found.client_id.as_deref() == Some(client.client_id.as_str());
    let may = password_sign_in::check_client(client).is_ok() && client.allowed_origins.contains(&kept.origin);
    // Not every page lets its browser tell.
    let same_page = !headers.contains_key(REFERER) || browser::sent_from(headers).as_ref() == Some(&kept.origin);
    (same_browser && same_client && may && same_page).then_some(kept)
}

fn fingerprint(cookie: &str) -> String {
    base64url::encode(&symbolon_jose::sha256(cookie.as_bytes()))
}
