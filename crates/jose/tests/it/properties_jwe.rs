//! What is encrypted decrypts; what is changed does not; keys survive every form; nothing panics.

use proptest::prelude::*;
use symbolon_jose::jwe::{Compression, DecryptingKey, DecryptingKeys, EncryptingKey, Header, compact, json};
use symbolon_jose::jws::{Encoding, compact as jws_compact, json as jws};
use symbolon_jose::{Algorithm, ContentEncryption, Error, Jwk, KeyCurve, KeyFormat, KeyManagement, base64url};

use crate::support::{decrypting, encrypting, encryptions, jwk, signing, verifying};

/// All but RSA, which is slow and has its turn in `every_alg_and_enc_decrypts_what_it_encrypted`.
fn encryption() -> impl Strategy<Value = (KeyManagement, ContentEncryption)> {
    prop::sample::select(encryptions().filter(|(alg, _)| !alg.name().starts_with("RSA")).collect::<Vec<_>>())
}

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..most)
}

#[test]
fn every_alg_and_enc_decrypts_what_it_encrypted() {
    let long = vec![b'x'; 40_000];
    for (alg, enc) in encryptions() {
        let (own, other) = (encrypting(alg, enc), decrypting(alg, enc).accept_deflate(50_000));
        for content in [&b""[..], b"x", b"sixteen bytes of", &long] {
            let header = Header { typ: Some("secret"), cty: Some("text"), ..Header::default() };
            let token = compact::encrypt(&own, &header, content).unwrap();
            let decrypted = compact::decrypt(&token, &DecryptingKeys::single(other.clone())).unwrap();
            assert_eq!(decrypted.plaintext(), content, "{alg} {enc}");
            assert_eq!((decrypted.typ(), decrypted.cty(), decrypted.kid()), (header.typ, header.cty, own.kid()));
        }
        let header = Header { compression: Compression::Deflate, ..Header::default() };
        for text in [
            json::encrypt_flattened(&own, &header, Some(b"aad"), &long).unwrap(),
            json::encrypt_general(&[own], &header, Some(b"aad"), &long).unwrap(),
        ] {
            let encrypted = json::Encrypted::parse(text.as_bytes()).unwrap();
            assert_eq!(encrypted.decrypt(&other).unwrap().plaintext(), long, "{alg} {enc}");
            assert_eq!(encrypted.aad(), Some(&b"aad"[..]));
        }
    }
}

#[test]
fn no_two_tokens_of_one_content_are_alike() {
    for (alg, enc) in encryptions() {
        let own = encrypting(alg, enc);
        let [one, other] = [(); 2].map(|()| compact::encrypt(&own, &Header::default(), b"the same").unwrap());
        let segments = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
        let (one, other) = (segments(&one), segments(&other));
        assert!((2..5).all(|index| one[index] != other[index]), "{alg} {enc}");
        assert!(one[1].is_empty() || one[1] != other[1], "{alg} {enc}");
    }
}

#[test]
fn parties_are_bound_to_the_agreed_key() {
    let (alg, enc) = (KeyManagement::EcdhEs, ContentEncryption::A256Gcm);
    let header = Header { apu: Some(b"Alice"), apv: Some(b"Bob"), ..Header::default() };
    let token = compact::encrypt(&encrypting(alg, enc), &header, b"hello").unwrap();
    let decrypted = compact::decrypt(&token, &DecryptingKeys::single(decrypting(alg, enc))).unwrap();
    assert_eq!(decrypted.plaintext(), b"hello");
    for other in [KeyManagement::A128Kw, KeyManagement::Dir, KeyManagement::RsaOaep, KeyManagement::A128Gcmkw] {
        let refused = |header: &Header<'_>| compact::encrypt(&encrypting(other, enc), header, b"").unwrap_err();
        assert_eq!(refused(&header), Error::HeaderMemberInvalid("apu"), "{other}");
        assert_eq!(refused(&Header { apu: None, ..header }), Error::HeaderMemberInvalid("apv"), "{other}");
    }
}

