//! `GET /.well-known/jwks.json`: the public keys (RFC 7517 §5), serialised once per registry snapshot.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::app::App;

/// Verifiers may keep the set this long; a new key is published well before it signs.
const CACHE: &str = "public, max-age=300";

/// The key set.
pub(super) async fn jwks(State(app): State<Arc<App>>) -> Response {
    let headers = [(CONTENT_TYPE, "application/jwk-set+json"), (CACHE_CONTROL, CACHE)];
    (headers, app.registry().jwks()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_says_what_rotation_waits_for() {
        assert_eq!(CACHE, format!("public, max-age={}", crate::keys::SET_CACHE_SECS));
    }
}
