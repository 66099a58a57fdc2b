//! What a token must not make this program print: private keys and opaque secrets that stand inside it. Public members stay.

use serde_json::{Map, Value};
use symbolon_jose::jwk::PRIVATE_MEMBERS;
use symbolon_oauth::TokenKind;

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
        if is_secret(name) {
            *found = true;
            return (HIDDEN.to_owned(), hidden);
        }
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

/// The text, if it is no secret.
pub(crate) fn shown(text: &str) -> &str {
    if is_secret(text) { HIDDEN } else { text }
}

/// Whether a text is a secret of itself: an opaque one of this server, a private key as PEM, or a private JWK as text.
pub(crate) fn is_secret(text: &str) -> bool {
    opaque(text) || text.contains("PRIVATE KEY-----") || private_jwk(text)
}

/// An opaque secret begins at a word: `asym_rt_policy` is none.
fn opaque(text: &str) -> bool {
    text.match_indices("sym_").any(|(at, _)| {
        let begins = TokenKind::ALL.iter().any(|kind| text[at..].starts_with(kind.prefix()));
        begins && !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric())
    })
}

/// JSON that a private key stands in, also behind other words.
fn private_jwk(text: &str) -> bool {
    let mut rest = text;
    while let Some(begin) = rest.find(['{', '[']) {
        let mut values = serde_json::Deserializer::from_str(&rest[begin..]).into_iter::<Value>();
        // Not JSON, and yet it may be half of a key, or one in other quotes; by an escape any letter of the name may be written.
        let Some(Ok(value)) = values.next() else { return ["kty", "\\u"].iter().any(|part| rest.contains(part)) };
        let mut found = false;
        value_of(&value, &mut found);
        if found {
            return true;
        }
        rest = &rest[begin + values.byte_offset()..];
    }
    false
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
        let value = json!({ "jwk": public, "d": "not of a key", "text": "{\"a\":1}", "list": [public.to_string()] });
        assert_eq!(hidden(&value), (value.to_string(), false));
        let value = json!({ "kid": "asym_rt_2026", "scope": "asym_read sym_pathy my_asym_key", "sym_bol": "[1, {", "x": "{name}" });
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
            "{\"kty\":\"oct\",\"k\":\"AAAA\"}",
            "[{\"kty\":\"oct\",\"k\":\"AAAA\"}]",
            "[{\"k\\u0074y\":\"oct\",\"k\":\"AAAA\"}]",
            "the key: {\"kty\":\"oct\",\"k\":\"AAAA\"} or so",
            "{} {\"kty\":\"oct\",\"k\":\"AAAA\"}",
            "{x} {\"kty\":\"oct\",\"k\":\"AAAA\"}",
            "{x} {\"k\\u0074y\":\"oct\",\"k\":\"AAAA\"}",
            "[1 {\"k\\u0074y\":\"oct\",\"k\":\"AAAA\"}",
            "\"{\\\"kty\\\":\\\"oct\\\",\\\"k\\\":\\\"AAAA\\\"}\"",
            "{'kty': 'oct', 'k': 'AAAA'}",
            "_sym_rt_AAAA",
        ] {
            for value in [json!({ "x": text }), json!({ text: "x" }), json!({ "x": [{ text: 1 }] })] {
                let (shown, found) = hidden(&value);
                assert!(found && !shown.contains("AAAA"), "{text}");
            }
        }
    }
}
