//! josekit, on OpenSSL. It gives claims as a JSON map, so reading them into the caller's type is a step of its own.

use std::time::{Duration, UNIX_EPOCH};

use josekit::jwe::{self, JweDecrypter, JweEncrypter, JweHeader};
use josekit::jwk::Jwk as JosekitJwk;
use josekit::jws::{self, JwsHeader, JwsSigner, JwsVerifier};
use josekit::jwt::{self, JwtPayload, JwtPayloadValidator};
use serde_json::{Map, Value};
use symbolon_jose::{Algorithm, Jwk, KeyManagement};

use crate::Failure;
use crate::claims::{AUDIENCE, AccessToken, ISSUER};
use crate::jwe::Case;
use crate::measure::Side;

const NAME: &str = "josekit";

/// Without `alg`, which it wants to be `dir` where the key says its `enc`.
fn read(json: &str) -> Result<JosekitJwk, Failure> {
    let mut members: Map<String, Value> = serde_json::from_str(json)?;
    members.remove("alg");
    Ok(JosekitJwk::from_map(members)?)
}

fn key(jwk: &Jwk) -> Result<JosekitJwk, Failure> {
    read(&jwk.to_private_json())
}

fn public(jwk: &Jwk) -> Result<JosekitJwk, Failure> {
    match jwk.public_value() {
        Ok(public) => read(&public.to_string()),
        Err(_) => key(jwk),
    }
}

pub(crate) fn signing(jwk: &Jwk, algorithm: Algorithm, claims: &AccessToken) -> Result<Option<Side<'static>>, Failure> {
    let jwk = key(jwk)?;
    let signer: Box<dyn JwsSigner> = match algorithm {
        Algorithm::HS256 => Box::new(jws::HS256.signer_from_jwk(&jwk)?),
        Algorithm::RS256 => Box::new(jws::RS256.signer_from_jwk(&jwk)?),
        Algorithm::PS256 => Box::new(jws::PS256.signer_from_jwk(&jwk)?),
        Algorithm::ES256 => Box::new(jws::ES256.signer_from_jwk(&jwk)?),
        Algorithm::ES384 => Box::new(jws::ES384.signer_from_jwk(&jwk)?),
        Algorithm::EdDSA => Box::new(jws::EdDSA.signer_from_jwk(&jwk)?),
        _ => return Ok(None),
    };
    let Value::Object(map) = serde_json::to_value(claims)? else { return Err("the claims are an object".into()) };
    let payload = JwtPayload::from_map(map)?;
    let mut header = JwsHeader::new();
    header.set_token_type("at+jwt");
    Ok(Some(Side::new(NAME, move || Ok(jwt::encode_with_signer(&payload, &header, &*signer).map(drop)?))))
}

pub(crate) fn verifying<'a>(jwk: &Jwk, algorithm: Algorithm, token: &'a str) -> Result<Option<Side<'a>>, Failure> {
    let jwk = public(jwk)?;
    let verifier: Box<dyn JwsVerifier> = match algorithm {
        Algorithm::HS256 => Box::new(jws::HS256.verifier_from_jwk(&jwk)?),
        Algorithm::RS256 => Box::new(jws::RS256.verifier_from_jwk(&jwk)?),
        Algorithm::PS256 => Box::new(jws::PS256.verifier_from_jwk(&jwk)?),
        Algorithm::ES256 => Box::new(jws::ES256.verifier_from_jwk(&jwk)?),
        Algorithm::ES384 => Box::new(jws::ES384.verifier_from_jwk(&jwk)?),
        Algorithm::EdDSA => Box::new(jws::EdDSA.verifier_from_jwk(&jwk)?),
        _ => return Ok(None),
    };
    let mut validator = JwtPayloadValidator::new();
    validator.set_issuer(ISSUER);
    validator.set_audience(AUDIENCE);
    validator.set_base_time(UNIX_EPOCH + Duration::from_secs(crate::clock::unix_now()));
    Ok(Some(Side::new(NAME, move || {
        let (payload, _) = jwt::decode_with_verifier(token, &*verifier)?;
        validator.validate(&payload)?;
        let map: Map<String, Value> = payload.into();
        Ok(serde_json::from_value::<AccessToken>(Value::Object(map)).map(drop)?)
    })))
}

