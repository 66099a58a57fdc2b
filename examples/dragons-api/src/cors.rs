//! CORS for one kind of caller: pages of known origins that send the token in the `Authorization` header, and no cookie.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// Answers preflights and marks answers that a page of one of `origins` may read. Stands outside the guard, because a
/// browser sends no token with a preflight.
pub(crate) async fn cors(State(origins): State<Arc<[String]>>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let allowed = origin.filter(|origin| origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()));
    let preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);

    let mut response = if preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let headers = response.headers_mut();
    // Caches must not show one origin the answer for another.
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = allowed else { return response };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    if preflight {
        let methods = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        let names = HeaderValue::from_static("Authorization, Content-Type, DPoP");
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    } else {
        // Lets the page read why it was refused, and try again with a fresh token.
        let exposed = HeaderValue::from_static("WWW-Authenticate, DPoP-Nonce");
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
    response
}
