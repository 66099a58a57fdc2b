//! Keys that must not be used, or not like that (RFC 7517 §4, RFC 7518 §3 and §6, RFC 8725 §3.1–3.5).

use serde_json::{Value, json};
use symbolon_jose::jwk::PRIVATE_MEMBERS;
use symbolon_jose::{
    Algorithm, Error, Jwk, JwkSet, KeyCurve, KeyManagement, SigningKey, VerifyingKey, VerifyingKeys, base64url,
};

use crate::support::{RFC_7515, jwk, rsa_jwk};

fn ec() -> Value {
    RFC_7515["A.3"]["key"].clone()
}

fn rsa() -> Value {
    RFC_7515["A.2"]["key"].clone()
}

/// A key with some members changed; `null` takes one away.
fn with(mut key: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        let members = key.as_object_mut().unwrap();
        if value.is_null() {
            members.remove(name)
        } else {
            members.insert(name.clone(), value.clone())
        };
    }
    key
}

fn refused(key: &Value) -> Error {
    Jwk::from_value(key).unwrap_err()
}

#[test]
fn alg_that_does_not_fit_the_key_type_is_refused() {
    // Rows 3, 17, 18: a key never becomes one of another kind.
    for alg in ["HS256", "ES256", "EdDSA"] {
        assert_eq!(refused(&with(rsa(), &json!({"alg": alg}))), Error::KeyAlgorithm);
    }
    for alg in ["HS256", "RS256", "ES384", "ES512", "EdDSA"] {
        assert_eq!(refused(&with(ec(), &json!({"alg": alg}))), Error::KeyAlgorithm);
    }
    for alg in ["none", "RSA1_5", "ECDH-ES", "A128KW", "A128GCM", "rs256", "", "ES256K"] {
        assert_eq!(refused(&with(rsa(), &json!({"alg": alg}))), Error::KeyAlgorithm);
    }
}

#[test]
fn a_key_is_used_with_its_one_algorithm() {
    let bound = Jwk::from_value(&with(rsa(), &json!({"alg": "PS256"}))).unwrap();
    for &algorithm in Algorithm::ALL {
        let usable = VerifyingKey::from_jwk(&bound, algorithm).is_ok();
        assert_eq!(usable, algorithm == Algorithm::PS256, "{algorithm}");
        assert_eq!(SigningKey::from_jwk(&bound, algorithm).is_ok(), usable, "{algorithm}");
    }
}

#[test]
fn an_rsa_key_without_alg_never_is_an_hmac_key() {
    let key = rsa_jwk();
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        assert_eq!(VerifyingKey::from_jwk(&key, algorithm).unwrap_err(), Error::KeyAlgorithm);
        assert_eq!(SigningKey::from_jwk(&key, algorithm).unwrap_err(), Error::KeyAlgorithm);
    }
}

