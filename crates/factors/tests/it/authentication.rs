//! WebAuthn Level 3, section 7.2: each step of an assertion that can be refused.

use serde_json::json;
use symbolon_factors::webauthn::authentication::Identified;
use symbolon_factors::webauthn::testing::{ATTESTED, PRESENT_AND_VERIFIED, Passkey};
use symbolon_factors::webauthn::{
    Assertion, Authenticated, Backup, NewCredential, Registered, UserVerification, WebAuthnError, authenticate,
};

use super::{ORIGIN, RP_ID, challenge, passkey, registered, rp};

/// What is known and asked, which a test changes.
struct Asked {
    handle: Option<&'static [u8]>,
    user: Identified,
    verification: UserVerification,
}

const ASKED: Asked =
    Asked { handle: Some(b"ada"), user: Identified::ByAssertion, verification: UserVerification::Required };

fn assert_with(passkey: &Passkey, known: &NewCredential, asked: &Asked) -> Result<Authenticated, WebAuthnError> {
    let (client_data_json, authenticator_data, signature) = passkey.get(&challenge());
    let registered = Registered {
        user_handle: b"ada",
        user: asked.user,
        public_key: &known.public_key,
        sign_count: known.sign_count,
        backup: known.backup,
    };
    let assertion = Assertion {
        client_data_json: &client_data_json,
        authenticator_data: &authenticator_data,
        signature: &signature,
        user_handle: asked.handle,
    };
    authenticate(&rp(), &challenge(), asked.verification, registered, assertion)
}

/// A passkey after its registration, changed, and what comes of an assertion.
fn changed(change: impl FnOnce(&mut Passkey)) -> Result<Authenticated, WebAuthnError> {
    let mut passkey = passkey();
    let known = registered(&passkey).unwrap();
    passkey.sign_count = 2;
    change(&mut passkey);
    assert_with(&passkey, &known, &ASKED)
}

#[test]
fn webauthn_section_7_2_a_passkey_of_each_algorithm_signs_in() {
    for mut passkey in [passkey(), Passkey::ed25519(b"2", RP_ID, ORIGIN), Passkey::rs256(b"3", RP_ID, ORIGIN)] {
        let known = registered(&passkey).unwrap();
        passkey.sign_count = 5;
        let expected = Authenticated { sign_count: 5, backup: Backup::SingleDevice, user_verified: true };
        assert_eq!(assert_with(&passkey, &known, &ASKED), Ok(expected));
    }
}

#[test]
fn webauthn_section_7_2_step_6_the_user_handle_is_the_users() {
    let mut passkey = passkey();
    let known = registered(&passkey).unwrap();
    passkey.sign_count = 2;
    let table: [(Option<&[u8]>, Identified, bool); 6] = [
        (Some(b"ada"), Identified::ByAssertion, true),
        (Some(b"ada"), Identified::Before, true),
        (None, Identified::Before, true),
        (None, Identified::ByAssertion, false),
        (Some(b"bob"), Identified::ByAssertion, false),
        (Some(b""), Identified::Before, false),
    ];
    for (handle, user, good) in table {
        let result = assert_with(&passkey, &known, &Asked { handle, user, ..ASKED });
        assert_eq!(result.is_ok(), good, "{handle:?} {user:?}: {result:?}");
        assert!(good || result == Err(WebAuthnError::UserHandle));
    }
}

#[test]
fn webauthn_section_7_2_steps_10_to_14_client_data_of_something_else_is_refused() {
    let table = [
        ("type", json!("webauthn.create"), WebAuthnError::Type),
        ("challenge", json!("x"), WebAuthnError::Challenge),
        ("origin", json!("https://badid.example"), WebAuthnError::Origin),
        ("crossOrigin", json!(true), WebAuthnError::CrossOrigin),
        ("topOrigin", json!("https://id.example"), WebAuthnError::CrossOrigin),
    ];
    for (name, value, error) in table {
        let result = changed(|passkey| drop(passkey.client_data.insert(name.to_owned(), value)));
        assert_eq!(result, Err(error), "{name}");
    }
}

#[test]
fn webauthn_section_7_2_step_15_an_assertion_for_another_relying_party_is_refused() {
    assert_eq!(changed(|passkey| passkey.rp_id = "badid.example".to_owned()), Err(WebAuthnError::RpIdHash));
}

