//! jwt-simple, in its fastest build (BoringSSL for RSA; its other algorithms are Rust). It signs and encrypts claims of its own
//! type around the caller's, and checks claims whenever it decrypts.

use std::collections::HashSet;

use jwt_simple::prelude::*;
use serde::{Deserialize, Serialize};
use symbolon_jose::{Algorithm as Alg, ContentEncryption, Jwk, KeyFormat, KeyManagement};

use crate::Failure;
use crate::claims::{AUDIENCE, AccessToken, ISSUER, Profile};
use crate::jwe::Case;
use crate::key;
use crate::measure::Side;

const NAME: &str = "jwt-simple";

/// The claims that a library without registered claims of its own leaves to the caller's type.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Private {
    client_id: String,
    scope: String,
    sid: String,
    auth_time: u64,
    roles: Vec<String>,
    rh: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<Profile>,
}

impl Private {
    fn of(claims: &AccessToken) -> Self {
        let AccessToken { client_id, scope, sid, auth_time, roles, rh, profile, .. } = claims.clone();
        Self { client_id, scope, sid, auth_time, roles, rh, profile }
    }
}

fn claims_of(claims: &AccessToken) -> JWTClaims<Private> {
    JWTClaims {
        issued_at: Some(UnixTimeStamp::from_secs(claims.iat)),
        expires_at: Some(UnixTimeStamp::from_secs(claims.exp)),
        issuer: Some(claims.iss.clone()),
        subject: Some(claims.sub.clone()),
        audiences: Some(Audiences::AsString(claims.aud.clone())),
        jwt_id: Some(claims.jti.clone()),
        ..Claims::with_custom_claims(Private::of(claims), Duration::from_days(1))
    }
}

/// It takes the claims by value, so a signer must have a copy; without one it could sign once.
macro_rules! signer {
    ($key:expr, $claims:expr, $method:ident) => {{
        let (key, claims) = ($key, $claims);
        Side::new(NAME, move || Ok(key.$method(claims.clone()).map(drop)?))
    }};
}

pub(crate) fn signing(jwk: &Jwk, algorithm: Alg, claims: &AccessToken) -> Result<Option<Side<'static>>, Failure> {
    let claims = JWTClaims { invalid_before: None, ..claims_of(claims) };
    let pem = || jwk.to_pem(KeyFormat::Pkcs8);
    Ok(Some(match algorithm {
        Alg::HS256 => signer!(HS256Key::from_bytes(&key::secret(jwk)?), claims, authenticate),
        Alg::RS256 => signer!(RS256KeyPair::from_pem(&pem()?)?, claims, sign),
        Alg::PS256 => signer!(PS256KeyPair::from_pem(&pem()?)?, claims, sign),
        Alg::ES256 => signer!(ES256KeyPair::from_pem(&pem()?)?, claims, sign),
        Alg::ES384 => signer!(ES384KeyPair::from_pem(&pem()?)?, claims, sign),
        Alg::EdDSA => signer!(Ed25519KeyPair::from_pem(&pem()?)?, claims, sign),
        Alg::MlDsa65 => signer!(MLDSA65KeyPair::from_bytes(&key::member(jwk, "priv")?)?, claims, sign),
        _ => return Ok(None),
    }))
}

fn options() -> VerificationOptions {
    VerificationOptions {
        allowed_issuers: Some(HashSet::from([ISSUER.to_owned()])),
        allowed_audiences: Some(HashSet::from([AUDIENCE.to_owned()])),
        required_signature_type: Some("at+jwt".to_owned()),
        ..VerificationOptions::default()
    }
}

macro_rules! verifier {
    ($key:expr, $token:expr) => {{
        let key = $key;
        let token = $token;
        Side::new(NAME, move || Ok(key.verify_token::<Private>(token, Some(options())).map(drop)?))
    }};
}

pub(crate) fn verifying<'a>(jwk: &Jwk, algorithm: Alg, token: &'a str) -> Result<Option<Side<'a>>, Failure> {
    let pem = || jwk.to_pem(KeyFormat::Spki);
    Ok(Some(match algorithm {
        Alg::HS256 => verifier!(HS256Key::from_bytes(&key::secret(jwk)?), token),
        Alg::RS256 => verifier!(RS256PublicKey::from_pem(&pem()?)?, token),
        Alg::PS256 => verifier!(PS256PublicKey::from_pem(&pem()?)?, token),
        Alg::ES256 => verifier!(ES256PublicKey::from_pem(&pem()?)?, token),
        Alg::ES384 => verifier!(ES384PublicKey::from_pem(&pem()?)?, token),
        Alg::EdDSA => verifier!(Ed25519PublicKey::from_pem(&pem()?)?, token),
        Alg::MlDsa65 => verifier!(MLDSA65PublicKey::from_bytes(&key::member(jwk, "pub")?)?, token),
        _ => return Ok(None),
    }))
}

/// It encrypts with AES-256-GCM unless told otherwise.
fn encrypts(case: &Case) -> bool {
    case.enc == ContentEncryption::A256Gcm
}

pub(crate) fn encrypting(case: &Case, claims: &AccessToken) -> Result<Option<Side<'static>>, Failure> {
    let Some(jwk) = case.jwk.as_ref().filter(|_| encrypts(case)) else { return Ok(None) };
    let claims = claims_of(claims);
    Ok(Some(match case.alg {
        KeyManagement::A256Kw => signer!(A256KWKey::from_bytes(&key::secret(jwk)?)?, claims, encrypt),
        KeyManagement::RsaOaep => {
            signer!(RsaOaepEncryptionKey::from_pem(&jwk.to_pem(KeyFormat::Spki)?)?, claims, encrypt)
        }
        KeyManagement::EcdhEsA256Kw => {
            signer!(EcdhEsA256KWEncryptionKey::from_pem(&jwk.to_pem(KeyFormat::Spki)?)?, claims, encrypt)
        }
        _ => return Ok(None),
    }))
}

pub(crate) fn decrypting<'a>(case: &Case, token: &'a str) -> Result<Option<Side<'a>>, Failure> {
    let Some(jwk) = case.jwk.as_ref().filter(|_| encrypts(case)) else { return Ok(None) };
    macro_rules! decrypter {
        ($key:expr) => {{
            let key = $key;
            Side::new(NAME, move || Ok(key.decrypt_token::<Private>(token, None).map(drop)?))
        }};
    }
    Ok(Some(match case.alg {
        KeyManagement::A256Kw => decrypter!(A256KWKey::from_bytes(&key::secret(jwk)?)?),
        KeyManagement::RsaOaep => decrypter!(RsaOaepDecryptionKey::from_pem(&jwk.to_pem(KeyFormat::Pkcs8)?)?),
        KeyManagement::EcdhEsA256Kw => {
            decrypter!(EcdhEsA256KWDecryptionKey::from_pem(&jwk.to_pem(KeyFormat::Pkcs8)?)?)
        }
        _ => return Ok(None),
    }))
}
