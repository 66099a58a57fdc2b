//! Token families: all tokens born of one authorization, with rotation of refresh tokens (RFC 9700 §4.14.2).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Hash32, Session, User};

/// No refresh token that was handed out from this second on (29 November 2026) is looked for without the family that its text names.
pub const UNNAMED_UNTIL: u64 = 1_795_910_400;

/// Everything born of one authorization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Family {
    /// Random id.
    pub id: String,
    /// Whose tokens they are.
    pub client_id: String,
    /// Whom they speak for.
    pub user_id: String,
    /// The session in which it was authorised.
    pub sid: Option<String>,
    /// Whether it ends with that session (everything but offline access). Access tokens of an unbound family must not
    /// carry the sid: ending the session revokes every token that does.
    pub session_bound: bool,
    /// Granted scope, space-separated.
    pub scope: String,
    /// Granted APIs.
    pub audience: Vec<String>,
    /// When the user really authenticated.
    pub auth_time: u64,
    /// When the code was redeemed.
    pub created_at: u64,
    /// No rotation from this second on.
    pub absolute_expires_at: u64,
    /// When it was ended before its time.
    pub ended_at: Option<u64>,
    /// Why: `logout`, `code_replayed`, `refresh_token_replayed`, …
    pub ended_why: Option<String>,
    /// The caller's (nonce, claims, …).
    pub payload: Value,
}

/// A family to create without a code (first-party password sign-in).
#[derive(Clone, Debug)]
pub struct NewFamily {
    /// The family.
    pub family: Family,
    /// A session that begins with it, where the sign-in has none of a browser. Its sid is the family's.
    pub session: Option<Session>,
    /// Its first refresh token, if one is issued.
    pub refresh_token: Option<RefreshToken>,
    /// Its first access token.
    pub access_token: IssuedAccessToken,
}

/// An access token about to be handed out: what must be on record to revoke it later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedAccessToken {
    /// Its `jti`.
    pub jti: String,
    /// Its `exp`.
    pub expires_at: u64,
    /// The session it names. The store refuses to record a token whose session has ended: the log remembers the end no longer than the
    /// tokens that were known then.
    pub sid: Option<String>,
    /// The user's revocation handle it carries. The store refuses to record a token whose handle is dead already.
    pub revocation_handle: String,
    /// SHA-256 of its text, if it is a session value: one that means nothing until it is looked up here. Ending one needs
    /// no memory of the log until its expiry, as nobody can go on without asking.
    pub session_hash: Option<Hash32>,
}

/// A refresh token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshToken {
    /// SHA-256 of the token.
    pub hash: Hash32,
    /// Its family.
    pub family: String,
    /// Where it stands in its life.
    pub state: RefreshState,
    /// When it was issued.
    pub created_at: u64,
    /// Dead from this second on (idle expiry).
    pub expires_at: u64,
}

/// The life of a refresh token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum RefreshState {
    /// The newest of its family.
    Current,
    /// Issued in an answer that got lost, and replaced: it was never used and never will be.
    Dead,
    /// Rotated.
    Superseded {
        /// When.
        at: u64,
        /// The token that took its place.
        successor: Hash32,
        /// That token itself, sealed under a key only the holder of this one can derive.
        sealed_successor: Vec<u8>,
    },
}

impl fmt::Debug for RefreshState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Current => f.write_str("Current"),
            Self::Dead => f.write_str("Dead"),
            Self::Superseded { at, successor, sealed_successor: _ } => {
                f.debug_struct("Superseded").field("at", at).field("successor", successor).finish_non_exhaustive()
            }
        }
    }
}

/// Everything the decision on a refresh token needs, read at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct RefreshFacts {
    /// The presented token.
    pub token: RefreshToken,
    /// Its family, perhaps ended or expired.
    pub family: Family,
    /// Its user, if still there.
    pub user: Option<User>,
    /// Its session, if still there, perhaps ended or expired. A session-bound family without one is dead.
    pub session: Option<Session>,
    /// The successor of a superseded token.
    pub successor: Option<RefreshToken>,
}

/// One rotation.
#[derive(Clone)]
pub struct Rotate {
    /// SHA-256 of the token presented, of the family of its successor.
    pub presented: Hash32,
    /// What the decision was based on; the store insists on it.
    pub expect: RotateExpect,
    /// The new token, of the same family; must be `Current`.
    pub successor: RefreshToken,
    /// The new token, sealed for the holder of the presented one.
    pub sealed_successor: Vec<u8>,
    /// Tokens of the family that were superseded by then are forgotten, and so are dead ones as old; the presented one stays.
    pub forget_until: u64,
    /// The access token handed out with it.
    pub access_token: IssuedAccessToken,
    /// Time of the request.
    pub now: u64,
}

impl fmt::Debug for Rotate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { presented, expect, successor, sealed_successor: _, forget_until, access_token, now } = self;
        f.debug_struct("Rotate")
            .field("presented", presented)
            .field("expect", expect)
            .field("successor", successor)
            .field("forget_until", forget_until)
            .field("access_token", access_token)
            .field("now", now)
            .finish_non_exhaustive()
    }
}

/// What a rotation insists on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotateExpect {
    /// The presented token is the current one.
    Current,
    /// The presented token is superseded by exactly this successor, which is current still: its answer got lost. Naming
    /// it keeps two parallel repairs from killing each other's token.
    SuccessorUnused(Hash32),
}

/// What became of a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// The successor is on record.
    Done,
    /// The family, its session or its user has ended or expired, or the token is unknown: nothing was written.
    Ended,
    /// The facts changed since they were read (another request rotated, or the user's handle was replaced): nothing was
    /// written; read again and decide again, once.
    LostRace,
}

/// Whether the end of a family takes its browser session along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlsoSession {
    /// The session goes on.
    No,
    /// The session ends, and with it every family bound to it.
    Yes,
}

/// Everything the decision on a session value needs, read at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionValueFacts {
    /// Its `jti`.
    pub jti: String,
    /// Its family, perhaps ended or expired.
    pub family: Family,
    /// Its user, its session, and whether it was revoked.
    pub token: TokenFacts,
}

/// What userinfo and introspection ask about an access token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenQuery {
    /// Its `sub`, if it speaks for a user.
    pub sub: Option<String>,
    /// Its `sid`, if it has one.
    pub sid: Option<String>,
    /// Its `jti`, if it has one.
    pub jti: Option<String>,
    /// Its `client_id`, if it has one.
    pub client_id: Option<String>,
    /// Its `aud`.
    pub audience: Vec<String>,
    /// Whether the family that noted it is wanted, too; it is found by the `jti`.
    pub family: FamilyWanted,
}

/// Whether a look-up of a token brings its family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FamilyWanted {
    /// It does not.
    #[default]
    No,
    /// It does.
    Yes,
}

/// The answer, read at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenFacts {
    /// The user, if there is one.
    pub user: Option<User>,
    /// The session, if still there, perhaps ended or expired.
    pub session: Option<Session>,
    /// The token itself was revoked.
    pub jti_revoked: bool,
    /// A rule of the revocation log (its client, one of its APIs, everything) refuses what was issued in this second or before.
    pub revoked_until: Option<u64>,
    /// The family that noted it, if that is wanted and there is one still.
    pub family: Option<Family>,
}
