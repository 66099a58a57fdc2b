//! Strict JSON: bounded size and depth, no duplicate members at any depth, nothing behind the value.
//!
//! RFC 7515 §4 and RFC 7519 §4 want member names to be unique. serde's derive notices a duplicate only among the names a
//! type knows, so every parser here runs through a layer that sits between serde_json and the type and looks at each
//! object, also at those the type ignores. It is one pass: nothing is parsed twice.

mod handed;
mod names;
mod strict;
mod written;

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Visitor};

use crate::Error;
pub(crate) use handed::Handed;
pub(crate) use names::Names;
pub(crate) use strict::{Admit, Context, Guard, NameSeed, Strict, StrictSeed};
pub(crate) use written::{write, written};

/// What a JSON text may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest text, in bytes.
    pub max_bytes: usize,
    /// Deepest nesting of objects and arrays; a flat object has depth 1. Beyond 100 the parser's own limit comes first.
    pub max_depth: usize,
    /// Most members in one object.
    pub max_members: usize,
}

impl Limits {
    /// For a request body or a document of ours: 64 KiB, depth 16, 256 members.
    pub const DEFAULT: Self = Self { max_bytes: 64 * 1024, max_depth: 16, max_members: 256 };
    /// For the header of a token: 4 KiB, depth 8, 32 members.
    pub const HEADER: Self = Self { max_bytes: 4 * 1024, max_depth: 8, max_members: 32 };
    /// For the claims of a token: 16 KiB, depth 16, 256 members.
    pub const CLAIMS: Self = Self { max_bytes: 16 * 1024, max_depth: 16, max_members: 256 };
    /// For a token in JSON serialization: 64 KiB, depth 8, 32 members in one object.
    pub const SERIALIZATION: Self = Self { max_bytes: 64 * 1024, max_depth: 8, max_members: 32 };
    /// For one key: 16 KiB (RSA of 8192 bits with its certificate), depth 4, 32 members.
    pub const KEY: Self = Self { max_bytes: 16 * 1024, max_depth: 4, max_members: 32 };
    /// For a key set fetched from elsewhere: 512 KiB, depth 6, 64 members in one object.
    pub const KEY_SET: Self = Self { max_bytes: 512 * 1024, max_depth: 6, max_members: 64 };
}

/// Parses one JSON text into `T`; refuses duplicate members at any depth, trailing bytes, a byte order mark and whatever
/// exceeds `limits`.
///
/// ```
/// use symbolon_jose::{Error, json::{Limits, parse_strict}};
/// use serde_json::Value;
///
/// let value: Value = parse_strict(br#"{"a": 1}"#, Limits::DEFAULT)?;
/// assert_eq!(value["a"], 1);
/// let twice = parse_strict::<Value>(br#"{"a": {"b": 1, "b": 2}}"#, Limits::DEFAULT);
/// assert_eq!(twice, Err(Error::JsonDuplicateMember));
/// # Ok::<(), Error>(())
/// ```
pub fn parse_strict<T: DeserializeOwned>(text: &[u8], limits: Limits) -> Result<T, Error> {
    parse_borrowed(text, limits)
}

/// The same for types that borrow from the text.
pub(crate) fn parse_borrowed<'de, T: Deserialize<'de>>(text: &'de [u8], limits: Limits) -> Result<T, Error> {
    parse_with(text, limits, |de, context| T::deserialize(Strict::new(de, context)))
}

/// The frame of every parse: size, encoding, the end, and which of the errors counts.
pub(crate) fn parse_with<'de, T>(
    text: &'de [u8],
    limits: Limits,
    read: impl FnOnce(
        &mut serde_json::Deserializer<serde_json::de::StrRead<'de>>,
        Context<'_>,
    ) -> Result<T, serde_json::Error>,
) -> Result<T, Error> {
    if text.len() > limits.max_bytes {
        return Err(Error::JsonTooLong);
    }
    let text = std::str::from_utf8(text).map_err(|_| Error::JsonNotUtf8)?;
    let guard = Guard::new(limits);
    let mut de = serde_json::Deserializer::from_str(text);
    let value = read(&mut de, guard.context()).map_err(|error| guard.cause(&error))?;
    de.end().map_err(|_| Error::JsonTrailing)?;
    // What was refused stays refused, also where a type swallowed the error and went on.
    guard.refused().map_or(Ok(value), Err)
}

/// A string that borrows from the input where it can. (serde's derive borrows a `Cow` only where it is not in an `Option`.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text<'de>(pub(crate) Cow<'de, str>);

