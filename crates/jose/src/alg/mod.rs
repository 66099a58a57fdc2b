//! The one table of algorithms (RFC 7518 §3.1, RFC 8037) and the keys prepared for one of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, Jwk, JwkSet};

/// A signature algorithm. `none` does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the standard's (RFC 7518 §3.1)")]
pub enum Algorithm {
    EdDSA,
    ES256,
    ES384,
    ES512,
    HS256,
    HS384,
    HS512,
    PS256,
    PS384,
    PS512,
    RS256,
    RS384,
    RS512,
}

impl Algorithm {
    /// Every algorithm, in the order of the enum.
    pub const ALL: &'static [Self] = &[];
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        "todo"
    }
    /// The algorithm of that exact name, case-sensitive.
    pub fn from_name(_name: &str) -> Option<Self> {
        todo!()
    }
    /// Signer and verifier share one secret.
    pub const fn is_symmetric(self) -> bool {
        matches!(self, Self::HS256 | Self::HS384 | Self::HS512)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A private or shared key, parsed once, that signs with exactly one algorithm. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SigningKey;
impl SigningKey {
    /// Prepares `jwk` for `algorithm`; refuses public keys and keys meant for something else.
    pub fn from_jwk(_jwk: &Jwk, _algorithm: Algorithm) -> Result<Self, Error> {
        todo!()
    }
    /// The one algorithm.
    pub fn algorithm(&self) -> Algorithm {
        todo!()
    }
    /// The key's identifier, which goes into every header.
    pub fn kid(&self) -> Option<&str> {
        todo!()
    }
}

/// A public or shared key, parsed once, that verifies exactly one algorithm. Cheap to clone.
#[derive(Clone, Debug)]
pub struct VerifyingKey;
impl VerifyingKey {
    /// Prepares `jwk` (its public half, if private) for `algorithm`.
    pub fn from_jwk(_jwk: &Jwk, _algorithm: Algorithm) -> Result<Self, Error> {
        todo!()
    }
    /// The one algorithm.
    pub fn algorithm(&self) -> Algorithm {
        todo!()
    }
    /// The key's identifier.
    pub fn kid(&self) -> Option<&str> {
        todo!()
    }
}

/// The keys a verifier accepts. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct VerifyingKeys;
impl VerifyingKeys {
    /// The keys of `set` that can verify one of `allowed`. A key without `alg` gets the first of `allowed` that fits it.
    /// Shared secrets never come from a set: use [`VerifyingKeys::single`].
    pub fn from_jwks(_set: &JwkSet, _allowed: &[Algorithm]) -> Self {
        todo!()
    }
    /// One key.
    pub fn single(_key: VerifyingKey) -> Self {
        todo!()
    }
    /// The key for a header; the header's `alg` must be the key's own.
    pub fn find(&self, _kid: Option<&str>, _alg_in_header: &str) -> Option<&VerifyingKey> {
        todo!()
    }
    /// All keys.
    pub fn iter(&self) -> impl Iterator<Item = &VerifyingKey> {
        [].iter()
    }
    /// No key at all.
    pub fn is_empty(&self) -> bool {
        todo!()
    }
}
impl FromIterator<VerifyingKey> for VerifyingKeys {
    fn from_iter<I: IntoIterator<Item = VerifyingKey>>(_keys: I) -> Self {
        todo!()
    }
}
