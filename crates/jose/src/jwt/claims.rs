//! The registered claims (RFC 7519 §4.1).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `aud`: one recipient or several. An empty list means the claim is absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One recipient, written as a string.
    One(String),
    /// Several, written as an array.
    Many(Vec<String>),
}

impl Default for Audience {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Audience {
    /// Names exactly `recipient`.
    pub fn contains(&self, _recipient: &str) -> bool {
        todo!()
    }
    /// Names nobody.
    pub fn is_empty(&self) -> bool {
        todo!()
    }
}

/// The registered claims and all others. Times are Unix seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the standard's (RFC 7519 §4.1)")]
pub struct Claims {
    pub iss: Option<String>,
    pub sub: Option<String>,
    pub aud: Audience,
    pub exp: Option<u64>,
    pub nbf: Option<u64>,
    pub iat: Option<u64>,
    pub jti: Option<String>,
    /// Every claim without a field of its own.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}
