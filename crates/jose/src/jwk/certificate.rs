//! What a JWK says about X.509 certificates (RFC 7517 §4.6–4.9): carried along, never looked at.
//!
//! No certificate is parsed, no URL is followed, and no key is taken from here. Refused are members of the wrong type or shape.

use serde_json::Value;

use super::parse::Raw;
use crate::json::Text;
use crate::{Error, base64url};

/// Most certificates in a chain.
const MAX_CHAIN: usize = 16;

/// The certificate members of a key, as they stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificates {
    x5c: Vec<String>,
    x5t: Option<String>,
    x5t_s256: Option<String>,
    x5u: Option<String>,
}

impl Certificates {
    /// `x5c`: the chain, each certificate as base64 of its DER.
    pub fn x5c(&self) -> &[String] {
        &self.x5c
    }

    /// `x5t`: the SHA-1 thumbprint, base64url.
    pub fn x5t(&self) -> Option<&str> {
        self.x5t.as_deref()
    }

    /// `x5t#S256`: the SHA-256 thumbprint, base64url.
    pub fn x5t_s256(&self) -> Option<&str> {
        self.x5t_s256.as_deref()
    }

    /// `x5u`: where the chain is said to be. Nobody goes there.
    pub fn x5u(&self) -> Option<&str> {
        self.x5u.as_deref()
    }

    pub(super) fn parse(raw: &Raw<'_>) -> Result<Option<Box<Self>>, Error> {
        let chain = raw.x5c.as_deref().unwrap_or_default();
        let of_base64 = |text: &Text<'_>| {
            !text.as_str().is_empty() && base64_simd::STANDARD.check(text.as_str().as_bytes()).is_ok()
        };
        let said_but_empty = raw.x5c.is_some() && chain.is_empty();
        if said_but_empty || chain.len() > MAX_CHAIN || !chain.iter().all(of_base64) {
            return Err(Error::KeyMemberInvalid("x5c"));
        }
        let thumbprint = |name, text: Option<&Text<'_>>, len| match text {
            Some(text) if base64url::decode(text.as_str()).is_ok_and(|hash| hash.len() == len) => {
                Ok(Some(text.as_str().to_owned()))
            }
            Some(_) => Err(Error::KeyMemberInvalid(name)),
            None => Ok(None),
        };
        let certificates = Self {
            x5c: chain.iter().map(|text| text.as_str().to_owned()).collect(),
            x5t: thumbprint("x5t", raw.x5t.as_ref(), 20)?,
            x5t_s256: thumbprint("x5t#S256", raw.x5t_s256.as_ref(), 32)?,
            x5u: raw.x5u.as_ref().map(|text| text.as_str().to_owned()),
        };
        let Self { x5c, x5t, x5t_s256, x5u } = &certificates;
        let nothing = x5c.is_empty() && x5t.is_none() && x5t_s256.is_none() && x5u.is_none();
        Ok((!nothing).then(|| Box::new(certificates)))
    }

    /// The members as they are written.
    pub(super) fn members(&self) -> Vec<(&'static str, Value)> {
        let one = |name, text: &Option<String>| text.as_ref().map(|text| (name, Value::from(text.as_str())));
        let chain = (!self.x5c.is_empty()).then(|| ("x5c", Value::from(self.x5c.clone())));
        let rest = [one("x5t", &self.x5t), one("x5t#S256", &self.x5t_s256), one("x5u", &self.x5u)];
        chain.into_iter().chain(rest.into_iter().flatten()).collect()
    }
}
