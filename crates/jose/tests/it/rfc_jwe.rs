//! The examples of encryption, keys, unencoded payloads and ML-DSA: RFC 7515 appendix E, RFC 7516 A, RFC 7517 A to C, RFC 7519 A,
//! RFC 7797 §4, RFC 9278, RFC 9964 A.

use serde_json::Value;
use symbolon_jose::jwe::{self, DecryptingKey, DecryptingKeys};
use symbolon_jose::jws::{Encoding, compact, json};
use symbolon_jose::jwt::{self, Claims, Policy};
use symbolon_jose::{
    Algorithm, ContentEncryption, Error, Jwk, JwkSet, KeyManagement, SigningKey, VerifyingKey, VerifyingKeys,
};

macro_rules! vector {
    ($path:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("../vectors/", $path))).unwrap()
    };
}

fn decrypting(case: &Value) -> DecryptingKey {
    let alg = KeyManagement::from_name(case["alg"].as_str().unwrap()).unwrap();
    let enc = ContentEncryption::from_name(case["enc"].as_str().unwrap()).unwrap();
    DecryptingKey::from_jwk(&Jwk::from_value(&case["key"]).unwrap(), alg, &[enc]).unwrap()
}

#[test]
fn rfc_7515_e_an_unknown_critical_extension_is_refused() {
    let case = vector!("rfc7515/appendix_e.json");
    let refused = compact::Unverified::parse(case["compact"].as_str().unwrap()).unwrap_err();
    assert_eq!(refused, Error::CritUnsupported);
}

#[test]
fn rfc_7516_a_1_and_a_3() {
    let cases = vector!("rfc7516/appendix_a.json");
    for section in ["A.1", "A.3"] {
        let case = &cases[section];
        let token = case["compact"].as_str().unwrap();
        let decrypted = jwe::compact::Encrypted::parse(token).unwrap().decrypt(&decrypting(case)).unwrap();
        assert_eq!(decrypted.plaintext(), case["plaintext"].as_str().unwrap().as_bytes(), "{section}");
    }
}

#[test]
fn rfc_7516_a_2_rsa1_5_is_refused() {
    let case = &vector!("rfc7516/appendix_a.json")["A.2"];
    let jwk = Jwk::from_value(&case["key"]).unwrap();
    let key = DecryptingKey::from_jwk(&jwk, KeyManagement::RsaOaep, &[ContentEncryption::A128CbcHs256]).unwrap();
    let token = jwe::compact::Encrypted::parse(case["compact"].as_str().unwrap()).unwrap();
    assert_eq!(token.alg(), "RSA1_5");
    assert_eq!(token.decrypt(&key).unwrap_err(), Error::AlgorithmMismatch);
}

#[test]
fn rfc_7516_a_4_the_recipient_with_a128kw_decrypts() {
    let case = &vector!("rfc7516/appendix_a.json")["A.4"];
    let text = case["json"].to_string();
    let encrypted = jwe::json::Encrypted::parse(text.as_bytes()).unwrap();
    let recipient = &case["recipients"][1];
    let key = Jwk::from_value(&recipient["key"]).unwrap().with_kid(recipient["kid"].as_str().unwrap());
    let enc = [ContentEncryption::A128CbcHs256];
    let key = DecryptingKey::from_jwk(&key, KeyManagement::A128Kw, &enc).unwrap();
    let decrypted = encrypted.decrypt(&key).unwrap();
    assert_eq!(decrypted.plaintext(), case["plaintext"].as_str().unwrap().as_bytes());
    assert_eq!((encrypted.recipients()[1].kid(), decrypted.kid()), (Some("7"), None), "a hint, not protected");
    let rsa = Jwk::from_value(&case["recipients"][0]["key"]).unwrap();
    let rsa = DecryptingKey::from_jwk(&rsa, KeyManagement::RsaOaep, &enc).unwrap();
    assert_eq!(encrypted.decrypt(&rsa).unwrap_err(), Error::AlgorithmMismatch);
}

