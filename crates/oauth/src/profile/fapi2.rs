//! FAPI 2.0 Security Profile §5.3.2, for one client.
//!
//! What it wants of everybody is so for everybody and not repeated here: codes that live a minute and count once, `iss` in every answer,
//! S256 alone, 303, `request_uri` for a minute, exact redirect URIs, clocks that may be 15 seconds apart (§5.3.2.1: 10 to 60).

use super::{BRIEF_SECS, Demand, FAPI2_ALGS, Rules, WITHOUT_SECRETS};
use crate::response_type::ResponseType;

pub(super) const NAME: &str = "fapi2";

pub(super) static RULES: Rules = Rules {
    signing_algs: FAPI2_ALGS,
    // §5.3.2.1: "shall only support confidential clients", "MTLS as specified in Section 2 of RFC8705, or private_key_jwt".
    auth_methods: Some(WITHOUT_SECRETS),
    // §5.3.2.2: "shall require the value of response_type … to be code".
    response_types: Some(&[ResponseType::Code]),
    assertion_secs: BRIEF_SECS,
    demands: &[
        Demand::BoundTokens,
        Demand::CodeChallenge,
        Demand::Https,
        Demand::IssuerAudience,
        Demand::PushedRequest,
        Demand::StableRefreshToken,
    ],
};
