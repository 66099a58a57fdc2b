//! What a decision at the token endpoint comes to: tokens to sign, and the effect that must hold before they are handed out.
//!
//! The shell applies the effect as one atomic operation, signs, and answers. An effect that lost a race is not forced: the shell
//! loads the facts again and decides again, once.

use std::fmt;

use serde::{Deserialize, Serialize};
use symbolon_jose::Algorithm;

use crate::access_token::AccessTokenClaims;
use crate::claims::Profile;
use crate::context::Context;
use crate::error::OAuthError;
use crate::id_token::IdTokenClaims;
use crate::ids::ClientId;
use crate::registration::Client;
use crate::scope::Scope;
use crate::token_format::{OpaqueToken, TokenKind};

/// Whether a user may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserStatus {
    /// Yes.
    Active,
    /// An administrator said no.
    Blocked,
}

/// What a decision needs to know of a user.
#[derive(Clone, Debug, PartialEq)]
pub struct UserFacts {
    /// The `sub`.
    pub id: String,
    /// Active or blocked.
    pub status: UserStatus,
    /// Replaced when all of the user's tokens must die.
    pub revocation_handle: String,
    /// Names of roles held.
    pub roles: Vec<String>,
    /// For ID tokens and userinfo.
    pub profile: Profile,
}

/// What became of the session a grant was born of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// Signed out, or ended by an administrator.
    Ended,
    /// Still there.
    Live,
    /// Not on record (any more).
    Unknown,
}

/// An access token to sign: `jwt::sign(key_for(alg), access_token::TYP, &claims)`.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessTokenPlan {
    /// Its claims, complete.
    pub claims: AccessTokenClaims,
    /// What to sign it with.
    pub alg: Algorithm,
}

/// An ID token to sign after the access token beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct IdTokenPlan {
    /// Its claims, still without hashes of what goes beside it.
    pub claims: IdTokenClaims,
    /// What to sign it with.
    pub alg: Algorithm,
}

impl IdTokenPlan {
    /// The claims to sign, bound to the access token that is handed out with them (`at_hash`).
    #[must_use]
    pub fn beside(&self, access_token: &str) -> IdTokenClaims {
        IdTokenClaims {
            at_hash: Some(symbolon_jose::left_half_hash(self.alg, access_token.as_bytes())),
            ..self.claims.clone()
        }
    }
}

/// Which refresh token goes into the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefreshAnswer {
    /// None.
    Absent,
    /// A new one, whose hash is in the effect.
    New(OpaqueToken),
    /// The successor already made, which is stored sealed under the presented token.
    SameSuccessor,
}

/// An access token that a family must remember, so that ending the family can name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedAccessToken {
    /// Its `jti`.
    pub jti: String,
    /// Its `exp`.
    pub expires_at: u64,
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
    /// The user's revocation handle when the family began. A refresh is refused when the user has another by now.
    pub revocation_handle: String,
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
    /// Ends with the session.
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
    /// Superseded, and its successor never used.
    SuccessorUnused,
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
        /// SHA-256 of the code.
        code_hash: [u8; 32],
        /// The family.
        family: NewFamily,
        /// Its first refresh token.
        refresh_token: Option<NewRefreshToken>,
        /// Its first access token.
        access_token: IssuedAccessToken,
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
        /// The token.
        access_token: IssuedAccessToken,
    },
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

/// Tokens to hand out, once the effect holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Issue {
    /// The access token.
    pub access_token: AccessTokenPlan,
    /// The ID token, if there is one.
    pub id_token: Option<IdTokenPlan>,
    /// The refresh token, if there is one.
    pub refresh_token: RefreshAnswer,
    /// The effect that must hold first.
    pub effect: Effect,
}

impl Issue {
    /// The JSON answer (RFC 6749 §5.1). `refresh_token` is the text the shell unsealed, for [`RefreshAnswer::SameSuccessor`] only.
    #[must_use]
    pub fn response(
        &self,
        access_token: String,
        id_token: Option<String>,
        unsealed_refresh_token: Option<String>,
    ) -> TokenResponse {
        let claims = &self.access_token.claims;
        TokenResponse {
            access_token,
            token_type: "Bearer",
            expires_in: claims.exp.saturating_sub(claims.iat),
            scope: claims.scope.clone(),
            refresh_token: match &self.refresh_token {
                RefreshAnswer::Absent => None,
                RefreshAnswer::New(token) => Some(token.reveal().to_owned()),
                RefreshAnswer::SameSuccessor => unsealed_refresh_token,
            },
            id_token,
        }
    }
}

/// A refusal, and what must be done all the same: the second use of a code ends what the first brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub error: OAuthError,
    /// What must be done before the refusal is told; often [`Effect::None`].
    pub effect: Effect,
}

impl From<OAuthError> for Refusal {
    fn from(error: OAuthError) -> Self {
        Self { error, effect: Effect::None }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Refusal {}

/// The JSON of a token answer (RFC 6749 §5.1). `Debug` shows no token.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct TokenResponse {
    /// The signed access token.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: &'static str,
    /// Seconds.
    pub expires_in: u64,
    /// What was granted: always told, since unknown scopes are dropped.
    pub scope: Scope,
    /// The refresh token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// The signed ID token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { access_token: _, token_type, expires_in, scope, refresh_token: _, id_token: _ } = self;
        f.debug_struct("TokenResponse")
            .field("token_type", token_type)
            .field("expires_in", expires_in)
            .field("scope", scope)
            .finish_non_exhaustive()
    }
}

/// A new refresh token for a family that ends at `absolute_expires_at`, and the record of it.
pub(crate) fn new_refresh_token(
    ctx: &mut Context<'_>,
    client: &Client,
    absolute_expires_at: u64,
) -> (OpaqueToken, NewRefreshToken) {
    let token = OpaqueToken::generate(TokenKind::RefreshToken, ctx.rng);
    let idle_end = ctx.now.saturating_add(client.refresh_idle_secs(ctx.lifetimes));
    let record =
        NewRefreshToken { hash: token.hash(), created_at: ctx.now, expires_at: idle_end.min(absolute_expires_at) };
    (token, record)
}

impl AccessTokenPlan {
    /// What a family remembers of it.
    #[must_use]
    pub fn issued(&self) -> IssuedAccessToken {
        IssuedAccessToken { jti: self.claims.jti.clone(), expires_at: self.claims.exp }
    }
}
