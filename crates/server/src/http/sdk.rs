//! `/sdk/v1/symbolon.js`: the browser SDK, served by the server itself so that a page needs no package
//! manager; and a twin named by its hash, for pages that want it immutable.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, StatusCode};

/// Built from `sdk/js/src`; a test of the SDK fails when it is stale.
const SDK: &[u8] = include_bytes!("../../../../sdk/js/dist/symbolon.js");
const NAME: &str = "symbolon.js";

static HASHED_NAME: LazyLock<String> = LazyLock::new(|| {
    let hash = symbolon_jose::base64url::encode(&symbolon_jose::sha256(SDK));
    format!("symbolon-{}.js", hash.chars().take(16).collect::<String>())
});

/// The SDK under its plain name (revalidated within minutes) or its hashed one (kept for ever).
pub(super) async fn file(Path(name): Path<String>) -> Response {
    let cache = if name == NAME {
        "public, max-age=300"
    } else if name == *HASHED_NAME {
        "public, max-age=31536000, immutable"
    } else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (CACHE_CONTROL, cache),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
        // Pages of other origins load it as a module.
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ];
    (headers, SDK).into_response()
}
