//! The yardstick for signatures: the bare primitive of the same back end, key parsed. No encoding, no JSON, no checks, and nothing
//! is allocated.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, Ed25519KeyPair, ParsedPublicKey,
    PqdsaKeyPair, RsaEncoding, RsaKeyPair, RsaParameters,
};
use symbolon_bench_jose_common::Failure;
use symbolon_bench_jose_common::job::{Job, Method, Operation};
use symbolon_bench_jose_common::key::{member, secret};
use symbolon_bench_jose_common::side::Side;
use symbolon_jose::{Algorithm, Jwk, KeyFormat, base64url};

use super::RAW;
use crate::rng;

pub(crate) fn side(job: &Job) -> Result<Side<'_>, Failure> {
    let Method::Signature(algorithm) = job.method else { return Err("a signature".into()) };
    let (message, signature) = job.token.rsplit_once('.').ok_or("a token")?;
    match job.operation {
        Operation::Sign => signing(job.jwk()?, algorithm, message.as_bytes()),
        _ => verifying(job.jwk()?, algorithm, message.as_bytes(), base64url::decode(signature)?),
    }
}

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

fn signing<'a>(jwk: &Jwk, algorithm: Algorithm, message: &'a [u8]) -> Result<Side<'a>, Failure> {
    let pkcs8 = || jwk.to_der(KeyFormat::Pkcs8);
    let random = rng::system();
    if let Some((encoding, _)) = rsa(algorithm) {
        let pair = RsaKeyPair::from_pkcs8(&pkcs8()?)?;
        let mut room = vec![0; pair.public_modulus_len()];
        return Ok(Side::new(RAW, move || Ok(pair.sign(encoding, &random, message, &mut room)?)));
    }
    if let Some((signing, _)) = ecdsa(algorithm) {
        let pair = EcdsaKeyPair::from_pkcs8(signing, &pkcs8()?)?;
        return Ok(Side::new(RAW, move || Ok(pair.sign(&random, message)?)));
    }
    Ok(match algorithm {
        Algorithm::EdDSA => {
            let pair = Ed25519KeyPair::from_seed_and_public_key(&member(jwk, "d")?, &member(jwk, "x")?)?;
            Side::new(RAW, move || Ok(pair.try_sign(message)?))
        }
        Algorithm::HS256 => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &secret(jwk)?);
            Side::new(RAW, move || Ok(hmac::sign(&key, message)))
        }
        Algorithm::MlDsa65 => {
            let pair = PqdsaKeyPair::from_seed(&signature::ML_DSA_65_SIGNING, &member(jwk, "priv")?)?;
            let mut room = vec![0; pair.algorithm().signature_len()];
            Side::new(RAW, move || Ok(pair.sign(message, &mut room)?))
        }
        other => return Err(format!("no yardstick for {other}").into()),
    })
}

fn verifying<'a>(jwk: &Jwk, algorithm: Algorithm, message: &'a [u8], signature: Vec<u8>) -> Result<Side<'a>, Failure> {
    if algorithm == Algorithm::HS256 {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret(jwk)?);
        return Ok(Side::new(RAW, move || Ok(hmac::verify(&key, message, &signature)?)));
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
    Ok(Side::new(RAW, move || Ok(key.verify_sig(message, &signature)?)))
}
