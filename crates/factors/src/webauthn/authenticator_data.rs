//! Authenticator data (§6.1): 37 bytes, behind them a new credential (flag AT) and the outputs of extensions (flag ED), and nothing else.

use super::{MAX_CREDENTIAL_ID_BYTES, PublicKey, RelyingParty, UserVerification, WebAuthnError};
use crate::cbor;

const UP: u8 = 1;
const UV: u8 = 1 << 2;
const BE: u8 = 1 << 3;
const BS: u8 = 1 << 4;
const AT: u8 = 1 << 6;
const ED: u8 = 1 << 7;

/// Which model of authenticator it is, says the authenticator; zeros for "I do not say".
pub type Aaguid = [u8; 16];

/// Whether a passkey is on one device only (§6.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backup {
    /// It can be backed up and is: losing the device does not lose it.
    BackedUp,
    /// It could be backed up and is not.
    Eligible,
    /// It can never leave its device.
    SingleDevice,
}

impl Backup {
    /// Whether it can be backed up at all, which never changes for a credential (§6.1.3).
    pub fn is_eligible(self) -> bool {
        self != Self::SingleDevice
    }
}

/// What an authenticator says of a ceremony.
#[derive(Debug)]
pub(super) struct AuthenticatorData<'a> {
    rp_id_hash: &'a [u8],
    flags: u8,
    pub(super) sign_count: u32,
    pub(super) attested: Option<AttestedCredential<'a>>,
}

/// §6.5.1: the credential that was made.
#[derive(Debug)]
pub(super) struct AttestedCredential<'a> {
    pub(super) aaguid: Aaguid,
    pub(super) id: &'a [u8],
    pub(super) public_key: PublicKey,
}

impl<'a> AuthenticatorData<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, WebAuthnError> {
        let malformed = WebAuthnError::AuthenticatorDataMalformed;
        let (rp_id_hash, rest) = bytes.split_at_checked(32).ok_or(malformed)?;
        let (&flags, rest) = rest.split_first().ok_or(malformed)?;
        let (count, mut rest) = rest.split_first_chunk::<4>().ok_or(malformed)?;
        let mut attested = None;
        if flags & AT != 0 {
            let (credential, behind) = AttestedCredential::read(rest)?;
            (attested, rest) = (Some(credential), behind);
        }
        if flags & ED != 0 {
            let (extensions, behind) = cbor::read_first(rest).map_err(|_| malformed)?;
            extensions.members().ok_or(malformed)?;
            rest = behind;
        }
        if !rest.is_empty() {
            return Err(malformed);
        }
        Ok(Self { rp_id_hash, flags, sign_count: u32::from_be_bytes(*count), attested })
    }

    /// §7.1 steps 14 to 17, §7.2 steps 15 to 18; what they say about backups.
    pub(super) fn check(&self, rp: &RelyingParty, verification: UserVerification) -> Result<Backup, WebAuthnError> {
        if !rp.is_hash(self.rp_id_hash) {
            return Err(WebAuthnError::RpIdHash);
        }
        if self.flags & UP == 0 {
            return Err(WebAuthnError::UserNotPresent);
        }
        if verification == UserVerification::Required && !self.is_user_verified() {
            return Err(WebAuthnError::UserNotVerified);
        }
        match (self.flags & BE != 0, self.flags & BS != 0) {
            (true, true) => Ok(Backup::BackedUp),
            (true, false) => Ok(Backup::Eligible),
            (false, false) => Ok(Backup::SingleDevice),
            (false, true) => Err(WebAuthnError::BackupStateImpossible),
        }
    }

    pub(super) fn is_user_verified(&self) -> bool {
        self.flags & UV != 0
    }
}

impl<'a> AttestedCredential<'a> {
    fn read(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), WebAuthnError> {
        let malformed = WebAuthnError::AuthenticatorDataMalformed;
        let (aaguid, rest) = bytes.split_first_chunk::<16>().ok_or(malformed)?;
        let (len, rest) = rest.split_first_chunk::<2>().ok_or(malformed)?;
        let len = usize::from(u16::from_be_bytes(*len));
        if !(1..=MAX_CREDENTIAL_ID_BYTES).contains(&len) {
            return Err(WebAuthnError::CredentialIdLength);
        }
        let (id, rest) = rest.split_at_checked(len).ok_or(malformed)?;
        let (key, rest) = cbor::read_first(rest).map_err(|_| malformed)?;
        Ok((Self { aaguid: *aaguid, id, public_key: PublicKey::from_cose(&key)? }, rest))
    }
}
