//! The configuration endpoint (Shared Signals Framework 1.0 §8.1.1): create, read, update, replace and delete streams.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::json;
use symbolon_oauth::random_id;
use symbolon_oauth::shared_signals::stream::{Secrets, StreamConfig, StreamRequest, StreamView, Supplied};
use symbolon_oauth::shared_signals::{Receiver, Refusal};
use symbolon_store::{EventStream, StreamChange, StreamStatus};

use super::{Caller, Failure, named_stream, no_content, respond, stream_id};
use crate::app::App;
use crate::http::answer;
use crate::http::meta::Meta;
use crate::rng::SystemRng;
use crate::{events, shared_signals};

/// Streams one receiver may have.
const MAX_STREAMS: u32 = 10;

/// `POST`
pub(in crate::http) async fn create(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    respond(created(&app, &meta, &headers, body).await)
}

async fn created(app: &App, meta: &Meta, headers: &HeaderMap, body: Body) -> Result<Response, Failure> {
    let caller = Caller::manager(app, meta, headers).await?;
    let config = StreamRequest::parse(&caller.body(headers, body).await?)?.create()?;
    let id = random_id(&mut SystemRng);
    let stream = EventStream {
        client_id: caller.client_id().to_owned(),
        transmission: shared_signals::transmission(&config),
        events: event_names(&config),
        configuration: shared_signals::stored(app, &id, &config),
        id,
        status: StreamStatus::Enabled,
        reason: None,
        max_waiting: app.config().ssf.max_waiting,
        waiting: None,
        dropped: 0,
        verified_at: None,
        created_at: meta.now,
        updated_at: meta.now,
        revision: 1,
    };
    if !app.store.create_stream(stream.clone(), MAX_STREAMS).await? {
        return Err(Refusal::TooMany.into());
    }
    events::stream(app, meta, "stream.create", caller.client_id(), json!({ "stream": stream.id })).await?;
    Ok(answer::json(StatusCode::CREATED, &caller.view(&stream, &config)))
}

/// `GET`, of one or of all.
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
    if let Some(id) = stream_id(query)? {
        let stream = caller.stream(&id).await?;
        let config = shared_signals::config(app, &stream)?;
        return Ok(answer::json(StatusCode::OK, &caller.view(&stream, &config)));
    }
    let streams = app.store.streams(Some(caller.client_id())).await?;
    let view = |stream: &EventStream| Ok(caller.view(stream, &shared_signals::config(app, stream)?));
    let views = streams.iter().map(view).collect::<Result<Vec<StreamView>, Failure>>()?;
    Ok(answer::json(StatusCode::OK, &views))
}

/// What a change does with what it does not name.
#[derive(Clone, Copy)]
enum Unnamed {
    Goes,
    Stays,
}

/// `PATCH`
pub(in crate::http) async fn update(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    respond(changed(&app, &meta, &headers, body, Unnamed::Stays).await)
}

/// `PUT`
pub(in crate::http) async fn replace(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    respond(changed(&app, &meta, &headers, body, Unnamed::Goes).await)
}

async fn changed(
    app: &App,
    meta: &Meta,
    headers: &HeaderMap,
    body: Body,
    unnamed: Unnamed,
) -> Result<Response, Failure> {
    let caller = Caller::manager(app, meta, headers).await?;
    let request = StreamRequest::parse(&caller.body(headers, body).await?)?;
    let stream = caller.stream(request.stream_id()?).await?;
    let present = shared_signals::config(app, &stream)?;
    let supplied = caller.supplied(&stream);
    let config = match unnamed {
        Unnamed::Goes => request.replace(supplied, &present)?,
        Unnamed::Stays => request.update(supplied, &present)?,
    };
    let change = StreamChange {
        expect_revision: stream.revision,
        transmission: shared_signals::transmission(&config),
        events: event_names(&config),
        configuration: shared_signals::stored(app, &stream.id, &config),
    };
    let stream = app.store.update_stream(&stream.id, change, meta.now).await?;
    events::stream(app, meta, "stream.change", caller.client_id(), json!({ "stream": stream.id })).await?;
    Ok(answer::json(StatusCode::OK, &caller.view(&stream, &config)))
}

/// `DELETE`
pub(in crate::http) async fn delete(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    respond(deleted(&app, &meta, &headers, query.as_deref()).await)
}

async fn deleted(app: &App, meta: &Meta, headers: &HeaderMap, query: Option<&str>) -> Result<Response, Failure> {
    let caller = Caller::manager(app, meta, headers).await?;
    let stream = caller.stream(&named_stream(query)?).await?;
    if !app.store.delete_stream(&stream.id).await? {
        return Err(Refusal::Unknown.into());
    }
    events::stream(app, meta, "stream.delete", caller.client_id(), json!({ "stream": stream.id })).await?;
    Ok(no_content())
}

fn event_names(config: &StreamConfig) -> std::collections::BTreeSet<String> {
    config.events_delivered().into_iter().map(|event_type| event_type.name().to_owned()).collect()
}

impl Caller<'_> {
    fn supplied<'s>(&'s self, stream: &'s EventStream) -> Supplied<'s> {
        Supplied { issuer: &self.app.issuer, client_id: self.client_id(), stream_id: &stream.id }
    }

    fn view(&self, stream: &EventStream, config: &StreamConfig) -> StreamView {
        let secrets = match self.may {
            Receiver::Manager => Secrets::Shown,
            Receiver::Reader => Secrets::Hidden,
        };
        config.view(self.supplied(stream), secrets)
    }
}
