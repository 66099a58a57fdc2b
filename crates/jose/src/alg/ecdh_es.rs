//! ECDH-ES on P-256, P-384, P-521 and X25519 (RFC 7518 §4.6, RFC 8037 §3.2), with the Concat KDF.
//!
//! Refused: points off the curve, and X25519 points of low order, under which anybody knows what was agreed (RFC 7748 §6.1).

use aws_lc_rs::agreement::{self, ParsedPublicKey, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::kdf::{SskdfDigestAlgorithm, SskdfDigestAlgorithmId, get_sskdf_digest_algorithm, sskdf_digest};

use super::ecdsa::{self, Curve};
use crate::Error;
use crate::jwk::Secret;

/// Bytes of an X25519 key, either half.
pub(crate) const X25519_LEN: usize = 32;

/// A curve to agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Agreement {
    Ec(Curve),
    X25519,
}

impl Agreement {
    const fn algorithm(self) -> &'static agreement::Algorithm {
        match self {
            Self::Ec(Curve::P256) => &agreement::ECDH_P256,
            Self::Ec(Curve::P384) => &agreement::ECDH_P384,
            Self::Ec(Curve::P521) => &agreement::ECDH_P521,
            Self::X25519 => &agreement::X25519,
        }
    }

    /// The public key of somebody else: the coordinates of a point, `y` empty for X25519.
    pub(crate) fn public_key(self, x: &[u8], y: &[u8]) -> Result<ParsedPublicKey, Error> {
        let parse = |bytes: &[u8]| {
            let parsed = ParsedPublicKey::try_from(UnparsedPublicKey::new(self.algorithm(), bytes));
            parsed.map_err(|_| Error::PointOffCurve)
        };
        match self {
            Self::Ec(curve) => parse(&ecdsa::point(curve, x, y)?),
            Self::X25519 => {
                x25519_check(x)?;
                parse(x)
            }
        }
    }

    /// A private key.
    pub(crate) fn private_key(self, d: &Secret) -> Result<PrivateKey, Error> {
        PrivateKey::from_private_key(self.algorithm(), d.as_ref()).map_err(|_| Error::KeyMemberInvalid("d"))
    }
}

/// A new key pair: the private key and the coordinates of the public one.
pub(crate) fn generate(curve: Agreement) -> Result<(PrivateKey, Coordinates), Error> {
    let private = PrivateKey::generate(curve.algorithm()).map_err(|_| Error::KeyGeneration)?;
    let coordinates = coordinates(curve, &private)?;
    Ok((private, coordinates))
}

/// The two coordinates of a point; the second is empty for X25519.
pub(crate) struct Coordinates {
    bytes: agreement::PublicKey,
    /// Bytes before the coordinates: SEC 1 says 4 for "uncompressed", X25519 says nothing.
    skip: usize,
    len: usize,
}

impl Coordinates {
    pub(crate) fn x(&self) -> &[u8] {
        &self.bytes.as_ref()[self.skip..self.skip + self.len]
    }

    pub(crate) fn y(&self) -> &[u8] {
        &self.bytes.as_ref()[self.skip + self.len..]
    }
}

/// The public half of a private key.
pub(crate) fn coordinates(curve: Agreement, private: &PrivateKey) -> Result<Coordinates, Error> {
    let bytes = private.compute_public_key().map_err(|_| Error::KeyInconsistent)?;
    let (skip, len) = match curve {
        Agreement::Ec(curve) => (1, curve.coordinate_len()),
        Agreement::X25519 => (0, X25519_LEN),
    };
    let expected = if skip == 0 { len } else { skip + 2 * len };
    if bytes.as_ref().len() != expected {
        return Err(Error::KeyInconsistent);
    }
    Ok(Coordinates { bytes, skip, len })
}

/// Agrees with `peer` and derives `key`. `info` is what [`other_info`] makes.
pub(crate) fn derive(private: &PrivateKey, peer: ParsedPublicKey, info: &[u8], key: &mut [u8]) -> Result<(), Error> {
    const SHA256: &SskdfDigestAlgorithm = match get_sskdf_digest_algorithm(SskdfDigestAlgorithmId::Sha256) {
        Some(algorithm) => algorithm,
        None => panic!("the back end has the KDF with SHA-256"),
    };
    agreement::agree(private, peer, Error::PointLowOrder, |secret| {
        sskdf_digest(SHA256, secret, info, key).map_err(|_| Error::KeyAgreementFailed)
    })
}

