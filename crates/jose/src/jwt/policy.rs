//! What a verifier demands of a token: one value, applied in one place.

use std::borrow::Cow;

/// What a verifier demands. Safe by default: `exp` is required, the leeway is 60 seconds.
#[derive(Clone, Debug)]
pub struct Policy;
impl Policy {
    /// The token must come from `issuer` and be meant for `audience`, both compared exactly.
    pub fn new(_issuer: impl Into<String>, _audience: impl Into<String>) -> Self {
        todo!()
    }
    /// Accepts any audience: only where the caller compares it itself, as for an ID token hint.
    pub fn danger_any_audience(_issuer: impl Into<String>) -> Self {
        todo!()
    }
    /// Accepts one more audience.
    #[must_use]
    pub fn or_audience(self, _audience: impl Into<String>) -> Self {
        todo!()
    }
    /// Accepts the header type `typ` (without regard to case and to a leading `application/`); may be repeated.
    #[must_use]
    pub fn accept_type(self, _typ: impl Into<Cow<'static, str>>) -> Self {
        todo!()
    }
    /// Tolerated difference of clocks, capped at 300 seconds.
    #[must_use]
    pub fn leeway_secs(self, _secs: u64) -> Self {
        todo!()
    }
    /// The claim must be there.
    #[must_use]
    pub fn require(self, _claim: &'static str) -> Self {
        todo!()
    }
    /// Refuses a token issued longer ago than this, or without `iat`.
    #[must_use]
    pub fn max_age_secs(self, _secs: u64) -> Self {
        todo!()
    }
    /// `exp` may be absent; if present it counts.
    #[must_use]
    pub fn danger_exp_optional(self) -> Self {
        todo!()
    }
    /// Expired tokens are accepted: for ID token hints (OpenID Connect RP-Initiated Logout 1.0 §2).
    #[must_use]
    pub fn danger_accept_expired(self) -> Self {
        todo!()
    }
}
