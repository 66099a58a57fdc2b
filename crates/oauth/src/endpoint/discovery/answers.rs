//! The members that say what the authorization endpoint answers with: types, modes, and how answers, ID tokens and claims from userinfo are
//! signed and encrypted.

use serde::Serialize;
use symbolon_jose::{Algorithm, ContentEncryption, KeyManagement};

use crate::response_mode::ResponseMode;
use crate::response_type::ResponseType;
use crate::shared_keys::{MAC_ALGS, can_encrypt};

/// Part of the metadata document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(
    missing_docs,
    reason = "every member is named and defined by RFC 8414 §2, OpenID Connect Discovery §3 or JARM §4"
)]
pub struct Answers {
    pub response_types_supported: Vec<&'static str>,
    pub response_modes_supported: Vec<&'static str>,
    pub authorization_signing_alg_values_supported: Vec<&'static str>,
    pub authorization_encryption_alg_values_supported: Vec<&'static str>,
    pub authorization_encryption_enc_values_supported: Vec<&'static str>,
    pub id_token_signing_alg_values_supported: Vec<&'static str>,
    pub id_token_encryption_alg_values_supported: Vec<&'static str>,
    pub id_token_encryption_enc_values_supported: Vec<&'static str>,
    pub userinfo_signing_alg_values_supported: Vec<&'static str>,
    pub userinfo_encryption_alg_values_supported: Vec<&'static str>,
    pub userinfo_encryption_enc_values_supported: Vec<&'static str>,
}

impl Answers {
    /// What works with keys of these algorithms.
    pub(super) fn signed_with(algs: &[Algorithm]) -> Self {
        // OpenID Connect Core §10.1, §10.2: under the client's secret as well, where it has one.
        let encryption_algs = || {
            let usable = KeyManagement::ALL.iter().filter(|alg| !alg.is_symmetric() || can_encrypt(**alg));
            usable.map(|alg| alg.name()).collect::<Vec<_>>()
        };
        let signing_algs = || algs.iter().chain(MAC_ALGS).map(|alg| alg.name()).collect::<Vec<_>>();
        let encryption_encs = || ContentEncryption::ALL.iter().map(|enc| enc.name()).collect::<Vec<_>>();
        Self {
            response_types_supported: ResponseType::ALL.iter().map(|one| one.name()).collect(),
            response_modes_supported: ResponseMode::ALL.iter().map(|mode| mode.name()).collect(),
            authorization_signing_alg_values_supported: signing_algs(),
            id_token_signing_alg_values_supported: signing_algs(),
            authorization_encryption_alg_values_supported: encryption_algs(),
            authorization_encryption_enc_values_supported: encryption_encs(),
            id_token_encryption_alg_values_supported: encryption_algs(),
            id_token_encryption_enc_values_supported: encryption_encs(),
            userinfo_signing_alg_values_supported: signing_algs(),
            userinfo_encryption_alg_values_supported: encryption_algs(),
            userinfo_encryption_enc_values_supported: encryption_encs(),
        }
    }
}
