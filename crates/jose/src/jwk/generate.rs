//! Making keys.

use aws_lc_rs::encoding::{AsBigEndian, AsDer, Curve25519SeedBin, EcPrivateKeyBin, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use zeroize::Zeroizing;

use super::{Jwk, Material, OkpCurve, Secret, der};
use crate::alg::{self, Curve, Family, Management, MlDsa};
use crate::{Error, KeyAlgorithm};

/// Bits of an RSA key unless said otherwise.
pub(super) const RSA_BITS: usize = 2048;

/// A curve on which two keys can agree (ECDH-ES).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyCurve {
    /// NIST P-256, the one everybody has.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
    /// Curve25519 (RFC 8037 §2).
    X25519,
}

impl KeyCurve {
    /// Every one.
    pub const ALL: &'static [Self] = &[Self::P256, Self::P384, Self::P521, Self::X25519];

    /// Its name in a JWK's `crv`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => Curve::P256.name(),
            Self::P384 => Curve::P384.name(),
            Self::P521 => Curve::P521.name(),
            Self::X25519 => OkpCurve::X25519.name(),
        }
    }
}

/// A new key with `alg`, `use` and its thumbprint as `kid`.
pub(super) fn generate(
    algorithm: KeyAlgorithm,
    curve: Option<KeyCurve>,
    rsa_bits: Option<usize>,
) -> Result<Jwk, Error> {
    // A choice where there is none was meant for something else.
    if curve.is_some() && !agrees(algorithm) || rsa_bits.is_some() && !is_rsa(algorithm) {
        return Err(Error::KeyAlgorithm);
    }
    let rsa_bits = rsa_bits.unwrap_or(RSA_BITS);
    let material = match algorithm {
        KeyAlgorithm::ContentEncryption(encryption) => oct(encryption.key_len()),
        KeyAlgorithm::KeyManagement(management) => match management.kind() {
            Management::AesGcm(kek) | Management::AesKw(kek) => oct(kek.len()),
            Management::EcdhEs(_) => agreement(curve.unwrap_or(KeyCurve::P256)),
            Management::Oaep(_) => rsa(rsa_bits)?,
            // A key for `dir` is one for its `enc`; the key of PBES2 is a password.
            Management::Direct | Management::Pbes2(..) => return Err(Error::KeyAlgorithm),
        },
        KeyAlgorithm::Signature(algorithm) => match algorithm.family() {
            Family::Ecdsa(curve) => ec(curve),
            Family::EdDsa => ed25519(),
            Family::Hmac(hmac) => oct(hmac.tag_len()),
            Family::MlDsa(set) => ml_dsa(set),
            Family::Rsa(_) => rsa(rsa_bits)?,
        },
    };
    let jwk = Jwk::new(material.ok_or(Error::KeyGeneration)?, Some(algorithm))?;
    let kid = jwk.thumbprint_base64url();
    Ok(jwk.with_kid(kid))
}

fn agrees(algorithm: KeyAlgorithm) -> bool {
    matches!(algorithm, KeyAlgorithm::KeyManagement(management) if matches!(management.kind(), Management::EcdhEs(_)))
}

fn is_rsa(algorithm: KeyAlgorithm) -> bool {
    match algorithm {
        KeyAlgorithm::ContentEncryption(_) => false,
        KeyAlgorithm::KeyManagement(management) => matches!(management.kind(), Management::Oaep(_)),
        KeyAlgorithm::Signature(algorithm) => matches!(algorithm.family(), Family::Rsa(_)),
    }
}

fn ec(curve: Curve) -> Option<Material> {
    let pair = EcdsaKeyPair::generate(curve.signing()).ok()?;
    let d: EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes().ok()?;
    let (&4, point) = pair.public_key().as_ref().split_first()? else {
        return None;
    };
    let (x, y) = point.split_at_checked(curve.coordinate_len())?;
    Some(Material::Ec { curve, x: x.to_vec(), y: y.to_vec(), d: Some(secret(d.as_ref())) })
}

fn ed25519() -> Option<Material> {
    let pair = Ed25519KeyPair::generate().ok()?;
    let seed: Curve25519SeedBin<'_> = pair.seed().ok()?.as_be_bytes().ok()?;
    let (x, d) = (pair.public_key().as_ref().to_vec(), Some(secret(seed.as_ref())));
    Some(Material::Okp { curve: OkpCurve::Ed25519, x, d })
}