impl Text<'_> {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn into_owned(self) -> String {
        self.0.into_owned()
    }

    /// As our own text where it is a name that we know.
    pub(crate) fn into_known(self, known: impl FnOnce(&str) -> Option<&'static str>) -> Cow<'static, str> {
        known(self.as_str()).map_or_else(|| Cow::Owned(self.into_owned()), Cow::Borrowed)
    }
}

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor).map(Self)
    }
}

/// Reads a string, borrowed if possible.
pub(crate) struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text))
    }
}

/// For `#[serde(default, deserialize_with = "present")]`: absent is `None`, but `null` is an error like any wrong type.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::{Error, Limits, Text, parse_strict};

    fn value(text: &str) -> Result<Value, Error> {
        parse_strict(text.as_bytes(), Limits::DEFAULT)
    }

    #[test]
    fn ordinary_json_comes_through_unchanged() {
        let text = r#"{"s":"a\n\u00e9","n":-1.5,"u":18446744073709551615,"b":[true,false,null],"o":{"x":{},"y":[]}}"#;
        assert_eq!(value(text).unwrap(), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn derived_types_come_through() {
        #[derive(Debug, PartialEq, serde::Deserialize)]
        struct Inner(u32);
        #[derive(Debug, PartialEq, serde::Deserialize)]
        enum Kind {
            Unit,
            New(u8),
            Pair(u8, u8),
            Named { a: u8 },
        }
        #[derive(Debug, PartialEq, serde::Deserialize)]
        struct Outer {
            inner: Inner,
            kinds: Vec<Kind>,
            none: Option<u8>,
            some: Option<String>,
            map: BTreeMap<String, char>,
            #[serde(flatten)]
            rest: BTreeMap<String, Value>,
        }
        let text = r#"{"inner":7,"kinds":["Unit",{"New":1},{"Pair":[1,2]},{"Named":{"a":3}}],"none":null,"some":"x","map":{"k":"v"},"more":[1]}"#;
        let outer: Outer = parse_strict(text.as_bytes(), Limits::DEFAULT).unwrap();
        assert_eq!(outer.inner, Inner(7));
        assert_eq!(outer.kinds, [Kind::Unit, Kind::New(1), Kind::Pair(1, 2), Kind::Named { a: 3 }]);
        assert_eq!((outer.none, outer.some.as_deref()), (None, Some("x")));
        assert_eq!((outer.map["k"], &outer.rest["more"]), ('v', &serde_json::json!([1])));
    }

    #[test]
    fn a_variant_may_be_an_object_and_is_read_to_its_end() {
        #[derive(Debug, PartialEq, serde::Deserialize)]
        enum Kind {
            Unit,
        }
        let parse = |text: &str| parse_strict::<Kind>(text.as_bytes(), Limits::DEFAULT);
        assert_eq!(parse(r#"{"Unit":null}"#), Ok(Kind::Unit));
        assert_eq!(parse(r#"{"Unit":1}"#), Err(Error::JsonShape));
    }

    #[test]
    fn types_take_the_form_that_people_read() {
        let address: std::net::IpAddr = parse_strict(br#""127.0.0.1""#, Limits::DEFAULT).unwrap();
        assert!(address.is_loopback());
    }

    #[test]
    fn duplicate_members_are_refused_at_any_depth() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"b":2,"a":3}"#,
            r#"{"x":{"a":1,"a":2}}"#,
            r#"[[{"a":{"b":1,"b":1}}]]"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"":1,"":2}"#,
            r#"{"a":null,"a":null}"#,
        ] {
            assert_eq!(value(text), Err(Error::JsonDuplicateMember), "{text}");
        }
    }

    #[test]
    fn duplicate_members_are_refused_where_the_type_does_not_look() {
        #[derive(Debug, PartialEq, serde::Deserialize)]
        struct Known {
            a: u8,
        }
        let parse = |text: &str| parse_strict::<Known>(text.as_bytes(), Limits::DEFAULT);
        assert_eq!(parse(r#"{"a":1,"z":{"n":[1,{"m":2}]}}"#).unwrap().a, 1);
        assert_eq!(parse(r#"{"a":1,"z":1,"z":2}"#), Err(Error::JsonDuplicateMember));
        assert_eq!(parse(r#"{"a":1,"z":{"n":[{"m":2,"m":2}]}}"#), Err(Error::JsonDuplicateMember));
        assert_eq!(parse(r#"{"a":1,"a":1}"#), Err(Error::JsonDuplicateMember));
    }

    #[test]
    fn an_array_is_no_object_with_the_names_left_out() {
        #[derive(Debug, PartialEq, serde::Deserialize)]
        struct Known {
            a: u8,
        }
        let parse = |text: &str| parse_strict::<Vec<Known>>(text.as_bytes(), Limits::DEFAULT);
        assert_eq!(parse(r#"[{"a":1}]"#), Ok(vec![Known { a: 1 }]));
        assert_eq!(parse("[[1]]"), Err(Error::JsonShape));
    }

    #[test]
    fn names_that_only_look_alike_are_different() {
        // Latin "exp", Cyrillic "ехр", another case.
        assert!(value(r#"{"exp":1,"ехр":2,"EXP":3}"#).is_ok());
    }

    #[test]
    fn depth_is_bounded_before_the_stack_is() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(value(&nested(16)).is_ok());
        assert_eq!(value(&nested(17)), Err(Error::JsonTooDeep));
        assert_eq!(value(&nested(30_000)), Err(Error::JsonTooDeep));
        let objects = r#"{"a":"#.repeat(17) + "1" + &"}".repeat(17);
        assert_eq!(value(&objects), Err(Error::JsonTooDeep));
        assert_eq!(
            parse_strict::<serde::de::IgnoredAny>(nested(17).as_bytes(), Limits::DEFAULT).unwrap_err(),
            Error::JsonTooDeep,
        );
    }

    #[test]
    fn size_and_members_are_bounded() {
        let long = format!("\"{}\"", "x".repeat(Limits::DEFAULT.max_bytes));
        assert_eq!(value(&long), Err(Error::JsonTooLong));
        let object = |members: usize| {
            let members: Vec<String> = (0..members).map(|n| format!("\"m{n}\":0")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert!(value(&object(256)).is_ok());
        assert_eq!(value(&object(257)), Err(Error::JsonTooManyMembers));
    }

    #[test]
    fn trailing_bytes_are_refused() {
        for text in ["{} {}", "{}x", "{}\0", "1 2", "{},"] {
            assert_eq!(value(text), Err(Error::JsonTrailing), "{text:?}");
        }
        assert!(value(" {} \n").is_ok());
    }

    #[test]
    fn other_encodings_and_broken_utf8_are_refused() {
        let parse = |bytes: &[u8]| parse_strict::<Value>(bytes, Limits::DEFAULT);
        assert_eq!(parse(b"\xef\xbb\xbf{}"), Err(Error::JsonSyntax), "byte order mark");
        assert!(parse(b"\xff\xfe{\0}\0").is_err(), "UTF-16 with byte order mark");
        assert!(parse(b"{\0}\0").is_err(), "UTF-16");
        assert_eq!(parse(b"{\"a\":\"\xc0\xaf\"}"), Err(Error::JsonNotUtf8), "overlong");
        assert_eq!(parse(b"\"\xed\xa0\x80\""), Err(Error::JsonNotUtf8), "surrogate");
        assert!(parse(br#""\ud800""#).is_err(), "lone escaped surrogate");
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in [
            "",
            " ",
            "NaN",
            "Infinity",
            "-Infinity",
            "{a:1}",
            "{'a':1}",
            "[1,]",
            "{\"a\":1,}",
            "01",
            "+1",
            "\"\t\"",
            "// x\n1",
        ] {
            assert_eq!(value(text), Err(Error::JsonSyntax), "{text:?}");
        }
    }

    #[test]
    fn wrong_types_say_shape_and_nothing_of_the_content() {
        let error = parse_strict::<u8>(b"\"hunter2\"", Limits::DEFAULT).unwrap_err();
        assert_eq!(error, Error::JsonShape);
        assert!(!error.to_string().contains("hunter2"));
    }

    #[test]
    fn limits_are_what_they_say_to_the_byte() {
        for (limits, max_bytes) in [
            (Limits::DEFAULT, 65_536),
            (Limits::HEADER, 4_096),
            (Limits::CLAIMS, 16_384),
            (Limits::SERIALIZATION, 65_536),
            (Limits::KEY, 16_384),
            (Limits::KEY_SET, 524_288),
        ] {
            let text = |len: usize| format!("\"{}\"", "x".repeat(len - 2));
            assert!(parse_strict::<Value>(text(max_bytes).as_bytes(), limits).is_ok(), "{limits:?}");
            let longer = parse_strict::<Value>(text(max_bytes + 1).as_bytes(), limits);
            assert_eq!(longer, Err(Error::JsonTooLong), "{limits:?}");
        }
    }

    #[test]
    fn a_text_may_come_from_any_deserializer() {
        let text = <Text<'_> as serde::Deserialize>::deserialize(Value::from("owned")).unwrap();
        assert_eq!(text.as_str(), "owned");
    }
}
