//! FAPI 2.0 Message Signing §5.3 and §5.4, for one client: the security profile, and requests and answers signed. Signed introspection
//! (§5.5) is the API's choice, by what it asks for.

use super::{BRIEF_SECS, Demand, FAPI2_ALGS, Rules, WITHOUT_SECRETS};
use crate::response_type::ResponseType;

pub(super) const NAME: &str = "fapi2-signed";

pub(super) static RULES: Rules = Rules {
    signing_algs: FAPI2_ALGS,
    auth_methods: Some(WITHOUT_SECRETS),
    response_types: Some(&[ResponseType::Code]),
    assertion_secs: BRIEF_SECS,
    demands: &[
        Demand::BoundTokens,
        Demand::CodeChallenge,
        Demand::Https,
        Demand::IssuerAudience,
        Demand::PushedRequest,
        Demand::SignedAnswer,
        Demand::SignedRequest,
        Demand::StableRefreshToken,
    ],
};
