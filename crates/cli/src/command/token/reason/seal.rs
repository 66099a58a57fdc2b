//! What shows without a key that a signature cannot verify, or content cannot be decrypted: lengths, zeros, missing parts
//! (RFC 7518 §3 and §5, RFC 9964 §5).

use std::ops::RangeInclusive;

use symbolon_jose::{Algorithm, ContentEncryption, KeyManagement};

use super::Reason;

/// As long as the modulus, of 2048 to 8192 bits.
const MODULUS: RangeInclusive<usize> = 256..=1024;

const MAKER: &str = "ask for a new token; if that is the same, tell whoever makes them";

/// The signature of a token that claims to be signed with `alg`.
pub(crate) fn signature(alg: &str, signature: &[u8], reasons: &mut Vec<Reason>) {
    if signature.is_empty() {
        let text = "the signature is empty: it is not signed at all";
        reasons.push(Reason::refused("signature_empty", text, "never accept it, whatever its header says"));
        return;
    }
    let Some(expected) = Algorithm::from_name(alg).map(lengths) else { return };
    if !expected.contains(&signature.len()) {
        reasons.push(wrong_length(alg, signature, &expected));
    } else if alg.starts_with("ES") && halves_zero(signature) {
        let text = "half of the signature is zero: it tries to be valid for anything (CVE-2022-21449)";
        reasons.push(Reason::refused("signature_zero", text, "somebody is trying something: look where it came from"));
    }
}

fn wrong_length(alg: &str, signature: &[u8], expected: &RangeInclusive<usize>) -> Reason {
    // An ECDSA signature as X.509 and TLS write it.
    if alg.starts_with("ES") && signature.first() == Some(&0x30) {
        return Reason::refused(
            "signature_der",
            format!("the signature is written as DER; {alg} in a token is r and s side by side"),
            "have its maker convert the signature (RFC 7518 section 3.4)",
        );
    }
    let text = format!("the signature has {} bytes and {alg} makes {}", signature.len(), in_words(expected));
    let hint =
        if signature.len() < *expected.start() { "copy the token again; a part of it may be missing" } else { MAKER };
    Reason::refused("signature_length", text, hint)
}

fn in_words(lengths: &RangeInclusive<usize>) -> String {
    let (least, most) = (lengths.start(), lengths.end());
    if least == most { least.to_string() } else { format!("{least} to {most}") }
}

/// How long a signature can be.
fn lengths(algorithm: Algorithm) -> RangeInclusive<usize> {
    match algorithm {
        Algorithm::Ed25519 | Algorithm::EdDSA | Algorithm::ES256 | Algorithm::HS512 => 64..=64,
        Algorithm::ES384 => 96..=96,
        Algorithm::ES512 => 132..=132,
        Algorithm::HS256 => 32..=32,
        Algorithm::HS384 => 48..=48,
        Algorithm::MlDsa44 => 2420..=2420,
        Algorithm::MlDsa65 => 3309..=3309,
        Algorithm::MlDsa87 => 4627..=4627,
        _ => MODULUS,
    }
}

fn halves_zero(signature: &[u8]) -> bool {
    let (r, s) = signature.split_at(signature.len() / 2);
    [r, s].iter().any(|half| half.iter().all(|byte| *byte == 0))
}

/// How long the encrypted content key can be.
fn wrapped_lengths(management: KeyManagement, content_key: usize) -> RangeInclusive<usize> {
    match management.name() {
        name if name.starts_with("RSA") => MODULUS,
        name if name.ends_with("GCMKW") => content_key..=content_key,
        // RFC 3394 §2.2.1: eight bytes to check the rest by.
        _ => content_key + 8..=content_key + 8,
    }
}

/// The parts of an encrypted token beside its header, as far as they could be read.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) encrypted_key: Option<Vec<u8>>,
    pub(crate) iv: Option<Vec<u8>>,
    pub(crate) ciphertext: Option<Vec<u8>>,
    pub(crate) tag: Option<Vec<u8>>,
}

