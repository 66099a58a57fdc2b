//! Encrypted tokens that must be refused, each for its own reason (RFC 7516 §4 and §5.2, RFC 8725 §3).

use serde_json::{Value, json};
use symbolon_jose::jwe::{
    Compression, DecryptingKey, DecryptingKeys, EncryptingKey, Header, MAX_TOKEN_LEN, PBES2_MAX_COUNT, compact,
};
use symbolon_jose::jwt::{self, Claims};
use symbolon_jose::{Algorithm, ContentEncryption, Error, Jwk, KeyCurve, KeyManagement, VerifyingKeys, base64url, jws};

use crate::support::{
    NOW, PASSWORD, claims, decrypting, encrypting, encryption_jwk, forge, hs256_keys, not_decrypted, policy, signing,
    verifying,
};

const ALG: KeyManagement = KeyManagement::A128Kw;
const ENC: ContentEncryption = ContentEncryption::A128Gcm;
const PBES2: KeyManagement = KeyManagement::Pbes2Hs256A128Kw;

fn token() -> String {
    compact::encrypt(&encrypting(ALG, ENC), &Header::default(), b"hello").unwrap()
}

/// A token with this header and something in all the other segments.
fn with_header(header: &str) -> String {
    format!("{}.{}.AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA", base64url::encode(header.as_bytes()), "A".repeat(32))
}

fn parsed(header: &str) -> Error {
    let token = with_header(header);
    let keys = DecryptingKeys::single(decrypting(ALG, ENC));
    let error = compact::Encrypted::parse(&token).unwrap_err();
    assert_eq!(compact::decrypt(&token, &keys).unwrap_err(), error, "{header}");
    error
}

#[test]
fn duplicate_members_are_refused_in_the_header_of_an_encrypted_token() {
    for header in [
        r#"{"alg":"A128KW","alg":"A128KW","enc":"A128GCM"}"#,
        r#"{"alg":"A128KW","enc":"A128GCM","enc":"A256GCM"}"#,
        r#"{"alg":"A128KW","enc":"A128GCM","x":1,"x":1}"#,
        r#"{"alg":"A128KW","enc":"A128GCM","zip":"DEF","z\u0069p":"DEF"}"#,
        r#"{"alg":"ECDH-ES","enc":"A128GCM","epk":{"kty":"OKP","crv":"X25519","x":"AA","x":"AA"}}"#,
    ] {
        assert_eq!(parsed(header), Error::JsonDuplicateMember, "{header}");
    }
}

