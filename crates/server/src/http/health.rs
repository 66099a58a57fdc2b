//! `/livez` (the process answers) and `/readyz` (the store answers, a key can sign, the node is not stopping). Not logged.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::app::App;
use crate::health;

/// `GET /livez`.
pub(super) async fn livez() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: 503 while requests should go elsewhere.
pub(super) async fn readyz(State(app): State<Arc<App>>) -> Response {
    let health = health::examine(&app).await;
    match health.reason() {
        None => "ok\n".into_response(),
        Some(why) => {
            tracing::warn!(?health, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response()
        }
    }
}
