//! What a token must not make this program print: private keys and opaque secrets that stand inside it. Public members stay.

use serde_json::{Map, Value};
use symbolon_jose::jwk::PRIVATE_MEMBERS;

/// Shown instead.
const HIDDEN: &str = "(a secret, not shown)";

/// The members with every secret replaced, and whether there was one.
pub(crate) fn members(members: &Map<String, Value>) -> (Map<String, Value>, bool) {
    let mut found = false;
    let hidden = object(members, &mut found);
    (hidden, found)
}

fn object(members: &Map<String, Value>, found: &mut bool) -> Map<String, Value> {
    let is_key = members.contains_key("kty");
    let hide = |(name, value): (&String, &Value)| {
        let hidden = if is_key && PRIVATE_MEMBERS.contains(&name.as_str()) {
            *found = true;
            Value::from(HIDDEN)
        } else {
            value_of(value, found)
        };
        (name.clone(), hidden)
    };
    members.iter().map(hide).collect()
}

fn value_of(value: &Value, found: &mut bool) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| value_of(item, found)).collect(),
        Value::Object(members) => Value::Object(object(members, found)),
        Value::String(text) if is_secret(text) => {
            *found = true;
            Value::from(HIDDEN)
        }
        other => other.clone(),
    }
}

/// Whether a text is a secret of itself: an opaque one of this server, a private key as PEM, or a private JWK as text.
pub(crate) fn is_secret(text: &str) -> bool {
    text.contains("sym_") || text.contains("PRIVATE KEY-----") || private_jwk(text)
}

fn private_jwk(text: &str) -> bool {
    if !text.trim_start().starts_with('{') {
        return false;
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(inner)) => members(&inner).1,
        // Not JSON, and yet it may be half of a key.
        _ => text.contains("\"kty\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use symbolon_jose::{Algorithm, ContentEncryption, Jwk};

    fn hidden(value: &Value) -> (String, bool) {
        let (shown, found) = members(value.as_object().unwrap());
        (Value::Object(shown).to_string(), found)
    }

    #[test]
    fn private_members_are_hidden_wherever_a_key_stands() {
        let keys = [Algorithm::ES256, Algorithm::RS256, Algorithm::HS256, Algorithm::MlDsa44].map(Jwk::generate);
        for jwk in keys.into_iter().chain([Jwk::generate(ContentEncryption::A256Gcm)]) {
            let jwk: Value = serde_json::from_str(&jwk.unwrap().to_private_json()).unwrap();
            for value in [
                json!({ "jwk": jwk }),
                json!({ "cnf": { "jwk": jwk } }),
                json!({ "x": [[{ "keys": [jwk] }]] }),
                json!({ "text": jwk.to_string() }),
                jwk.clone(),
            ] {
                let (shown, found) = hidden(&value);
                assert!(found);
                for name in PRIVATE_MEMBERS {
                    let secret = jwk[name].as_str().unwrap_or("\0");
                    assert!(!shown.contains(secret), "{name} of {}", jwk["kty"]);
                }
            }
        }
    }

    #[test]
    fn what_is_public_is_shown() {
        let public = Jwk::generate(Algorithm::ES256).unwrap().public_value().unwrap();
        let value = json!({ "jwk": public, "d": "not of a key", "text": "{\"a\":1}" });
        assert_eq!(hidden(&value), (value.to_string(), false));
    }

    #[test]
    fn opaque_secrets_and_pem_are_hidden() {
        for text in [
            "sym_rt_AAAA",
            "see sym_cs_AAAA",
            "-----BEGIN PRIVATE KEY-----\nAAAA",
            "-----BEGIN EC PRIVATE KEY-----",
            "{\"kty\":\"oct\",\"k\":\"AAAA",
        ] {
            let (shown, found) = hidden(&json!({ "x": text }));
            assert!(found && !shown.contains("AAAA"), "{text}");
        }
    }
}
