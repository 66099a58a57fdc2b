//! Making keys.

use aws_lc_rs::encoding::{AsBigEndian, AsDer, Curve25519SeedBin, EcPrivateKeyBin, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use zeroize::Zeroizing;

use super::{Jwk, Material, RsaPrivate, Secret, der};
use crate::alg::{Curve, Family};
use crate::{Algorithm, Error};

/// A new key with `alg`, `use` and its thumbprint as `kid`.
pub(super) fn generate(algorithm: Algorithm) -> Result<Jwk, Error> {
    let material = match algorithm.family() {
        Family::Ecdsa(curve) => ec(curve),
        Family::EdDsa => ed25519(),
        Family::Hmac(hmac) => oct(hmac.tag_len()),
        Family::Rsa(_) => rsa(),
    };
    let jwk = Jwk::new(material.ok_or(Error::KeyGeneration)?, algorithm)?;
    let kid = jwk.thumbprint_base64url();
    Ok(jwk.with_kid(kid))
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
    Some(Material::Okp { x: pair.public_key().as_ref().to_vec(), d: Some(secret(seed.as_ref())) })
}

fn rsa() -> Option<Material> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).ok()?;
    let pkcs8: Pkcs8V1Der<'_> = pair.as_der().ok()?;
    let [modulus, exponent, private @ ..] = der::rsa_integers(pkcs8.as_ref())?;
    let [d, p, q, dp, dq, qi] = private.map(secret);
    Some(Material::Rsa {
        n: modulus.to_vec(),
        e: exponent.to_vec(),
        private: Some(Box::new(RsaPrivate { d, p, q, dp, dq, qi })),
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "keys come from the operating system's generator like those the back end makes, never from a seeded one"
)]
fn oct(len: usize) -> Option<Material> {
    let mut bytes = Zeroizing::new(vec![0; len]);
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    Some(Material::Oct { k: Secret(bytes) })
}

fn secret(bytes: &[u8]) -> Secret {
    Secret::new(bytes.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_gets_a_key_that_survives_storage() {
        for &algorithm in Algorithm::ALL {
            let jwk = Jwk::generate(algorithm).unwrap();
            assert_eq!(jwk.algorithm(), Some(algorithm));
            assert_eq!(jwk.kid(), Some(&*jwk.thumbprint_base64url()));
            assert!(jwk.is_private());
            let stored = jwk.to_private_json();
            let again = Jwk::from_slice(stored.as_bytes()).unwrap();
            assert_eq!(*again.to_private_json(), *stored, "{algorithm}");
        }
    }

    #[test]
    fn two_keys_are_different() {
        for algorithm in [Algorithm::EdDSA, Algorithm::ES256, Algorithm::HS256] {
            let [one, two] = [(); 2].map(|()| Jwk::generate(algorithm).unwrap().thumbprint());
            assert_ne!(one, two);
        }
    }
}
