//! Where clients show their certificates (RFC 8705 §5), so that browsers are never asked for theirs, and what that makes possible.

use serde::Serialize;

use crate::endpoint::path;
use crate::ids::Issuer;
use crate::registration::AuthMethod;

/// Whether and where certificates of clients are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Certificates {
    /// Nowhere.
    #[default]
    Off,
    /// At these endpoints.
    Taken {
        /// What the endpoints' addresses begin with, where it is not the issuer.
        base: Option<Issuer>,
        /// Whether there are authorities whose certificates are believed.
        authorities: bool,
    },
}

impl Certificates {
    /// Whether clients can prove themselves by this method.
    #[must_use]
    pub fn serve(&self, method: AuthMethod) -> bool {
        match method {
            AuthMethod::SelfSignedTlsClientAuth => self.are_taken(),
            AuthMethod::TlsClientAuth => matches!(self, Self::Taken { authorities: true, .. }),
            AuthMethod::ClientSecretBasic
            | AuthMethod::ClientSecretJwt
            | AuthMethod::ClientSecretPost
            | AuthMethod::None
            | AuthMethod::PrivateKeyJwt => true,
        }
    }

    /// Whether clients can show any.
    #[must_use]
    pub fn are_taken(&self) -> bool {
        *self != Self::Off
    }

    pub(super) fn base(&self) -> Option<&Issuer> {
        match self {
            Self::Off => None,
            Self::Taken { base, .. } => base.as_ref(),
        }
    }
}

/// The endpoints that clients call from server to server, at their other address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "each is the alias of the endpoint of that name")]
pub struct Aliases {
    pub token_endpoint: String,
    pub revocation_endpoint: String,
    pub introspection_endpoint: String,
    pub pushed_authorization_request_endpoint: String,
    pub device_authorization_endpoint: String,
    pub backchannel_authentication_endpoint: String,
    pub userinfo_endpoint: String,
}

impl Aliases {
    pub(super) fn at(base: &Issuer) -> Self {
        Self {
            token_endpoint: base.endpoint(path::TOKEN),
            revocation_endpoint: base.endpoint(path::REVOKE),
            introspection_endpoint: base.endpoint(path::INTROSPECT),
            pushed_authorization_request_endpoint: base.endpoint(path::PUSHED_AUTHORIZATION),
            device_authorization_endpoint: base.endpoint(path::DEVICE_AUTHORIZATION),
            backchannel_authentication_endpoint: base.endpoint(path::BACKCHANNEL_AUTHENTICATION),
            userinfo_endpoint: base.endpoint(path::USERINFO),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Settings, metadata};
    use super::*;
    use crate::testing::issuer;
    use serde_json::{Value, json};

    fn document(certificates: Certificates) -> Value {
        serde_json::to_value(metadata(&issuer(), &Settings { certificates, ..Settings::default() })).unwrap()
    }

    fn offers(document: &Value, method: &str) -> bool {
        let lists = ["token_endpoint", "revocation_endpoint", "introspection_endpoint"];
        let offered = lists.map(|list| document[format!("{list}_auth_methods_supported")].to_string());
        offered.iter().all(|list| list.contains(&format!("\"{method}\"")))
    }

    #[test]
    fn rfc8705_section_3_3_nothing_is_said_of_certificates_that_are_not_taken() {
        let document = document(Certificates::Off);
        assert_eq!(document["tls_client_certificate_bound_access_tokens"], json!(false));
        assert!(!document.to_string().contains("mtls") && !document.to_string().contains("tls_client_auth"));
    }

    #[test]
    fn rfc8705_section_2_the_methods_are_offered_where_they_work() {
        let without = document(Certificates::Taken { base: None, authorities: false });
        assert!(offers(&without, "self_signed_tls_client_auth") && !offers(&without, "tls_client_auth"));
        let with = document(Certificates::Taken { base: None, authorities: true });
        assert!(offers(&with, "self_signed_tls_client_auth") && offers(&with, "tls_client_auth"));
        for document in [with, without] {
            assert_eq!(document["tls_client_certificate_bound_access_tokens"], json!(true));
            assert!(document.get("mtls_endpoint_aliases").is_none(), "the endpoints themselves take them");
        }
    }

    #[test]
    fn rfc8705_section_5_the_other_addresses_are_listed_beside_the_usual_ones() {
        let base = Some(Issuer::parse("https://mtls.auth.example").unwrap());
        let document = document(Certificates::Taken { base, authorities: true });
        let aliases = document["mtls_endpoint_aliases"].as_object().unwrap();
        for (name, alias) in aliases {
            let usual = document[name].as_str().unwrap();
            assert_eq!(alias.as_str().unwrap(), usual.replace("auth.example", "mtls.auth.example"), "{name}");
        }
        assert!(aliases.contains_key("token_endpoint") && aliases.contains_key("userinfo_endpoint"));
        assert!(!aliases.contains_key("authorization_endpoint"), "no browser is sent there");
    }
}
