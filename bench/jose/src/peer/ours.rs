//! symbolon-jose.

use symbolon_jose::jwe::{self, DecryptingKey, DecryptingKeys, EncryptingKey};
use symbolon_jose::jwt::{self, Buffer, Policy};
use symbolon_jose::{Algorithm, ContentEncryption, Jwk, KeyManagement, SigningKey, VerifyingKey, VerifyingKeys};

use crate::Failure;
use crate::claims::{AUDIENCE, AccessToken, Borrowed, ISSUER};
use crate::measure::Side;

pub(crate) fn policy() -> Policy {
    Policy::new(ISSUER, AUDIENCE).accept_type("at+jwt")
}

pub(crate) fn keys(jwk: &Jwk, algorithm: Algorithm) -> Result<VerifyingKeys, Failure> {
    Ok(VerifyingKeys::single(VerifyingKey::from_jwk(jwk, algorithm)?))
}

pub(crate) fn sign(jwk: &Jwk, algorithm: Algorithm, claims: &AccessToken) -> Result<String, Failure> {
    Ok(jwt::sign(&SigningKey::from_jwk(jwk, algorithm)?, "at+jwt", claims)?)
}

pub(crate) fn signing<'a>(jwk: &Jwk, algorithm: Algorithm, claims: &'a AccessToken) -> Result<Side<'a>, Failure> {
    let key = SigningKey::from_jwk(jwk, algorithm)?;
    Ok(Side::new("symbolon-jose", move || Ok(jwt::sign(&key, "at+jwt", claims).map(drop)?)))
}

pub(crate) fn verifying<'a>(jwk: &Jwk, algorithm: Algorithm, token: &'a str, now: u64) -> Result<Side<'a>, Failure> {
    let (keys, policy) = (keys(jwk, algorithm)?, policy());
    Ok(Side::new("symbolon-jose", move || Ok(jwt::verify::<AccessToken>(token, &keys, &policy, now).map(drop)?)))
}

/// Into claims that borrow; the small token only.
pub(crate) fn borrowing<'a>(jwk: &Jwk, algorithm: Algorithm, token: &'a str, now: u64) -> Result<Side<'a>, Failure> {
    let (keys, policy, mut buffer) = (keys(jwk, algorithm)?, policy(), Buffer::new());
    Ok(Side::new("symbolon-jose, borrowed", move || {
        Ok(jwt::verify_in::<Borrowed<'_>>(token, &keys, &policy, now, &mut buffer).map(drop)?)
    }))
}

/// The sender's key.
pub(crate) fn encrypting_key(case: &super::super::jwe::Case) -> Result<EncryptingKey, Failure> {
    Ok(match &case.jwk {
        Some(jwk) => EncryptingKey::from_jwk(jwk, case.alg, case.enc)?,
        None => EncryptingKey::from_password_with_count(case.password, case.count, case.alg, case.enc)?,
    })
}

pub(crate) fn encrypting<'a>(case: &super::super::jwe::Case, content: &'a [u8]) -> Result<Side<'a>, Failure> {
    let key = encrypting_key(case)?;
    Ok(Side::new("symbolon-jose", move || Ok(jwe::compact::encrypt(&key, &jwe::Header::default(), content).map(drop)?)))
}

pub(crate) fn decrypting<'a>(case: &super::super::jwe::Case, token: &'a str) -> Result<Side<'a>, Failure> {
    let key = decrypting_key(case.jwk.as_ref(), case.password, case.alg, case.enc)?;
    let keys = DecryptingKeys::single(key);
    Ok(Side::new("symbolon-jose", move || Ok(jwe::compact::decrypt(token, &keys).map(drop)?)))
}

fn decrypting_key(
    jwk: Option<&Jwk>,
    password: &[u8],
    alg: KeyManagement,
    enc: ContentEncryption,
) -> Result<DecryptingKey, Failure> {
    Ok(match jwk {
        Some(jwk) => DecryptingKey::from_jwk(jwk, alg, &[enc])?,
        None => DecryptingKey::from_password(password, alg, &[enc])?,
    })
}
