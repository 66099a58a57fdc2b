//! What a browser sends of a passkey, three ways in. `{`: client data, accepted exactly when other code says that it is in order. `a`: an
//! attestation object; what is registered is within bounds, and its key reads back. Anything else: authenticator data, which nobody has signed.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use symbolon_factors::webauthn::authentication::Identified;
use symbolon_factors::webauthn::{
    Assertion, Attestation, Backup, Challenge, MAX_CREDENTIAL_ID_BYTES, PublicKey, Registered, RelyingParty,
    UserVerification, WebAuthnError, authenticate, register,
};
use symbolon_fuzz::tree::Tree;
use symbolon_jose::json::Limits;

const KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","alg":"EdDSA"}"#;
const ORIGIN: &str = "https://example.org";
const LIMITS: Limits = Limits { max_bytes: 8 * 1024, max_depth: 8, max_members: 32 };

fuzz_target!(|input: &[u8]| {
    match input.first() {
        Some(b'{') => client_data(input),
        Some(b'a') => attestation_object(&input[1..]),
        _ => assert!(assertion(&good_client_data("webauthn.get"), input).is_err(), "nobody signed this"),
    }
});

fn challenge() -> Challenge {
    Challenge::new([7; 32])
}

fn rp() -> RelyingParty {
    RelyingParty::new("example.org", ORIGIN)
}

fn good_client_data(ceremony: &str) -> Vec<u8> {
    let challenge = challenge().text();
    format!(r#"{{"type":"{ceremony}","challenge":"{challenge}","origin":"{ORIGIN}"}}"#).into_bytes()
}

fn assertion(client_data_json: &[u8], authenticator_data: &[u8]) -> Result<(), WebAuthnError> {
    let public_key = PublicKey::from_jwk(KEY).expect("our own key");
    let registered = Registered {
        user_handle: b"ada",
        user: Identified::Before,
        public_key: &public_key,
        sign_count: 0,
        backup: Backup::SingleDevice,
    };
    let assertion = Assertion { client_data_json, authenticator_data, signature: &[7; 64], user_handle: None };
    authenticate(&rp(), &challenge(), UserVerification::Discouraged, registered, assertion).map(|_| ())
}

fn attestation_object(object: &[u8]) {
    let client_data_json = good_client_data("webauthn.create");
    let response = Attestation { client_data_json: &client_data_json, attestation_object: object };
    let Ok(new) = register(&rp(), &challenge(), UserVerification::Discouraged, response) else { return };
    assert!((1..=MAX_CREDENTIAL_ID_BYTES).contains(&new.id.len()));
    let again = PublicKey::from_jwk(new.public_key.as_jwk()).expect("it was registered");
    assert_eq!(again.as_jwk(), new.public_key.as_jwk());
}

/// Client data comes first: whatever is wrong behind it says that this was in order.
fn client_data(json: &[u8]) {
    let refused = matches!(
        assertion(json, &[]).expect_err("there is no authenticator data"),
        WebAuthnError::ClientDataMalformed
            | WebAuthnError::Type
            | WebAuthnError::Challenge
            | WebAuthnError::Origin
            | WebAuthnError::CrossOrigin
    );
    assert_eq!(!refused, is_in_order(json).is_some());
}

/// By way of a generic value.
fn is_in_order(json: &[u8]) -> Option<()> {
    let tree = Tree::parse(json)?;
    let data: Value = serde_json::from_slice(json).ok()?;
    let text = |name: &str| data.get(name)?.as_str();
    let cross = data.get("crossOrigin").unwrap_or(&Value::Null);
    let in_order = !tree.has_duplicate()
        && tree.fits(LIMITS)
        && text("type")? == "webauthn.get"
        && text("challenge")? == challenge().text()
        && text("origin")? == ORIGIN
        && (cross.is_null() || *cross == Value::Bool(false))
        && data.get("topOrigin").is_none_or(Value::is_null);
    in_order.then_some(())
}
