//! Event streams (OpenID Shared Signals Framework 1.0 §8): who is told of security events, and how.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Delivery;

/// A stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventStream {
    /// Its random id.
    pub id: String,
    /// Whose it is.
    pub client_id: String,
    /// How its events get there.
    pub transmission: Transmission,
    /// The events it is told of, by the names in the `event` of their payload.
    pub events: BTreeSet<String>,
    /// What else the receiver wants; the store does not look into it.
    pub configuration: Value,
    /// Whether it is told anything.
    pub status: StreamStatus,
    /// Why, if somebody said so.
    pub reason: Option<String>,
    /// When so many events wait, the stream is paused. Who goes on with a full stream gets as much room again, once.
    pub max_waiting: u64,
    /// Events that wait now. Counted for lists and by what changes a stream, not when one is only looked up.
    pub waiting: Option<u64>,
    /// Events that came while there was no room, since the stream was last enabled or disabled. They are lost.
    pub dropped: u64,
    /// When a verification was last asked for.
    pub verified_at: Option<u64>,
    /// When it was created.
    pub created_at: u64,
    /// When it was last changed.
    pub updated_at: u64,
    /// Grows with every change of the configuration.
    pub revision: u64,
}

/// How events get to a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transmission {
    /// The receiver comes for them (RFC 8936).
    Poll,
    /// They are posted to the receiver (RFC 8935).
    Push,
}

/// What a stream does (Shared Signals Framework 1.0 §8.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamStatus {
    /// Nothing is transmitted or kept.
    Disabled,
    /// Events are transmitted.
    Enabled,
    /// Events are kept, not transmitted.
    Paused,
}

/// What a receiver changes in a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamChange {
    /// The revision it was decided on.
    pub expect_revision: u64,
    /// How its events get there.
    pub transmission: Transmission,
    /// The events it is told of.
    pub events: BTreeSet<String>,
    /// What else it wants.
    pub configuration: Value,
}

/// A new status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewStreamStatus {
    /// The status.
    pub status: StreamStatus,
    /// Why.
    pub reason: Option<String>,
    /// Who wants it.
    pub by: StatusBy,
}

/// What a new status has brought about.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusChange {
    /// The stream as it is now.
    pub stream: EventStream,
    /// What was `dropped` until now, if its count begins anew.
    pub lost: u64,
}

/// A reason that tells of the loss of events, too.
#[must_use]
pub fn with_loss(reason: Option<&str>, lost: u64) -> Option<String> {
    match (reason, lost) {
        (reason, 0) => reason.map(str::to_owned),
        (Some(reason), lost) => Some(format!("{reason} ({lost} events are lost)")),
        (None, lost) => Some(format!("{lost} events are lost")),
    }
}

/// Who changes the status of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusBy {
    /// Its receiver, who knows.
    Receiver,
    /// This side: the receiver is told on the stream (§8.1.5).
    Transmitter,
}

/// What became of a request for verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// It is on its way.
    Done,
    /// The last one is too fresh.
    TooSoon {
        /// When the next one may be asked for.
        at: u64,
    },
}

/// What a receiver says of an event it has polled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventFate {
    /// It has it.
    Taken,
    /// It cannot use it.
    Refused {
        /// Why.
        error: String,
    },
    /// It is none of its business: it leaves no trace.
    Unwanted,
}

impl Delivery {
    /// A security event that is pushed. The target is the id of the stream; the payload has the `event`, its `number` in the
    /// stream, `at` and `cause`, which the events of one operation share, whether the client `knows` the user, and what the event
    /// is about.
    pub const SECURITY_EVENT: &str = "security_event";
    /// The same, waiting to be polled.
    pub const SECURITY_EVENT_POLL: &str = "security_event_poll";
    /// The same, kept for a paused stream.
    pub const SECURITY_EVENT_HELD: &str = "security_event_held";
}
