//! The listener for who watches a node: `/metrics` as OpenMetrics text, and health with what it goes by. Not for the public, and not
//! logged.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use symbolon_store::Connections;

use super::process;
use crate::app::App;
use crate::health::{self, Health};
use crate::keys::KeyState;

const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The router of the listener at `metrics.listen`.
pub(crate) fn router(app: &Arc<App>) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(live))
        .route("/readyz", get(ready))
        .with_state(Arc::clone(app))
}

async fn live() -> &'static str {
    "ok\n"
}

async fn ready(State(app): State<Arc<App>>) -> Response {
    let health: Health = health::examine(&app).await;
    let status = if health.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(CACHE_CONTROL, "no-store")], Json(health)).into_response()
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    let mut out = String::new();
    let of_now = of_now(&app);
    let written = text::encode_registry(&mut out, &app.metrics.registry)
        .and_then(|()| text::encode_registry(&mut out, &of_now))
        .and_then(|()| text::encode_eof(&mut out));
    match written {
        Ok(()) => ([(CONTENT_TYPE, MEDIA_TYPE), (CACHE_CONTROL, "no-store")], out).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Key {
    state: &'static str,
    alg: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Connection {
    /// `busy` or `idle`.
    state: &'static str,
}

/// What is not counted but is so at the moment of the scrape.
fn of_now(app: &App) -> Registry {
    let mut registry = Registry::default();
    process::register(&mut registry, app.metrics.started_at);
    let ours = registry.sub_registry_with_prefix("symbolon");
    ours.register("build", "Which version runs", Info::new(Build { version: env!("CARGO_PKG_VERSION") }));
    let waiting = number(app.passwords.waiting());
    ours.register("password_hash_queue", "Sign-ins that wait for a hash", ConstGauge::new(waiting));

    register_connections(ours, app.store.connections());
    let made_at = app.metrics.backup_made_at.load(Ordering::Relaxed);
    if made_at > 0 {
        let help = "When the last scheduled backup was made, by whichever node, Unix time";
        ours.register_with_unit("backup_timestamp", help, Unit::Seconds, ConstGauge::new(made_at));
    }
    let followers = number(app.feed.followers());
    ours.register("revocation_followers", "Open streams of revocations", ConstGauge::new(followers));

    let keys = Family::<Key, Gauge>::default();
    let mut rotated_at = 0;
    for record in app.registry().key_records() {
        let state = match record.life {
            KeyState::Next => "next",
            KeyState::Active { since } => {
                rotated_at = rotated_at.max(since);
                "active"
            }
            KeyState::Retired { .. } => "retired",
        };
        keys.get_or_create(&Key { state, alg: record.alg.name() }).inc();
    }
    ours.register("signing_keys", "Signing keys by state", keys);
    let help = "When a key last began to sign, Unix time";
    ours.register_with_unit("signing_key_rotation_timestamp", help, Unit::Seconds, ConstGauge::new(rotated_at));
    if let Some(certificate) = &app.registry().ordered().certificate {
        let help = "When the certificate that was ordered ends, Unix time";
        ours.register_with_unit("certificate_end_timestamp", help, Unit::Seconds, ConstGauge::new(certificate.ends_at));
    }
    if let Some(age) = app.feed.age_secs(app.clock.now()) {
        let help = "How long ago the feed of revocations last said something";
        ours.register_with_unit("revocation_feed_age", help, Unit::Seconds, ConstGauge::new(age));
    }
    registry
}

/// The connections to the database, where there is one behind connections.
fn register_connections(registry: &mut Registry, connections: Option<Connections>) {
    let Some(Connections { busy, idle, waiting }) = connections else { return };
    let open = Family::<Connection, Gauge>::default();
    for (state, count) in [("busy", busy), ("idle", idle)] {
        open.get_or_create(&Connection { state }).set(number(count).into());
    }
    registry.register("db_connections", "Connections of this node to the database", open);
    let help = "Operations that wait for a connection to the database";
    registry.register("db_connection_queue", help, ConstGauge::new(number(waiting)));
}

/// Gauges are made of signed numbers.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
