//! What a kind of message must know to be delivered. A new kind is one file and one line of [`KINDS`].

use bytes::Bytes;
use http::HeaderMap;
use symbolon_store::{AuditEvent, Delivery};

use super::backchannel_logout::BackchannelLogout;
use crate::app::App;
use crate::outgoing::Answer;

/// Every kind there is.
const KINDS: &[&dyn Kind] = &[&BackchannelLogout];

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
pub(super) trait Kind: Sync {
    /// As the outbox has it.
    fn name(&self) -> &'static str;

    /// Whether the target takes messages of this kind at all. What waits for one that does not is forgotten.
    fn is_wanted(&self, app: &App, target: &str) -> bool;

    /// The message as it is to be posted now, made anew for each attempt; `None` if the target does not want this one. The error
    /// is why it cannot be made, which may pass.
    fn message(&self, app: &App, delivery: &Delivery, now: u64) -> Result<Option<Message>, String>;

    /// What an answer other than 2xx says for itself, for the operator; bounded, printable.
    fn explain(&self, answer: &Answer) -> Option<String>;

    /// The audit event of what became of it, with whom it is about.
    fn event(&self, delivery: &Delivery, fate: Fate) -> AuditEvent;
}

/// What became of an attempt, as the audit log tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Delivered,
    Failed,
    GivenUp,
}
