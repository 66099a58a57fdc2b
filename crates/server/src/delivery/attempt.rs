//! One attempt to deliver a message: make it, post it, have its kind judge the answer, write down what became of it.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use symbolon_store::{AuditEvent, Delivery, DeliveryOutcome, DeliveryState};

use super::kind::{Failure, Fate, Kind, Message};
use super::schedule;
use crate::app::App;
use crate::metrics::DeliveryFate;
use crate::outgoing::{Limits, Request};
use crate::rng::SystemRng;

/// How long an attempt may take, and how much of an answer is read: nothing hangs on what it says.
const LIMITS: Limits = Limits { time: Duration::from_secs(5), body_bytes: 1024 };
/// The longest error that is kept.
const MAX_ERROR_CHARS: usize = 300;

/// Delivers a message that was taken. Whatever goes wrong here, the end of its lease brings it back.
pub(super) async fn deliver(app: &App, kind: &dyn Kind, delivery: &Delivery) {
    let DeliveryState::Waiting { next_at: leased_until } = delivery.state else { return };
    let result = match kind.message(app, delivery, app.clock.now()).await {
        Ok(Some(message)) => post(app, kind, message).await,
        Ok(None) => return settle(app, delivery, leased_until, DeliveryOutcome::Unwanted).await,
        Err(failure) => Err(failure),
    };
    let next_at = schedule::next_attempt(delivery.queued_at, app.clock.now(), &mut SystemRng);
    let (outcome, fate, error) = match result {
        Ok(()) => (DeliveryOutcome::Delivered, Fate::Delivered, None),
        Err(Failure::Refused(error)) => {
            (DeliveryOutcome::Failed { error: cut(&error), next_at }, Fate::Failed, Some(error))
        }
        Err(Failure::Unreachable(error)) => {
            (DeliveryOutcome::Unreachable { error: cut(&error), next_at }, Fate::Failed, Some(error))
        }
        Err(Failure::Hopeless(error)) => (DeliveryOutcome::GivenUp { error: cut(&error) }, Fate::GivenUp, Some(error)),
    };
    let error = error.as_deref().map(cut);
    let (outcome_name, _) = fate.words();
    let counted = DeliveryFate { kind: kind.name(), outcome: outcome_name };
    app.metrics.deliveries.get_or_create(&counted).inc();
    say(delivery, fate, error.as_deref());
    settle(app, delivery, leased_until, outcome).await;
    tell(app, kind, delivery, fate, error.as_deref()).await;
}

/// Writes a log line of what became of a message, with what to do about it.
pub(super) fn say(delivery: &Delivery, fate: Fate, error: Option<&str>) {
    // Not `target`: that is where a log line comes from.
    let (id, kind, to) = (delivery.id, delivery.kind.as_str(), delivery.target.as_str());
    match fate {
        Fate::Delivered => tracing::debug!(delivery = id, kind, to, "a message has arrived"),
        Fate::Failed => tracing::warn!(
            delivery = id,
            kind,
            to,
            error,
            "a message was not taken; it is tried again: symbolon delivery list --failed"
        ),
        Fate::GivenUp => tracing::error!(
            delivery = id,
            kind,
            to,
            error,
            "a message was given up; once its target takes it: symbolon delivery retry {id}"
        ),
    }
}

/// Writes the audit event of what became of a message, with whom it is about and to whom it goes.
pub(super) async fn tell(app: &App, kind: &dyn Kind, delivery: &Delivery, fate: Fate, error: Option<&str>) {
    let client_id = kind.client_id(app, &delivery.target).await.unwrap_or_else(|error| {
        tracing::warn!(%error, delivery = delivery.id, "the receiver of a message could not be looked up");
        None
    });
    let mut detail = json!({ "delivery": delivery.id, "target": delivery.target, "attempts": delivery.attempts });
    if let Some(error) = error {
        detail["error"] = error.into();
    }
    let text = |member: &str| delivery.payload.get(member).and_then(Value::as_str).map(str::to_owned);
    let (became, outcome) = fate.words();
    let event = AuditEvent {
        at: app.clock.now(),
        name: format!("{}.{became}", kind.audit_name()),
        outcome: outcome.to_owned(),
        actor: None,
        user_id: text("sub"),
        client_id,
        sid: text("sid"),
        address: None,
        request_id: None,
        detail,
    };
    app.audit.note(event).await;
}

async fn settle(app: &App, delivery: &Delivery, leased_until: u64, outcome: DeliveryOutcome) {
    match app.store.settle_delivery(delivery.id, leased_until, outcome, app.clock.now()).await {
        Ok(true) => {}
        Ok(false) => tracing::debug!(delivery = delivery.id, "an attempt outlived its lease"),
        Err(error) => tracing::warn!(%error, delivery = delivery.id, "what became of a message could not be written"),
    }
}

async fn post(app: &App, kind: &dyn Kind, message: Message) -> Result<(), Failure> {
    let Message { url, headers, body } = message;
    match app.outgoing.send(Request { method: Method::POST, url, headers, body }, LIMITS).await {
        Ok(answer) => kind.judge(&answer),
        Err(error) => Err(Failure::Unreachable(error.to_string())),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_ERROR_CHARS).collect()
}
