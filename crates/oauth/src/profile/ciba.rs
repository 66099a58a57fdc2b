//! FAPI: Client Initiated Backchannel Authentication Profile §5.2.2, for one client. What it does through a browser keeps to FAPI 1.0
//! Advanced, on which that profile stands.

use super::{BRIEF_SECS, Demand, FAPI1_ALGS, Rules, WITHOUT_SECRETS};
use crate::response_type::ResponseType;

pub(super) const NAME: &str = "ciba";

pub(super) static RULES: Rules = Rules {
    signing_algs: FAPI1_ALGS,
    auth_methods: Some(WITHOUT_SECRETS),
    response_types: Some(&[ResponseType::Code, ResponseType::CodeIdToken]),
    assertion_secs: BRIEF_SECS,
    demands: &[
        Demand::BindingMessage,
        // Which nobody can be pushed, either (§5.2.2: "shall not support CIBA push mode").
        Demand::BoundTokens,
        Demand::CodeChallengeIfPushed,
        Demand::Https,
        Demand::NonceOrState,
        Demand::SignedAnswer,
        Demand::SignedBackchannelRequest,
        Demand::SignedRequest,
    ],
};
