//! In what form a client gets claims from userinfo (OpenID Connect Registration §2): as JSON unless it asks for a signature, or for encryption,
//! or for both.

use serde::{Deserialize, Serialize};
use symbolon_jose::{Algorithm, ContentEncryption, KeyManagement};

use super::responses::{self, Encryption};
use super::validate::Faults;
use super::{Client, ClientKind};

/// Part of a [`Client`]'s document, with the members' names of the standard.
///
/// ```
/// use symbolon_oauth::registration::{Client, UserinfoResponses};
/// use symbolon_oauth::ClientId;
/// let mut client = Client::web(ClientId::parse("web")?, "Web");
/// assert_eq!(client.userinfo, UserinfoResponses::default());
/// client.userinfo.userinfo_signed_response_alg = Some(symbolon_jose::Algorithm::ES256);
/// assert_eq!(serde_json::to_value(&client).unwrap()["userinfo_signed_response_alg"], "ES256");
/// # Ok::<(), symbolon_oauth::InvalidName>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserinfoResponses {
    /// What the claims are signed with; they are plain JSON if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub userinfo_signed_response_alg: Option<Algorithm>,
    /// How the content key of encrypted claims reaches the client; they are not encrypted if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub userinfo_encrypted_response_alg: Option<KeyManagement>,
    /// What they are encrypted with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub userinfo_encrypted_response_enc: Option<ContentEncryption>,
}

impl Client {
    /// How its claims from userinfo are encrypted, if they are.
    #[must_use]
    pub fn userinfo_encryption(&self) -> Option<Encryption> {
        responses::encryption(
            self.userinfo.userinfo_encrypted_response_alg,
            self.userinfo.userinfo_encrypted_response_enc,
        )
    }

    pub(super) fn check_userinfo(&self, faults: &mut Faults) {
        const SIGNED: &str = "userinfo_signed_response_alg";
        let UserinfoResponses {
            userinfo_signed_response_alg: signed,
            userinfo_encrypted_response_alg: alg,
            userinfo_encrypted_response_enc: enc,
        } = self.userinfo;
        self.check_alg(signed, SIGNED, faults);
        faults.check(
            self.kind != ClientKind::Machine || self.userinfo == UserinfoResponses::default(),
            SIGNED,
            "a machine client has no users to ask about",
        );
        let names = ("userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc");
        responses::check_encryption(self, faults, names, (alg, enc));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registration::AuthMethod;
    use crate::testing::{machine, third_party};
    use serde_json::json;
    use symbolon_jose::Jwk;
    use symbolon_jose::jwk::Purpose;

    fn with(members: serde_json::Value) -> Client {
        let pair = Jwk::generate(KeyManagement::EcdhEs).unwrap().with_purpose(Purpose::Encryption).unwrap();
        let jwks = json!({ "keys": [pair.public_value().unwrap()] });
        Client { jwks: Some(jwks), userinfo: serde_json::from_value(members).unwrap(), ..third_party() }
    }

    #[track_caller]
    fn faulty(client: &Client, member: &str) {
        let faults = client.validate().unwrap_err();
        assert!(faults.iter().any(|fault| fault.member == member), "{faults:?}");
    }

    #[test]
    fn what_the_client_can_read_is_taken() {
        for members in [
            json!({"userinfo_signed_response_alg": "PS256"}),
            json!({"userinfo_encrypted_response_alg": "ECDH-ES", "userinfo_encrypted_response_enc": "A256GCM"}),
            json!({"userinfo_signed_response_alg": "ES256", "userinfo_encrypted_response_alg": "ECDH-ES"}),
        ] {
            assert_eq!(with(members.clone()).validate(), Ok(()), "{members}");
        }
    }

    #[test]
    fn registration_section_2_the_default_content_encryption_is_a128cbc_hs256() {
        let client = with(json!({"userinfo_encrypted_response_alg": "ECDH-ES"}));
        assert_eq!(client.userinfo_encryption(), Some((KeyManagement::EcdhEs, ContentEncryption::A128CbcHs256)));
        assert_eq!(with(json!({})).userinfo_encryption(), None);
    }

    #[test]
    fn registration_section_2_an_enc_without_an_alg_is_refused() {
        faulty(&with(json!({"userinfo_encrypted_response_enc": "A256GCM"})), "userinfo_encrypted_response_enc");
    }

    #[test]
    fn what_nobody_could_make_or_read_is_refused() {
        let without_secret =
            |members| Client { token_endpoint_auth_method: AuthMethod::PrivateKeyJwt, ..with(members) };
        faulty(&without_secret(json!({"userinfo_signed_response_alg": "HS256"})), "userinfo_signed_response_alg");
        faulty(&without_secret(json!({"userinfo_encrypted_response_alg": "dir"})), "userinfo_encrypted_response_alg");
        let password = with(json!({"userinfo_encrypted_response_alg": "PBES2-HS256+A128KW"}));
        faulty(&password, "userinfo_encrypted_response_alg");
        faulty(&with(json!({"userinfo_encrypted_response_alg": "RSA-OAEP-256"})), "userinfo_encrypted_response_alg");
        let keyless = Client { jwks: None, ..with(json!({"userinfo_encrypted_response_alg": "ECDH-ES"})) };
        faulty(&keyless, "userinfo_encrypted_response_alg");
        let signed = with(json!({"userinfo_signed_response_alg": "ES256"})).userinfo;
        faulty(&Client { userinfo: signed, ..machine() }, "userinfo_signed_response_alg");
        assert!(serde_json::from_value::<UserinfoResponses>(json!({"userinfo_signed_response_alg": "none"})).is_err());
    }
}
