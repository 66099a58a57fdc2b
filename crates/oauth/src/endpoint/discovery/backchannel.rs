//! The members that say how people are asked over the back channel (CIBA Core 1.0 §4).

use serde::Serialize;

use crate::client_auth::SIGNING_ALGS;
use crate::endpoint::path;
use crate::ids::Issuer;
use crate::registration::DeliveryMode;

/// Part of the metadata document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "every member is named and defined by CIBA Core 1.0 §4")]
pub struct Backchannel {
    pub backchannel_authentication_endpoint: String,
    pub backchannel_token_delivery_modes_supported: Vec<&'static str>,
    pub backchannel_authentication_request_signing_alg_values_supported: Vec<&'static str>,
    pub backchannel_user_code_parameter_supported: bool,
}

impl Backchannel {
    pub(super) fn of(issuer: &Issuer) -> Self {
        Self {
            backchannel_authentication_endpoint: issuer.endpoint(path::BACKCHANNEL_AUTHENTICATION),
            backchannel_token_delivery_modes_supported: DeliveryMode::ALL.iter().map(|mode| mode.name()).collect(),
            backchannel_authentication_request_signing_alg_values_supported: SIGNING_ALGS
                .iter()
                .map(|alg| alg.name())
                .collect(),
            backchannel_user_code_parameter_supported: false,
        }
    }
}
