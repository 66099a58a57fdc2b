//! The status endpoint (Shared Signals Framework 1.0 §8.1.2) and the verification endpoint (§8.1.4).

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::json;
use symbolon_oauth::shared_signals::Refusal;
use symbolon_oauth::shared_signals::status::{
    MIN_VERIFICATION_INTERVAL_SECS, Status, StreamStatus as View, VerificationRequest,
};
use symbolon_store::{EventStream, NewStreamStatus, StatusBy, StatusChange, StreamStatus, Verification, with_loss};

use super::{Caller, Failure, named_stream, no_content, respond};
use crate::app::App;
use crate::events;
use crate::http::answer;
use crate::http::meta::Meta;

/// `GET /ssf/status`
pub(in crate::http) async fn read(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    respond(shown(&app, &meta, &headers, query.as_deref()).await)
}

async fn shown(app: &App, meta: &Meta, headers: &HeaderMap, query: Option<&str>) -> Result<Response, Failure> {
    let caller = Caller::reader(app, meta, headers).await?;
    let stream = caller.stream(&named_stream(query)?).await?;
    Ok(answer::json(StatusCode::OK, &view(&stream)))
}

/// `POST /ssf/status`
pub(in crate::http) async fn update(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    respond(changed(&app, &meta, &headers, body).await)
}

async fn changed(app: &App, meta: &Meta, headers: &HeaderMap, body: Body) -> Result<Response, Failure> {
    let caller = Caller::manager(app, meta, headers).await?;
    let asked = View::parse(&caller.body(headers, body).await?)?;
    let stream = caller.stream(&asked.stream_id).await?;
    let status = match asked.status {
        Status::Disabled => StreamStatus::Disabled,
        Status::Enabled => StreamStatus::Enabled,
        Status::Paused => StreamStatus::Paused,
    };
    let new = NewStreamStatus { status, reason: asked.reason, by: StatusBy::Receiver };
    let StatusChange { mut stream, lost } = app.store.set_stream_status(&stream.id, new, meta.now).await?;
    let detail = json!({ "stream": stream.id, "status": stream.status, "reason": stream.reason, "lost": lost });
    events::stream(app, meta, "stream.status", caller.client_id(), detail).await?;
    // Here for the last time, as its count has begun anew.
    stream.dropped += lost;
    Ok(answer::json(StatusCode::OK, &view(&stream)))
}

/// `POST /ssf/verify`
pub(in crate::http) async fn verify(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    respond(verified(&app, &meta, &headers, body).await)
}

async fn verified(app: &App, meta: &Meta, headers: &HeaderMap, body: Body) -> Result<Response, Failure> {
    let caller = Caller::manager(app, meta, headers).await?;
    let VerificationRequest { stream_id, state } = VerificationRequest::parse(&caller.body(headers, body).await?)?;
    let stream = caller.stream(&stream_id).await?;
    match app.store.verify_stream(&stream.id, state, MIN_VERIFICATION_INTERVAL_SECS, meta.now).await? {
        Verification::Done => Ok(no_content()),
        Verification::TooSoon { at } => Err(Refusal::TooSoon { wait_secs: at.saturating_sub(meta.now) }.into()),
    }
}

fn view(stream: &EventStream) -> View {
    let status = match stream.status {
        StreamStatus::Disabled => Status::Disabled,
        StreamStatus::Enabled => Status::Enabled,
        StreamStatus::Paused => Status::Paused,
    };
    let reason = with_loss(stream.reason.as_deref(), stream.dropped);
    View { stream_id: stream.id.clone(), status, reason }
}
