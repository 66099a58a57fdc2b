//! The published examples of JWE made again with the keys, vectors and salts they name: RFC 7516 appendix A, RFC 7517 appendix C,
//! RFC 7518 appendix C, RFC 7520 §5, RFC 8037 appendix A.6.
//!
//! Where our header has another order of members, what can be compared is compared under the example's own header.

use serde_json::Value;

use super::compact;
use super::content::Cipher;
use super::entropy::{Entropy as _, Fixed, System};
use super::header::Received;
use super::json::encrypt_flattened_with;
use super::{Compression, DecryptingKey, EncryptingKey, Header};
use crate::alg::{Agreement, Curve, ecdh_coordinates, ecdh_derive, ecdh_other_info};
use crate::jwk::Secret;
use crate::{ContentEncryption, Jwk, KeyManagement, base64url, sha256};

macro_rules! vector {
    ($path:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("../../tests/vectors/", $path))).unwrap()
    };
}

fn bytes(value: &Value) -> Vec<u8> {
    base64url::decode(value.as_str().unwrap()).unwrap()
}

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn algorithms(input: &Value) -> (KeyManagement, ContentEncryption) {
    let name = |member: &str| input[member].as_str().unwrap();
    (KeyManagement::from_name(name("alg")).unwrap(), ContentEncryption::from_name(name("enc")).unwrap())
}

fn key(case: &Value) -> EncryptingKey {
    let (alg, enc) = algorithms(&case["input"]);
    match case["input"]["pwd"].as_str() {
        Some(password) => {
            let count = case["encrypting_key"]["iteration_count"].as_u64().unwrap().try_into().unwrap();
            EncryptingKey::from_password_with_count(password.as_bytes(), count, alg, enc).unwrap()
        }
        None => EncryptingKey::from_jwk(&Jwk::from_value(&case["input"]["key"]).unwrap(), alg, enc).unwrap(),
    }
}

/// What the example says was random: content key, vector or salt of the key management, vector of the content.
fn entropy(case: &Value) -> Fixed {
    let (generated, wrapping) = (&case["generated"], &case["encrypting_key"]);
    let all = [&generated["cek"], &wrapping["iv"], &wrapping["salt"], &generated["iv"]];
    Fixed::new(all.into_iter().filter(|it| it.is_string()).map(bytes), wrapping["epk"].get("d").map(bytes))
}

/// Encrypted key, vector, ciphertext and tag under the example's own protected header.
fn parts_come_out(case: &Value) {
    let (title, made, key) = (&case["title"], &case["encrypting_content"], key(case));
    let entropy = &mut entropy(case);
    let (ready, managed) = key.inner().manage(&Header::default(), entropy).unwrap();
    let expected = case["encrypting_key"].get("encrypted_key").map(bytes).unwrap_or_default();
    assert_eq!(managed.encrypted_key, expected, "{title}");
    let mut aad = made["protected_b64u"].as_str().unwrap_or_default().to_owned();
    if let Some(more) = case["generated"]["aad_b64u"].as_str() {
        aad = [&aad, ".", more].concat();
    }
    let compressed = case["generated"].get("plaintext_c").map(bytes);
    let mut text = compressed.unwrap_or_else(|| case["input"]["plaintext"].as_str().unwrap().into());
    let sealed = ready.cipher().seal(entropy, aad.as_bytes(), &mut text).unwrap();
    assert_eq!(sealed.iv(), bytes(&case["generated"]["iv"]), "{title}");
    assert_eq!(text, bytes(&made["ciphertext"]), "{title}");
    assert_eq!(sealed.tag(), bytes(&made["tag"]), "{title}");
    assert!(entropy.is_used_up(), "{title}");
}

/// The whole text, where the example's header has our order of members.
fn texts_come_out(case: &Value) {
    let (key, title) = (key(case), &case["title"]);
    let plaintext = case["input"]["plaintext"].as_str().unwrap().as_bytes();
    if let Some(compact) = case["output"].get("compact") {
        let made = compact::encrypt_with(&key, &Header::default(), plaintext, &mut entropy(case)).unwrap();
        assert_eq!(made, *compact, "{title}");
    }
    let aad = case["input"]["aad"].as_str().map(str::as_bytes);
    let made = encrypt_flattened_with(&key, &Header::default(), aad, plaintext, &mut entropy(case)).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&made).unwrap(), case["output"]["json_flat"], "{title}");
}

