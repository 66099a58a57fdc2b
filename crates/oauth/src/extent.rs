//! What a grant is for beyond one API and its scope: several APIs (RFC 8707 §2.1), and authorization details (RFC 9396).
//!
//! An access token is for one API all the same, which the client names when it asks for it (§2.2): its audience, its scope and its details
//! are those of that API alone.

use serde::{Deserialize, Serialize};

use crate::authorization_details::AuthorizationDetails;

/// Part of what is kept with a code and with a family. Empty for most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// Every API that was allowed, if there is more than one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// What was allowed in detail.
    #[serde(default, skip_serializing_if = "AuthorizationDetails::is_empty")]
    pub authorization_details: AuthorizationDetails,
}
