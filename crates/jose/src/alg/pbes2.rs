//! PBES2 (RFC 7518 §4.8): a key that wraps keys, made from a password.
//!
//! How often the function is applied stands in the token, so it is bounded from both sides: fewer than 1,000 make guessing
//! cheap (§4.8.1.2), more than 1,200,000 make refusing dear (draft-ietf-oauth-rfc8725bis-08 §3.13).

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;
use zeroize::Zeroizing;

use super::aes_kw::{Kek, KeyWrap};
use crate::Error;

/// Fewest iterations accepted.
pub(crate) const MIN_COUNT: u32 = 1_000;
/// Most iterations accepted, whoever asks.
pub(crate) const MAX_COUNT: u32 = 1_200_000;
/// Fewest bytes of salt (RFC 7518 §4.8.1.1).
pub(crate) const MIN_SALT_LEN: usize = 8;
/// Bytes of the salt we make.
pub(crate) const SALT_LEN: usize = 16;

/// The pseudorandom function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prf {
    Hs256,
    Hs384,
    Hs512,
}

impl Prf {
    const fn algorithm(self) -> pbkdf2::Algorithm {
        match self {
            Self::Hs256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Hs384 => pbkdf2::PBKDF2_HMAC_SHA384,
            Self::Hs512 => pbkdf2::PBKDF2_HMAC_SHA512,
        }
    }

    /// As many iterations as one attempt should cost today (OWASP's figures for PBKDF2 of 2023).
    pub(crate) const fn default_count(self) -> u32 {
        match self {
            Self::Hs256 => 600_000,
            Self::Hs384 => 400_000,
            Self::Hs512 => 210_000,
        }
    }

    /// As many as a token may ask for unless its reader says otherwise: twice what we write.
    pub(crate) const fn default_max(self) -> u32 {
        2 * self.default_count()
    }

    /// The key that wraps, from a password. The salt of RFC 7518 §4.8.1.1 is the name of the algorithm, a zero, and `salt`.
    pub(crate) fn derive(
        self,
        size: Kek,
        name: &str,
        password: &[u8],
        salt: &[u8],
        count: u32,
    ) -> Result<KeyWrap, Error> {
        let count = NonZeroU32::new(count).ok_or(Error::Pbes2Count)?;
        let salt = [name.as_bytes(), &[0], salt].concat();
        let mut room = Zeroizing::new([0; 32]);
        let key = room.get_mut(..size.len()).ok_or(Error::KeyLength)?;
        pbkdf2::derive(self.algorithm(), count, &salt, password, key);
        KeyWrap::new(size, key)
    }
}

/// Whether a header's parameters are acceptable, with at most `max` iterations.
pub(crate) fn check(salt: &[u8], count: u64, max: u32) -> Result<u32, Error> {
    if salt.len() < MIN_SALT_LEN {
        return Err(Error::HeaderMemberInvalid("p2s"));
    }
    let within = |count: &u32| (MIN_COUNT..=max.min(MAX_COUNT)).contains(count);
    u32::try_from(count).ok().filter(within).ok_or(Error::Pbes2Count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_out_of_bounds_are_refused() {
        for count in [0, 1, 999, 1_200_001, u64::from(u32::MAX) + 1_000, u64::MAX] {
            assert_eq!(check(&[0; 8], count, u32::MAX), Err(Error::Pbes2Count), "{count}");
        }
        assert_eq!(check(&[0; 8], 1_000, u32::MAX), Ok(1_000));
        assert_eq!(check(&[0; 8], 1_200_000, u32::MAX), Ok(1_200_000));
        assert_eq!(check(&[0; 8], 2_001, 2_000), Err(Error::Pbes2Count));
        for prf in [Prf::Hs256, Prf::Hs384, Prf::Hs512] {
            assert!(check(&[0; SALT_LEN], prf.default_count().into(), prf.default_max()).is_ok());
            assert!(prf.default_max() <= MAX_COUNT);
        }
    }

    #[test]
    fn a_short_salt_is_refused() {
        assert_eq!(check(&[0; 7], 5_000, MAX_COUNT), Err(Error::HeaderMemberInvalid("p2s")));
    }
}
