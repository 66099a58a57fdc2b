//! FAPI 1.0 Part 2 (Advanced) §5.2.2, for one client: signed requests, and an answer that is signed itself or holds an ID token as a
//! detached signature (`s_hash`).
//!
//! Its tokens may be bound by DPoP as well as by a certificate: the standard knew only the one, and named the reason.

use super::{BRIEF_SECS, Demand, FAPI1_ALGS, Rules, WITHOUT_SECRETS};
use crate::response_type::ResponseType;

pub(super) const NAME: &str = "fapi1";

pub(super) static RULES: Rules = Rules {
    signing_algs: FAPI1_ALGS,
    auth_methods: Some(WITHOUT_SECRETS),
    // §5.2.2: "the response_type value code id_token, or the response_type value code in conjunction with the response_mode value jwt".
    response_types: Some(&[ResponseType::Code, ResponseType::CodeIdToken]),
    assertion_secs: BRIEF_SECS,
    demands: &[
        Demand::BoundTokens,
        Demand::CodeChallengeIfPushed,
        Demand::Https,
        // Part 1 §5.2.2.2, §5.2.2.3.
        Demand::NonceOrState,
        Demand::SignedAnswer,
        Demand::SignedRequest,
    ],
};
