//! What requests have in common: bytes as base64url, forms, keys named by `key` or `password`.

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;
use symbolon_jose::jwe::{Compression, DecryptingKey, EncryptingKey};
use symbolon_jose::{ContentEncryption, Error, Jwk, KeyManagement, base64url};

/// Most bytes that compressed content may become (draft-ietf-oauth-rfc8725bis-08 §3.15).
const MAX_DECOMPRESSED: usize = 250_000;

/// Bytes that arrive as base64url (RFC 7515 §2).
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        base64url::decode(&text).map(Self).map_err(de::Error::custom)
    }
}

/// Bytes that leave as base64url.
pub(crate) fn encoded(bytes: &[u8]) -> Value {
    Value::from(base64url::encode(bytes))
}

/// Which of the JSON serializations.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    Flattened,
    General,
}

/// For whom is encrypted, and how.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recipient {
    alg: KeyManagement,
    enc: Option<ContentEncryption>,
    key: Option<Value>,
    password: Option<Bytes>,
    /// Iterations of PBES2.
    count: Option<u32>,
}

impl Recipient {
    pub(crate) fn new(
        alg: KeyManagement,
        enc: ContentEncryption,
        key: Option<Value>,
        password: Option<Bytes>,
        count: Option<u32>,
    ) -> Self {
        Self { alg, enc: Some(enc), key, password, count }
    }

    /// `enc` counts where the recipient does not name one.
    pub(crate) fn encrypting(&self, enc: Option<ContentEncryption>) -> Result<EncryptingKey, Error> {
        let enc = self.enc.or(enc).ok_or(Error::ContentEncryptionMismatch)?;
        match (&self.key, &self.password, self.count) {
            (Some(key), ..) => EncryptingKey::from_jwk(&Jwk::from_value(key)?, self.alg, enc),
            (None, Some(password), None) => EncryptingKey::from_password(&password.0, self.alg, enc),
            (None, Some(password), Some(count)) => {
                EncryptingKey::from_password_with_count(&password.0, count, self.alg, enc)
            }
            (None, None, _) => Err(Error::UnknownKey),
        }
    }

    pub(crate) fn decrypting(&self, compression: Compression) -> Result<DecryptingKey, Error> {
        let allowed = [self.enc.ok_or(Error::ContentEncryptionMismatch)?];
        let key = match (&self.key, &self.password) {
            (Some(key), _) => DecryptingKey::from_jwk(&Jwk::from_value(key)?, self.alg, &allowed),
            (None, Some(password)) => DecryptingKey::from_password(&password.0, self.alg, &allowed),
            (None, None) => Err(Error::UnknownKey),
        }?;
        Ok(match compression {
            Compression::Deflate => key.accept_deflate(MAX_DECOMPRESSED),
            Compression::None => key,
        })
    }
}

/// `zip: true` in a request.
pub(crate) fn compression<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Compression, D::Error> {
    let zip = bool::deserialize(deserializer)?;
    Ok(if zip { Compression::Deflate } else { Compression::None })
}
