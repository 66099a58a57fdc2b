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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestRng, authenticated, spa, third_party};

    fn parse(token: &str, hint: &str) -> Result<Request, OAuthError> {
        Request::parse(&Params::from_pairs([("token", token), ("token_type_hint", hint)]).unwrap())
    }

    fn found() -> Facts {
        Facts { family_id: "family-1".to_owned(), client_id: spa().client_id }
    }

    #[test]
    fn the_owner_ends_the_family_whatever_the_hint() {
        let token = OpaqueToken::generate(TokenKind::RefreshToken, &mut TestRng::new(1));
        for hint in ["", "refresh_token", "access_token", "nonsense"] {
            assert_eq!(parse(token.reveal(), hint), Ok(Request::RefreshToken(token.clone())));
        }
        let effect = Effect::EndFamily {
            family_id: "family-1".to_owned(),
            why: EndReason::Revoked,
            also_session: AlsoSession::No,
        };
        assert_eq!(decide(authenticated(&spa()), Some(&found())), Ok(effect));
    }

    #[test]
    fn unknown_tokens_are_answered_as_if_revoked_rfc_7009_2_2() {
        for text in ["x", "sym_rt_short", "a.b.c", "eyJ.x"] {
            assert_eq!(parse(text, ""), Ok(Request::Unknown), "{text}");
        }
        assert_eq!(decide(authenticated(&spa()), None), Ok(Effect::None));
    }

    #[test]
    fn another_clients_token_stays_as_it_is() {
        assert_eq!(decide(authenticated(&third_party()), Some(&found())), Err(OAuthError::RefreshTokenOfAnotherClient));
    }

    #[test]
    fn a_signed_token_is_never_called_revoked_cve_2020_15223() {
        assert_eq!(parse("eyJhbGciOiJSUzI1NiJ9.e30.c2ln", "access_token"), Err(OAuthError::TokenTypeUnsupported));
        assert_eq!(OAuthError::TokenTypeUnsupported.wire().code, "unsupported_token_type");
    }

    #[test]
    fn a_request_without_a_token_is_refused() {
        assert_eq!(Request::parse(&Params::default()), Err(OAuthError::ParameterMissing("token")));
    }
}
