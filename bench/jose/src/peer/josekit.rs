//! josekit, on OpenSSL. It gives claims as a JSON map, so reading them into the caller's type is a step of its own; for signing
//! the map is made beforehand.

use josekit::jwe::{self, JweDecrypter, JweEncrypter, JweHeader};
use josekit::jwk::Jwk as JosekitJwk;
use josekit::jws::{self, JwsHeader, JwsSigner, JwsVerifier};
use josekit::jwt::{self, JwtPayload, JwtPayloadValidator};
use serde_json::{Map, Value};
use symbolon_bench_jose_common::claims::{AUDIENCE, AccessToken, ISSUER};
use symbolon_bench_jose_common::job::{Job, Method, Operation, PASSWORD, PBES2_COUNT};
use symbolon_bench_jose_common::key::secret;
use symbolon_bench_jose_common::side::Side;
use symbolon_bench_jose_common::{Failure, clock};
use symbolon_jose::{Algorithm, ContentEncryption, Jwk, KeyManagement};

const NAME: &str = "josekit";

pub(crate) fn side(job: &Job) -> Result<Option<Side<'_>>, Failure> {
    match (job.method, job.operation) {
        (Method::Encryption(alg, enc), Operation::Encrypt) => encrypting(job, alg, enc),
        (Method::Encryption(alg, _), _) => decrypting(job, alg),
        (Method::Signature(alg), Operation::Sign) => signing(job, alg),
        (Method::Signature(alg), _) => verifying(job, alg),
    }
}

fn private(jwk: &Jwk) -> Result<JosekitJwk, Failure> {
    Ok(JosekitJwk::from_bytes(jwk.to_private_json().as_bytes())?)
}

/// Of a shared secret the secret itself.
fn public(jwk: &Jwk) -> Result<JosekitJwk, Failure> {
    match jwk.public_value() {
        Ok(public) => Ok(JosekitJwk::from_bytes(public.to_string().as_bytes())?),
        Err(_) => private(jwk),
    }
}

fn is_unknown(algorithm: Algorithm) -> bool {
    matches!(algorithm, Algorithm::MlDsa44 | Algorithm::MlDsa65 | Algorithm::MlDsa87)
}

fn signing(job: &Job, algorithm: Algorithm) -> Result<Option<Side<'_>>, Failure> {
    if is_unknown(algorithm) {
        return Ok(None);
    }
    let jwk = private(job.jwk()?)?;
    let signer: Box<dyn JwsSigner> = match algorithm {
        Algorithm::EdDSA => Box::new(jws::EdDSA.signer_from_jwk(&jwk)?),
        Algorithm::ES256 => Box::new(jws::ES256.signer_from_jwk(&jwk)?),
        Algorithm::ES384 => Box::new(jws::ES384.signer_from_jwk(&jwk)?),
        Algorithm::ES512 => Box::new(jws::ES512.signer_from_jwk(&jwk)?),
        Algorithm::HS256 => Box::new(jws::HS256.signer_from_jwk(&jwk)?),
        Algorithm::HS384 => Box::new(jws::HS384.signer_from_jwk(&jwk)?),
        Algorithm::HS512 => Box::new(jws::HS512.signer_from_jwk(&jwk)?),
        Algorithm::PS256 => Box::new(jws::PS256.signer_from_jwk(&jwk)?),
        Algorithm::PS384 => Box::new(jws::PS384.signer_from_jwk(&jwk)?),
        Algorithm::PS512 => Box::new(jws::PS512.signer_from_jwk(&jwk)?),
        Algorithm::RS256 => Box::new(jws::RS256.signer_from_jwk(&jwk)?),
        Algorithm::RS384 => Box::new(jws::RS384.signer_from_jwk(&jwk)?),
        Algorithm::RS512 => Box::new(jws::RS512.signer_from_jwk(&jwk)?),
        _ => return Ok(None),
    };
    let Value::Object(map) = serde_json::to_value(&job.claims)? else { return Err("the claims are an object".into()) };
    let payload = JwtPayload::from_map(map)?;
    let mut header = JwsHeader::new();
    header.set_token_type("at+jwt");
    Ok(Some(Side::new(NAME, move || Ok(jwt::encode_with_signer(&payload, &header, &*signer)?))))
}

