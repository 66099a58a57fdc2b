//! AES key wrap (RFC 7518 §4.4, RFC 3394) with keys of 128, 192 and 256 bits.
//!
//! Not from the back end, which has no 192 bits, prepares the key anew for every token and leaves copies of it behind: the
//! `aes-kw` crate keeps it prepared and wipes it.

use aes_kw::{KeyInit as _, KwAes128, KwAes192, KwAes256};

use crate::Error;

/// Bytes that wrapping adds.
pub(crate) const OVERHEAD: usize = 8;

/// The size of a key that wraps keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kek {
    A128,
    A192,
    A256,
}

impl Kek {
    /// Its length in bytes.
    pub(crate) const fn len(self) -> usize {
        match self {
            Self::A128 => 16,
            Self::A192 => 24,
            Self::A256 => 32,
        }
    }
}

/// A key that wraps keys, prepared.
pub(crate) enum KeyWrap {
    A128(KwAes128),
    A192(KwAes192),
    A256(KwAes256),
}

impl KeyWrap {
    /// Prepares `key`, which must have the length of `size`.
    pub(crate) fn new(size: Kek, key: &[u8]) -> Result<Self, Error> {
        let wrong = |_| Error::KeyLength;
        Ok(match size {
            Kek::A128 => Self::A128(KwAes128::new_from_slice(key).map_err(wrong)?),
            Kek::A192 => Self::A192(KwAes192::new_from_slice(key).map_err(wrong)?),
            Kek::A256 => Self::A256(KwAes256::new_from_slice(key).map_err(wrong)?),
        })
    }

    /// Wraps `key` into `out`, which is as long as the key and [`OVERHEAD`].
    pub(crate) fn wrap(&self, key: &[u8], out: &mut [u8]) -> Result<(), Error> {
        match self {
            Self::A128(kek) => kek.wrap_key(key, out).map(drop),
            Self::A192(kek) => kek.wrap_key(key, out).map(drop),
            Self::A256(kek) => kek.wrap_key(key, out).map(drop),
        }
        .map_err(|_| Error::EncryptionFailed)
    }

    /// Unwraps into `out`, whose length is that of the key expected.
    pub(crate) fn unwrap(&self, wrapped: &[u8], out: &mut [u8]) -> Result<(), Error> {
        if wrapped.len() != out.len() + OVERHEAD {
            return Err(Error::DecryptionFailed);
        }
        match self {
            Self::A128(kek) => kek.unwrap_key(wrapped, out).map(drop),
            Self::A192(kek) => kek.unwrap_key(wrapped, out).map(drop),
            Self::A256(kek) => kek.unwrap_key(wrapped, out).map(drop),
        }
        .map_err(|_| Error::DecryptionFailed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3394 §4: 128-bit data under the three sizes, then 256-bit data under the largest.
    #[test]
    fn rfc_3394_section_4() {
        let bytes = |count: u8| (0..count).collect::<Vec<u8>>();
        let data: Vec<u8> = (0..16).map(|nibble| nibble << 4 | nibble).collect();
        let long = [&data[..], &bytes(16)].concat();
        let cases: [(Kek, &[u8], &str); 4] = [
            (Kek::A128, &data, "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"),
            (Kek::A192, &data, "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d"),
            (Kek::A256, &data, "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7"),
            (Kek::A256, &long, "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21"),
        ];
        for (size, key, expected) in cases {
            let kek = KeyWrap::new(size, &bytes(u8::try_from(size.len()).unwrap())).unwrap();
            let mut wrapped = vec![0; key.len() + OVERHEAD];
            kek.wrap(key, &mut wrapped).unwrap();
            let pairs = (0..expected.len()).step_by(2).map(|at| u8::from_str_radix(&expected[at..at + 2], 16).unwrap());
            assert_eq!(wrapped, pairs.collect::<Vec<u8>>());
            let mut back = vec![0; key.len()];
            kek.unwrap(&wrapped, &mut back).unwrap();
            assert_eq!(back, key);
        }
    }

    #[test]
    fn what_was_changed_or_has_another_length_is_refused() {
        let kek = KeyWrap::new(Kek::A192, &[1; 24]).unwrap();
        let (mut wrapped, mut out) = ([0; 40], [0; 32]);
        kek.wrap(&[2; 32], &mut wrapped).unwrap();
        for index in 0..wrapped.len() {
            let mut changed = wrapped;
            changed[index] ^= 1;
            assert_eq!(kek.unwrap(&changed, &mut out), Err(Error::DecryptionFailed));
        }
        assert_eq!(kek.unwrap(&wrapped[..32], &mut out), Err(Error::DecryptionFailed));
        assert_eq!(kek.unwrap(&wrapped, &mut out[..24]), Err(Error::DecryptionFailed));
        assert_eq!(kek.unwrap(&[], &mut out), Err(Error::DecryptionFailed));
        assert!(matches!(KeyWrap::new(Kek::A256, &[1; 24]), Err(Error::KeyLength)));
    }
}
