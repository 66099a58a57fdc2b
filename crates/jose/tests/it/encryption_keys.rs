//! Keys for encryption, and what they may be used for (RFC 7517 §4.2 to §4.9, RFC 7518 §4 and §6, RFC 8725 §3.1).

use serde_json::{Value, json};
use symbolon_jose::jwe::{DecryptingKey, DecryptingKeys, EncryptingKey, Header, compact, json as jwe};
use symbolon_jose::jwk::Purpose;
use symbolon_jose::{
    Algorithm, ContentEncryption, Error, Jwk, JwkSet, KeyAlgorithm, KeyCurve, KeyManagement, SigningKey, VerifyingKey,
    VerifyingKeys, base64url,
};

use crate::support::{PASSWORD, decrypting, encrypting, encryption_jwk, encryptions, jwk};

const ENC: ContentEncryption = ContentEncryption::A128Gcm;

fn oct(len: usize, members: &Value) -> Value {
    let mut key = json!({"kty": "oct", "k": base64url::encode(&vec![7; len])});
    key.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    key
}

/// Why encrypting and decrypting with this key are refused, if they are.
fn uses(key: &Jwk, alg: KeyManagement) -> (Option<Error>, Option<Error>) {
    (EncryptingKey::from_jwk(key, alg, ENC).err(), DecryptingKey::from_jwk(key, alg, &[ENC]).err())
}

/// The key with this `key_ops` and nothing else that restricts it.
fn with_operations(key: &Jwk, operations: &[&str]) -> Jwk {
    let mut value: Value = serde_json::from_str(&key.to_private_json()).unwrap();
    value.as_object_mut().unwrap().remove("use");
    value["key_ops"] = json!(operations);
    Jwk::from_value(&value).unwrap()
}

#[test]
fn a_key_decrypts_with_its_one_algorithm() {
    for (own, enc) in encryptions().filter(|(alg, enc)| !alg.is_password() && *enc == ENC) {
        let key = encryption_jwk(own, enc);
        for &other in KeyManagement::ALL {
            let good = own == other;
            let (encrypts, decrypts) = uses(&key, other);
            assert_eq!((encrypts.is_none(), decrypts.is_none()), (good, good), "{own} {other}");
            assert!(good || encrypts == Some(Error::KeyAlgorithm), "{own} {other} {encrypts:?}");
        }
        for &algorithm in Algorithm::ALL {
            assert_eq!(SigningKey::from_jwk(&key, algorithm).unwrap_err(), Error::KeyAlgorithm, "{own} {algorithm}");
            assert_eq!(VerifyingKey::from_jwk(&key, algorithm).unwrap_err(), Error::KeyAlgorithm, "{own} {algorithm}");
        }
    }
}

#[test]
fn a_key_that_signs_encrypts_nothing() {
    for &algorithm in Algorithm::ALL {
        let key = jwk(algorithm).clone().with_algorithm(algorithm).unwrap();
        for &alg in KeyManagement::ALL {
            let (encrypts, decrypts) = uses(&key, alg);
            assert!(encrypts.is_some() && decrypts.is_some(), "{algorithm} {alg}");
        }
    }
    // Without `alg`, it is `use` that says so.
    let mut value: Value = serde_json::from_str(&jwk(Algorithm::ES256).to_private_json()).unwrap();
    value.as_object_mut().unwrap().remove("alg");
    let key = Jwk::from_value(&value).unwrap();
    assert_eq!(uses(&key, KeyManagement::EcdhEs), (Some(Error::KeyUse), Some(Error::KeyUse)));
}

