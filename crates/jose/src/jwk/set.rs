//! JWK sets (RFC 7517 §5).
//!
//! Keys that are not for us (another type, another purpose, too weak, malformed) are skipped and counted, as §5 recommends; a
//! set that is not well-formed JSON, or has duplicate members anywhere, is refused as a whole.

use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroize as _;

use super::{Jwk, Operation};
use crate::json::{self, Limits, present};
use crate::{Algorithm, Error};

/// Most keys looked at in one set.
pub const MAX_KEYS: usize = 256;

/// A JWK set.
///
/// ```
/// use symbolon_jose::{Algorithm, Error, Jwk, JwkSet};
///
/// let set: JwkSet = [Jwk::generate(Algorithm::ES256)?].into_iter().collect();
/// let published = set.to_value();
/// assert!(published["keys"][0].get("d").is_none());
/// assert_eq!(JwkSet::from_value(&published)?.keys().len(), 1);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct JwkSet {
    keys: Vec<Jwk>,
    skipped: usize,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default, deserialize_with = "present")]
    keys: Option<Vec<Value>>,
}

impl JwkSet {
    /// Parses a set of at most 512 KiB and [`MAX_KEYS`] keys; keys it does not understand are skipped and counted.
    pub fn from_slice(json: &[u8]) -> Result<Self, Error> {
        let raw: Raw = json::parse_strict(json, Limits::KEY_SET)?;
        let mut keys = raw.keys.ok_or(Error::KeyMemberMissing("keys"))?;
        let set = Self::from_values(&keys);
        // A set may hold private keys; what was read of them on the way is not left behind.
        keys.iter_mut().for_each(wipe);
        set
    }

    /// The same from a parsed JSON value.
    pub fn from_value(value: &Value) -> Result<Self, Error> {
        let keys = value.get("keys").ok_or(Error::KeyMemberMissing("keys"))?;
        Self::from_values(keys.as_array().ok_or(Error::JsonShape)?)
    }

    fn from_values(values: &[Value]) -> Result<Self, Error> {
        if values.len() > MAX_KEYS {
            return Err(Error::KeyCount);
        }
        let keys: Vec<Jwk> = (values.iter()).filter_map(|value| Jwk::from_value(value).ok()).collect();
        let skipped = values.len() - keys.len();
        Ok(Self { keys, skipped })
    }

    /// How many keys were left out.
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// The keys understood.
    pub fn keys(&self) -> &[Jwk] {
        &self.keys
    }

    /// The public halves as JSON; shared secrets are left out.
    pub fn to_value(&self) -> Value {
        let public = self.keys.iter().filter_map(|key| key.public_value().ok());
        json!({ "keys": public.collect::<Vec<_>>() })
    }

    /// The first key with this `kid` (any, if `None`) that can verify with `alg`.
    pub fn find(&self, kid: Option<&str>, alg: Algorithm) -> Option<&Jwk> {
        self.keys
            .iter()
            .find(|key| (kid.is_none() || key.kid() == kid) && key.permits(Operation::Verify, alg.into()).is_ok())
    }
}

/// Wipes every text.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

impl FromIterator<Jwk> for JwkSet {
    fn from_iter<I: IntoIterator<Item = Jwk>>(keys: I) -> Self {
        Self { keys: keys.into_iter().collect(), skipped: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_wiped_however_deep() {
        let mut value = json!({"keys": [{"d": "secret", "x": [["secret"]], "n": 1}], "k": "secret"});
        wipe(&mut value);
        assert_eq!(value, json!({"keys": [{"d": "", "x": [[""]], "n": 1}], "k": ""}));
    }
}
