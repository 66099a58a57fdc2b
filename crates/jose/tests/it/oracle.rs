//! Nobody learns why a token does not decrypt (RFC 7516 §11.5, RFC 8725 §3.2; row 75): whatever is changed in whichever part, under
//! every `alg` and `enc`, the answer is one and the same.

use symbolon_jose::jwe::{DecryptingKey, Header, compact, json};
use symbolon_jose::{ContentEncryption, Error, ErrorKind, Jwk, KeyAlgorithm, KeyManagement, base64url};

use crate::support::{decrypting, encrypting, encryptions, not_decrypted};

const FAILED: &str = "the token cannot be decrypted with this key";

/// The five segments, decoded; the header stays as it is.
fn segments(token: &str) -> (String, [Vec<u8>; 4]) {
    let mut parts = token.split('.');
    let header = parts.next().unwrap().to_owned();
    (header, [(); 4].map(|()| base64url::decode(parts.next().unwrap()).unwrap()))
}

fn joined(header: &str, parts: &[Vec<u8>; 4]) -> String {
    let parts = parts.iter().map(|part| base64url::encode(part));
    std::iter::once(header.to_owned()).chain(parts).collect::<Vec<_>>().join(".")
}

/// A part with something wrong in it.
fn changes(part: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![Vec::new(), [part, &[0]].concat(), [part, part].concat(), vec![0; part.len()], vec![0xff; 700]];
    if !part.is_empty() {
        all.extend([part[1..].to_vec(), part[..part.len() - 1].to_vec(), vec![0], part[..part.len() / 2].to_vec()]);
        for (at, bit) in [(0, 0x80), (part.len() / 2, 1), (part.len() - 1, 1)] {
            let mut flipped = part.to_vec();
            flipped[at] ^= bit;
            all.push(flipped);
        }
    }
    all.retain(|changed| changed != part);
    all
}

#[test]
fn whatever_is_changed_the_answer_is_the_same_under_every_alg_and_enc() {
    for (alg, enc) in encryptions() {
        let key = decrypting(alg, enc);
        let token = compact::encrypt(&encrypting(alg, enc), &Header::default(), b"attack at dawn").unwrap();
        let (header, parts) = segments(&token);
        for index in 0..parts.len() {
            // Decrypting with RSA is slow, and what is wrong behind the encrypted key does not depend on `alg`.
            let few = alg.name().starts_with("RSA") && enc != ContentEncryption::A128CbcHs256;
            for changed in changes(&parts[index]).into_iter().take(if few { 3 } else { usize::MAX }) {
                let mut parts = parts.clone();
                parts[index] = changed;
                let error = not_decrypted(&joined(&header, &parts), &key);
                assert_eq!(error, Error::DecryptionFailed, "{alg} {enc} part {index}: {:?}", parts[index]);
                assert_eq!((error.to_string().as_str(), error.kind()), (FAILED, ErrorKind::Decryption));
            }
        }
    }
}

