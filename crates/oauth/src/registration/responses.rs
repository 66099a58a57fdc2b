//! What a client may ask the authorization endpoint to answer with, and how (RFC 7591 §2, JARM §3, OpenID Connect Registration §2).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use symbolon_jose::jwe::EncryptingKey;
use symbolon_jose::jwk::Purpose;
use symbolon_jose::{Algorithm, ContentEncryption, Jwk, JwkSet, KeyManagement};

use super::validate::Faults;
use super::{Client, ClientKind};
use crate::grant::{Grant, IMPLICIT};
use crate::response_mode::ResponseMode;
use crate::response_type::ResponseType;
use crate::shared_keys::can_encrypt;

/// The members of a registration that concern answers; part of the client's document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Responses {
    /// The response types it may ask for. RFC 7591 §2: "If omitted, the default is that the client will use only the `code` response type."
    #[serde(default = "code_only")]
    pub response_types: BTreeSet<ResponseType>,
    /// The response modes it may ask for; empty means all.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub response_modes: BTreeSet<ResponseMode>,
    /// What answers that are JWTs are signed with; RS256 if absent (JARM §3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_signed_response_alg: Option<Algorithm>,
    /// How the content key of encrypted answers reaches the client; they are not encrypted if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_encrypted_response_alg: Option<KeyManagement>,
    /// What their content is encrypted with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_encrypted_response_enc: Option<ContentEncryption>,
    /// How the content key of encrypted ID tokens reaches the client; they are not encrypted if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_encrypted_response_alg: Option<KeyManagement>,
    /// What their content is encrypted with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_encrypted_response_enc: Option<ContentEncryption>,
}

/// The `alg` and `enc` under which something is encrypted for a client.
pub type Encryption = (KeyManagement, ContentEncryption);

/// JARM §3, OpenID Connect Registration §2: "If … alg is specified, the default … value is A128CBC-HS256."
pub(super) fn encryption(alg: Option<KeyManagement>, enc: Option<ContentEncryption>) -> Option<Encryption> {
    alg.map(|alg| (alg, enc.unwrap_or(ContentEncryption::A128CbcHs256)))
}

fn code_only() -> BTreeSet<ResponseType> {
    BTreeSet::from([ResponseType::Code])
}

impl Default for Responses {
    /// `code` in any mode.
    fn default() -> Self {
        Self {
            response_types: code_only(),
            response_modes: BTreeSet::new(),
            authorization_signed_response_alg: None,
            authorization_encrypted_response_alg: None,
            authorization_encrypted_response_enc: None,
            id_token_encrypted_response_alg: None,
            id_token_encrypted_response_enc: None,
        }
    }
}

impl Client {
    /// Whether it may ask for the response type. A session value is for one program and its API, and a token that
    /// must be bound to a key needs a proof of it (RFC 9449 §5): neither passes through the browser.
    #[must_use]
    pub fn may_answer_with(&self, response_type: ResponseType) -> bool {
        self.responses.response_types.contains(&response_type)
            && self.profile().allows_response_type(response_type)
            && !(response_type.has_token() && (self.gets_sessions() || self.must_bind()))
    }

    /// What answers that are JWTs are signed with. JARM §3: "If unspecified, the default algorithm … is RS256", unless the profile does not allow that.
    #[must_use]
    pub fn authorization_signed_response_alg(&self) -> Algorithm {
        self.responses.authorization_signed_response_alg.unwrap_or_else(|| self.allowed_or_own(Algorithm::RS256))
    }

    /// How answers that are JWTs are encrypted, if they are (JARM §3).
    #[must_use]
    pub fn authorization_encryption(&self) -> Option<Encryption> {
        let Responses { authorization_encrypted_response_alg: alg, authorization_encrypted_response_enc: enc, .. } =
            self.responses;
        encryption(alg, enc)
    }

    /// How its ID tokens are encrypted, if they are (OpenID Connect Registration §2).
    #[must_use]
    pub fn id_token_encryption(&self) -> Option<Encryption> {
        let Responses { id_token_encrypted_response_alg: alg, id_token_encrypted_response_enc: enc, .. } =
            self.responses;
        encryption(alg, enc)
    }

    /// The first of its registered keys that is for this. A key must say so, by `use` or by `alg`: one that signs is not encrypted to
    /// (RFC 7517 §4.2).
    #[must_use]
    pub fn encrypting_key(&self, encryption: Encryption) -> Option<EncryptingKey> {
        encrypting_key(&JwkSet::from_value(self.jwks.as_ref()?).ok()?, encryption)
    }
    /// Whether it may use the response mode.
    #[must_use]
    pub fn may_answer_by(&self, mode: ResponseMode) -> bool {
        self.responses.response_modes.is_empty() || self.responses.response_modes.contains(&mode)
    }
}

/// The first key of a set that is for this, for a client whose keys are fetched: see [`Client::encrypting_key`].
#[must_use]
pub fn encrypting_key(set: &JwkSet, (alg, enc): Encryption) -> Option<EncryptingKey> {
    let is_meant = |key: &&Jwk| key.purpose() == Some(Purpose::Encryption) || key.key_algorithm() == Some(alg.into());
    set.keys().iter().filter(is_meant).find_map(|key| EncryptingKey::from_jwk(key, alg, enc).ok())
}

