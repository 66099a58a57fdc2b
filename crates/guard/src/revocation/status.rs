//! What the owner of an API can see of the revocation feed.

use std::time::Duration;

/// How a guard stands with its issuer's revocation feed: a part of [`Guard::status`](crate::Guard::status).
///
/// ```
/// # let guard = symbolon_guard::testing::TestIssuer::offline().guard("https://api.example.com");
/// let revocation = guard.status().revocation;
/// println!("revocation_entries {}", revocation.entries);
/// println!("revocation_lag {}", revocation.lag);
/// if let Some(staleness) = revocation.staleness {
///     println!("revocation_staleness_seconds {}", staleness.as_secs());
/// }
/// if let Some(error) = revocation.last_error {
///     println!("# {error}");
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RevocationStatus {
    /// In a word.
    pub state: FeedState,
    /// How many revoked ids and rules it holds.
    pub entries: usize,
    /// The memory they take.
    pub memory_bytes: usize,
    /// How many entries it knows to be missing: 0 but for a moment after a gap.
    pub lag: u64,
    /// How old the knowledge is: the worse of what the issuer's signed time and the guard's own steady clock say. `None` before the
    /// first snapshot.
    pub staleness: Option<Duration>,
    /// Up to where in the log it knows everything, as `EPOCH.NUMBER`.
    pub position: Option<String>,
    /// How many tokens were accepted while the knowledge was too old, as
    /// [`WhenStale::Accept`](crate::WhenStale::Accept) says.
    pub accepted_unchecked: u64,
    /// Entries that were left out: of a kind that this version does not know, or rules beyond 4,096. If it is not 0, update.
    pub ignored: u64,
    /// How often the issuer's log turned out to be at an older state than before. What was revoked stays so.
    pub set_back: u64,
    /// Why the feed cannot be followed just now; `None` while it can.
    pub last_error: Option<String>,
}

/// How good the knowledge of revocations is.
///
/// ```
/// use symbolon_guard::FeedState;
///
/// # let guard = symbolon_guard::testing::TestIssuer::offline().guard("https://api.example.com");
/// let (status, text) = match guard.status().revocation.state {
///     FeedState::Off | FeedState::Fresh => (200, "well"),
///     FeedState::Waiting => (503, "not ready"),
///     _ => (200, "revocations may be missing: see to it"),
/// };
/// # assert_eq!(status, 200, "{text}");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[non_exhaustive]
pub enum FeedState {
    /// None is followed: switched off, or the issuer advertises none.
    Off = 0,
    /// No older than it may be.
    Fresh = 1,
    /// There is a feed, and no snapshot of it yet.
    Waiting = 2,
    /// Older than it may be: [`WhenStale`](crate::WhenStale) decides.
    Stale = 3,
}

impl FeedState {
    /// Whether a token that is not known to be revoked counts in this state, which is given as its number.
    pub(crate) fn is_good_enough(state: u8) -> bool {
        state <= Self::Fresh as u8
    }
}
