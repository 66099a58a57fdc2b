//! The registered claims (RFC 7519 §4.1) and a type that holds them with all others.

use std::fmt;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// `aud`: one recipient or several. An empty list means the claim is absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Audience {
    /// One recipient, written as a string.
    One(String),
    /// Several, written as an array.
    Many(Vec<String>),
}

impl Audience {
    /// Names exactly `recipient`.
    ///
    /// ```
    /// use symbolon_jose::jwt::Audience;
    ///
    /// let audience = Audience::from("https://api.example/");
    /// assert!(audience.contains("https://api.example/"));
    /// assert!(!audience.contains("https://api.example"));
    /// ```
    pub fn contains(&self, recipient: &str) -> bool {
        self.iter().any(|one| one == recipient)
    }

    /// Names nobody.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Every recipient.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let list = match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many.as_slice(),
        };
        list.iter().map(String::as_str)
    }
}

impl Default for Audience {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl From<&str> for Audience {
    fn from(one: &str) -> Self {
        Self::One(one.to_owned())
    }
}

impl From<String> for Audience {
    fn from(one: String) -> Self {
        Self::One(one)
    }
}

impl From<Vec<String>> for Audience {
    fn from(many: Vec<String>) -> Self {
        Self::Many(many)
    }
}

impl<'de> Deserialize<'de> for Audience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AudienceVisitor)
    }
}

/// By hand: a derived `untagged` copies the value first and then tries each variant on the copy.
struct AudienceVisitor;

impl<'de> Visitor<'de> for AudienceVisitor {
    type Value = Audience;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an array of strings")
    }

    fn visit_str<E>(self, one: &str) -> Result<Audience, E> {
        Ok(Audience::One(one.to_owned()))
    }

    fn visit_string<E>(self, one: String) -> Result<Audience, E> {
        Ok(Audience::One(one))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, many: A) -> Result<Audience, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(many)).map(Audience::Many)
    }
}

/// The registered claims and all others. Times are Unix seconds.
///
/// A wrong type is an error, never "absent", and so is `null`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names are the standard's (RFC 7519 §4.1)")]
pub struct Claims {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    #[serde(skip_serializing_if = "Audience::is_empty")]
    pub aud: Audience,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// Every claim without a field of its own.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ClaimsVisitor)
    }
}

/// By hand: a derived `flatten` would build every value twice, and take duplicates.
struct ClaimsVisitor;

impl<'de> Visitor<'de> for ClaimsVisitor {
    type Value = Claims;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object of claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Claims, A::Error> {
        let mut claims = Claims::default();
        let mut audience = None;
        while let Some(name) = map.next_key::<String>()? {
            let twice = match name.as_str() {
                "iss" => claims.iss.replace(map.next_value()?).is_some(),
                "sub" => claims.sub.replace(map.next_value()?).is_some(),
                "aud" => audience.replace(map.next_value()?).is_some(),
                "exp" => claims.exp.replace(map.next_value()?).is_some(),
                "nbf" => claims.nbf.replace(map.next_value()?).is_some(),
                "iat" => claims.iat.replace(map.next_value()?).is_some(),
                "jti" => claims.jti.replace(map.next_value()?).is_some(),
                _ => claims.extra.insert(name, map.next_value()?).is_some(),
            };
            if twice {
                return Err(A::Error::custom("duplicate claim"));
            }
        }
        claims.aud = audience.unwrap_or_default();
        Ok(claims)
    }
}

#[cfg(test)]
mod tests {
    use serde::de::value::MapDeserializer;
    use serde_json::json;

    use super::*;

    fn parse(value: &Value) -> Option<Claims> {
        serde_json::from_str(&value.to_string()).ok()
    }

    #[test]
    fn claims_come_back_as_they_were() {
        for value in [
            json!({}),
            json!({"iss": "i", "sub": "s", "aud": "a", "exp": 2, "nbf": 0, "iat": 1, "jti": "j", "x": {"y": [1]}}),
            json!({"aud": ["a", "b"]}),
        ] {
            let claims = parse(&value).unwrap();
            assert_eq!(serde_json::to_value(&claims).unwrap(), value);
        }
    }

    #[test]
    fn wrong_types_are_errors_and_not_absent() {
        for (name, wrong) in [
            ("exp", json!("1")),
            ("exp", json!(-1)),
            ("exp", json!(null)),
            ("nbf", json!([])),
            ("iat", json!({})),
            ("iss", json!(["i"])),
            ("iss", json!(null)),
            ("sub", json!(7)),
            ("jti", json!(true)),
            ("aud", json!({"a": true})),
            ("aud", json!(["a", 1])),
            ("aud", json!(null)),
        ] {
            assert_eq!(parse(&json!({ name: wrong })), None, "{name}: {wrong}");
        }
    }

    #[test]
    fn duplicate_claims_are_refused_also_outside_the_strict_parser() {
        for text in [r#"{"exp":1,"exp":2}"#, r#"{"x":1,"x":2}"#, r#"{"aud":"a","aud":[]}"#] {
            assert!(serde_json::from_str::<Claims>(text).is_err(), "{text}");
        }
        // This deserializer panics where a value is asked for twice.
        let twice = MapDeserializer::<_, serde_json::Error>::new([("iss", "a"), ("iss", "b")].into_iter());
        assert!(Claims::deserialize(twice).is_err());
    }

    #[test]
    fn an_audience_is_compared_exactly() {
        let many = Audience::from(vec!["https://a.example".to_owned(), "b".to_owned()]);
        assert!(many.contains("b") && many.contains("https://a.example"));
        for near in ["B", "https://a.example/", "https://a.exampl", "", "a.example"] {
            assert!(!many.contains(near), "{near}");
        }
        assert!(Audience::default().is_empty() && !Audience::default().contains(""));
        let one = Audience::One("a".into());
        assert_eq!(Audience::from("a".to_owned()), one);
        assert_eq!(serde_json::from_value::<Audience>("a".into()).unwrap(), one);
    }
}
