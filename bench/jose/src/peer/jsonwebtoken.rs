//! jsonwebtoken, on its fastest back end, aws-lc-rs. It neither encrypts nor knows ML-DSA.

use jsonwebtoken::{Algorithm as Alg, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use symbolon_bench_jose_common::Failure;
use symbolon_bench_jose_common::claims::{AUDIENCE, AccessToken, ISSUER};
use symbolon_bench_jose_common::job::{Job, Method, Operation};
use symbolon_bench_jose_common::key::secret;
use symbolon_bench_jose_common::side::Side;
use symbolon_jose::{Algorithm, Jwk, KeyFormat};

const NAME: &str = "jsonwebtoken";

pub(crate) fn side(job: &Job) -> Result<Option<Side<'_>>, Failure> {
    let Method::Signature(algorithm) = job.method else { return Ok(None) };
    let alg = match algorithm {
        Algorithm::EdDSA => Alg::EdDSA,
        Algorithm::ES256 => Alg::ES256,
        Algorithm::ES384 => Alg::ES384,
        Algorithm::HS256 => Alg::HS256,
        Algorithm::HS384 => Alg::HS384,
        Algorithm::HS512 => Alg::HS512,
        Algorithm::PS256 => Alg::PS256,
        Algorithm::PS384 => Alg::PS384,
        Algorithm::PS512 => Alg::PS512,
        Algorithm::RS256 => Alg::RS256,
        Algorithm::RS384 => Alg::RS384,
        Algorithm::RS512 => Alg::RS512,
        _ => return Ok(None),
    };
    let jwk = job.jwk()?;
    Ok(Some(if job.operation == Operation::Sign {
        let key = encoding_key(jwk, alg)?;
        let header = Header { typ: Some("at+jwt".into()), kid: jwk.kid().map(str::to_owned), ..Header::new(alg) };
        Side::new(NAME, move || Ok(encode(&header, &job.claims, &key)?))
    } else {
        let (key, mut validation) = (decoding_key(jwk, alg)?, Validation::new(alg));
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        Side::new(NAME, move || Ok(decode::<AccessToken>(&job.token, &key, &validation)?))
    }))
}

fn encoding_key(jwk: &Jwk, alg: Alg) -> Result<EncodingKey, Failure> {
    let pem = || jwk.to_pem(KeyFormat::Pkcs8);
    Ok(match alg {
        Alg::EdDSA => EncodingKey::from_ed_pem(pem()?.as_bytes())?,
        Alg::ES256 | Alg::ES384 => EncodingKey::from_ec_pem(pem()?.as_bytes())?,
        Alg::HS256 | Alg::HS384 | Alg::HS512 => EncodingKey::from_secret(&secret(jwk)?),
        _ => EncodingKey::from_rsa_pem(pem()?.as_bytes())?,
    })
}

fn decoding_key(jwk: &Jwk, alg: Alg) -> Result<DecodingKey, Failure> {
    let pem = || jwk.to_pem(KeyFormat::Spki);
    Ok(match alg {
        Alg::EdDSA => DecodingKey::from_ed_pem(pem()?.as_bytes())?,
        Alg::ES256 | Alg::ES384 => DecodingKey::from_ec_pem(pem()?.as_bytes())?,
        Alg::HS256 | Alg::HS384 | Alg::HS512 => DecodingKey::from_secret(&secret(jwk)?),
        _ => DecodingKey::from_rsa_pem(pem()?.as_bytes())?,
    })
}