fn verifying(job: &Job, algorithm: Algorithm) -> Result<Option<Side<'_>>, Failure> {
    if is_unknown(algorithm) {
        return Ok(None);
    }
    let jwk = public(job.jwk()?)?;
    let verifier: Box<dyn JwsVerifier> = match algorithm {
        Algorithm::EdDSA => Box::new(jws::EdDSA.verifier_from_jwk(&jwk)?),
        Algorithm::ES256 => Box::new(jws::ES256.verifier_from_jwk(&jwk)?),
        Algorithm::ES384 => Box::new(jws::ES384.verifier_from_jwk(&jwk)?),
        Algorithm::ES512 => Box::new(jws::ES512.verifier_from_jwk(&jwk)?),
        Algorithm::HS256 => Box::new(jws::HS256.verifier_from_jwk(&jwk)?),
        Algorithm::HS384 => Box::new(jws::HS384.verifier_from_jwk(&jwk)?),
        Algorithm::HS512 => Box::new(jws::HS512.verifier_from_jwk(&jwk)?),
        Algorithm::PS256 => Box::new(jws::PS256.verifier_from_jwk(&jwk)?),
        Algorithm::PS384 => Box::new(jws::PS384.verifier_from_jwk(&jwk)?),
        Algorithm::PS512 => Box::new(jws::PS512.verifier_from_jwk(&jwk)?),
        Algorithm::RS256 => Box::new(jws::RS256.verifier_from_jwk(&jwk)?),
        Algorithm::RS384 => Box::new(jws::RS384.verifier_from_jwk(&jwk)?),
        Algorithm::RS512 => Box::new(jws::RS512.verifier_from_jwk(&jwk)?),
        _ => return Ok(None),
    };
    let mut validator = JwtPayloadValidator::new();
    validator.set_issuer(ISSUER);
    validator.set_audience(AUDIENCE);
    validator.set_base_time(clock::system_now());
    Ok(Some(Side::new(NAME, move || {
        let (payload, _) = jwt::decode_with_verifier(&job.token, &*verifier)?;
        validator.validate(&payload)?;
        let map: Map<String, Value> = payload.into();
        Ok(serde_json::from_value::<AccessToken>(Value::Object(map))?)
    })))
}

fn encrypting(job: &Job, alg: KeyManagement, enc: ContentEncryption) -> Result<Option<Side<'_>>, Failure> {
    // It wants the name `dir` in a key where we have the name of the encryption, so that key goes bare.
    let jwk = job.jwk.as_ref().filter(|_| alg != KeyManagement::Dir).map(public).transpose()?;
    let encrypter: Box<dyn JweEncrypter> = match (alg, &jwk) {
        (KeyManagement::A128Kw, Some(jwk)) => Box::new(jwe::A128KW.encrypter_from_jwk(jwk)?),
        (KeyManagement::A256Gcmkw, Some(jwk)) => Box::new(jwe::A256GCMKW.encrypter_from_jwk(jwk)?),
        (KeyManagement::A256Kw, Some(jwk)) => Box::new(jwe::A256KW.encrypter_from_jwk(jwk)?),
        (KeyManagement::Dir, _) => Box::new(jwe::Dir.encrypter_from_bytes(secret(job.jwk()?)?)?),
        (KeyManagement::EcdhEsA256Kw, Some(jwk)) => Box::new(jwe::ECDH_ES_A256KW.encrypter_from_jwk(jwk)?),
        (KeyManagement::Pbes2Hs256A128Kw, None) => {
            let mut encrypter = jwe::PBES2_HS256_A128KW.encrypter_from_bytes(PASSWORD)?;
            encrypter.set_iter_count(usize::try_from(PBES2_COUNT)?);
            Box::new(encrypter)
        }
        (KeyManagement::RsaOaep, Some(jwk)) => Box::new(jwe::RSA_OAEP.encrypter_from_jwk(jwk)?),
        (KeyManagement::RsaOaep256, Some(jwk)) => Box::new(jwe::RSA_OAEP_256.encrypter_from_jwk(jwk)?),
        _ => return Ok(None),
    };
    let mut header = JweHeader::new();
    header.set_content_encryption(enc.name());
    Ok(Some(Side::new(NAME, move || Ok(jwe::serialize_compact(job.content.as_bytes(), &header, &*encrypter)?))))
}

fn decrypting(job: &Job, alg: KeyManagement) -> Result<Option<Side<'_>>, Failure> {
    let jwk = job.jwk.as_ref().filter(|_| alg != KeyManagement::Dir).map(private).transpose()?;
    let decrypter: Box<dyn JweDecrypter> = match (alg, &jwk) {
        (KeyManagement::A128Kw, Some(jwk)) => Box::new(jwe::A128KW.decrypter_from_jwk(jwk)?),
        (KeyManagement::A256Gcmkw, Some(jwk)) => Box::new(jwe::A256GCMKW.decrypter_from_jwk(jwk)?),
        (KeyManagement::A256Kw, Some(jwk)) => Box::new(jwe::A256KW.decrypter_from_jwk(jwk)?),
        (KeyManagement::Dir, _) => Box::new(jwe::Dir.decrypter_from_bytes(secret(job.jwk()?)?)?),
        (KeyManagement::EcdhEsA256Kw, Some(jwk)) => Box::new(jwe::ECDH_ES_A256KW.decrypter_from_jwk(jwk)?),
        (KeyManagement::Pbes2Hs256A128Kw, None) => Box::new(jwe::PBES2_HS256_A128KW.decrypter_from_bytes(PASSWORD)?),
        (KeyManagement::RsaOaep, Some(jwk)) => Box::new(jwe::RSA_OAEP.decrypter_from_jwk(jwk)?),
        (KeyManagement::RsaOaep256, Some(jwk)) => Box::new(jwe::RSA_OAEP_256.decrypter_from_jwk(jwk)?),
        _ => return Ok(None),
    };
    Ok(Some(Side::new(NAME, move || Ok(jwe::deserialize_compact(&job.token, &*decrypter)?))))
}