#[test]
fn rfc_7520_section_5_comes_out_byte_for_byte_where_it_can() {
    for case in [
        vector!("rfc7520/jwe/5_3.key_wrap_using_pbes2-aes-keywrap_with-aes-cbc-hmac-sha2.json"),
        vector!("rfc7520/jwe/5_4.key_agreement_with_key_wrapping_using_ecdh-es_and_aes-keywrap_with_aes-gcm.json"),
        vector!("rfc7520/jwe/5_5.key_agreement_using_ecdh-es_with_aes-cbc-hmac-sha2.json"),
        vector!("rfc7520/jwe/5_6.direct_encryption_using_aes-gcm.json"),
        vector!("rfc7520/jwe/5_7.key_wrap_using_aes-gcm_keywrap_with_aes-cbc-hmac-sha2.json"),
        vector!("rfc7520/jwe/5_8.key_wrap_using_aes-keywrap_with_aes-gcm.json"),
        vector!("rfc7520/jwe/5_9.compressed_content.json"),
        vector!("rfc7520/jwe/5_10.including_additional_authentication_data.json"),
        vector!("rfc7520/jwe/5_11.protecting_specific_header_fields.json"),
        vector!("rfc7520/jwe/5_12.protecting_content_only.json"),
    ] {
        parts_come_out(&case);
    }
}

#[test]
fn rfc_7520_sections_5_4_5_5_5_6_5_8_and_5_10_come_out_as_whole_texts() {
    for case in [
        vector!("rfc7520/jwe/5_4.key_agreement_with_key_wrapping_using_ecdh-es_and_aes-keywrap_with_aes-gcm.json"),
        vector!("rfc7520/jwe/5_5.key_agreement_using_ecdh-es_with_aes-cbc-hmac-sha2.json"),
        vector!("rfc7520/jwe/5_6.direct_encryption_using_aes-gcm.json"),
        vector!("rfc7520/jwe/5_8.key_wrap_using_aes-keywrap_with_aes-gcm.json"),
        vector!("rfc7520/jwe/5_10.including_additional_authentication_data.json"),
    ] {
        texts_come_out(&case);
    }
}

#[test]
fn rfc_7520_section_5_2_and_section_6_come_out_but_for_the_randomized_padding() {
    for case in [
        vector!("rfc7520/jwe/5_2.key_encryption_using_rsa-oaep_with_aes-gcm.json"),
        vector!("rfc7520/6.nesting_signatures_and_encryption.json")["encrypt"].clone(),
    ] {
        let (_, enc) = algorithms(&case["input"]);
        let cipher = Cipher::sealing(enc, &bytes(&case["generated"]["cek"])).unwrap();
        let mut text = case["input"]["plaintext"].as_str().unwrap().as_bytes().to_vec();
        let (made, mut iv) = (&case["encrypting_content"], Fixed::new([bytes(&case["generated"]["iv"])], None));
        let aad = made["protected_b64u"].as_str().unwrap().as_bytes();
        let sealed = cipher.seal(&mut iv, aad, &mut text).unwrap();
        assert_eq!((text, sealed.tag()), (bytes(&made["ciphertext"]), &bytes(&made["tag"])[..]));
    }
}

