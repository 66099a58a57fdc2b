//! Content before encryption and after decryption.

use std::fmt;
use std::ops::{Deref, DerefMut};

use zeroize::zeroize_bytes;

/// Bytes that are wiped on drop, with all the room they had. Like `Zeroizing`, which wipes byte by byte: of content, which may be long,
/// that would cost more than encrypting it.
#[derive(PartialEq, Eq)]
pub(super) struct Plaintext(Vec<u8>);

impl Plaintext {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Drop for Plaintext {
    fn drop(&mut self) {
        // Also what was cut off, padding for instance.
        self.0.resize(self.0.capacity(), 0);
        zeroize_bytes(&mut self.0);
    }
}

impl Deref for Plaintext {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Plaintext {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plaintext").finish_non_exhaustive()
    }
}
