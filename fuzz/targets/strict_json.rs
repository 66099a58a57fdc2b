//! `json::parse_strict` against serde_json and a tree of what stands in the text: it accepts exactly what serde_json accepts, has no
//! name twice and keeps the limits, finds the same value, and does not depend on what the type looks at.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use symbolon_fuzz::tree::Tree;
use symbolon_jose::Error;
use symbolon_jose::json::{Limits, parse_strict};

/// Small, so that the fuzzer gets past them.
const LIMITS: Limits = Limits { max_bytes: 1000, max_depth: 6, max_members: 20 };

/// A type that looks at one member and lets the others be.
#[derive(Deserialize)]
struct Known {
    #[serde(default, rename = "a")]
    _a: Option<Value>,
}

fuzz_target!(|input: &[u8]| {
    let strict = parse_strict::<Value>(input, LIMITS);
    let tree = Tree::parse(input);
    let plain = serde_json::from_slice::<Value>(input).ok();
    let good = tree.as_ref().is_some_and(|tree| !tree.has_duplicate() && tree.fits(LIMITS));
    if good && input.len() <= LIMITS.max_bytes {
        assert_eq!(strict.as_ref().ok(), plain.as_ref());
    } else {
        let why = strict.as_ref().expect_err("serde_json or the tree refuses it");
        assert_eq!(*why == Error::JsonTooLong, input.len() > LIMITS.max_bytes);
    }
    let ignored = parse_strict::<IgnoredAny>(input, LIMITS).map(drop);
    assert_eq!(ignored, strict.as_ref().map(drop).map_err(|error| *error));
    if strict.as_ref().is_ok_and(Value::is_object) {
        parse_strict::<Known>(input, LIMITS).expect("another type of the same text");
    } else {
        assert!(parse_strict::<Known>(input, LIMITS).is_err(), "a struct is an object");
    }
    if let Ok(value) = strict {
        let written = value.to_string();
        if written.len() <= LIMITS.max_bytes {
            // Its kind only: serde_json reads some doubles a last digit off.
            let again = parse_strict::<Value>(written.as_bytes(), LIMITS).expect("it was accepted before");
            assert_eq!(std::mem::discriminant(&again), std::mem::discriminant(&value));
        }
    }
});
