//! What a kind of message must know to be delivered. A new kind is one file, which says how it becomes an HTTP request and what the
//! answers to it mean, and one line of [`KINDS`]. The store puts it into the outbox with the transaction of what it tells.

use async_trait::async_trait;
use bytes::Bytes;
use http::HeaderMap;
use symbolon_store::{Delivery, StoreError};

use super::PER_TARGET;
use super::backchannel_logout::BackchannelLogout;
use super::ciba::Ciba;
use super::security_event::SecurityEvent;
use crate::app::App;
use crate::outgoing::Answer;

/// Every kind there is.
const KINDS: &[&dyn Kind] = &[&BackchannelLogout, &Ciba, &SecurityEvent];

/// The kind of this name. Messages of a kind that is unknown here were left by a newer version, and wait for it.
pub(super) fn named(name: &str) -> Option<&'static dyn Kind> {
    KINDS.iter().find(|kind| kind.name() == name).copied()
}

/// Something to post.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) url: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// A kind of message.
#[async_trait]
pub(super) trait Kind: Send + Sync {
    /// As the outbox has it.
    fn name(&self) -> &'static str;

    /// Whether the target takes messages of this kind at all. What waits for one that does not is forgotten.
    async fn is_wanted(&self, app: &App, target: &str) -> Result<bool, StoreError>;

    /// The message as it is to be posted now, made anew for each attempt; `None` if the target does not want this one.
    async fn message(&self, app: &App, delivery: &Delivery, now: u64) -> Result<Option<Message>, Failure>;

    /// How many messages to one target may be under way at the same time. With one they arrive in their order
    /// unless some fail: later ones go past those that wait to be tried again.
    fn abreast(&self) -> usize {
        PER_TARGET
    }

    /// Whether this answer says that it has arrived.
    fn judge(&self, answer: &Answer) -> Result<(), Failure>;

    /// The client behind a target, if it is still known.
    async fn client_id(&self, app: &App, target: &str) -> Result<Option<String>, StoreError>;

    /// What the audit log calls it: the first part of the events' names.
    fn audit_name(&self) -> &'static str;
}

/// Why a message did not arrive, for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The target has looked at it and refused it, or it could not be made: tried again, and others may fare better.
    Refused(String),
    /// The target is not there, or takes nothing now: tried again, and the others wait with it.
    Unreachable(String),
    /// That will not change: given up at once.
    Hopeless(String),
}

/// What became of an attempt, as the audit log tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Delivered,
    Failed,
    GivenUp,
}

impl Fate {
    /// The second part of an audit event's name, and its outcome.
    pub(super) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Delivered => ("delivered", "success"),
            Self::Failed => ("delivery_failed", "failure"),
            Self::GivenUp => ("delivery_given_up", "failure"),
        }
    }
}

/// What an answer says for itself, in the words of its body if there are any.
pub(super) fn answered(answer: &Answer, words: Option<&str>) -> String {
    let status = answer.status.as_u16();
    match words {
        Some(words) => format!("answered {status}: {}", printable(words)),
        None if answer.status.is_redirection() => format!("answered {status}, and redirects are not followed"),
        None => format!("answered {status}"),
    }
}

/// The longest text taken from an answer.
const MAX_WORDS: usize = 200;

/// Somebody else's text on the operator's terminal.
fn printable(text: &str) -> String {
    let printable = text.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' });
    printable.take(MAX_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outgoing::Rest;
    use http::StatusCode;

    #[test]
    fn words_of_others_are_bounded_and_printable() {
        let status = StatusCode::BAD_REQUEST;
        let answer = Answer { status, headers: HeaderMap::new(), body: Bytes::new(), rest: Rest::Nothing };
        assert_eq!(answered(&answer, None), "answered 400");
        assert_eq!(answered(&answer, Some("a\u{1b}[2J\nb\u{202e} c")), "answered 400: a?[2J?b? c");
        assert_eq!(answered(&answer, Some(&"x".repeat(900))).len(), "answered 400: ".len() + MAX_WORDS);
        let moved = Answer { status: StatusCode::TEMPORARY_REDIRECT, ..answer };
        assert_eq!(answered(&moved, None), "answered 307, and redirects are not followed");
    }
}
