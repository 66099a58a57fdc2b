//! Security headers that every answer has, whatever made it: documents, empty answers and refused methods too. What a
//! handler set itself stays (the pages have a whole policy, [`crate::pages::Csp`]).
//!
//! Nothing is sniffed (security 104), nothing leaks by referrer, an answer that is no page runs nothing and is framed
//! nowhere (103), and over https the browser stays there (105).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderValue;
use http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS};

use crate::app::App;
use crate::pages::{HSTS, Transport};

/// The middleware.
pub(super) async fn layer(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
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
    response
}
