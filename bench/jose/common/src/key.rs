//! Parts of a key, for those who want them bare.

use serde_json::Value;
use symbolon_jose::{Jwk, base64url};

use crate::Failure;

/// One member of the private JWK, as it stands there.
pub fn text(jwk: &Jwk, name: &str) -> Result<String, Failure> {
    let json: Value = serde_json::from_str(&jwk.to_private_json())?;
    Ok(json[name].as_str().ok_or("the key lacks a member")?.to_owned())
}

/// The same, decoded.
pub fn member(jwk: &Jwk, name: &str) -> Result<Vec<u8>, Failure> {
    Ok(base64url::decode(&text(jwk, name)?)?)
}

/// A shared secret.
pub fn secret(jwk: &Jwk) -> Result<Vec<u8>, Failure> {
    member(jwk, "k")
}

/// A shared secret of that many bytes.
pub fn sized_secret<const LEN: usize>(jwk: &Jwk) -> Result<[u8; LEN], Failure> {
    secret(jwk)?.try_into().map_err(|_| "a key of another length".into())
}
