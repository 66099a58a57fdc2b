//! `/.well-known/openid-configuration` (OpenID Connect Discovery 1.0 §4) and
//! `/.well-known/oauth-authorization-server` (RFC 8414 §3): the same document, which lists what works.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::app::App;

/// Clients may keep the document this long.
const CACHE: &str = "public, max-age=300";

/// The metadata document.
pub(super) async fn metadata(State(app): State<Arc<App>>) -> Response {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, CACHE)];
    (headers, app.registry().metadata()).into_response()
}
