//! What goes wrong, as a caller hears it (RFC 9457): a status and a word, and nothing of what happened behind the gateway.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// Nobody is signed in, or not any more.
    SignInNeeded,
    /// A page of another origin made the browser send it.
    CrossSite,
    /// It changes something, and does not carry the session's token.
    CsrfToken,
    /// The path could mean two things.
    Path,
    /// There is nothing.
    NotFound,
    /// Not with this method.
    Method,
    /// The request itself makes no sense.
    Malformed,
    /// The body is longer than is taken.
    BodyTooLarge,
    /// So many WebSockets are open that there will be no other.
    TooManySockets,
    /// The issuer cannot be asked for a token.
    IssuerAway,
    /// The API cannot be reached.
    ApiAway,
    /// The API does not answer in time.
    ApiSlow,
    /// The gateway itself failed; its log says why.
    Internal,
}

impl Problem {
    const fn status(self) -> StatusCode {
        match self {
            Self::SignInNeeded => StatusCode::UNAUTHORIZED,
            Self::CrossSite | Self::CsrfToken => StatusCode::FORBIDDEN,
            Self::Path | Self::Malformed => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooManySockets => StatusCode::TOO_MANY_REQUESTS,
            Self::IssuerAway => StatusCode::SERVICE_UNAVAILABLE,
            Self::ApiAway => StatusCode::BAD_GATEWAY,
            Self::ApiSlow => StatusCode::GATEWAY_TIMEOUT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// For programs, and for people.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::SignInNeeded => ("sign_in_needed", "nobody is signed in; go to /login"),
            Self::CrossSite => ("cross_site", "a page of another origin sent this"),
            Self::CsrfToken => ("csrf_token", "X-CSRF-Token must hold the csrf_token of /session"),
            Self::Path => ("path", "the path is not clear: no dot segments, encoded slashes or empty segments"),
            Self::NotFound => ("not_found", "there is nothing here"),
            Self::Method => ("method", "there is no such method here"),
            Self::Malformed => ("malformed", "the request cannot be read"),
            Self::BodyTooLarge => ("body_too_large", "the body is longer than the gateway takes"),
            Self::TooManySockets => ("too_many_sockets", "too many WebSockets are open"),
            Self::IssuerAway => ("issuer_away", "tokens cannot be renewed now; try again in a moment"),
            Self::ApiAway => ("api_away", "the API cannot be reached"),
            Self::ApiSlow => ("api_slow", "the API does not answer in time"),
            Self::Internal => ("internal", "the gateway failed; its log says why"),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, (code, detail)) = (self.status(), self.words());
        let body = json!({
            "type": "about:blank", "title": status.canonical_reason(), "status": status.as_u16(), "error": code, "detail": detail,
        });
        let mut response = (status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match self {
            // RFC 9110 §15.5.2 asks for one. No browser knows the scheme, so none asks the person for a password.
            Self::SignInNeeded => drop(headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Session"))),
            Self::IssuerAway => drop(headers.insert(header::RETRY_AFTER, HeaderValue::from_static("3"))),
            _ => {}
        }
        response
    }
}