/// The parts of a token that claims to be encrypted so.
pub(crate) fn encrypted(alg: &str, enc: &str, parts: &Parts, reasons: &mut Vec<Reason>) {
    if let (Some(management), Some(key)) = (KeyManagement::from_name(alg), &parts.encrypted_key) {
        let agreed = matches!(management, KeyManagement::Dir | KeyManagement::EcdhEs);
        if agreed && !key.is_empty() {
            let text = format!("an encrypted key stands there, and with {alg} there is none");
            reasons.push(Reason::refused("encrypted_key_unexpected", text, MAKER));
        }
        if !agreed && key.is_empty() {
            let text = format!("the encrypted key is missing, and {alg} needs it");
            reasons.push(Reason::refused("encrypted_key_missing", text, MAKER));
        }
        let expected = ContentEncryption::from_name(enc).map(|enc| wrapped_lengths(management, enc.key_len()));
        if let Some(expected) = expected.filter(|it| !agreed && !key.is_empty() && !it.contains(&key.len())) {
            let (len, wanted) = (key.len(), in_words(&expected));
            let text = format!("the encrypted key has {len} bytes, and with {alg} and {enc} it has {wanted}");
            reasons.push(Reason::refused("encrypted_key_length", text, MAKER));
        }
    }
    let Some(encryption) = ContentEncryption::from_name(enc) else { return };
    let chained = enc.contains("CBC");
    let (iv_len, tag_len) = if chained { (16, encryption.key_len() / 2) } else { (12, 16) };
    for (id, part, bytes, len) in
        [("iv_length", "starting value (iv)", &parts.iv, iv_len), ("tag_length", "seal (tag)", &parts.tag, tag_len)]
    {
        if let Some(bytes) = bytes.as_ref().filter(|bytes| bytes.len() != len) {
            let text = format!("the {part} has {} bytes and {enc} has {len}", bytes.len());
            reasons.push(Reason::refused(id, text, MAKER));
        }
    }
    if chained && parts.ciphertext.as_ref().is_some_and(|text| text.is_empty() || text.len() % 16 != 0) {
        let text = format!("the content is not whole blocks of 16 bytes, which {enc} makes");
        reasons.push(Reason::refused("ciphertext_length", text, MAKER));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use symbolon_jose::{Jwk, SigningKey, base64url, jws};

    fn ids(reasons: &[Reason]) -> Vec<&'static str> {
        reasons.iter().map(|reason| reason.id).collect()
    }

    fn of_signature(alg: &str, bytes: &[u8]) -> Vec<&'static str> {
        let mut reasons = Vec::new();
        signature(alg, bytes, &mut reasons);
        ids(&reasons)
    }

    #[test]
    fn the_lengths_are_those_that_are_made() {
        for &algorithm in Algorithm::ALL {
            let key = SigningKey::from_jwk(&Jwk::generate(algorithm).unwrap(), algorithm).unwrap();
            let token = jws::compact::sign(&key, None, b"{}").unwrap();
            let made = base64url::decode(token.rsplit('.').next().unwrap()).unwrap();
            assert_eq!(of_signature(algorithm.name(), &made), <[&str; 0]>::default(), "{algorithm}");
            assert_eq!(of_signature(algorithm.name(), &made[..16]).len(), 1, "{algorithm}");
        }
    }

    #[test]
    fn each_reason_of_a_signature_is_found() {
        for (alg, bytes, id) in [
            ("ES256", vec![], "signature_empty"),
            ("none", vec![], "signature_empty"),
            ("ES256", vec![1; 63], "signature_length"),
            ("RS256", vec![1; 255], "signature_length"),
            ("ES256", [&[0x30][..], &[1; 70]].concat(), "signature_der"),
            ("ES256", vec![0; 64], "signature_zero"),
            ("ES384", [&[1; 48][..], &[0; 48]].concat(), "signature_zero"),
        ] {
            assert_eq!(of_signature(alg, &bytes), [id], "{alg}");
        }
        assert_eq!(of_signature("unknown", &[1]), <[&str; 0]>::default());
    }

    #[test]
    fn each_reason_of_an_encrypted_token_is_found() {
        let good = || Parts {
            encrypted_key: Some(vec![1; 40]),
            iv: Some(vec![1; 16]),
            ciphertext: Some(vec![1; 32]),
            tag: Some(vec![1; 16]),
        };
        let empty = Some(Vec::new());
        for (alg, parts, expected) in [
            ("A256KW", good(), &[][..]),
            ("A256KW", Parts { encrypted_key: Some(vec![1; 3]), ..good() }, &["encrypted_key_length"]),
            ("ECDH-ES+A128KW", Parts { encrypted_key: Some(vec![1; 41]), ..good() }, &["encrypted_key_length"]),
            ("A256GCMKW", Parts { encrypted_key: Some(vec![1; 32]), ..good() }, &[]),
            ("A256GCMKW", good(), &["encrypted_key_length"]),
            ("RSA-OAEP", Parts { encrypted_key: Some(vec![1; 256]), ..good() }, &[]),
            ("RSA-OAEP", Parts { encrypted_key: Some(vec![1; 255]), ..good() }, &["encrypted_key_length"]),
            ("dir", good(), &["encrypted_key_unexpected"]),
            ("A256KW", Parts { encrypted_key: empty.clone(), ..good() }, &["encrypted_key_missing"]),
            ("dir", Parts { encrypted_key: empty.clone(), ..good() }, &[]),
            ("A256KW", Parts { iv: Some(vec![1; 12]), ..good() }, &["iv_length"]),
            ("A256KW", Parts { tag: empty.clone(), ..good() }, &["tag_length"]),
            ("A256KW", Parts { ciphertext: Some(vec![1; 31]), ..good() }, &["ciphertext_length"]),
            ("A256KW", Parts { ciphertext: empty, ..good() }, &["ciphertext_length"]),
        ] {
            let mut reasons = Vec::new();
            encrypted(alg, "A128CBC-HS256", &parts, &mut reasons);
            assert_eq!(ids(&reasons), expected, "{alg}");
        }
    }
}
