//! RFC 7520, the JOSE cookbook: encryption (§5), signature within encryption (§6), and the Curve25519 file beside it. Every form
//! decrypts; what uses RSA1_5 is refused. `src/jwe/cookbook_tests.rs` makes them again.

use serde_json::Value;
use symbolon_jose::jwe::{DecryptingKey, DecryptingKeys, compact, json};
use symbolon_jose::jws;
use symbolon_jose::jwt::{self, Claims, Policy};
use symbolon_jose::{Algorithm, ContentEncryption, Error, Jwk, KeyManagement, VerifyingKey, VerifyingKeys};

macro_rules! vector {
    ($path:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("../vectors/rfc7520/", $path))).unwrap()
    };
}

fn key(input: &Value) -> DecryptingKey {
    let alg = KeyManagement::from_name(input["alg"].as_str().unwrap()).unwrap();
    let enc = [ContentEncryption::from_name(input["enc"].as_str().unwrap()).unwrap()];
    match input["pwd"].as_str() {
        Some(password) => DecryptingKey::from_password(password.as_bytes(), alg, &enc).unwrap(),
        None => DecryptingKey::from_jwk(&Jwk::from_value(&input["key"]).unwrap(), alg, &enc).unwrap(),
    }
}

fn check_with(case: &Value, key: &DecryptingKey) {
    let (title, output) = (&case["title"], &case["output"]);
    let plaintext = case["input"]["plaintext"].as_str().unwrap().as_bytes();
    if let Some(token) = output.get("compact") {
        let token = token.as_str().unwrap();
        let decrypted = compact::decrypt(token, &DecryptingKeys::single(key.clone())).unwrap();
        assert_eq!(decrypted.plaintext(), plaintext, "{title}");
        let encrypted = compact::Encrypted::parse(token).unwrap();
        assert_eq!((encrypted.alg(), encrypted.kid()), (key.key_management().name(), decrypted.kid()));
        assert_eq!(encrypted.decrypt(key).unwrap().plaintext(), plaintext, "{title}");
        // Five segments are no signed token.
        assert_eq!(jws::compact::Unverified::parse(token).unwrap_err(), Error::Encrypted);
    }
    for form in ["json", "json_flat"] {
        let text = output[form].to_string();
        if form == "json" && output[form].get("recipients").is_none() {
            // Sections 5.5 and 5.6 write a general form without recipients, which is a flattened one.
            assert_eq!(output["json"], output["json_flat"], "{title}");
        }
        let encrypted = json::Encrypted::parse(text.as_bytes()).unwrap();
        assert_eq!(encrypted.decrypt(key).unwrap().plaintext(), plaintext, "{title}: {form}");
        assert_eq!(encrypted.aad(), case["input"]["aad"].as_str().map(str::as_bytes), "{title}: {form}");
        assert_eq!(jws::json::Unverified::parse(text.as_bytes()).unwrap_err(), Error::Encrypted);
        assert!(compact::Encrypted::parse(&text).is_err(), "{title}: {form}");
    }
}

fn check(case: &Value) {
    check_with(case, &key(&case["input"]));
}

#[test]
fn section_5_1_rsa1_5_is_refused() {
    let case = vector!("jwe/5_1.key_encryption_using_rsa_v15_and_aes-hmac-sha2.json");
    assert_eq!(KeyManagement::from_name("RSA1_5"), None);
    let enc = [ContentEncryption::A128CbcHs256];
    let key = Jwk::from_value(&case["input"]["key"]).unwrap();
    for alg in [KeyManagement::RsaOaep, KeyManagement::RsaOaep256, KeyManagement::RsaOaep384, KeyManagement::RsaOaep512]
    {
        let key = DecryptingKey::from_jwk(&key, alg, &enc).unwrap();
        let token = case["output"]["compact"].as_str().unwrap();
        assert_eq!(compact::Encrypted::parse(token).unwrap().decrypt(&key).unwrap_err(), Error::AlgorithmMismatch);
        let refused = compact::decrypt(token, &DecryptingKeys::single(key.clone())).unwrap_err();
        assert_eq!(refused, Error::AlgorithmMismatch);
        for form in ["json", "json_flat"] {
            let text = case["output"][form].to_string();
            let refused = json::Encrypted::parse(text.as_bytes()).unwrap().decrypt(&key).unwrap_err();
            assert_eq!(refused, Error::AlgorithmMismatch);
        }
    }
}

#[test]
fn section_5_2_rsa_oaep() {
    check(&vector!("jwe/5_2.key_encryption_using_rsa-oaep_with_aes-gcm.json"));
}

#[test]
fn section_5_3_pbes2() {
    check(&vector!("jwe/5_3.key_wrap_using_pbes2-aes-keywrap_with-aes-cbc-hmac-sha2.json"));
}

#[test]
fn section_5_4_ecdh_es_with_key_wrapping() {
    check(&vector!("jwe/5_4.key_agreement_with_key_wrapping_using_ecdh-es_and_aes-keywrap_with_aes-gcm.json"));
}

