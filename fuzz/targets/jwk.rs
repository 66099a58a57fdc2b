//! A JWK: what is read and written again is read as the same key, its public half holds nothing private and has its thumbprint, and
//! both ways in agree.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use symbolon_jose::{Algorithm, Error, Jwk, SigningKey, VerifyingKey, jws};

fuzz_target!(|input: &[u8]| {
    let Ok(jwk) = Jwk::from_slice(input) else {
        if let Some(jwk) = serde_json::from_slice::<Value>(input).ok().and_then(|value| Jwk::from_value(&value).ok()) {
            // Only the text was at fault, not the key: in another spelling it is read.
            let why = Jwk::from_slice(input).expect_err("it was refused before");
            assert!(matches!(why, Error::JsonDuplicateMember | Error::JsonTooLong | Error::JsonTooManyMembers));
            drop(jwk);
        }
        return;
    };
    let written = jwk.to_private_json();
    let again = Jwk::from_slice(written.as_bytes()).expect("it was written by us");
    assert_eq!(again.to_private_json(), written);
    assert_eq!(again.thumbprint(), jwk.thumbprint());
    let value: Value = serde_json::from_slice(input).expect("it has been read");
    assert_eq!(Jwk::from_value(&value).expect("the other way in").to_private_json(), written);
    match (jwk.public_value(), jwk.public()) {
        (Ok(value), Some(public)) => {
            assert!(!public.is_private());
            let read = Jwk::from_value(&value).expect("it was written by us");
            assert_eq!(read.public_value().as_ref(), Ok(&value));
            assert_eq!(read.thumbprint(), jwk.thumbprint());
            let private = ["d", "p", "q", "dp", "dq", "qi", "k", "priv"];
            assert!(private.iter().all(|name| value.get(name).is_none()));
        }
        (Err(Error::KeyIsSymmetric), None) => assert_eq!(jwk.kty(), "oct"),
        (value, public) => panic!("{value:?} and {public:?}"),
    }
    used(&jwk);
});

/// What a key signs, it verifies. RSA and ML-DSA tell no more than the others and take their time.
fn used(jwk: &Jwk) {
    for algorithm in [Algorithm::EdDSA, Algorithm::ES256, Algorithm::ES384, Algorithm::ES512, Algorithm::HS256] {
        let Ok(signing) = SigningKey::from_jwk(jwk, algorithm) else { continue };
        let Ok(token) = jws::compact::sign(&signing, None, b"x") else { continue };
        let parsed = jws::compact::Unverified::parse(&token).expect("it was signed by us");
        if let Ok(verifying) = VerifyingKey::from_jwk(jwk, algorithm) {
            assert!(parsed.verify(&verifying).is_ok(), "{algorithm}");
        }
    }
}