#[test]
fn a_secret_has_exactly_the_length_of_its_algorithm() {
    for (alg, own) in [
        (KeyManagement::A128Kw, 16),
        (KeyManagement::A192Kw, 24),
        (KeyManagement::A256Kw, 32),
        (KeyManagement::A128Gcmkw, 16),
        (KeyManagement::A192Gcmkw, 24),
        (KeyManagement::A256Gcmkw, 32),
    ] {
        for len in [1, 15, 16, 17, 24, 31, 32, 33, 48, 64] {
            let key = Jwk::from_value(&oct(len, &json!({}))).unwrap();
            let why = (len != own).then_some(Error::KeyLength);
            assert_eq!(uses(&key, alg), (why, why), "{alg} {len}");
            assert_eq!(Jwk::from_value(&oct(len, &json!({"alg": alg}))).err(), why, "{alg} {len}");
            assert_eq!(Jwk::oct(&vec![7; len], alg).err(), why, "{alg} {len}");
        }
    }
    for &enc in ContentEncryption::ALL {
        for len in [16, 24, 32, 48, 64, 128] {
            let key = Jwk::from_value(&oct(len, &json!({"alg": "dir"}))).unwrap();
            let why = (len != enc.key_len()).then_some(Error::KeyLength);
            assert_eq!(EncryptingKey::from_jwk(&key, KeyManagement::Dir, enc).err(), why, "{enc} {len}");
            assert_eq!(DecryptingKey::from_jwk(&key, KeyManagement::Dir, &[enc]).err(), why, "{enc} {len}");
            assert_eq!(Jwk::from_value(&oct(len, &json!({"alg": enc}))).err(), why, "{enc} {len}");
        }
    }
}

#[test]
fn a_secret_for_dir_is_for_one_enc() {
    let key = Jwk::from_value(&oct(32, &json!({}))).unwrap();
    let both = [ContentEncryption::A256Gcm, ContentEncryption::A128CbcHs256];
    for enc in both {
        assert!(DecryptingKey::from_jwk(&key, KeyManagement::Dir, &[enc]).is_ok());
    }
    for enc in [&both[..], &[]] {
        let refused = DecryptingKey::from_jwk(&key, KeyManagement::Dir, enc).unwrap_err();
        assert_eq!(refused, Error::ContentEncryptionChoice);
    }
}

#[test]
fn key_ops_of_encryption_are_enforced() {
    let agreeing = Jwk::generate_on(KeyCurve::X25519, KeyManagement::EcdhEsA128Kw).unwrap();
    let wrapping = encryption_jwk(KeyManagement::A128Kw, ENC);
    let rsa = encryption_jwk(KeyManagement::RsaOaep, ENC);
    let direct = encryption_jwk(KeyManagement::Dir, ENC);
    let no = Some(Error::KeyOperation);
    for (key, alg, operations, expected) in [
        (&wrapping, KeyManagement::A128Kw, &["wrapKey"][..], (None, no)),
        (&wrapping, KeyManagement::A128Kw, &["unwrapKey"], (no, None)),
        (&wrapping, KeyManagement::A128Kw, &["wrapKey", "unwrapKey"], (None, None)),
        (&wrapping, KeyManagement::A128Kw, &["encrypt"], (None, no)),
        (&wrapping, KeyManagement::A128Kw, &["sign", "verify"], (no, no)),
        (&wrapping, KeyManagement::A128Kw, &["deriveKey"], (no, no)),
        // The public half of a key that unwraps is there to wrap.
        (&rsa, KeyManagement::RsaOaep, &["unwrapKey"], (None, None)),
        (&rsa, KeyManagement::RsaOaep, &["decrypt"], (None, None)),
        (&rsa, KeyManagement::RsaOaep, &["wrapKey"], (None, no)),
        (&rsa, KeyManagement::RsaOaep, &["sign"], (no, no)),
        (&agreeing, KeyManagement::EcdhEsA128Kw, &["deriveKey"], (None, None)),
        (&agreeing, KeyManagement::EcdhEsA128Kw, &["deriveBits"], (None, None)),
        (&agreeing, KeyManagement::EcdhEsA128Kw, &["wrapKey"], (None, no)),
        (&agreeing, KeyManagement::EcdhEsA128Kw, &["sign"], (no, no)),
        (&direct, KeyManagement::Dir, &["encrypt"], (None, no)),
        (&direct, KeyManagement::Dir, &["decrypt"], (no, None)),
        (&direct, KeyManagement::Dir, &["wrapKey", "unwrapKey"], (no, no)),
    ] {
        assert_eq!(uses(&with_operations(key, operations), alg), expected, "{alg} {operations:?}");
    }
    let password = Jwk::from_value(&oct(20, &json!({"key_ops": ["deriveKey"]}))).unwrap();
    assert_eq!(uses(&password, KeyManagement::Pbes2Hs256A128Kw), (None, None));
    let password = Jwk::from_value(&oct(20, &json!({"key_ops": ["sign"]}))).unwrap();
    assert_eq!(uses(&password, KeyManagement::Pbes2Hs256A128Kw), (no, no));
}

