//! symbolon-jose.

use symbolon_bench_jose_common::Failure;
use symbolon_bench_jose_common::claims::{AUDIENCE, AccessToken, Borrowed, ISSUER};
use symbolon_bench_jose_common::job::{Job, Method, Operation, PASSWORD, PBES2_COUNT};
use symbolon_bench_jose_common::side::Side;
use symbolon_jose::jwe::{self, DecryptingKey, DecryptingKeys, EncryptingKey};
use symbolon_jose::jwt::{self, Buffer, Policy};
use symbolon_jose::{Algorithm, ContentEncryption, Jwk, KeyManagement, SigningKey, VerifyingKey, VerifyingKeys};

/// Into claims of the caller's that own what they hold.
pub(crate) const NAME: &str = "symbolon-jose";
/// Into claims that borrow.
pub(crate) const BORROWED: &str = "borrowed";

pub(crate) fn policy() -> Policy {
    Policy::new(ISSUER, AUDIENCE).accept_type("at+jwt")
}

pub(crate) fn keys(jwk: &Jwk, algorithm: Algorithm) -> Result<VerifyingKeys, Failure> {
    Ok(VerifyingKeys::single(VerifyingKey::from_jwk(jwk, algorithm)?))
}

/// The token that all verify or decrypt.
pub(crate) fn token(job: &Job) -> Result<String, Failure> {
    Ok(match job.method {
        Method::Encryption(alg, enc) => {
            let key = encrypting_key(job, alg, enc)?;
            jwe::compact::encrypt(&key, &jwe::Header::default(), job.content.as_bytes())?
        }
        Method::Signature(alg) => jwt::sign(&SigningKey::from_jwk(job.jwk()?, alg)?, "at+jwt", &job.claims)?,
    })
}

pub(crate) fn side(job: &Job) -> Result<Side<'_>, Failure> {
    Ok(match (job.method, job.operation) {
        (Method::Encryption(alg, enc), Operation::Encrypt) => {
            let key = encrypting_key(job, alg, enc)?;
            Side::new(NAME, move || Ok(jwe::compact::encrypt(&key, &jwe::Header::default(), job.content.as_bytes())?))
        }
        (Method::Encryption(alg, enc), _) => {
            let key = match &job.jwk {
                Some(jwk) => DecryptingKey::from_jwk(jwk, alg, &[enc])?,
                None => DecryptingKey::from_password(PASSWORD, alg, &[enc])?,
            };
            let keys = DecryptingKeys::single(key);
            Side::new(NAME, move || Ok(jwe::compact::decrypt(&job.token, &keys)?))
        }
        (Method::Signature(alg), Operation::Sign) => {
            let key = SigningKey::from_jwk(job.jwk()?, alg)?;
            Side::new(NAME, move || Ok(jwt::sign(&key, "at+jwt", &job.claims)?))
        }
        (Method::Signature(alg), _) => {
            let (keys, policy) = (keys(job.jwk()?, alg)?, policy());
            Side::new(NAME, move || Ok(jwt::verify::<AccessToken>(&job.token, &keys, &policy, job.now)?))
        }
    })
}

/// Verification only.
pub(crate) fn borrowing(job: &Job) -> Result<Option<Side<'_>>, Failure> {
    let (Method::Signature(alg), Operation::Verify) = (job.method, job.operation) else { return Ok(None) };
    let (keys, policy, mut buffer) = (keys(job.jwk()?, alg)?, policy(), Buffer::new());
    Ok(Some(Side::new(BORROWED, move || {
        Ok(jwt::verify_in::<Borrowed<'_>>(&job.token, &keys, &policy, job.now, &mut buffer).map(drop)?)
    })))
}

fn encrypting_key(job: &Job, alg: KeyManagement, enc: ContentEncryption) -> Result<EncryptingKey, Failure> {
    Ok(match &job.jwk {
        Some(jwk) => EncryptingKey::from_jwk(jwk, alg, enc)?,
        None => EncryptingKey::from_password_with_count(PASSWORD, PBES2_COUNT, alg, enc)?,
    })
}
