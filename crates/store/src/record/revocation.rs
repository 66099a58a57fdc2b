//! The revocation log: what no longer counts (design §5).

use serde::{Deserialize, Serialize};

/// The largest leeway a guard may have: a token counts as alive that long after its `exp`.
pub(crate) const LEEWAY_SECS: u64 = 300;

/// What an entry of the revocation log names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationKind {
    /// One access token.
    Jti,
    /// All tokens of a session.
    Sid,
    /// All tokens that carry this revocation handle of a user.
    UserHandle,
    /// All tokens of a client that were issued until then.
    Client,
    /// All tokens for an API that were issued until then.
    Api,
    /// All tokens that this key signed, whenever.
    Key,
    /// All tokens that were issued until then. Its id is empty.
    All,
}

impl RevocationKind {
    /// Whether it names a time as much as a thing, so that the same thing can be revoked again later. The others name
    /// random ids: once is for ever.
    #[must_use]
    pub const fn is_rule(self) -> bool {
        matches!(self, Self::Client | Self::Api | Self::Key | Self::All)
    }
}

/// An entry to add to the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRevocation {
    /// What `id` is.
    pub kind: RevocationKind,
    /// The random id that stands in the tokens, or the name of what a rule is about.
    pub id: String,
    /// When it is revoked.
    pub revoked_at: u64,
    /// The last `exp` of a token it concerns.
    pub expires_at: u64,
}

/// An entry of the revocation log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// Counts from 1 without holes, in the order of commits.
    pub seq: u64,
    /// What `id` is.
    pub kind: RevocationKind,
    /// The random id that stands in the tokens, or the name of what a rule is about.
    pub id: String,
    /// When it was revoked.
    pub revoked_at: u64,
    /// The last `exp` of a token it concerns, and at least `revoked_at`.
    pub expires_at: u64,
}

/// How far the log has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationHead {
    /// Random text made with the log: numbers of another epoch mean nothing.
    pub epoch: String,
    /// The number of the newest entry; 0 if there never was one.
    pub seq: u64,
}
