//! `/sdk/v1/symbolon.js` and what belongs to it: the browser SDK, served by the server itself so that a page needs no package
//! manager; and a twin of each file named by its hash, for pages that want it immutable.

use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, StatusCode};

use crate::sdk::{self, Keep};

/// A file under its plain name (revalidated within minutes) or its hashed one (kept for ever).
pub(super) async fn file(Path(name): Path<String>) -> Response {
    let Some((file, keep)) = sdk::find(&name) else { return StatusCode::NOT_FOUND.into_response() };
    let cache = match keep {
        Keep::Minutes => "public, max-age=300",
        Keep::ForEver => "public, max-age=31536000, immutable",
        Keep::Not => "no-store",
    };
    let headers = [
        (CONTENT_TYPE, file.content_type),
        (CACHE_CONTROL, cache),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
        // Pages of other origins load it as a module.
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ];
    (headers, file.content).into_response()
}