#[test]
fn a_public_key_encrypts_and_never_decrypts() {
    for alg in [KeyManagement::RsaOaep, KeyManagement::RsaOaep512, KeyManagement::EcdhEs, KeyManagement::EcdhEsA256Kw] {
        let public = encryption_jwk(alg, ENC).public().unwrap();
        assert_eq!(uses(&public, alg), (None, Some(Error::KeyNotPrivate)), "{alg}");
        let token = compact::encrypt(&EncryptingKey::from_jwk(&public, alg, ENC).unwrap(), &Header::default(), b"x");
        let decrypted = compact::Encrypted::parse(&token.unwrap()).unwrap().decrypt(&decrypting(alg, ENC)).unwrap();
        assert_eq!((decrypted.plaintext(), decrypted.kid()), (&b"x"[..], public.kid()));
    }
}

#[test]
fn weak_and_foreign_keys_do_not_encrypt() {
    // The same checks as for signatures, at load.
    let mut modulus = [0xff; 256];
    modulus[0] = 0x7f;
    for (n, e, why) in [
        (&modulus[..], &[1, 0, 1][..], Error::RsaModulusSize),
        (&[0xff; 128], &[1, 0, 1], Error::RsaModulusSize),
        (&[0xff; 256], &[1], Error::RsaExponent),
    ] {
        let key = json!({"kty": "RSA", "alg": "RSA-OAEP-256", "n": base64url::encode(n), "e": base64url::encode(e)});
        assert_eq!(Jwk::from_value(&key).unwrap_err(), why);
    }
    let ed25519 = jwk(Algorithm::EdDSA).public().unwrap().public_value().unwrap();
    let key = Jwk::from_value(&json!({"kty": "OKP", "crv": "Ed25519", "x": ed25519["x"]})).unwrap();
    assert_eq!(uses(&key, KeyManagement::EcdhEs).0, Some(Error::KeyAlgorithm));
    for alg in ["RSA1_5", "ECDH-1PU", "RSA-OAEP-1", "A128GCMKW ", "dir2"] {
        assert_eq!(Jwk::from_value(&oct(16, &json!({"alg": alg}))).unwrap_err(), Error::KeyAlgorithm, "{alg}");
    }
    for (key, why) in [
        (oct(16, &json!({"alg": "A128KW", "use": "sig"})), Error::KeyUse),
        (oct(16, &json!({"use": "enc", "key_ops": ["sign"]})), Error::KeyOperation),
        (oct(16, &json!({"use": "enc", "key_ops": ["wrapKey", "verify"]})), Error::KeyOperation),
        (oct(16, &json!({"alg": "ECDH-ES"})), Error::KeyAlgorithm),
        (oct(16, &json!({"alg": "RSA-OAEP"})), Error::KeyAlgorithm),
        (oct(16, &json!({"alg": null})), Error::JsonShape),
    ] {
        assert_eq!(Jwk::from_value(&key).unwrap_err(), why, "{key}");
    }
}

