//! EdDSA with Ed25519 (RFC 8037 §3.1), under its old name and its own (RFC 9864 §2.2). Refuses public keys of small order, under which one signature fits many messages.

use aws_lc_rs::signature::{self, Ed25519KeyPair, KeyPair as _, ParsedPublicKey};

use crate::Error;
use crate::jwk::Secret;

/// Bytes of the public key and of the private seed.
pub(crate) const KEY_LEN: usize = 32;

/// Bytes of a signature.
pub(crate) const SIGNATURE_LEN: usize = 64;

/// Every encoding of a point whose order divides 8, the sign bit cleared (RFC 7748 §6.1 has the reason, RFC 8032 §5.1.3 the
/// encoding). The last two are spellings of 0 and 1 that are not reduced.
const SMALL_ORDER: [[u8; KEY_LEN]; 7] = [
    [0; KEY_LEN],
    with_ends(0x01, 0x00, 0x00),
    with_ends(0xec, 0xff, 0x7f),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, //
        0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, //
        0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
    with_ends(0xed, 0xff, 0x7f),
    with_ends(0xee, 0xff, 0x7f),
];

const fn with_ends(first: u8, middle: u8, last: u8) -> [u8; KEY_LEN] {
    let mut bytes = [middle; KEY_LEN];
    bytes[0] = first;
    bytes[KEY_LEN - 1] = last;
    bytes
}

/// The public key.
pub(crate) fn public_key(x: &[u8]) -> Result<ParsedPublicKey, Error> {
    let mut point: [u8; KEY_LEN] = x.try_into().map_err(|_| Error::KeyMemberInvalid("x"))?;
    point[KEY_LEN - 1] &= 0x7f;
    if SMALL_ORDER.contains(&point) {
        return Err(Error::PointLowOrder);
    }
    // RFC 8032 §5.1.3, step 1: not below the prime is no encoding. The back end would find out only when it verifies.
    if point >= with_ends(0xed, 0xff, 0x7f)
        && point[1..KEY_LEN - 1].iter().all(|&byte| byte == 0xff)
        && point[KEY_LEN - 1] == 0x7f
    {
        return Err(Error::PointOffCurve);
    }
    ParsedPublicKey::new(&signature::ED25519, x).map_err(|_| Error::PointOffCurve)
}

/// The key pair; the back end refuses a seed that does not belong to the public key.
pub(crate) fn key_pair(x: &[u8], d: &Secret) -> Result<Ed25519KeyPair, Error> {
    if d.as_ref().len() != KEY_LEN {
        return Err(Error::KeyMemberInvalid("d"));
    }
    public_key(x)?;
    Ed25519KeyPair::from_seed_and_public_key(d.as_ref(), x).map_err(|_| Error::KeyInconsistent)
}

/// The public key of a seed.
pub(crate) fn public_of(d: &Secret) -> Result<Vec<u8>, Error> {
    let pair = Ed25519KeyPair::from_seed_unchecked(d.as_ref()).map_err(|_| Error::KeyMemberInvalid("d"))?;
    Ok(pair.public_key().as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_of_small_order_are_refused() {
        for mut point in SMALL_ORDER {
            assert_eq!(public_key(&point).err(), Some(Error::PointLowOrder));
            point[KEY_LEN - 1] |= 0x80;
            assert_eq!(public_key(&point).err(), Some(Error::PointLowOrder));
        }
    }

    #[test]
    fn other_lengths_are_refused() {
        for len in [0, 31, 33, 57] {
            assert_eq!(public_key(&vec![9; len]).err(), Some(Error::KeyMemberInvalid("x")));
        }
    }

    #[test]
    fn zero_and_the_neighbours_of_one_and_minus_one_are_of_small_order() {
        // The y of a point, little-endian: 1, p - 1, p and p + 1, p being 2^255 - 19 (RFC 8032 §5.1.2).
        for (first, middle, last) in [(1, 0, 0), (0xec, 0xff, 0x7f), (0xed, 0xff, 0x7f), (0xee, 0xff, 0x7f)] {
            let mut point = [middle; KEY_LEN];
            (point[0], point[KEY_LEN - 1]) = (first, last);
            assert_eq!(public_key(&point).err(), Some(Error::PointLowOrder), "{first:x}");
        }
    }

    #[test]
    fn only_what_is_not_below_the_prime_is_out_of_range() {
        // p + 2 and the rest up to 2^255 - 1; p - 2 and all that differ from p in the middle or at the end are below it.
        let with = |first, middle: u8, last| {
            let mut point = [0xff; KEY_LEN];
            (point[0], point[15], point[KEY_LEN - 1]) = (first, middle, last);
            public_key(&point).err()
        };
        for first in 0xef..=0xff {
            assert_eq!(with(first, 0xff, 0x7f), Some(Error::PointOffCurve), "{first:x}");
            assert_eq!(with(first, 0xff, 0xff), Some(Error::PointOffCurve), "{first:x}");
            assert_eq!((with(first, 0xfe, 0x7f), with(first, 0xff, 0x7e)), (None, None), "{first:x}");
        }
        assert_eq!(with(0xeb, 0xff, 0x7f), None);
        let keys = (0..=255).map(|seed| public_of(&Secret::new(vec![seed; KEY_LEN])).unwrap());
        let high: Vec<_> = keys.filter(|key| key[0] >= 0xed).collect();
        assert!(!high.is_empty() && high.iter().all(|key| public_key(key).is_ok()));
    }

    #[test]
    fn a_seed_has_its_public_key() {
        // RFC 8037 A.1, which is RFC 8032 §7.1, test 1.
        let decode = |text: &str| crate::base64url::decode(text).unwrap();
        let seed = Secret::new(decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"));
        assert_eq!(public_of(&seed).unwrap(), decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"));
        assert_eq!(public_of(&Secret::new(vec![7; 31])).err(), Some(Error::KeyMemberInvalid("d")));
    }
}
