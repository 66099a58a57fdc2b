//! Metadata of the transmitter (Shared Signals Framework 1.0 §7.1), served at `/.well-known/ssf-configuration`.

use serde::Serialize;

use super::{POLL, PUSH};
use crate::endpoint::path;
use crate::ids::Issuer;

/// The document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "every member is named and defined by Shared Signals Framework 1.0 §7.1")]
pub struct Transmitter {
    pub spec_version: &'static str,
    pub issuer: String,
    pub jwks_uri: String,
    pub delivery_methods_supported: &'static [&'static str],
    pub configuration_endpoint: String,
    pub status_endpoint: String,
    pub verification_endpoint: String,
    pub authorization_schemes: &'static [AuthorizationScheme],
    pub default_subjects: &'static str,
}

/// How a receiver shows that it may (§7.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AuthorizationScheme {
    /// The specification.
    pub spec_urn: &'static str,
}

/// The document. There are no endpoints for subjects: a stream tells of everybody its receiver may hear of.
#[must_use]
pub fn transmitter(issuer: &Issuer) -> Transmitter {
    Transmitter {
        spec_version: "1_0",
        issuer: issuer.as_str().to_owned(),
        jwks_uri: issuer.endpoint(path::JWKS),
        delivery_methods_supported: &[PUSH, POLL],
        configuration_endpoint: issuer.endpoint(path::SSF_STREAMS),
        status_endpoint: issuer.endpoint(path::SSF_STATUS),
        verification_endpoint: issuer.endpoint(path::SSF_VERIFY),
        authorization_schemes: &[AuthorizationScheme { spec_urn: "urn:ietf:rfc:6749" }],
        default_subjects: "ALL",
    }
}
