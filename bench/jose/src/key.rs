//! Parts of a key, for those who want them bare.

use serde_json::Value;
use symbolon_jose::{Jwk, base64url};

use crate::Failure;

/// One member of the private JWK, decoded.
pub(crate) fn member(jwk: &Jwk, name: &str) -> Result<Vec<u8>, Failure> {
    let json: Value = serde_json::from_str(&jwk.to_private_json())?;
    Ok(base64url::decode(json[name].as_str().ok_or("the key lacks a member")?)?)
}

/// A shared secret.
pub(crate) fn secret(jwk: &Jwk) -> Result<Vec<u8>, Failure> {
    member(jwk, "k")
}
