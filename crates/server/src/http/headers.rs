//! Security headers that every answer has, whatever made it: documents, empty answers and refused methods too. What a
//! handler set itself stays (the pages have a whole policy, [`crate::pages::Csp`]).
//!
//! Nothing is sniffed (security 104), nothing leaks by referrer, an answer that is no page runs nothing and is framed
//! nowhere (103), and over https the browser stays there (105). Refused here: requests that leave open which host is
//! meant (RFC 9112 §3.2; security 110).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{
    CONNECTION, CONTENT_SECURITY_POLICY, HOST, REFERRER_POLICY, SET_COOKIE, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode, Version};

use crate::app::App;
use crate::pages::{HSTS, Transport};
use crate::session::cookie::CookieKind;

/// The outermost middleware.
pub(super) async fn layer(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let unusable = unusable_cookies(request.headers(), app.transport);
    let mut response = if is_ambiguous(request.version(), request.headers()) {
        (StatusCode::BAD_REQUEST, [(CONNECTION, "close")]).into_response()
    } else {
        next.run(request).await
    };
    let fixed = HeaderValue::from_static;
    let mut defaults = vec![
        (X_CONTENT_TYPE_OPTIONS, fixed("nosniff")),
        (REFERRER_POLICY, fixed("no-referrer")),
        (CONTENT_SECURITY_POLICY, fixed("default-src 'none'; frame-ancestors 'none'")),
    ];
    if app.transport == Transport::Https {
        defaults.push((STRICT_TRANSPORT_SECURITY, fixed(HSTS)));
    }
    for (name, value) in defaults {
        response.headers_mut().entry(name).or_insert(value);
    }
    for cookie in unusable {
        let name = format!("{}=", cookie.name(app.transport));
        let is_set = |value: &HeaderValue| value.as_bytes().starts_with(name.as_bytes());
        if !response.headers().get_all(SET_COOKIE).iter().any(is_set) {
            response.headers_mut().append(SET_COOKIE, cookie.clear(app.transport));
        }
    }
    response
}

/// Cookies of ours that came twice or are not what we set: cleared, or the browser would send them for ever.
fn unusable_cookies(headers: &HeaderMap, transport: Transport) -> Vec<CookieKind> {
    CookieKind::ALL.into_iter().filter(|cookie| cookie.read(headers, transport).is_err()).collect()
}

/// No host, or several: a proxy before us may have read another one. (Two lengths hyper refuses; beside
/// `Transfer-Encoding` it drops `Content-Length`, as RFC 9112 §6.3 allows.)
fn is_ambiguous(version: Version, headers: &HeaderMap) -> bool {
    let hosts = headers.get_all(HOST).iter().count();
    hosts > 1 || (version == Version::HTTP_11 && hosts == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_host_is_clear() {
        for (version, hosts, ambiguous) in [
            (Version::HTTP_11, &["a"][..], false),
            (Version::HTTP_10, &[], false),
            (Version::HTTP_2, &[], false),
            (Version::HTTP_11, &[], true),
            (Version::HTTP_11, &["a", "a"], true),
            (Version::HTTP_10, &["a", "b"], true),
        ] {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(HOST, HeaderValue::from_static(host));
            }
            assert_eq!(is_ambiguous(version, &headers), ambiguous, "{version:?} {hosts:?}");
        }
    }
}