#[test]
fn use_and_key_ops_are_honoured() {
    let to_encrypt = Jwk::from_value(&with(ec(), &json!({"use": "enc"}))).unwrap();
    assert_eq!(VerifyingKey::from_jwk(&to_encrypt, Algorithm::ES256).unwrap_err(), Error::KeyUse);
    assert_eq!(SigningKey::from_jwk(&to_encrypt, Algorithm::ES256).unwrap_err(), Error::KeyUse);
    assert_eq!(refused(&with(ec(), &json!({"use": "SIG"}))), Error::KeyUse);
    assert_eq!(refused(&with(ec(), &json!({"use": "enc", "alg": "ES256"}))), Error::KeyUse);
    assert_eq!(refused(&with(ec(), &json!({"use": "sig", "alg": "ECDH-ES"}))), Error::KeyUse);
    for operations in [json!([]), json!(["fly"]), json!(["sign", "sign"])] {
        assert_eq!(refused(&with(ec(), &json!({"key_ops": operations}))), Error::KeyOperation);
    }
    assert_eq!(refused(&with(ec(), &json!({"use": "sig", "key_ops": ["deriveKey"]}))), Error::KeyOperation);
    let to_derive = Jwk::from_value(&with(ec(), &json!({"key_ops": ["deriveBits"]}))).unwrap();
    assert_eq!(VerifyingKey::from_jwk(&to_derive, Algorithm::ES256).unwrap_err(), Error::KeyOperation);
    // What is left of the list in the public half is nothing, and it verifies nothing.
    let public = Jwk::from_value(&to_derive.public_value().unwrap()).unwrap();
    assert_eq!(VerifyingKey::from_jwk(&public, Algorithm::ES256).unwrap_err(), Error::KeyUse);
    assert_eq!(to_derive.public_value().unwrap()["use"], "enc");
    assert_eq!(to_derive.public_value().unwrap().get("key_ops"), None);
    // WebCrypto writes such a public half with an empty list.
    let mut bare = to_derive.public_value().unwrap();
    bare.as_object_mut().unwrap().remove("use");
    let public = Jwk::from_value(&with(bare.clone(), &json!({"key_ops": []}))).unwrap();
    assert_eq!(VerifyingKey::from_jwk(&public, Algorithm::ES256).unwrap_err(), Error::KeyUse);
    assert_eq!(refused(&with(bare, &json!({"use": "sig", "key_ops": []}))), Error::KeyOperation);
    let verify_only = Jwk::from_value(&with(ec(), &json!({"key_ops": ["verify"]}))).unwrap();
    assert!(VerifyingKey::from_jwk(&verify_only, Algorithm::ES256).is_ok());
    assert_eq!(SigningKey::from_jwk(&verify_only, Algorithm::ES256).unwrap_err(), Error::KeyOperation);
    let sign_only = Jwk::from_value(&with(ec(), &json!({"key_ops": ["sign"]}))).unwrap();
    assert!(SigningKey::from_jwk(&sign_only, Algorithm::ES256).is_ok());
    assert_eq!(sign_only.public_value().unwrap()["key_ops"], json!(["verify"]));
    let secret = json!({"kty": "oct", "k": base64url::encode(&[1; 32]), "key_ops": ["sign"]});
    let secret = Jwk::from_value(&secret).unwrap();
    assert_eq!(VerifyingKey::from_jwk(&secret, Algorithm::HS256).unwrap_err(), Error::KeyOperation);
}

#[test]
fn weak_rsa_keys_are_refused_at_load() {
    // Row 13: 2047 bits in 256 bytes.
    let mut modulus = [0xff; 256];
    modulus[0] = 0x7f;
    let public = |n: &[u8], e: &[u8]| json!({"kty": "RSA", "n": base64url::encode(n), "e": base64url::encode(e)});
    assert_eq!(refused(&public(&modulus, &[1, 0, 1])), Error::RsaModulusSize);
    assert_eq!(refused(&public(&[0xff; 128], &[1, 0, 1])), Error::RsaModulusSize);
    assert_eq!(refused(&public(&[0xff; 1025], &[1, 0, 1])), Error::RsaModulusSize);
    assert_eq!(refused(&public(&[0xff; 256], &[1])), Error::RsaExponent);
    assert_eq!(refused(&public(&[0xff; 256], &[2])), Error::RsaExponent);
    assert_eq!(refused(&public(&[0xff; 256], &[])), Error::KeyMemberInvalid("e"));
}

#[test]
fn private_parts_that_do_not_belong_to_the_public_part_are_refused() {
    let other = jwk(Algorithm::ES256).to_private_json();
    let other: Value = serde_json::from_str(&other).unwrap();
    assert_eq!(refused(&with(ec(), &json!({"d": other["d"]}))), Error::KeyInconsistent);
    let x = RFC_7515["A.3"]["key"]["x"].clone();
    assert_eq!(refused(&json!({"kty": "OKP", "crv": "Ed25519", "x": x, "d": x})), Error::KeyInconsistent);
    for member in ["d", "p", "dp", "qi"] {
        let swapped = with(rsa(), &json!({ member: rsa()["q"] }));
        assert_eq!(refused(&swapped), Error::KeyInconsistent, "{member}");
    }
}

#[test]
fn incomplete_private_rsa_keys_are_refused() {
    for member in ["d", "p", "q", "dp", "dq", "qi"] {
        let key = with(rsa(), &json!({ member: null }));
        assert_eq!(refused(&key), Error::KeyMemberMissing(member));
    }
    let several_primes = with(rsa(), &json!({"oth": [{"r": "AQ", "d": "AQ", "t": "AQ"}]}));
    assert_eq!(refused(&several_primes), Error::KeyMemberInvalid("oth"));
}