#[test]
fn rfc_7516_a_5_flattened() {
    let case = &vector!("rfc7516/appendix_a.json")["A.5"];
    let text = case["json"].to_string();
    let decrypted = jwe::json::Encrypted::parse(text.as_bytes()).unwrap().decrypt(&decrypting(case)).unwrap();
    assert_eq!(decrypted.plaintext(), case["plaintext"].as_str().unwrap().as_bytes());
}

#[test]
fn rfc_7517_a_the_sets_are_read_and_come_back() {
    let cases = vector!("rfc7517/appendix_a.json");
    for (section, count, private) in [("A.1", 2, false), ("A.2", 2, true), ("A.3", 2, true)] {
        let set = JwkSet::from_slice(cases[section].to_string().as_bytes()).unwrap();
        assert_eq!((set.keys().len(), set.skipped()), (count, 0), "{section}");
        for (jwk, value) in set.keys().iter().zip(cases[section]["keys"].as_array().unwrap()) {
            assert_eq!(jwk.is_private(), private, "{section}");
            assert_eq!(serde_json::from_str::<Value>(&jwk.to_private_json()).unwrap(), *value, "{section}");
        }
    }
    // What is published of the private set is the public one.
    let private = JwkSet::from_value(&cases["A.2"]).unwrap();
    assert_eq!(private.to_value(), cases["A.1"]);
}

#[test]
fn rfc_7517_b_certificates_are_carried_and_written_back() {
    let value = vector!("rfc7517/appendix_b.json")["key"].clone();
    let jwk = Jwk::from_value(&value).unwrap();
    assert_eq!(jwk.certificates().unwrap().x5c().len(), 1);
    assert_eq!(jwk.public_value().unwrap(), value);
    assert!(VerifyingKey::from_jwk(&jwk, Algorithm::RS256).is_ok());
}

#[test]
fn rfc_7517_c_a_key_under_a_password() {
    let case = vector!("rfc7517/appendix_c.json");
    let (alg, enc) = (KeyManagement::Pbes2Hs256A128Kw, [ContentEncryption::A128CbcHs256]);
    let key = |password: &[u8]| DecryptingKeys::single(DecryptingKey::from_password(password, alg, &enc).unwrap());
    let token = case["compact"].as_str().unwrap();
    let jwk = Jwk::from_encrypted(token, &key(case["password"].as_str().unwrap().as_bytes())).unwrap();
    let expected = Jwk::from_slice(case["plaintext"].as_str().unwrap().as_bytes()).unwrap();
    assert_eq!((jwk.kid(), jwk.thumbprint()), (Some("juliet@capulet.lit"), expected.thumbprint()));
    assert_eq!(*jwk.to_private_json(), *expected.to_private_json());
    assert_eq!(Jwk::from_encrypted(token, &key(b"Thus from my lips")).unwrap_err(), Error::DecryptionFailed);
}

#[test]
fn rfc_7519_a_tokens_under_rsa1_5_are_refused() {
    let cases = vector!("rfc7519/appendix_a.json");
    for section in ["A.1", "A.2"] {
        let jwk = Jwk::from_value(&cases[section]["key"]).unwrap();
        let enc = [ContentEncryption::A128CbcHs256];
        let keys = DecryptingKey::from_jwk(&jwk, KeyManagement::RsaOaep, &enc).map(DecryptingKeys::single).unwrap();
        let (verifying, policy) = (VerifyingKeys::default(), Policy::danger_any_audience("joe"));
        let token = cases[section]["compact"].as_str().unwrap();
        let refused = jwt::decrypt_then_verify::<Claims>(token, &keys, &verifying, &policy, 0).unwrap_err();
        assert_eq!(refused, Error::AlgorithmMismatch, "{section}");
    }
}

