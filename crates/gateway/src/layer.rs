//! What every answer has, whoever made it: headers that keep browsers careful (security 103–108), leave for the named origins to read it, and a line in the log.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, CONNECTION, CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use symbolon_server::clock::Stopwatch;
use symbolon_server::pages::Transport;

use crate::gateway::Gateway;

const COOP: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The outermost middleware.
pub(crate) async fn every(State(gateway): State<Arc<Gateway>>, request: Request, next: Next) -> Response {
    let (watch, method, path) = (Stopwatch::start(), request.method().clone(), request.uri().path().to_owned());
    let named = named_origin(&gateway, request.headers());
    let asked = request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    let preflight = method == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if is_ambiguous(request.version(), request.headers()) {
        (StatusCode::BAD_REQUEST, [(CONNECTION, "close")]).into_response()
    } else if preflight {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    if preflight {
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }
    if let Some(origin) = named {
        allow(headers, origin, preflight.then_some(asked).flatten());
    }
    defaults(headers, gateway.transport());
    let status = response.status().as_u16();
    let time_ms = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(%method, path, status, time_ms, "request");
    response
}

/// The origin that asks, if it is one of the configuration's: exact texts, never a reflected one (security 108).
fn named_origin(gateway: &Gateway, headers: &HeaderMap) -> Option<HeaderValue> {
    let mut found = headers.get_all(ORIGIN).iter();
    let (Some(origin), None) = (found.next(), found.next()) else { return None };
    let is_named = gateway.config.origins.iter().any(|named| named.as_str().as_bytes() == origin.as_bytes());
    is_named.then(|| origin.clone())
}

fn allow(headers: &mut HeaderMap, origin: HeaderValue, asked: Option<HeaderValue>) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("ETag, Link, Location, Retry-After, WWW-Authenticate"),
    );
    if let Some(asked) = asked {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked);
    }
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    // It says so itself, and by more than a header of its browser's.
    headers.insert(CORP, HeaderValue::from_static("same-site"));
}

fn defaults(headers: &mut HeaderMap, transport: Transport) {
    let fixed = HeaderValue::from_static;
    let mut defaults = vec![
        (X_CONTENT_TYPE_OPTIONS, fixed("nosniff")),
        (REFERRER_POLICY, fixed("same-origin")),
        (CONTENT_SECURITY_POLICY, fixed("default-src 'none'; frame-ancestors 'none'")),
        (COOP, fixed("same-origin")),
        (CORP, fixed("same-origin")),
    ];
    if transport == Transport::Https {
        defaults.push((STRICT_TRANSPORT_SECURITY, fixed("max-age=31536000")));
    }
    for (name, value) in defaults {
        headers.entry(name).or_insert(value);
    }
}

/// No host, or several: a proxy before us may have read another one (RFC 9112 §3.2).
fn is_ambiguous(version: Version, headers: &HeaderMap) -> bool {
    let hosts = headers.get_all(HOST).iter().count();
    hosts > 1 || (version == Version::HTTP_11 && hosts == 0)
}