#[test]
fn rfc_7520_section_5_13_recipients_come_out_but_for_rsa1_5() {
    let case = vector!("rfc7520/jwe/5_13.encrypting_to_multiple_recipients.json");
    let cek = bytes(&case["generated"]["cek"]);
    for index in [1, 2] {
        let (wrapping, jwk) = (&case["encrypting_key"][index], &case["input"]["key"][index]);
        let alg = KeyManagement::from_name(case["input"]["alg"][index].as_str().unwrap()).unwrap();
        let enc = ContentEncryption::A128CbcHs256;
        let key = EncryptingKey::from_jwk(&Jwk::from_value(jwk).unwrap(), alg, enc).unwrap();
        let iv = wrapping.get("iv").map(bytes);
        let mut entropy = Fixed::new(iv, wrapping["epk"].get("d").map(bytes));
        let managed = key.inner().wrap(&cek, &Header::default(), &mut entropy).unwrap();
        assert_eq!(managed.encrypted_key, bytes(&wrapping["encrypted_key"]));
        let header = key.inner().recipient_members(&managed.fresh) + "}";
        assert_eq!(serde_json::from_str::<Value>(&header).unwrap(), wrapping["header"]);
    }
    let mut entropy = Fixed::new([bytes(&case["generated"]["iv"])], None);
    let mut text = case["input"]["plaintext"].as_str().unwrap().as_bytes().to_vec();
    let made = &case["encrypting_content"];
    let aad = made["protected_b64u"].as_str().unwrap().as_bytes();
    let sealed = Cipher::sealing(ContentEncryption::A128CbcHs256, &cek).unwrap().seal(&mut entropy, aad, &mut text);
    assert_eq!(text, bytes(&made["ciphertext"]));
    assert_eq!(sealed.unwrap().tag(), bytes(&made["tag"]));
}

#[test]
fn rfc_7516_a_3_comes_out_as_a_whole_text() {
    let case = &vector!("rfc7516/appendix_a.json")["A.3"];
    let (alg, enc) = algorithms(case);
    let key = EncryptingKey::from_jwk(&Jwk::from_value(&case["key"]).unwrap(), alg, enc).unwrap();
    // Appendix B says what was random.
    let random = vector!("rfc7516/appendix_b.json");
    let mut entropy = Fixed::new([hex(&random["cek"]), hex(&random["iv"])], None);
    let plaintext = case["plaintext"].as_str().unwrap().as_bytes();
    let made = compact::encrypt_with(&key, &Header::default(), plaintext, &mut entropy).unwrap();
    assert_eq!(made, case["compact"]);
}

#[test]
fn rfc_7517_c_comes_out_as_a_whole_text() {
    let case = vector!("rfc7517/appendix_c.json");
    let (alg, enc) = algorithms(&case["header"]);
    let key =
        EncryptingKey::from_password_with_count(case["password"].as_str().unwrap().as_bytes(), 4096, alg, enc).unwrap();
    let iv = case["compact"].as_str().unwrap().split('.').nth(2).unwrap();
    let iv = base64url::decode(iv).unwrap();
    let mut entropy = Fixed::new([hex(&case["cek"]), bytes(&case["header"]["p2s"]), iv], None);
    let header = Header { cty: Some("jwk+json"), ..Header::default() };
    let plaintext = case["plaintext"].as_str().unwrap().as_bytes();
    assert_eq!(compact::encrypt_with(&key, &header, plaintext, &mut entropy).unwrap(), case["compact"]);
    assert!(entropy.is_used_up());
}

#[test]
fn rfc_7518_c_both_sides_derive_the_published_key() {
    let case = vector!("rfc7518/appendix_c.json");
    let curve = Agreement::Ec(Curve::P256);
    let info = ecdh_other_info("A128GCM", b"Alice", b"Bob", 16);
    assert_eq!(info, hex(&case["other_info"]));
    for (own, other) in [("ephemeral_key", "key"), ("key", "ephemeral_key")] {
        let private = curve.private_key(&Secret::new(bytes(&case[own]["d"]))).unwrap();
        let public = curve.public_key(&bytes(&case[other]["x"]), &bytes(&case[other]["y"])).unwrap();
        let mut derived = [0; 16];
        ecdh_derive(&private, public, &info, &mut derived).unwrap();
        assert_eq!(base64url::encode(&derived), case["derived_key"]);
    }
    // And the header says how.
    let jwk = Jwk::from_value(&case["key"]).unwrap();
    let key = EncryptingKey::from_jwk(&jwk, KeyManagement::EcdhEs, ContentEncryption::A128Gcm).unwrap();
    let header = Header { apu: Some(b"Alice"), apv: Some(b"Bob"), ..Header::default() };
    let mut entropy = Fixed::new([], Some(bytes(&case["ephemeral_key"]["d"])));
    let (ready, managed) = key.inner().manage(&header, &mut entropy).unwrap();
    let encoded = key.inner().header(&header, &managed.fresh);
    let text = base64url::decode(&encoded).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&text).unwrap(), case["header"]);
    // Both sides encrypt under the published key, which is bound to the parties.
    let (enc, mut content) = (ContentEncryption::A128Gcm, b"hello".to_vec());
    let sealed = ready.cipher().seal(&mut System::new(), b"", &mut content).unwrap();
    let published = Cipher::opening(enc, &bytes(&case["derived_key"])).unwrap();
    let recipient = DecryptingKey::from_jwk(&jwk, KeyManagement::EcdhEs, &[enc]).unwrap();
    let received = Received::parse(&encoded).unwrap();
    let theirs = recipient.inner().unmanage(enc, &received.parameters, b"").unwrap();
    for cipher in [&published, theirs.cipher()] {
        let mut text = content.clone();
        cipher.open(sealed.iv(), b"", &mut text, sealed.tag()).unwrap();
        assert_eq!(text, b"hello");
    }
}