pub(crate) fn encrypting<'a>(case: &Case, content: &'a [u8]) -> Result<Option<Side<'a>>, Failure> {
    let jwk = case.jwk.as_ref().map(public).transpose()?;
    let encrypter: Box<dyn JweEncrypter> = match (case.alg, &jwk) {
        (KeyManagement::Dir, Some(jwk)) => Box::new(jwe::Dir.encrypter_from_jwk(jwk)?),
        (KeyManagement::A128Kw, Some(jwk)) => Box::new(jwe::A128KW.encrypter_from_jwk(jwk)?),
        (KeyManagement::A256Kw, Some(jwk)) => Box::new(jwe::A256KW.encrypter_from_jwk(jwk)?),
        (KeyManagement::A256Gcmkw, Some(jwk)) => Box::new(jwe::A256GCMKW.encrypter_from_jwk(jwk)?),
        (KeyManagement::RsaOaep, Some(jwk)) => Box::new(jwe::RSA_OAEP.encrypter_from_jwk(jwk)?),
        (KeyManagement::RsaOaep256, Some(jwk)) => Box::new(jwe::RSA_OAEP_256.encrypter_from_jwk(jwk)?),
        (KeyManagement::EcdhEsA256Kw, Some(jwk)) => Box::new(jwe::ECDH_ES_A256KW.encrypter_from_jwk(jwk)?),
        (KeyManagement::Pbes2Hs256A128Kw, None) => {
            let mut encrypter = jwe::PBES2_HS256_A128KW.encrypter_from_bytes(case.password)?;
            encrypter.set_iter_count(usize::try_from(case.count)?);
            Box::new(encrypter)
        }
        _ => return Ok(None),
    };
    let mut header = JweHeader::new();
    header.set_content_encryption(case.enc.name());
    Ok(Some(Side::new(NAME, move || Ok(jwe::serialize_compact(content, &header, &*encrypter).map(drop)?))))
}

pub(crate) fn decrypting<'a>(case: &Case, token: &'a str) -> Result<Option<Side<'a>>, Failure> {
    let jwk = case.jwk.as_ref().map(key).transpose()?;
    let decrypter: Box<dyn JweDecrypter> = match (case.alg, &jwk) {
        (KeyManagement::Dir, Some(jwk)) => Box::new(jwe::Dir.decrypter_from_jwk(jwk)?),
        (KeyManagement::A128Kw, Some(jwk)) => Box::new(jwe::A128KW.decrypter_from_jwk(jwk)?),
        (KeyManagement::A256Kw, Some(jwk)) => Box::new(jwe::A256KW.decrypter_from_jwk(jwk)?),
        (KeyManagement::A256Gcmkw, Some(jwk)) => Box::new(jwe::A256GCMKW.decrypter_from_jwk(jwk)?),
        (KeyManagement::RsaOaep, Some(jwk)) => Box::new(jwe::RSA_OAEP.decrypter_from_jwk(jwk)?),
        (KeyManagement::RsaOaep256, Some(jwk)) => Box::new(jwe::RSA_OAEP_256.decrypter_from_jwk(jwk)?),
        (KeyManagement::EcdhEsA256Kw, Some(jwk)) => Box::new(jwe::ECDH_ES_A256KW.decrypter_from_jwk(jwk)?),
        (KeyManagement::Pbes2Hs256A128Kw, None) => {
            Box::new(jwe::PBES2_HS256_A128KW.decrypter_from_bytes(case.password)?)
        }
        _ => return Ok(None),
    };
    Ok(Some(Side::new(NAME, move || Ok(jwe::deserialize_compact(token, &*decrypter).map(drop)?))))
}
