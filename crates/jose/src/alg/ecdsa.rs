//! ES256, ES384, ES512 (RFC 7518 §3.4): each has its one curve and hash.
//!
//! Signatures are the two numbers side by side at full length; DER, other lengths, and numbers that are zero or not below the
//! order are refused. Points are refused when they are loaded if they do not lie on the curve (invalid-curve attacks).

use aws_lc_rs::signature::{self, EcdsaKeyPair, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, ParsedPublicKey};

use crate::Error;
use crate::jwk::Secret;

/// A curve of RFC 7518 §6.2.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    pub(crate) fn from_name(name: &str) -> Result<Self, Error> {
        match name {
            "P-256" => Ok(Self::P256),
            "P-384" => Ok(Self::P384),
            "P-521" => Ok(Self::P521),
            _ => Err(Error::CurveUnsupported),
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// Bytes of a coordinate, of the private number, and of each half of a signature.
    pub(crate) const fn coordinate_len(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    pub(crate) const fn signing(self) -> &'static EcdsaSigningAlgorithm {
        match self {
            Self::P256 => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            Self::P384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
            Self::P521 => &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
        }
    }

    const fn verifying(self) -> &'static EcdsaVerificationAlgorithm {
        match self {
            Self::P256 => &signature::ECDSA_P256_SHA256_FIXED,
            Self::P384 => &signature::ECDSA_P384_SHA384_FIXED,
            Self::P521 => &signature::ECDSA_P521_SHA512_FIXED,
        }
    }
}

/// The public key; the back end refuses points off the curve.
pub(crate) fn public_key(curve: Curve, x: &[u8], y: &[u8]) -> Result<ParsedPublicKey, Error> {
    let point = point(curve, x, y)?;
    ParsedPublicKey::new(curve.verifying(), point).map_err(|_| Error::PointOffCurve)
}

/// The key pair; the back end refuses a private number that does not belong to the point.
pub(crate) fn key_pair(curve: Curve, x: &[u8], y: &[u8], d: &Secret) -> Result<EcdsaKeyPair, Error> {
    // RFC 7518 §6.2.2.1: the private number has the full length, too.
    if d.as_ref().len() != curve.coordinate_len() {
        return Err(Error::KeyMemberInvalid("d"));
    }
    public_key(curve, x, y)?;
    let point = point(curve, x, y)?;
    EcdsaKeyPair::from_private_key_and_public_key(curve.signing(), d.as_ref(), &point)
        .map_err(|_| Error::KeyInconsistent)
}

/// SEC 1 §2.3.3, uncompressed. RFC 7518 §6.2.1.2: coordinates have the full length of the curve.
pub(super) fn point(curve: Curve, x: &[u8], y: &[u8]) -> Result<Vec<u8>, Error> {
    for (name, coordinate) in [("x", x), ("y", y)] {
        if coordinate.len() != curve.coordinate_len() {
            return Err(Error::KeyMemberInvalid(name));
        }
    }
    let mut point = Vec::with_capacity(1 + x.len() + y.len());
    point.push(4);
    point.extend_from_slice(x);
    point.extend_from_slice(y);
    Ok(point)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_off_the_curve_are_refused_at_load() {
        for curve in [Curve::P256, Curve::P384, Curve::P521] {
            let len = curve.coordinate_len();
            for byte in [0, 1, 2] {
                let coordinate = vec![byte; len];
                assert_eq!(public_key(curve, &coordinate, &coordinate).err(), Some(Error::PointOffCurve));
            }
        }
    }

    #[test]
    fn coordinates_of_another_length_are_refused() {
        let short = public_key(Curve::P256, &[1; 31], &[1; 32]).err();
        assert_eq!(short, Some(Error::KeyMemberInvalid("x")));
        let long = public_key(Curve::P256, &[1; 32], &[1; 33]).err();
        assert_eq!(long, Some(Error::KeyMemberInvalid("y")));
    }

    #[test]
    fn other_curves_are_refused() {
        for name in ["secp256k1", "P-192", "p-256", "Ed25519", "X25519", ""] {
            assert_eq!(Curve::from_name(name), Err(Error::CurveUnsupported), "{name}");
        }
    }
}
