//! How a token is written: base64url (RFC 7515 §2), JSON (RFC 7515 §4, RFC 7519 §4), and its length.

use serde::de::IgnoredAny;
use serde_json::Value;
use symbolon_jose::json::{Limits, parse_strict};
use symbolon_jose::{Error, base64url};

use super::{Reason, quoted};
use crate::command::token::tolerant;

const COPY_AGAIN: &str = "copy the token again, whole and without spaces";
const ENCODER: &str = "tell whoever made it to encode with base64url without padding (RFC 7515 section 2)";

/// The bytes of a part, and what is wrong with its base64url.
pub(crate) fn bytes(part: &str, text: &str, reasons: &mut Vec<Reason>) -> Option<Vec<u8>> {
    let Err(why) = base64url::decode(text) else {
        return base64url::decode(text).ok();
    };
    let reason = if text.chars().any(char::is_whitespace) {
        let text = format!("white space stands before, after or within the {part}");
        Reason::malformed("base64_surrounded", text, COPY_AGAIN)
    } else if why == Error::Base64Padded {
        Reason::malformed("base64_padded", format!("the {part} ends in \"=\": base64url here has no padding"), ENCODER)
    } else if text.contains(['+', '/']) {
        let text = format!("the {part} has \"+\" or \"/\": it is base64, not base64url");
        Reason::malformed("base64_alphabet", text, ENCODER)
    } else if why == Error::Base64NotCanonical {
        let text = format!("the {part} is not canonical base64url: its last character holds bits that nobody reads");
        Reason::malformed(
            "base64_not_canonical",
            text,
            "ask for a new token: this one was changed, or its maker is faulty",
        )
    } else {
        Reason::malformed("base64_invalid", format!("the {part} is not base64url"), COPY_AGAIN)
    };
    reasons.push(reason);
    tolerant::bytes(text)
}

/// The JSON value of a part, and what is wrong with it.
pub(crate) fn json(part: &str, bytes: &[u8], limits: Limits, reasons: &mut Vec<Reason>) -> Option<Value> {
    let read = tolerant::json(bytes);
    for name in read.iter().flat_map(|(_, doubled)| doubled) {
        reasons.push(Reason::malformed(
            "duplicate_member",
            format!("the member {} stands twice in the {part}: readers disagree which of them counts", quoted(name)),
            "refuse it: honest makers do not write this (RFC 7515 section 4)",
        ));
    }
    if let Err(why) = parse_strict::<IgnoredAny>(bytes, limits) {
        reasons.extend(not_json(part, why, limits));
    }
    read.map(|(value, _)| value)
}

fn not_json(part: &str, why: Error, limits: Limits) -> Option<Reason> {
    let smaller = "put less into it; a token is sent with every request";
    Some(match why {
        // Named above.
        Error::JsonDuplicateMember => return None,
        Error::JsonTooLong => {
            let text = format!("the {part} has more than {} KiB", limits.max_bytes / 1024);
            Reason::malformed("json_too_long", text, smaller)
        }
        Error::JsonTooDeep => {
            let text = format!("the {part} is nested deeper than {} levels", limits.max_depth);
            Reason::malformed("json_too_deep", text, smaller)
        }
        Error::JsonTooManyMembers => {
            let text = format!("an object in the {part} has more than {} members", limits.max_members);
            Reason::malformed("json_too_many_members", text, smaller)
        }
        Error::JsonTrailing => {
            Reason::malformed("json_trailing", format!("something stands behind the JSON of the {part}"), COPY_AGAIN)
        }
        Error::JsonNotUtf8 => Reason::malformed("json_not_utf8", format!("the {part} is not UTF-8"), COPY_AGAIN),
        _ => Reason::malformed("json_invalid", format!("the {part} is not JSON"), COPY_AGAIN),
    })
}

/// The whole is longer than a verifier reads.
pub(crate) fn length(token: &str, max: usize, reasons: &mut Vec<Reason>) {
    if token.len() > max {
        reasons.push(Reason::malformed(
            "too_long",
            format!("it has {} bytes: longer than the {} KiB that are read here", token.len(), max / 1024),
            "put less into it; most servers refuse headers of more than 8 KiB",
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(reasons: &[Reason]) -> Vec<&'static str> {
        reasons.iter().map(|reason| reason.id).collect()
    }

    #[test]
    fn every_way_to_spell_base64url_wrongly_has_its_words() {
        for (text, id) in [
            ("QUI=", "base64_padded"),
            (" QUJD", "base64_surrounded"),
            ("QU\nJD", "base64_surrounded"),
            ("Pj4+", "base64_alphabet"),
            ("QR", "base64_not_canonical"),
            ("QUJDQ", "base64_invalid"),
            ("é", "base64_invalid"),
        ] {
            let mut reasons = Vec::new();
            bytes("payload", text, &mut reasons);
            assert_eq!(ids(&reasons), [id], "{text:?}");
            assert!(reasons[0].text.contains("the payload"));
        }
        let mut reasons = Vec::new();
        assert_eq!(bytes("header", "QUJD", &mut reasons).unwrap(), b"ABC");
        assert!(reasons.is_empty());
    }

    #[test]
    fn every_way_to_write_json_wrongly_has_its_words() {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(20), "]".repeat(20));
        let members: Vec<String> = (0..300).map(|number| format!("\"{number}\":1")).collect();
        let (many, long) = (format!("{{{}}}", members.join(",")), format!("\"{}\"", "x".repeat(17_000)));
        for (text, expected) in [
            (r#"{"iss":"a","iss":"b"}"#, &["duplicate_member"][..]),
            (&deep, &["json_too_deep"]),
            (&many, &["json_too_many_members"]),
            (&long, &["json_too_long"]),
            ("{} {}", &["json_trailing"]),
            ("{", &["json_invalid"]),
            (r#"{"a":{"b":1,"b":2}} x"#, &["duplicate_member"]),
        ] {
            let mut reasons = Vec::new();
            json("claims", text.as_bytes(), Limits::CLAIMS, &mut reasons);
            assert_eq!(ids(&reasons), expected, "{text:.40}");
        }
        let mut reasons = Vec::new();
        json("claims", b"\"\xff\"", Limits::CLAIMS, &mut reasons);
        assert_eq!(ids(&reasons), ["json_not_utf8"]);
    }

    #[test]
    fn the_doubled_member_is_named_and_harmless() {
        let mut reasons = Vec::new();
        json("claims", b"{\"a\\u001b\":1,\"a\\u001b\":1}", Limits::CLAIMS, &mut reasons);
        assert!(reasons[0].text.contains("\"a\u{fffd}\""), "{}", reasons[0].text);
    }

    #[test]
    fn a_token_is_no_longer_than_is_read() {
        let mut reasons = Vec::new();
        length(&"x".repeat(1024), 1024, &mut reasons);
        assert!(reasons.is_empty());
        length(&"x".repeat(1025), 1024, &mut reasons);
        assert_eq!(ids(&reasons), ["too_long"]);
    }
}