#[test]
fn a_changed_header_is_noticed_under_every_alg_and_enc() {
    for (alg, enc) in encryptions() {
        let token = compact::encrypt(&encrypting(alg, enc), &Header::default(), b"attack at dawn").unwrap();
        let (header, parts) = segments(&token);
        let json = String::from_utf8(base64url::decode(&header).unwrap()).unwrap();
        for changed in [json.replacen('{', "{ ", 1), json.replacen('{', r#"{"cty":"JWT","#, 1)] {
            let token = joined(&base64url::encode(changed.as_bytes()), &parts);
            assert_eq!(not_decrypted(&token, &decrypting(alg, enc)), Error::DecryptionFailed, "{alg} {enc}");
        }
    }
}

#[test]
fn parts_of_two_tokens_do_not_make_a_third() {
    for (alg, enc) in encryptions().filter(|(_, enc)| enc.name().starts_with("A128")) {
        let key = encrypting(alg, enc);
        let [one, other] = ["one", "two"]
            .map(|content| segments(&compact::encrypt(&key, &Header::default(), content.as_bytes()).unwrap()));
        for index in 0..4 {
            let mut mixed = one.1.clone();
            mixed[index].clone_from(&other.1[index]);
            if mixed[index] != one.1[index] {
                let error = not_decrypted(&joined(&one.0, &mixed), &decrypting(alg, enc));
                assert_eq!(error, Error::DecryptionFailed, "{alg} {enc} part {index}");
            }
        }
    }
}

#[test]
fn a_key_of_somebody_else_fails_like_anything_else() {
    let enc = ContentEncryption::A256Gcm;
    for alg in KeyManagement::ALL.iter().copied().filter(|alg| !alg.name().starts_with("RSA-OAEP-")) {
        let token = compact::encrypt(&encrypting(alg, enc), &Header::default(), b"attack at dawn").unwrap();
        let own = if alg == KeyManagement::Dir { enc.into() } else { KeyAlgorithm::from(alg) };
        let other = if alg.is_password() {
            DecryptingKey::from_password(b"wrong", alg, &[enc])
        } else {
            DecryptingKey::from_jwk(&Jwk::generate(own).unwrap(), alg, &[enc])
        };
        let other = other.unwrap();
        assert_eq!(not_decrypted(&token, &other), Error::DecryptionFailed, "{alg}");
    }
}

#[test]
fn json_serializations_fail_in_the_same_words() {
    for (alg, enc) in encryptions().filter(|(_, enc)| enc.name().starts_with("A128")) {
        let text = json::encrypt_flattened(&encrypting(alg, enc), &Header::default(), Some(b"aad"), b"attack").unwrap();
        let whole: serde_json::Value = serde_json::from_str(&text).unwrap();
        for member in ["encrypted_key", "iv", "ciphertext", "tag", "aad"] {
            let part = whole.get(member).map_or_else(Vec::new, |it| base64url::decode(it.as_str().unwrap()).unwrap());
            for changed in changes(&part).into_iter().filter(|it| !it.is_empty()).take(6) {
                let mut text = whole.clone();
                text[member] = base64url::encode(&changed).into();
                let encrypted = json::Encrypted::parse(text.to_string().as_bytes()).unwrap();
                let error = encrypted.decrypt(&decrypting(alg, enc)).unwrap_err();
                assert_eq!(
                    (error, error.to_string().as_str()),
                    (Error::DecryptionFailed, FAILED),
                    "{alg} {enc} {member}"
                );
            }
            if let (Some(_), "encrypted_key" | "iv" | "tag" | "aad") = (whole.get(member), member) {
                let mut text = whole.clone();
                text.as_object_mut().unwrap().remove(member);
                let encrypted = json::Encrypted::parse(text.to_string().as_bytes()).unwrap();
                assert_eq!(encrypted.decrypt(&decrypting(alg, enc)).unwrap_err(), Error::DecryptionFailed);
            }
        }
    }
}

#[test]
fn what_failed_is_not_hidden_by_a_recipient_of_another_kind() {
    let (alg, enc) = (KeyManagement::A128Kw, ContentEncryption::A128Gcm);
    let keys = [encrypting(alg, enc), encrypting(KeyManagement::A256Kw, enc)];
    let text = json::encrypt_general(&keys, &Header::default(), None, b"attack").unwrap();
    let mut text: serde_json::Value = serde_json::from_str(&text).unwrap();
    for recipient in text["recipients"].as_array_mut().unwrap() {
        recipient["header"].as_object_mut().unwrap().remove("kid");
    }
    text["tag"] = base64url::encode(&[0; 16]).into();
    let encrypted = json::Encrypted::parse(text.to_string().as_bytes()).unwrap();
    assert_eq!(encrypted.decrypt(&decrypting(alg, enc)).unwrap_err(), Error::DecryptionFailed);
}
