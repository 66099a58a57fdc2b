//! Bytes in requests and answers: base64url, as everywhere in JOSE (RFC 7515 §2).

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;
use symbolon_jose::base64url;

/// Bytes that arrive as base64url.
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
