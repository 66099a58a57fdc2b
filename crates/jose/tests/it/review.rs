//! What a reading with an attacker's eyes found: each stays refused.

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Value, json};
use symbolon_jose::jwe::{self, DecryptingKey, EncryptingKey, Header};
use symbolon_jose::jws::{self, compact};
use symbolon_jose::jwt::{self, Claims};
use symbolon_jose::{
    Algorithm, ContentEncryption, Error, Jwk, JwkSet, KeyFormat, KeyManagement, SigningKey, VerifyingKey,
    VerifyingKeys, base64url,
};

use crate::support::{NOW, SECRET, claims, forge, hs256_keys, jwk, policy};

#[test]
fn a_long_list_of_operations_is_not_gone_through() {
    let many: Vec<String> = (0..20_000).map(|n| format!("op{n}")).collect();
    let set = json!({"keys": [{"kty": "oct", "k": "AAAA", "key_ops": many}]});
    let set = JwkSet::from_value(&set).unwrap();
    assert_eq!((set.keys().len(), set.skipped()), (0, 1));
    // The bound is 32.
    let listed = |count: usize| {
        let operations = (1..count).map(|n| format!("op{n}")).chain(["sign".to_owned()]).collect::<Vec<_>>();
        Jwk::from_value(&json!({"kty": "oct", "k": "AAAA", "key_ops": operations})).map(drop)
    };
    assert_eq!((listed(31), listed(32)), (Ok(()), Ok(())));
    assert_eq!((listed(33), listed(34)), (Err(Error::KeyOperation), Err(Error::KeyOperation)));
    let crit: Vec<String> = (0..400).map(|n| format!("x{n}")).collect();
    let token = forge(&json!({"alg": "HS256", "crit": crit}).to_string(), "{}", SECRET);
    assert_eq!(compact::Unverified::parse(&token).unwrap_err(), Error::CritUnsupported);
}

#[test]
fn a_type_with_one_audience_does_not_get_the_first_of_several() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "what is read does not matter, whether it is does")]
    struct Sole {
        aud: [String; 1],
    }
    let token = |aud| forge(r#"{"alg":"HS256"}"#, &claims(json!({ "aud": aud })).to_string(), SECRET);
    let verify = |token: &str| jwt::verify::<Sole>(token, &hs256_keys(), &policy(), NOW).map(drop);
    assert_eq!(verify(&token(json!([crate::support::AUDIENCE]))), Ok(()));
    assert_eq!(verify(&token(json!([crate::support::AUDIENCE, "evil"]))), Err(Error::JsonShape));
}

#[test]
fn a_kid_that_anybody_can_change_is_not_shown_as_true() {
    let unnamed = Jwk::from_value(&json!({"kty": "oct", "k": base64url::encode(SECRET)})).unwrap();
    let key = SigningKey::from_jwk(&unnamed, Algorithm::HS256).unwrap();
    let token = compact::sign(&key, None, b"hello").unwrap();
    let mut parts = token.split('.');
    let mut next = || parts.next().unwrap();
    let text = json!({
        "protected": next(), "payload": next(), "signature": next(), "header": {"kid": "admin"},
    });
    let text = text.to_string();
    let unverified = jws::json::Unverified::parse(text.as_bytes()).unwrap();
    assert_eq!(unverified.signatures()[0].kid(), Some("admin"), "a hint");
    let verified = unverified.verify(&VerifyingKey::from_jwk(&unnamed, Algorithm::HS256).unwrap()).unwrap();
    assert_eq!(verified.kid(), None);

    let (alg, enc) = (KeyManagement::A128Kw, ContentEncryption::A128Gcm);
    let secret = Jwk::from_value(&json!({"kty": "oct", "k": base64url::encode(&[7; 16])})).unwrap();
    let key = EncryptingKey::from_jwk(&secret, alg, enc).unwrap();
    let text = jwe::json::encrypt_flattened(&key, &jwe::Header::default(), None, b"hello").unwrap();
    let mut text: Value = serde_json::from_str(&text).unwrap();
    text["unprotected"] = json!({"kid": "admin"});
    let encrypted = jwe::json::Encrypted::parse(text.to_string().as_bytes()).unwrap();
    assert_eq!(encrypted.recipients()[0].kid(), Some("admin"), "a hint");
    let decrypted = encrypted.decrypt(&DecryptingKey::from_jwk(&secret, alg, &[enc]).unwrap()).unwrap();
    assert_eq!(decrypted.kid(), None);
}

