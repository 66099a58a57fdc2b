//! The yardstick for signatures: the bare primitive of the same back end, key parsed. No encoding, no JSON, no checks.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, Ed25519KeyPair, ParsedPublicKey,
    PqdsaKeyPair, RsaEncoding, RsaKeyPair, RsaParameters,
};
use symbolon_jose::{Algorithm, Jwk, KeyFormat};

use crate::Failure;
use crate::key::{member, secret};
use crate::measure::Side;

const NAME: &str = "raw";

fn rsa(algorithm: Algorithm) -> Option<(&'static dyn RsaEncoding, &'static RsaParameters)> {
    match algorithm {
        Algorithm::PS256 => Some((&signature::RSA_PSS_SHA256, &signature::RSA_PSS_2048_8192_SHA256)),
        Algorithm::RS256 => Some((&signature::RSA_PKCS1_SHA256, &signature::RSA_PKCS1_2048_8192_SHA256)),
        _ => None,
    }
}

fn ecdsa(algorithm: Algorithm) -> Option<(&'static EcdsaSigningAlgorithm, &'static EcdsaVerificationAlgorithm)> {
    match algorithm {
        Algorithm::ES256 => Some((&signature::ECDSA_P256_SHA256_FIXED_SIGNING, &signature::ECDSA_P256_SHA256_FIXED)),
        Algorithm::ES384 => Some((&signature::ECDSA_P384_SHA384_FIXED_SIGNING, &signature::ECDSA_P384_SHA384_FIXED)),
        _ => None,
    }
}

pub(crate) fn signing<'a>(jwk: &Jwk, algorithm: Algorithm, message: &'a [u8]) -> Result<Side<'a>, Failure> {
    let pkcs8 = || jwk.to_der(KeyFormat::Pkcs8);
    let random = SystemRandom::new();
    if let Some((encoding, _)) = rsa(algorithm) {
        let pair = RsaKeyPair::from_pkcs8(&pkcs8()?)?;
        let mut room = vec![0; pair.public_modulus_len()];
        return Ok(Side::new(NAME, move || Ok(pair.sign(encoding, &random, message, &mut room)?)));
    }
    if let Some((signing, _)) = ecdsa(algorithm) {
        let pair = EcdsaKeyPair::from_pkcs8(signing, &pkcs8()?)?;
        return Ok(Side::new(NAME, move || Ok(pair.sign(&random, message).map(drop)?)));
    }
    Ok(match algorithm {
        Algorithm::EdDSA => {
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pkcs8()?)?;
            Side::new(NAME, move || Ok(pair.try_sign(message).map(drop)?))
        }
        Algorithm::HS256 => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &secret(jwk)?);
            Side::new(NAME, move || {
                std::hint::black_box(hmac::sign(&key, message));
                Ok(())
            })
        }
        Algorithm::MlDsa65 => {
            let pair = PqdsaKeyPair::from_seed(&signature::ML_DSA_65_SIGNING, &member(jwk, "priv")?)?;
            let mut room = vec![0; pair.algorithm().signature_len()];
            Side::new(NAME, move || Ok(pair.sign(message, &mut room).map(drop)?))
        }
        other => return Err(format!("no yardstick for {other}").into()),
    })
}

pub(crate) fn verifying<'a>(
    jwk: &Jwk,
    algorithm: Algorithm,
    message: &'a [u8],
    signature: Vec<u8>,
) -> Result<Side<'a>, Failure> {
    if algorithm == Algorithm::HS256 {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret(jwk)?);
        return Ok(Side::new(NAME, move || Ok(hmac::verify(&key, message, &signature)?)));
    }
    let key = match (rsa(algorithm), ecdsa(algorithm), algorithm) {
        (Some((_, parameters)), _, _) => {
            ParsedPublicKey::new(parameters, jwk.to_der(KeyFormat::Pkcs1Public)?.as_slice())?
        }
        (_, Some((_, verifying)), _) => {
            let point = [vec![4], member(jwk, "x")?, member(jwk, "y")?].concat();
            ParsedPublicKey::new(verifying, point)?
        }
        (_, _, Algorithm::EdDSA) => ParsedPublicKey::new(&signature::ED25519, member(jwk, "x")?)?,
        (_, _, Algorithm::MlDsa65) => ParsedPublicKey::new(&signature::ML_DSA_65, member(jwk, "pub")?)?,
        (_, _, other) => return Err(format!("no yardstick for {other}").into()),
    };
    Ok(Side::new(NAME, move || Ok(key.verify_sig(message, &signature)?)))
}
