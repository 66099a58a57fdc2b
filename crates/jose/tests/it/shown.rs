//! What a header, a key and its `Debug` show: neither less than they say nor more.

use std::fmt::Debug;

use serde_json::{Value, json};
use symbolon_jose::jwe::{self, DecryptingKeys, Header};
use symbolon_jose::jws::{self, Encoding, compact};
use symbolon_jose::{Algorithm, ContentEncryption, Error, Jwk, JwkSet, KeyManagement, SigningKey, VerifyingKeys};

use crate::support::{decrypting, encrypting, encryption_jwk, jwk, signing, verifying};

const ALG: Algorithm = Algorithm::ES256;
const ENC: ContentEncryption = ContentEncryption::A128Gcm;

#[test]
fn a_signed_token_shows_its_header_before_and_after_it_is_verified() {
    let kid = Some(ALG.name());
    let token = compact::sign(&signing(ALG), Some("at+jwt"), b"hello").unwrap();
    let unverified = compact::Unverified::parse(&token).unwrap();
    assert_eq!((unverified.alg(), unverified.kid(), unverified.typ()), ("ES256", kid, Some("at+jwt")));
    let verified = unverified.verify(&verifying(ALG)).unwrap();
    assert_eq!((verified.kid(), verified.typ(), verified.cty()), (kid, Some("at+jwt"), None));

    let key = signing(ALG);
    let signature = jws::json::Signature::new(&key).typ("at+jwt").unprotected("cty", "text");
    let text = jws::json::sign_flattened(&signature, jws::json::Payload::Attached(b"hello"), Encoding::Base64url);
    let text = text.unwrap();
    let unverified = jws::json::Unverified::parse(text.as_bytes()).unwrap();
    let [signature] = unverified.signatures() else { panic!("one signature") };
    assert_eq!((signature.alg(), signature.kid()), ("ES256", kid));
    let verified = unverified.verify(&verifying(ALG)).unwrap();
    assert_eq!((verified.kid(), verified.typ(), verified.cty()), (kid, Some("at+jwt"), None));
}

#[test]
fn an_encrypted_token_shows_its_header_before_and_after_it_is_decrypted() {
    let alg = KeyManagement::EcdhEsA128Kw;
    let (own, other) = (encrypting(alg, ENC), decrypting(alg, ENC));
    let kid = Some(alg.name());
    let header =
        Header { typ: Some("secret"), cty: Some("text"), apu: Some(b"Alice"), apv: Some(b"Bob"), ..Header::default() };
    let token = jwe::compact::encrypt(&own, &header, b"hello").unwrap();
    let encrypted = jwe::compact::Encrypted::parse(&token).unwrap();
    assert_eq!((encrypted.alg(), encrypted.enc(), encrypted.kid()), ("ECDH-ES+A128KW", "A128GCM", kid));
    let decrypted = encrypted.decrypt(&other).unwrap();
    assert_eq!((decrypted.kid(), decrypted.typ(), decrypted.cty()), (kid, Some("secret"), Some("text")));
    assert_eq!((decrypted.apu(), decrypted.apv()), (&b"Alice"[..], &b"Bob"[..]));

    let text = jwe::json::encrypt_flattened(&own, &header, None, b"hello").unwrap();
    let encrypted = jwe::json::Encrypted::parse(text.as_bytes()).unwrap();
    let [recipient] = encrypted.recipients() else { panic!("one recipient") };
    assert_eq!((recipient.alg(), recipient.enc(), recipient.kid()), ("ECDH-ES+A128KW", "A128GCM", kid));
    let decrypted = encrypted.decrypt(&other).unwrap();
    assert_eq!((decrypted.kid(), decrypted.typ(), decrypted.cty()), (kid, Some("secret"), Some("text")));
    assert_eq!((decrypted.apu(), decrypted.apv()), (&b"Alice"[..], &b"Bob"[..]));

    // Where nothing binds them to the key they say nothing.
    let plain = jwe::compact::encrypt(&encrypting(KeyManagement::A128Kw, ENC), &Header::default(), b"hello").unwrap();
    let plain = jwe::compact::decrypt(&plain, &DecryptingKeys::single(decrypting(KeyManagement::A128Kw, ENC))).unwrap();
    assert_eq!((plain.apu(), plain.apv(), plain.typ(), plain.cty()), (&b""[..], &b""[..], None, None));
}

