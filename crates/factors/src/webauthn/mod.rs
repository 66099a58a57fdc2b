//! Passkeys: what a relying party verifies (WebAuthn Level 3 §7). Registration in [`registration`], sign-in in [`authentication`].
//!
//! Attestation is not asked for (`none`), so nothing is known of an authenticator's make: a statement of format `none` must be empty, a self
//! attestation (`packed` without certificates) is verified, and any other is not looked at and worth as much as none (§7.1 step 24 leaves it
//! to the relying party). Extensions are ignored (§7.1 step 27, §7.2 step 23). The pages that ask are never framed, so a ceremony in a frame
//! of another origin is refused.

mod attestation;
pub mod authentication;
mod authenticator_data;
mod client_data;
mod cose;
mod error;
pub mod registration;
#[cfg(feature = "testing")]
pub mod testing;

use std::fmt;

use symbolon_jose::{base64url, ct_eq, sha256};

pub use authentication::{Assertion, Authenticated, Registered, authenticate};
pub use authenticator_data::{Aaguid, Backup};
pub use cose::{ALGORITHMS, PublicKey};
pub use error::WebAuthnError;
pub use registration::{Attestation, NewCredential, register};

/// The longest credential id, in bytes (§7.1 step 25).
pub const MAX_CREDENTIAL_ID_BYTES: usize = 1023;
/// The longest user handle, in bytes (§5.4.3).
pub const MAX_USER_HANDLE_BYTES: usize = 64;
/// Bytes of a challenge; §13.4.3 asks for 16 at least.
pub const CHALLENGE_LEN: usize = 32;

/// Who asks: the domain that credentials are for, and the one origin of the pages that ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelyingParty {
    origin: String,
    id: String,
}

impl RelyingParty {
    /// The RP ID is the host of the issuer, and `origin` its origin as browsers write it.
    pub fn new(id: impl Into<String>, origin: impl Into<String>) -> Self {
        Self { origin: origin.into(), id: id.into() }
    }

    /// The RP ID.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The whole origin is compared: `badexample.com` ends like `example.com`, too.
    fn is_origin(&self, origin: &str) -> bool {
        self.origin == origin
    }

    fn is_hash(&self, hash: &[u8]) -> bool {
        sha256(self.id.as_bytes()) == *hash
    }
}

/// What an authenticator has to sign; unpredictable, for one ceremony. `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Challenge([u8; CHALLENGE_LEN]);

impl Challenge {
    /// Of unpredictable bytes.
    pub fn new(bytes: [u8; CHALLENGE_LEN]) -> Self {
        Self(bytes)
    }

    /// As it stands in client data: base64url.
    pub fn text(&self) -> String {
        base64url::encode(&self.0)
    }

    fn is(&self, text: &str) -> bool {
        ct_eq(self.text().as_bytes(), text.as_bytes())
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Challenge(..)")
    }
}

/// Whether the authenticator must have made sure who uses it, by a PIN or a finger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserVerification {
    /// It need not.
    Discouraged,
    /// It must: what takes the place of a password and a second factor.
    Required,
}
