//! Signing out: here (`POST /logout`), at the issuer, too (`GET /logout/continue`; OpenID Connect RP-Initiated Logout 1.0), and what is heard of it from elsewhere
//! (`POST /backchannel-logout`; OpenID Connect Back-Channel Logout 1.0 §2.5).
//!
//! The session ends first, whatever becomes of the rest. A navigation ends none by itself (`GET /logout`): where one lives, a page asks, whose form does. The ID token that proves to the issuer who is meant travels in the redirect of a navigation, which
//! no script can read.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use serde::{Deserialize, Serialize};
use serde_json::json;
use symbolon_guard::{CSRF_HEADER, csrf_token};
use symbolon_oauth::Params;
use url::Url;
use zeroize::Zeroizing;

use crate::cookie::Cookie;
use crate::gateway::Gateway;
use crate::page;
use crate::problem::Problem;
use crate::sessions::Session;
use crate::sign_in::{back, see_other};

/// A form of ours or of the issuer's is no longer than this.
const MAX_FORM_BYTES: usize = 16 * 1024;
/// How long the browser may take to go on to the issuer, seconds.
const FAREWELL_SECS: u64 = 60;
const PURPOSE: &str = "gateway farewell";
const BACK: &str = "gateway way back";
const CONTINUE: &str = "/logout/continue";
/// Where the issuer brings people back to; the one such address that is registered there.
const DONE: &str = "/logout/done";

#[derive(Serialize, Deserialize)]
struct Farewell {
    id_token: Zeroizing<String>,
    back: String,
}

/// `POST /logout`, by a script with the session's token in the header, or by a form with it in the field `csrf_token`. Ends the session; tells a script where to
/// go on, and takes a form there.
pub(crate) async fn logout(
    State(gateway): State<Arc<Gateway>>,
    uri: Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let form = match form(&headers, body).await {
        Ok(form) => form,
        Err(problem) => return problem.into_response(),
    };
    let (mut headers, transport) = (headers, gateway.transport());
    // A form cannot set a header; what it holds counts the same.
    let of_form = form.get("csrf_token").and_then(|token| HeaderValue::from_str(token).ok());
    // Browsers that say nothing of it (Safari before 16.4) navigate where the token is in a form: a script has it in the header.
    let by_form = of_form.is_some();
    if let Some(token) = of_form {
        headers.insert(HeaderName::from_static(CSRF_HEADER), token);
    }
    let query = Params::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let back = back(&gateway, form.get("return_to").or(query.get("return_to")));
    let farewell = match gateway.signed_in(&Method::POST, &uri, &headers) {
        Ok(shown) => match end(&gateway, vec![Arc::clone(&shown.session)]).await {
            Ok(()) => Some(Farewell { id_token: shown.session.content().id_token.clone(), back: back.clone() }),
            Err(problem) => return problem.into_response(),
        },
        // Who is signed out already need not prove anything.
        Err(Problem::SignInNeeded) => None,
        Err(problem) => return problem.into_response(),
    };
    let next = if farewell.is_some() { CONTINUE } else { back.as_str() };
    let mut response = if headers.get("sec-fetch-mode").map_or(by_form, |mode| mode == "navigate") {
        see_other(next)
    } else {
        let body = json!({ "continue": gateway.config.origin.at(next) }).to_string();
        let kind = HeaderValue::from_static("application/json");
        ([(CONTENT_TYPE, kind), (CACHE_CONTROL, HeaderValue::from_static("no-store"))], body).into_response()
    };
    let sealed = farewell.map(|farewell| {
        let plain = Zeroizing::new(serde_json::to_vec(&farewell).expect("it has only string keys"));
        gateway.sealer.seal(PURPOSE, &plain)
    });
    // Too long an ID token is left out: the issuer then asks before it signs out.
    let cookie = sealed.and_then(|sealed| Cookie::Farewell.set(&sealed, FAREWELL_SECS, transport));
    response.headers_mut().append(SET_COOKIE, Cookie::Session.clear(transport));
    response.headers_mut().extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
    response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\""));
    response
}

/// `POST /oauth/revoke`: the same as [`logout`], by the SDK, which goes to `GET /logout` next.
pub(crate) async fn revoke(gateway: State<Arc<Gateway>>, uri: Uri, headers: HeaderMap, body: Body) -> Response {
    logout(gateway, uri, RawQuery(None), headers, body).await
}