#[test]
fn points_off_the_curve_are_refused_at_load() {
    // Row 37: the same point with x and y exchanged, and with one bit changed.
    assert_eq!(refused(&with(ec(), &json!({"x": ec()["y"], "y": ec()["x"]}))), Error::PointOffCurve);
    let mut x = base64url::decode(ec()["x"].as_str().unwrap()).unwrap();
    x[31] ^= 1;
    let off = with(ec(), &json!({"x": base64url::encode(&x), "d": null}));
    assert_eq!(refused(&off), Error::PointOffCurve);
    let infinity = base64url::encode(&[0; 32]);
    assert_eq!(refused(&with(ec(), &json!({"x": infinity, "y": infinity}))), Error::PointOffCurve);
}

#[test]
fn points_on_another_curve_are_refused() {
    assert_eq!(refused(&with(ec(), &json!({"crv": "P-384", "d": null}))), Error::KeyMemberInvalid("x"));
    for crv in ["secp256k1", "P-224", "p-256", ""] {
        assert_eq!(refused(&with(ec(), &json!({"crv": crv}))), Error::CurveUnsupported);
    }
    for crv in ["X448", "Ed448", "P-256"] {
        let key = json!({"kty": "OKP", "crv": crv, "x": ec()["x"]});
        assert_eq!(refused(&key), Error::CurveUnsupported);
    }
}

#[test]
fn short_hmac_secrets_are_refused() {
    for (algorithm, len) in [(Algorithm::HS256, 32), (Algorithm::HS384, 48), (Algorithm::HS512, 64)] {
        assert_eq!(Jwk::oct(&vec![1; len - 1], algorithm).unwrap_err(), Error::HmacKeyTooShort);
        let short = json!({"kty": "oct", "k": base64url::encode(&vec![1; len - 1])});
        let short = Jwk::from_value(&short).unwrap();
        assert_eq!(VerifyingKey::from_jwk(&short, algorithm).unwrap_err(), Error::HmacKeyTooShort);
    }
    assert_eq!(refused(&json!({"kty": "oct", "k": ""})), Error::KeyMemberInvalid("k"));
}

