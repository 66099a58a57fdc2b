//! `/livez` (the process answers) and `/readyz` (the store answers and a key can sign). Not logged.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::app::App;

/// `GET /livez`.
pub(super) async fn livez() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: 503 while the store does not answer or no key can sign.
pub(super) async fn readyz(State(app): State<Arc<App>>) -> Response {
    if let Err(error) = app.store.ping().await {
        tracing::warn!(%error, "not ready: the store does not answer");
        return (StatusCode::SERVICE_UNAVAILABLE, "store unavailable\n").into_response();
    }
    if app.registry().keys().algorithms().next().is_none() {
        return (StatusCode::SERVICE_UNAVAILABLE, "no signing key\n").into_response();
    }
    "ok\n".into_response()
}
