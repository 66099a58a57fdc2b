//! JWS compact serialization (RFC 7515 §3.1, §5).

use crate::{Error, SigningKey, VerifyingKey};

/// Signs `payload`; the header holds `alg`, the key's `kid` and `typ`.
pub fn sign(_key: &SigningKey, _typ: Option<&str>, _payload: &[u8]) -> Result<String, Error> {
    todo!()
}

/// A well-formed token nobody has verified: it shows only what is needed to choose a key.
#[derive(Debug)]
pub struct Unverified<'t>(&'t str);
impl<'t> Unverified<'t> {
    /// Splits and reads the header; refuses `crit`, `b64`, JSON serializations and encrypted tokens.
    pub fn parse(_token: &'t str) -> Result<Self, Error> {
        todo!()
    }
    /// The header's `alg`: a claim of the sender, not a choice.
    pub fn alg(&self) -> &str {
        self.0
    }
    /// The header's `kid`.
    pub fn kid(&self) -> Option<&str> {
        todo!()
    }
    /// The header's `typ`.
    pub fn typ(&self) -> Option<&str> {
        todo!()
    }
    /// Verifies under `key`, whose algorithm must be the header's.
    pub fn verify(self, _key: &VerifyingKey) -> Result<Verified<'t>, Error> {
        todo!()
    }
}

/// A verified token.
#[derive(Debug)]
pub struct Verified<'t>(&'t str);
impl Verified<'_> {
    /// The payload.
    pub fn payload(&self) -> &[u8] {
        self.0.as_bytes()
    }
    /// The header's `kid`.
    pub fn kid(&self) -> Option<&str> {
        todo!()
    }
    /// The header's `typ`.
    pub fn typ(&self) -> Option<&str> {
        todo!()
    }
}
