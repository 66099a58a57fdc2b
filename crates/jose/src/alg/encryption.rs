//! The tables of JWE: how the content key is managed (RFC 7518 §4.1, RFC 8037 §3.2) and how content is encrypted
//! (RFC 7518 §5.1).
//!
//! `RSA1_5` has no row: its padding is an oracle (RFC 8725 §3.2).

use aws_lc_rs::aead;

use super::aes_cbc_hmac::CbcHmac;
use super::aes_kw::Kek;
use super::names::names;
use super::pbes2::Prf;
use super::rsa_oaep::Oaep;

/// What an `alg` of JWE does to the content key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Management {
    /// RFC 7518 §4.7: wraps it with AES-GCM.
    AesGcm(Kek),
    /// RFC 7518 §4.4: wraps it with AES key wrap.
    AesKw(Kek),
    /// RFC 7518 §4.5: the shared secret is it.
    Direct,
    /// RFC 7518 §4.6: agrees on it, or on a key that wraps it.
    EcdhEs(Option<Kek>),
    /// RFC 7518 §4.3: encrypts it to an RSA key.
    Oaep(Oaep),
    /// RFC 7518 §4.8: wraps it with a key made from a password.
    Pbes2(Prf, Kek),
}

/// What an `enc` of JWE runs on.
#[derive(Clone, Copy)]
pub(crate) enum Content {
    CbcHmac(CbcHmac),
    Gcm(&'static aead::Algorithm),
}

names! {
    /// How the content key of a JWE reaches its recipient: the header's `alg`, named as in RFC 7518 §4.1.
    ///
    /// ```
    /// use symbolon_jose::KeyManagement;
    ///
    /// assert_eq!(KeyManagement::from_name("ECDH-ES+A256KW"), Some(KeyManagement::EcdhEsA256Kw));
    /// assert_eq!(KeyManagement::from_name("RSA1_5"), None);
    /// ```
    KeyManagement, kind -> Management {
        RsaOaep = "RSA-OAEP", Management::Oaep(Oaep::Sha1);
        RsaOaep256 = "RSA-OAEP-256", Management::Oaep(Oaep::Sha256);
        RsaOaep384 = "RSA-OAEP-384", Management::Oaep(Oaep::Sha384);
        RsaOaep512 = "RSA-OAEP-512", Management::Oaep(Oaep::Sha512);
        A128Kw = "A128KW", Management::AesKw(Kek::A128);
        A192Kw = "A192KW", Management::AesKw(Kek::A192);
        A256Kw = "A256KW", Management::AesKw(Kek::A256);
        Dir = "dir", Management::Direct;
        EcdhEs = "ECDH-ES", Management::EcdhEs(None);
        EcdhEsA128Kw = "ECDH-ES+A128KW", Management::EcdhEs(Some(Kek::A128));
        EcdhEsA192Kw = "ECDH-ES+A192KW", Management::EcdhEs(Some(Kek::A192));
        EcdhEsA256Kw = "ECDH-ES+A256KW", Management::EcdhEs(Some(Kek::A256));
        A128Gcmkw = "A128GCMKW", Management::AesGcm(Kek::A128);
        A192Gcmkw = "A192GCMKW", Management::AesGcm(Kek::A192);
        A256Gcmkw = "A256GCMKW", Management::AesGcm(Kek::A256);
        Pbes2Hs256A128Kw = "PBES2-HS256+A128KW", Management::Pbes2(Prf::Hs256, Kek::A128);
        Pbes2Hs384A192Kw = "PBES2-HS384+A192KW", Management::Pbes2(Prf::Hs384, Kek::A192);
        Pbes2Hs512A256Kw = "PBES2-HS512+A256KW", Management::Pbes2(Prf::Hs512, Kek::A256);
    }
}

names! {
    /// How the content of a JWE is encrypted: the header's `enc`, named as in RFC 7518 §5.1.
    ///
    /// ```
    /// use symbolon_jose::ContentEncryption;
    ///
    /// assert_eq!(ContentEncryption::A256CbcHs512.name(), "A256CBC-HS512");
    /// assert_eq!(ContentEncryption::A256CbcHs512.key_len(), 64);
    /// ```
    ContentEncryption, kind -> Content {
        A128CbcHs256 = "A128CBC-HS256", Content::CbcHmac(CbcHmac::Hs256);
        A192CbcHs384 = "A192CBC-HS384", Content::CbcHmac(CbcHmac::Hs384);
        A256CbcHs512 = "A256CBC-HS512", Content::CbcHmac(CbcHmac::Hs512);
        A128Gcm = "A128GCM", Content::Gcm(&aead::AES_128_GCM);
        A192Gcm = "A192GCM", Content::Gcm(&aead::AES_192_GCM);
        A256Gcm = "A256GCM", Content::Gcm(&aead::AES_256_GCM);
    }
}

impl KeyManagement {
    /// Both sides share one secret or password.
    pub const fn is_symmetric(self) -> bool {
        !matches!(self.kind(), Management::EcdhEs(_) | Management::Oaep(_))
    }

    /// The key is a password (RFC 7518 §4.8).
    pub const fn is_password(self) -> bool {
        matches!(self.kind(), Management::Pbes2(..))
    }
}

impl ContentEncryption {
    /// Bytes of the content key.
    pub const fn key_len(self) -> usize {
        match self {
            Self::A128Gcm => 16,
            Self::A192Gcm => 24,
            Self::A128CbcHs256 | Self::A256Gcm => 32,
            Self::A192CbcHs384 => 48,
            Self::A256CbcHs512 => 64,
        }
    }

    /// Bytes of the initialization vector.
    pub(crate) const fn iv_len(self) -> usize {
        match self.kind() {
            Content::CbcHmac(_) => 16,
            Content::Gcm(_) => 12,
        }
    }

    /// Bytes of the authentication tag.
    #[cfg(test)]
    pub(crate) const fn tag_len(self) -> usize {
        match self.kind() {
            Content::CbcHmac(_) => self.key_len() / 2,
            Content::Gcm(_) => 16,
        }
    }
}

/// The longest content key and the longest tag.
pub(crate) const MAX_CONTENT_KEY_LEN: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways_and_through_serde() {
        for &management in KeyManagement::ALL {
            assert_eq!(KeyManagement::from_name(management.name()), Some(management));
            assert_eq!(serde_json::to_value(management).unwrap(), management.name());
        }
        for &encryption in ContentEncryption::ALL {
            assert_eq!(ContentEncryption::from_name(encryption.name()), Some(encryption));
            assert!(encryption.key_len() <= MAX_CONTENT_KEY_LEN);
        }
        assert_eq!((KeyManagement::ALL.len(), ContentEncryption::ALL.len()), (18, 6));
    }

    #[test]
    fn what_must_not_be_is_not() {
        for name in ["RSA1_5", "none", "DIR", "ECDH-1PU", "A128kw", "PBES2-HS1+A128KW", "RSA-OAEP-1", ""] {
            assert_eq!(KeyManagement::from_name(name), None, "{name}");
            assert_eq!(ContentEncryption::from_name(name), None, "{name}");
        }
    }
}
