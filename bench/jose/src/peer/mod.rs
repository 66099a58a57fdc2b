//! The libraries compared, one file each. Every one gets the same key, prepared beforehand as far as its interface allows.

#[cfg(feature = "openssl")]
mod josekit;
mod jsonwebtoken;
#[cfg(feature = "boringssl")]
mod jwt_simple;
pub(crate) mod ours;
pub(crate) mod raw;

use symbolon_jose::{Algorithm, Jwk};

use crate::Failure;
use crate::claims::AccessToken;
use crate::jwe::Case;
use crate::measure::Side;

/// All that can sign with `algorithm` and are in this program.
pub(crate) fn signing<'a>(jwk: &Jwk, algorithm: Algorithm, claims: &'a AccessToken) -> Result<Vec<Side<'a>>, Failure> {
    let mut sides: Vec<Side<'a>> = jsonwebtoken::signing(jwk, algorithm, claims)?.into_iter().collect();
    #[cfg(feature = "boringssl")]
    sides.extend(jwt_simple::signing(jwk, algorithm, claims)?);
    #[cfg(feature = "openssl")]
    sides.extend(josekit::signing(jwk, algorithm, claims)?);
    Ok(sides)
}

/// All that can verify with `algorithm`.
pub(crate) fn verifying<'a>(jwk: &Jwk, algorithm: Algorithm, token: &'a str) -> Result<Vec<Side<'a>>, Failure> {
    let mut sides: Vec<Side<'a>> = jsonwebtoken::verifying(jwk, algorithm, token)?.into_iter().collect();
    #[cfg(feature = "boringssl")]
    sides.extend(jwt_simple::verifying(jwk, algorithm, token)?);
    #[cfg(feature = "openssl")]
    sides.extend(josekit::verifying(jwk, algorithm, token)?);
    Ok(sides)
}

/// All that can encrypt so.
#[cfg_attr(
    not(feature = "boringssl"),
    expect(unused_variables, reason = "only one library encrypts claims instead of bytes")
)]
pub(crate) fn encrypting<'a>(case: &Case, claims: &AccessToken, content: &'a [u8]) -> Result<Vec<Side<'a>>, Failure> {
    let mut sides = vec![ours::encrypting(case, content)?];
    #[cfg(feature = "boringssl")]
    sides.extend(jwt_simple::encrypting(case, claims)?);
    #[cfg(feature = "openssl")]
    sides.extend(josekit::encrypting(case, content)?);
    Ok(sides)
}

/// All that can decrypt so.
pub(crate) fn decrypting<'a>(case: &Case, token: &'a str) -> Result<Vec<Side<'a>>, Failure> {
    let mut sides = vec![ours::decrypting(case, token)?];
    #[cfg(feature = "boringssl")]
    sides.extend(jwt_simple::decrypting(case, token)?);
    #[cfg(feature = "openssl")]
    sides.extend(josekit::decrypting(case, token)?);
    Ok(sides)
}
