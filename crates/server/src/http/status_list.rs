//! `GET /status/{list}`: a Token Status List (draft-ietf-oauth-status-list-20 §8), for whoever has a token that names it.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};
use symbolon_oauth::status_list::MEDIA_TYPE;

use super::answer;
use super::meta::Meta;
use crate::app::App;
use crate::status_list;

/// The list token.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    if !accepts(&headers) {
        return StatusCode::NOT_ACCEPTABLE.into_response();
    }
    match status_list::signed(&app, &id).await {
        Ok(Some(signed)) => {
            let keep = format!("public, max-age={}", signed.fresh_secs(meta.now));
            let mut response = ([(CONTENT_TYPE, MEDIA_TYPE), (VARY, "Accept")], signed.token).into_response();
            if let Ok(keep) = HeaderValue::try_from(keep) {
                response.headers_mut().insert(CACHE_CONTROL, keep);
            }
            response
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => answer::error(&error),
    }
}

/// The JWT form is the only one there is (§8.1: the CWT form is asked for by its own type).
fn accepts(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
    lines.peek().is_none()
        || lines.flat_map(|line| line.split(',')).any(|range| {
            let range = range.split(';').next().unwrap_or_default().trim();
            [MEDIA_TYPE, "application/*", "*/*"].iter().any(|known| range.eq_ignore_ascii_case(known))
        })
}