#[test]
fn a_header_that_is_none_is_refused() {
    for (header, why) in [
        ("", Error::JsonSyntax),
        ("{", Error::JsonSyntax),
        ("[]", Error::HeaderInvalid),
        ("null", Error::HeaderInvalid),
        (r#"{"alg":"dir","enc":"A128GCM"}x"#, Error::JsonTrailing),
        (r#"{"enc":"A128GCM"}"#, Error::AlgorithmMissing),
        (r#"{"alg":"dir"}"#, Error::HeaderMemberMissing("enc")),
        (r#"{"alg":1,"enc":"A128GCM"}"#, Error::HeaderInvalid),
        (r#"{"alg":["A128KW"],"enc":"A128GCM"}"#, Error::HeaderInvalid),
        (r#"{"alg":"A128KW","enc":null}"#, Error::HeaderInvalid),
        (r#"{"alg":"A128KW","enc":"A128GCM","kid":7}"#, Error::HeaderInvalid),
        (r#"{"alg":"A128KW","enc":"A128GCM","typ":null}"#, Error::HeaderInvalid),
        (r#"{"alg":"A128KW","enc":"A128GCM","cty":[]}"#, Error::HeaderInvalid),
        (r#"{"alg":"A128KW","enc":"A128GCM","zip":true}"#, Error::HeaderInvalid),
        (r#"{"alg":"A128KW","enc":"A128GCM","zip":"GZIP"}"#, Error::HeaderMemberInvalid("zip")),
    ] {
        assert_eq!(parsed(header), why, "{header}");
    }
}

#[test]
fn unknown_crit_is_refused_in_an_encrypted_token_too() {
    for (crit, why) in [
        (r#"["exp"]"#, Error::CritUnsupported),
        (r#"["b64"]"#, Error::CritUnsupported),
        (r#"["zip"]"#, Error::CritInvalid),
        (r#"["enc"]"#, Error::CritInvalid),
        (r#"["exp","exp"]"#, Error::CritInvalid),
        ("[]", Error::CritInvalid),
        ("null", Error::CritInvalid),
        (r#""exp""#, Error::CritInvalid),
    ] {
        let header = format!(r#"{{"alg":"A128KW","enc":"A128GCM","exp":1,"b64":true,"crit":{crit}}}"#);
        assert_eq!(parsed(&header), why, "{crit}");
    }
}

#[test]
fn header_token_and_kid_are_bounded() {
    let long = |len: usize| format!(r#"{{"alg":"A128KW","enc":"A128GCM","x":"{}"}}"#, "x".repeat(len));
    assert_eq!(parsed(&long(4096)), Error::HeaderTooLong);
    let kid = format!(r#"{{"alg":"A128KW","enc":"A128GCM","kid":"{}"}}"#, "k".repeat(257));
    assert_eq!(parsed(&kid), Error::KidTooLong);
    let deep = format!(r#"{{"alg":"A128KW","enc":"A128GCM","x":{}{}}}"#, "[".repeat(8), "]".repeat(8));
    assert_eq!(parsed(&deep), Error::JsonTooDeep);
    let wide: Vec<String> = (0..40).map(|n| format!(r#""m{n}":0"#)).collect();
    let wide = format!(r#"{{"alg":"A128KW","enc":"A128GCM",{}}}"#, wide.join(","));
    assert_eq!(parsed(&wide), Error::JsonTooManyMembers);
    // Before anything is decoded.
    for token in ["A".repeat(MAX_TOKEN_LEN + 1), format!("{}.{}...", "A".repeat(100), "A".repeat(MAX_TOKEN_LEN))] {
        assert_eq!(compact::Encrypted::parse(&token).unwrap_err(), Error::TokenTooLong);
    }
}

#[test]
fn what_our_recipients_would_refuse_is_not_encrypted() {
    let key = encrypting(ALG, ENC);
    let encrypt = |header: &Header<'_>, len: usize| compact::encrypt(&key, header, &vec![0; len]).map(drop);
    let most = MAX_TOKEN_LEN / 4 * 3;
    assert_eq!(encrypt(&Header::default(), most), Err(Error::TokenTooLong));
    assert_eq!(encrypt(&Header::default(), most - 200), Ok(()));
    let long = "t".repeat(4096);
    assert_eq!(encrypt(&Header { typ: Some(&long), ..Header::default() }, 1), Err(Error::HeaderTooLong));
    let agreeing = encrypting(KeyManagement::EcdhEs, ENC);
    let parties = Header { apu: Some(&[0; 4096]), ..Header::default() };
    assert_eq!(compact::encrypt(&agreeing, &parties, b"").unwrap_err(), Error::HeaderTooLong);
    assert_eq!(jws::compact::sign(&signing(Algorithm::HS256), Some(&long), b"").unwrap_err(), Error::HeaderTooLong);
}

#[test]
fn other_spellings_of_each_of_five_segments_are_refused() {
    let key = decrypting(ALG, ENC);
    let token = token();
    let segments: Vec<&str> = token.split('.').collect();
    for index in 0..5 {
        let changed = |text: String| {
            let mut segments = segments.clone();
            segments[index] = &text;
            not_decrypted(&segments.join("."), &key)
        };
        let segment = segments[index];
        assert_eq!(changed(format!("{segment}=")), Error::Base64Padded, "{index}");
        for surrounded in [format!("{segment}\n"), format!(" {segment}"), format!("{segment}\r\n")] {
            assert_eq!(changed(surrounded), Error::Base64Surrounded, "{index}");
        }
        for foreign in [format!("{segment}+"), format!("{segment}\0"), format!("{segment}é"), "A".to_owned()] {
            assert_eq!(changed(foreign), Error::Base64Invalid, "{index}");
        }
        // A segment whose last character has bits to spare has them zero.
        if segment.len() % 4 > 1 {
            let last = segment.chars().next_back().unwrap();
            let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let next = alphabet.chars().nth(alphabet.find(last).unwrap() + 1).unwrap();
            let other = format!("{}{next}", &segment[..segment.len() - 1]);
            assert_eq!(changed(other), Error::Base64NotCanonical, "{index}");
        }
    }
}

#[test]
fn only_five_segments_make_an_encrypted_token() {
    let token = token();
    for other in [String::new(), "a".into(), "a.b".into(), "a.b.c.d".into(), format!("{token}."), format!("{token}.a")]
    {
        assert_eq!(compact::Encrypted::parse(&other).unwrap_err(), Error::NotCompact, "{other}");
    }
    assert_eq!(compact::Encrypted::parse("a.b.c").unwrap_err(), Error::NotEncrypted);
    for surrounded in [format!(" {token}"), format!("{token}\n")] {
        assert_eq!(not_decrypted(&surrounded, &decrypting(ALG, ENC)), Error::Base64Surrounded);
    }
    // Every segment may be empty where it is the one that is; nothing panics over it (CVE-2026-34986).
    assert_eq!(compact::Encrypted::parse("....").unwrap_err(), Error::JsonSyntax);
}

#[test]
fn malformed_encrypted_keys_panic_nowhere_cve_2026_34986() {
    for &alg in KeyManagement::ALL {
        let token = compact::encrypt(&encrypting(alg, ENC), &Header::default(), b"hello").unwrap();
        let segments: Vec<&str> = token.split('.').collect();
        for encrypted_key in ["", "AA", "AAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAA"] {
            let rest = segments[2..].join(".");
            let changed = format!("{}.{encrypted_key}.{rest}", segments[0]);
            if changed != token {
                assert_eq!(not_decrypted(&changed, &decrypting(alg, ENC)), Error::DecryptionFailed, "{alg}");
            }
        }
        let empty = format!("{}....", segments[0]);
        assert_eq!(not_decrypted(&empty, &decrypting(alg, ENC)), Error::DecryptionFailed, "{alg}");
    }
}

#[test]
fn enc_must_be_one_that_the_key_is_for() {
    let jwk = encryption_jwk(ALG, ENC);
    let key = DecryptingKey::from_jwk(&jwk, ALG, &[ContentEncryption::A256Gcm]).unwrap();
    assert_eq!(not_decrypted(&token(), &key), Error::ContentEncryptionMismatch);
    for enc in ["none", "A128gcm", "A128CBC", "", "dir"] {
        let header = json!({"alg": "A128KW", "enc": enc}).to_string();
        assert_eq!(not_decrypted(&with_header(&header), &decrypting(ALG, ENC)), Error::ContentEncryptionMismatch);
    }
}

#[test]
fn alg_must_be_the_keys_own() {
    for &alg in KeyManagement::ALL {
        let key = decrypting(alg, ENC);
        for other in KeyManagement::ALL.iter().map(|it| it.name()).chain(["RSA1_5", "none", "", "a128kw"]) {
            let header = json!({"alg": other, "enc": "A128GCM", "p2s": "AAAAAAAAAAAA", "p2c": 1}).to_string();
            if other != alg.name() {
                assert_eq!(not_decrypted(&with_header(&header), &key), Error::AlgorithmMismatch, "{alg} {other}");
            }
        }
    }
}

/// A token under a password with this count and salt, as JSON, and one key that accepts up to `max`.
fn pbes2(p2s: &str, p2c: &str, max: u32) -> Error {
    let header = format!(r#"{{"alg":"{PBES2}","enc":"A128GCM","p2s":{p2s},"p2c":{p2c}}}"#);
    let key = DecryptingKey::from_password(PASSWORD, PBES2, &[ENC]).unwrap().max_pbes2_count(max);
    not_decrypted(&with_header(&header), &key)
}

#[test]
fn pbes2_counts_out_of_bounds_are_refused_before_any_work() {
    // Row 73, CVE-2023-50658, CVE-2023-51775: had any of them been applied, this would take minutes.
    let salt = r#""AAAAAAAAAAA""#;
    for count in ["0", "1", "999", "1200001", "4294967295", "4294968296", "18446744073709551615"] {
        assert_eq!(pbes2(salt, count, u32::MAX), Error::Pbes2Count, "{count}");
    }
    assert_eq!(pbes2(salt, "2001", 2_000), Error::Pbes2Count);
    assert_eq!(pbes2(salt, "1000", 2_000), Error::DecryptionFailed);
    for count in ["-1", "1000.0", "1e3", "1000.5", r#""1000""#, "null", "[1000]", "18446744073709551616"] {
        assert_eq!(pbes2(salt, count, u32::MAX), Error::HeaderInvalid, "{count}");
    }
    for p2s in [r#""""#, r#""AAAAAAAAAA""#] {
        assert_eq!(pbes2(p2s, "1000", u32::MAX), Error::HeaderMemberInvalid("p2s"), "{p2s}");
    }
    let key = decrypting(PBES2, ENC);
    for (header, missing) in [
        (json!({"alg": PBES2, "enc": "A128GCM", "p2c": 1000}), "p2s"),
        (json!({"alg": PBES2, "enc": "A128GCM", "p2s": "AAAAAAAAAAA"}), "p2c"),
    ] {
        let error = not_decrypted(&with_header(&header.to_string()), &key);
        assert_eq!(error, Error::HeaderMemberMissing(missing));
    }
}

#[test]
fn our_own_passwords_are_applied_often_enough() {
    for (count, good) in
        [(0, false), (999, false), (1_000, true), (PBES2_MAX_COUNT, true), (PBES2_MAX_COUNT + 1, false)]
    {
        let key = EncryptingKey::from_password_with_count(PASSWORD, count, PBES2, ENC);
        assert_eq!(key.err(), (!good).then_some(Error::Pbes2Count), "{count}");
    }
    assert_eq!(EncryptingKey::from_password(b"", PBES2, ENC).unwrap_err(), Error::KeyLength);
    assert_eq!(DecryptingKey::from_password(b"", PBES2, &[ENC]).unwrap_err(), Error::KeyLength);
    assert_eq!(DecryptingKey::from_password(PASSWORD, ALG, &[ENC]).unwrap_err(), Error::KeyAlgorithm);
    // A bound cannot be lifted above the general one.
    let key = DecryptingKey::from_password(PASSWORD, PBES2, &[ENC]).unwrap().max_pbes2_count(u32::MAX);
    let header = json!({"alg": PBES2, "enc": "A128GCM", "p2s": "AAAAAAAAAAA", "p2c": PBES2_MAX_COUNT + 1}).to_string();
    assert_eq!(not_decrypted(&with_header(&header), &key), Error::Pbes2Count);
}

fn ecdh(epk: &Value, key: &DecryptingKey) -> Error {
    let header = json!({"alg": key.key_management(), "enc": "A128GCM", "epk": epk});
    not_decrypted(&with_header(&header.to_string()), key)
}

#[test]
fn an_epk_off_its_curve_is_refused() {
    // RFC 8725 §3.4, CVE-2017-16007: an invalid-curve attack brings the private key out bit by bit.
    for (curve, len) in [(KeyCurve::P256, 32), (KeyCurve::P384, 48), (KeyCurve::P521, 66)] {
        for alg in [KeyManagement::EcdhEs, KeyManagement::EcdhEsA256Kw] {
            let jwk = Jwk::generate_on(curve, alg).unwrap();
            let key = DecryptingKey::from_jwk(&jwk, alg, &[ENC]).unwrap();
            let point = |x: &[u8], y: &[u8]| json!({"kty": "EC", "crv": curve.name(), "x": base64url::encode(x), "y": base64url::encode(y)});
            for byte in [0, 1, 2, 0xff] {
                assert_eq!(ecdh(&point(&vec![byte; len], &vec![byte; len]), &key), Error::PointOffCurve);
            }
            let mut swapped = jwk.public_value().unwrap();
            let x = swapped["x"].take();
            let y = std::mem::replace(&mut swapped["y"], x);
            swapped["x"] = y;
            assert_eq!(
                ecdh(&json!({"kty": "EC", "crv": curve.name(), "x": swapped["x"], "y": swapped["y"]}), &key),
                Error::PointOffCurve
            );
            for (x, y) in [(len - 1, len), (len, len + 1), (0, 0)] {
                let error = ecdh(&point(&vec![1; x], &vec![1; y]), &key);
                assert_eq!(error, Error::HeaderMemberInvalid("epk"), "{x} {y}");
            }
        }
    }
}

#[test]
fn an_epk_of_low_order_is_refused_also_with_the_top_bit_set() {
    let jwk = Jwk::generate_on(KeyCurve::X25519, KeyManagement::EcdhEs).unwrap();
    let key = DecryptingKey::from_jwk(&jwk, KeyManagement::EcdhEs, &[ENC]).unwrap();
    for mut point in low_order() {
        for top in [0, 0x80] {
            point[31] = point[31] & 0x7f | top;
            let x = base64url::encode(&point);
            let epk = json!({"kty": "OKP", "crv": "X25519", "x": x});
            assert_eq!(ecdh(&epk, &key), Error::PointLowOrder, "{point:?}");
            assert_eq!(Jwk::from_value(&epk).unwrap_err(), Error::PointLowOrder, "{point:?}");
        }
    }
    let short = json!({"kty": "OKP", "crv": "X25519", "x": base64url::encode(&[9; 31])});
    assert_eq!(ecdh(&short, &key), Error::HeaderMemberInvalid("epk"));
}

/// RFC 7748 §6.1 and the list that goes round with it: 0, 1, the two of order 8, p - 1, p and p + 1.
fn low_order() -> [[u8; 32]; 7] {
    let ends = |first: u8, middle: u8, last: u8| {
        let mut point = [middle; 32];
        (point[0], point[31]) = (first, last);
        point
    };
    let hex = |text: &str| -> [u8; 32] {
        std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
    };
    [
        [0; 32],
        ends(1, 0, 0),
        hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
        hex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
        ends(0xec, 0xff, 0x7f),
        ends(0xed, 0xff, 0x7f),
        ends(0xee, 0xff, 0x7f),
    ]
}

#[test]
fn an_epk_that_is_missing_or_of_another_kind_is_refused() {
    let on = |curve| {
        DecryptingKey::from_jwk(&Jwk::generate_on(curve, KeyManagement::EcdhEs).unwrap(), KeyManagement::EcdhEs, &[ENC])
            .unwrap()
    };
    let p256 = on(KeyCurve::P256);
    let missing = json!({"alg": "ECDH-ES", "enc": "A128GCM"}).to_string();
    assert_eq!(not_decrypted(&with_header(&missing), &p256), Error::HeaderMemberMissing("epk"));
    let epk_of = |curve| {
        let public = Jwk::generate_on(curve, KeyManagement::EcdhEs).unwrap().public_value().unwrap();
        let mut epk = json!({"kty": public["kty"], "crv": public["crv"], "x": public["x"]});
        if let Some(y) = public.get("y") {
            epk["y"] = y.clone();
        }
        epk
    };
    for (curve, key) in [(KeyCurve::P384, &p256), (KeyCurve::X25519, &p256), (KeyCurve::P256, &on(KeyCurve::X25519))] {
        assert_eq!(ecdh(&epk_of(curve), key), Error::HeaderMemberInvalid("epk"), "{curve:?}");
    }
    let mut private = epk_of(KeyCurve::P256);
    private["d"] = private["x"].clone();
    assert_eq!(ecdh(&private, &p256), Error::HeaderMemberInvalid("epk"));
    for (epk, why) in [
        (json!({"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"}), Error::CurveUnsupported),
        (json!({"kty": "OKP", "crv": "X448", "x": "AA"}), Error::CurveUnsupported),
        (json!({"kty": "OKP", "crv": "Ed25519", "x": "AA"}), Error::CurveUnsupported),
        (json!({"kty": "oct", "crv": "P-256", "x": "AA"}), Error::HeaderMemberInvalid("epk")),
        (json!("AA"), Error::HeaderInvalid),
        (json!([]), Error::HeaderInvalid),
    ] {
        assert_eq!(ecdh(&epk, &p256), why, "{epk}");
    }
}

#[test]
fn parameters_of_a_gcm_key_wrap_are_checked() {
    let alg = KeyManagement::A128Gcmkw;
    let key = decrypting(alg, ENC);
    for (changes, why) in [
        (json!({"iv": "AAAAAAAAAAAAAAAA"}), Error::HeaderMemberMissing("tag")),
        (json!({"tag": "AAAAAAAAAAAAAAAAAAAAAA"}), Error::HeaderMemberMissing("iv")),
        (json!({"iv": "AAAA", "tag": "AAAAAAAAAAAAAAAAAAAAAA"}), Error::HeaderMemberInvalid("iv")),
        (json!({"iv": "", "tag": "AAAAAAAAAAAAAAAAAAAAAA"}), Error::HeaderMemberInvalid("iv")),
        // A shorter tag is fewer bits to guess.
        (json!({"iv": "AAAAAAAAAAAAAAAA", "tag": "AAAAAAAAAAAAAAAA"}), Error::HeaderMemberInvalid("tag")),
        (json!({"iv": "AAAAAAAAAAAAAAAA", "tag": ""}), Error::HeaderMemberInvalid("tag")),
        (json!({"iv": "AAAAAAAAAAAAAAAA", "tag": "AAAAAAAAAAAAAAAAAAAAAA"}), Error::DecryptionFailed),
    ] {
        let mut header = json!({"alg": alg, "enc": "A128GCM"});
        header.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        assert_eq!(not_decrypted(&with_header(&header.to_string()), &key), why, "{header}");
    }
}

#[test]
fn compressed_content_is_refused_unless_asked_for_and_bounded_then() {
    // Row 73, CVE-2024-28180, CVE-2024-33664: a token has room for some sixty million bytes of nothing.
    let bomb = compact::encrypt(
        &encrypting(ALG, ENC),
        &Header { compression: Compression::Deflate, ..Header::default() },
        &vec![0; 10_000_000],
    )
    .unwrap();
    assert!(bomb.len() < 20_000);
    assert_eq!(not_decrypted(&bomb, &decrypting(ALG, ENC)), Error::ZipUnsupported);
    assert_eq!(not_decrypted(&bomb, &decrypting(ALG, ENC).accept_deflate(250_000)), Error::DecompressionTooLong);
    assert_eq!(not_decrypted(&bomb, &decrypting(ALG, ENC).accept_deflate(0)), Error::DecompressionTooLong);
    // What was not authenticated is not decompressed.
    let (whole, _tag) = bomb.rsplit_once('.').unwrap();
    let forged = format!("{whole}.AAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(not_decrypted(&forged, &decrypting(ALG, ENC).accept_deflate(1_000)), Error::DecryptionFailed);
}

#[test]
fn a_signed_token_is_not_an_encrypted_one_and_the_other_way_round() {
    // Row 74 and CVE-2023-51774: with the public key of an API anybody can encrypt for it.
    for alg in [KeyManagement::RsaOaep256, KeyManagement::EcdhEs] {
        let claims = claims(json!({})).to_string();
        let token = compact::encrypt(&encrypting(alg, ENC), &Header::default(), claims.as_bytes()).unwrap();
        let keys = VerifyingKeys::single(verifying(Algorithm::RS256));
        let refused = jwt::verify::<Claims>(&token, &keys, &policy(), NOW).unwrap_err();
        assert_eq!(refused, Error::Encrypted, "{alg}");
        assert_eq!(jws::compact::Unverified::parse(&token).unwrap_err(), Error::Encrypted, "{alg}");
    }
    let signed = jws::compact::sign(&signing(Algorithm::HS256), None, b"hello").unwrap();
    assert_eq!(not_decrypted(&signed, &decrypting(ALG, ENC)), Error::NotEncrypted);
}

#[test]
fn an_unsigned_token_within_an_encrypted_one_is_refused_cve_2026_29000() {
    let key = encrypting(KeyManagement::RsaOaep256, ENC);
    let keys = DecryptingKeys::single(decrypting(KeyManagement::RsaOaep256, ENC));
    let verify = |content: &str, cty: Option<&str>| {
        let token = compact::encrypt(&key, &Header { cty, ..Header::default() }, content.as_bytes()).unwrap();
        jwt::decrypt_then_verify::<Claims>(&token, &keys, &hs256_keys(), &policy(), NOW).map(drop)
    };
    let claims = claims(json!({})).to_string();
    let signed = forge(r#"{"alg":"HS256"}"#, &claims, crate::support::SECRET);
    assert_eq!(verify(&signed, Some("JWT")), Ok(()));
    assert_eq!(verify(&signed, Some("jwt")), Ok(()));
    for (content, why) in [
        (claims.clone(), Error::NotCompact),
        (
            format!("{}.{}.", base64url::encode(br#"{"alg":"none"}"#), base64url::encode(claims.as_bytes())),
            Error::AlgorithmMismatch,
        ),
        (
            format!("{}.{}", base64url::encode(br#"{"alg":"none"}"#), base64url::encode(claims.as_bytes())),
            Error::NotCompact,
        ),
        (base64url::encode(claims.as_bytes()), Error::NotCompact),
        (String::new(), Error::NotCompact),
        (forge(r#"{"alg":"HS256"}"#, &claims, b"another secret of some 40 bytes, at least"), Error::SignatureInvalid),
        // Encrypted once more is still not signed.
        (
            compact::encrypt(&key, &Header { cty: Some("JWT"), ..Header::default() }, signed.as_bytes()).unwrap(),
            Error::Encrypted,
        ),
    ] {
        assert_eq!(verify(&content, Some("JWT")), Err(why), "{content}");
    }
    assert_eq!(verify(&signed, None), Err(Error::HeaderMemberMissing("cty")));
    for cty in ["", "application/json", "JWT ", "JWE"] {
        assert_eq!(verify(&signed, Some(cty)), Err(Error::HeaderMemberInvalid("cty")), "{cty}");
    }
    let bytes = compact::encrypt(&key, &Header { cty: Some("JWT"), ..Header::default() }, &[0xff, 0xfe]).unwrap();
    let refused = jwt::decrypt_then_verify::<Claims>(&bytes, &keys, &hs256_keys(), &policy(), NOW).unwrap_err();
    assert_eq!(refused, Error::NotCompact);
}

#[test]
fn a_key_from_the_header_of_an_encrypted_token_is_never_used() {
    // Row 58, CVE-2018-0114.
    let attacker = Jwk::generate(KeyManagement::EcdhEs).unwrap();
    for member in ["jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256"] {
        let value = if member == "jwk" { attacker.public_value().unwrap() } else { json!("https://evil.example") };
        let mut header = json!({"alg": "A128KW", "enc": "A128GCM"});
        header[member] = value;
        let error = not_decrypted(&with_header(&header.to_string()), &decrypting(ALG, ENC));
        assert_eq!(error, Error::DecryptionFailed, "{member}");
    }
}

#[test]
fn which_key_an_encrypted_token_means() {
    let key = |kid: &str| {
        let jwk = encryption_jwk(ALG, ENC).with_kid(kid);
        DecryptingKey::from_jwk(&jwk, ALG, &[ENC]).unwrap()
    };
    let keys: DecryptingKeys = [key("a"), key("b"), decrypting(KeyManagement::A256Kw, ENC)].into_iter().collect();
    assert_eq!(keys.find(Some("b"), "A128KW").unwrap().kid(), Some("b"));
    assert_eq!(keys.find(None, "A256KW").unwrap().kid(), Some("A256KW"), "the only one of its kind");
    assert_eq!(keys.find(None, "A128KW").unwrap_err(), Error::UnknownKey, "two would do");
    assert_eq!(keys.find(Some("c"), "A128KW").unwrap_err(), Error::UnknownKey);
    assert_eq!(keys.find(Some("a"), "A256KW").unwrap_err(), Error::AlgorithmMismatch);
    assert_eq!(keys.find(Some("A"), "A128KW").unwrap_err(), Error::UnknownKey);
    assert_eq!(keys.iter().count(), 3);
    assert_eq!(DecryptingKeys::default().find(None, "A128KW").unwrap_err(), Error::UnknownKey);
}

#[test]
fn a_header_seen_before_is_still_judged() {
    // Headers of decrypted tokens are recognised by their text; that must not take a check away.
    let key = decrypting(ALG, ENC);
    let keys = DecryptingKeys::single(key.clone());
    let encrypt = |content: &[u8]| compact::encrypt(&encrypting(ALG, ENC), &Header::default(), content).unwrap();
    for content in [&b"one"[..], b"two", b"three"] {
        assert_eq!(compact::decrypt(&encrypt(content), &keys).unwrap().plaintext(), content);
    }
    let token = encrypt(b"four");
    for (changed, why) in [
        (format!("{token}."), Error::NotCompact),
        (format!("{token}="), Error::Base64Padded),
        (token[..token.len() - 2].to_owned(), Error::DecryptionFailed),
        (token.split('.').take(3).collect::<Vec<_>>().join("."), Error::NotEncrypted),
    ] {
        assert_eq!(compact::decrypt(&changed, &keys).unwrap_err(), why, "{changed}");
    }
}

#[test]
fn a_token_is_made_up_to_the_longest_that_is_read_and_no_longer() {
    let enc = ContentEncryption::A256Gcm;
    let key = encrypting(KeyManagement::Dir, enc);
    let keys = DecryptingKeys::single(decrypting(KeyManagement::Dir, enc));
    let len = |content: usize| compact::encrypt(&key, &Header::default(), &vec![0; content]).map(|token| token.len());
    let empty = len(0).unwrap();
    let longest =
        (0..MAX_TOKEN_LEN).take_while(|content| empty + (content * 4).div_ceil(3) <= MAX_TOKEN_LEN).last().unwrap();
    for content in longest - 4..=longest {
        let token = compact::encrypt(&key, &Header::default(), &vec![0; content]).unwrap();
        assert_eq!(compact::decrypt(&token, &keys).unwrap().plaintext().len(), content);
    }
    assert!(len(longest).unwrap() > MAX_TOKEN_LEN - 2);
    for content in longest + 1..longest + 5 {
        assert_eq!(len(content), Err(Error::TokenTooLong), "{content}");
    }
}
