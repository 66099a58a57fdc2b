//! Polling (RFC 8936 §2): what a receiver asks for and says about what it has, and what it gets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Refusal, shortened};
use crate::json;

/// Events in one answer, at most.
pub const MAX_EVENTS: u32 = 100;
/// Events that one request may speak of, at most.
const MAX_NAMED: usize = 1000;
/// The longest error of a receiver's that is kept.
const MAX_ERROR_CHARS: usize = 200;

/// A request (§2.2, §2.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PollRequest {
    /// How many events it wants; none if it only speaks of those it has.
    pub max_events: u32,
    /// Whether it waits for something to happen.
    pub wait: Wait,
    /// What it has, by `jti`.
    pub ack: Vec<String>,
    /// What it cannot use, and why.
    pub errors: BTreeMap<String, String>,
}

/// Whether a receiver waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wait {
    /// For a while (§2.2: "long polling").
    #[default]
    ForEvents,
    /// Not at all.
    No,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Body {
    max_events: Option<u64>,
    return_immediately: Option<bool>,
    ack: Vec<String>,
    set_errs: BTreeMap<String, SetError>,
}

#[derive(Deserialize)]
struct SetError {
    err: String,
    #[serde(default)]
    description: Option<String>,
}

impl PollRequest {
    /// Reads it; an empty body asks for everything there is.
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let body = if body.is_empty() {
            Body::default()
        } else {
            json::strict(body).ok_or(Refusal::Invalid("the body is no poll request of RFC 8936"))?
        };
        if body.ack.len() + body.set_errs.len() > MAX_NAMED {
            return Err(Refusal::Invalid("more than 1000 events in ack and setErrs"));
        }
        let error = |error: SetError| {
            let text = match error.description {
                Some(description) => format!("{}: {description}", error.err),
                None => error.err,
            };
            shortened(&text, MAX_ERROR_CHARS)
        };
        let max_events = body.max_events.map_or(MAX_EVENTS, |max| u32::try_from(max).unwrap_or(MAX_EVENTS));
        Ok(Self {
            max_events: max_events.min(MAX_EVENTS),
            // §2.2: "A value of 0 MAY be used" to acknowledge only: there is nothing to wait for.
            wait: if body.return_immediately == Some(true) || max_events == 0 { Wait::No } else { Wait::ForEvents },
            ack: body.ack,
            errors: body.set_errs.into_iter().map(|(jti, why)| (jti, error(why))).collect(),
        })
    }
}

/// An answer (§2.3).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PollResponse {
    /// The tokens by their `jti`.
    pub sets: BTreeMap<String, String>,
    /// Whether there are more.
    #[serde(rename = "moreAvailable")]
    pub more_available: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> PollRequest {
        PollRequest::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn what_is_left_out_has_the_defaults_of_the_rfc() {
        for text in ["", "{}", r#"{"unknown":1}"#] {
            let request = read(text);
            assert_eq!((request.max_events, request.wait), (MAX_EVENTS, Wait::ForEvents), "{text}");
            assert!(request.ack.is_empty() && request.errors.is_empty());
        }
        let request = read(
            r#"{"maxEvents":2,"returnImmediately":true,"ack":["a"],"setErrs":{"b":{"err":"invalid_key","description":"no\nkey"},"c":{"err":"x"}}}"#,
        );
        assert_eq!((request.max_events, request.wait, request.ack), (2, Wait::No, vec!["a".to_owned()]));
        assert_eq!(request.errors["b"], "invalid_key: nokey");
        assert_eq!(request.errors["c"], "x");
        assert_eq!(read(r#"{"maxEvents":99999999999}"#).max_events, MAX_EVENTS);
        assert_eq!(read(r#"{"maxEvents":0}"#).wait, Wait::No);
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in [
            "[]",
            "{",
            "null",
            r#"{"ack":"a"}"#,
            r#"{"ack":[1]}"#,
            r#"{"maxEvents":-1}"#,
            r#"{"maxEvents":"1"}"#,
            r#"{"setErrs":{"a":"invalid"}}"#,
            r#"{"setErrs":{"a":{}}}"#,
            r#"{"ack":[],"ack":[]}"#,
        ] {
            assert!(PollRequest::parse(text.as_bytes()).is_err(), "{text}");
        }
        let many = serde_json::json!({ "ack": vec!["a"; 1001] }).to_string();
        assert!(PollRequest::parse(many.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = PollRequest::parse(&bytes);
        }
    }
}