#[test]
fn members_of_the_wrong_type_or_spelling_are_refused() {
    assert_eq!(refused(&json!({})), Error::KeyMemberMissing("kty"));
    assert_eq!(refused(&json!([])), Error::JsonShape);
    assert_eq!(refused(&json!({"kty": "ec"})), Error::KeyTypeUnsupported);
    assert_eq!(refused(&with(ec(), &json!({"x": null}))), Error::KeyMemberMissing("x"));
    assert_eq!(refused(&with(ec(), &json!({"x": 1}))), Error::JsonShape);
    assert_eq!(refused(&with(ec(), &json!({"kid": 1}))), Error::JsonShape);
    assert_eq!(refused(&with(ec(), &json!({"key_ops": "sign"}))), Error::JsonShape);
    let padded = format!("{}=", ec()["x"].as_str().unwrap());
    assert_eq!(refused(&with(ec(), &json!({"x": padded}))), Error::KeyMemberInvalid("x"));
    assert_eq!(refused(&with(ec(), &json!({"kid": "k".repeat(257)}))), Error::KidTooLong);
    let null = Jwk::from_slice(br#"{"kty":"oct","k":"AAAA","alg":null}"#);
    assert_eq!(null.unwrap_err(), Error::JsonShape);
}

#[test]
fn duplicate_members_of_a_key_are_refused() {
    for json in [r#"{"kty":"oct","kty":"RSA","k":"AAAA"}"#, r#"{"kty":"oct","k":"AAAA","z":1,"z":2}"#] {
        assert_eq!(Jwk::from_slice(json.as_bytes()).unwrap_err(), Error::JsonDuplicateMember);
    }
    let set = br#"{"keys":[],"keys":[]}"#;
    assert_eq!(JwkSet::from_slice(set).unwrap_err(), Error::JsonDuplicateMember);
    let inside = br#"{"keys":[{"kty":"oct","k":"AAAA","k":"AAAB"}]}"#;
    assert_eq!(JwkSet::from_slice(inside).unwrap_err(), Error::JsonDuplicateMember);
}

#[test]
fn public_keys_do_not_sign() {
    for algorithm in [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] {
        let public = jwk(algorithm).public().unwrap();
        assert!(!public.is_private());
        assert_eq!(SigningKey::from_jwk(&public, algorithm).unwrap_err(), Error::KeyNotPrivate);
    }
}

#[test]
fn a_kid_that_no_verifier_of_ours_takes_is_not_signed_with() {
    let long = jwk(Algorithm::ES256).clone().with_kid("k".repeat(257));
    assert_eq!(SigningKey::from_jwk(&long, Algorithm::ES256).unwrap_err(), Error::KidTooLong);
}

#[test]
fn secrets_have_no_public_form() {
    let secret = jwk(Algorithm::HS256);
    assert!(secret.public().is_none());
    assert_eq!(secret.public_value().unwrap_err(), Error::KeyIsSymmetric);
    let set: JwkSet = Algorithm::ALL.iter().map(|algorithm| jwk(*algorithm).clone()).collect();
    let published = set.to_value();
    assert_eq!(published["keys"].as_array().unwrap().len(), Algorithm::ALL.len() - 3);
    for member in PRIVATE_MEMBERS {
        assert!(!published.to_string().contains(&format!("\"{member}\":")), "{member}");
    }
}

#[test]
fn debug_output_holds_no_key_material() {
    for &algorithm in Algorithm::ALL {
        let jwk = jwk(algorithm);
        let json: Value = serde_json::from_str(&jwk.to_private_json()).unwrap();
        let shown = format!(
            "{jwk:?} {:?} {:?}",
            SigningKey::from_jwk(jwk, algorithm).unwrap(),
            VerifyingKey::from_jwk(jwk, algorithm).unwrap(),
        );
        let secrets: Vec<&str> = PRIVATE_MEMBERS.iter().filter_map(|member| json[member].as_str()).collect();
        assert!(!secrets.is_empty());
        for secret in secrets {
            let bytes = format!("{:?}", base64url::decode(secret).unwrap());
            assert!(!shown.contains(secret) && !shown.contains(bytes.trim_matches(['[', ']'])), "{algorithm}");
        }
    }
}

#[test]
fn private_numbers_of_rsa_have_one_spelling_and_a_bound() {
    let key: Value = serde_json::from_str(&jwk(Algorithm::RS256).to_private_json()).unwrap();
    for name in ["d", "p", "q", "dp", "dq", "qi"] {
        let number = base64url::decode(key[name].as_str().unwrap()).unwrap();
        for wrong in [vec![], [&[0], &number[..]].concat(), [&[0; 4_000], &number[..]].concat(), vec![1; 257]] {
            let text = base64url::encode(&wrong);
            assert_eq!(refused(&with(key.clone(), &json!({ name: text }))), Error::KeyMemberInvalid(name));
        }
    }
    // In a set, too, where there is room for much more; this must not take long.
    let zeros = base64url::encode(&[&vec![0; 150_000][..], &[1]].concat());
    let set = json!({"keys": [with(key, &json!({"d": zeros, "p": zeros}))]}).to_string();
    assert_eq!(JwkSet::from_slice(set.as_bytes()).unwrap().skipped(), 1);
}

#[test]
fn a_choice_where_there_is_none_is_refused_before_a_key_is_made() {
    for algorithm in [Algorithm::ES256, Algorithm::HS256, Algorithm::EdDSA] {
        assert_eq!(Jwk::generate_rsa(4096, algorithm).unwrap_err(), Error::KeyAlgorithm, "{algorithm}");
    }
    for management in [KeyManagement::RsaOaep256, KeyManagement::A128Kw, KeyManagement::Dir] {
        assert_eq!(Jwk::generate_on(KeyCurve::P384, management).unwrap_err(), Error::KeyAlgorithm, "{management}");
    }
    assert_eq!(Jwk::generate_rsa(1024, Algorithm::RS256).unwrap_err(), Error::RsaModulusSize);
}

#[test]
fn a_set_skips_and_counts_what_it_does_not_understand() {
    let good = with(ec(), &json!({"kid": "good", "d": null}));
    let set = json!({"keys": [
        good,
        {"kty": "future", "kid": "a"},
        with(ec(), &json!({"use": "enc"})),
        with(ec(), &json!({"crv": "P-999"})),
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        "not a key",
        null,
    ]});
    let set = JwkSet::from_slice(set.to_string().as_bytes()).unwrap();
    // A key for encryption is understood, and verifies nothing.
    assert_eq!((set.keys().len(), set.skipped()), (2, 5));
    let verifying: Vec<_> =
        VerifyingKeys::from_jwks(&set, Algorithm::ALL).iter().map(|key| key.kid().map(str::to_owned)).collect();
    assert_eq!(verifying, [Some("good".to_owned())]);
    assert!(set.find(Some("good"), Algorithm::ES256).is_some());
    assert!(set.find(None, Algorithm::ES256).is_some());
    assert!(set.find(Some("good"), Algorithm::ES384).is_none());
    assert!(set.find(Some("bad"), Algorithm::ES256).is_none());
}

#[test]
fn a_set_that_is_none_is_refused() {
    for (json, error) in [
        ("[]", Error::JsonShape),
        ("{}", Error::KeyMemberMissing("keys")),
        (r#"{"keys":{}}"#, Error::JsonShape),
        (r#"{"keys":null}"#, Error::JsonShape),
        ("", Error::JsonSyntax),
    ] {
        assert_eq!(JwkSet::from_slice(json.as_bytes()).unwrap_err(), error, "{json}");
    }
    let many = json!({"keys": vec![json!({}); 257]});
    assert_eq!(JwkSet::from_value(&many).unwrap_err(), Error::KeyCount);
    let huge = format!(r#"{{"keys":[],"x":"{}"}}"#, "x".repeat(512 * 1024));
    assert_eq!(JwkSet::from_slice(huge.as_bytes()).unwrap_err(), Error::JsonTooLong);
}

#[test]
fn a_shared_secret_in_a_fetched_set_is_no_verifying_key() {
    let set = json!({"keys": [{"kty": "oct", "kid": "s", "k": base64url::encode(&[1; 64])}]});
    let set = JwkSet::from_value(&set).unwrap();
    assert!(VerifyingKeys::from_jwks(&set, Algorithm::ALL).is_empty());
}

#[test]
fn a_key_without_alg_gets_the_first_allowed_one_that_fits_and_no_other() {
    let set: JwkSet = [rsa_jwk().with_kid("r")].into_iter().collect();
    let keys = VerifyingKeys::from_jwks(&set, &[Algorithm::ES256, Algorithm::RS256, Algorithm::PS256]);
    assert!(keys.find(Some("r"), "RS256").is_some());
    assert!(keys.find(Some("r"), "PS256").is_none());
    assert!(VerifyingKeys::from_jwks(&set, &[Algorithm::ES256]).is_empty());
}

#[test]
fn which_key_a_header_means() {
    let key = |algorithm: Algorithm, kid: &str| {
        VerifyingKey::from_jwk(&jwk(algorithm).clone().with_kid(kid), algorithm).unwrap()
    };
    let keys: VerifyingKeys = [
        key(Algorithm::ES256, "a"),
        key(Algorithm::EdDSA, "b"),
        key(Algorithm::RS256, "c"),
        key(Algorithm::RS256, "d"),
    ]
    .into_iter()
    .collect();
    assert_eq!(keys.find(Some("b"), "EdDSA").unwrap().kid(), Some("b"));
    assert_eq!(keys.find(Some("d"), "RS256").unwrap().kid(), Some("d"));
    assert_eq!(keys.find(None, "ES256").unwrap().kid(), Some("a"), "the only one of its kind");
    assert!(keys.find(None, "RS256").is_none(), "two would do");
    assert!(keys.find(Some("a"), "EdDSA").is_none(), "the header does not choose");
    assert!(keys.find(Some("z"), "ES256").is_none());
    assert!(keys.find(Some("A"), "ES256").is_none());
    let unnamed = Jwk::from_value(&with(ec(), &json!({"d": null}))).unwrap();
    let single = VerifyingKeys::single(VerifyingKey::from_jwk(&unnamed, Algorithm::ES256).unwrap());
    assert!(single.find(Some("any"), "ES256").is_some(), "a key without a name answers to all");
    assert!(single.find(Some("any"), "ES384").is_none());
}
