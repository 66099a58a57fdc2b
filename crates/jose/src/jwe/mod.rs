//! JSON Web Encryption (RFC 7516): compact and JSON serializations.
//!
//! A key is bound to one `alg` and to the `enc` it may be used with; the header of a token names a key and chooses nothing.
//! Whatever goes wrong between the encrypted key and the tag has one cause, [`Error::DecryptionFailed`](crate::Error), and goes the
//! same way (§11.5). Compressed content is refused unless it was asked for, and then bounded.

pub mod compact;
mod content;
#[cfg(test)]
mod cookbook_tests;
mod entropy;
mod header;
pub mod json;
mod key;
mod keys;
mod manage;
mod plaintext;
mod unmanage;
mod zip;

use std::fmt;
use std::sync::Arc;

pub use key::{DecryptingKey, EncryptingKey};
pub use keys::DecryptingKeys;
pub use manage::PBES2_MAX_COUNT;

use header::Received;
use plaintext::Plaintext;

/// The longest token, in bytes.
pub const MAX_TOKEN_LEN: usize = 64 * 1024;

/// What the sender writes into the header beside `alg`, `enc` and the key's `kid`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header<'h> {
    /// What kind of token it is.
    pub typ: Option<&'h str>,
    /// What the content is: `JWT` for a token within the token.
    pub cty: Option<&'h str>,
    /// Who sends it, bound to the agreed key (ECDH-ES only, RFC 7518 §4.6.1.2).
    pub apu: Option<&'h [u8]>,
    /// Whom it is for, bound to the agreed key (ECDH-ES only, RFC 7518 §4.6.1.3).
    pub apv: Option<&'h [u8]>,
    /// Compress the content first. What an attacker can choose a part of and see the length of must not be compressed with a secret.
    pub compression: Compression,
}

/// Whether content is compressed before it is encrypted: `zip` (RFC 7516 §4.1.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// With DEFLATE (RFC 1951).
    Deflate,
    /// Not at all.
    #[default]
    None,
}

/// Content that was decrypted and is as its sender wrote it; wiped on drop.
///
/// Who the sender is only a shared secret tells: to a public key anybody can encrypt. `Debug` shows the header and none of the
/// content.
pub struct Decrypted {
    plaintext: Plaintext,
    header: Arc<Received>,
}

impl Decrypted {
    /// The content.
    pub fn plaintext(&self) -> &[u8] {
        &self.plaintext
    }

    /// The header's `kid`, where it is protected.
    pub fn kid(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// Who the sender says to be, bound to the agreed key (ECDH-ES, RFC 7518 §4.6.1.2); empty if not said.
    pub fn apu(&self) -> &[u8] {
        self.party(&self.header.parameters.apu)
    }

    /// Whom the sender means, bound to the agreed key (ECDH-ES, RFC 7518 §4.6.1.3); empty if not said.
    pub fn apv(&self) -> &[u8] {
        self.party(&self.header.parameters.apv)
    }

    /// Elsewhere nothing binds it to anything.
    fn party<'p>(&self, party: &'p [u8]) -> &'p [u8] {
        if self.header.alg.starts_with("ECDH-ES") { party } else { &[] }
    }

    /// The protected header's `typ`: what stands outside of it nobody vouches for.
    pub fn typ(&self) -> Option<&str> {
        self.header.typ.as_deref()
    }

    /// The protected header's `cty`: what the content is.
    pub fn cty(&self) -> Option<&str> {
        self.header.cty.as_deref()
    }
}

impl fmt::Debug for Decrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plaintext: _, header } = self;
        f.debug_struct("Decrypted").field("header", header).finish_non_exhaustive()
    }
}
