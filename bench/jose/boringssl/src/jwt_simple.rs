//! jwt-simple, in its fastest build: BoringSSL for RSA, Rust for the rest.
//!
//! It has its own type for the registered claims around the caller's, takes claims and options by value, and reads and checks
//! claims whenever it decrypts; there it is spared the claims that are not registered.

use std::collections::HashSet;

use jwt_simple::prelude::*;
use symbolon_bench_jose_common::Failure;
use symbolon_bench_jose_common::claims::{AUDIENCE, AccessToken, ISSUER, Private};
use symbolon_bench_jose_common::job::{Job, Method, Operation};
use symbolon_bench_jose_common::key::{member, secret, text};
use symbolon_bench_jose_common::side::Side;
use symbolon_jose::{Algorithm, ContentEncryption, Jwk, KeyFormat, KeyManagement};

const NAME: &str = "jwt-simple";

pub(crate) fn side(job: &Job) -> Result<Option<Side<'static>>, Failure> {
    let Some(jwk) = &job.jwk else { return Ok(None) };
    match (job.operation, job.method) {
        (Operation::Sign, Method::Signature(alg)) => signing(jwk, alg, &job.claims),
        (Operation::Verify, Method::Signature(alg)) => verifying(jwk, alg, job.token.clone()),
        // It encrypts content with AES-256-GCM unless told otherwise.
        (Operation::Encrypt, Method::Encryption(alg, ContentEncryption::A256Gcm)) => encrypting(jwk, alg, &job.claims),
        (Operation::Decrypt, Method::Encryption(alg, ContentEncryption::A256Gcm)) => {
            decrypting(jwk, alg, job.token.clone())
        }
        _ => Ok(None),
    }
}

fn registered<C>(claims: &AccessToken, custom: C) -> JWTClaims<C> {
    JWTClaims {
        issued_at: Some(UnixTimeStamp::from_secs(claims.iat)),
        expires_at: Some(UnixTimeStamp::from_secs(claims.exp)),
        invalid_before: None,
        issuer: Some(claims.iss.clone()),
        subject: Some(claims.sub.clone()),
        audiences: Some(Audiences::AsString(claims.aud.clone())),
        jwt_id: Some(claims.jti.clone()),
        nonce: None,
        custom,
    }
}

/// Claims go by value: the registered ones are copied each time, the others are lent.
macro_rules! giving {
    ($key:expr, $claims:expr, $method:ident) => {{
        let (key, claims, private) = ($key, registered($claims, ()), $claims.private());
        Side::new(NAME, move || {
            let JWTClaims { issued_at, expires_at, invalid_before, issuer, subject, audiences, jwt_id, nonce, .. } =
                claims.clone();
            let custom = &private;
            let claims =
                JWTClaims { issued_at, expires_at, invalid_before, issuer, subject, audiences, jwt_id, nonce, custom };
            Ok(key.$method(claims)?)
        })
    }};
}

