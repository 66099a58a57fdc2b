//! Attacks on the form of a token, its header and its signature (RFC 7515, RFC 8725 §2).

use serde_json::{Value, json};
use symbolon_jose::jws::compact::{MAX_TOKEN_LEN, Unverified};
use symbolon_jose::jwt::{self, Claims};
use symbolon_jose::{Algorithm, Error, ErrorKind, Jwk, JwkSet, SigningKey, VerifyingKey, VerifyingKeys, base64url};

use crate::support::{
    KEYS, NOW, SECRET, claims, encoded, forge, hs256_keys, jwk, policy, refused, rsa_jwk, signing, tag, verifying,
};

fn keys(algorithm: Algorithm) -> VerifyingKeys {
    VerifyingKeys::single(verifying(algorithm))
}

fn token(algorithm: Algorithm) -> String {
    jwt::sign(&signing(algorithm), "JWT", &claims(json!({}))).unwrap()
}

fn good_payload() -> String {
    claims(json!({})).to_string()
}

/// The token with another signature.
fn with_signature(token: &str, signature: &[u8]) -> String {
    let (signed, _) = token.rsplit_once('.').unwrap();
    format!("{signed}.{}", base64url::encode(signature))
}

fn signature(token: &str) -> Vec<u8> {
    base64url::decode(token.rsplit_once('.').unwrap().1).unwrap()
}

#[test]
fn every_algorithm_signs_and_verifies() {
    for (algorithm, _) in KEYS.iter() {
        let token = token(*algorithm);
        let keys = keys(*algorithm);
        // Twice: the second time the header is known.
        for _ in 0..2 {
            let verified = jwt::verify::<Claims>(&token, &keys, &policy(), NOW).unwrap();
            assert_eq!((verified.algorithm(), verified.kid()), (*algorithm, Some(algorithm.name())));
        }
    }
}

#[test]
fn no_algorithm_verifies_under_another() {
    // Rows 3, 4: also not those of the same family, and under the very same key where it fits both.
    let key = |algorithm: Algorithm| {
        let jwk = if algorithm.is_symmetric() { Jwk::oct(&[7; 64], algorithm) } else { Ok(jwk(algorithm).clone()) };
        jwk.unwrap().with_kid("k")
    };
    let ed = |algorithm: Algorithm| matches!(algorithm, Algorithm::EdDSA | Algorithm::Ed25519);
    for (signed_with, _) in KEYS.iter() {
        let signing = SigningKey::from_jwk(&key(*signed_with), *signed_with).unwrap();
        let token = jwt::sign(&signing, "JWT", &claims(json!({}))).unwrap();
        for (verified_with, _) in KEYS.iter().filter(|(other, _)| other != signed_with) {
            if ed(*signed_with) && ed(*verified_with) {
                continue; // two names of one algorithm, see below
            }
            let verifying = VerifyingKey::from_jwk(&key(*verified_with), *verified_with).unwrap();
            let error = Unverified::parse(&token).unwrap().verify(&verifying).unwrap_err();
            assert_eq!(error, Error::AlgorithmMismatch, "{signed_with} {verified_with}");
            let error = refused(&token, &VerifyingKeys::single(verifying));
            assert_eq!(error, Error::AlgorithmMismatch, "{signed_with} {verified_with}");
        }
    }
}

#[test]
fn both_names_of_ed25519_verify_and_each_key_writes_its_own() {
    // RFC 9864 §2.2.
    let jwk = Jwk::from_slice(jwk(Algorithm::EdDSA).to_private_json().as_bytes()).unwrap();
    for (written, verified) in [(Algorithm::Ed25519, Algorithm::EdDSA), (Algorithm::EdDSA, Algorithm::Ed25519)] {
        let key = SigningKey::from_jwk(&jwk, written).unwrap();
        let token = jwt::sign(&key, "JWT", &claims(json!({}))).unwrap();
        assert_eq!(Unverified::parse(&token).unwrap().alg(), written.name());
        let keys = VerifyingKeys::single(VerifyingKey::from_jwk(&jwk, verified).unwrap());
        jwt::verify::<Claims>(&token, &keys, &policy(), NOW).unwrap();
    }
}

