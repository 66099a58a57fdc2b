//! The yardstick for signatures: the bare primitive of the same back end, key parsed. No encoding, no JSON, no checks, and nothing
//! is allocated.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, Ed25519KeyPair, ParsedPublicKey,
    PqdsaKeyPair, PqdsaSigningAlgorithm, PqdsaVerificationAlgorithm, RsaEncoding, RsaKeyPair, RsaParameters,
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
        Algorithm::PS384 => Some((&signature::RSA_PSS_SHA384, &signature::RSA_PSS_2048_8192_SHA384)),
        Algorithm::PS512 => Some((&signature::RSA_PSS_SHA512, &signature::RSA_PSS_2048_8192_SHA512)),
        Algorithm::RS256 => Some((&signature::RSA_PKCS1_SHA256, &signature::RSA_PKCS1_2048_8192_SHA256)),
        Algorithm::RS384 => Some((&signature::RSA_PKCS1_SHA384, &signature::RSA_PKCS1_2048_8192_SHA384)),
        Algorithm::RS512 => Some((&signature::RSA_PKCS1_SHA512, &signature::RSA_PKCS1_2048_8192_SHA512)),
        _ => None,
    }
}

fn ecdsa(algorithm: Algorithm) -> Option<(&'static EcdsaSigningAlgorithm, &'static EcdsaVerificationAlgorithm)> {
    match algorithm {
        Algorithm::ES256 => Some((&signature::ECDSA_P256_SHA256_FIXED_SIGNING, &signature::ECDSA_P256_SHA256_FIXED)),
        Algorithm::ES384 => Some((&signature::ECDSA_P384_SHA384_FIXED_SIGNING, &signature::ECDSA_P384_SHA384_FIXED)),
        Algorithm::ES512 => Some((&signature::ECDSA_P521_SHA512_FIXED_SIGNING, &signature::ECDSA_P521_SHA512_FIXED)),
        _ => None,
    }
}

fn mac(algorithm: Algorithm) -> Option<hmac::Algorithm> {
    match algorithm {
        Algorithm::HS256 => Some(hmac::HMAC_SHA256),
        Algorithm::HS384 => Some(hmac::HMAC_SHA384),
        Algorithm::HS512 => Some(hmac::HMAC_SHA512),
        _ => None,
    }
}

fn ml_dsa(algorithm: Algorithm) -> Option<(&'static PqdsaSigningAlgorithm, &'static PqdsaVerificationAlgorithm)> {
    match algorithm {
        Algorithm::MlDsa44 => Some((&signature::ML_DSA_44_SIGNING, &signature::ML_DSA_44)),
        Algorithm::MlDsa65 => Some((&signature::ML_DSA_65_SIGNING, &signature::ML_DSA_65)),
        Algorithm::MlDsa87 => Some((&signature::ML_DSA_87_SIGNING, &signature::ML_DSA_87)),
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
    if let Some(mac) = mac(algorithm) {
        let key = hmac::Key::new(mac, &secret(jwk)?);
        return Ok(Side::new(RAW, move || Ok(hmac::sign(&key, message))));
    }
    if let Some((signing, _)) = ml_dsa(algorithm) {
        let pair = PqdsaKeyPair::from_seed(signing, &member(jwk, "priv")?)?;
        let mut room = vec![0; pair.algorithm().signature_len()];
        return Ok(Side::new(RAW, move || Ok(pair.sign(message, &mut room)?)));
    }
    if algorithm != Algorithm::EdDSA {
        return Err(format!("no yardstick for {algorithm}").into());
    }
    let pair = Ed25519KeyPair::from_seed_and_public_key(&member(jwk, "d")?, &member(jwk, "x")?)?;
    Ok(Side::new(RAW, move || Ok(pair.try_sign(message)?)))
}

fn verifying<'a>(jwk: &Jwk, algorithm: Algorithm, message: &'a [u8], signature: Vec<u8>) -> Result<Side<'a>, Failure> {
    if let Some(mac) = mac(algorithm) {
        let key = hmac::Key::new(mac, &secret(jwk)?);
        return Ok(Side::new(RAW, move || Ok(hmac::verify(&key, message, &signature)?)));
    }
    let key = if let Some((_, parameters)) = rsa(algorithm) {
        ParsedPublicKey::new(parameters, jwk.to_der(KeyFormat::Pkcs1Public)?.as_slice())?
    } else if let Some((_, verifying)) = ecdsa(algorithm) {
        let point = [vec![4], member(jwk, "x")?, member(jwk, "y")?].concat();
        ParsedPublicKey::new(verifying, point)?
    } else if let Some((_, verifying)) = ml_dsa(algorithm) {
        ParsedPublicKey::new(verifying, member(jwk, "pub")?)?
    } else if algorithm == Algorithm::EdDSA {
        ParsedPublicKey::new(&signature::ED25519, member(jwk, "x")?)?
    } else {
        return Err(format!("no yardstick for {algorithm}").into());
    };
    Ok(Side::new(RAW, move || Ok(key.verify_sig(message, &signature)?)))
}
