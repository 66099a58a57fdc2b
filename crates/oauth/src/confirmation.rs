//! What an access token is bound to (`cnf`, RFC 7800 §3): whoever shows the token must prove to hold that key.

use serde::{Deserialize, Serialize};

use crate::certificate::ClientCertificate;
use crate::dpop::{DpopFailure, Proven};
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
    /// The SHA-256 of the certificate of the connection (RFC 8705 §3.1).
    #[serde(rename = "x5t#S256")]
    X5tS256(String),
}

impl Confirmation {
    /// What a token bound so is called in `token_type` (RFC 9449 §5). One bound to a certificate is a `Bearer`, as one bound to nothing: the
    /// connection proves it, not the request (RFC 8705 §3).
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
            None | Some(Self::X5tS256(_)) => "Bearer",
            Some(Self::Jkt(_)) => "DPoP",
        }
    }
}

/// What the tokens of this request are to be bound to, of what its sender has proven to hold. Asked for every grant.
///
/// # Errors
/// The client is registered for bound tokens and proves nothing to bind them to, or gets session values and brings a proof.
pub fn held(
    client: &Client,
    proven: Option<&Proven>,
    certificate: Option<&ClientCertificate>,
) -> Result<Option<Confirmation>, OAuthError> {
    if proven.is_some() && client.gets_sessions() {
        return Err(OAuthError::DpopNotForSessions);
    }
    if client.is_certificate_bound() {
        return match (certificate, proven) {
            (Some(certificate), None) => Ok(Some(certificate.confirmation())),
            // Bound to the one, a token would not be what the sender of the other takes it for.
            (_, Some(_)) => Err(OAuthError::DpopBesideCertificate),
            (None, None) => Err(OAuthError::CertificateMissing),
        };
    }
    match proven {
        // FAPI 2.0 §5.3.2.1: "shall only issue sender-constrained access tokens".
        // RFC 9449 §5.2: "the authorization server MUST reject token requests from the client that do not contain the DPoP header"
        None if client.must_bind() => Err(OAuthError::Dpop(DpopFailure::Missing)),
        proven => Ok(proven.map(Proven::confirmation)),
    }
}

/// Whether who holds `held` may use what is bound to `bound`.
///
/// # Errors
/// It is something else, or nothing.
pub(crate) fn check(bound: &Confirmation, held: Option<&Confirmation>) -> Result<(), OAuthError> {
    match (bound, held) {
        (bound, Some(held)) if bound == held => Ok(()),
        (Confirmation::Jkt(_), None) => Err(OAuthError::Dpop(DpopFailure::Missing)),
        (Confirmation::Jkt(_), Some(_)) => Err(OAuthError::DpopKeyMismatch),
        (Confirmation::X5tS256(_), None) => Err(OAuthError::CertificateMissing),
        (Confirmation::X5tS256(_), Some(_)) => Err(OAuthError::CertificateMismatch),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registration::{AccessTokenFormat, CertificateRules};
    use crate::testing::{certificate, machine, spa};
    use serde_json::json;

    fn proven() -> Proven {
        Proven { jkt: "k".to_owned(), alg: symbolon_jose::Algorithm::ES256, once: [0; 32], expires_at: 0 }
    }

    fn key() -> Confirmation {
        Confirmation::Jkt("k".to_owned())
    }

    #[test]
    fn a_client_of_bound_tokens_gets_none_without_a_proof_rfc_9449_5_2() {
        for client in [spa(), machine()] {
            assert_eq!(held(&client, None, None), Ok(None));
            assert_eq!(held(&client, Some(&proven()), None), Ok(Some(key())));
            let bound = Client { dpop_bound_access_tokens: true, ..client };
            assert_eq!(held(&bound, None, None), Err(OAuthError::Dpop(DpopFailure::Missing)));
            assert_eq!(held(&bound, None, Some(&certificate("client"))), Err(OAuthError::Dpop(DpopFailure::Missing)));
            assert_eq!(held(&bound, Some(&proven()), None), Ok(Some(key())));
        }
    }

    #[test]
    fn session_values_are_never_bound() {
        let client = Client { access_token_format: AccessTokenFormat::Session, ..spa() };
        assert_eq!(held(&client, Some(&proven()), None), Err(OAuthError::DpopNotForSessions));
        assert_eq!(held(&client, None, None), Ok(None));
    }

    #[test]
    fn rfc8705_section_3_4_a_registered_client_gets_no_token_without_its_certificate() {
        let shown = certificate("client");
        for client in [spa(), machine()] {
            assert_eq!(held(&client, None, Some(&shown)), Ok(None), "only who is registered so");
            assert_eq!(held(&client, Some(&proven()), Some(&shown)), Ok(Some(key())));
            let rules =
                CertificateRules { tls_client_certificate_bound_access_tokens: true, ..CertificateRules::default() };
            let bound = Client { certificate: rules, ..client };
            assert_eq!(held(&bound, None, Some(&shown)), Ok(Some(shown.confirmation())));
            assert_eq!(held(&bound, None, None), Err(OAuthError::CertificateMissing));
            for certificate in [None, Some(&shown)] {
                assert_eq!(held(&bound, Some(&proven()), certificate), Err(OAuthError::DpopBesideCertificate));
            }
        }
    }

    #[test]
    fn rfc8705_section_3_1_a_token_says_what_certificate_it_is_bound_to() {
        let bound = Confirmation::X5tS256("bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2".to_owned());
        let json = json!({"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"});
        assert_eq!(serde_json::to_value(&bound).unwrap(), json);
        assert_eq!(serde_json::from_value::<Confirmation>(json).unwrap(), bound);
        assert_eq!(Confirmation::token_type(Some(&bound)), "Bearer");
        assert!(serde_json::from_value::<Confirmation>(json!({"x5t#S256": "a", "jkt": "b"})).is_err());
        assert!(serde_json::from_value::<Confirmation>(json!({"x5t": "a"})).is_err());
    }

    #[test]
    fn rfc8705_section_4_what_is_bound_to_one_certificate_is_not_had_with_another() {
        let bound = certificate("self").confirmation();
        assert_eq!(check(&bound, Some(&bound)), Ok(()));
        assert_eq!(check(&bound, None), Err(OAuthError::CertificateMissing));
        assert_eq!(
            check(&bound, Some(&certificate("self-again").confirmation())),
            Err(OAuthError::CertificateMismatch)
        );
        assert_eq!(check(&bound, Some(&key())), Err(OAuthError::CertificateMismatch));
        assert_eq!(check(&key(), Some(&bound)), Err(OAuthError::DpopKeyMismatch));
    }
}