#[test]
fn alg_none_does_not_exist() {
    // Row 1, in every spelling, with and without a signature.
    for alg in ["none", "None", "NONE", "nOnE", "none ", "", "null"] {
        let header = json!({"alg": alg}).to_string();
        let unsigned = format!("{}.", encoded(&header, &good_payload()));
        for token in [&unsigned, &forge(&header, &good_payload(), SECRET), &forge(&header, &good_payload(), b"")] {
            assert_eq!(refused(token, &hs256_keys()), Error::AlgorithmMismatch, "{alg}");
            assert_eq!(refused(token, &keys(Algorithm::RS256)), Error::AlgorithmMismatch, "{alg}");
        }
    }
}

#[test]
fn a_public_key_is_never_an_hmac_secret() {
    // Rows 2, 18, 19, 20: whatever form of the public key the attacker signs with.
    let key = rsa_jwk();
    let public = key.public_value().unwrap();
    let modulus = public["n"].as_str().unwrap();
    let der = base64url::decode(modulus).unwrap();
    let pem = format!("-----BEGIN RSA PUBLIC KEY-----\n{modulus}\n-----END RSA PUBLIC KEY-----\n");
    let json = public.to_string();
    let secrets: [&[u8]; 7] =
        [&der, pem.as_bytes(), pem.trim().as_bytes(), json.as_bytes(), modulus.as_bytes(), b"", b"AQAB"];
    let set: JwkSet = [key.public().unwrap()].into_iter().collect();
    for keys in [
        keys(Algorithm::RS256),
        VerifyingKeys::from_jwks(&set, Algorithm::ALL),
        VerifyingKeys::from_jwks(&set, &[Algorithm::HS256, Algorithm::RS256]),
    ] {
        for secret in secrets {
            let token = forge(r#"{"alg":"HS256"}"#, &good_payload(), secret);
            assert_eq!(refused(&token, &keys), Error::AlgorithmMismatch);
        }
    }
}

#[test]
fn a_key_from_the_header_is_never_used() {
    // Row 16: jwk, jku, x5u, x5c of the attacker, and a correct signature under them.
    let attacker = Jwk::generate(Algorithm::ES256).unwrap();
    let own = jwk(Algorithm::ES256);
    for extra in [
        json!({"jwk": attacker.public_value().unwrap()}),
        json!({"jku": "https://evil.example/jwks.json"}),
        json!({"x5u": "file:///etc/passwd"}),
        json!({"x5c": ["MIIB"], "x5t": "AAAA", "x5t#S256": "AAAA"}),
    ] {
        let mut header = json!({"alg": "ES256", "kid": own.kid()});
        header.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let token = format!("{}.{}", encoded(&header.to_string(), &good_payload()), base64url::encode(&[7; 64]));
        assert_eq!(refused(&token, &keys(Algorithm::ES256)), Error::SignatureInvalid, "{header}");
    }
}

#[test]
fn kid_is_a_name_and_nothing_else() {
    for kid in ["../../../../dev/null", "' OR 1=1 --", "https://evil.example/key", "|id", "\u{0}", ""] {
        let header = json!({"alg": "ES256", "kid": kid}).to_string();
        let token = format!("{}.{}", encoded(&header, &good_payload()), base64url::encode(&[7; 64]));
        let set: VerifyingKeys = [Algorithm::ES256, Algorithm::EdDSA].map(verifying).into_iter().collect();
        assert_eq!(refused(&token, &set), Error::UnknownKey, "{kid}");
    }
}

#[test]
fn zero_and_overflowing_ecdsa_numbers_are_refused() {
    // Row 15, CVE-2022-21449.
    for (algorithm, half) in [(Algorithm::ES256, 32), (Algorithm::ES384, 48), (Algorithm::ES512, 66)] {
        let token = token(algorithm);
        let good = signature(&token);
        assert_eq!(good.len(), 2 * half);
        let zero = vec![0; half];
        let ones = vec![0xff; half];
        let (r, s) = good.split_at(half);
        for forged in [[&zero[..], &zero], [r, &zero], [&zero, s]] {
            let forged = with_signature(&token, &forged.concat());
            assert_eq!(refused(&forged, &keys(algorithm)), Error::SignatureZero);
        }
        for forged in [[&ones[..], &ones], [r, &ones], [&ones, s]] {
            let forged = with_signature(&token, &forged.concat());
            assert_eq!(refused(&forged, &keys(algorithm)), Error::SignatureInvalid);
        }
    }
}

#[test]
fn ecdsa_in_der_is_refused() {
    // Row 28: the same numbers in another coat.
    let token = token(Algorithm::ES256);
    let raw = signature(&token);
    let integer = |number: &[u8]| {
        let number: Vec<u8> = number.iter().copied().skip_while(|&byte| byte == 0).collect();
        let pad = usize::from(number[0] >= 0x80);
        [vec![2, u8::try_from(number.len() + pad).unwrap()], vec![0; pad], number].concat()
    };
    let body = [integer(&raw[..32]), integer(&raw[32..])].concat();
    let der = [vec![0x30, u8::try_from(body.len()).unwrap()], body].concat();
    assert_eq!(refused(&with_signature(&token, &der), &keys(Algorithm::ES256)), Error::SignatureLength);
}

#[test]
fn ed25519_with_s_not_below_the_order_is_refused() {
    // RFC 8032 §5.1.7: S + L would verify in a careless implementation.
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, //
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let token = token(Algorithm::EdDSA);
    let mut forged = signature(&token);
    let mut carry = 0;
    for (byte, order) in forged[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_eq!(refused(&with_signature(&token, &forged), &keys(Algorithm::EdDSA)), Error::SignatureInvalid);
}

#[test]
fn short_empty_and_long_signatures_are_refused() {
    // Row 27.
    for (algorithm, _) in KEYS.iter() {
        let token = token(*algorithm);
        let good = signature(&token);
        for len in [0, 1, good.len() / 2, good.len() - 1] {
            let forged = with_signature(&token, &good[..len]);
            assert_eq!(refused(&forged, &keys(*algorithm)), Error::SignatureLength, "{algorithm} {len}");
        }
        let long = with_signature(&token, &[&good[..], &[0]].concat());
        assert_eq!(refused(&long, &keys(*algorithm)), Error::SignatureLength, "{algorithm}");
        let padded = with_signature(&token, &[&[0], &good[..]].concat());
        assert_eq!(refused(&padded, &keys(*algorithm)), Error::SignatureLength, "{algorithm}");
    }
    let huge = with_signature(&token(Algorithm::ES256), &[1; 8192]);
    assert_eq!(refused(&huge, &keys(Algorithm::ES256)), Error::SignatureLength);
}

#[test]
fn every_single_byte_counts() {
    for (algorithm, _) in KEYS.iter() {
        let token = token(*algorithm);
        let keys = keys(*algorithm);
        jwt::verify::<Claims>(&token, &keys, &policy(), NOW).unwrap();
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(jwt::verify::<Claims>(&changed, &keys, &policy(), NOW).is_err(), "{algorithm} {at}");
        }
    }
}

#[test]
fn truncated_and_extended_tokens_are_refused() {
    let token = token(Algorithm::HS256);
    let keys = keys(Algorithm::HS256);
    let signature_at = token.rfind('.').unwrap() + 1;
    for end in 0..token.len() {
        let error = refused(&token[..end], &keys);
        if end < signature_at {
            assert_eq!(error, Error::NotCompact, "{end}");
        } else {
            let cut = [Error::Base64Invalid, Error::Base64NotCanonical, Error::SignatureLength];
            assert!(cut.contains(&error), "{end} {error:?}");
        }
    }
    for (more, why) in [
        ("A", Error::SignatureLength),
        ("AAAA", Error::SignatureLength),
        ("=", Error::Base64Padded),
        (" ", Error::Base64Surrounded),
        ("\n", Error::Base64Surrounded),
        ("\0", Error::Base64Invalid),
        ("é", Error::Base64Invalid),
        (".", Error::NotCompact),
        (".AAAA", Error::NotCompact),
    ] {
        assert_eq!(refused(&format!("{token}{more}"), &keys), why, "{more:?}");
        let before = refused(&format!("{more}{token}"), &keys);
        assert_eq!(before.kind(), ErrorKind::Malformed, "{more:?} {before:?}");
    }
}

#[test]
fn only_three_segments_make_a_token() {
    for (token, error) in [
        ("", Error::NotCompact),
        ("a", Error::NotCompact),
        ("a.b", Error::NotCompact),
        ("a.b.c.d", Error::NotCompact),
        // Row 29: five segments are a JWE, which is not what is expected.
        ("a.b.c.d.e", Error::Encrypted),
        ("a.b.c.d.e.f", Error::NotCompact),
        ("..", Error::JsonSyntax),
    ] {
        assert_eq!(Unverified::parse(token).unwrap_err(), error, "{token}");
    }
    // Row 34.
    assert_eq!(Unverified::parse(&".".repeat(MAX_TOKEN_LEN)).unwrap_err(), Error::NotCompact);
}

#[test]
fn polyglots_of_compact_and_json_are_refused() {
    // Row 26, CVE-2022-39227: a JSON text that holds a whole compact token.
    let good = token(Algorithm::HS256);
    let (header, rest) = good.split_once('.').unwrap();
    let (payload, signature) = rest.split_once('.').unwrap();
    let forged = base64url::encode(claims(json!({"sub": "root"})).to_string().as_bytes());
    for (polyglot, why) in [
        (
            format!(
                r#"{{"  {header}.{forged}.":"","protected":"{header}","payload":"{payload}","signature":"{signature}"}}"#
            ),
            Error::NotCompact,
        ),
        (format!(r#"{{"payload":"{payload}","protected":"{header}","signature":"{signature}"}}"#), Error::NotCompact),
        (format!("{header}.{forged}.{signature}"), Error::SignatureInvalid),
        (format!("{header}.{payload}.{forged}.{signature}"), Error::NotCompact),
    ] {
        assert_eq!(refused(&polyglot, &keys(Algorithm::HS256)), why, "{polyglot}");
    }
}

#[test]
fn base64url_is_strict_in_every_segment() {
    let good = token(Algorithm::RS256);
    let keys = keys(Algorithm::RS256);
    let segments: Vec<&str> = good.split('.').collect();
    for (change, why) in [
        ("=", Error::Base64Padded),
        ("==", Error::Base64Padded),
        ("\n", Error::Base64Surrounded),
        (" ", Error::Base64Surrounded),
        ("\r\n", Error::Base64Surrounded),
        ("+", Error::Base64Invalid),
        ("/", Error::Base64Invalid),
        ("%3D", Error::Base64Invalid),
    ] {
        // What stands in the payload has been signed, and is read only if it was.
        for (at, why) in [(0, why), (1, Error::SignatureInvalid), (2, why)] {
            let mut changed: Vec<String> = segments.iter().map(ToString::to_string).collect();
            changed[at].push_str(change);
            assert_eq!(refused(&changed.join("."), &keys), why, "{at} {change:?}");
        }
    }
    for (payload, why) in [("e30=", Error::Base64Padded), ("e31", Error::Base64NotCanonical), ("ew", Error::JsonSyntax)]
    {
        let signed = format!("{}.{payload}", base64url::encode(br#"{"alg":"HS256"}"#));
        assert_eq!(refused(&format!("{signed}.{}", tag(&signed, SECRET)), &hs256_keys()), why, "{payload}");
    }
    // 256 bytes leave 4 unused bits in the last character: of its 64 values 4 are canonical, and one is the signature.
    let last = good.chars().next_back().unwrap();
    let others = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']).filter(|&other| other != last);
    let errors: Vec<Error> =
        others.map(|other| refused(&format!("{}{other}", &good[..good.len() - 1]), &keys)).collect();
    let count = |why| errors.iter().filter(|error| **error == why).count();
    assert_eq!((count(Error::Base64NotCanonical), count(Error::SignatureInvalid)), (60, 3));
}

#[test]
fn long_tokens_are_refused_before_anything_is_decoded() {
    // Rows 14, 35.
    let long = forge(r#"{"alg":"HS256"}"#, &claims(json!({"x": "x".repeat(MAX_TOKEN_LEN)})).to_string(), SECRET);
    assert_eq!(refused(&long, &hs256_keys()), Error::TokenTooLong);
    let header =
        |len: usize| json!({"alg": "HS256", "x": "x".repeat(len - r#"{"alg":"HS256","x":""}"#.len())}).to_string();
    assert_eq!(refused(&forge(&header(5_000), &good_payload(), SECRET), &hs256_keys()), Error::HeaderTooLong);
    assert_eq!(refused(&forge(&header(4_097), &good_payload(), SECRET), &hs256_keys()), Error::HeaderTooLong);
    assert_eq!(header(4_096).len(), 4_096);
    assert!(Unverified::parse(&forge(&header(4_096), &good_payload(), SECRET)).is_ok());
    let signed = jwt::sign(&signing(Algorithm::HS256), "JWT", &json!({"x": "x".repeat(13_000)}));
    assert_eq!(signed.unwrap_err(), Error::TokenTooLong, "nor is one made");
}

#[test]
fn deep_and_wide_json_is_refused() {
    // Row 36, CVE-2025-53864.
    let deep = |depth: usize| format!(r#"{{"x":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    assert_eq!(refused(&forge(r#"{"alg":"HS256"}"#, &deep(16), SECRET), &hs256_keys()), Error::JsonTooDeep);
    assert_eq!(refused(&forge(r#"{"alg":"HS256"}"#, &deep(5000), SECRET), &hs256_keys()), Error::JsonTooDeep);
    assert_eq!(refused(&forge(&deep(1000), &good_payload(), SECRET), &hs256_keys()), Error::JsonTooDeep);
    // Four claims are registered, and count like the rest.
    let wide = |others: usize| {
        let mut wide = claims(json!({}));
        wide.as_object_mut().unwrap().extend((0..others).map(|n| (format!("c{n}"), json!(0))));
        forge(r#"{"alg":"HS256"}"#, &wide.to_string(), SECRET)
    };
    assert!(jwt::verify::<Claims>(&wide(252), &hs256_keys(), &policy(), NOW).is_ok());
    assert_eq!(refused(&wide(253), &hs256_keys()), Error::JsonTooManyMembers);
}

#[test]
fn duplicate_members_are_refused_in_header_and_claims() {
    for (name, escaped, value) in [
        ("aud", r"\u0061ud", r#""a""#),
        ("exp", r"e\u0078p", "1"),
        ("iat", r"ia\u0074", "1"),
        ("iss", r"\u0069ss", r#""i""#),
        ("jti", r"\u006ati", r#""j""#),
        ("nbf", r"\u006ebf", "1"),
        ("sub", r"\u0073ub", r#""s""#),
        ("other", r"\u006fther", "[]"),
    ] {
        for (one, two) in [(name, name), (name, escaped), (escaped, name)] {
            let twice = format!(r#"{{"{one}":{value},"x":1,"{two}":{value}}}"#);
            let error = refused(&forge(r#"{"alg":"HS256"}"#, &twice, SECRET), &hs256_keys());
            assert_eq!(error, Error::JsonDuplicateMember, "{twice}");
        }
    }
    let header = r#"{"alg":"HS256","alg":"HS256"}"#;
    assert_eq!(refused(&forge(header, &good_payload(), SECRET), &hs256_keys()), Error::JsonDuplicateMember);
}

#[test]
fn unknown_crit_is_refused() {
    // Row 25, CVE-2025-59420.
    let refused = |crit: &Value| {
        let header = json!({"alg": "HS256", "crit": crit, "bork": true}).to_string();
        refused(&forge(&header, &good_payload(), SECRET), &hs256_keys())
    };
    for crit in [json!(["bork"]), json!(["exp"]), json!(["bork", "b64"])] {
        assert_eq!(refused(&crit), Error::CritUnsupported, "{crit}");
    }
    for crit in [json!([]), json!("bork"), json!(["alg", "alg"]), json!(["alg"]), json!(null), json!([1])] {
        assert_eq!(refused(&crit), Error::CritInvalid, "{crit}");
    }
}

#[test]
fn expired_and_forged_is_forged() {
    // Row 39, CVE-2024-51744.
    let expired = claims(json!({"exp": 1})).to_string();
    let token = forge(r#"{"alg":"HS256"}"#, &expired, b"another secret that is long enough");
    assert_eq!(refused(&token, &hs256_keys()), Error::SignatureInvalid);
}

#[test]
fn errors_hold_nothing_of_the_token() {
    // Row 5, CVE-2019-7644: no expected signature, no claim, no key.
    let token = forge(r#"{"alg":"HS256","kid":"SENTINEL"}"#, r#"{"SENTINEL":"SENTINEL","exp":"SENTINEL"}"#, SECRET);
    let error = refused(&token, &hs256_keys());
    assert_eq!(error, Error::ClaimNotNumber("exp"));
    assert!(!format!("{error} {error:?}").contains("SENTINEL"));
    let forged = forge(r#"{"alg":"HS256"}"#, &good_payload(), b"no");
    assert_eq!(refused(&forged, &hs256_keys()).to_string(), "the signature does not verify");
}

#[test]
fn a_known_header_does_not_vouch_for_the_rest() {
    // The second token of a header skips its parsing; nothing else.
    let keys = hs256_keys();
    let header = r#"{"alg":"HS256","typ":"JWT"}"#;
    jwt::verify::<Claims>(&forge(header, &good_payload(), SECRET), &keys, &policy(), NOW).unwrap();
    let forged = forge(header, &good_payload(), b"another secret that is long enough");
    assert_eq!(refused(&forged, &keys), Error::SignatureInvalid);
    let typed = policy().accept_type("at+jwt");
    let error = jwt::verify::<Claims>(&forge(header, &good_payload(), SECRET), &keys, &typed, NOW).unwrap_err();
    assert_eq!(error, Error::TypeMismatch);
}

#[test]
fn a_known_header_stands_before_exactly_two_more_segments() {
    let keys = hs256_keys();
    let good = forge(r#"{"alg":"HS256"}"#, &good_payload(), SECRET);
    jwt::verify::<Claims>(&good, &keys, &policy(), NOW).unwrap();
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    for (token, error) in [
        (header.to_owned(), Error::NotCompact),
        (signed.to_owned(), Error::NotCompact),
        (format!("{header}{payload}.{signature}"), Error::NotCompact),
        (format!("{signed}.{payload}.{signature}"), Error::NotCompact),
        (format!("{good}.x"), Error::NotCompact),
        (format!("{good}."), Error::NotCompact),
        (format!("{header}.k.iv.{payload}.{signature}"), Error::Encrypted),
        (format!("{header}..{signature}"), Error::SignatureInvalid),
        (format!("{signed}."), Error::SignatureLength),
        (format!("{header}A.{payload}.{signature}"), Error::Base64Invalid),
        (format!("{header}.{}.{signature}", "A".repeat(MAX_TOKEN_LEN)), Error::TokenTooLong),
    ] {
        assert_eq!(refused(&token, &keys), error, "{token}");
    }
    for end in 0..good.len() {
        assert!(jwt::verify::<Claims>(&good[..end], &keys, &policy(), NOW).is_err(), "{end}");
    }
    // Also under a signature that fits: the dot is no part of a payload.
    for text in [format!("{header}.{payload}.{payload}"), format!("{header}..{payload}"), format!("{signed}.")] {
        let token = format!("{text}.{}", tag(&text, SECRET));
        assert_eq!(refused(&token, &keys), Error::NotCompact, "{token}");
    }
}

#[test]
fn more_headers_than_are_remembered_all_verify() {
    let keys = hs256_keys();
    for round in 0..3 {
        for n in 0..20 {
            let token = forge(&json!({"alg": "HS256", "typ": format!("t{n}")}).to_string(), &good_payload(), SECRET);
            let verified = jwt::verify::<Claims>(&token, &keys, &policy(), NOW).unwrap();
            assert_eq!(verified.typ(), Some(format!("t{n}").as_str()), "{round}");
        }
    }
}

#[test]
fn decode_unverified_shows_and_checks_form_only() {
    let parts = jwt::decode_unverified(&forge(r#"{"alg":"none"}"#, r#"{"sub":"ada"}"#, b"")).unwrap();
    assert_eq!((parts.header["alg"].as_str(), parts.claims["sub"].as_str()), (Some("none"), Some("ada")));
    assert!(jwt::decode_unverified("a.b").is_err());
    assert!(jwt::decode_unverified(&forge("[]", "{}", b"")).is_err());
}
