//! What a verifier demands of a token: one value, applied in one place (RFC 7519 §4.1, RFC 8725 §3.8–3.12).

use std::borrow::Cow;

use super::is_same_type;
use super::read::Registered;
use crate::Error;
use crate::json::Text;

/// The largest difference of clocks a policy may tolerate, in seconds.
pub const MAX_LEEWAY_SECS: u64 = 300;

/// What a verifier demands.
///
/// Safe by default: issuer and audience are compared exactly, `exp` is required, the leeway is 60 seconds. What is less safe has
/// `danger` in its name.
///
/// ```
/// use symbolon_jose::jwt::Policy;
///
/// let policy = Policy::new("https://id.example", "https://api.example")
///     .accept_type("at+jwt")
///     .require("sub")
///     .leeway_secs(5);
/// ```
#[derive(Clone, Debug)]
pub struct Policy {
    issuer: Option<String>,
    audience: ExpectedAudience,
    types: Vec<Cow<'static, str>>,
    leeway_secs: u64,
    max_age_secs: Option<u64>,
    required: Vec<Cow<'static, str>>,
    expiry: Expiry,
}

#[derive(Clone, Debug)]
enum ExpectedAudience {
    Any,
    OneOf(Vec<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expiry {
    Ignored,
    Optional,
    Required,
}

impl Policy {
    /// The token must come from `issuer` and be meant for `audience`, both compared exactly.
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self::with(Some(issuer.into()), ExpectedAudience::OneOf(vec![audience.into()]))
    }

    /// Accepts any audience: only where the caller compares it itself, as for an ID token hint.
    pub fn danger_any_audience(issuer: impl Into<String>) -> Self {
        Self::with(Some(issuer.into()), ExpectedAudience::Any)
    }

    /// Accepts any issuer: only where the key itself belongs to one party and the caller compares the claim.
    pub fn danger_any_issuer(audience: impl Into<String>) -> Self {
        Self::with(None, ExpectedAudience::OneOf(vec![audience.into()]))
    }

    fn with(issuer: Option<String>, audience: ExpectedAudience) -> Self {
        Self {
            issuer,
            audience,
            types: Vec::new(),
            leeway_secs: 60,
            max_age_secs: None,
            required: Vec::new(),
            expiry: Expiry::Required,
        }
    }

    /// Accepts one more audience.
    #[must_use]
    pub fn or_audience(mut self, audience: impl Into<String>) -> Self {
        if let ExpectedAudience::OneOf(list) = &mut self.audience {
            list.push(audience.into());
        }
        self
    }

    /// Accepts the header type `typ` (without regard to case and to a leading `application/`); may be repeated. Without any,
    /// `typ` is not looked at: name one wherever tokens of several kinds share a key (RFC 8725 §3.11).
    #[must_use]
    pub fn accept_type(mut self, typ: impl Into<Cow<'static, str>>) -> Self {
        self.types.push(typ.into());
        self
    }

    /// Tolerated difference of clocks, capped at [`MAX_LEEWAY_SECS`].
    #[must_use]
    pub fn leeway_secs(mut self, secs: u64) -> Self {
        self.leeway_secs = secs.min(MAX_LEEWAY_SECS);
        self
    }

    /// The claim must be there.
    #[must_use]
    pub fn require(mut self, claim: impl Into<Cow<'static, str>>) -> Self {
        self.required.push(claim.into());
        self
    }

    /// Refuses a token issued longer ago than this, in the future, or without `iat`.
    #[must_use]
    pub fn max_age_secs(mut self, secs: u64) -> Self {
        self.max_age_secs = Some(secs);
        self
    }

    /// `exp` may be absent; if present it counts.
    #[must_use]
    pub fn danger_exp_optional(mut self) -> Self {
        self.expiry = Expiry::Optional;
        self
    }

    /// Expired tokens are accepted: for ID token hints (OpenID Connect RP-Initiated Logout 1.0 §2).
    #[must_use]
    pub fn danger_accept_expired(mut self) -> Self {
        self.expiry = Expiry::Ignored;
        self
    }

    /// Applies it to a token whose signature has been verified.
    pub(super) fn check(&self, typ: Option<&str>, claims: &Registered<'_>, now: u64) -> Result<(), Error> {
        self.check_type(typ)?;
        self.check_parties(claims)?;
        for name in &self.required {
            if !claims.has(name) {
                return Err(missing(name));
            }
        }
        self.check_times(claims, now)
    }

    fn check_type(&self, typ: Option<&str>) -> Result<(), Error> {
        let accepted = |typ: &str| self.types.iter().any(|accepted| is_same_type(accepted, typ));
        match typ {
            _ if self.types.is_empty() => Ok(()),
            Some(typ) if accepted(typ) => Ok(()),
            Some(_) => Err(Error::TypeMismatch),
            None => Err(Error::TypeMissing),
        }
    }

    fn check_parties(&self, claims: &Registered<'_>) -> Result<(), Error> {
        if let Some(issuer) = &self.issuer {
            let iss = claims.iss.as_deref().ok_or(Error::ClaimMissing("iss"))?;
            if iss != issuer {
                return Err(Error::IssuerMismatch);
            }
        }
        if let ExpectedAudience::OneOf(accepted) = &self.audience {
            let recipients = claims.aud.as_slice();
            if recipients.is_empty() {
                return Err(Error::ClaimMissing("aud"));
            }
            let accepted = |text: &Text<'_>| accepted.iter().any(|one| one == text.as_str());
            if !recipients.iter().any(accepted) {
                return Err(Error::AudienceMismatch);
            }
        }
        Ok(())
    }

    /// RFC 7519 §4.1.4: "on or after" `exp` the token is not accepted.
    fn check_times(&self, claims: &Registered<'_>, now: u64) -> Result<(), Error> {
        let later = now.saturating_add(self.leeway_secs);
        match (self.expiry, claims.exp) {
            (Expiry::Ignored, _) | (Expiry::Optional, None) => {}
            (Expiry::Required, None) => return Err(Error::ClaimMissing("exp")),
            (_, Some(exp)) if now >= exp.saturating_add(self.leeway_secs) => {
                return Err(Error::Expired);
            }
            (_, Some(_)) => {}
        }
        if claims.nbf.is_some_and(|nbf| nbf > later) {
            return Err(Error::NotYetValid);
        }
        if let Some(max_age) = self.max_age_secs {
            let iat = claims.iat.ok_or(Error::ClaimMissing("iat"))?;
            if iat > later {
                return Err(Error::NotYetValid);
            }
            if now > iat.saturating_add(max_age).saturating_add(self.leeway_secs) {
                return Err(Error::TooOld);
            }
        }
        Ok(())
    }
}

/// The name for the message, where it is one of the well-known; the policy's own words are not kept in an error.
fn missing(name: &str) -> Error {
    const KNOWN: [&str; 17] = [
        "acr",
        "aud",
        "auth_time",
        "azp",
        "client_id",
        "events",
        "exp",
        "htm",
        "htu",
        "iat",
        "iss",
        "jti",
        "nbf",
        "nonce",
        "scope",
        "sid",
        "sub",
    ];
    let known = KNOWN.into_iter().find(|known| *known == name);
    Error::ClaimMissing(known.unwrap_or("one the policy asks for"))
}
