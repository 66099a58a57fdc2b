//! A JWK set: every key is read or counted, what is published is read again as the same keys, and nothing private is in it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use symbolon_fuzz::tree::Tree;
use symbolon_jose::jwk::MAX_KEYS;
use symbolon_jose::{Algorithm, JwkSet, VerifyingKeys};

fuzz_target!(|input: &[u8]| {
    let Ok(set) = JwkSet::from_slice(input) else { return };
    assert!(!Tree::parse(input).expect("it has been read").has_duplicate());
    let value: Value = serde_json::from_slice(input).expect("it has been read");
    let keys = value["keys"].as_array().expect("it has been read");
    assert_eq!(set.keys().len() + set.skipped(), keys.len());
    assert!(keys.len() <= MAX_KEYS);
    let other_way = JwkSet::from_value(&value).expect("the other way in");
    assert_eq!((other_way.keys().len(), other_way.skipped()), (set.keys().len(), set.skipped()));
    let published = set.to_value();
    let again = JwkSet::from_value(&published).expect("it was written by us");
    assert_eq!(again.skipped(), 0);
    assert_eq!(again.to_value(), published);
    assert!(again.keys().iter().all(|key| !key.is_private()));
    assert_eq!(again.keys().len(), set.keys().iter().filter(|key| key.kty() != "oct").count());
    for key in VerifyingKeys::from_jwks(&set, Algorithm::ALL).iter() {
        assert!(!key.algorithm().is_symmetric(), "a shared secret came from a set");
    }
    for key in set.keys() {
        let found = Algorithm::ALL.iter().filter_map(|algorithm| set.find(key.kid(), *algorithm));
        assert!(found.into_iter().all(|found| key.kid().is_none() || found.kid() == key.kid()));
    }
});
