//! Verifying an authentication assertion (§7.2).
//!
//! Which credential it is of, and that this one was asked for (steps 5 and 6), whoever loads it has seen to; the new counter is to be stored
//! under the condition that the old one still stands.

use symbolon_jose::sha256;

use super::authenticator_data::AuthenticatorData;
use super::client_data::{self, Ceremony};
use super::{Backup, Challenge, PublicKey, RelyingParty, UserVerification, WebAuthnError};

/// What `navigator.credentials.get()` brought.
#[derive(Clone, Copy, Debug)]
pub struct Assertion<'a> {
    /// `response.clientDataJSON`.
    pub client_data_json: &'a [u8],
    /// `response.authenticatorData`.
    pub authenticator_data: &'a [u8],
    /// `response.signature`.
    pub signature: &'a [u8],
    /// `response.userHandle`; an authenticator that keeps no account with a credential has none.
    pub user_handle: Option<&'a [u8]>,
}

/// What is known of the credential.
#[derive(Clone, Copy, Debug)]
pub struct Registered<'a> {
    /// The handle of the user whose it is.
    pub user_handle: &'a [u8],
    /// Whether the user was known before the ceremony; if not, the assertion must say who it is.
    pub user: Identified,
    /// Its key.
    pub public_key: &'a PublicKey,
    /// Its signature counter.
    pub sign_count: u32,
    /// What was last known of its backup.
    pub backup: Backup,
}

/// Who the user is was known before the ceremony, or comes out of it (§7.2 step 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identified {
    /// By a user name or a session.
    Before,
    /// By the assertion alone.
    ByAssertion,
}

/// What the assertion proves, and what is to be stored of it (§7.2 step 24).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authenticated {
    /// The new signature counter.
    pub sign_count: u32,
    /// Whether it is backed up now.
    pub backup: Backup,
    /// Whether the authenticator made sure who used it.
    pub user_verified: bool,
}

/// Judges an assertion.
///
/// # Errors
/// The first step of §7.2 that it does not pass.
pub fn authenticate(
    rp: &RelyingParty,
    challenge: &Challenge,
    verification: UserVerification,
    registered: Registered<'_>,
    assertion: Assertion<'_>,
) -> Result<Authenticated, WebAuthnError> {
    match assertion.user_handle {
        Some(handle) if handle == registered.user_handle => {}
        None if registered.user == Identified::Before => {}
        _ => return Err(WebAuthnError::UserHandle),
    }
    client_data::check(assertion.client_data_json, Ceremony::Authentication, rp, challenge)?;
    let data = AuthenticatorData::read(assertion.authenticator_data)?;
    // §6.1: "Assertion signatures … the AT flag MUST NOT be set".
    if data.attested.is_some() {
        return Err(WebAuthnError::AuthenticatorDataMalformed);
    }
    let backup = data.check(rp, verification)?;
    if backup.is_eligible() != registered.backup.is_eligible() {
        return Err(WebAuthnError::BackupEligibilityChanged);
    }
    let signed = [assertion.authenticator_data, &sha256(assertion.client_data_json)].concat();
    registered.public_key.verify(&signed, assertion.signature)?;
    // "If authData.signCount is nonzero or credentialRecord.signCount is nonzero": then it must have grown.
    let counts = data.sign_count != 0 || registered.sign_count != 0;
    if counts && data.sign_count <= registered.sign_count {
        return Err(WebAuthnError::SignCount);
    }
    Ok(Authenticated { sign_count: data.sign_count, backup, user_verified: data.is_user_verified() })
}
