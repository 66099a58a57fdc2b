//! JSON Web Keys (RFC 7517, RFC 7518 §6, RFC 8037 §2).

use serde_json::Value;
use zeroize::Zeroizing;

use crate::{Algorithm, Error};

/// A key, parsed and validated: private, public or a shared secret. `Debug` shows no key material, and it is not `Serialize`.
#[derive(Clone, Debug)]
pub struct Jwk;
impl Jwk {
    /// Parses a JWK; duplicate members are refused, unknown ones ignored (RFC 7517 §4).
    pub fn from_slice(_json: &[u8]) -> Result<Self, Error> {
        todo!()
    }
    /// The same from a parsed JSON value.
    pub fn from_value(_value: &Value) -> Result<Self, Error> {
        todo!()
    }
    /// A new key for `algorithm` with `alg`, `use: sig` and its thumbprint as `kid`. RSA keys have 2048 bits.
    pub fn generate(_algorithm: Algorithm) -> Result<Self, Error> {
        todo!()
    }
    /// A shared secret for one HMAC algorithm; refuses one shorter than the hash (RFC 7518 §3.2).
    pub fn oct(_secret: &[u8], _algorithm: Algorithm) -> Result<Self, Error> {
        todo!()
    }
    /// The public half; none for a shared secret.
    pub fn public(&self) -> Option<Self> {
        todo!()
    }
    /// Holds a private key or a shared secret.
    pub fn is_private(&self) -> bool {
        todo!()
    }
    /// The key's identifier.
    pub fn kid(&self) -> Option<&str> {
        todo!()
    }
    /// With another identifier.
    #[must_use]
    pub fn with_kid(self, _kid: impl Into<String>) -> Self {
        todo!()
    }
    /// The algorithm the key is bound to, if it says.
    pub fn algorithm(&self) -> Option<Algorithm> {
        todo!()
    }
    /// SHA-256 thumbprint (RFC 7638).
    pub fn thumbprint(&self) -> [u8; 32] {
        todo!()
    }
    /// The thumbprint as base64url.
    pub fn thumbprint_base64url(&self) -> String {
        todo!()
    }
    /// The public half as JSON, never a private member; an error for a shared secret.
    pub fn public_value(&self) -> Result<Value, Error> {
        todo!()
    }
    /// The whole key as JSON, private members included: for sealed storage. Wiped on drop.
    pub fn to_private_json(&self) -> Zeroizing<String> {
        todo!()
    }
}

/// A JWK set (RFC 7517 §5).
#[derive(Clone, Debug, Default)]
pub struct JwkSet;
impl JwkSet {
    /// Parses a set; keys it does not understand are skipped and counted.
    pub fn from_slice(_json: &[u8]) -> Result<Self, Error> {
        todo!()
    }
    /// The same from a parsed JSON value.
    pub fn from_value(_value: &Value) -> Result<Self, Error> {
        todo!()
    }
    /// How many keys were left out.
    pub fn skipped(&self) -> usize {
        todo!()
    }
    /// The keys understood.
    pub fn keys(&self) -> &[Jwk] {
        todo!()
    }
    /// The public halves as JSON; shared secrets are left out.
    pub fn to_value(&self) -> Value {
        todo!()
    }
    /// The first key with this `kid` that can be used with `alg`.
    pub fn find(&self, _kid: Option<&str>, _alg: Algorithm) -> Option<&Jwk> {
        todo!()
    }
}
impl FromIterator<Jwk> for JwkSet {
    fn from_iter<I: IntoIterator<Item = Jwk>>(_keys: I) -> Self {
        todo!()
    }
}