#[test]
fn every_curve_agrees_in_every_way_and_serialization() {
    let enc = ContentEncryption::A128Gcm;
    let algs =
        [KeyManagement::EcdhEs, KeyManagement::EcdhEsA128Kw, KeyManagement::EcdhEsA192Kw, KeyManagement::EcdhEsA256Kw];
    for &curve in KeyCurve::ALL {
        for alg in algs {
            let jwk = Jwk::generate_on(curve, alg).unwrap();
            let own = EncryptingKey::from_jwk(&jwk.public().unwrap(), alg, enc).unwrap();
            let other = DecryptingKey::from_jwk(&jwk, alg, &[enc]).unwrap();
            let token = compact::encrypt(&own, &Header::default(), b"hello").unwrap();
            let decrypted = compact::Encrypted::parse(&token).unwrap().decrypt(&other).unwrap();
            assert_eq!(decrypted.plaintext(), b"hello", "{alg} {}", curve.name());
            let header = base64url::decode(token.split('.').next().unwrap()).unwrap();
            let epk = &serde_json::from_slice::<serde_json::Value>(&header).unwrap()["epk"];
            assert_eq!(epk["crv"], curve.name());
            let members: Vec<&str> = epk.as_object().unwrap().keys().map(String::as_str).collect();
            match curve {
                KeyCurve::X25519 => assert_eq!(members, ["crv", "kty", "x"]),
                _ => assert_eq!(members, ["crv", "kty", "x", "y"]),
            }
            let key = Jwk::from_value(epk).unwrap();
            assert_eq!((key.kty(), key.is_private()), (jwk.kty(), false));
            for text in [
                json::encrypt_flattened(&own, &Header::default(), None, b"hello").unwrap(),
                json::encrypt_general(&[own], &Header::default(), None, b"hello").unwrap(),
            ] {
                let encrypted = json::Encrypted::parse(text.as_bytes()).unwrap();
                assert_eq!(encrypted.decrypt(&other).unwrap().plaintext(), b"hello", "{alg} {}", curve.name());
            }
        }
    }
}

/// A shared secret has no form but JWK; PKCS#1 is for RSA, SEC1 for the curves of NIST.
fn has_form(algorithm: Algorithm, format: KeyFormat) -> bool {
    let family = &algorithm.name()[..2];
    match format {
        KeyFormat::Pkcs1 | KeyFormat::Pkcs1Public => matches!(family, "RS" | "PS"),
        KeyFormat::Sec1 => family == "ES",
        _ => !algorithm.is_symmetric(),
    }
}

