//! Encrypting and decrypting content under a content key (RFC 7516 §5.1 steps 9 and 15, §5.2 step 16).

use zeroize::Zeroizing;

use super::entropy::Entropy;
use crate::alg::{Content, aes_cbc_hmac, aes_gcm};
use crate::alg::{MAX_CONTENT_KEY_LEN, aes_gcm::GcmKey};
use crate::{ContentEncryption, Error};

/// A content key, wiped on drop.
pub(super) struct ContentKey {
    bytes: Zeroizing<[u8; MAX_CONTENT_KEY_LEN]>,
    len: usize,
}

impl ContentKey {
    /// A key of the length of `encryption`, to be filled.
    pub(super) fn empty(encryption: ContentEncryption) -> Self {
        Self { bytes: Zeroizing::new([0; MAX_CONTENT_KEY_LEN]), len: encryption.key_len() }
    }

    /// A new key that nobody knows.
    pub(super) fn random(encryption: ContentEncryption, entropy: &mut dyn Entropy) -> Result<Self, Error> {
        let mut key = Self::empty(encryption);
        entropy.fill(key.as_mut())?;
        Ok(key)
    }
}

impl AsRef<[u8]> for ContentKey {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl AsMut<[u8]> for ContentKey {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.len]
    }
}

/// A key, prepared to encrypt or to decrypt.
pub(super) enum Cipher {
    CbcOpening(Box<aes_cbc_hmac::Opening>),
    CbcSealing(Box<aes_cbc_hmac::Sealing>),
    Gcm(GcmKey),
}

/// Vector and tag as they stand in the token.
pub(super) struct Sealed {
    iv: [u8; aes_cbc_hmac::IV_LEN],
    iv_len: usize,
    tag: SealedTag,
}

enum SealedTag {
    CbcHmac(aes_cbc_hmac::Tag),
    Gcm([u8; aes_gcm::TAG_LEN]),
}

impl Sealed {
    pub(super) fn iv(&self) -> &[u8] {
        &self.iv[..self.iv_len]
    }

    pub(super) fn tag(&self) -> &[u8] {
        match &self.tag {
            SealedTag::CbcHmac(tag) => tag.as_ref(),
            SealedTag::Gcm(tag) => tag,
        }
    }
}

impl Cipher {
    /// Prepares a content key to encrypt.
    pub(super) fn sealing(encryption: ContentEncryption, key: &[u8]) -> Result<Self, Error> {
        match encryption.kind() {
            Content::CbcHmac(algorithm) => algorithm.sealing(key).map(|key| Self::CbcSealing(Box::new(key))),
            Content::Gcm(algorithm) => GcmKey::new(algorithm, key).map(Self::Gcm),
        }
    }

    /// Prepares a content key to decrypt.
    pub(super) fn opening(encryption: ContentEncryption, key: &[u8]) -> Result<Self, Error> {
        match encryption.kind() {
            Content::CbcHmac(algorithm) => algorithm.opening(key).map(|key| Self::CbcOpening(Box::new(key))),
            Content::Gcm(algorithm) => GcmKey::new(algorithm, key).map(Self::Gcm),
        }
    }

    /// Encrypts in place under a fresh vector.
    pub(super) fn seal(&self, entropy: &mut dyn Entropy, aad: &[u8], text: &mut Vec<u8>) -> Result<Sealed, Error> {
        let mut iv = [0; aes_cbc_hmac::IV_LEN];
        match self {
            Self::CbcOpening(_) => Err(Error::EncryptionFailed),
            Self::CbcSealing(key) => {
                entropy.fill(&mut iv)?;
                let tag = SealedTag::CbcHmac(key.seal(iv, aad, text)?);
                Ok(Sealed { iv, iv_len: iv.len(), tag })
            }
            Self::Gcm(key) => {
                let mut nonce = [0; aes_gcm::IV_LEN];
                entropy.fill(&mut nonce)?;
                let tag = SealedTag::Gcm(key.seal(nonce, aad, text)?);
                iv[..aes_gcm::IV_LEN].copy_from_slice(&nonce);
                Ok(Sealed { iv, iv_len: aes_gcm::IV_LEN, tag })
            }
        }
    }

    /// Decrypts in place.
    pub(super) fn open(&self, iv: &[u8], aad: &[u8], text: &mut Vec<u8>, tag: &[u8]) -> Result<(), Error> {
        let failed = |_| Error::DecryptionFailed;
        match self {
            Self::CbcOpening(key) => {
                let len = key.open(iv.try_into().map_err(failed)?, aad, text, tag)?.len();
                text.truncate(len);
                Ok(())
            }
            Self::CbcSealing(_) => Err(Error::DecryptionFailed),
            Self::Gcm(key) => key.open(iv.try_into().map_err(failed)?, aad, text, tag),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::entropy::System;
    use super::*;

    #[test]
    fn every_encryption_opens_what_it_sealed_and_nothing_else() {
        for &encryption in ContentEncryption::ALL {
            let key = ContentKey::random(encryption, &mut System::new()).unwrap();
            let sealing = Cipher::sealing(encryption, key.as_ref()).unwrap();
            let opening = Cipher::opening(encryption, key.as_ref()).unwrap();
            for len in [0, 1, 15, 16, 17, 300] {
                let content = vec![7; len];
                let mut text = content.clone();
                let sealed = sealing.seal(&mut System::new(), b"aad", &mut text).unwrap();
                assert_eq!((sealed.iv().len(), sealed.tag().len()), (encryption.iv_len(), encryption.tag_len()));
                let open = |iv: &[u8], aad: &[u8], text: &[u8], tag: &[u8]| {
                    let mut text = text.to_vec();
                    opening.open(iv, aad, &mut text, tag).map(|()| text)
                };
                assert_eq!(open(sealed.iv(), b"aad", &text, sealed.tag()).unwrap(), content);
                assert_eq!(open(sealed.iv(), b"", &text, sealed.tag()), Err(Error::DecryptionFailed));
                assert_eq!(open(&sealed.iv()[1..], b"aad", &text, sealed.tag()), Err(Error::DecryptionFailed));
                assert_eq!(open(sealed.iv(), b"aad", &text, &sealed.tag()[1..]), Err(Error::DecryptionFailed));
            }
            for prepare in [Cipher::sealing, Cipher::opening] {
                assert!(matches!(prepare(encryption, &key.as_ref()[1..]), Err(Error::KeyLength)));
            }
        }
    }
}