/// `GET /logout/continue`, and `GET /logout` of the SDK: on to the issuer. It ends nothing here that has not ended; while a session lives, it asks.
pub(crate) async fn go_on(
    State(gateway): State<Arc<Gateway>>,
    uri: Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = Params::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let sealed = Cookie::Farewell.read(&headers, gateway.transport()).ok().flatten();
    let plain = sealed.and_then(|sealed| gateway.sealer.open(PURPOSE, sealed).ok());
    let farewell: Option<Farewell> = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
    let way_back =
        |otherwise: String| query.get("post_logout_redirect_uri").map_or(otherwise, |uri| back(&gateway, Some(uri)));
    // Somebody who signed in anew, or whose POST was refused, is signed in: the way on would only look like the end of it. A farewell of an earlier
    // session ends this one no more than a link on another site does.
    if let Some(shown) = gateway.session(&headers) {
        let back = way_back(farewell.map_or_else(|| "/".to_owned(), |farewell| farewell.back));
        return page::sign_out(&csrf_token(shown.value), &back, gateway.transport());
    }
    let Some(Farewell { id_token, back: asked }) = farewell else {
        // With a link of another site comes no cookie (`Strict`), whoever is signed in; with what leads on from a page of ours they come. At another
        // address, so that a browser which says the same of that does not go round in circles.
        let says = |name: &str, word: &str| headers.get(name).is_some_and(|value| value == word);
        let from_elsewhere = says("sec-fetch-site", "cross-site") && says("sec-fetch-mode", "navigate");
        return if from_elsewhere && uri.path() != CONTINUE {
            page::from_elsewhere(CONTINUE, &way_back("/".to_owned()))
        } else {
            see_other("/")
        };
    };
    let back = way_back(asked);
    let state = gateway.sealer.seal(BACK, back.as_bytes());
    let url = match gateway.provider.farewell(&id_token, &gateway.config.origin.at(DONE), &state).await {
        Ok(url) => url,
        Err(error) => {
            tracing::warn!(%error, "somebody signed out here, and not at the issuer");
            None
        }
    };
    let mut response = see_other(url.as_ref().map_or(back.as_str(), Url::as_str));
    response.headers_mut().append(SET_COOKIE, Cookie::Farewell.clear(gateway.transport()));
    response
}

/// `GET /logout/done`: back from the issuer, and on to where the page wanted to go.
pub(crate) async fn done(State(gateway): State<Arc<Gateway>>, RawQuery(query): RawQuery) -> Response {
    let query = Params::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let plain = query.get("state").and_then(|state| gateway.sealer.open(BACK, state).ok());
    let back = plain.and_then(|plain| String::from_utf8(plain.to_vec()).ok());
    see_other(back.as_deref().unwrap_or("/"))
}

/// `POST /backchannel-logout`: the issuer tells that a session has ended.
pub(crate) async fn backchannel(State(gateway): State<Arc<Gateway>>, headers: HeaderMap, body: Body) -> Response {
    let answer = |status: StatusCode, text: String| {
        let kind = HeaderValue::from_static("application/json");
        // §2.5: "The RP's response SHOULD include the Cache-Control HTTP response header field with a value including no-store".
        (status, [(CONTENT_TYPE, kind), (CACHE_CONTROL, HeaderValue::from_static("no-store"))], text).into_response()
    };
    let refused = |code: &str| answer(StatusCode::BAD_REQUEST, json!({ "error": code }).to_string());
    let form = form(&headers, body).await.unwrap_or_default();
    let Some(token) = form.get("logout_token") else { return refused("invalid_request") };
    let ended = match gateway.provider.ended(token).await {
        Ok(ended) => ended,
        Err(crate::provider::ProviderError::Away(why)) => {
            tracing::warn!(why, "a logout token could not be checked");
            // The issuer tries again.
            return Problem::IssuerAway.into_response();
        }
        Err(error) => {
            tracing::warn!(%error, "a logout token was refused");
            return refused("invalid_request");
        }
    };
    let meant = gateway.sessions.of(|sub, sid| ended.covers(sub, sid));
    tracing::info!(sessions = meant.len(), "the issuer has told that a session ended");
    match end(&gateway, meant).await {
        Ok(()) => answer(StatusCode::OK, String::new()),
        Err(problem) => problem.into_response(),
    }
}

/// Ends these sessions, now and for good; their tokens are revoked meanwhile.
async fn end(gateway: &Arc<Gateway>, sessions: Vec<Arc<Session>>) -> Result<(), Problem> {
    let hashes = sessions.iter().map(|session| session.hash).collect();
    let removed = gateway.sessions.end(hashes).await;
    forget(gateway, sessions);
    removed.map_err(|error| {
        tracing::error!(%error, "sessions that ended could not be removed");
        Problem::Internal
    })
}

/// Lets the issuer revoke what sessions that have ended leave behind. Nobody waits for it: nothing of it is used any more.
pub(crate) fn forget(gateway: &Arc<Gateway>, sessions: Vec<Arc<Session>>) {
    for session in sessions {
        let gateway = Arc::clone(gateway);
        tokio::spawn(async move {
            // After whoever renews at this moment: what they get is revoked, too.
            let mut turn = session.turn.lock().await;
            turn.ended = true;
            let refresh_token = session.content().refresh_token.take();
            if let Some(refresh_token) = refresh_token
                && let Err(error) = gateway.provider.revoke(&refresh_token).await
            {
                tracing::warn!(%error, "a refresh token that nobody has any more could not be revoked");
            }
        });
    }
}

/// The fields of a form; none, if the body is something else.
pub(crate) async fn form(headers: &HeaderMap, body: Body) -> Result<Params, Problem> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().unwrap_or_default().trim() != "application/x-www-form-urlencoded" {
        return Ok(Params::default());
    }
    let bytes = axum::body::to_bytes(body, MAX_FORM_BYTES).await.map_err(|_| Problem::BodyTooLarge)?;
    Params::parse(&bytes).map_err(|_| Problem::Malformed)
}
