//! RFC 7520, the JOSE cookbook: keys (§3) and signatures (§4), and the Curve25519 and RFC 7797 files beside it. Every form.

use serde_json::Value;
use symbolon_jose::jws::compact::{self, Unverified};
use symbolon_jose::jws::{Encoding, json};
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

    json_forms_verify(case, &key, payload);
}

/// The JSON forms verify as such, and as compact tokens they are refused.
fn json_forms_verify(case: &Value, key: &VerifyingKey, payload: &[u8]) {
    let (title, output) = (&case["title"], &case["output"]);
    for form in ["json", "json_flat"] {
        let Some(text) = output.get(form).map(Value::to_string) else { continue };
        assert!(Unverified::parse(&text).is_err(), "{title}: {form}");
        let verified = if output[form].get("payload").is_some() {
            assert_eq!(
                json::Unverified::parse_detached(text.as_bytes(), payload).unwrap_err(),
                Error::PayloadMisplaced
            );
            json::Unverified::parse(text.as_bytes()).unwrap().verify(key)
        } else {
            assert_eq!(json::Unverified::parse(text.as_bytes()).unwrap_err(), Error::PayloadMisplaced);
            json::Unverified::parse_detached(text.as_bytes(), payload).unwrap().verify(key)
        };
        assert_eq!(verified.unwrap().payload(), payload, "{title}: {form}");
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
fn section_4_5_detached_content_verifies_and_comes_out_byte_for_byte() {
    let case = vector!("jws/4_5.signature_with_detached_content.json");
    let (token, payload) = (case["output"]["compact"].as_str().unwrap(), case["input"]["payload"].as_str().unwrap());
    let jwk = Jwk::from_value(&case["input"]["key"]).unwrap();
    let key = VerifyingKey::from_jwk(&jwk, Algorithm::HS256).unwrap();
    let verify = |payload| Unverified::parse_detached(token, payload).and_then(|token| token.verify(&key));
    assert_eq!(verify(payload.as_bytes()).unwrap().payload(), payload.as_bytes());
    assert_eq!(verify(&payload.as_bytes()[1..]).unwrap_err(), Error::SignatureInvalid);
    assert_eq!(verify(b"").unwrap_err(), Error::SignatureInvalid);
    json_forms_verify(&case, &key, payload.as_bytes());
    let signing = SigningKey::from_jwk(&jwk, Algorithm::HS256).unwrap();
    let ours = compact::sign_detached(&signing, None, payload.as_bytes(), Encoding::Base64url).unwrap();
    assert_eq!(ours, token);
    let flat = json::sign_flattened(
        &json::Signature::new(&signing),
        json::Payload::Detached(payload.as_bytes()),
        Encoding::Base64url,
    );
    assert_eq!(serde_json::from_str::<Value>(&flat.unwrap()).unwrap(), case["output"]["json_flat"]);
}

#[test]
fn section_4_5_detached_content_is_refused_where_it_is_not_expected() {
    let case = vector!("jws/4_5.signature_with_detached_content.json");
    let jwk = Jwk::from_value(&case["input"]["key"]).unwrap();
    let key = VerifyingKey::from_jwk(&jwk, Algorithm::HS256).unwrap();
    // An empty payload is a payload, and not the one that was signed.
    let token = case["output"]["compact"].as_str().unwrap();
    assert_eq!(Unverified::parse(token).unwrap().verify(&key).unwrap_err(), Error::SignatureInvalid);
}

#[test]
fn sections_4_6_and_4_7_unprotected_members_verify() {
    for case in
        [vector!("jws/4_6.protecting_specific_header_fields.json"), vector!("jws/4_7.protecting_content_only.json")]
    {
        let jwk = Jwk::from_value(&case["input"]["key"]).unwrap();
        let key = VerifyingKey::from_jwk(&jwk, Algorithm::HS256).unwrap();
        json_forms_verify(&case, &key, case["input"]["payload"].as_str().unwrap().as_bytes());
    }
}

#[test]
fn section_4_8_each_of_three_signatures_verifies_under_its_own_key_only() {
    let case = vector!("jws/4_8.multiple_signatures.json");
    let payload = case["input"]["payload"].as_str().unwrap().as_bytes();
    let text = case["output"]["json"].to_string();
    let unverified = json::Unverified::parse(text.as_bytes()).unwrap();
    assert_eq!(unverified.signatures().len(), 3);
    for index in 0..3 {
        let algorithm = Algorithm::from_name(case["input"]["alg"][index].as_str().unwrap()).unwrap();
        let jwk = Jwk::from_value(&case["input"]["key"][index]).unwrap();
        let key = VerifyingKey::from_jwk(&jwk, algorithm).unwrap();
        assert_eq!(unverified.signatures()[index].alg(), algorithm.name());
        assert_eq!(unverified.verify(&key).unwrap().payload(), payload, "{algorithm}");
        // Where its signature is changed, those of the others do not stand in for it.
        let mut changed = case["output"]["json"].clone();
        let other = changed["signatures"][(index + 1) % 3]["signature"].clone();
        changed["signatures"][index]["signature"] = other;
        let changed = changed.to_string();
        let error = json::Unverified::parse(changed.as_bytes()).unwrap().verify(&key).unwrap_err();
        assert!(error.is_signature(), "{algorithm}: {error:?}");
    }
}

#[test]
fn rfc_7797_an_unencoded_payload_verifies_and_comes_out_byte_for_byte() {
    let case = vector!("rfc7797/hmac-sha2_b64_false.json");
    let jwk = Jwk::from_value(&case["input"]["key"]).unwrap();
    let key = VerifyingKey::from_jwk(&jwk, Algorithm::HS256).unwrap();
    let (token, payload) = (case["output"]["compact"].as_str().unwrap(), case["input"]["payload"].as_str().unwrap());
    let verified = Unverified::parse_unencoded(token).unwrap().verify(&key).unwrap();
    assert_eq!(verified.payload(), payload.as_bytes());
    json_forms_verify(&case, &key, payload.as_bytes());
    let signing = SigningKey::from_jwk(&jwk, Algorithm::HS256).unwrap();
    assert_eq!(compact::sign_unencoded(&signing, None, payload).unwrap(), token);
    let payload = json::Payload::Attached(payload.as_bytes());
    let general = json::sign_general(&[json::Signature::new(&signing)], payload, Encoding::Unencoded).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&general).unwrap(), case["output"]["json"]);
}

#[test]
fn rfc_7797_b64_that_is_not_critical_is_refused() {
    let case = vector!("rfc7797/4.2.hmac-sha2_b64_false.json");
    for form in ["json", "json_flat"] {
        let text = case["output"][form].to_string();
        assert_eq!(json::Unverified::parse(text.as_bytes()).unwrap_err(), Error::B64NotCritical);
    }
}

#[test]
fn rfc_7797_unencoded_payloads_are_refused_where_they_are_not_expected() {
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