/// What a registration must be so that each of its types can be had, for the one who validates it.
pub(super) fn check(client: &Client, faults: &mut Faults) {
    for response_type in client.responses.response_types.iter().copied() {
        let result = if response_type.has_token() && client.gets_sessions() {
            Err("a session value never passes through the browser: use code")
        } else if response_type.has_token() && client.must_bind() {
            Err("a token bound to a key is had at the token endpoint only: use code")
        } else if response_type.is_front_channel() && client.kind == ClientKind::Machine {
            Err("a machine client has no users to sign in")
        } else if response_type.is_front_channel() && !client.grant_types.contains(IMPLICIT) {
            Err("needs the grant type implicit")
        } else if response_type.is_front_channel()
            && response_type.has_code()
            && !client.may_use(Grant::AuthorizationCode)
        {
            Err("needs the grant type authorization_code")
        } else {
            Ok(())
        };
        faults.check_value(result, "response_types", response_type.name());
    }
    let of_answers = Some(client.authorization_signed_response_alg());
    client.check_alg(of_answers, "authorization_signed_response_alg", faults);
    let Responses {
        authorization_encrypted_response_alg: of_answers,
        authorization_encrypted_response_enc: content_of_answers,
        id_token_encrypted_response_alg: of_id_tokens,
        id_token_encrypted_response_enc: content_of_id_tokens,
        ..
    } = client.responses;
    let names = ("authorization_encrypted_response_alg", "authorization_encrypted_response_enc");
    check_encryption(client, faults, names, (of_answers, content_of_answers));
    let names = ("id_token_encrypted_response_alg", "id_token_encrypted_response_enc");
    check_encryption(client, faults, names, (of_id_tokens, content_of_id_tokens));
}

