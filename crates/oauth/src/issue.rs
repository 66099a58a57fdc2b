//! What a decision at the token endpoint comes to: tokens to sign, and the effect that must hold before they are handed out.
//!
//! The shell applies the effect as one atomic operation, signs, and answers. An effect that lost a race is not forced: the shell
//! loads the facts again and decides again, once.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};
use symbolon_jose::Algorithm;

use crate::access_token::AccessTokenClaims;
use crate::claims::Profile;
use crate::confirmation::Confirmation;
use crate::effect::{Effect, IssuedAccessToken};
use crate::error::OAuthError;
use crate::id_token::IdTokenClaims;
use crate::scope::Scope;
use crate::token_format::OpaqueToken;

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
    /// On record and not ended. Whether an idle one still counts is for the shell to judge.
    Live,
    /// Not on record (any more).
    Unknown,
}

/// An access token to hand out.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessTokenPlan {
    /// Its claims, complete; for a session value, what a look-up would say of it now.
    pub claims: AccessTokenClaims,
    /// What it is made of.
    pub form: AccessTokenForm,
}

/// What an access token is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessTokenForm {
    /// A value to hand out as it is; the effect has its hash.
    Session(OpaqueToken),
    /// A token to sign: `jwt::sign(key_for(alg), access_token::TYP, &claims)`.
    Signed(Algorithm),
}

/// An ID token to sign after the access token beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct IdTokenPlan {
    /// Its claims, still without hashes of what goes beside it.
    pub claims: IdTokenClaims,
    /// What to sign it with.
    pub alg: Algorithm,
}

/// What is handed out with an ID token, which binds each by half a hash, and the `state` of the request it answers.
#[derive(Clone, Copy, Default)]
pub struct Beside<'a> {
    /// The access token (OpenID Connect Core §3.1.3.6, §3.2.2.10).
    pub access_token: Option<&'a str>,
    /// The code (§3.3.2.11).
    pub code: Option<&'a str>,
    /// The `state` (FAPI 1.0 Part 2 §5.1.1), where the ID token comes with the answer to a request: it is then a signature over the answer.
    pub state: Option<&'a str>,
}

impl IdTokenPlan {
    /// The claims to sign, bound to what is handed out with them (`at_hash`, `c_hash`, `s_hash`).
    #[must_use]
    pub fn beside(&self, beside: &Beside<'_>) -> IdTokenClaims {
        let hash = |text: &str| symbolon_jose::left_half_hash(self.alg, text.as_bytes());
        IdTokenClaims {
            at_hash: beside.access_token.map(hash),
            c_hash: beside.code.map(hash),
            s_hash: beside.state.map(hash),
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
            token_type: Confirmation::token_type(claims.cnf.as_ref()),
            expires_in: claims.exp.saturating_sub(claims.iat),
            scope: claims.scope.clone(),
            authorization_details: claims.authorization_details.clone(),
            refresh_token: match &self.refresh_token {
                RefreshAnswer::Absent => None,
                RefreshAnswer::New(token) => Some(token.reveal().to_owned()),
                RefreshAnswer::SameSuccessor => unsealed_refresh_token,
            },
            id_token,
            issued_token_type: None,
        }
    }
}

/// A refusal, and what must be done all the same: the second use of a code ends what the first brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub error: OAuthError,
    /// What must be done before the refusal is told; often [`Effect::None`].
    pub effect: Box<Effect>,
}

impl From<OAuthError> for Refusal {
    fn from(error: OAuthError) -> Self {
        Self { error, effect: Box::new(Effect::None) }
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
    /// The access token: signed, or a session value.
    pub access_token: String,
    /// `Bearer`, or `DPoP` for one that is bound to a key.
    pub token_type: &'static str,
    /// Seconds.
    pub expires_in: u64,
    /// What was granted: always told, since unknown scopes are dropped; but nothing is no scope (RFC 6749 §3.3).
    #[serde(skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
    /// What was granted in detail (RFC 9396 §7).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authorization_details: Vec<Map<String, Value>>,
    /// The refresh token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// The signed ID token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// What kind of token it is, in the answer to an exchange (RFC 8693 §2.2.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<&'static str>,
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { token_type, expires_in, scope, .. } = self;
        f.debug_struct("TokenResponse")
            .field("token_type", token_type)
            .field("expires_in", expires_in)
            .field("scope", scope)
            .finish_non_exhaustive()
    }
}

impl AccessTokenPlan {
    /// What a family remembers of it.
    #[must_use]
    pub fn issued(&self) -> IssuedAccessToken {
        IssuedAccessToken {
            jti: self.claims.jti.clone(),
            expires_at: self.claims.exp,
            sid: self.claims.sid.clone(),
            revocation_handle: self.claims.rh.clone().unwrap_or_default(),
            session_hash: match &self.form {
                AccessTokenForm::Session(value) => Some(value.hash()),
                AccessTokenForm::Signed(_) => None,
            },
        }
    }
}
