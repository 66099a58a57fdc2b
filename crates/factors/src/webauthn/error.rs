//! Why a ceremony fails; each cause is a step of WebAuthn §7.1 or §7.2.

use std::fmt;

/// Why a registration or an assertion is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebAuthnError {
    /// The algorithm of the key was not offered (§7.1 step 20).
    AlgorithmNotOffered,
    /// The attestation object is none (§6.5).
    AttestationMalformed,
    /// A self attestation does not hold (§8.2), or a statement says something that must be empty (§8.7).
    AttestationStatement,
    /// The authenticator data is none (§6.1).
    AuthenticatorDataMalformed,
    /// What can be backed up could not before, or the other way round (§7.2 step 19).
    BackupEligibilityChanged,
    /// It is backed up but cannot be (§7.1 step 17, §7.2 step 18).
    BackupStateImpossible,
    /// The challenge is another (§7.1 step 8, §7.2 step 11).
    Challenge,
    /// The client data is none (§5.8.1).
    ClientDataMalformed,
    /// The credential id is empty or too long (§7.1 step 25).
    CredentialIdLength,
    /// The page was in a frame of another origin (§7.1 steps 10 and 11, §7.2 steps 13 and 14).
    CrossOrigin,
    /// The public key is none (§6.5.1).
    KeyMalformed,
    /// The origin is another (§7.1 step 9, §7.2 step 12).
    Origin,
    /// It is for another relying party (§7.1 step 14, §7.2 step 15).
    RpIdHash,
    /// The signature counter has not grown: there may be two of the authenticator (§7.2 step 22).
    SignCount,
    /// The signature is not of this key (§7.2 step 21).
    Signature,
    /// It is the client data of the other ceremony (§7.1 step 7, §7.2 step 10).
    Type,
    /// The passkey is somebody else's (§7.2 step 6).
    UserHandle,
    /// Nobody was there (§7.1 step 15, §7.2 step 16).
    UserNotPresent,
    /// It was not made sure who was there (§7.1 step 16, §7.2 step 17).
    UserNotVerified,
}

impl fmt::Display for WebAuthnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlgorithmNotOffered => "the key's algorithm was not offered",
            Self::AttestationMalformed => "the attestation object is malformed",
            Self::AttestationStatement => "the attestation statement does not hold",
            Self::AuthenticatorDataMalformed => "the authenticator data is malformed",
            Self::BackupEligibilityChanged => "whether the passkey can be backed up has changed",
            Self::BackupStateImpossible => "the passkey is backed up and cannot be",
            Self::Challenge => "the challenge is another",
            Self::ClientDataMalformed => "the client data is malformed",
            Self::CredentialIdLength => "the credential id is empty or longer than 1023 bytes",
            Self::CrossOrigin => "the page was framed by another origin",
            Self::KeyMalformed => "the public key is malformed",
            Self::Origin => "the origin is another",
            Self::RpIdHash => "the passkey is for another relying party",
            Self::SignCount => "the signature counter has not grown",
            Self::Signature => "the signature is not of this passkey",
            Self::Type => "the client data is of another ceremony",
            Self::UserHandle => "the passkey is somebody else's",
            Self::UserNotPresent => "nobody was present",
            Self::UserNotVerified => "the user was not verified",
        })
    }
}

impl std::error::Error for WebAuthnError {}