#[test]
fn debug_of_a_key_shows_its_name_and_nothing_private() {
    let set: JwkSet = [jwk(ALG).clone()].into_iter().collect();
    let alg = KeyManagement::A256Kw;
    let encryption = encryption_jwk(alg, ENC);
    let signing_keys: [&dyn Debug; 5] =
        [jwk(ALG), &signing(ALG), &verifying(ALG), &VerifyingKeys::single(verifying(ALG)), &set];
    let encryption_keys: [&dyn Debug; 4] =
        [&encryption, &encrypting(alg, ENC), &decrypting(alg, ENC), &DecryptingKeys::single(decrypting(alg, ENC))];
    for (keys, name, jwk) in [(&signing_keys[..], "ES256", jwk(ALG)), (&encryption_keys[..], "A256KW", &encryption)] {
        let private: Value = serde_json::from_str(&jwk.to_private_json()).unwrap();
        let secret = private.get("d").or(private.get("k")).unwrap().as_str().unwrap();
        let bytes = format!("{:?}", symbolon_jose::base64url::decode(secret).unwrap());
        for key in keys {
            let (short, long) = (format!("{key:?}"), format!("{key:#?}"));
            assert!(short.contains(name), "{short}");
            for text in [&short, &long] {
                assert!(!text.contains(secret) && !text.contains(bytes.trim_matches(['[', ']'])), "{text}");
            }
        }
    }
}

#[test]
fn a_kid_has_at_most_256_bytes_on_both_sides() {
    let key = |len: usize| SigningKey::from_jwk(&jwk(ALG).clone().with_kid("k".repeat(len)), ALG);
    let token = compact::sign(&key(256).unwrap(), None, b"hello").unwrap();
    assert_eq!(compact::Unverified::parse(&token).unwrap().kid().map(str::len), Some(256));
    assert_eq!(key(257).unwrap_err(), Error::KidTooLong);
    let (alg, jwk) = (KeyManagement::A128Kw, encryption_jwk(KeyManagement::A128Kw, ENC));
    let key = |len: usize| jwe::EncryptingKey::from_jwk(&jwk.clone().with_kid("k".repeat(len)), alg, ENC);
    let token = jwe::compact::encrypt(&key(256).unwrap(), &Header::default(), b"hello").unwrap();
    assert_eq!(jwe::compact::Encrypted::parse(&token).unwrap().kid().map(str::len), Some(256));
    assert_eq!(key(257).unwrap_err(), Error::KidTooLong);
}

#[test]
fn a_header_is_written_up_to_the_longest_that_is_read_and_no_longer() {
    let key = signing(ALG);
    let header = |typ: usize| -> Result<usize, Error> {
        let token = compact::sign(&key, Some(&"t".repeat(typ)), b"hello")?;
        compact::Unverified::parse(&token).unwrap();
        Ok(symbolon_jose::base64url::decode(token.split('.').next().unwrap()).unwrap().len())
    };
    let around = header(0).unwrap();
    assert_eq!(header(4_096 - around), Ok(4_096));
    assert_eq!(header(4_097 - around), Err(Error::HeaderTooLong));
}

#[test]
fn a_set_of_keys_is_empty_or_not() {
    assert!(VerifyingKeys::default().is_empty() && !VerifyingKeys::single(verifying(ALG)).is_empty());
    let none = JwkSet::from_value(&json!({"keys": []})).unwrap();
    assert!(VerifyingKeys::from_jwks(&none, Algorithm::ALL).is_empty());
    let secret: JwkSet = [Jwk::generate(Algorithm::HS256).unwrap()].into_iter().collect();
    assert!(VerifyingKeys::from_jwks(&secret, Algorithm::ALL).is_empty(), "a shared secret never comes from a set");
    assert_eq!(DecryptingKeys::default().iter().count(), 0);
}
