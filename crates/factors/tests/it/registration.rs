//! WebAuthn Level 3, section 7.1: each step of a registration that can be refused.

use serde_json::json;
use symbolon_factors::webauthn::testing::{PRESENT_AND_VERIFIED, Passkey};
use symbolon_factors::webauthn::{Backup, PublicKey, WebAuthnError};

use super::{ORIGIN, RP_ID, challenge, passkey, registered, taken};

const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const EXTENSIONS: u8 = 1 << 7;

#[test]
fn webauthn_section_7_1_a_passkey_of_each_algorithm_is_registered_as_it_is() {
    for passkey in [passkey(), Passkey::ed25519(b"2", RP_ID, ORIGIN), Passkey::rs256(b"3", RP_ID, ORIGIN)] {
        let new = registered(&passkey).unwrap();
        assert_eq!((new.id, new.sign_count, new.backup), (passkey.id.clone(), 1, Backup::SingleDevice));
        assert_eq!(new.aaguid, [7; 16]);
        let again = PublicKey::from_jwk(new.public_key.as_jwk()).unwrap();
        assert_eq!(again.as_jwk(), new.public_key.as_jwk());
    }
}

#[test]
fn webauthn_section_7_1_steps_7_to_11_client_data_of_something_else_is_refused() {
    let table = [
        ("type", json!("webauthn.get"), WebAuthnError::Type),
        ("challenge", json!("x"), WebAuthnError::Challenge),
        ("origin", json!("https://badid.example"), WebAuthnError::Origin),
        ("crossOrigin", json!(true), WebAuthnError::CrossOrigin),
        ("topOrigin", json!("https://id.example"), WebAuthnError::CrossOrigin),
    ];
    for (name, value, error) in table {
        let mut passkey = passkey();
        passkey.client_data.insert(name.to_owned(), value);
        assert_eq!(registered(&passkey).unwrap_err(), error, "{name}");
    }
}

#[test]
fn webauthn_section_7_1_step_13_what_is_no_attestation_object_is_refused() {
    let (client_data, object) = passkey().create(&challenge());
    let mut renamed = object.clone();
    let at = renamed.windows(8).position(|name| name == b"authData").unwrap();
    renamed[at] = b'A';
    let longer = [&object[..], &[0]].concat();
    for wrong in [&[][..], &[0xa0], &object[..object.len() - 1], &longer, &renamed, &[0x80], b"\xa1\x63fmt\x01"] {
        assert_eq!(taken(&client_data, wrong).unwrap_err(), WebAuthnError::AttestationMalformed);
    }
}

#[test]
fn webauthn_section_7_1_step_14_a_passkey_for_another_relying_party_is_refused() {
    for other in ["example", "badid.example", "ID.EXAMPLE", ""] {
        let passkey = Passkey { rp_id: other.to_owned(), ..passkey() };
        assert_eq!(registered(&passkey).unwrap_err(), WebAuthnError::RpIdHash, "{other}");
    }
}

#[test]
fn webauthn_section_7_1_steps_15_to_17_flags_must_say_that_somebody_was_there_and_make_sense() {
    let both = PRESENT_AND_VERIFIED;
    let table = [
        (0b000, Err(WebAuthnError::UserNotPresent)),
        (0b100, Err(WebAuthnError::UserNotPresent)),
        (0b001, Err(WebAuthnError::UserNotVerified)),
        (both, Ok(Backup::SingleDevice)),
        (both | BACKUP_ELIGIBLE, Ok(Backup::Eligible)),
        (both | BACKUP_ELIGIBLE | BACKED_UP, Ok(Backup::BackedUp)),
        (both | BACKED_UP, Err(WebAuthnError::BackupStateImpossible)),
        // Bits that are reserved for the future say nothing.
        (both | 0b10_0010, Ok(Backup::SingleDevice)),
    ];
    for (flags, expected) in table {
        let passkey = Passkey { flags, ..passkey() };
        assert_eq!(registered(&passkey).map(|new| new.backup), expected, "{flags:#b}");
    }
}

#[test]
fn webauthn_section_6_1_authenticator_data_ends_where_it_must() {
    let map = [&[0xa1, 0x6b][..], b"credProtect", &[2]].concat();
    let table: [(u8, &[u8], bool); 5] = [
        (0, &[], true),
        (0, &map, false),
        (EXTENSIONS, &map, true),
        (EXTENSIONS, &[], false),
        (EXTENSIONS, &[0x01], false),
    ];
    for (flag, behind, good) in table {
        let passkey = Passkey { flags: PRESENT_AND_VERIFIED | flag, behind: behind.to_vec(), ..passkey() };
        let result = registered(&passkey).map(|_| ());
        let expected = if good { Ok(()) } else { Err(WebAuthnError::AuthenticatorDataMalformed) };
        assert_eq!(result, expected, "{flag} {behind:02x?}");
    }
}

