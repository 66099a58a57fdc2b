//! `GET /session` and `GET /user/current`: a page that cannot read its access token asks whom it signs in (mission P13).
//!
//! Asking changes nothing but that a session value is used, which puts off its idle expiry. Pages of other sites are refused by their own
//! word (Fetch Metadata §2.1) and read nothing in any case (`cors.rs`).

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value, json};
use symbolon_oauth::endpoint::{current, path};
use symbolon_oauth::{AccessTokenClaims, Client, OAuthError, OpaqueToken, TokenKind};

use super::meta::Meta;
use super::page_cookies::{self, Told};
use super::{answer, browser, session, userinfo};
use crate::app::App;
use crate::registry::Registry;
use crate::session::token_cookie::{self, TokenCookie};

/// Whom the cookie signs in.
struct Current {
    claims: AccessTokenClaims,
    person: Map<String, Value>,
    /// When it ends unless it is used.
    ends_at: u64,
}

/// The answer of `GET /session`.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    told: Told<'a>,
    /// What userinfo would tell.
    user: Map<String, Value>,
}

/// `GET /session`: the claims of the access token, and the token of the session's pages.
pub(super) async fn session(app: State<Arc<App>>, Extension(meta): Extension<Meta>, headers: HeaderMap) -> Response {
    answer(&app, &meta, &headers, |client, found| {
        let Current { claims, person: user, ends_at } = found;
        let csrf_token = token_cookie::page_token(&app.csrf, claims.sid.as_deref()?, client.client_id.as_str());
        let told = Told {
            id_token_claims: None,
            access_token_format: client.access_token_format,
            expires_in: ends_at.saturating_sub(meta.now),
            scope: claims.scope.clone(),
            csrf_token,
            claims: claims.written(&app.issuer),
        };
        Some(answer::json(StatusCode::OK, &Answer { told, user }))
    })
    .await
}

/// `GET /user/current`: the account.
pub(super) async fn user(app: State<Arc<App>>, Extension(meta): Extension<Meta>, headers: HeaderMap) -> Response {
    answer(&app, &meta, &headers, |_, found| {
        let href = app.issuer.endpoint(path::CURRENT_USER);
        Some(answer::json(StatusCode::OK, &current::account(&href, &found.claims, found.person)))
    })
    .await
}

async fn answer(
    app: &App,
    meta: &Meta,
    headers: &HeaderMap,
    tell: impl FnOnce(&Client, Current) -> Option<Response> + Send,
) -> Response {
    if headers.get_all("sec-fetch-site").iter().any(|site| site == "cross-site") {
        return answer::error(&OAuthError::NotFromItsPage);
    }
    let registry = app.registry();
    let found = match find(app, &registry, headers, meta.now).await {
        Ok(found) => found,
        Err(error) => return answer::error(&error),
    };
    let Some(found) = found else { return nobody() };
    let client = registry.client(&found.claims.client_id).filter(|client| client.gets_cookies());
    let Some(client) = client else { return nobody() };
    let response = tell(client, found).unwrap_or_else(nobody);
    answer::to_client(response, client.client_id.as_str())
}

/// The cookie's access token, signed or looked up, if it counts.
async fn find(app: &App, registry: &Registry, headers: &HeaderMap, now: u64) -> Result<Option<Current>, OAuthError> {
    let config = app.config();
    let Ok(Some(token)) = TokenCookie::Access.read(headers, page_cookies::reach(app, &config)) else {
        return Ok(None);
    };
    if let Ok(value) = OpaqueToken::parse(TokenKind::SessionValue, token) {
        let Some(found) = session::find(app, registry, &value, now).await? else { return Ok(None) };
        let Some(person) = current::person(&found.claims, &found.facts, found.asked.as_ref()) else { return Ok(None) };
        // Use that cannot be noted lets the session end sooner, no more.
        let idle = browser::touch(app, &found.session, now).await.unwrap_or(found.claims.exp);
        return Ok(Some(Current { ends_at: idle.min(found.ends_at), claims: found.claims, person }));
    }
    let Some(known) = userinfo::known(app, token, now).await? else { return Ok(None) };
    let person = current::person(&known.claims, &known.facts, known.asked.as_ref());
    Ok(person.map(|person| Current { ends_at: known.claims.exp, claims: known.claims, person }))
}

/// Nobody is signed in by it, or not any more: a refresh may help, or a sign-in.
fn nobody() -> Response {
    let body = json!({ "error": "login_required", "error_description": "no cookie signs anybody in" });
    let mut response = answer::json(StatusCode::UNAUTHORIZED, &body);
    // RFC 9110 §11.6.1: "MUST send a WWW-Authenticate header field". No registered scheme says "by cookie".
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"symbolon\""));
    response
}
