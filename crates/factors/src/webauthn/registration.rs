//! Registering a new credential (§7.1).
//!
//! Whether the credential id is somebody's already (step 26) is for the store to say, in the transaction that keeps it.

use symbolon_jose::sha256;

use super::attestation::AttestationObject;
use super::client_data::{self, Ceremony};
use super::{Aaguid, Backup, Challenge, PublicKey, RelyingParty, UserVerification, WebAuthnError};

/// What `navigator.credentials.create()` brought.
#[derive(Clone, Copy, Debug)]
pub struct Attestation<'a> {
    /// `response.clientDataJSON`.
    pub client_data_json: &'a [u8],
    /// `response.attestationObject`.
    pub attestation_object: &'a [u8],
}

/// A credential record (§4) to keep.
#[derive(Clone, Debug)]
pub struct NewCredential {
    /// The credential id.
    pub id: Vec<u8>,
    /// What its signatures are verified with.
    pub public_key: PublicKey,
    /// Its signature counter; zero for one that does not count.
    pub sign_count: u32,
    /// Whether it is on one device only.
    pub backup: Backup,
    /// The authenticator's model, by its own word.
    pub aaguid: Aaguid,
}

/// Judges a registration.
///
/// # Errors
/// The first step of §7.1 that it does not pass.
pub fn register(
    rp: &RelyingParty,
    challenge: &Challenge,
    verification: UserVerification,
    response: Attestation<'_>,
) -> Result<NewCredential, WebAuthnError> {
    client_data::check(response.client_data_json, Ceremony::Registration, rp, challenge)?;
    let object = AttestationObject::read(response.attestation_object)?;
    let backup = object.data.check(rp, verification)?;
    // §6.1: "Attestation objects always contain attested credential data".
    let credential = object.data.attested.as_ref().ok_or(WebAuthnError::AuthenticatorDataMalformed)?;
    object.check_statement(credential, &sha256(response.client_data_json))?;
    Ok(NewCredential {
        id: credential.id.to_vec(),
        public_key: credential.public_key.clone(),
        sign_count: object.data.sign_count,
        backup,
        aaguid: credential.aaguid,
    })
}