#[test]
fn rfc_7797_4_1_and_4_2_come_out_byte_for_byte() {
    let cases = vector!("rfc7797/section_4.json");
    for (section, encoding) in [("4.1", Encoding::Base64url), ("4.2", Encoding::Unencoded)] {
        let case = &cases[section];
        let payload = case["payload"].as_str().unwrap().as_bytes();
        let jwk = Jwk::from_value(&case["key"]).unwrap();
        let key = SigningKey::from_jwk(&jwk, Algorithm::HS256).unwrap();
        let verifying = VerifyingKey::from_jwk(&jwk, Algorithm::HS256).unwrap();
        let text =
            json::sign_flattened(&json::Signature::new(&key), json::Payload::Attached(payload), encoding).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), case["json"], "{section}");
        let verified = json::Unverified::parse(text.as_bytes()).unwrap().verify(&verifying).unwrap();
        assert_eq!(verified.payload(), payload, "{section}");
    }
    let key = |section: &str| Jwk::from_value(&cases[section]["key"]).unwrap();
    let signing = SigningKey::from_jwk(&key("4.2"), Algorithm::HS256).unwrap();
    assert_eq!(compact::sign(&signing, None, b"$.02").unwrap(), cases["4.1"]["compact"]);
    let detached = compact::sign_detached(&signing, None, b"$.02", Encoding::Unencoded).unwrap();
    assert_eq!(detached, cases["4.2"]["compact_detached"]);
    // Section 5.2: with its dot this payload cannot stand in a compact token.
    assert_eq!(compact::sign_unencoded(&signing, None, "$.02").unwrap_err(), Error::PayloadNotPlain);
    let verifying = VerifyingKey::from_jwk(&key("4.2"), Algorithm::HS256).unwrap();
    let verify = |payload| compact::Unverified::parse_detached(&detached, payload).and_then(|it| it.verify(&verifying));
    assert_eq!(verify(b"$.02").unwrap().payload(), b"$.02");
    assert_eq!(verify(b"$.03").unwrap_err(), Error::SignatureInvalid);
}

#[test]
fn rfc_9278_the_thumbprint_as_a_uri() {
    let case = vector!("rfc9278/thumbprint_uri.json");
    let jwk = Jwk::from_value(&case["key"]).unwrap();
    assert_eq!(jwk.thumbprint_base64url(), case["thumbprint"]);
    assert_eq!(jwk.thumbprint_uri(), case["uri"]);
}

#[test]
fn rfc_9964_a_keys_thumbprints_and_tokens() {
    let cases = vector!("rfc9964/appendix_a.json");
    for name in ["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"] {
        let (case, algorithm) = (&cases[name], Algorithm::from_name(name).unwrap());
        let private = Jwk::from_value(&case["private_key"]).unwrap();
        let public = Jwk::from_value(&case["public_key"]).unwrap();
        assert_eq!(private.public_value().unwrap(), case["public_key"], "{name}");
        assert_eq!(serde_json::from_str::<Value>(&private.to_private_json()).unwrap(), case["private_key"], "{name}");
        assert_eq!(public.kid(), Some(public.thumbprint_base64url().as_str()), "{name}");
        assert_eq!(private.thumbprint(), public.thumbprint(), "{name}");

        let key = VerifyingKey::from_jwk(&public, algorithm).unwrap();
        let token = case["compact"].as_str().unwrap();
        let payload = case["payload"].as_str().unwrap().as_bytes();
        let verified = compact::Unverified::parse(token).unwrap().verify(&key).unwrap();
        assert_eq!(verified.payload(), payload, "{name}");
        // Ours are hedged (FIPS 204, algorithm 2), so only that they verify can be asked.
        let ours = compact::sign(&SigningKey::from_jwk(&private, algorithm).unwrap(), None, payload).unwrap();
        assert_eq!(ours.rsplit_once('.').unwrap().0, token.rsplit_once('.').unwrap().0, "{name}");
        compact::Unverified::parse(&ours).unwrap().verify(&key).unwrap();
        // A public key signs nothing, and another set verifies nothing.
        assert_eq!(SigningKey::from_jwk(&public, algorithm).unwrap_err(), Error::KeyNotPrivate);
        for other in [Algorithm::MlDsa44, Algorithm::MlDsa65, Algorithm::MlDsa87] {
            assert_eq!(VerifyingKey::from_jwk(&public, other).is_ok(), other == algorithm, "{name} {other}");
        }
    }
}
