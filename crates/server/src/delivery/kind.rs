//! What a kind of message must know to be delivered. A new kind is one file, which says how it gets to whom it is for and what their
//! answers mean, and one line of [`KINDS`]. The store puts it into the outbox with the transaction of what it tells.

use async_trait::async_trait;
use symbolon_store::{Delivery, StoreError};

use super::backchannel_logout::BackchannelLogout;
use super::ciba::Ciba;
use super::mail::Mail;
use super::security_event::SecurityEvent;
use super::{LEASE_SECS, PER_TARGET, schedule};
use crate::app::App;

/// Every kind there is.
const KINDS: &[&dyn Kind] = &[&BackchannelLogout, &Ciba, &Mail, &SecurityEvent];

/// The kind of this name. Messages of a kind that is unknown here were left by a newer version, and wait for it.
pub(super) fn named(name: &str) -> Option<&'static dyn Kind> {
    KINDS.iter().find(|kind| kind.name() == name).copied()
}

/// A kind of message.
#[async_trait]
pub(super) trait Kind: Send + Sync {
    /// As the outbox has it.
    fn name(&self) -> &'static str;

    /// Whether the target takes messages of this kind at all. What waits for one that does not is forgotten.
    async fn is_wanted(&self, app: &App, target: &str) -> Result<bool, StoreError>;

    /// One attempt: the message is made anew and brought to its target.
    async fn send(&self, app: &App, delivery: &Delivery, now: u64) -> Result<Sent, Failure>;

    /// How many messages to one target may be under way at the same time. With one they arrive in their order
    /// unless some fail: later ones go past those that wait to be tried again.
    fn abreast(&self) -> usize {
        PER_TARGET
    }

    /// How long a message is taken for, in seconds: well beyond the longest attempt.
    fn lease_secs(&self) -> u64 {
        LEASE_SECS
    }

    /// The longest pause between two attempts, in seconds.
    fn longest_pause_secs(&self) -> u64 {
        schedule::LONGEST_SECS
    }

    /// The client behind a target, if it is still known.
    async fn client_id(&self, app: &App, target: &str) -> Result<Option<String>, StoreError>;

    /// What the audit log calls it: the first part of the events' names.
    fn audit_name(&self) -> &'static str;
}

/// What became of an attempt that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// It has arrived.
    Arrived,
    /// The target does not want this one: it leaves no trace.
    Unwanted,
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
