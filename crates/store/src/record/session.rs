//! Browser sessions.

use serde::{Deserialize, Serialize};

use super::Hash32;

/// A browser session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// SHA-256 of the cookie's secret.
    pub id_hash: Hash32,
    /// Public random id, the `sid` of tokens.
    pub sid: String,
    /// Whose session it is.
    pub user_id: String,
    /// When it began.
    pub created_at: u64,
    /// When the user really authenticated.
    pub auth_time: u64,
    /// When it was last used, as exactly as `touch_session` is called.
    pub last_seen_at: u64,
    /// Dead from this second on, unless touched.
    pub idle_expires_at: u64,
    /// Dead from this second on, whatever happens.
    pub absolute_expires_at: u64,
    /// "Keep me signed in".
    pub persistent: bool,
    /// How the user authenticated (RFC 8176).
    pub amr: Vec<String>,
    /// What the browser called itself, cut to size by the caller.
    pub user_agent: Option<String>,
    /// Where it came from.
    pub address: Option<String>,
    /// When it was ended before its time.
    pub ended_at: Option<u64>,
    /// Why: `logout`, `superseded`, `password_changed`, …
    pub ended_why: Option<String>,
}

impl Session {
    /// Neither ended nor expired.
    pub const fn is_live(&self, now: u64) -> bool {
        self.ended_at.is_none() && now < self.idle_expires_at && now < self.absolute_expires_at
    }
}

/// A session to begin.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The session.
    pub session: Session,
    /// The session this browser had. With another sid it ends (`superseded`) in the same transaction, and with it the
    /// families bound to it. With the same sid (the same user authenticated again) only its cookie changes.
    pub replaces: Option<Hash32>,
    /// The user's revocation handle as read when the credentials were checked.
    pub revocation_handle: String,
}

/// What ending a session or a family ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Families that had not been ended before.
    pub families: u64,
    /// Whether a session ended that had not been ended before.
    pub session: bool,
    /// The last `exp` of an unexpired access token that was revoked with it: until then an API that does not follow the
    /// revocation log accepts it.
    pub tokens_until: Option<u64>,
}

impl Ended {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            families: self.families + other.families,
            session: self.session || other.session,
            tokens_until: self.tokens_until.max(other.tokens_until),
        }
    }
}