#[test]
fn every_kind_of_key_survives_every_form_it_has() {
    for &algorithm in Algorithm::ALL {
        let jwk = jwk(algorithm);
        for &format in KeyFormat::ALL {
            let pem = match (jwk.to_pem(format), has_form(algorithm, format)) {
                (Ok(pem), true) => pem,
                (Err(Error::KeyTypeUnsupported | Error::KeyIsSymmetric), false) => continue,
                (made, _) => panic!("{algorithm} {format:?}: {made:?}"),
            };
            let again = Jwk::from_pem(&pem).unwrap();
            assert_eq!(again.thumbprint(), jwk.thumbprint(), "{algorithm} {format:?}");
            assert_eq!(again.to_pem(format).unwrap(), pem, "{algorithm} {format:?}");
            let der = jwk.to_der(format).unwrap();
            assert_eq!(Jwk::from_der(&der).unwrap().to_der(format).unwrap(), der, "{algorithm} {format:?}");
            let public = matches!(format, KeyFormat::Spki | KeyFormat::Pkcs1Public);
            assert_eq!(again.is_private(), !public, "{algorithm} {format:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_encrypted_decrypts((alg, enc) in encryption(), content in bytes(300), cty in ".{0,20}") {
        let header = Header { cty: Some(&cty), ..Header::default() };
        let token = compact::encrypt(&encrypting(alg, enc), &header, &content).unwrap();
        let decrypted = compact::Encrypted::parse(&token).unwrap().decrypt(&decrypting(alg, enc)).unwrap();
        prop_assert_eq!(decrypted.plaintext(), &content[..]);
        prop_assert_eq!(decrypted.cty(), Some(cty.as_str()));
    }

    #[test]
    fn any_flipped_bit_of_an_encrypted_token_is_noticed((alg, enc) in encryption(), content in bytes(60), at in any::<prop::sample::Index>(), bit in 0..7_u8) {
        let mut bytes = compact::encrypt(&encrypting(alg, enc), &Header::default(), &content).unwrap().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let changed = String::from_utf8(bytes).unwrap();
        // A count may become another one: the bound keeps the test quick.
        let key = decrypting(alg, enc).max_pbes2_count(10_000);
        let decrypted = compact::Encrypted::parse(&changed).and_then(|token| token.decrypt(&key));
        prop_assert!(decrypted.is_err());
    }

    #[test]
    fn json_forms_decrypt_for_each_recipient(content in bytes(200), aad in bytes(50), (alg, enc) in encryption()) {
        let others = [KeyManagement::A192Kw, KeyManagement::A256Gcmkw, KeyManagement::EcdhEsA192Kw];
        let direct = matches!(alg, KeyManagement::Dir | KeyManagement::EcdhEs);
        let all: Vec<_> = if direct { vec![alg] } else { others.into_iter().chain([alg]).collect() };
        let keys: Vec<_> = all.iter().map(|alg| encrypting(*alg, enc)).collect();
        let text = json::encrypt_general(&keys, &Header::default(), Some(&aad), &content).unwrap();
        let encrypted = json::Encrypted::parse(text.as_bytes()).unwrap();
        for alg in all {
            prop_assert_eq!(encrypted.decrypt(&decrypting(alg, enc)).unwrap().plaintext().to_vec(), content.clone());
        }
        prop_assert_eq!(encrypted.aad().unwrap_or_default(), &aad[..]);
    }

    #[test]
    fn json_signatures_verify_and_changed_ones_do_not(payload in bytes(200), at in any::<prop::sample::Index>(), bit in 0..7_u8) {
        let keys = [signing(Algorithm::EdDSA), signing(Algorithm::HS256)];
        let signatures: Vec<_> = keys.iter().map(jws::Signature::new).collect();
        let text = jws::sign_general(&signatures, jws::Payload::Attached(&payload), Encoding::Base64url).unwrap();
        let verify = |text: &[u8]| {
            let unverified = jws::Unverified::parse(text)?;
            unverified.verify(&verifying(Algorithm::EdDSA))?;
            unverified.verify(&verifying(Algorithm::HS256)).map(|verified| verified.payload().to_vec())
        };
        prop_assert_eq!(verify(text.as_bytes()).unwrap(), payload);
        let mut changed = text.into_bytes();
        let at = at.index(changed.len());
        changed[at] ^= 1 << bit;
        prop_assert!(verify(&changed).is_err());
    }

    #[test]
    fn no_input_panics_a_reader(text in ".{0,200}", token in "[A-Za-z0-9_.-]{0,200}", bytes in bytes(300)) {
        for text in [&text, &token] {
            let _ = compact::Encrypted::parse(text).and_then(|it| it.decrypt(&decrypting(KeyManagement::A128Kw, ContentEncryption::A128Gcm)));
            let _ = jws_compact::Unverified::parse_detached(text, &bytes);
            let _ = jws_compact::Unverified::parse_unencoded(text);
            let _ = Jwk::from_pem(text);
            let _ = json::Encrypted::parse(text.as_bytes());
            let _ = jws::Unverified::parse(text.as_bytes());
        }
        let _ = json::Encrypted::parse(&bytes);
        let _ = jws::Unverified::parse(&bytes);
        let _ = jws::Unverified::parse_detached(&bytes, b"");
        let _ = Jwk::from_der(&bytes);
    }

    #[test]
    fn keys_with_a_changed_byte_panic_nothing_and_are_never_two_at_once(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>(), algorithm in prop::sample::select(vec![Algorithm::ES256, Algorithm::EdDSA, Algorithm::MlDsa44])) {
        for &format in KeyFormat::ALL.iter().filter(|format| has_form(algorithm, **format)) {
            let der = jwk(algorithm).to_der(format).unwrap();
            let mut changed = der.to_vec();
            let at = at.index(changed.len());
            changed[at] = byte;
            // What is still a key is that key in its one spelling.
            if let Ok(key) = Jwk::from_der(&changed) {
                prop_assert_eq!(&key.to_der(format).unwrap()[..], &changed[..]);
            }
            prop_assert!(Jwk::from_der(&der[..cut.index(der.len())]).is_err());
            let mut pem = jwk(algorithm).to_pem(format).unwrap().as_bytes().to_vec();
            let at = cut.index(pem.len());
            pem[at] = byte;
            let _ = std::str::from_utf8(&pem).map(Jwk::from_pem);
        }
        let mut json = jwk(algorithm).to_private_json().as_bytes().to_vec();
        let at = cut.index(json.len());
        json[at] = byte;
        let _ = Jwk::from_slice(&json);
    }
}
