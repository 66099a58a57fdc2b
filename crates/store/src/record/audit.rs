//! The audit log, and the sweep that keeps everything bounded.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A security event. Never holds a secret or a token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// When.
    pub at: u64,
    /// What, such as `user.signed_in`.
    pub name: String,
    /// `success`, `failure`, …
    pub outcome: String,
    /// Who did it.
    pub actor: Option<String>,
    /// Whom it is about.
    pub user_id: Option<String>,
    /// Through which client.
    pub client_id: Option<String>,
    /// In which session.
    pub sid: Option<String>,
    /// From where.
    pub address: Option<String>,
    /// The request in the request log.
    pub request_id: Option<String>,
    /// Anything more.
    pub detail: Value,
}

/// An event on record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// Grows; never re-used.
    pub seq: u64,
    /// The event.
    #[serde(flatten)]
    pub event: AuditEvent,
}

/// How long a message that has arrived or was given up stays in the outbox.
pub(crate) const SETTLED_KEEP_SECS: u64 = 7 * 86_400;

/// One small batch of cleaning.
#[derive(Clone, Copy, Debug)]
pub struct Sweep {
    /// Time of the sweep.
    pub now: u64,
    /// At most this many rows per table; at least 1. Where one writes at a time, of all tables together.
    pub limit: u32,
    /// Whatever expired or ended is kept this long after: the longest access-token life plus the largest leeway of a
    /// guard (300 s), or more. Entries of the revocation log, which know the last `exp` they concern, go 300 s after it.
    pub keep_secs: u64,
    /// Audit events older than this go; `None` keeps them for ever.
    pub audit_keep_secs: Option<u64>,
}

impl Sweep {
    /// Rows in one batch of a server: some milliseconds, which is what whoever writes waits for longer than else.
    pub const BATCH: u32 = 250;

    /// How long to leave the store to others after a batch that took so long: sweeping gets a fifth of the time, or more where batches are slow,
    /// so that thousands of rows go in a second in any case.
    ///
    /// ```
    /// use std::time::Duration;
    /// use symbolon_store::Sweep;
    /// assert_eq!(Sweep::pause_after(Duration::from_millis(5)), Duration::from_millis(20));
    /// assert_eq!(Sweep::pause_after(Duration::from_millis(200)), Duration::from_millis(50));
    /// ```
    #[must_use]
    pub fn pause_after(batch: Duration) -> Duration {
        batch.saturating_mul(4).min(Duration::from_millis(50))
    }
}

/// What a sweep removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Codes, links and the like.
    pub artefacts: u64,
    /// Entries of the audit log.
    pub audit_events: u64,
    /// Messages of the outbox that arrived or were given up a week ago.
    pub deliveries: u64,
    /// Families without a living token.
    pub families: u64,
    /// Replay marks.
    pub remembered: u64,
    /// Entries of the revocation log.
    pub revocations: u64,
    /// Ended and expired sessions.
    pub sessions: u64,
    /// Places of expired tokens in status lists.
    pub statuses: u64,
    /// Throttle counters.
    pub throttles: u64,
    /// Refresh tokens and notes of access tokens.
    pub tokens: u64,
    /// A batch was full: there is more to do.
    pub more: bool,
}
