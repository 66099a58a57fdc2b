//! What an access token is bound to (`cnf`, RFC 7800 §3): whoever shows the token must prove to hold that key.

use serde::{Deserialize, Serialize};

use crate::dpop::DpopFailure;
use crate::error::OAuthError;
use crate::registration::Client;

/// The member `cnf` of a token, and what a family remembers. A kind we do not know is an error, never "not bound".
///
/// ```
/// use symbolon_oauth::Confirmation;
///
/// let bound = Confirmation::Jkt("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I".to_owned());
/// assert_eq!(serde_json::to_value(&bound)?, serde_json::json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}));
/// assert!(serde_json::from_str::<Confirmation>(r#"{"kid": "1"}"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Confirmation {
    /// The thumbprint of the key that signs DPoP proofs (RFC 9449 §6.1).
    #[serde(rename = "jkt")]
    Jkt(String),
}

impl Confirmation {
    /// What a token bound so is called in `token_type` (RFC 9449 §5); one bound to nothing is a `Bearer`.
    ///
    /// ```
    /// use symbolon_oauth::Confirmation;
    ///
    /// assert_eq!(Confirmation::token_type(None), "Bearer");
    /// assert_eq!(Confirmation::token_type(Some(&Confirmation::Jkt("x".to_owned()))), "DPoP");
    /// ```
    #[must_use]
    pub const fn token_type(cnf: Option<&Self>) -> &'static str {
        match cnf {
            None => "Bearer",
            Some(Self::Jkt(_)) => "DPoP",
        }
    }
}

/// Whether a token request of this client may have, or lack, a proof of what its tokens are to be bound to. Asked for every grant.
///
/// # Errors
/// The client is registered for bound tokens and brings no proof, or gets session values and brings one.
pub fn admit(client: &Client, held: Option<&Confirmation>) -> Result<(), OAuthError> {
    match held {
        // RFC 9449 §5.2: "the authorization server MUST reject token requests from the client that do not contain the DPoP header"
        None if client.dpop_bound_access_tokens => Err(OAuthError::Dpop(DpopFailure::Missing)),
        Some(_) if client.gets_sessions() => Err(OAuthError::DpopNotForSessions),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registration::AccessTokenFormat;
    use crate::testing::{machine, spa};

    #[test]
    fn a_client_of_bound_tokens_gets_none_without_a_proof_rfc_9449_5_2() {
        let held = Confirmation::Jkt("k".to_owned());
        for client in [spa(), machine()] {
            assert_eq!((admit(&client, None), admit(&client, Some(&held))), (Ok(()), Ok(())));
            let bound = Client { dpop_bound_access_tokens: true, ..client };
            assert_eq!(admit(&bound, None), Err(OAuthError::Dpop(DpopFailure::Missing)));
            assert_eq!(admit(&bound, Some(&held)), Ok(()));
        }
    }

    #[test]
    fn session_values_are_never_bound() {
        let client = Client { access_token_format: AccessTokenFormat::Session, ..spa() };
        assert_eq!(admit(&client, Some(&Confirmation::Jkt("k".to_owned()))), Err(OAuthError::DpopNotForSessions));
        assert_eq!(admit(&client, None), Ok(()));
    }
}