#[test]
fn section_5_5_ecdh_es() {
    check(&vector!("jwe/5_5.key_agreement_using_ecdh-es_with_aes-cbc-hmac-sha2.json"));
}

#[test]
fn section_5_6_dir() {
    check(&vector!("jwe/5_6.direct_encryption_using_aes-gcm.json"));
}

#[test]
fn section_5_7_aes_gcm_key_wrap() {
    check(&vector!("jwe/5_7.key_wrap_using_aes-gcm_keywrap_with_aes-cbc-hmac-sha2.json"));
}

#[test]
fn section_5_8_aes_key_wrap() {
    check(&vector!("jwe/5_8.key_wrap_using_aes-keywrap_with_aes-gcm.json"));
}

#[test]
fn section_5_9_compressed_content_is_decrypted_where_it_is_accepted() {
    let case = vector!("jwe/5_9.compressed_content.json");
    let key = key(&case["input"]);
    check_with(&case, &key.clone().accept_deflate(1_000));
    let token = case["output"]["compact"].as_str().unwrap();
    let decrypt = |key: &DecryptingKey| compact::Encrypted::parse(token).unwrap().decrypt(key).map(drop);
    assert_eq!(decrypt(&key), Err(Error::ZipUnsupported));
    let len = case["input"]["plaintext"].as_str().unwrap().len();
    assert_eq!(decrypt(&key.clone().accept_deflate(len)), Ok(()));
    assert_eq!(decrypt(&key.accept_deflate(len - 1)), Err(Error::DecompressionTooLong));
}

#[test]
fn section_5_10_additional_authenticated_data() {
    check(&vector!("jwe/5_10.including_additional_authentication_data.json"));
}

#[test]
fn section_5_11_specific_header_fields_protected() {
    check(&vector!("jwe/5_11.protecting_specific_header_fields.json"));
}

#[test]
fn section_5_12_content_only_protected() {
    check(&vector!("jwe/5_12.protecting_content_only.json"));
}

#[test]
fn section_5_13_of_three_recipients_two_decrypt_and_rsa1_5_is_refused() {
    let case = vector!("jwe/5_13.encrypting_to_multiple_recipients.json");
    let enc = [ContentEncryption::A128CbcHs256];
    let text = case["output"]["json"].to_string();
    let encrypted = json::Encrypted::parse(text.as_bytes()).unwrap();
    assert_eq!(encrypted.recipients().len(), 3);
    for index in 0..3 {
        let jwk = Jwk::from_value(&case["input"]["key"][index]).unwrap();
        let alg = case["input"]["alg"][index].as_str().unwrap();
        assert_eq!(encrypted.recipients()[index].alg(), alg);
        let Some(alg) = KeyManagement::from_name(alg) else {
            let key = DecryptingKey::from_jwk(&jwk, KeyManagement::RsaOaep, &enc).unwrap();
            assert_eq!(encrypted.decrypt(&key).unwrap_err(), Error::AlgorithmMismatch);
            continue;
        };
        let decrypted = encrypted.decrypt(&DecryptingKey::from_jwk(&jwk, alg, &enc).unwrap()).unwrap();
        assert_eq!(decrypted.plaintext(), case["input"]["plaintext"].as_str().unwrap().as_bytes());
        // They stand in unprotected headers, where anybody could have put them; the first is still a hint.
        assert_eq!(encrypted.recipients()[index].kid(), jwk.kid());
        assert_eq!((decrypted.kid(), decrypted.cty()), (None, None));
    }
}

#[test]
fn section_6_a_signature_within_encryption() {
    let case = vector!("6.nesting_signatures_and_encryption.json");
    check(&case["encrypt"]);
    let signer = Jwk::from_value(&case["sign"]["input"]["key"]).unwrap();
    let verifying = VerifyingKeys::single(VerifyingKey::from_jwk(&signer, Algorithm::PS256).unwrap());
    let token = case["encrypt"]["output"]["compact"].as_str().unwrap();
    let decrypting = DecryptingKeys::single(key(&case["encrypt"]["input"]));
    let policy = Policy::danger_any_audience("hobbiton.example").accept_type("JWT").leeway_secs(0);
    let verify = |now| jwt::decrypt_then_verify::<Claims>(token, &decrypting, &verifying, &policy, now);
    let verified = verify(1_300_819_379).unwrap();
    assert_eq!(verified.iss.as_deref(), Some("hobbiton.example"));
    assert_eq!(verified.extra["http://example.com/is_root"], true);
    assert_eq!(verify(1_300_819_380).unwrap_err(), Error::Expired);
    // The signature within is not enough where an encrypted token is expected, nor the other way round.
    let inner = case["sign"]["output"]["compact"].as_str().unwrap();
    let refused = jwt::decrypt_then_verify::<Claims>(inner, &decrypting, &verifying, &policy, 0).unwrap_err();
    assert_eq!(refused, Error::NotEncrypted);
    assert_eq!(jwt::verify::<Claims>(token, &verifying, &policy, 0).unwrap_err(), Error::Encrypted);
}

#[test]
fn curve25519_ecdh_es() {
    check(&vector!("curve25519/ecdh-es.json"));
}
