//! JSON from outside: strict (no name twice, nothing after the end, bounded), and without U+0000.
//!
//! A string may hold U+0000 (RFC 8259 §7), but not every database can keep it: the text of PostgreSQL cannot. So it is refused at every door,
//! whatever database stands behind it, as [`Params`](crate::Params) does in forms and queries.

use serde::de::DeserializeOwned;
use symbolon_jose::json::{Limits, parse_strict};

/// Strict JSON without U+0000 into `T`, or nothing.
///
/// ```
/// let read = |text: &str| symbolon_oauth::json::strict::<Vec<String>>(text.as_bytes());
/// assert_eq!(read(r#"["a"]"#), Some(vec!["a".to_owned()]));
/// assert_eq!(read(r#"["a\u0000"]"#), None);
/// ```
#[must_use]
pub fn strict<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    if holds_nul(bytes) { None } else { parse_strict(bytes, Limits::DEFAULT).ok() }
}

/// Whether a string or a name in this JSON holds U+0000. As itself it cannot stand there (§7), only as `\u0000`.
///
/// ```
/// use symbolon_oauth::json::holds_nul;
/// assert!(holds_nul(br#"{"state":"a\u0000b"}"#));
/// assert!(!holds_nul(br#"{"state":"a\\u0000b"}"#), "a backslash, and then letters");
/// ```
#[must_use]
pub fn holds_nul(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let escaped = &rest[at + 1..];
        if escaped.starts_with(b"u0000") {
            return true;
        }
        rest = escaped.get(1..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_nul_is_found_wherever_it_stands_and_nothing_else_is_taken_for_one() {
        for (text, found) in [
            (r#"{"a":["b",{"c":"\u0000"}]}"#, true),
            (r#"{"\u0000":1}"#, true),
            (r#""\\\u0000""#, true),
            (r#""\\u0000""#, false),
            (r#""\\\\u0000""#, false),
            (r#""\u0001 u0000 \n""#, false),
            ("\\", false),
            ("\\u000", false),
            ("", false),
        ] {
            assert_eq!(holds_nul(text.as_bytes()), found, "{text}");
        }
        assert_eq!(strict::<String>(b"\"a\0b\""), None, "as itself it is no JSON");
    }

    proptest! {
        #[test]
        fn whatever_serde_writes_is_judged_by_what_it_holds(text in "[\0\\\\u0\"a]{0,12}") {
            let json = serde_json::to_vec(&[&text]).unwrap();
            prop_assert_eq!(holds_nul(&json), text.contains('\0'));
        }
    }
}
