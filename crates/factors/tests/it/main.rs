//! Passkeys as WebAuthn Level 3 has them: its own test vectors, and each step that a relying party has to take, broken once.

#![expect(clippy::unwrap_used, reason = "tests")]

mod authentication;
mod properties;
mod registration;
mod vectors;

use symbolon_factors::webauthn::testing::Passkey;
use symbolon_factors::webauthn::{
    Attestation, Challenge, NewCredential, RelyingParty, UserVerification, WebAuthnError, register,
};

const RP_ID: &str = "id.example";
const ORIGIN: &str = "https://id.example";

fn rp() -> RelyingParty {
    RelyingParty::new(RP_ID, ORIGIN)
}

fn challenge() -> Challenge {
    Challenge::new([7; 32])
}

fn passkey() -> Passkey {
    Passkey::es256(b"credential 1", RP_ID, ORIGIN)
}

fn registered(passkey: &Passkey) -> Result<NewCredential, WebAuthnError> {
    let (client_data_json, attestation_object) = passkey.create(&challenge());
    taken(&client_data_json, &attestation_object)
}

fn taken(client_data_json: &[u8], attestation_object: &[u8]) -> Result<NewCredential, WebAuthnError> {
    let response = Attestation { client_data_json, attestation_object };
    register(&rp(), &challenge(), UserVerification::Required, response)
}
