//! AES-GCM, for content (RFC 7518 §5.3) and for wrapping keys (§4.7). The vector has 96 bits, the tag 128.

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};

use super::aes_kw::Kek;
use crate::Error;

/// Bytes of the initialization vector.
pub(crate) const IV_LEN: usize = 12;
/// Bytes of the authentication tag.
pub(crate) const TAG_LEN: usize = 16;

/// A key, prepared.
pub(crate) struct GcmKey(LessSafeKey);

impl Kek {
    /// The cipher of that size.
    pub(crate) const fn gcm(self) -> &'static aead::Algorithm {
        match self {
            Self::A128 => &aead::AES_128_GCM,
            Self::A192 => &aead::AES_192_GCM,
            Self::A256 => &aead::AES_256_GCM,
        }
    }
}

impl GcmKey {
    /// Prepares `key`, which must have the length of the algorithm.
    pub(crate) fn new(algorithm: &'static aead::Algorithm, key: &[u8]) -> Result<Self, Error> {
        UnboundKey::new(algorithm, key).map(|key| Self(LessSafeKey::new(key))).map_err(|_| Error::KeyLength)
    }

    /// Encrypts in place; the tag. Whoever calls must not use `iv` twice with one key.
    pub(crate) fn seal(&self, iv: [u8; IV_LEN], aad: &[u8], text: &mut [u8]) -> Result<[u8; TAG_LEN], Error> {
        let tag = self.0.seal_in_place_separate_tag(Nonce::assume_unique_for_key(iv), Aad::from(aad), text);
        let tag = tag.map_err(|_| Error::EncryptionFailed)?;
        tag.as_ref().try_into().map_err(|_| Error::EncryptionFailed)
    }

    /// Decrypts in place. After a failure nothing in `text` means anything.
    pub(crate) fn open(&self, iv: [u8; IV_LEN], aad: &[u8], text: &mut [u8], tag: &[u8]) -> Result<(), Error> {
        // The back end would take a shorter tag for what it is: fewer bits to guess.
        if tag.len() != TAG_LEN {
            return Err(Error::DecryptionFailed);
        }
        let nonce = Nonce::assume_unique_for_key(iv);
        let opened = self.0.open_in_place_separate_tag(nonce, Aad::from(aad), tag, text);
        opened.map(drop).map_err(|_| Error::DecryptionFailed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_is_refused() {
        let key = GcmKey::new(Kek::A192.gcm(), &[3; 24]).unwrap();
        let mut text = *b"some content";
        let tag = key.seal([1; 12], b"aad", &mut text).unwrap();
        let open = |iv, aad: &[u8], text: &[u8], tag: &[u8]| {
            let mut text = text.to_vec();
            key.open(iv, aad, &mut text, tag).map(|()| text)
        };
        assert_eq!(open([1; 12], b"aad", &text, &tag).unwrap(), b"some content");
        let failed = Err(Error::DecryptionFailed);
        assert_eq!(open([2; 12], b"aad", &text, &tag), failed);
        assert_eq!(open([1; 12], b"aae", &text, &tag), failed);
        assert_eq!(open([1; 12], b"aad", &[0; 12], &tag), failed);
        for len in [0, 4, 12, 15] {
            assert_eq!(open([1; 12], b"aad", &text, &tag[..len]), failed);
        }
        assert!(matches!(GcmKey::new(Kek::A128.gcm(), &[3; 24]), Err(Error::KeyLength)));
    }
}
