//! Introspection (RFC 7662): an API asks whether a token counts.
//!
//! Needs authentication (§2.1). An inactive answer is `{"active":false}` and nothing else (§2.2), whatever the reason: unknown,
//! expired, revoked, or not for the one who asks.

use serde::Serialize;
use symbolon_jose::jwt::Audience;

use super::userinfo::{TokenFacts, still_counts};
use crate::access_token::AccessTokenClaims;
use crate::client_auth::{AuthenticatedApi, AuthenticatedClient};
use crate::error::OAuthError;
use crate::params::Params;
use crate::scope::Scope;

/// What is asked. `Debug` shows no token.
#[derive(Clone)]
pub struct Request {
    /// The token.
    pub token: zeroize::Zeroizing<String>,
}

impl Request {
    /// Reads `token`; `token_type_hint` is not needed.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        Ok(Self { token: zeroize::Zeroizing::new(params.require("token")?.to_owned()) })
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { token: _ } = self;
        f.debug_struct("Request").finish_non_exhaustive()
    }
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub enum Caller<'a> {
    /// An API: about tokens meant for it.
    Api(AuthenticatedApi<'a>),
    /// A confidential client: about its own tokens.
    Client(AuthenticatedClient<'a>),
}

/// The answer (RFC 7662 §2.2).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// It counts.
    Active(Box<Active>),
    /// It does not, or is none of the caller's business.
    Inactive {
        /// Always false.
        active: AlwaysFalse,
    },
}

/// `false`, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlwaysFalse;

impl Serialize for AlwaysFalse {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(false)
    }
}

/// What is told of a token that counts.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the members are RFC 7662 §2.2's and the token's own")]
pub struct Active {
    pub active: bool,
    pub token_type: &'static str,
    pub iss: String,
    pub sub: String,
    pub aud: Audience,
    pub client_id: String,
    pub exp: u64,
    pub iat: u64,
    pub jti: String,
    #[serde(skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
}

impl Answer {
    /// `{"active":false}`
    pub const INACTIVE: Self = Self::Inactive { active: AlwaysFalse };
}

/// Decides about a token whose signature, issuer, type and expiry the shell has verified; `None` if it did not pass.
/// `facts` are needed for a user's token; a client's own token has neither user nor session.
///
/// # Errors
/// The caller is a client that proves nothing (RFC 7662 §2.1).
pub fn decide(caller: Caller<'_>, token: Option<&AccessTokenClaims>, facts: &TokenFacts) -> Result<Answer, OAuthError> {
    if matches!(caller, Caller::Client(client) if client.client().is_public()) {
        return Err(OAuthError::GrantNotAllowed);
    }
    let Some(token) = token.filter(|token| concerns(caller, token) && counts(token, facts)) else {
        return Ok(Answer::INACTIVE);
    };
    Ok(Answer::Active(Box::new(Active {
        active: true,
        token_type: "Bearer",
        iss: token.iss.clone(),
        sub: token.sub.clone(),
        aud: token.aud.clone(),
        client_id: token.client_id.clone(),
        exp: token.exp,
        iat: token.iat,
        jti: token.jti.clone(),
        scope: token.scope.clone(),
        sid: token.sid.clone(),
        auth_time: token.auth_time,
        acr: token.acr.clone(),
        roles: token.roles.clone(),
    })))
}

fn concerns(caller: Caller<'_>, token: &AccessTokenClaims) -> bool {
    match caller {
        Caller::Api(api) => token.aud.contains(&api.api().identifier),
        Caller::Client(client) => client.client().client_id == token.client_id.as_str(),
    }
}

fn counts(token: &AccessTokenClaims, facts: &TokenFacts) -> bool {
    let clients_own = token.rh.is_none() && token.sub == token.client_id;
    if clients_own { facts.jti == super::userinfo::JtiState::Live } else { still_counts(token, facts).is_some() }
}
