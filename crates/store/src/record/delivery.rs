//! The outbox: messages to others, each kept until it has arrived or is given up.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A message to put in the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct NewDelivery {
    /// What sort of message it is, such as [`Delivery::BACKCHANNEL_LOGOUT`].
    pub kind: String,
    /// Whom it is for: a client id, the id of a stream.
    pub target: String,
    /// What it is made from at each attempt. Never a secret or a token, but for what is `sealed`, which goes when the message has arrived.
    pub payload: Value,
}

/// A message in the outbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Grows; never re-used.
    pub id: u64,
    /// What sort of message it is.
    pub kind: String,
    /// Whom it is for.
    pub target: String,
    /// What it is made from at each attempt.
    pub payload: Value,
    /// When it was written.
    pub created_at: u64,
    /// When it was put into the queue, the last time: its tries and its patience count from there.
    pub queued_at: u64,
    /// Attempts begun since then, on this very message.
    pub attempts: u64,
    /// Why it has not arrived yet, once it might have.
    pub last_error: Option<String>,
    /// Where it stands.
    #[serde(flatten)]
    pub state: DeliveryState,
}

impl Delivery {
    /// A client is told that a session has ended (OpenID Connect Back-Channel Logout 1.0). The target is its client id, the
    /// payload has `sub` and, if one session is meant, its `sid`.
    pub const BACKCHANNEL_LOGOUT: &str = "backchannel_logout";
    /// A client is told that somebody has answered its backchannel authentication request (CIBA Core 1.0 §10.2, §10.3). The target is its
    /// client id, the payload has `waiting`, the hash of the request's id in base64url, and the `sub`.
    pub const CIBA: &str = "ciba";
    /// A letter to a person. The target is the mail server's setting; the payload has the letter, `sealed`, until it has arrived.
    pub const MAIL: &str = "mail";
}

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum DeliveryState {
    /// It has arrived.
    Delivered {
        /// When that was on record.
        at: u64,
    },
    /// Nobody tries any more.
    GivenUp {
        /// Since when.
        at: u64,
    },
    /// It is due then. While somebody tries, that is when the others may think that they died over it.
    Waiting {
        /// When.
        next_at: u64,
    },
}

/// Somebody for whom messages are waiting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingTarget {
    /// What sort of messages.
    pub kind: String,
    /// Whom they are for.
    pub target: String,
    /// When the first of them is due.
    pub next_at: u64,
}

/// Messages to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Of this kind.
    pub kind: String,
    /// For this target.
    pub target: String,
    /// At most so many.
    pub limit: u32,
    /// What is not settled by then is due again.
    pub lease_secs: u64,
    /// The time.
    pub now: u64,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// It has arrived.
    Delivered,
    /// It was not taken.
    Failed {
        /// Why.
        error: String,
        /// When to try again.
        next_at: u64,
    },
    /// It will never arrive.
    GivenUp {
        /// Why.
        error: String,
    },
    /// The target cannot be reached: what else is due for it fails with this message and waits as long.
    Unreachable {
        /// Why.
        error: String,
        /// When to try again.
        next_at: u64,
    },
    /// Nobody wants it: it leaves no trace.
    Unwanted,
}

/// What became of the wish to try a message again.
#[derive(Clone, Debug, PartialEq)]
pub enum Retried {
    /// It is due at once, as it stands here.
    Again(Delivery),
    /// It has arrived, and stays so.
    Arrived,
    /// It is of a stream that is disabled, which keeps nothing.
    StreamDisabled,
    /// It is of a stream that is gone.
    StreamGone,
    /// There is none.
    Unknown,
}

/// Which messages to list, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListDeliveries {
    /// `next` of the page before.
    pub after: Option<String>,
    /// Size of the page; at least 1.
    pub limit: u32,
    /// All of them, or only some.
    pub which: WhichDeliveries,
}

/// Which messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhichDeliveries {
    /// All.
    #[default]
    All,
    /// Those that failed at least once and have not arrived since.
    Failed,
}
