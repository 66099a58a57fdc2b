//! biscuit, on ring, for the algorithms of which one call of it was among the fastest. Its own type for claims goes through serde's
//! slow flattening, so it gets ours whole, and they are checked by hand.

use std::sync::Arc;

use ::biscuit::jwa::{
    ContentEncryptionAlgorithm, EncryptionOptions, KeyManagementAlgorithm, SignatureAlgorithm as Alg,
};
use ::biscuit::jwk::JWK;
use ::biscuit::jws::{self, Secret};
use ::biscuit::{CompactJson, Empty, jwe};
use num_bigint::BigUint;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RsaKeyPair};
use serde::{Deserialize, Serialize};
use symbolon_bench_jose_common::Failure;
use symbolon_bench_jose_common::claims::AccessToken;
use symbolon_bench_jose_common::job::{Job, Method, Operation};
use symbolon_bench_jose_common::key::{member, secret};
use symbolon_bench_jose_common::side::Side;
use symbolon_jose::{Algorithm, ContentEncryption, Jwk, KeyFormat, KeyManagement};

use crate::rng;

const NAME: &str = "biscuit";

/// ring's errors are no standard ones.
fn refused(error: ring::error::KeyRejected) -> Failure {
    error.to_string().into()
}

/// The claims as a part of a token.
#[derive(Deserialize, Serialize)]
#[serde(transparent)]
struct Claims(AccessToken);

impl CompactJson for Claims {}

type Signed = jws::Compact<Claims, Empty>;
type Encrypted = jwe::Compact<Vec<u8>, Empty>;

pub(crate) fn side(job: &Job) -> Result<Option<Side<'_>>, Failure> {
    let algorithm = match job.method {
        Method::Encryption(KeyManagement::Dir, ContentEncryption::A256Gcm) => return direct(job).map(Some),
        Method::Encryption(..) => return Ok(None),
        Method::Signature(algorithm) => algorithm,
    };
    let alg = match algorithm {
        Algorithm::ES256 => Alg::ES256,
        Algorithm::HS256 => Alg::HS256,
        Algorithm::PS256 => Alg::PS256,
        Algorithm::RS256 => Alg::RS256,
        _ => return Ok(None),
    };
    if job.operation == Operation::Sign { signing(job, alg).map(Some) } else { verifying(job, alg).map(Some) }
}

fn signing(job: &Job, alg: Alg) -> Result<Side<'_>, Failure> {
    let jwk = job.jwk()?;
    let pkcs8 = || jwk.to_der(KeyFormat::Pkcs8);
    let secret = match alg {
        Alg::HS256 => Secret::Bytes(secret(jwk)?),
        Alg::ES256 => {
            let signing = &ECDSA_P256_SHA256_FIXED_SIGNING;
            let pair = EcdsaKeyPair::from_pkcs8(signing, &pkcs8()?, &SystemRandom::new()).map_err(refused)?;
            Secret::EcdsaKeyPair(Arc::new(pair))
        }
        _ => Secret::RsaKeyPair(Arc::new(RsaKeyPair::from_pkcs8(&pkcs8()?).map_err(refused)?)),
    };
    let registered = jws::RegisteredHeader {
        algorithm: alg,
        media_type: Some("at+jwt".into()),
        key_id: jwk.kid().map(str::to_owned),
        ..jws::RegisteredHeader::default()
    };
    let token = Signed::new_decoded(registered.into(), Claims(job.claims.clone()));
    Ok(Side::new(NAME, move || Ok(token.encode(&secret)?.encoded()?.to_string())))
}

fn verifying(job: &Job, alg: Alg) -> Result<Side<'_>, Failure> {
    let secret = public(job.jwk()?, alg)?;
    Ok(Side::new(NAME, move || {
        let (_, claims) = Signed::new_encoded(&job.token).decode(&secret, alg)?.unwrap_decoded();
        claims.0.check(job.now)?;
        Ok(claims)
    }))
}

fn public(jwk: &Jwk, alg: Alg) -> Result<Secret, Failure> {
    Ok(match alg {
        Alg::HS256 => Secret::Bytes(secret(jwk)?),
        Alg::ES256 => Secret::PublicKey([vec![4], member(jwk, "x")?, member(jwk, "y")?].concat()),
        _ => Secret::RSAModulusExponent {
            n: BigUint::from_bytes_be(&member(jwk, "n")?),
            e: BigUint::from_bytes_be(&member(jwk, "e")?),
        },
    })
}

/// The vector is the caller's to choose.
fn direct(job: &Job) -> Result<Side<'_>, Failure> {
    let key: JWK<Empty> = JWK::new_octet_key(&secret(job.jwk()?)?, Empty {});
    let (cek, enc) = (KeyManagementAlgorithm::DirectSymmetricKey, ContentEncryptionAlgorithm::A256GCM);
    if job.operation == Operation::Decrypt {
        return Ok(Side::new(NAME, move || Ok(Encrypted::new_encrypted(&job.token).decrypt(&key, cek, enc)?)));
    }
    let registered = jwe::RegisteredHeader { cek_algorithm: cek, enc_algorithm: enc, ..Default::default() };
    let token = Encrypted::new_decrypted(registered.into(), job.content.clone().into_bytes());
    Ok(Side::new(NAME, move || {
        let mut nonce = vec![0; 12];
        rng::fill(&mut nonce)?;
        Ok(token.encrypt(&key, &EncryptionOptions::AES_GCM { nonce })?.encrypted()?.to_string())
    }))
}
