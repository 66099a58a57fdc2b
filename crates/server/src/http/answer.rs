//! Answers of the protocol endpoints: JSON that nobody stores, errors by the one table in `oauth::error`.

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use symbolon_oauth::{ErrorBody, OAuthError};

use super::cors::{AnswersApi, AnswersClient};
use super::meta::Refused;

/// Values that stand ready: text would be checked and copied for every answer.
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (CONTENT_TYPE, HeaderValue::from_static("application/json")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (PRAGMA, HeaderValue::from_static("no-cache")),
    (HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff")),
];

/// JSON that may hold tokens or personal data: never stored (RFC 6749 §5.1).
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let Ok(body) = serde_json::to_vec(body) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    (status, HEADERS, body).into_response()
}

/// A status that says enough.
pub(super) fn empty(status: StatusCode) -> Response {
    let mut response = (status, HEADERS).into_response();
    response.headers_mut().remove(CONTENT_TYPE);
    response
}

/// A token as an answer of its own, of this media type (RFC 7519 §10.3.1, RFC 9701 §5): never stored.
pub(super) fn jwt(media: HeaderValue, jwt: String) -> Response {
    let mut response = (HEADERS, jwt).into_response();
    response.headers_mut().insert(CONTENT_TYPE, media);
    response
}

/// An error of the token, revocation, introspection or `/authenticate` endpoint (RFC 6749 §5.2). The cause
/// goes to the log, the standard's code to the caller.
pub(super) fn error(error: &OAuthError) -> Response {
    let wire = error.wire();
    let mut response = json(StatusCode::from_u16(wire.status).unwrap_or(StatusCode::BAD_REQUEST), &wire.body());
    let headers = response.headers_mut();
    if let Some(challenge) = wire.www_authenticate {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    if let Some(seconds) = wire.retry_after_secs {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Refused::note(response, error)
}

/// A protocol endpoint, called with a method it does not have.
pub(super) async fn method_not_allowed() -> Response {
    let body = ErrorBody { error: "invalid_request", error_description: "this method is not supported here".into() };
    json(StatusCode::METHOD_NOT_ALLOWED, &body)
}

/// Marks an answer as meant for an API, so that no page may read it.
pub(super) fn to_api(mut response: Response) -> Response {
    response.extensions_mut().insert(AnswersApi);
    response
}

/// Marks an answer as meant for a client, so that its origins may read it.
pub(super) fn to_client(mut response: Response, client_id: &str) -> Response {
    response.extensions_mut().insert(AnswersClient(client_id.to_owned()));
    response
}