#[test]
fn private_and_public_halves_that_do_not_belong_together_are_refused_for_agreement_too() {
    for curve in KeyCurve::ALL {
        let [one, other] = [(); 2].map(|()| {
            let key = Jwk::generate_on(*curve, KeyManagement::EcdhEs).unwrap();
            serde_json::from_str::<Value>(&key.to_private_json()).unwrap()
        });
        let mut mixed = one.clone();
        mixed["d"] = other["d"].clone();
        assert_eq!(Jwk::from_value(&mixed).unwrap_err(), Error::KeyInconsistent, "{curve:?}");
        let mut short = one;
        short["d"] = "AAAA".into();
        assert_eq!(Jwk::from_value(&short).unwrap_err(), Error::KeyMemberInvalid("d"), "{curve:?}");
    }
}

#[test]
fn certificates_are_carried_checked_for_form_and_never_used() {
    let certificates = json!({
        "x5c": ["MIIB"],
        "x5t": base64url::encode(&[1; 20]),
        "x5t#S256": base64url::encode(&[2; 32]),
        "x5u": "https://evil.example/chain.pem",
    });
    let mut value = jwk(Algorithm::ES256).public_value().unwrap();
    value.as_object_mut().unwrap().extend(certificates.as_object().unwrap().clone());
    let key = Jwk::from_value(&value).unwrap();
    assert_eq!(key.public_value().unwrap(), value);
    assert_eq!(serde_json::from_str::<Value>(&key.to_private_json()).unwrap(), value);
    let carried = key.certificates().unwrap();
    assert_eq!((carried.x5c().len(), carried.x5u()), (1, Some("https://evil.example/chain.pem")));
    assert_eq!((carried.x5t(), carried.x5t_s256()), (value["x5t"].as_str(), value["x5t#S256"].as_str()));
    for (name, wrong) in [
        ("x5c", json!([])),
        ("x5c", json!([""])),
        ("x5c", json!(["MIIB", ""])),
        ("x5c", json!(["MII_"])),
        ("x5c", json!(vec!["MIIB"; 17])),
        ("x5t", json!("AAAA")),
        ("x5t", json!(base64url::encode(&[2; 32]))),
        ("x5t#S256", json!(base64url::encode(&[1; 20]))),
        ("x5t#S256", json!("!")),
    ] {
        let mut value = value.clone();
        value[name] = wrong;
        let static_name = ["x5c", "x5t", "x5t#S256"].into_iter().find(|it| *it == name).unwrap();
        assert_eq!(Jwk::from_value(&value).unwrap_err(), Error::KeyMemberInvalid(static_name), "{value}");
    }
    for (name, wrong) in [("x5c", json!("MIIB")), ("x5c", json!([1])), ("x5t", json!(1)), ("x5u", json!(null))] {
        let mut value = value.clone();
        value[name] = wrong;
        assert_eq!(Jwk::from_value(&value).unwrap_err(), Error::JsonShape, "{name}");
    }
}

#[test]
fn a_set_of_keys_for_everything_gives_each_its_own() {
    let enc = encryption_jwk(KeyManagement::EcdhEsA256Kw, ENC);
    let sig = jwk(Algorithm::ES256).clone();
    let set = json!({"keys": [
        enc.public_value().unwrap(),
        sig.public_value().unwrap(),
        {"kty": "RSA", "alg": "RSA1_5", "n": "AQAB", "e": "AQAB"},
        oct(15, &json!({"alg": "A128KW"})),
        {"kty": "OKP", "crv": "X25519", "x": base64url::encode(&[0; 32])},
    ]});
    let set = JwkSet::from_slice(set.to_string().as_bytes()).unwrap();
    assert_eq!((set.keys().len(), set.skipped()), (2, 3));
    let verifying = VerifyingKeys::from_jwks(&set, Algorithm::ALL);
    assert_eq!(verifying.iter().map(VerifyingKey::kid).collect::<Vec<_>>(), [sig.kid()]);
    assert_eq!(set.keys()[0].purpose(), Some(Purpose::Encryption));
    assert_eq!(set.keys()[0].key_algorithm(), Some(KeyAlgorithm::from(KeyManagement::EcdhEsA256Kw)));
    assert_eq!(set.keys()[0].algorithm(), None);
}