/// RFC 7518 §4.6.2: what the derived key is bound to.
pub(crate) fn other_info(algorithm: &str, apu: &[u8], apv: &[u8], key_len: usize) -> Vec<u8> {
    let length = |len: usize| u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes();
    let mut info = Vec::with_capacity(16 + algorithm.len() + apu.len() + apv.len());
    for part in [algorithm.as_bytes(), apu, apv] {
        info.extend_from_slice(&length(part.len()));
        info.extend_from_slice(part);
    }
    info.extend_from_slice(&length(key_len * 8));
    info
}

/// Every u-coordinate whose order divides 8, of the curve and of its twist, the top bit cleared. The last two are spellings of 0
/// and 1 that are not reduced.
const LOW_ORDER: [[u8; X25519_LEN]; 7] = [
    [0; X25519_LEN],
    with_ends(0x01, 0x00, 0x00),
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, //
        0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, //
        0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ],
    with_ends(0xec, 0xff, 0x7f),
    with_ends(0xed, 0xff, 0x7f),
    with_ends(0xee, 0xff, 0x7f),
];

const fn with_ends(first: u8, middle: u8, last: u8) -> [u8; X25519_LEN] {
    let mut bytes = [middle; X25519_LEN];
    bytes[0] = first;
    bytes[X25519_LEN - 1] = last;
    bytes
}

/// Whether a public X25519 key is acceptable.
pub(crate) fn x25519_check(x: &[u8]) -> Result<(), Error> {
    let mut point: [u8; X25519_LEN] = x.try_into().map_err(|_| Error::KeyMemberInvalid("x"))?;
    // RFC 7748 §5: the top bit does not count.
    point[X25519_LEN - 1] &= 0x7f;
    if LOW_ORDER.contains(&point) { Err(Error::PointLowOrder) } else { Ok(()) }
}

/// Whether the halves of an X25519 key are acceptable and belong together.
pub(crate) fn x25519_pair_check(x: &[u8], d: &Secret) -> Result<(), Error> {
    x25519_check(x)?;
    let private = Agreement::X25519.private_key(d)?;
    if coordinates(Agreement::X25519, &private)?.x() != x {
        return Err(Error::KeyInconsistent);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CURVES: [Agreement; 4] =
        [Agreement::Ec(Curve::P256), Agreement::Ec(Curve::P384), Agreement::Ec(Curve::P521), Agreement::X25519];

    #[test]
    fn both_sides_derive_the_same_key() {
        for curve in CURVES {
            let (ours, our_point) = generate(curve).unwrap();
            let (theirs, their_point) = generate(curve).unwrap();
            let info = other_info("A128GCM", b"Alice", b"Bob", 16);
            let (mut one, mut other) = ([0; 16], [0; 16]);
            let public = |point: &Coordinates| curve.public_key(point.x(), point.y()).unwrap();
            derive(&ours, public(&their_point), &info, &mut one).unwrap();
            derive(&theirs, public(&our_point), &info, &mut other).unwrap();
            assert_eq!(one, other);
            assert_ne!(one, [0; 16]);
        }
    }

    #[test]
    fn points_of_low_order_are_refused_and_the_back_end_would_refuse_them_too() {
        let (private, _) = generate(Agreement::X25519).unwrap();
        for mut point in LOW_ORDER {
            assert_eq!(x25519_check(&point), Err(Error::PointLowOrder));
            let raw = UnparsedPublicKey::new(&agreement::X25519, point);
            let parsed = ParsedPublicKey::try_from(raw).unwrap();
            assert_eq!(derive(&private, parsed, b"", &mut [0; 16]), Err(Error::PointLowOrder), "{point:?}");
            point[X25519_LEN - 1] |= 0x80;
            assert_eq!(x25519_check(&point), Err(Error::PointLowOrder));
        }
    }

    #[test]
    fn points_off_the_curve_and_of_other_lengths_are_refused() {
        for curve in [Curve::P256, Curve::P384, Curve::P521] {
            let len = curve.coordinate_len();
            let off = Agreement::Ec(curve).public_key(&vec![1; len], &vec![2; len]).err();
            assert_eq!(off, Some(Error::PointOffCurve));
            let short = Agreement::Ec(curve).public_key(&vec![1; len - 1], &vec![2; len]).err();
            assert_eq!(short, Some(Error::KeyMemberInvalid("x")));
        }
        assert_eq!(Agreement::X25519.public_key(&[9; 31], &[]).err(), Some(Error::KeyMemberInvalid("x")));
    }

    #[test]
    fn a_key_of_another_curve_is_refused() {
        let (private, _) = generate(Agreement::Ec(Curve::P256)).unwrap();
        let (_, point) = generate(Agreement::X25519).unwrap();
        let other = Agreement::X25519.public_key(point.x(), &[]).unwrap();
        assert!(derive(&private, other, b"", &mut [0; 16]).is_err());
    }
}
