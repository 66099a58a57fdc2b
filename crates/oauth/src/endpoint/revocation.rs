//! Revocation (RFC 7009): a client ends a refresh token's whole family.
//!
//! A wrong `token_type_hint` is ignored (§2.1), an unknown token is answered as if revoked (§2.2), another client's token is refused
//! and nothing happens to it. A signed access token cannot be revoked yet, and that is said: `unsupported_token_type` (§2.2.1).

use crate::client_auth::AuthenticatedClient;
use crate::effect::{AlsoSession, Effect, EndReason};
use crate::error::OAuthError;
use crate::ids::ClientId;
use crate::params::Params;
use crate::token_format::{OpaqueToken, TokenKind};

/// What the presented token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// A refresh token: look it up by its hash.
    RefreshToken(OpaqueToken),
    /// Nothing we ever issued: answer 200.
    Unknown,
}

impl Request {
    /// Reads `token`.
    ///
    /// # Errors
    /// It is missing, or a signed token.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let token = params.require("token")?;
        if let Ok(refresh_token) = OpaqueToken::parse(TokenKind::RefreshToken, token) {
            return Ok(Self::RefreshToken(refresh_token));
        }
        let looks_signed = token.starts_with("eyJ") && token.bytes().filter(|byte| *byte == b'.').count() == 2;
        if looks_signed { Err(OAuthError::TokenTypeUnsupported) } else { Ok(Self::Unknown) }
    }
}

/// What was found for the token's hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its family.
    pub family_id: String,
    /// Whose it is.
    pub client_id: ClientId,
}

/// Decides; the answer is 200 with an empty body once the effect holds.
///
/// # Errors
/// The token was issued to another client (RFC 7009 §2.1: "the request is refused and the client is informed of the error").
pub fn decide(client: AuthenticatedClient<'_>, facts: Option<&Facts>) -> Result<Effect, OAuthError> {
    let Some(facts) = facts else { return Ok(Effect::None) };
    if facts.client_id != client.client().client_id {
        return Err(OAuthError::RefreshTokenOfAnotherClient);
    }
    Ok(Effect::EndFamily { family_id: facts.family_id.clone(), why: EndReason::Revoked, also_session: AlsoSession::No })
}
