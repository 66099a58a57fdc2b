//! `/session` and `/user/current`: what a page may know of who is signed in, in the shapes of the issuer's own cookie mode. Never a token.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Uri};
use serde_json::{Map, Value, json};
use symbolon_guard::csrf_token;

use crate::gateway::{Gateway, Shown};
use crate::sessions::{Access, Content};
use crate::tokens;

/// `GET /session`: what the access token says, who the person is, and the token of the session's pages.
pub(crate) async fn session(State(gateway): State<Arc<Gateway>>, uri: Uri, headers: HeaderMap) -> Response {
    match gateway.signed_in(&Method::GET, &uri, &headers) {
        Ok(shown) => answer(&told(&gateway, &shown)),
        Err(problem) => problem.into_response(),
    }
}

/// `GET /user/current`: the account.
pub(crate) async fn user(State(gateway): State<Arc<Gateway>>, uri: Uri, headers: HeaderMap) -> Response {
    match gateway.signed_in(&Method::GET, &uri, &headers) {
        Ok(shown) => answer(&Value::from(account(&gateway, &shown))),
        Err(problem) => problem.into_response(),
    }
}

/// `GET /jwks.json`: the public half of the gateway's key, for the issuer.
pub(crate) async fn jwks(State(gateway): State<Arc<Gateway>>) -> Response {
    answer(&gateway.provider.jwks().to_value())
}

/// What a page is told of a session.
pub(crate) fn told(gateway: &Gateway, shown: &Shown<'_>) -> Value {
    let now = gateway.clock.now();
    let ends_at = shown.session.ends_at(gateway.config.session);
    let content = shown.session.content();
    let mut claims = first(gateway, &content).and_then(|access| access.claims.clone()).unwrap_or_default();
    // The gateway speaks for the issuer, and a page knows no other.
    claims.insert("iss".to_owned(), Value::from(gateway.config.origin.as_str()));
    claims.insert("client_id".to_owned(), Value::from(gateway.config.client_id.as_str()));
    claims.insert("iat".to_owned(), Value::from(content.began_at));
    claims.insert("sub".to_owned(), Value::from(content.sub.as_str()));
    // The tokens are renewed meanwhile: what ends is the session.
    claims.insert("exp".to_owned(), Value::from(ends_at));
    json!({
        "claims": claims,
        // Use renews it, as it renews a session value.
        "access_token_format": "session",
        "expires_in": ends_at.saturating_sub(now),
        "scope": content.scope,
        "csrf_token": csrf_token(shown.value),
        "user": content.claims,
    })
}

/// The token for the first API: what it says stands for the sign-in.
fn first<'c>(gateway: &Gateway, content: &'c Content) -> Option<&'c Access> {
    content.access.get(tokens::key(gateway.config.apis.first()?))
}

/// Names of an account at Stormpath, and the claims that say the same.
const NAMES: &[(&str, &[&str])] = &[
    ("email", &["email"]),
    ("fullName", &["name"]),
    ("givenName", &["given_name"]),
    ("middleName", &["middle_name"]),
    ("surname", &["family_name"]),
    ("username", &["preferred_username", "email"]),
];

fn account(gateway: &Gateway, shown: &Shown<'_>) -> Map<String, Value> {
    let content = shown.session.content();
    let mut account = content.claims.clone();
    for (name, claims) in NAMES {
        if let Some(value) = claims.iter().find_map(|claim| account.get(*claim)).cloned() {
            account.insert((*name).to_owned(), value);
        }
    }
    account.insert("href".to_owned(), Value::from(gateway.config.origin.at("/user/current")));
    account.insert("status".to_owned(), Value::from("ENABLED"));
    let roles = first(gateway, &content).and_then(|access| access.claims.as_ref()?.get("roles").cloned());
    account.insert("roles".to_owned(), roles.unwrap_or(json!([])));
    account
}

/// JSON that nobody keeps.
pub(crate) fn answer(body: &Value) -> Response {
    let kind = HeaderValue::from_static("application/json");
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, HeaderValue::from_static("no-store"))], body.to_string()).into_response()
}