/// A type that takes what it can read and ignores what it cannot.
#[derive(Debug)]
struct Careless;

impl<'de> Deserialize<'de> for Careless {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Careless;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Careless, A::Error> {
                while map.next_key::<IgnoredAny>()?.is_some() {
                    let _ = map.next_value::<Value>();
                }
                Ok(Careless)
            }
        }
        deserializer.deserialize_map(Members)
    }
}

#[test]
fn a_claim_that_is_malformed_stays_so_where_a_type_swallows_the_error() {
    let verify = |payload: String| {
        let token = forge(r#"{"alg":"HS256"}"#, &payload, SECRET);
        jwt::verify::<Careless>(&token, &hs256_keys(), &policy().danger_exp_optional(), NOW).map(drop)
    };
    assert_eq!(verify(claims(json!({})).to_string()), Ok(()));
    assert_eq!(verify(claims(json!({"nbf": "9999999999"})).to_string()), Err(Error::ClaimNotNumber("nbf")));
    assert_eq!(verify(claims(json!({"nbf": 1e300})).to_string()), Err(Error::ClaimOutOfRange("nbf")));
    assert_eq!(verify(claims(json!({"exp": "never"})).to_string()), Err(Error::ClaimNotNumber("exp")));
}

#[test]
fn what_a_password_costs_is_bounded_unless_its_owner_says_more() {
    let (alg, enc) = (KeyManagement::Pbes2Hs512A256Kw, ContentEncryption::A256Gcm);
    let header = json!({"alg": alg.name(), "enc": enc.name(), "p2s": base64url::encode(&[1; 16]), "p2c": 1_200_000});
    let token = format!("{}.AAAA.AAAA.AAAA.AAAA", base64url::encode(header.to_string().as_bytes()));
    let key = DecryptingKey::from_password(b"long and secret", alg, &[enc]).unwrap();
    let decrypt = |key| jwe::compact::Encrypted::parse(&token).unwrap().decrypt(key).unwrap_err();
    assert_eq!(decrypt(&key), Error::Pbes2Count);
    // One more than the default, which is twice what we write.
    let own = EncryptingKey::from_password_with_count(b"long and secret", 420_001, alg, enc).unwrap();
    let token = jwe::compact::encrypt(&own, &Header::default(), b"hello").unwrap();
    let decrypt = |key| jwe::compact::Encrypted::parse(&token).unwrap().decrypt(&key).map(|it| it.plaintext().to_vec());
    assert_eq!(decrypt(key.clone()), Err(Error::Pbes2Count));
    assert_eq!(decrypt(key.clone().max_pbes2_count(420_000)), Err(Error::Pbes2Count));
    assert_eq!(decrypt(key.max_pbes2_count(420_001)), Ok(b"hello".to_vec()));
}

#[test]
fn what_is_public_is_no_password() {
    let (alg, enc) = (KeyManagement::Pbes2Hs256A128Kw, ContentEncryption::A128Gcm);
    let pem = jwk(Algorithm::ES256).to_pem(KeyFormat::Spki).unwrap();
    for password in [pem.to_string(), format!("\n {}", pem.as_str())] {
        let password = password.as_bytes();
        assert_eq!(EncryptingKey::from_password(password, alg, enc).unwrap_err(), Error::KeyMemberInvalid("k"));
        assert_eq!(DecryptingKey::from_password(password, alg, &[enc]).unwrap_err(), Error::KeyMemberInvalid("k"));
    }
}

#[test]
fn a_key_says_which_enc_it_allows() {
    let [one, two] = [ContentEncryption::A128Gcm, ContentEncryption::A128CbcHs256];
    let dir = Jwk::generate(one).unwrap();
    for allowed in [&[][..], &[one, two], &[one, one]] {
        let refused = DecryptingKey::from_jwk(&dir, KeyManagement::Dir, allowed).unwrap_err();
        assert_eq!(refused, Error::ContentEncryptionChoice, "{allowed:?}");
    }
    let wrapping = Jwk::generate(KeyManagement::A128Kw).unwrap();
    let refused = DecryptingKey::from_jwk(&wrapping, KeyManagement::A128Kw, &[]).unwrap_err();
    assert_eq!(refused, Error::ContentEncryptionChoice);
    let refused = DecryptingKey::from_password(b"secret", KeyManagement::Pbes2Hs256A128Kw, &[]).unwrap_err();
    assert_eq!(refused, Error::ContentEncryptionChoice);
}

#[test]
fn a_key_that_was_named_wins_over_any_number_without_a_name() {
    let unnamed = || {
        let mut key: Value = serde_json::from_str(&Jwk::generate(Algorithm::ES256).unwrap().to_private_json()).unwrap();
        key.as_object_mut().unwrap().remove("kid");
        Jwk::from_value(&key).unwrap()
    };
    let named = jwk(Algorithm::ES256).clone().with_kid("me");
    let keys: VerifyingKeys = [unnamed(), unnamed(), named]
        .iter()
        .map(|jwk| VerifyingKey::from_jwk(jwk, Algorithm::ES256).unwrap())
        .collect();
    assert_eq!(keys.find(Some("me"), "ES256").unwrap().kid(), Some("me"));
    assert!(keys.find(Some("other"), "ES256").is_none() && keys.find(None, "ES256").is_none());
}

#[test]
fn ed25519_keys_not_below_the_prime_are_refused() {
    for first in 0xed..=0xff_u8 {
        let mut x = [0xff; 32];
        x[0] = first;
        for last in [0x7f, 0xff] {
            x[31] = last;
            let key = json!({"kty": "OKP", "crv": "Ed25519", "x": base64url::encode(&x)});
            let refused = Jwk::from_value(&key).unwrap_err();
            assert!(matches!(refused, Error::PointOffCurve | Error::PointLowOrder), "{first:x} {last:x}");
        }
    }
}

#[test]
fn debug_of_verified_claims_shows_none_of_them() {
    let token = forge(r#"{"alg":"HS256"}"#, &claims(json!({"salary": "SENTINEL"})).to_string(), SECRET);
    let verified = jwt::verify::<Claims>(&token, &hs256_keys(), &policy(), NOW).unwrap();
    assert!(!format!("{verified:?}").contains("SENTINEL"));
}

#[test]
fn a_pem_text_is_no_shared_secret() {
    for text in ["-----BEGIN PUBLIC KEY-----\nMIIB…", "\n -----BEGIN RSA PUBLIC KEY-----\nMIIB…"] {
        assert_eq!(Jwk::oct(text.as_bytes(), Algorithm::HS256).unwrap_err(), Error::KeyMemberInvalid("k"));
    }
}

#[test]
fn what_is_wrong_whoever_the_recipient_is_refuses_the_whole_text() {
    let (alg, enc) = (KeyManagement::A128Kw, ContentEncryption::A128Gcm);
    let secret = Jwk::generate(alg).unwrap();
    let key = EncryptingKey::from_jwk(&secret, alg, enc).unwrap();
    let text = jwe::json::encrypt_general(&[key.clone(), key], &jwe::Header::default(), None, b"hello").unwrap();
    for (member, value, why) in [
        ("header", json!({"alg": "A256KW", "crit": ["x"]}), Error::CritInvalid),
        ("header", json!({"alg": "A256KW", "zip": "DEF"}), Error::HeaderMemberInvalid("zip")),
        ("header", json!({"alg": "A256KW", "enc": "A128GCM"}), Error::HeaderNotDisjoint),
        ("encrypted_key", json!("!!"), Error::Base64Invalid),
    ] {
        let mut changed: Value = serde_json::from_str(&text).unwrap();
        changed["recipients"][0][member] = value;
        assert_eq!(jwe::json::Encrypted::parse(changed.to_string().as_bytes()).unwrap_err(), why);
    }
}
