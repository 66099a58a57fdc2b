//! AES in CBC mode with HMAC over everything, encrypt-then-MAC (RFC 7518 §5.2).
//!
//! The MAC is compared in constant time and before anything is decrypted, so that no padding can be asked about.

use aws_lc_rs::cipher::{self, DecryptionContext, EncryptionContext};
use aws_lc_rs::cipher::{PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use subtle::ConstantTimeEq as _;

use crate::Error;

/// Bytes of the initialization vector.
pub(crate) const IV_LEN: usize = 16;

/// One of the three of RFC 7518 §5.2.3–5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CbcHmac {
    Hs256,
    Hs384,
    Hs512,
}

impl CbcHmac {
    /// Bytes of either half of the key, and of the tag.
    const fn half(self) -> usize {
        match self {
            Self::Hs256 => 16,
            Self::Hs384 => 24,
            Self::Hs512 => 32,
        }
    }

    const fn cipher(self) -> &'static cipher::Algorithm {
        match self {
            Self::Hs256 => &cipher::AES_128,
            Self::Hs384 => &cipher::AES_192,
            Self::Hs512 => &cipher::AES_256,
        }
    }

    const fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Hs256 => hmac::HMAC_SHA256,
            Self::Hs384 => hmac::HMAC_SHA384,
            Self::Hs512 => hmac::HMAC_SHA512,
        }
    }

    /// RFC 7518 §5.2.2.1: the first half authenticates, the second encrypts.
    fn halves(self, key: &[u8]) -> Result<(&[u8], &[u8]), Error> {
        if key.len() != 2 * self.half() {
            return Err(Error::KeyLength);
        }
        Ok(key.split_at(self.half()))
    }

    /// Prepares `key`, of both halves, to encrypt.
    pub(crate) fn sealing(self, key: &[u8]) -> Result<Sealing, Error> {
        let (mac_key, enc_key) = self.halves(key)?;
        let cipher = UnboundCipherKey::new(self.cipher(), enc_key).and_then(PaddedBlockEncryptingKey::cbc_pkcs7);
        Ok(Sealing { mac: self.mac(mac_key), cipher: cipher.map_err(|_| Error::KeyLength)? })
    }

    /// Prepares `key`, of both halves, to decrypt.
    pub(crate) fn opening(self, key: &[u8]) -> Result<Opening, Error> {
        let (mac_key, enc_key) = self.halves(key)?;
        let cipher = UnboundCipherKey::new(self.cipher(), enc_key).and_then(PaddedBlockDecryptingKey::cbc_pkcs7);
        Ok(Opening { mac: self.mac(mac_key), cipher: cipher.map_err(|_| Error::KeyLength)? })
    }

    fn mac(self, key: &[u8]) -> Mac {
        Mac { key: hmac::Key::new(self.hmac(), key), tag_len: self.half() }
    }
}

/// A key that encrypts, prepared.
pub(crate) struct Sealing {
    mac: Mac,
    cipher: PaddedBlockEncryptingKey,
}

impl Sealing {
    /// Encrypts in place, which adds padding; the tag.
    pub(crate) fn seal(&self, iv: [u8; IV_LEN], aad: &[u8], text: &mut Vec<u8>) -> Result<Tag, Error> {
        let context = EncryptionContext::Iv128(FixedLength::from(iv));
        self.cipher.less_safe_encrypt(text, context).map_err(|_| Error::EncryptionFailed)?;
        Ok(self.mac.tag(iv, aad, text))
    }
}

/// A key that decrypts, prepared.
pub(crate) struct Opening {
    mac: Mac,
    cipher: PaddedBlockDecryptingKey,
}

impl Opening {
    /// Checks the tag, then decrypts in place.
    pub(crate) fn open<'t>(
        &self,
        iv: [u8; IV_LEN],
        aad: &[u8],
        text: &'t mut [u8],
        tag: &[u8],
    ) -> Result<&'t mut [u8], Error> {
        if !bool::from(self.mac.tag(iv, aad, text).as_ref().ct_eq(tag)) {
            return Err(Error::DecryptionFailed);
        }
        let context = DecryptionContext::Iv128(FixedLength::from(iv));
        self.cipher.decrypt(text, context).map_err(|_| Error::DecryptionFailed)
    }
}

struct Mac {
    key: hmac::Key,
    tag_len: usize,
}

