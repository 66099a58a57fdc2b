//! Polling (RFC 8936): a receiver says what it has and gets what there is; if there is nothing it may wait, for a while.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use symbolon_oauth::shared_signals::poll::{PollRequest, PollResponse, Wait};
use symbolon_oauth::shared_signals::{Refusal, set};
use symbolon_store::{EventFate, EventStream, Transmission};
use tokio::time::MissedTickBehavior;

use super::{Caller, Failure, respond};
use crate::app::App;
use crate::http::answer;
use crate::http::meta::Meta;
use crate::shared_signals;

/// The longest wait. It also ends at half of what a request may take.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// How often to look while waiting, besides the store's own notice: another node may have written, or the stream have been enabled.
const LOOK: Duration = Duration::from_secs(2);
/// How often at most: any message in the outbox is a notice to everybody who waits.
const PACE: Duration = Duration::from_millis(100);

/// `POST /ssf/poll/{stream}`
pub(in crate::http) async fn poll(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    Path(stream): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    respond(polled(&app, &meta, &stream, &headers, body).await)
}

async fn polled(app: &App, meta: &Meta, id: &str, headers: &HeaderMap, body: Body) -> Result<Response, Failure> {
    let (caller, stream) = Caller::polling(app, meta, headers, id).await?;
    let request = PollRequest::parse(&caller.body(headers, body).await?)?;
    caller.settle(&stream, &request).await?;
    let mut news = app.store.watch_deliveries();
    let waits = request.wait == Wait::ForEvents;
    let waiting = if waits { app.signals.wait() } else { None };
    let longest = LONGEST_WAIT.min(Duration::from_secs(app.config().http.request_timeout_secs) / 2);
    let mut beat = tokio::time::interval(PACE);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut enough = std::pin::pin!(tokio::time::sleep(longest));
    loop {
        beat.tick().await;
        news.mark_unchanged();
        let response = take(app, meta, headers, id, request.max_events).await?;
        if !response.sets.is_empty() || waiting.is_none() {
            return Ok(answer::json(StatusCode::OK, &response));
        }
        tokio::select! {
            () = &mut enough => return Ok(answer::json(StatusCode::OK, &response)),
            () = app.signals.closed() => return Ok(answer::json(StatusCode::OK, &response)),
            Ok(()) = news.changed() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

impl<'a> Caller<'a> {
    /// Whoever may poll this stream, and the stream.
    async fn polling(
        app: &'a App,
        meta: &'a Meta,
        headers: &HeaderMap,
        id: &str,
    ) -> Result<(Self, EventStream), Failure> {
        let caller = Self::reader(app, meta, headers).await?;
        let stream = caller.stream(id).await?;
        if stream.transmission != Transmission::Poll {
            return Err(Refusal::Invalid("the events of this stream are pushed").into());
        }
        Ok((caller, stream))
    }

    /// What the receiver has, and what it cannot use, it does not get again. Ids of other streams mean nothing here.
    async fn settle(&self, stream: &EventStream, request: &PollRequest) -> Result<(), Failure> {
        let number = |jti: &str| set::number(&stream.id, jti);
        let taken = request.ack.iter().filter_map(|jti| Some((number(jti)?, EventFate::Taken)));
        let refused = request.errors.iter().filter_map(|(jti, error)| {
            let number = number(jti)?;
            tracing::warn!(stream = stream.id, number, error, "a receiver cannot use an event");
            Some((number, EventFate::Refused { error: error.clone() }))
        });
        let fates: Vec<(u64, EventFate)> = refused.chain(taken).collect();
        if !fates.is_empty() {
            self.app.store.settle_polled_events(&stream.id, fates, self.meta.now).await?;
        }
        Ok(())
    }
}

/// The first events that wait, signed. What is none of the receiver's business is put away on the way.
///
/// Who waits may have lost access meanwhile, or want to hear of other things. So access, client and stream are looked at anew, after the
/// events were read: what is judged is never newer than what it is judged by.
async fn take(app: &App, meta: &Meta, headers: &HeaderMap, id: &str, max_events: u32) -> Result<PollResponse, Failure> {
    loop {
        let mut waiting = app.store.polled_events(id, max_events + 1).await?;
        let (caller, stream) = Caller::polling(app, meta, headers, id).await?;
        let mut response = PollResponse { more_available: waiting.len() > max_events as usize, ..Default::default() };
        waiting.truncate(max_events as usize);
        let (registry, mut put_away) = (app.registry(), Vec::new());
        for delivery in &waiting {
            match shared_signals::happened(delivery) {
                Ok(happened) if shared_signals::is_wanted(&caller.client, &stream, &happened) => {
                    let token = shared_signals::sign(app, &registry, &caller.client, &stream, &happened)?;
                    response.sets.insert(set::jti(&stream.id, happened.number), token);
                }
                Ok(happened) => put_away.push((happened.number, EventFate::Unwanted)),
                Err(why) => {
                    tracing::error!(%why, delivery = delivery.id, "a stored event cannot be read");
                    let number = delivery.payload["number"].as_u64().unwrap_or(0);
                    put_away.push((number, EventFate::Refused { error: format!("it cannot be read: {why}") }));
                }
            }
        }
        let again = response.sets.is_empty() && response.more_available && !put_away.is_empty();
        if !put_away.is_empty() {
            app.store.settle_polled_events(&stream.id, put_away, meta.now).await?;
        }
        if !again {
            return Ok(response);
        }
    }
}
