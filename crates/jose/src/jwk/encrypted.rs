//! Keys that travel encrypted (RFC 7517 §7): a JWK as the content of a JWE with `cty` `jwk+json`.
//!
//! Refused: content that is not a JWK, and a `cty` that says something else.

use super::Jwk;
use crate::Error;
use crate::jwe::{self, DecryptingKeys, EncryptingKey, Header};
use crate::jwt::is_same_type;

const CTY: &str = "jwk+json";

impl Jwk {
    /// The whole key, private members included, encrypted; with a password for instance.
    ///
    /// ```
    /// use symbolon_jose::jwe::{DecryptingKey, DecryptingKeys, EncryptingKey};
    /// use symbolon_jose::{Algorithm, ContentEncryption, Error, Jwk, KeyManagement};
    ///
    /// let jwk = Jwk::generate(Algorithm::Ed25519)?;
    /// let (alg, enc) = (KeyManagement::Pbes2Hs256A128Kw, ContentEncryption::A256Gcm);
    /// let token = jwk.to_encrypted(&EncryptingKey::from_password_with_count(b"long and secret", 5_000, alg, enc)?)?;
    ///
    /// let keys = DecryptingKeys::single(DecryptingKey::from_password(b"long and secret", alg, &[enc])?);
    /// assert_eq!(Jwk::from_encrypted(&token, &keys)?.thumbprint(), jwk.thumbprint());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn to_encrypted(&self, key: &EncryptingKey) -> Result<String, Error> {
        let header = Header { cty: Some(CTY), ..Header::default() };
        jwe::compact::encrypt(key, &header, self.to_private_json().as_bytes())
    }

    /// Decrypts and reads a key.
    pub fn from_encrypted(token: &str, keys: &DecryptingKeys) -> Result<Self, Error> {
        let decrypted = jwe::compact::decrypt(token, keys)?;
        if decrypted.cty().is_some_and(|cty| !is_same_type(cty, CTY)) {
            return Err(Error::HeaderMemberInvalid("cty"));
        }
        Self::from_slice(decrypted.plaintext())
    }
}
