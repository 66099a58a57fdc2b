//! One attempt to deliver a message: make it, post it, judge the answer, write down what became of it.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::json;
use symbolon_store::{Delivery, DeliveryOutcome, DeliveryState};

use super::kind::{Fate, Kind, Message};
use super::schedule;
use crate::app::App;
use crate::outgoing::{Answer, Limits, Request};
use crate::rng::SystemRng;

/// How long an attempt may take, and how much of an answer is read: nothing hangs on what it says.
const LIMITS: Limits = Limits { time: Duration::from_secs(5), body_bytes: 1024 };
/// The longest error that is kept.
const MAX_ERROR_CHARS: usize = 300;

/// Why it did not arrive.
enum Failure {
    /// The target has looked at it and refused it, or it could not be made: others may fare better.
    Message(String),
    /// The target cannot be reached, or not now: neither can it for others.
    Target(String),
}

/// Delivers a message that was taken. Whatever goes wrong here, the end of its lease brings it back.
pub(super) async fn deliver(app: &App, kind: &dyn Kind, delivery: &Delivery) {
    let DeliveryState::Waiting { next_at: leased_until } = delivery.state else { return };
    let attempt = match kind.message(app, delivery, app.clock.now()) {
        Ok(Some(message)) => post(app, kind, message).await,
        Ok(None) => return settle(app, delivery, leased_until, DeliveryOutcome::Unwanted).await,
        Err(why) => Err(Failure::Message(why)),
    };
    let next_at = schedule::next_attempt(delivery.queued_at, app.clock.now(), &mut SystemRng);
    let (outcome, fate, error) = match attempt {
        Ok(()) => (DeliveryOutcome::Delivered, Fate::Delivered, None),
        Err(Failure::Message(error)) => {
            let error = cut(&error);
            (DeliveryOutcome::Failed { error: error.clone(), next_at }, Fate::Failed, Some(error))
        }
        Err(Failure::Target(error)) => {
            let error = cut(&error);
            (DeliveryOutcome::Unreachable { error: error.clone(), next_at }, Fate::Failed, Some(error))
        }
    };
    if let Some(error) = &error {
        let (id, target) = (delivery.id, &delivery.target);
        tracing::warn!(
            delivery = id,
            kind = delivery.kind,
            target,
            error,
            "a message was not taken; it is tried again"
        );
    }
    settle(app, delivery, leased_until, outcome).await;
    tell(app, kind, delivery, fate, error.as_deref()).await;
}

/// Writes the audit event of what became of a message.
pub(super) async fn tell(app: &App, kind: &dyn Kind, delivery: &Delivery, fate: Fate, error: Option<&str>) {
    let mut event = kind.event(delivery, fate);
    event.at = app.clock.now();
    event.detail = match error {
        None => json!({ "delivery": delivery.id, "attempts": delivery.attempts }),
        Some(error) => json!({ "delivery": delivery.id, "attempts": delivery.attempts, "error": error }),
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
    let answer = app.outgoing.send(Request { method: Method::POST, url, headers, body }, LIMITS).await;
    match answer {
        Ok(answer) if answer.status.is_success() => Ok(()),
        Ok(answer) => Err(judge(kind, &answer)),
        Err(error) => Err(Failure::Target(error.to_string())),
    }
}

fn judge(kind: &dyn Kind, answer: &Answer) -> Failure {
    let status = answer.status.as_u16();
    let text = match kind.explain(answer) {
        Some(words) => format!("answered {status}: {words}"),
        None if answer.status.is_redirection() => format!("answered {status}, and redirects are not followed"),
        None => format!("answered {status}"),
    };
    // Back-Channel Logout §2.8 and RFC 8935 §2.3: 400 is about what was sent. Everything else every message would meet.
    if answer.status == StatusCode::BAD_REQUEST { Failure::Message(text) } else { Failure::Target(text) }
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_ERROR_CHARS).collect()
}
