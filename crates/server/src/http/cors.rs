//! Cross-origin access (Fetch standard, CORS protocol): discovery and keys are open to all, token endpoints
//! to the origins a client registered. With credentials only to pages of clients whose tokens are cookies (their answers, and what is said
//! before it is known whom an answer is for), of clients that are registered so though nobody looks at their cookies, and where a page of a
//! client signs people in; never `null`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::app::App;

/// Put into a response's extensions by handlers that know the client: its origins alone may read the answer.
#[derive(Clone, Debug)]
pub(super) struct AnswersClient(pub String);

/// Marks an answer for an API's own request at a path that pages ask, too: no page reads it.
#[derive(Clone, Copy)]
pub(super) struct AnswersApi;

/// Lets every origin read the answer.
pub(super) async fn open(request: Request, next: Next) -> Response {
    let_all(request, next, "GET").await
}

/// The same where programs of any origin register themselves: what they may is decided by a token in a header, never by a cookie.
pub(super) async fn open_to_change(request: Request, next: Next) -> Response {
    let_all(request, next, "GET, POST, PUT, DELETE").await
}

async fn let_all(request: Request, next: Next, methods: &'static str) -> Response {
    if is_preflight(&request) {
        let mut response = preflight(methods);
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        return response;
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    // A browser client measures its clock against the server's.
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Date"));
    response
}

/// Lets registered origins read the answer: those of the client it answers, or, where the request names no
/// known client, those of any client (it must be able to read why it was refused).
pub(super) async fn registered(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let mut response = if is_preflight(&request) { preflight("GET, POST") } else { next.run(request).await };
    response.headers_mut().append(VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = origin.filter(|_| response.extensions().get::<AnswersApi>().is_none()) else { return response };
    let client = response.extensions().get::<AnswersClient>().cloned();
    if let Some(reader) = reader(&app, &origin, client.as_ref()) {
        let headers = response.headers_mut();
        if reader == Reader::WithCookies {
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("WWW-Authenticate, DPoP-Nonce, Retry-After, Date"),
        );
    }
    response
}

/// The same for answers that set a cookie: the browser keeps it.
pub(super) async fn registered_with_cookies(app: State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = registered(app, request, next).await;
    let headers = response.headers_mut();
    if headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    response
}

/// A page that may read an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// To a request without cookies.
    WithoutCookies,
    /// Also to one with cookies.
    WithCookies,
}

fn reader(app: &App, origin: &HeaderValue, client: Option<&AnswersClient>) -> Option<Reader> {
    let origin = origin.to_str().ok()?;
    let registry = app.registry();
    let (may_read, with_cookies) = match client.and_then(|client| registry.client(&client.0)) {
        Some(client) => (
            client.allowed_origins.iter().any(|allowed| allowed == origin),
            client.gets_cookies() || client.allow_credentials,
        ),
        None => {
            (registry.is_allowed_origin(origin), registry.gets_cookies(origin) || registry.allows_credentials(origin))
        }
    };
    may_read.then_some(if with_cookies { Reader::WithCookies } else { Reader::WithoutCookies })
}

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

fn preflight(methods: &'static str) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
    headers.insert(
        ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("Authorization, Content-Type, DPoP, Auth0-Client, X-CSRF-Token"),
    );
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    (StatusCode::NO_CONTENT, headers).into_response()
}