/// The object with one of its bytes changed, found by what stands before it.
fn with_byte_behind(before: &[u8], byte: u8) -> Result<(), WebAuthnError> {
    let (client_data, mut object) = passkey().create(&challenge());
    let at = object.windows(before.len()).position(|bytes| bytes == before).unwrap() + before.len();
    object[at] = byte;
    taken(&client_data, &object).map(|_| ())
}

#[test]
fn webauthn_section_7_1_step_20_only_algorithms_that_were_offered_and_good_keys_of_them_are_taken() {
    // COSE: {1: 2, 3: -7, -1: 1, -2: x, -3: y}.
    assert_eq!(with_byte_behind(&[0xa5, 1, 2, 3], 0x28), Err(WebAuthnError::AlgorithmNotOffered), "-9");
    assert_eq!(with_byte_behind(&[0xa5, 1, 2, 3], 0x27), Err(WebAuthnError::KeyMalformed), "EdDSA with a P-256 key");
    assert_eq!(with_byte_behind(&[0xa5, 1], 1), Err(WebAuthnError::KeyMalformed), "OKP");
    assert_eq!(with_byte_behind(&[0xa5, 1, 2, 3, 0x26, 0x20], 2), Err(WebAuthnError::KeyMalformed), "P-384");
    assert_eq!(with_byte_behind(&[0xa5, 1, 2, 3, 0x26, 0x20, 1], 0x23), Err(WebAuthnError::KeyMalformed), "no x");
    assert_eq!(
        with_byte_behind(&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21], 0xff),
        Err(WebAuthnError::AuthenticatorDataMalformed)
    );
    // A point that is not on the curve: y stays, and the first byte of x is another.
    let misfits = (0..=255_u8).filter(|byte| {
        with_byte_behind(&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 0x20], *byte) == Err(WebAuthnError::KeyMalformed)
    });
    assert!(misfits.count() > 200);
}

#[test]
fn webauthn_section_7_1_step_21_a_self_attestation_that_does_not_hold_is_refused() {
    for passkey in [passkey(), Passkey::ed25519(b"2", RP_ID, ORIGIN)] {
        let (client_data, object) = passkey.create_attested(&challenge(), |_| ());
        assert!(taken(&client_data, &object).is_ok());
        let (client_data, object) = passkey.create_attested(&challenge(), |signed| signed[0] ^= 1);
        assert_eq!(taken(&client_data, &object).unwrap_err(), WebAuthnError::AttestationStatement);
    }
    let (client_data, mut object) = passkey().create_attested(&challenge(), |_| ());
    let alg = object.windows(3).position(|name| name == b"alg").unwrap() + 3;
    object[alg] = 0x27;
    assert_eq!(taken(&client_data, &object).unwrap_err(), WebAuthnError::AttestationStatement, "another alg");
}

#[test]
fn webauthn_section_8_7_a_statement_of_none_is_empty() {
    let (client_data, object) = passkey().create(&challenge());
    let at = object.windows(7).position(|name| name == b"attStmt").unwrap() + 7;
    let filled = [&object[..at], &[0xa1, 1, 1], &object[at + 1..]].concat();
    assert_eq!(taken(&client_data, &filled).unwrap_err(), WebAuthnError::AttestationStatement);
    let no_map = [&object[..at], &[0x80], &object[at + 1..]].concat();
    assert_eq!(taken(&client_data, &no_map).unwrap_err(), WebAuthnError::AttestationMalformed);
}

#[test]
fn webauthn_section_7_1_step_25_a_credential_id_has_1_to_1023_bytes() {
    for (len, expected) in [
        (0, Err(WebAuthnError::CredentialIdLength)),
        (1, Ok(())),
        (1023, Ok(())),
        (1024, Err(WebAuthnError::CredentialIdLength)),
    ] {
        let passkey = Passkey { id: vec![9; len], ..passkey() };
        assert_eq!(registered(&passkey).map(|_| ()), expected, "{len}");
    }
}

#[test]
fn a_stored_key_is_read_only_for_an_algorithm_of_passkeys() {
    let new = registered(&passkey()).unwrap();
    let jwk = new.public_key.as_jwk();
    for wrong in ["", "{}", &jwk.replace("ES256", "ES384"), &jwk.replace("\"alg\":\"ES256\",", "")] {
        assert_eq!(PublicKey::from_jwk(wrong).unwrap_err(), WebAuthnError::KeyMalformed, "{wrong}");
    }
}