/// EC keys for signing and for agreeing are the same numbers.
fn agreement(curve: KeyCurve) -> Option<Material> {
    match curve {
        KeyCurve::P256 => ec(Curve::P256),
        KeyCurve::P384 => ec(Curve::P384),
        KeyCurve::P521 => ec(Curve::P521),
        KeyCurve::X25519 => {
            let (private, point) = alg::ecdh_generate(alg::Agreement::X25519).ok()?;
            let d: Curve25519SeedBin<'_> = private.as_be_bytes().ok()?;
            Some(Material::Okp { curve: OkpCurve::X25519, x: point.x().to_vec(), d: Some(secret(d.as_ref())) })
        }
    }
}

fn ml_dsa(set: MlDsa) -> Option<Material> {
    let seed = Secret::new(random(alg::ML_DSA_SEED_LEN)?.to_vec());
    let public = alg::ml_dsa_public_of(set, &seed).ok()?;
    Some(Material::Akp { set, public, seed: Some(seed) })
}

fn rsa(bits: usize) -> Result<Option<Material>, Error> {
    let size = match bits {
        2048 => KeySize::Rsa2048,
        3072 => KeySize::Rsa3072,
        4096 => KeySize::Rsa4096,
        8192 => KeySize::Rsa8192,
        _ => return Err(Error::RsaModulusSize),
    };
    let pair = RsaKeyPair::generate(size).map_err(|_| Error::KeyGeneration)?;
    let pkcs8: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| Error::KeyGeneration)?;
    der::private_key(pkcs8.as_ref()).map(Some)
}

fn oct(len: usize) -> Option<Material> {
    Some(Material::Oct { k: Secret(random(len)?) })
}

#[expect(
    clippy::disallowed_methods,
    reason = "keys come from the operating system's generator like those the back end makes, never from a seeded one"
)]
fn random(len: usize) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; len]);
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    Some(bytes)
}

fn secret(bytes: &[u8]) -> Secret {
    Secret::new(bytes.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Algorithm, ContentEncryption, KeyManagement};

    fn survives_storage(jwk: &Jwk) {
        let again = Jwk::from_slice(jwk.to_private_json().as_bytes()).unwrap();
        assert!(again.is_private());
        assert_eq!(again.kid(), Some(jwk.thumbprint_base64url().as_str()));
        assert_eq!(again.to_private_json(), jwk.to_private_json());
        assert_eq!((again.key_algorithm(), again.purpose()), (jwk.key_algorithm(), jwk.purpose()));
    }

    #[test]
    fn every_algorithm_gets_a_key_that_survives_storage() {
        for &algorithm in Algorithm::ALL {
            survives_storage(&Jwk::generate(algorithm).unwrap());
        }
        for &encryption in ContentEncryption::ALL {
            survives_storage(&Jwk::generate(encryption).unwrap());
        }
        for &management in KeyManagement::ALL {
            match management.kind() {
                Management::Direct | Management::Pbes2(..) => {
                    assert_eq!(Jwk::generate(management).unwrap_err(), Error::KeyAlgorithm);
                }
                _ => survives_storage(&Jwk::generate(management).unwrap()),
            }
        }
        for &curve in KeyCurve::ALL {
            let jwk = Jwk::generate_on(curve, KeyManagement::EcdhEs).unwrap();
            survives_storage(&jwk);
            assert_eq!(jwk.public_value().unwrap()["crv"], curve.name());
        }
    }

    #[test]
    fn two_keys_are_different() {
        for algorithm in [Algorithm::EdDSA, Algorithm::ES256, Algorithm::HS256, Algorithm::MlDsa44] {
            let [one, two] = [(); 2].map(|()| Jwk::generate(algorithm).unwrap().thumbprint());
            assert_ne!(one, two);
        }
    }

    #[test]
    fn a_curve_is_for_agreeing_and_a_modulus_has_a_usual_size() {
        let refused = Jwk::generate_on(KeyCurve::P384, KeyManagement::RsaOaep256).unwrap_err();
        assert_eq!(refused, Error::KeyAlgorithm);
        for bits in [0, 512, 1024, 2047, 16_384] {
            assert_eq!(Jwk::generate_rsa(bits, Algorithm::RS256).unwrap_err(), Error::RsaModulusSize);
        }
        let jwk = Jwk::generate_rsa(3072, Algorithm::PS256).unwrap();
        assert_eq!(jwk.public_value().unwrap()["n"].as_str().unwrap().len(), 512);
    }
}
