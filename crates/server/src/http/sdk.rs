//! `/sdk/v1/symbolon.js` and what belongs to it: the browser SDK, served by the server itself so that a page needs no package
//! manager; and a twin of each file named by its hash, for pages that want it immutable.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use symbolon_jose::{base64url, sha256};

use super::compressed::Compressed;
use crate::sdk::{self, FILES, Keep};

/// Each file by its plain name, compressed once, and what tells it from the one of another version.
static SENT: LazyLock<HashMap<&str, (Compressed, String)>> = LazyLock::new(|| {
    // Weak, because the same file is sent in two codings (RFC 9110 §8.8.1).
    let tag = |content: &[u8]| format!("W/\"{}\"", &base64url::encode(&sha256(content))[..16]);
    FILES.iter().map(|file| (file.name, (Compressed::new(file.content), tag(file.content)))).collect()
});

/// A file under its plain name (revalidated within minutes) or its hashed one (kept for ever).
pub(super) async fn file(Path(name): Path<String>, asked: HeaderMap) -> Response {
    let found = sdk::find(&name).and_then(|(file, keep)| Some((file, keep, SENT.get(file.name)?)));
    let Some((file, keep, (content, tag))) = found else { return StatusCode::NOT_FOUND.into_response() };
    let cache = match keep {
        Keep::Minutes => "public, max-age=300",
        Keep::ForEver => "public, max-age=31536000, immutable",
        Keep::Not => "no-store",
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(file.content_type)),
        (CACHE_CONTROL, HeaderValue::from_static(cache)),
        (ETAG, HeaderValue::from_str(tag).unwrap_or_else(|_| HeaderValue::from_static("W/\"\""))),
        (HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff")),
        // Pages of other origins load it as a module.
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin")),
    ];
    let is_known = |known: &HeaderValue| known.to_str().is_ok_and(|known| known.split(", ").any(|one| one == tag));
    if asked.get_all(IF_NONE_MATCH).iter().any(is_known) {
        return (StatusCode::NOT_MODIFIED, headers, [(VARY, "accept-encoding")]).into_response();
    }
    (headers, content.answer(&asked)).into_response()
}
