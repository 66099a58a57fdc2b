//! APIs (resource servers, RFC 8707) and roles.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use symbolon_jose::jwe::EncryptingKey;
use symbolon_jose::{Algorithm, ContentEncryption, JwkSet, KeyManagement};

use super::validate::{Faults, is_public_key_set};
use super::{DetailsType, Encryption, SecretHash, encrypting_key, responses};
use crate::access_token;

/// A scope an API knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiScope {
    /// The name in `scope`, such as `read:dragons`.
    pub name: String,
    /// What it lets an application do, in words for the consent page.
    #[serde(default)]
    pub description: String,
}

/// What the header of an access token says it is (RFC 9068 §2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccessTokenType {
    /// `at+jwt`, which no other token can be taken for.
    #[default]
    #[serde(rename = "at+jwt")]
    AtJwt,
    /// `JWT`, for libraries older than RFC 9068 that take nothing else.
    #[serde(rename = "JWT")]
    Jwt,
}

impl AccessTokenType {
    /// The value of `typ`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AtJwt => access_token::TYP,
            Self::Jwt => "JWT",
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// An API that takes access tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own in the registration")]
pub struct Api {
    /// The audience of its tokens: an absolute URI without a fragment (RFC 8707 §2), compared as exact text.
    pub identifier: String,
    /// What people call it.
    pub name: String,
    /// What may be asked for.
    #[serde(default)]
    pub scopes: Vec<ApiScope>,
    /// What its access tokens are signed with.
    pub signing_alg: Algorithm,
    /// What their header says they are.
    #[serde(default, skip_serializing_if = "AccessTokenType::is_default")]
    pub access_token_type: AccessTokenType,
    /// Life of its access tokens in seconds; `None` means the server's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_lifetime_secs: Option<u64>,
    /// First-party clients need no consent.
    pub skip_consent_for_first_party: bool,
    /// The user's roles stand in its access tokens.
    pub include_roles: bool,
    /// Its access tokens have a place in a status list, for those who check tokens by lists.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub status_list: bool,
    /// What signed answers to its introspection are signed with; as its access tokens if absent (RFC 9701).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introspection_signed_response_alg: Option<Algorithm>,
    /// How the content key of encrypted answers to its introspection reaches it; they are not encrypted if absent (RFC 9701 §6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introspection_encrypted_response_alg: Option<KeyManagement>,
    /// What their content is encrypted with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introspection_encrypted_response_enc: Option<ContentEncryption>,
    /// Its public keys, to encrypt to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    /// What can be asked for in detail (RFC 9396).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_details_types: Vec<DetailsType>,
    /// Its own credential, for introspection.
    #[serde(default)]
    pub secrets: Vec<SecretHash>,
    /// Switched off: no new tokens, no introspection.
    #[serde(default)]
    pub disabled: bool,
    /// Unix seconds.
    #[serde(default)]
    pub created_at: u64,
    /// Members a newer version wrote: kept, so that writing the document back loses nothing (CVE-2026-107623).
    #[serde(flatten)]
    pub extra: BTreeMap<String, Value>,
}

impl Api {
    /// An API with the defaults: RS256, no consent for first-party clients, roles in its tokens.
    #[must_use]
    pub fn new(identifier: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            identifier: identifier.into(),
            name: name.into(),
            scopes: Vec::new(),
            signing_alg: Algorithm::RS256,
            access_token_type: AccessTokenType::AtJwt,
            token_lifetime_secs: None,
            skip_consent_for_first_party: true,
            include_roles: true,
            status_list: false,
            introspection_signed_response_alg: None,
            introspection_encrypted_response_alg: None,
            introspection_encrypted_response_enc: None,
            jwks: None,
            authorization_details_types: Vec::new(),
            secrets: Vec::new(),
            disabled: false,
            created_at: 0,
            extra: BTreeMap::new(),
        }
    }

    /// With one more scope.
    #[must_use]
    pub fn with_scope(mut self, name: impl Into<String>, description: impl Into<String>) -> Self {
        self.scopes.push(ApiScope { name: name.into(), description: description.into() });
        self
    }

    /// What signed answers to its introspection are signed with.
    #[must_use]
    pub fn introspection_alg(&self) -> Algorithm {
        self.introspection_signed_response_alg.unwrap_or(self.signing_alg)
    }

    /// How signed answers to its introspection are encrypted, if they are.
    #[must_use]
    pub fn introspection_encryption(&self) -> Option<Encryption> {
        responses::encryption(self.introspection_encrypted_response_alg, self.introspection_encrypted_response_enc)
    }

    /// The first of its keys that is for this, as [`Client::encrypting_key`](super::Client::encrypting_key) has it.
    #[must_use]
    pub fn encrypting_key(&self, encryption: Encryption) -> Option<EncryptingKey> {
        encrypting_key(&JwkSet::from_value(self.jwks.as_ref()?).ok()?, encryption)
    }

    /// RFC 9701 §6: encrypted answers need a key, and its private half does not belong here.
    pub(super) fn check_introspection_encryption(&self, faults: &mut Faults) {
        const ALG: &str = "introspection_encrypted_response_alg";
        faults.check(
            self.introspection_encrypted_response_enc.is_none() || self.introspection_encrypted_response_alg.is_some(),
            "introspection_encrypted_response_enc",
            "says how to encrypt, but nothing says that to do so: add the alg",
        );
        let public = self.jwks.as_ref().is_none_or(is_public_key_set);
        faults.check(public, "jwks", "must be a key set with at least one usable key, and public keys only");
        let Some((alg, enc)) = self.introspection_encryption() else { return };
        let can = !alg.is_symmetric() && self.encrypting_key((alg, enc)).is_some();
        faults.check(can, ALG, "needs a public key for it in jwks, with use enc");
    }

    /// Whether it knows the scope.
    #[must_use]
    pub fn has_scope(&self, name: &str) -> bool {
        self.scopes.iter().any(|scope| scope.name == name)
    }
}

/// A role that users can hold, such as `admin`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// The name in tokens.
    pub name: String,
    /// What it means, in words.
    #[serde(default)]
    pub description: String,
    /// Members a newer version wrote.
    #[serde(flatten)]
    pub extra: BTreeMap<String, Value>,
}

impl Role {
    /// A role.
    #[must_use]
    pub fn new(name: impl Into<String>, description: impl Into<String>) -> Self {
        Self { name: name.into(), description: description.into(), extra: BTreeMap::new() }
    }
}
