//! One attempt to deliver a message: have its kind send it, write down what became of it.

use serde_json::{Value, json};
use symbolon_store::{AuditEvent, Delivery, DeliveryOutcome, DeliveryState};

use super::kind::{Failure, Fate, Kind, Sent};
use super::schedule;
use crate::app::App;
use crate::metrics::DeliveryFate;
use crate::rng::SystemRng;

/// The longest error that is kept.
const MAX_ERROR_CHARS: usize = 300;

/// Delivers a message that was taken. Whatever goes wrong here, the end of its lease brings it back.
pub(super) async fn deliver(app: &App, kind: &dyn Kind, delivery: &Delivery) {
    let DeliveryState::Waiting { next_at: leased_until } = delivery.state else { return };
    let result = kind.send(app, delivery, app.clock.now()).await;
    let longest = kind.longest_pause_secs();
    let next_at = schedule::next_attempt(delivery.queued_at, app.clock.now(), longest, &mut SystemRng);
    let (outcome, fate, error) = match result {
        Ok(Sent::Unwanted) => return settle(app, delivery, leased_until, DeliveryOutcome::Unwanted).await,
        Ok(Sent::Arrived) => (DeliveryOutcome::Delivered, Fate::Delivered, None),
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
    // Of a letter: which one.
    if let Some(template) = delivery.payload.get("template").filter(|_| kind.name() == Delivery::MAIL) {
        detail["letter"] = template.clone();
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

fn cut(text: &str) -> String {
    text.chars().take(MAX_ERROR_CHARS).collect()
}
