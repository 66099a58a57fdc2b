//! A stored secret: its SHA-256, when it was made and when it ends. Two valid ones at once make rotation without a gap.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use symbolon_jose::base64url;

/// The hash of a client's or API's secret. The secret has 256 random bits, so a plain SHA-256 keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretHash {
    /// SHA-256 of the secret's text, in base64url in the document.
    #[serde(serialize_with = "to_text", deserialize_with = "from_text")]
    pub hash: [u8; 32],
    /// Unix seconds.
    pub created_at: u64,
    /// Unix seconds; `None` means until removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<u64>,
    /// The secret itself under the shell's master key, of clients that make a key of it, and of no others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<String>,
}

impl SecretHash {
    /// The record of `secret`.
    #[must_use]
    pub fn of(secret: &str, created_at: u64) -> Self {
        Self { hash: symbolon_jose::sha256(secret.as_bytes()), created_at, expires_at: None, sealed: None }
    }

    /// Whether it still counts.
    #[must_use]
    pub fn is_live(&self, now: u64) -> bool {
        self.expires_at.is_none_or(|expires_at| now < expires_at)
    }
}

/// Whether `presented` is one of the live secrets. Looks at every one of them, in constant time each.
#[must_use]
pub(crate) fn matches_any(secrets: &[SecretHash], presented: &str, now: u64) -> bool {
    let presented = symbolon_jose::sha256(presented.as_bytes());
    secrets.iter().fold(false, |found, secret| {
        let equal = symbolon_jose::ct_eq(&secret.hash, &presented);
        found | (equal & secret.is_live(now))
    })
}

fn to_text<S: Serializer>(hash: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&base64url::encode(hash))
}

fn from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
    let text = String::deserialize(deserializer)?;
    let bytes = base64url::decode(&text).map_err(serde::de::Error::custom)?;
    bytes.try_into().map_err(|_| serde::de::Error::custom("a secret's hash has 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_secrets_overlap_while_rotating() {
        let old = SecretHash { expires_at: Some(200), ..SecretHash::of("old", 0) };
        let both = [old, SecretHash::of("new", 100)];
        assert!(matches_any(&both, "old", 199) && matches_any(&both, "new", 199));
        assert!(!matches_any(&both, "old", 200) && matches_any(&both, "new", 200));
    }

    #[test]
    fn wrong_empty_and_prefix_secrets_are_refused() {
        let secrets = [SecretHash::of("secret", 0)];
        for wrong in ["", "Secret", "secre", "secret ", "secret\0"] {
            assert!(!matches_any(&secrets, wrong, 1), "{wrong:?}");
        }
        assert!(!matches_any(&[], "", 1));
    }

    #[test]
    fn the_document_holds_text_and_survives_a_round_trip() {
        let secret = SecretHash::of("secret", 5);
        let text = serde_json::to_string(&secret).unwrap();
        assert!(text.contains("\"created_at\":5") && !text.contains("expires_at"));
        assert_eq!(serde_json::from_str::<SecretHash>(&text).unwrap(), secret);
        assert!(serde_json::from_str::<SecretHash>(r#"{"hash":"AAAA","created_at":1}"#).is_err());
    }
}
