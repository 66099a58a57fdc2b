//! The listener for plain HTTP beside one for TLS (`http.redirect`): it knows the way to the issuer, and what an authority asks there
//! (RFC 8555 §8.3). Nothing else is said without TLS: what was posted here was readable on its way, so it is not sent on.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::uri::PathAndQuery;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use http::{Method, StatusCode, Uri};
use url::Url;

use crate::app::App;

/// The router of the listener.
pub(crate) fn router(app: &Arc<App>) -> Router {
    Router::new()
        .route("/.well-known/acme-challenge/{token}", get(challenge))
        .fallback(redirect)
        .with_state(Arc::clone(app))
}

/// RFC 8555 §8.3: the key authorization, for who knows the token.
async fn challenge(State(app): State<Arc<App>>, Path(token): Path<String>) -> Response {
    let registry = app.registry();
    let Some(answer) = registry.ordered().key_authorization(&token) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [(CONTENT_TYPE, "application/octet-stream"), (CACHE_CONTROL, "no-store")];
    (headers, answer.to_owned()).into_response()
}

async fn redirect(State(app): State<Arc<App>>, method: Method, uri: Uri) -> Response {
    let Some(to) = Url::parse(app.issuer.as_str()).ok().map(|issuer| issuer.origin().ascii_serialization()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if method != Method::GET && method != Method::HEAD {
        return (StatusCode::FORBIDDEN, format!("this is not encrypted; use {to}\n")).into_response();
    }
    // The issuer's host whatever `Host` says, and the path in the form in which it was asked for.
    let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    (StatusCode::PERMANENT_REDIRECT, [(LOCATION, format!("{to}{path}"))]).into_response()
}
