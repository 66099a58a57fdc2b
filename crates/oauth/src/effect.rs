//! What must hold in the store before an answer is given: data here, one atomic operation each there.

use serde::{Deserialize, Serialize};

use crate::claims_request::ClaimsRequest;
use crate::confirmation::Confirmation;
use crate::extent::Extent;
use crate::ids::ClientId;
use crate::scope::Scope;

/// An access token that a family must remember, so that ending the family can name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedAccessToken {
    /// Its `jti`.
    pub jti: String,
    /// Its `exp`.
    pub expires_at: u64,
    /// Its `sid`: the store refuses to note a token whose session has ended meanwhile.
    pub sid: Option<String>,
    /// Its `rh`: the store refuses to note a token whose handle is dead already.
    pub revocation_handle: String,
    /// SHA-256 of its text, if it is a session value.
    pub session_hash: Option<[u8; 32]>,
}

/// A refresh token to store: only its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRefreshToken {
    /// SHA-256 of its text.
    pub hash: [u8; 32],
    /// Unix seconds.
    pub created_at: u64,
    /// When it ends if unused, never after the family's absolute end.
    pub expires_at: u64,
}

/// What a family was granted; kept with it, and all that a refresh needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FamilyGrant {
    /// What was granted; a refresh may ask for less, never for more.
    pub scope: Scope,
    /// The API, if one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// When the user really authenticated.
    pub auth_time: u64,
    /// By what means.
    #[serde(default)]
    pub amr: Vec<String>,
    /// How strongly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// Single claims that were asked for (OpenID Connect Core §5.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<ClaimsRequest>,
    /// The key that every refresh must prove to hold: of public clients only, since the others prove who they are (RFC 9449 §5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
    /// More APIs, and what was allowed in detail.
    #[serde(flatten)]
    pub extent: Extent,
}

/// A family to create: a sign-in's code and everything born of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFamily {
    /// Its random id.
    pub id: String,
    /// Whose program.
    pub client_id: ClientId,
    /// Which user.
    pub user_id: String,
    /// Which session.
    pub sid: Option<String>,
    /// Ends with the session. Access tokens of a family that does not must not carry the `sid`: ending the session
    /// revokes every token that does.
    pub session_bound: bool,
    /// Unix seconds.
    pub created_at: u64,
    /// No token of it lives longer.
    pub absolute_expires_at: u64,
    /// What was granted.
    pub grant: FamilyGrant,
}

/// What the presented refresh token must still be when the rotation is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotateExpect {
    /// The family's current token.
    Current,
    /// Superseded by this one, which was never used.
    SuccessorUnused {
        /// SHA-256 of the successor that dies.
        successor_hash: [u8; 32],
    },
}

/// What must hold before the answer is given. Each is one atomic operation that checks again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Begin a family without a code (`POST /authenticate`).
    CreateFamily {
        /// The family.
        family: NewFamily,
        /// Its first refresh token.
        refresh_token: Option<NewRefreshToken>,
        /// Its first access token.
        access_token: IssuedAccessToken,
    },
    /// End a family, every unexpired access token of it, and with [`AlsoSession::Yes`] the session too.
    EndFamily {
        /// The family.
        family_id: String,
        /// The family of what came through the browser beside its code, which ends with it.
        beside: Option<String>,
        /// Why, for the audit log.
        why: EndReason,
        /// Whether the session ends as well.
        also_session: AlsoSession,
    },
    /// Nothing is stored.
    None,
    /// Add an access token to a live family.
    NoteAccessToken {
        /// The family.
        family_id: String,
        /// The token.
        access_token: IssuedAccessToken,
    },
    /// Redeem the code, once, and begin its family.
    RedeemCode {
        /// What kind of code it is.
        kind: CodeKind,
        /// SHA-256 of the code.
        code_hash: [u8; 32],
        /// The family.
        family: NewFamily,
        /// Its first refresh token.
        refresh_token: Option<NewRefreshToken>,
        /// Its first access token.
        access_token: IssuedAccessToken,
    },
    /// Revoke an access token: with the family it is of, or alone if it is of none.
    RevokeAccessToken {
        /// Its `jti`.
        jti: String,
        /// Its `exp`.
        expires_at: u64,
        /// Why, for the audit log.
        why: EndReason,
    },
    /// Revoke one access token and nothing else: it came of an exchange, and the family it is of is another client's.
    RevokeExchangedToken {
        /// Its `jti`.
        jti: String,
        /// Its `exp`.
        expires_at: u64,
    },
    /// Put a successor in place of the presented token. The shell seals the successor under the presented token.
    RotateRefreshToken {
        /// SHA-256 of the presented token.
        presented_hash: [u8; 32],
        /// What the presented token must still be.
        expect: RotateExpect,
        /// The successor.
        successor: NewRefreshToken,
        /// The family, to note the access token.
        family_id: String,
        /// Tokens of the family that were superseded by then, and whose successor was used, need not be kept.
        forget_until: u64,
        /// The token.
        access_token: IssuedAccessToken,
    },
}

/// What is redeemed: a code of one kind is never one of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeKind {
    /// The id of a backchannel authentication request that its user has allowed.
    AuthReqId,
    /// An authorization code.
    AuthorizationCode,
    /// A device code that its user has allowed.
    DeviceCode,
}

/// Whether the browser session ends with the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlsoSession {
    /// Only the family.
    No,
    /// The session too.
    Yes,
}

/// Why a family ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// A second valid use of its code.
    CodeReplayed,
    /// A refresh token that had its day.
    RefreshTokenReused,
    /// The client revoked it (RFC 7009).
    Revoked,
}

impl EndReason {
    /// Its name in the store and in the audit log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CodeReplayed => "code_replayed",
            Self::RefreshTokenReused => "refresh_token_reused",
            Self::Revoked => "revoked",
        }
    }
}
