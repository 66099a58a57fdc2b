//! RS256…RS512 and PS256…PS512 (RFC 7518 §3.3, §3.5).
//!
//! Refuses a modulus below 2048 bits, counted bit by bit, or above 8192, and exponents that are even, 1, or beyond 33 bits.
//! The salt of PSS is as long as the hash (RFC 7518 §3.5), for signing and for verifying.

use aws_lc_rs::rsa::KeyPairComponents;
use aws_lc_rs::signature::{
    self, ParsedPublicKey, RsaKeyPair, RsaParameters, RsaPublicKeyComponents, RsaSignatureEncoding,
};

use crate::Error;
use crate::jwk::RsaPrivate;

/// How one of the six signs and verifies.
pub(crate) struct Parameters {
    pub(super) signing: &'static RsaSignatureEncoding,
    pub(super) verifying: &'static RsaParameters,
}

pub(super) static RS256: Parameters =
    Parameters { signing: &signature::RSA_PKCS1_SHA256, verifying: &signature::RSA_PKCS1_2048_8192_SHA256 };
pub(super) static RS384: Parameters =
    Parameters { signing: &signature::RSA_PKCS1_SHA384, verifying: &signature::RSA_PKCS1_2048_8192_SHA384 };
pub(super) static RS512: Parameters =
    Parameters { signing: &signature::RSA_PKCS1_SHA512, verifying: &signature::RSA_PKCS1_2048_8192_SHA512 };
pub(super) static PS256: Parameters =
    Parameters { signing: &signature::RSA_PSS_SHA256, verifying: &signature::RSA_PSS_2048_8192_SHA256 };
pub(super) static PS384: Parameters =
    Parameters { signing: &signature::RSA_PSS_SHA384, verifying: &signature::RSA_PSS_2048_8192_SHA384 };
pub(super) static PS512: Parameters =
    Parameters { signing: &signature::RSA_PSS_SHA512, verifying: &signature::RSA_PSS_2048_8192_SHA512 };

const MIN_MODULUS_BITS: usize = 2048;
const MAX_MODULUS_BITS: usize = 8192;
const MAX_EXPONENT_BITS: usize = 33;

/// The public key, checked. `n` and `e` are big-endian without leading zeros.
pub(crate) fn public_key(n: &[u8], e: &[u8], parameters: &'static RsaParameters) -> Result<ParsedPublicKey, Error> {
    check(n, e)?;
    RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters).map_err(|_| Error::KeyInconsistent)
}

/// The key pair, checked: the back end refuses parts that do not belong together.
pub(crate) fn key_pair(n: &[u8], e: &[u8], private: &RsaPrivate) -> Result<RsaKeyPair, Error> {
    check(n, e)?;
    check_private(n, private)?;
    let components = KeyPairComponents {
        public_key: RsaPublicKeyComponents { n, e },
        d: private.d.as_ref(),
        p: private.p.as_ref(),
        q: private.q.as_ref(),
        dP: private.dp.as_ref(),
        dQ: private.dq.as_ref(),
        qInv: private.qi.as_ref(),
    };
    RsaKeyPair::from_components(&components).map_err(|_| Error::KeyInconsistent)
}

/// Whether the public numbers are acceptable.
pub(crate) fn check(n: &[u8], e: &[u8]) -> Result<(), Error> {
    // RFC 7518 §2: Base64urlUInt is the shortest spelling; a leading zero would also hide the length.
    for (name, number) in [("n", n), ("e", e)] {
        if number.first().is_none_or(|&first| first == 0) {
            return Err(Error::KeyMemberInvalid(name));
        }
    }
    if !(MIN_MODULUS_BITS..=MAX_MODULUS_BITS).contains(&bits(n)) {
        return Err(Error::RsaModulusSize);
    }
    if is_even(n) {
        return Err(Error::KeyMemberInvalid("n"));
    }
    if is_even(e) || e == [1] || bits(e) > MAX_EXPONENT_BITS {
        return Err(Error::RsaExponent);
    }
    Ok(())
}

/// Whether the private numbers are written as they must be (RFC 7518 §2, §6.3.2) and no longer than the modulus: the back end bounds
/// none of them, and its checks take time in the square of their length.
fn check_private(n: &[u8], private: &RsaPrivate) -> Result<(), Error> {
    let RsaPrivate { d, p, q, dp, dq, qi } = private;
    for (name, number) in [("d", d), ("p", p), ("q", q), ("dp", dp), ("dq", dq), ("qi", qi)] {
        let number = number.as_ref();
        if number.len() > n.len() || number.first().is_none_or(|&first| first == 0) {
            return Err(Error::KeyMemberInvalid(name));
        }
    }
    Ok(())
}

/// The exact length of a number without leading zero bytes.
fn bits(number: &[u8]) -> usize {
    let leading = number.first().map_or(0, |first| first.leading_zeros() as usize);
    number.len() * 8 - leading
}

fn is_even(number: &[u8]) -> bool {
    number.last().is_none_or(|last| last & 1 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(n: &[u8], e: &[u8]) -> Option<Error> {
        public_key(n, e, RS256.verifying).err()
    }

    #[test]
    fn a_modulus_below_2048_bits_is_refused_bit_by_bit() {
        let mut n = vec![0xff; 256];
        assert_eq!(refused(&n, &[1, 0, 1]), None);
        // 2041 to 2047 bits still take 256 bytes: counting bytes is not enough (jwt-simple audit 001).
        for first in [0x7f, 0x40, 0x02, 0x01] {
            n[0] = first;
            assert_eq!(refused(&n, &[1, 0, 1]), Some(Error::RsaModulusSize));
        }
        assert_eq!(refused(&[0xff; 128], &[1, 0, 1]), Some(Error::RsaModulusSize));
    }

    #[test]
    fn a_modulus_above_8192_bits_is_refused() {
        assert_eq!(refused(&[0xff; 1024], &[1, 0, 1]), None);
        assert_eq!(refused(&[0xff; 1025], &[1, 0, 1]), Some(Error::RsaModulusSize));
    }

    #[test]
    fn exponent_one_and_even_and_huge_exponents_are_refused() {
        let n = [0xff; 256];
        for e in [&[1][..], &[2], &[1, 0, 0], &[0x03, 0, 0, 0, 1]] {
            assert_eq!(refused(&n, e), Some(Error::RsaExponent), "{e:?}");
        }
        assert_eq!(refused(&n, &[3]), None);
        assert_eq!(refused(&n, &[1, 0, 0, 0, 1]), None);
    }

    #[test]
    fn leading_zeros_and_empty_numbers_are_refused() {
        let mut n = vec![0xff; 257];
        n[0] = 0;
        assert_eq!(refused(&n, &[1, 0, 1]), Some(Error::KeyMemberInvalid("n")));
        assert_eq!(refused(&[], &[1, 0, 1]), Some(Error::KeyMemberInvalid("n")));
        assert_eq!(refused(&[0xff; 256], &[0, 1, 0, 1]), Some(Error::KeyMemberInvalid("e")));
        assert_eq!(refused(&[0xff; 256], &[]), Some(Error::KeyMemberInvalid("e")));
    }

    #[test]
    fn an_even_modulus_is_refused() {
        let mut n = [0xff; 256];
        n[255] = 0xfe;
        assert_eq!(refused(&n, &[1, 0, 1]), Some(Error::KeyMemberInvalid("n")));
    }
}
