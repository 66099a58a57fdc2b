//! The test vectors of WebAuthn Level 3, section 16: what they register signs in; what is not for us is refused for its own reason.

use symbolon_factors::webauthn::authentication::Identified;
use symbolon_factors::webauthn::{
    Assertion, Attestation, Challenge, Registered, RelyingParty, UserVerification, WebAuthnError, authenticate,
    register,
};

struct Vector {
    id: &'static str,
    fields: Vec<Vec<u8>>,
}

fn vectors() -> Vec<Vector> {
    let paragraphs = include_str!("vectors.txt").split("\n\n").skip(1);
    paragraphs
        .map(|paragraph| {
            let mut lines = paragraph.lines();
            let id = lines.next().unwrap();
            Vector { id, fields: lines.map(bytes).collect() }
        })
        .collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn verdict(vector: &Vector) -> Result<u32, WebAuthnError> {
    let [challenge, client_data, attestation, again, client_data_again, data, signature] = &vector.fields[..] else {
        panic!("{} has {} fields", vector.id, vector.fields.len())
    };
    let rp = RelyingParty::new("example.org", "https://example.org");
    let make = |bytes: &[u8]| Challenge::new(bytes.try_into().unwrap());
    let new = register(
        &rp,
        &make(challenge),
        UserVerification::Discouraged,
        Attestation { client_data_json: client_data, attestation_object: attestation },
    )?;
    let registered = Registered {
        user_handle: b"ada",
        user: Identified::Before,
        public_key: &new.public_key,
        sign_count: new.sign_count,
        backup: new.backup,
    };
    let assertion =
        Assertion { client_data_json: client_data_again, authenticator_data: data, signature, user_handle: None };
    let challenge = make(again);
    let done = authenticate(&rp, &challenge, UserVerification::Discouraged, registered, assertion)?;
    Ok(done.sign_count)
}

#[test]
fn webauthn_section_16_what_the_vectors_register_signs_in() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 14);
    for vector in &vectors {
        let expected = match vector.id {
            "none-es256-crossOrigin" | "none-es256-topOrigin" => Err(WebAuthnError::CrossOrigin),
            "packed-es384" | "packed-ed448" => Err(WebAuthnError::AlgorithmNotOffered),
            _ => Ok(0),
        };
        assert_eq!(verdict(vector), expected, "{}", vector.id);
    }
}

#[test]
fn webauthn_section_16_a_vector_with_one_bit_changed_does_not_sign_in() {
    for mut vector in
        vectors().into_iter().filter(|vector| matches!(vector.id, "none-es256" | "packed-eddsa" | "packed-rs256"))
    {
        for field in 4..7 {
            let middle = vector.fields[field].len() / 2;
            vector.fields[field][middle] ^= 1;
            assert!(verdict(&vector).is_err(), "{} {field}", vector.id);
            vector.fields[field][middle] ^= 1;
        }
        assert_eq!(verdict(&vector), Ok(0));
    }
}
