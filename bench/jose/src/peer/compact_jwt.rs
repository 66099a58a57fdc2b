//! compact_jwt, on RustCrypto, for the two algorithms of which it was the fastest. Claims are checked by hand.

use std::str::FromStr as _;

use ::compact_jwt::compact::{JweCompact, JwsCompact};
use ::compact_jwt::crypto::{JweA256GCMEncipher, JweA256KWEncipher, JwsHs256Signer};
use ::compact_jwt::jwe::JweBuilder;
use ::compact_jwt::jws::JwsBuilder;
use ::compact_jwt::traits::{JwsSigner as _, JwsVerifier as _};
use crypto_glue::aes256::key_from_bytes;
use symbolon_bench_jose_common::Failure;
use symbolon_bench_jose_common::claims::AccessToken;
use symbolon_bench_jose_common::job::{Job, Method, Operation};
use symbolon_bench_jose_common::key::{secret, sized_secret};
use symbolon_bench_jose_common::side::Side;
use symbolon_jose::{Algorithm, ContentEncryption, KeyManagement};

const NAME: &str = "compact_jwt";

pub(crate) fn side(job: &Job) -> Result<Option<Side<'_>>, Failure> {
    match job.method {
        Method::Encryption(KeyManagement::A256Kw, ContentEncryption::A256Gcm) => encryption(job).map(Some),
        Method::Signature(Algorithm::HS256) => signature(job).map(Some),
        _ => Ok(None),
    }
}

/// Its errors are no standard ones.
fn failed<E: std::fmt::Debug>(error: E) -> Failure {
    format!("{error:?}").into()
}

fn signature(job: &Job) -> Result<Side<'_>, Failure> {
    let jwk = job.jwk()?;
    let mut key = JwsHs256Signer::try_from(secret(jwk)?.as_slice()).map_err(failed)?;
    key.set_kid(jwk.kid().unwrap_or_default());
    if job.operation == Operation::Sign {
        return Ok(Side::new(NAME, move || {
            let jws = JwsBuilder::into_json(&job.claims)?.set_typ(Some("at+jwt")).build();
            Ok(key.sign(&jws).map_err(failed)?.to_string())
        }));
    }
    Ok(Side::new(NAME, move || {
        let jws = key.verify(&JwsCompact::from_str(&job.token).map_err(failed)?).map_err(failed)?;
        let claims: AccessToken = jws.from_json()?;
        claims.check(job.now)?;
        Ok(claims)
    }))
}

fn encryption(job: &Job) -> Result<Side<'_>, Failure> {
    let key = JweA256KWEncipher::from(key_from_bytes(sized_secret(job.jwk()?)?));
    if job.operation == Operation::Encrypt {
        return Ok(Side::new(NAME, move || {
            let jwe = JweBuilder::from(job.content.clone().into_bytes()).build();
            Ok(key.encipher::<JweA256GCMEncipher>(&jwe).map_err(failed)?.to_string())
        }));
    }
    Ok(Side::new(NAME, move || key.decipher(&JweCompact::from_str(&job.token).map_err(failed)?).map_err(failed)))
}