#[test]
fn debug_output_of_keys_and_content_holds_nothing_secret() {
    for (alg, enc) in encryptions().filter(|(_, enc)| *enc == ContentEncryption::A256Gcm) {
        let (own, other) = (encrypting(alg, enc), decrypting(alg, enc));
        let token = compact::encrypt(&own, &Header::default(), b"attack at dawn").unwrap();
        let keys = DecryptingKeys::single(other.clone());
        let decrypted = compact::decrypt(&token, &keys).unwrap();
        let flat = jwe::encrypt_flattened(&own, &Header::default(), None, b"attack at dawn").unwrap();
        let parsed = jwe::Encrypted::parse(flat.as_bytes()).unwrap();
        let shown = format!("{own:?} {other:?} {keys:?} {decrypted:?} {parsed:?} {own:#?} {other:#?} {decrypted:#?}");
        let lists = |bytes: &[u8]| [format!("{bytes:?}"), base64url::encode(bytes)];
        let mut secrets = lists(b"attack at dawn").to_vec();
        secrets.push("attack".into());
        if alg.is_password() {
            secrets.extend(lists(PASSWORD));
            secrets.push("correct".into());
        } else {
            let jwk = encryption_jwk(alg, enc);
            let json: Value = serde_json::from_str(&jwk.to_private_json()).unwrap();
            let shown = format!("{jwk:?} {jwk:#?}");
            for member in ["d", "p", "q", "dp", "dq", "qi", "k", "priv"] {
                if let Some(secret) = json[member].as_str() {
                    let all = lists(&base64url::decode(secret).unwrap());
                    assert!(all.iter().all(|it| !shown.contains(it.as_str())), "{alg} {member}");
                    secrets.extend(all);
                }
            }
        }
        for secret in secrets {
            assert!(!shown.contains(&secret), "{alg}: {secret}");
        }
        assert!(shown.contains(alg.name()), "{alg}");
    }
}

#[test]
fn keys_that_travel_encrypted_come_back_and_other_content_is_no_key() {
    let (alg, enc) = (KeyManagement::Pbes2Hs512A256Kw, ContentEncryption::A256CbcHs512);
    let keys = DecryptingKeys::single(decrypting(alg, enc));
    for key in [jwk(Algorithm::RS256), jwk(Algorithm::MlDsa44), jwk(Algorithm::HS256), jwk(Algorithm::EdDSA)] {
        let token = key.to_encrypted(&encrypting(alg, enc)).unwrap();
        assert_eq!(*Jwk::from_encrypted(&token, &keys).unwrap().to_private_json(), *key.to_private_json());
    }
    let content = jwk(Algorithm::ES256).to_private_json();
    let wrapped = |cty: Option<&str>, content: &[u8]| {
        let token = compact::encrypt(&encrypting(alg, enc), &Header { cty, ..Header::default() }, content).unwrap();
        Jwk::from_encrypted(&token, &keys).err()
    };
    for cty in [None, Some("jwk+json"), Some("application/jwk+json"), Some("JWK+JSON")] {
        assert_eq!(wrapped(cty, content.as_bytes()), None, "{cty:?}");
    }
    for cty in ["JWT", "jwk-set+json", "application/json", ""] {
        assert_eq!(wrapped(Some(cty), content.as_bytes()), Some(Error::HeaderMemberInvalid("cty")), "{cty}");
    }
    assert_eq!(wrapped(None, b"hello"), Some(Error::JsonSyntax));
    assert_eq!(wrapped(None, b"{}"), Some(Error::KeyMemberMissing("kty")));
}
