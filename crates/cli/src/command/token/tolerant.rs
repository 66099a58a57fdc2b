//! Reading what a careful reader refuses: base64url that is spelt wrongly, JSON with members that stand twice. Only to show it to a
//! person, with what is wrong; nothing is decided by what is read here.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use symbolon_jose::base64url;

/// The bytes a text most likely means.
pub(crate) fn bytes(text: &str) -> Option<Vec<u8>> {
    if let Ok(bytes) = base64url::decode(text) {
        return Some(bytes);
    }
    let plain = |c: char| match c {
        '+' => '-',
        '/' => '_',
        c => c,
    };
    let mut text: String = text.chars().filter(|c| !c.is_whitespace() && *c != '=').map(plain).collect();
    if text.len() % 4 == 1 {
        text.pop();
    }
    // With `A`, six bits of zero, up to whole groups: then the bits that are left over do not matter.
    let missing = (4 - text.len() % 4) % 4;
    text.extend(std::iter::repeat_n('A', missing));
    let mut bytes = base64url::decode(&text).ok()?;
    bytes.truncate(bytes.len().saturating_sub(missing));
    Some(bytes)
}

/// The JSON value with the last of the members that stand twice, and their names.
pub(crate) fn json(bytes: &[u8]) -> Option<(Value, Vec<String>)> {
    let text = String::from_utf8_lossy(bytes);
    let mut doubled = Vec::new();
    let seed = Seed { doubled: &mut doubled };
    let value = seed.deserialize(&mut serde_json::Deserializer::from_str(&text)).ok()?;
    Some((value, doubled))
}

struct Seed<'d> {
    doubled: &'d mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(Seed { doubled: &mut *self.doubled })? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(Seed { doubled: &mut *self.doubled })?;
            if members.insert(name.clone(), value).is_some() {
                self.doubled.push(name);
            }
        }
        Ok(members.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn wrongly_spelt_base64url_is_read_as_it_was_meant() {
        for (text, meant) in [
            ("QUJD", "ABC"),
            ("QUI=", "AB"),
            ("QQ==", "A"),
            ("QR", "A"),
            (" Q U\r\nJD", "ABC"),
            ("Pj4+", ">>>"),
            ("Pz8/", "???"),
            ("QUJDQ", "ABC"),
            ("", ""),
        ] {
            assert_eq!(bytes(text).as_deref(), Some(meant.as_bytes()), "{text}");
        }
        assert_eq!(bytes("{}"), None);
    }

    #[test]
    fn members_that_stand_twice_are_named() {
        let (value, doubled) = super::json(br#"{"a":1,"b":[{"c":1,"c":null}],"a":2.5}"#).unwrap();
        assert_eq!(value, json!({"a": 2.5, "b": [{"c": null}]}));
        assert_eq!(doubled, ["c", "a"]);
        assert_eq!(super::json(b"{} behind").unwrap().0, json!({}));
        assert_eq!(super::json(b"{"), None);
    }
}
