//! A look over JSON that serde_json has just written: is there anything a strict reader would refuse?
//!
//! What serde_json writes is JSON; what it does not notice are members that stand twice and nesting that is too deep. So this only
//! finds the names and counts. Whatever it is not sure about it leaves to the strict reader.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde_json::Value;

use super::{Context, Guard, Limits, Names, parse_strict};
use crate::Error;

/// Whether [`parse_strict`] would accept `text`, which serde_json has written.
pub(crate) fn check_written(text: &[u8], limits: Limits) -> Result<(), Error> {
    if text.len() > limits.max_bytes {
        return Err(Error::JsonTooLong);
    }
    let guard = Guard::new(limits);
    let mut scan = Scan { text, at: 0 };
    match scan.value(guard.context()) {
        Some(()) if scan.at == text.len() => Ok(()),
        // Doubtful or refused: the strict reader knows the reason.
        _ => parse_strict::<IgnoredAny>(text, limits).map(drop),
    }
}

/// A serialization of ours as text, unless our own reader would refuse it.
pub(crate) fn written(value: &Value) -> Result<String, Error> {
    let text = value.to_string();
    if text.len() > Limits::SERIALIZATION.max_bytes {
        return Err(Error::TokenTooLong);
    }
    check_written(text.as_bytes(), Limits::SERIALIZATION)?;
    Ok(text)
}

struct Scan<'t> {
    text: &'t [u8],
    at: usize,
}

/// `None` is doubt.
impl<'t> Scan<'t> {
    fn value(&mut self, context: Context<'_>) -> Option<()> {
        match self.peek()? {
            b'"' => self.string().map(drop),
            b'{' => self.object(context.deeper::<serde_json::Error>().ok()?),
            b'[' => self.array(context.deeper::<serde_json::Error>().ok()?),
            // A number, true, false or null.
            _ => {
                let of_literal = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
                let len = self.text[self.at..].iter().take_while(|byte| of_literal(byte)).count();
                self.at += len;
                (len > 0).then_some(())
            }
        }
    }

    fn object(&mut self, context: Context<'_>) -> Option<()> {
        let mut names = Names::default();
        self.at += 1;
        if self.eat(b'}') {
            return Some(());
        }
        loop {
            let name = Cow::Borrowed(std::str::from_utf8(self.string()?).ok()?);
            names.admit::<serde_json::Error>(&name, context).ok()?;
            self.expect(b':')?;
            self.value(context)?;
            if self.eat(b'}') {
                return Some(());
            }
            self.expect(b',')?;
        }
    }

    fn array(&mut self, context: Context<'_>) -> Option<()> {
        self.at += 1;
        if self.eat(b']') {
            return Some(());
        }
        loop {
            self.value(context)?;
            if self.eat(b']') {
                return Some(());
            }
            self.expect(b',')?;
        }
    }

    /// A string without escapes; one with escapes is doubtful.
    #[inline]
    fn string(&mut self) -> Option<&'t [u8]> {
        self.expect(b'"')?;
        let rest = &self.text[self.at..];
        let len = memchr::memchr2(b'"', b'\\', rest)?;
        self.at += len;
        self.eat(b'"').then_some(&rest[..len])
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.eat(byte).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check(text: &str) -> Result<(), Error> {
        check_written(text.as_bytes(), Limits::CLAIMS)
    }

    #[test]
    fn what_a_strict_reader_would_refuse_is_refused() {
        for text in [r#"{"a":1,"a":2}"#, r#"{"x":[{"a":{"b":1,"b":[]}}]}"#, r#"{"a":1,"\u0061":2}"#, r#"{"":1,"":2}"#] {
            assert_eq!(check(text), Err(Error::JsonDuplicateMember), "{text}");
        }
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(check(&nested(16)), Ok(()));
        assert_eq!(check(&nested(17)), Err(Error::JsonTooDeep));
        let wide: Value = (0..257).map(|n| (format!("c{n}"), json!(0))).collect::<serde_json::Map<_, _>>().into();
        assert_eq!(check(&wide.to_string()), Err(Error::JsonTooManyMembers));
        assert_eq!(check(&json!("x".repeat(17_000)).to_string()), Err(Error::JsonTooLong));
    }

    #[test]
    fn what_is_no_json_is_refused_all_the_same() {
        for text in ["", "{", "}", "{}{}", "[1,]", r#"{"a"}"#, r#"{"a":}"#, "{,}", r#"{"a":1"#, r#"["a" "b"]"#, "[1\"]"]
        {
            let strict = parse_strict::<IgnoredAny>(text.as_bytes(), Limits::CLAIMS).map(drop);
            assert!(strict.is_err(), "{text}");
            assert_eq!(check(text), strict, "{text}");
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "(?s).{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("(?s).{0,4}", inner), 0..4)
                    .prop_map(|it| Value::Object(it.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_agrees_with_the_strict_reader(value in value()) {
            for text in [value.to_string(), format!("[{value},{{\"x\":{value},\"x\":0}}]"), format!("{value:#}")] {
                let strict = parse_strict::<IgnoredAny>(text.as_bytes(), Limits::CLAIMS).map(drop);
                prop_assert_eq!(check(&text), strict, "{}", text);
            }
        }
    }
}
