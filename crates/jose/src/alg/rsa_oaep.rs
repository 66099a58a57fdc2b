//! RSA-OAEP (RFC 7518 §4.3), with SHA-1 or SHA-2 for both of its hashes. RSA1_5 does not exist here.
//!
//! Keys pass the same checks as those that sign.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{
    self, OaepAlgorithm, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};

use crate::Error;
use crate::jwk::RsaPrivate;
use crate::jwk::der::rsa_spki;

/// Which hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Oaep {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Oaep {
    const fn algorithm(self) -> &'static OaepAlgorithm {
        match self {
            Self::Sha1 => &rsa::OAEP_SHA1_MGF1SHA1,
            Self::Sha256 => &rsa::OAEP_SHA256_MGF1SHA256,
            Self::Sha384 => &rsa::OAEP_SHA384_MGF1SHA384,
            Self::Sha512 => &rsa::OAEP_SHA512_MGF1SHA512,
        }
    }
}

/// A public key, prepared.
pub(crate) struct PublicKey(OaepPublicEncryptingKey, Oaep);

impl PublicKey {
    pub(crate) fn new(n: &[u8], e: &[u8], hash: Oaep) -> Result<Self, Error> {
        super::rsa::check(n, e)?;
        let key = PublicEncryptingKey::from_der(&rsa_spki(n, e)?).map_err(|_| Error::KeyInconsistent)?;
        OaepPublicEncryptingKey::new(key).map(|key| Self(key, hash)).map_err(|_| Error::KeyInconsistent)
    }

    /// Bytes of what [`PublicKey::encrypt`] makes.
    pub(crate) fn ciphertext_len(&self) -> usize {
        self.0.ciphertext_size()
    }

    /// Encrypts `key` into `out`, which has [`PublicKey::ciphertext_len`] bytes.
    pub(crate) fn encrypt(&self, key: &[u8], out: &mut [u8]) -> Result<(), Error> {
        self.0.encrypt(self.1.algorithm(), key, out, None).map(drop).map_err(|_| Error::EncryptionFailed)
    }
}

/// A private key, prepared.
pub(crate) struct PrivateKey(OaepPrivateDecryptingKey, Oaep);

impl PrivateKey {
    pub(crate) fn new(n: &[u8], e: &[u8], private: &RsaPrivate, hash: Oaep) -> Result<Self, Error> {
        let pair = super::rsa::key_pair(n, e, private)?;
        let inconsistent = |_| Error::KeyInconsistent;
        let pkcs8: Pkcs8V1Der<'_> = pair.as_der().map_err(inconsistent)?;
        let key = PrivateDecryptingKey::from_pkcs8(pkcs8.as_ref()).map_err(|_| Error::KeyInconsistent)?;
        OaepPrivateDecryptingKey::new(key).map(|key| Self(key, hash)).map_err(inconsistent)
    }

    /// Bytes of room that [`PrivateKey::decrypt`] wants.
    pub(crate) fn room(&self) -> usize {
        self.0.min_output_size()
    }

    /// Decrypts into `room`. What comes out may have any length.
    pub(crate) fn decrypt<'r>(&self, encrypted: &[u8], room: &'r mut [u8]) -> Result<&'r [u8], Error> {
        let plain = self.0.decrypt(self.1.algorithm(), encrypted, room, None);
        plain.map(|plain| &*plain).map_err(|_| Error::DecryptionFailed)
    }
}