#[test]
fn webauthn_section_7_2_steps_16_and_17_somebody_was_there_and_verified_where_that_is_asked() {
    assert_eq!(changed(|passkey| passkey.flags = 0b100), Err(WebAuthnError::UserNotPresent));
    assert_eq!(changed(|passkey| passkey.flags = 0b001), Err(WebAuthnError::UserNotVerified));
    let mut passkey = passkey();
    let known = registered(&passkey).unwrap();
    (passkey.sign_count, passkey.flags) = (2, 0b001);
    let asked = Asked { verification: UserVerification::Discouraged, ..ASKED };
    let done = assert_with(&passkey, &known, &asked).unwrap();
    assert!(!done.user_verified, "what was not verified is not called so");
}

#[test]
fn webauthn_section_7_2_steps_18_and_19_backups_make_sense_and_eligibility_does_not_change() {
    let (eligible, backed_up) = (1 << 3, 1 << 4);
    let of = |before: u8, now: u8| {
        let mut passkey = Passkey { flags: PRESENT_AND_VERIFIED | before, ..passkey() };
        let known = registered(&passkey).unwrap();
        (passkey.flags, passkey.sign_count) = (PRESENT_AND_VERIFIED | now, 2);
        assert_with(&passkey, &known, &ASKED).map(|done| done.backup)
    };
    assert_eq!(of(eligible, eligible | backed_up), Ok(Backup::BackedUp));
    assert_eq!(of(eligible | backed_up, eligible), Ok(Backup::Eligible));
    assert_eq!(of(0, backed_up), Err(WebAuthnError::BackupStateImpossible));
    assert_eq!(of(0, eligible), Err(WebAuthnError::BackupEligibilityChanged));
    assert_eq!(of(eligible, 0), Err(WebAuthnError::BackupEligibilityChanged));
}

#[test]
fn webauthn_section_7_2_step_21_a_signature_of_another_key_is_refused() {
    let known = registered(&passkey()).unwrap();
    let other = Passkey { sign_count: 2, ..passkey() };
    assert_eq!(assert_with(&other, &known, &ASKED), Err(WebAuthnError::Signature));
    // Numbers side by side, as in JOSE, are none in WebAuthn, and neither is nothing.
    let (client_data, data, _) = other.get(&challenge());
    for signature in [&[7; 64][..], &[], &[0x30, 0], &[0x30, 6, 2, 1, 1, 2, 1, 0]] {
        let registered = Registered {
            user_handle: b"ada",
            user: Identified::Before,
            public_key: &known.public_key,
            sign_count: 0,
            backup: known.backup,
        };
        let assertion =
            Assertion { client_data_json: &client_data, authenticator_data: &data, signature, user_handle: None };
        let result = authenticate(&rp(), &challenge(), UserVerification::Required, registered, assertion);
        assert_eq!(result, Err(WebAuthnError::Signature));
    }
}

#[test]
fn webauthn_section_7_2_step_22_the_signature_counter_grows_or_there_is_none() {
    for (before, now, good) in [(1, 2, true), (1, 1, false), (2, 1, false), (1, 0, false), (0, 1, true), (0, 0, true)] {
        let mut passkey = Passkey { sign_count: before, ..passkey() };
        let known = registered(&passkey).unwrap();
        passkey.sign_count = now;
        let expected = if good { Ok(now) } else { Err(WebAuthnError::SignCount) };
        assert_eq!(assert_with(&passkey, &known, &ASKED).map(|done| done.sign_count), expected, "{before} {now}");
    }
}

#[test]
fn webauthn_section_6_1_an_assertion_holds_no_new_credential_and_ends_where_it_must() {
    let malformed = Err(WebAuthnError::AuthenticatorDataMalformed);
    assert_eq!(changed(|passkey| passkey.behind = vec![0]), malformed);
    let attested = |passkey: &mut Passkey| {
        passkey.flags |= ATTESTED;
        passkey.behind = [&[7; 16][..], &[0, 1, 9], &passkey.cose()].concat();
    };
    assert_eq!(changed(attested), malformed);
    let extended = |passkey: &mut Passkey| {
        passkey.flags |= 1 << 7;
        passkey.behind = vec![0xa1, 0x61, b'x', 0xf5];
    };
    assert!(changed(extended).is_ok(), "outputs of extensions are ignored");
}
