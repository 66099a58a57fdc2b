//! What is signed verifies; what is changed does not; nothing panics.

use proptest::prelude::*;
use serde_json::{Map, Value};
use symbolon_jose::json::{Limits, parse_strict};
use symbolon_jose::jws::compact::{self, Unverified};
use symbolon_jose::jwt::{self, Claims, Policy};
use symbolon_jose::{Algorithm, Jwk, JwkSet, VerifyingKeys, base64url};

use crate::support::{hs256_keys, policy, signing, verifying};

/// The quick ones; RSA signing takes a thousand times as long without telling more here.
fn algorithm() -> impl Strategy<Value = Algorithm> {
    prop::sample::select(vec![Algorithm::EdDSA, Algorithm::ES256, Algorithm::HS256, Algorithm::HS512])
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((".{0,6}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_signed_verifies(algorithm in algorithm(), payload in prop::collection::vec(any::<u8>(), 0..300), typ in ".{0,20}") {
        let token = compact::sign(&signing(algorithm), Some(&typ), &payload).unwrap();
        let verified = Unverified::parse(&token).unwrap().verify(&verifying(algorithm)).unwrap();
        prop_assert_eq!(verified.payload(), &payload[..]);
        prop_assert_eq!(verified.typ(), Some(typ.as_str()));
    }

    #[test]
    fn any_flipped_bit_is_noticed(algorithm in algorithm(), payload in prop::collection::vec(any::<u8>(), 0..80), at in any::<prop::sample::Index>(), bit in 0..7_u8) {
        let token = compact::sign(&signing(algorithm), Some("JWT"), &payload).unwrap();
        let mut bytes = token.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let changed = String::from_utf8(bytes).unwrap();
        let verified = Unverified::parse(&changed).and_then(|token| token.verify(&verifying(algorithm)));
        prop_assert!(verified.is_err());
    }

    #[test]
    fn claims_come_back(members in prop::collection::vec(("[a-z_]{4,12}", json()), 0..6)) {
        let extra: Map<String, Value> = members.into_iter().collect();
        let claims = Claims { iss: Some("i".into()), aud: "a".into(), exp: Some(10), extra, ..Claims::default() };
        let token = jwt::sign(&signing(Algorithm::HS256), "JWT", &claims).unwrap();
        let keys = VerifyingKeys::single(verifying(Algorithm::HS256));
        let verified = jwt::verify::<Claims>(&token, &keys, &Policy::new("i", "a"), 0).unwrap();
        prop_assert_eq!(verified.into_claims(), claims);
    }

    #[test]
    fn strict_json_agrees_with_the_parser_beneath(value in json()) {
        let text = value.to_string();
        let strict: Value = parse_strict(text.as_bytes(), Limits::DEFAULT).unwrap();
        prop_assert_eq!(strict, value);
    }

    #[test]
    fn base64url_has_one_spelling(text in "[A-Za-z0-9_-]{0,40}") {
        if let Ok(bytes) = base64url::decode(&text) {
            prop_assert_eq!(base64url::encode(&bytes), text);
        }
    }

    #[test]
    fn no_input_panics(text in ".{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Unverified::parse(&text);
        let _ = jwt::verify::<Claims>(&text, &hs256_keys(), &policy(), u64::MAX);
        let _ = jwt::decode_unverified(&text);
        let _ = Jwk::from_slice(&bytes);
        let _ = JwkSet::from_slice(&bytes);
        let _ = parse_strict::<Value>(&bytes, Limits::DEFAULT);
        let _ = base64url::decode(&text);
    }
}