#[test]
fn rfc_8037_a_6_agrees_on_the_published_secret() {
    let case = &vector!("rfc8037/appendix_a_ecdh.json")["A.6"];
    let mut entropy = Fixed::new([], Some(hex(&case["ephemeral_secret"])));
    let (ephemeral, point) = entropy.ephemeral(Agreement::X25519).unwrap();
    assert_eq!((point.x(), point.y()), (&bytes(&case["epk"]["x"])[..], &[][..]));
    let secret = Secret::new(hex(&case["key_secret"]));
    let own = Agreement::X25519.private_key(&secret).unwrap();
    let own_point = ecdh_coordinates(Agreement::X25519, &own).unwrap();
    assert_eq!(own_point.x(), bytes(&case["key"]["x"]));
    // NIST SP 800-56A §5.8.1 with one round: the hash of a counter, the secret and the info.
    let info = ecdh_other_info("A256GCM", b"", b"", 32);
    let expected = sha256(&[&[0, 0, 0, 1], &hex(&case["Z"])[..], &info].concat());
    for (private, peer) in [(&ephemeral, own_point.x()), (&own, point.x())] {
        let mut derived = [0; 32];
        let peer = Agreement::X25519.public_key(peer, &[]).unwrap();
        ecdh_derive(private, peer, &info, &mut derived).unwrap();
        assert_eq!(derived, expected);
    }
}

#[test]
fn a_key_of_512_bits_takes_two_rounds_of_the_kdf() {
    let (one, other) = (Secret::new(vec![7; 32]), Secret::new(vec![9; 32]));
    let (one, other) = (Agreement::X25519.private_key(&one).unwrap(), Agreement::X25519.private_key(&other).unwrap());
    let point = ecdh_coordinates(Agreement::X25519, &other).unwrap();
    let mut secret = [0; 32];
    aws_lc_rs::agreement::agree(
        &one,
        aws_lc_rs::agreement::UnparsedPublicKey::new(&aws_lc_rs::agreement::X25519, point.x()),
        (),
        |z| {
            secret.copy_from_slice(z);
            Ok(())
        },
    )
    .unwrap();
    let info = ecdh_other_info("A256CBC-HS512", b"", b"", 64);
    let round = |counter: u8| sha256(&[&[0, 0, 0, counter][..], &secret, &info].concat());
    let mut derived = [0; 64];
    ecdh_derive(&one, Agreement::X25519.public_key(point.x(), &[]).unwrap(), &info, &mut derived).unwrap();
    assert_eq!(derived[..], [round(1), round(2)].concat());
}

#[test]
fn a_fixed_source_gives_what_it_was_given_and_no_more() {
    let mut fixed = Fixed::new([vec![1; 12], vec![2; 16]], None);
    let mut iv = [0; 12];
    fixed.fill(&mut iv).unwrap();
    assert_eq!(iv, [1; 12]);
    assert!(fixed.fill(&mut iv).is_err(), "another length was said");
    assert!(fixed.ephemeral(Agreement::X25519).is_err());
    assert_eq!(Header::default().compression, Compression::None);
}
