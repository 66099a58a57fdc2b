//! Issuers whose assertions are taken (RFC 7523 §3; RFC 8693 §2.1, the type `jwt`), as the operator registers them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use symbolon_jose::{Algorithm, JwkSet, VerifyingKeys};
use url::Url;

use super::validate::{Faults, NO_NAME, RegistrationError, is_name, is_public_key_set};

/// The longest that an assertion may be good for from now on, in seconds, unless the registration says less.
pub const MAX_LIFETIME_SECS: u64 = 3_600;
const DEFAULT_LIFETIME_SECS: u64 = 300;

/// Whom the `sub` of an assertion means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectRule {
    /// The client that shows it, by its `client_id`: a service account.
    ClientId,
    /// A user, by what they sign in with: user name or e-mail address.
    LoginIdentifier,
    /// A user, by our own `sub`.
    UserId,
}

/// An issuer that is trusted to say who somebody is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrustedIssuer {
    /// Its `iss`, compared as exact text.
    pub issuer: String,
    /// What people call it.
    pub name: String,
    /// Switched off: nothing it says counts.
    #[serde(default)]
    pub disabled: bool,
    /// Its public keys.
    pub jwks: Value,
    /// Whom its `sub` means.
    pub subject: SubjectRule,
    /// How far in the future an assertion may end.
    #[serde(default = "default_lifetime")]
    pub max_lifetime_secs: u64,
    /// Unix seconds.
    #[serde(default)]
    pub created_at: u64,
    /// Members a newer version wrote: kept, so that writing the document back loses nothing.
    #[serde(flatten)]
    pub extra: BTreeMap<String, Value>,
}

fn default_lifetime() -> u64 {
    DEFAULT_LIFETIME_SECS
}

impl TrustedIssuer {
    /// An issuer with those keys, whose assertions are good for five minutes at most.
    #[must_use]
    pub fn new(issuer: impl Into<String>, name: impl Into<String>, jwks: Value, subject: SubjectRule) -> Self {
        Self {
            issuer: issuer.into(),
            name: name.into(),
            disabled: false,
            jwks,
            subject,
            max_lifetime_secs: DEFAULT_LIFETIME_SECS,
            created_at: 0,
            extra: BTreeMap::new(),
        }
    }

    /// Its keys that can verify, once, for the shell's snapshot.
    #[must_use]
    pub fn keys(&self) -> Option<VerifyingKeys> {
        let keys = VerifyingKeys::from_jwks(&JwkSet::from_value(&self.jwks).ok()?, Algorithm::ASYMMETRIC);
        (!keys.is_empty()).then_some(keys)
    }

    /// Says everything that is wrong with it.
    ///
    /// # Errors
    /// All faults found.
    pub fn validate(&self) -> Result<(), Vec<RegistrationError>> {
        let mut faults = Faults::none();
        faults.check(is_name(&self.name), "name", NO_NAME);
        faults.check_value(check_issuer(&self.issuer), "issuer", &self.issuer);
        faults.check(
            is_public_key_set(&self.jwks) && self.keys().is_some(),
            "jwks",
            "must be a key set with at least one key that verifies, and public keys only",
        );
        faults.check(
            (1..=MAX_LIFETIME_SECS).contains(&self.max_lifetime_secs),
            "max_lifetime_secs",
            "must be 1 second to 1 hour",
        );
        faults.done()
    }
}

/// An `iss` is a string or a URI (RFC 7519 §4.1.1). With a colon it is a URI; one for the web has no query and no fragment (RFC 8414 §2).
fn check_issuer(text: &str) -> Result<(), &'static str> {
    if text.is_empty() || text.len() > 512 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("must be 1 to 512 printable ASCII characters without spaces");
    }
    match Url::parse(text) {
        Ok(url) if url.query().is_some() || url.fragment().is_some() => Err("must have no query and no fragment"),
        Err(_) if text.contains(':') => Err("is not a URI"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use symbolon_jose::Jwk;

    fn issuer(name: &str) -> TrustedIssuer {
        let jwk = Jwk::generate(Algorithm::ES256).unwrap();
        let jwks = json!({ "keys": [jwk.public_value().unwrap()] });
        TrustedIssuer::new(name, "Partner", jwks, SubjectRule::LoginIdentifier)
    }

    #[test]
    fn an_issuer_has_a_name_and_public_keys() {
        for name in ["https://partner.example", "https://partner.example/tenant/1", "partner", "urn:example:partner"] {
            assert_eq!(issuer(name).validate(), Ok(()), "{name}");
        }
        for name in ["", "a b", "https://partner.example?x", "https://partner.example#x", "http://"] {
            assert!(issuer(name).validate().is_err(), "{name}");
        }
        let with_private = json!({ "keys": [{"kty": "oct", "k": "AAAA"}] });
        for jwks in [json!({"keys": []}), json!("https://partner.example/jwks"), with_private] {
            assert!(TrustedIssuer { jwks, ..issuer("partner") }.validate().is_err());
        }
    }

    #[test]
    fn assertions_end_within_an_hour() {
        for (secs, ok) in [(0, false), (1, true), (3_600, true), (3_601, false)] {
            assert_eq!(TrustedIssuer { max_lifetime_secs: secs, ..issuer("p") }.validate().is_ok(), ok, "{secs}");
        }
    }

    #[test]
    fn members_of_a_newer_version_survive() {
        let mut body = serde_json::to_value(issuer("p")).unwrap();
        body["tomorrow"] = json!(1);
        let read: TrustedIssuer = serde_json::from_value(body.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), body);
        body["subject"] = json!("anybody");
        assert!(serde_json::from_value::<TrustedIssuer>(body).is_err());
    }
}
