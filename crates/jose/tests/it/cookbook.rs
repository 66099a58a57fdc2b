//! RFC 7520, the JOSE cookbook: keys (§3) and compact signatures (§4), and the Curve25519 and RFC 7797 files beside it.

use serde_json::Value;
use symbolon_jose::jws::compact::{self, Unverified};
use symbolon_jose::{Algorithm, Error, Jwk, SigningKey, VerifyingKey};

macro_rules! vector {
    ($path:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("../vectors/rfc7520/", $path))).unwrap()
    };
}

fn check(case: &Value) {
    let title = &case["title"];
    let algorithm = Algorithm::from_name(case["input"]["alg"].as_str().unwrap()).unwrap();
    let jwk = Jwk::from_value(&case["input"]["key"]).unwrap();
    let payload = case["input"]["payload"].as_str().unwrap().as_bytes();
    let token = case["output"]["compact"].as_str().unwrap();

    let key = VerifyingKey::from_jwk(&jwk, algorithm).unwrap();
    let unverified = Unverified::parse(token).unwrap();
    assert_eq!(unverified.kid(), jwk.kid(), "{title}");
    let verified = unverified.verify(&key).unwrap();
    assert_eq!(verified.payload(), payload, "{title}");

    let ours = compact::sign(&SigningKey::from_jwk(&jwk, algorithm).unwrap(), None, payload).unwrap();
    if case["reproducible"] == true {
        assert_eq!(ours, token, "{title}");
    }
    assert_eq!(Unverified::parse(&ours).unwrap().verify(&key).unwrap().payload(), payload);

    for form in ["json", "json_flat"] {
        let json = case["output"][form].to_string();
        assert!(Unverified::parse(&json).is_err(), "{title}: {form}");
    }
}

#[test]
fn section_4_1_rs256() {
    check(&vector!("jws/4_1.rsa_v15_signature.json"));
}

#[test]
fn section_4_2_ps384() {
    check(&vector!("jws/4_2.rsa-pss_signature.json"));
}

#[test]
fn section_4_3_es512() {
    check(&vector!("jws/4_3.ecdsa_signature.json"));
}

#[test]
fn section_4_4_hs256() {
    check(&vector!("jws/4_4.hmac-sha2_integrity_protection.json"));
}

#[test]
fn curve25519_eddsa() {
    check(&vector!("curve25519/jws.json"));
}

#[test]
fn section_4_5_detached_content_is_refused() {
    let case = vector!("jws/4_5.signature_with_detached_content.json");
    let jwk = Jwk::from_value(&case["input"]["key"]).unwrap();
    let key = VerifyingKey::from_jwk(&jwk, Algorithm::HS256).unwrap();
    // An empty payload is a payload, and not the one that was signed.
    let token = case["output"]["compact"].as_str().unwrap();
    assert_eq!(Unverified::parse(token).unwrap().verify(&key).unwrap_err(), Error::SignatureInvalid);
}

#[test]
fn sections_4_6_to_4_8_json_serializations_are_refused() {
    for case in [
        vector!("jws/4_6.protecting_specific_header_fields.json"),
        vector!("jws/4_7.protecting_content_only.json"),
        vector!("jws/4_8.multiple_signatures.json"),
    ] {
        for form in ["json", "json_flat"] {
            if let Some(json) = case["output"].get(form) {
                assert!(Unverified::parse(&json.to_string()).is_err(), "{}", case["title"]);
            }
        }
    }
}

#[test]
fn rfc_7797_unencoded_payloads_are_refused() {
    let case = vector!("rfc7797/hmac-sha2_b64_false.json");
    let token = case["output"]["compact"].as_str().unwrap();
    assert_eq!(Unverified::parse(token).unwrap_err(), Error::B64Unsupported);
}

#[test]
fn section_3_keys_parse_and_come_back() {
    for (value, private) in [
        (vector!("jwk/3_1.ec_public_key.json"), false),
        (vector!("jwk/3_2.ec_private_key.json"), true),
        (vector!("jwk/3_3.rsa_public_key.json"), false),
        (vector!("jwk/3_4.rsa_private_key.json"), true),
        (vector!("jwk/3_5.symmetric_key_mac_computation.json"), true),
    ] {
        let jwk = Jwk::from_value(&value).unwrap();
        assert_eq!(jwk.is_private(), private);
        let stored: Value = serde_json::from_str(&jwk.to_private_json()).unwrap();
        assert_eq!(stored, value);
        assert_eq!(Jwk::from_slice(value.to_string().as_bytes()).unwrap().thumbprint(), jwk.thumbprint());
    }
}

#[test]
fn section_3_public_halves_are_the_published_ones() {
    for (private, public) in [
        (vector!("jwk/3_2.ec_private_key.json"), vector!("jwk/3_1.ec_public_key.json")),
        (vector!("jwk/3_4.rsa_private_key.json"), vector!("jwk/3_3.rsa_public_key.json")),
    ] {
        let private = Jwk::from_value(&private).unwrap();
        assert_eq!(private.public_value().unwrap(), public);
        assert_eq!(private.public().unwrap().public_value().unwrap(), public);
        assert_eq!(private.thumbprint(), private.public().unwrap().thumbprint());
    }
}

#[test]
fn section_3_6_a_key_for_encryption_signs_nothing() {
    let value = vector!("jwk/3_6.symmetric_key_encryption.json");
    let jwk = Jwk::from_value(&value).unwrap();
    assert_eq!(SigningKey::from_jwk(&jwk, Algorithm::HS256).unwrap_err(), Error::KeyAlgorithm);
    assert_eq!(serde_json::from_str::<Value>(&jwk.to_private_json()).unwrap(), value);
}
