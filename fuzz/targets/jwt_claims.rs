//! Claims under a good signature: what is accepted keeps the policy, judged from the JSON by other code; every type reads the same
//! tokens; and a second look at the same token, whose header is then known, ends as the first.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};
use symbolon_fuzz::{forge, tree::Tree};
use symbolon_jose::VerifyingKeys;
use symbolon_jose::json::Limits;
use symbolon_jose::jwt::{self, Claims, Policy};

const NOW: u64 = 1_800_000_000;
const LEEWAY: u64 = 10;
const MAX_AGE: u64 = 1000;

static KEYS: LazyLock<VerifyingKeys> = LazyLock::new(|| VerifyingKeys::single(forge::VERIFYING.clone()));
static POLICY: LazyLock<Policy> =
    LazyLock::new(|| Policy::new("i", "a").or_audience("b").leeway_secs(LEEWAY).max_age_secs(MAX_AGE).require("sub"));

fuzz_target!(|input: &[u8]| {
    let token = forge::compact_jws(br#"{"alg":"HS256"}"#, input);
    let verified = jwt::verify::<Claims>(&token, &KEYS, &POLICY, NOW);
    let as_value = jwt::verify::<Map<String, Value>>(&token, &KEYS, &POLICY, NOW);
    let as_nothing = jwt::verify::<serde::de::IgnoredAny>(&token, &KEYS, &POLICY, NOW);
    assert_eq!(verified.as_ref().err(), as_value.as_ref().err());
    assert_eq!(verified.as_ref().err(), as_nothing.as_ref().err());
    let expected = Tree::parse(input).filter(|tree| !tree.has_duplicate() && tree.fits(Limits::CLAIMS));
    let claims = serde_json::from_slice::<Map<String, Value>>(input).ok().filter(|_| expected.is_some());
    let good = claims.as_ref().is_some_and(keeps_the_policy);
    assert_eq!(verified.is_ok(), good && input.len() <= Limits::CLAIMS.max_bytes && token.len() <= 16 * 1024);
    let (Ok(verified), Ok(as_value), Some(claims)) = (verified, as_value, claims) else { return };
    for (name, value) in &claims {
        match name.as_str() {
            "exp" => assert_eq!(verified.exp(), seconds(value)),
            "iat" => assert_eq!(verified.iat(), seconds(value)),
            "nbf" => assert_eq!(verified.nbf(), seconds(value)),
            _ => assert_eq!(as_value.get(name), Some(value)),
        }
    }
    // What is written from the type is accepted again.
    let written = serde_json::to_vec(verified.claims()).expect("claims are JSON");
    let token = forge::compact_jws(br#"{"alg":"HS256"}"#, &written);
    if token.len() <= 16 * 1024 {
        let again = jwt::verify::<Claims>(&token, &KEYS, &POLICY, NOW).expect("it was written by us");
        // Without the others: serde_json reads some doubles a last digit off.
        let registered = |claims: &Claims| Claims { extra: Map::new(), ..claims.clone() };
        assert_eq!(registered(again.claims()), registered(verified.claims()));
    }
});

/// RFC 7519 §4.1, once more.
fn keeps_the_policy(claims: &Map<String, Value>) -> bool {
    let time = |name: &str| claims.get(name).map(seconds);
    let audience: Option<Vec<&str>> = match claims.get("aud") {
        Some(Value::String(one)) => Some(vec![one]),
        Some(Value::Array(many)) => many.iter().map(Value::as_str).collect(),
        _ => None,
    };
    let (Some(audience), Some(Some(exp)), Some(Some(iat))) = (audience, time("exp"), time("iat")) else { return false };
    let nbf = match time("nbf") {
        None => 0,
        Some(Some(nbf)) => nbf,
        Some(None) => return false,
    };
    claims.get("iss") == Some(&Value::from("i"))
        && audience.iter().any(|one| ["a", "b"].contains(one))
        && claims.get("sub").is_some_and(Value::is_string)
        && claims.get("jti").is_none_or(Value::is_string)
        && NOW < exp + LEEWAY
        && nbf <= NOW + LEEWAY
        && iat <= NOW + LEEWAY
        && NOW <= iat + MAX_AGE + LEEWAY
}

/// RFC 7519 §2, NumericDate, of the years we know.
fn seconds(value: &Value) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range has been looked at")]
    let whole = |seconds: f64| (0.0..=253_402_300_799.0).contains(&seconds).then_some(seconds as u64);
    match value.as_u64() {
        Some(seconds) => (seconds <= jwt::MAX_NUMERIC_DATE).then_some(seconds),
        None => value.as_f64().and_then(whole),
    }
}