fn signing(jwk: &Jwk, algorithm: Algorithm, claims: &AccessToken) -> Result<Option<Side<'static>>, Failure> {
    let pem = || jwk.to_pem(KeyFormat::Pkcs8);
    Ok(Some(match algorithm {
        Algorithm::EdDSA => giving!(Ed25519KeyPair::from_pem(&pem()?)?, claims, sign),
        Algorithm::ES256 => giving!(ES256KeyPair::from_pem(&pem()?)?, claims, sign),
        Algorithm::ES384 => giving!(ES384KeyPair::from_pem(&pem()?)?, claims, sign),
        Algorithm::HS256 => giving!(HS256Key::from_bytes(&secret(jwk)?), claims, authenticate),
        Algorithm::HS384 => giving!(HS384Key::from_bytes(&secret(jwk)?), claims, authenticate),
        Algorithm::HS512 => giving!(HS512Key::from_bytes(&secret(jwk)?), claims, authenticate),
        Algorithm::MlDsa65 => giving!(MLDSA65KeyPair::from_bytes(&member(jwk, "priv")?)?, claims, sign),
        Algorithm::MlDsa44 => giving!(MLDSA44KeyPair::from_bytes(&member(jwk, "priv")?)?, claims, sign),
        Algorithm::MlDsa87 => giving!(MLDSA87KeyPair::from_bytes(&member(jwk, "priv")?)?, claims, sign),
        Algorithm::PS256 => giving!(PS256KeyPair::from_pem(&pem()?)?, claims, sign),
        Algorithm::PS384 => giving!(PS384KeyPair::from_pem(&pem()?)?, claims, sign),
        Algorithm::PS512 => giving!(PS512KeyPair::from_pem(&pem()?)?, claims, sign),
        Algorithm::RS256 => giving!(RS256KeyPair::from_pem(&pem()?)?, claims, sign),
        Algorithm::RS384 => giving!(RS384KeyPair::from_pem(&pem()?)?, claims, sign),
        Algorithm::RS512 => giving!(RS512KeyPair::from_pem(&pem()?)?, claims, sign),
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

/// Options go by value.
macro_rules! taking {
    ($key:expr, $token:expr) => {{
        let (key, token, options) = ($key, $token, options());
        Side::new(NAME, move || Ok(key.verify_token::<Private>(&token, Some(options.clone()))?))
    }};
}

fn verifying(jwk: &Jwk, algorithm: Algorithm, token: String) -> Result<Option<Side<'static>>, Failure> {
    let pem = || jwk.to_pem(KeyFormat::Spki);
    Ok(Some(match algorithm {
        Algorithm::EdDSA => taking!(Ed25519PublicKey::from_pem(&pem()?)?, token),
        Algorithm::ES256 => taking!(ES256PublicKey::from_pem(&pem()?)?, token),
        Algorithm::ES384 => taking!(ES384PublicKey::from_pem(&pem()?)?, token),
        Algorithm::HS256 => taking!(HS256Key::from_bytes(&secret(jwk)?), token),
        Algorithm::HS384 => taking!(HS384Key::from_bytes(&secret(jwk)?), token),
        Algorithm::HS512 => taking!(HS512Key::from_bytes(&secret(jwk)?), token),
        Algorithm::MlDsa65 => taking!(MLDSA65PublicKey::from_bytes(&member(jwk, "pub")?)?, token),
        Algorithm::MlDsa44 => taking!(MLDSA44PublicKey::from_bytes(&member(jwk, "pub")?)?, token),
        Algorithm::MlDsa87 => taking!(MLDSA87PublicKey::from_bytes(&member(jwk, "pub")?)?, token),
        Algorithm::PS256 => taking!(PS256PublicKey::from_pem(&pem()?)?, token),
        Algorithm::PS384 => taking!(PS384PublicKey::from_pem(&pem()?)?, token),
        Algorithm::PS512 => taking!(PS512PublicKey::from_pem(&pem()?)?, token),
        Algorithm::RS256 => taking!(RS256PublicKey::from_pem(&pem()?)?, token),
        Algorithm::RS384 => taking!(RS384PublicKey::from_pem(&pem()?)?, token),
        Algorithm::RS512 => taking!(RS512PublicKey::from_pem(&pem()?)?, token),
        _ => return Ok(None),
    }))
}

fn is_x25519(jwk: &Jwk) -> bool {
    text(jwk, "crv").is_ok_and(|crv| crv == "X25519")
}

fn encrypting(jwk: &Jwk, algorithm: KeyManagement, claims: &AccessToken) -> Result<Option<Side<'static>>, Failure> {
    let pem = || jwk.to_pem(KeyFormat::Spki);
    Ok(Some(match algorithm {
        KeyManagement::A256Kw => giving!(A256KWKey::from_bytes(&secret(jwk)?)?, claims, encrypt),
        KeyManagement::EcdhEsA256Kw if is_x25519(jwk) => {
            giving!(X25519EcdhEsA256KWEncryptionKey::from_pem(&pem()?)?, claims, encrypt)
        }
        KeyManagement::EcdhEsA256Kw => giving!(EcdhEsA256KWEncryptionKey::from_pem(&pem()?)?, claims, encrypt),
        KeyManagement::RsaOaep => giving!(RsaOaepEncryptionKey::from_pem(&pem()?)?, claims, encrypt),
        _ => return Ok(None),
    }))
}

macro_rules! opening {
    ($key:expr, $token:expr) => {{
        let (key, token) = ($key, $token);
        Side::new(NAME, move || Ok(key.decrypt_token::<NoCustomClaims>(&token, None)?))
    }};
}

fn decrypting(jwk: &Jwk, algorithm: KeyManagement, token: String) -> Result<Option<Side<'static>>, Failure> {
    let pem = || jwk.to_pem(KeyFormat::Pkcs8);
    Ok(Some(match algorithm {
        KeyManagement::A256Kw => opening!(A256KWKey::from_bytes(&secret(jwk)?)?, token),
        KeyManagement::EcdhEsA256Kw if is_x25519(jwk) => {
            opening!(X25519EcdhEsA256KWDecryptionKey::from_pem(&pem()?)?, token)
        }
        KeyManagement::EcdhEsA256Kw => opening!(EcdhEsA256KWDecryptionKey::from_pem(&pem()?)?, token),
        KeyManagement::RsaOaep => opening!(RsaOaepDecryptionKey::from_pem(&pem()?)?, token),
        _ => return Ok(None),
    }))
}
