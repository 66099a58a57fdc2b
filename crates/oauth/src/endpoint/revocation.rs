//! Revocation (RFC 7009): a client gives up what it holds.
//!
//! Either token of a grant ends the grant (§2.1: "the authorization server SHOULD also invalidate" the others); a client's own token
//! (client credentials) ends by itself. A wrong `token_type_hint` is ignored (§2.1), an unknown token is answered as if revoked (§2.2),
//! another client's token is refused and nothing happens to it.

use serde::Serialize;
use zeroize::Zeroizing;

use crate::access_token::AccessTokenClaims;
use crate::client_auth::AuthenticatedClient;
use crate::effect::{AlsoSession, Effect, EndReason};
use crate::error::OAuthError;
use crate::ids::ClientId;
use crate::params::Params;
use crate::token_format::{OpaqueToken, TokenKind};

/// What the presented token is. `Debug` shows no token.
#[derive(Clone, PartialEq, Eq)]
pub enum Request {
    /// Perhaps an access token: verify it.
    AccessToken(Zeroizing<String>),
    /// A refresh token: look it up by its hash.
    RefreshToken(OpaqueToken),
    /// A session value: look it up by its hash.
    SessionValue(OpaqueToken),
    /// Nothing we ever issued: answer 200.
    Unknown,
}

impl Request {
    /// Reads `token`.
    ///
    /// # Errors
    /// It is missing.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let token = params.require("token")?;
        if let Ok(refresh_token) = OpaqueToken::parse(TokenKind::RefreshToken, token) {
            return Ok(Self::RefreshToken(refresh_token));
        }
        if let Ok(value) = OpaqueToken::parse(TokenKind::SessionValue, token) {
            return Ok(Self::SessionValue(value));
        }
        let looks_signed = token.starts_with("eyJ") && token.bytes().filter(|byte| *byte == b'.').count() == 2;
        Ok(if looks_signed { Self::AccessToken(Zeroizing::new(token.to_owned())) } else { Self::Unknown })
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::AccessToken(_) => "AccessToken",
            Self::RefreshToken(_) => "RefreshToken",
            Self::SessionValue(_) => "SessionValue",
            Self::Unknown => "Unknown",
        })
    }
}

/// What was found for the token.
#[derive(Clone, Debug, PartialEq)]
pub enum Facts<'a> {
    /// An access token whose signature, issuer, type and expiry the shell has verified.
    AccessToken(&'a AccessTokenClaims),
    /// The same, of one that came of an exchange: the family it is of is another client's (RFC 8693).
    Exchanged(&'a AccessTokenClaims),
    /// The family of a refresh token or a session value.
    Family {
        /// Its id.
        id: String,
        /// Whose it is.
        client_id: ClientId,
    },
    /// Nothing, or nothing that still counts.
    Nothing,
}

/// Decides; the answer is 200 once the effect holds.
///
/// # Errors
/// The token was issued to another client (RFC 7009 §2.1: "the request is refused and the client is informed of the error").
pub fn decide(client: AuthenticatedClient<'_>, facts: &Facts<'_>) -> Result<Effect, OAuthError> {
    let caller = &client.client().client_id;
    match facts {
        Facts::Nothing => Ok(Effect::None),
        Facts::AccessToken(token) if *caller == token.client_id.as_str() => {
            Ok(Effect::RevokeAccessToken { jti: token.jti.clone(), expires_at: token.exp, why: EndReason::Revoked })
        }
        // Who got a token of somebody else's sign-in does not end that sign-in.
        Facts::Exchanged(token) if *caller == token.client_id.as_str() => {
            Ok(Effect::RevokeExchangedToken { jti: token.jti.clone(), expires_at: token.exp })
        }
        Facts::Family { id, client_id } if client_id == caller => Ok(Effect::EndFamily {
            family_id: id.clone(),
            beside: None,
            why: EndReason::Revoked,
            also_session: AlsoSession::No,
        }),
        Facts::AccessToken(_) | Facts::Exchanged(_) | Facts::Family { .. } => Err(OAuthError::TokenOfAnotherClient),
    }
}

/// The body of the answer, beyond what RFC 7009 asks for: what died, and what can live on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// Whether anything counted that counts no more. False for what was unknown, expired or revoked already.
    pub revoked: bool,
    /// The last expiry of an access token that this revoked: until then an API that does not follow the revocation feed accepts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_tokens_until: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::userinfo::tests::token;
    use crate::testing::{TestRng, authenticated, spa, third_party};

    fn parse(token: &str, hint: &str) -> Result<Request, OAuthError> {
        Request::parse(&Params::from_pairs([("token", token), ("token_type_hint", hint)]).unwrap())
    }

    fn family() -> Facts<'static> {
        Facts::Family { id: "family-1".to_owned(), client_id: spa().client_id }
    }

    #[test]
    fn the_owner_ends_the_family_whatever_the_hint() {
        let token = OpaqueToken::generate(TokenKind::RefreshToken, &mut TestRng::new(1));
        for hint in ["", "refresh_token", "access_token", "nonsense"] {
            assert_eq!(parse(token.reveal(), hint), Ok(Request::RefreshToken(token.clone())));
        }
        let effect = Effect::EndFamily {
            family_id: "family-1".to_owned(),
            beside: None,
            why: EndReason::Revoked,
            also_session: AlsoSession::No,
        };
        assert_eq!(decide(authenticated(&spa()), &family()), Ok(effect));
    }

    #[test]
    fn the_owner_revokes_an_access_token_whatever_the_hint() {
        let text = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln";
        for hint in ["", "refresh_token", "access_token", "nonsense"] {
            assert_eq!(parse(text, hint), Ok(Request::AccessToken(Zeroizing::new(text.to_owned()))));
        }
        let token = token();
        let effect = Effect::RevokeAccessToken { jti: "j".to_owned(), expires_at: token.exp, why: EndReason::Revoked };
        assert_eq!(decide(authenticated(&spa()), &Facts::AccessToken(&token)), Ok(effect));
    }

    #[test]
    fn unknown_tokens_are_answered_as_if_revoked_rfc_7009_2_2() {
        for text in ["x", "sym_rt_short", "a.b.c", "eyJ.x"] {
            assert_eq!(parse(text, ""), Ok(Request::Unknown), "{text}");
        }
        assert_eq!(decide(authenticated(&spa()), &Facts::Nothing), Ok(Effect::None));
    }

    #[test]
    fn another_clients_token_stays_as_it_is() {
        let third = third_party();
        for facts in [family(), Facts::AccessToken(&token())] {
            assert_eq!(decide(authenticated(&third), &facts), Err(OAuthError::TokenOfAnotherClient));
        }
    }

    #[test]
    fn debug_shows_no_token() {
        assert_eq!(format!("{:?}", parse("eyJhbGciOiJSUzI1NiJ9.e30.c2ln", "").unwrap()), "AccessToken");
    }

    #[test]
    fn a_request_without_a_token_is_refused() {
        assert_eq!(Request::parse(&Params::default()), Err(OAuthError::ParameterMissing("token")));
    }
}