impl Mac {
    /// RFC 7518 §5.2.2.1, steps 4 and 5: over the AAD, the vector, the ciphertext and the AAD's length in bits; its first half.
    fn tag(&self, iv: [u8; IV_LEN], aad: &[u8], text: &[u8]) -> Tag {
        let mut mac = hmac::Context::with_key(&self.key);
        mac.update(aad);
        mac.update(&iv);
        mac.update(text);
        mac.update(&(aad.len() as u64 * 8).to_be_bytes());
        Tag { mac: mac.sign(), len: self.tag_len }
    }
}

/// An authentication tag.
pub(crate) struct Tag {
    mac: hmac::Tag,
    len: usize,
}

impl AsRef<[u8]> for Tag {
    fn as_ref(&self) -> &[u8] {
        &self.mac.as_ref()[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn hex(value: &Value) -> Vec<u8> {
        let text = value.as_str().unwrap();
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    fn seals_and_opens(algorithm: CbcHmac, key: &[u8], iv: &[u8], aad: &[u8], plain: &[u8], expected: (&[u8], &[u8])) {
        let iv = iv.try_into().unwrap();
        let mut text = plain.to_vec();
        let tag = algorithm.sealing(key).unwrap().seal(iv, aad, &mut text).unwrap();
        assert_eq!((&text[..], tag.as_ref()), expected);
        assert_eq!(algorithm.opening(key).unwrap().open(iv, aad, &mut text, tag.as_ref()).unwrap(), plain);
    }

    #[test]
    fn rfc_7518_b_1_b_2_and_b_3() {
        let cases: Value = serde_json::from_str(include_str!("../../tests/vectors/rfc7518/appendix_b.json")).unwrap();
        for (section, algorithm) in [("B.1", CbcHmac::Hs256), ("B.2", CbcHmac::Hs384), ("B.3", CbcHmac::Hs512)] {
            let part = |name: &str| hex(&cases[section][name]);
            let halves = [part("MAC_KEY"), part("ENC_KEY")].concat();
            assert_eq!(part("K"), halves);
            let expected = (&part("E")[..], &part("T")[..]);
            seals_and_opens(algorithm, &part("K"), &part("IV"), &part("A"), &part("P"), expected);
        }
    }

    #[test]
    fn rfc_7516_b() {
        let case: Value = serde_json::from_str(include_str!("../../tests/vectors/rfc7516/appendix_b.json")).unwrap();
        let part = |name: &str| hex(&case[name]);
        let text = |name: &str| case[name].as_str().unwrap().as_bytes();
        let expected = (&part("ciphertext")[..], &part("tag")[..]);
        seals_and_opens(CbcHmac::Hs256, &part("cek"), &part("iv"), text("aad"), text("plaintext"), expected);
    }

    #[test]
    fn what_was_changed_is_refused() {
        for (algorithm, len) in [(CbcHmac::Hs256, 32), (CbcHmac::Hs384, 48), (CbcHmac::Hs512, 64)] {
            let key = vec![7; len];
            let mut text = b"sixteen bytes of and some more".to_vec();
            let tag = algorithm.sealing(&key).unwrap().seal([1; 16], b"aad", &mut text).unwrap();
            assert_eq!((text.len(), tag.as_ref().len()), (32, len / 2));
            let open = |key: &[u8], iv, aad: &[u8], text: &[u8], tag: &[u8]| {
                let mut text = text.to_vec();
                algorithm.opening(key)?.open(iv, aad, &mut text, tag).map(|text| text.to_vec())
            };
            assert_eq!(open(&key, [1; 16], b"aad", &text, tag.as_ref()).unwrap(), b"sixteen bytes of and some more");
            let failed = Err(Error::DecryptionFailed);
            assert_eq!(open(&key, [2; 16], b"aad", &text, tag.as_ref()), failed);
            assert_eq!(open(&key, [1; 16], b"aae", &text, tag.as_ref()), failed);
            assert_eq!(open(&key, [1; 16], b"aad", &text[..16], tag.as_ref()), failed);
            assert_eq!(open(&key, [1; 16], b"aad", &text, &tag.as_ref()[1..]), failed);
            assert_eq!(open(&key, [1; 16], b"aad", &text, b""), failed);
            assert_eq!(open(&key[1..], [1; 16], b"aad", &text, tag.as_ref()), Err(Error::KeyLength));
        }
    }
}
