//! The members that say what strict clients and careful APIs may rely on: levels of authentication, authorization details, signed
//! introspection, encrypted requests, and what is required of every client.

use serde::Serialize;
use symbolon_jose::{ContentEncryption, KeyManagement};

use super::Settings;
use crate::shared_keys::can_encrypt;

/// Part of the metadata document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(
    missing_docs,
    reason = "every member is named and defined by OpenID Connect Discovery §3, RFC 9126 §5, RFC 9101 §10.5, RFC 9396 §10 or RFC 9701 §7"
)]
pub struct Assurance {
    pub acr_values_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authorization_details_types_supported: Vec<String>,
    pub introspection_signing_alg_values_supported: Vec<&'static str>,
    pub introspection_encryption_alg_values_supported: Vec<&'static str>,
    pub introspection_encryption_enc_values_supported: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub request_object_encryption_alg_values_supported: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub request_object_encryption_enc_values_supported: Vec<&'static str>,
    pub require_pushed_authorization_requests: bool,
    pub require_signed_request_object: bool,
}

impl Assurance {
    /// What works with the server's keys and the types that APIs have.
    pub(super) fn of(settings: &Settings) -> Self {
        let decrypts = !settings.decryption_algs.is_empty();
        let content = ContentEncryption::ALL.iter().filter(|_| decrypts);
        Self {
            acr_values_supported: settings.levels.supported().map(str::to_owned).collect(),
            authorization_details_types_supported: settings.authorization_details_types.clone(),
            introspection_signing_alg_values_supported: settings
                .id_token_signing_algs
                .iter()
                .map(|alg| alg.name())
                .collect(),
            introspection_encryption_alg_values_supported: KeyManagement::ALL
                .iter()
                .filter(|alg| !alg.is_symmetric() || can_encrypt(**alg))
                .map(|alg| alg.name())
                .collect(),
            introspection_encryption_enc_values_supported: ContentEncryption::ALL
                .iter()
                .map(|enc| enc.name())
                .collect(),
            request_object_encryption_alg_values_supported: settings
                .decryption_algs
                .iter()
                .map(|alg| alg.name())
                .collect(),
            request_object_encryption_enc_values_supported: content.map(|enc| enc.name()).collect(),
            require_pushed_authorization_requests: settings.required_of_all.require_pushed_authorization_requests,
            require_signed_request_object: settings.required_of_all.require_signed_request_object,
        }
    }
}
