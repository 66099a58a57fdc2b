//! jsonwebtoken, on its fastest back end, aws-lc-rs. It has no encryption.

use jsonwebtoken::{Algorithm as Alg, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use symbolon_jose::{Algorithm, Jwk, KeyFormat};

use crate::Failure;
use crate::claims::{AUDIENCE, AccessToken, ISSUER};
use crate::key;
use crate::measure::Side;

const NAME: &str = "jsonwebtoken";

fn alg(algorithm: Algorithm) -> Option<Alg> {
    Some(match algorithm {
        Algorithm::HS256 => Alg::HS256,
        Algorithm::RS256 => Alg::RS256,
        Algorithm::PS256 => Alg::PS256,
        Algorithm::ES256 => Alg::ES256,
        Algorithm::ES384 => Alg::ES384,
        Algorithm::EdDSA => Alg::EdDSA,
        _ => return None,
    })
}

pub(crate) fn signing<'a>(
    jwk: &Jwk,
    algorithm: Algorithm,
    claims: &'a AccessToken,
) -> Result<Option<Side<'a>>, Failure> {
    let Some(alg) = alg(algorithm) else { return Ok(None) };
    let key = match alg {
        Alg::HS256 => EncodingKey::from_secret(&key::secret(jwk)?),
        Alg::RS256 | Alg::PS256 => EncodingKey::from_rsa_pem(jwk.to_pem(KeyFormat::Pkcs8)?.as_bytes())?,
        Alg::EdDSA => EncodingKey::from_ed_pem(jwk.to_pem(KeyFormat::Pkcs8)?.as_bytes())?,
        _ => EncodingKey::from_ec_pem(jwk.to_pem(KeyFormat::Pkcs8)?.as_bytes())?,
    };
    let header = Header { typ: Some("at+jwt".into()), kid: jwk.kid().map(str::to_owned), ..Header::new(alg) };
    Ok(Some(Side::new(NAME, move || Ok(encode(&header, claims, &key).map(drop)?))))
}

pub(crate) fn verifying<'a>(jwk: &Jwk, algorithm: Algorithm, token: &'a str) -> Result<Option<Side<'a>>, Failure> {
    let Some(alg) = alg(algorithm) else { return Ok(None) };
    let key = match alg {
        Alg::HS256 => DecodingKey::from_secret(&key::secret(jwk)?),
        Alg::RS256 | Alg::PS256 => DecodingKey::from_rsa_pem(jwk.to_pem(KeyFormat::Spki)?.as_bytes())?,
        Alg::EdDSA => DecodingKey::from_ed_pem(jwk.to_pem(KeyFormat::Spki)?.as_bytes())?,
        _ => DecodingKey::from_ec_pem(jwk.to_pem(KeyFormat::Spki)?.as_bytes())?,
    };
    let mut validation = Validation::new(alg);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    Ok(Some(Side::new(NAME, move || Ok(decode::<AccessToken>(token, &key, &validation).map(drop)?))))
}
