//! What the owner of an API can see of a guard: the remembered tokens, the revocation feed, the refusals by reason.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::{
    error::{InvalidToken, Rejection},
    revocation::RevocationStatus,
};

/// A guard's state at one moment: made by [`Guard::status`](crate::Guard::status), to be shown or counted.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Status {
    /// Tokens seen before.
    pub cache: CacheStatus,
    /// The revocation feed.
    pub revocation: RevocationStatus,
    /// Session values looked up before, if the guard takes any.
    pub sessions: Option<CacheStatus>,
    /// Proofs of keys, if the guard takes tokens that are bound to one.
    pub proofs: Option<ProofStatus>,
    /// How many WebSockets are open whose caller is known.
    #[cfg(feature = "ws")]
    pub open_websockets: usize,
    /// How many requests were refused, by [`Rejection::reason`]; every reason is there.
    pub refusals: Vec<(&'static str, u64)>,
}

/// The memory of verified tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStatus {
    /// How many tokens it holds.
    pub entries: usize,
    /// How many tokens were found there.
    pub hits: u64,
    /// How many had to be verified.
    pub misses: u64,
}

/// The memory of used proofs (RFC 9449 §11.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProofStatus {
    /// How many proofs it holds.
    pub entries: usize,
    /// How many were let go before their time, for lack of room: each of them could have been used again. See [`Dpop::remember`](crate::Dpop::remember).
    pub forgotten: u64,
}

/// Every reason, in the order of its counter.
const REASONS: [&str; 18] = [
    "no_token",
    "malformed",
    "invalid_token",
    "dpop",
    "expired",
    "unknown_key",
    "revoked",
    "insufficient_scope",
    "insufficient_authentication",
    "missing_role",
    "cross_site",
    "no_signed_url",
    "body",
    "keys_unavailable",
    "revocations_unavailable",
    "session_ended",
    "sessions_unavailable",
    "not_guarded",
];

/// Refusals counted by reason.
#[derive(Debug, Default)]
pub(crate) struct Refusals([AtomicU64; REASONS.len()]);

impl Refusals {
    pub(crate) fn count(&self, rejection: &Rejection) {
        let number = REASONS.iter().position(|reason| *reason == rejection.reason());
        if let Some(counter) = number.and_then(|number| self.0.get(number)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn by_reason(&self) -> Vec<(&'static str, u64)> {
        REASONS.into_iter().zip(self.0.iter().map(|counter| counter.load(Ordering::Relaxed))).collect()
    }
}

impl Rejection {
    /// The cause in a word, for a metric's label: one of a fixed few. `Display` says more.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NoToken => "no_token",
            Self::Malformed(_) => "malformed",
            Self::InvalidToken(InvalidToken::Jose(symbolon_jose::Error::Expired)) => "expired",
            Self::InvalidToken(InvalidToken::UnknownKey) => "unknown_key",
            Self::InvalidToken(InvalidToken::Revoked(_)) => "revoked",
            Self::InvalidToken(InvalidToken::SessionEnded) => "session_ended",
            Self::InvalidToken(_) => "invalid_token",
            Self::Dpop(_) => "dpop",
            Self::InsufficientScope { .. } => "insufficient_scope",
            Self::InsufficientAuthentication(_) => "insufficient_authentication",
            Self::MissingRole { .. } => "missing_role",
            Self::CrossSite => "cross_site",
            Self::NoSignedUrl => "no_signed_url",
            Self::BodyTooLarge | Self::BodyUnreadable => "body",
            Self::KeysUnavailable { .. } => "keys_unavailable",
            Self::RevocationsUnavailable { .. } => "revocations_unavailable",
            Self::SessionsUnavailable { .. } => "sessions_unavailable",
            Self::NotGuarded => "not_guarded",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_counted_under_their_reason() {
        let refusals = Refusals::default();
        let expired = || Rejection::InvalidToken(InvalidToken::Jose(symbolon_jose::Error::Expired));
        for rejection in [expired(), expired(), Rejection::BodyTooLarge, Rejection::NotGuarded] {
            refusals.count(&rejection);
        }
        let counted: Vec<_> = refusals.by_reason().into_iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counted, [("expired", 2), ("body", 1), ("not_guarded", 1)]);
    }
}
