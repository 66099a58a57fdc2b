//! The signed examples of the RFCs.

use serde_json::{Value, json};
use symbolon_jose::jws::compact::{self, Unverified};
use symbolon_jose::jws::json;
use symbolon_jose::jwt::{self, Claims, Policy};
use symbolon_jose::{Algorithm, Error, Jwk, SigningKey, VerifyingKey, VerifyingKeys};

use crate::support::RFC_7515;

const JOE: &[u8] = b"{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";

fn check(section: &str, payload: &[u8]) -> String {
    let case = &RFC_7515[section];
    let algorithm = Algorithm::from_name(case["alg"].as_str().unwrap()).unwrap();
    let jwk = Jwk::from_value(&case["key"]).unwrap();
    let token = case["compact"].as_str().unwrap();
    let key = VerifyingKey::from_jwk(&jwk, algorithm).unwrap();
    let verified = Unverified::parse(token).unwrap().verify(&key).unwrap();
    assert_eq!(verified.payload(), payload, "{section}");
    // And what we sign with that key, it verifies.
    let again = compact::sign(&SigningKey::from_jwk(&jwk, algorithm).unwrap(), None, payload).unwrap();
    Unverified::parse(&again).unwrap().verify(&key).unwrap();
    again
}

#[test]
fn rfc_7515_a_1_hs256() {
    check("A.1", JOE);
}

#[test]
fn rfc_7515_a_2_rs256_comes_out_byte_for_byte() {
    assert_eq!(check("A.2", JOE), RFC_7515["A.2"]["compact"]);
}

#[test]
fn rfc_7515_a_3_es256() {
    check("A.3", JOE);
}

#[test]
fn rfc_7515_a_4_es512() {
    check("A.4", b"Payload");
}

#[test]
fn rfc_7515_a_5_unsecured_is_refused() {
    let token = RFC_7515["A.5"]["compact"].as_str().unwrap();
    let unverified = Unverified::parse(token).unwrap();
    assert_eq!(unverified.alg(), "none");
    assert_eq!(Algorithm::from_name(unverified.alg()), None);
    for section in ["A.1", "A.2", "A.3", "A.4"] {
        let case = &RFC_7515[section];
        let algorithm = Algorithm::from_name(case["alg"].as_str().unwrap()).unwrap();
        let key = VerifyingKey::from_jwk(&Jwk::from_value(&case["key"]).unwrap(), algorithm).unwrap();
        let error = Unverified::parse(token).unwrap().verify(&key).unwrap_err();
        assert_eq!(error, Error::AlgorithmMismatch);
        let policy = Policy::danger_any_audience("joe");
        let error = jwt::verify::<Claims>(token, &VerifyingKeys::single(key), &policy, 0).unwrap_err();
        assert_eq!(error, Error::AlgorithmMismatch);
    }
}

#[test]
fn rfc_7515_a_6_and_a_7_json_serializations_verify_and_are_no_compact_ones() {
    for (section, signed_by) in [("A.6", &["A.2", "A.3"][..]), ("A.7", &["A.3"])] {
        let text = RFC_7515[section]["json"].to_string();
        let unverified = json::Unverified::parse(text.as_bytes()).unwrap();
        assert_eq!(unverified.signatures().len(), signed_by.len());
        for (signature, signer) in unverified.signatures().iter().zip(signed_by) {
            let case = &RFC_7515[signer];
            assert_eq!(signature.alg(), case["alg"].as_str().unwrap());
            let algorithm = Algorithm::from_name(signature.alg()).unwrap();
            let jwk = Jwk::from_value(&case["key"]).unwrap().with_kid(signature.kid().unwrap());
            let verified = unverified.verify(&VerifyingKey::from_jwk(&jwk, algorithm).unwrap()).unwrap();
            assert_eq!(verified.payload(), JOE, "{section} {signer}");
            // It stands in the unprotected header.
            assert_eq!(verified.kid(), None);
        }
        assert_eq!(Unverified::parse(&text).unwrap_err(), Error::NotCompact, "{section}");
    }
}

#[test]
fn rfc_7519_3_1_is_verified_until_it_expires() {
    let case = &RFC_7515["A.1"];
    let jwk = Jwk::from_value(&case["key"]).unwrap();
    let keys = VerifyingKeys::single(VerifyingKey::from_jwk(&jwk, Algorithm::HS256).unwrap());
    let policy = Policy::danger_any_audience("joe").accept_type("JWT").leeway_secs(0);
    let verify = |now| jwt::verify::<Claims>(case["compact"].as_str().unwrap(), &keys, &policy, now);
    let verified = verify(1_300_819_379).unwrap();
    assert_eq!(verified.iss.as_deref(), Some("joe"));
    assert_eq!((verified.exp(), verified.typ()), (Some(1_300_819_380), Some("JWT")));
    assert_eq!(verified.extra["http://example.com/is_root"], true);
    assert_eq!(verify(1_300_819_380).unwrap_err(), Error::Expired);
}

#[test]
fn rfc_8037_a_4_comes_out_byte_for_byte() {
    let case: Value = serde_json::from_str(include_str!("../vectors/rfc8037/appendix_a.json")).unwrap();
    let jwk = Jwk::from_value(&case["key"]).unwrap();
    let token = case["compact"].as_str().unwrap();
    let key = VerifyingKey::from_jwk(&jwk, Algorithm::EdDSA).unwrap();
    let payload = b"Example of Ed25519 signing";
    assert_eq!(Unverified::parse(token).unwrap().verify(&key).unwrap().payload(), payload);
    let key = SigningKey::from_jwk(&jwk, Algorithm::EdDSA).unwrap();
    assert_eq!(compact::sign(&key, None, payload).unwrap(), token);
}

#[test]
fn rfc_7638_thumbprints_ignore_what_is_not_required() {
    let mut value: Value = serde_json::from_str(include_str!("../vectors/rfc7638/3_1.json")).unwrap();
    let expected = Jwk::from_value(&value).unwrap().thumbprint_base64url();
    value["use"] = json!("sig");
    value["kid"] = json!("another");
    value["x5t"] = json!("qvH0gXTXGxpmYrqyVGCqXdTNJxg");
    assert_eq!(Jwk::from_value(&value).unwrap().thumbprint_base64url(), expected);
}