/// Whether something can be encrypted so; `names` are the members' that say it.
pub(super) fn check_encryption(
    client: &Client,
    faults: &mut Faults,
    (alg_name, enc_name): (&'static str, &'static str),
    (alg, enc): (Option<KeyManagement>, Option<ContentEncryption>),
) {
    faults.check(
        enc.is_none() || alg.is_some(),
        enc_name,
        "says how to encrypt, but nothing says that to do so: add the alg",
    );
    let Some((alg, enc)) = encryption(alg, enc) else { return };
    if alg.is_symmetric() {
        let fits = client.can_share_keys() && can_encrypt(alg);
        return faults.check(
            fits,
            alg_name,
            "needs a client with a secret, and the profile oidc: choose RSA-OAEP or ECDH-ES",
        );
    }
    let has_key = client.jwks_uri().is_some() || client.encrypting_key((alg, enc)).is_some();
    faults.check(has_key, alg_name, "needs a key for it in jwks, with use enc");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registration::AccessTokenFormat;
    use crate::testing::{spa, third_party};

    #[test]
    fn a_document_of_before_means_code_only() {
        let mut body = serde_json::to_value(spa()).unwrap();
        body.as_object_mut().unwrap().remove("response_types");
        let client: Client = serde_json::from_value(body).unwrap();
        assert_eq!(client.responses, Responses::default());
        for response_type in ResponseType::ALL {
            assert_eq!(client.may_answer_with(*response_type), *response_type == ResponseType::Code);
        }
        assert!(client.extra.is_empty());
    }

    #[test]
    fn a_client_of_sessions_gets_no_access_token_in_the_front_channel() {
        let mut client = Client { access_token_format: AccessTokenFormat::Session, ..spa() };
        client.responses.response_types = ResponseType::ALL.iter().copied().collect();
        for response_type in ResponseType::ALL {
            assert_eq!(client.may_answer_with(*response_type), !response_type.has_token(), "{response_type:?}");
        }
        client.access_token_format = AccessTokenFormat::Jwt;
        client.dpop_bound_access_tokens = true;
        for response_type in ResponseType::ALL {
            assert_eq!(client.may_answer_with(*response_type), !response_type.has_token(), "bound: {response_type:?}");
        }
    }

    #[test]
    fn types_that_no_endpoint_would_honour_are_refused() {
        let with = |response_type, grants: &[&str], client: Client| {
            let mut client = Client { grant_types: grants.iter().map(ToString::to_string).collect(), ..client };
            client.responses.response_types = [response_type].into();
            client.validate().is_ok()
        };
        assert!(with(ResponseType::IdToken, &["implicit"], spa()));
        assert!(with(ResponseType::CodeIdToken, &["authorization_code", "implicit"], spa()));
        assert!(with(ResponseType::None, &["authorization_code"], spa()));
        assert!(!with(ResponseType::IdToken, &["authorization_code"], spa()));
        assert!(!with(ResponseType::CodeToken, &["implicit"], spa()));
        assert!(!with(ResponseType::IdToken, &["implicit"], crate::testing::machine()));
        let of_sessions = || Client { access_token_format: AccessTokenFormat::Session, ..spa() };
        assert!(!with(ResponseType::Token, &["implicit"], of_sessions()));
        assert!(with(ResponseType::IdToken, &["implicit"], of_sessions()));
        assert!(!with(ResponseType::IdToken, &["implicit"], Client { redirect_uris: Vec::new(), ..spa() }));
    }

    #[test]
    fn answers_are_signed_by_rs256_unless_registered_otherwise_and_by_a_secret_only_if_there_is_one_jarm_3() {
        let mut client = spa();
        assert_eq!(client.authorization_signed_response_alg(), Algorithm::RS256);
        client.responses.authorization_signed_response_alg = Some(Algorithm::ES256);
        assert_eq!((client.authorization_signed_response_alg(), client.validate()), (Algorithm::ES256, Ok(())));
        client.responses.authorization_signed_response_alg = Some(Algorithm::HS256);
        assert!(client.validate().is_err());
    }

    /// A confidential client with one key for each use.
    fn with_keys(alg: KeyManagement) -> Client {
        let of_encryption = Jwk::generate(alg).unwrap().public_value().unwrap();
        let signing = Jwk::generate(Algorithm::ES256).unwrap().public_value().unwrap();
        Client { jwks: Some(serde_json::json!({ "keys": [signing, of_encryption] })), ..third_party() }
    }

    #[test]
    fn content_is_encrypted_by_a128cbc_hs256_unless_registered_otherwise_jarm_3() {
        let mut client = with_keys(KeyManagement::EcdhEs);
        assert_eq!((client.authorization_encryption(), client.id_token_encryption()), (None, None));
        client.responses.authorization_encrypted_response_alg = Some(KeyManagement::EcdhEs);
        client.responses.id_token_encrypted_response_alg = Some(KeyManagement::EcdhEs);
        client.responses.id_token_encrypted_response_enc = Some(ContentEncryption::A256Gcm);
        let by_default = Some((KeyManagement::EcdhEs, ContentEncryption::A128CbcHs256));
        assert_eq!(client.authorization_encryption(), by_default);
        assert_eq!(client.id_token_encryption(), Some((KeyManagement::EcdhEs, ContentEncryption::A256Gcm)));
        assert_eq!(client.validate(), Ok(()));
    }

    #[test]
    fn encryption_that_could_not_be_read_or_not_be_done_is_refused() {
        let faulty = |client: &Client, member: &str| {
            let faults = client.validate().expect_err("must be refused");
            assert!(faults.iter().any(|fault| fault.member == member), "{faults:?}");
        };
        let mut client = with_keys(KeyManagement::EcdhEsA256Kw);
        client.responses.id_token_encrypted_response_enc = Some(ContentEncryption::A256Gcm);
        client.responses.authorization_encrypted_response_enc = Some(ContentEncryption::A256Gcm);
        faulty(&client, "id_token_encrypted_response_enc");
        faulty(&client, "authorization_encrypted_response_enc");
        for alg in [KeyManagement::Pbes2Hs256A128Kw, KeyManagement::RsaOaep256] {
            client.responses.id_token_encrypted_response_alg = Some(alg);
            client.responses.authorization_encrypted_response_alg = Some(alg);
            faulty(&client, "id_token_encrypted_response_alg");
            faulty(&client, "authorization_encrypted_response_alg");
        }
        client.responses.id_token_encrypted_response_alg = Some(KeyManagement::EcdhEsA256Kw);
        client.responses.authorization_encrypted_response_alg = Some(KeyManagement::EcdhEsA256Kw);
        assert_eq!(client.validate(), Ok(()));
        client.jwks = None;
        faulty(&client, "id_token_encrypted_response_alg");
    }

    #[test]
    fn a_key_that_signs_is_not_encrypted_to_rfc_7517_4_2() {
        let (alg, enc) = (KeyManagement::EcdhEs, ContentEncryption::A128Gcm);
        let mut point = Jwk::generate(Algorithm::ES256).unwrap().public_value().unwrap();
        let found = |key: &serde_json::Value| {
            let jwks = Some(serde_json::json!({ "keys": [key] }));
            Client { jwks, ..third_party() }.encrypting_key((alg, enc)).is_some()
        };
        let members = point.as_object_mut().unwrap();
        for (purpose, named, expected) in [
            (Some("sig"), Some("ES256"), false),
            (Some("sig"), None, false),
            (None, Some("ES256"), false),
            (None, None, false),
            (Some("enc"), Some("ES256"), false),
            (Some("enc"), Some("ECDH-ES+A128KW"), false),
            (Some("enc"), None, true),
            (None, Some("ECDH-ES"), true),
            (Some("enc"), Some("ECDH-ES"), true),
        ] {
            members.retain(|name, _| !matches!(name.as_str(), "use" | "alg" | "kid" | "key_ops"));
            members.extend(purpose.map(|text| ("use".to_owned(), text.into())));
            members.extend(named.map(|text| ("alg".to_owned(), text.into())));
            assert_eq!(found(&serde_json::Value::Object(members.clone())), expected, "{purpose:?} {named:?}");
        }
    }
}
