//! Signing a JWT.

use serde::Serialize;

use crate::json::{Limits, write};
use crate::{Algorithm, Error, Jwk, SigningKey, base64url, jws};

/// Signs `claims`, which must serialize to a JSON object, under the header type `typ` (`JWT`, `at+jwt`, ..).
///
/// What a verifier of ours would refuse is not signed: duplicate members (a custom claim with the name of a registered one),
/// claims that are too long or too deep.
///
/// ```
/// use serde_json::json;
/// use symbolon_jose::{Algorithm, Error, Jwk, SigningKey, jwt};
///
/// let key = SigningKey::from_jwk(&Jwk::generate(Algorithm::ES256)?, Algorithm::ES256)?;
/// let token = jwt::sign(&key, "JWT", &json!({"sub": "ada", "exp": 1_800_000_000}))?;
/// assert_eq!(token.split('.').count(), 3);
/// assert_eq!(jwt::sign(&key, "JWT", "not an object"), Err(Error::ClaimsNotObject));
/// # Ok::<(), Error>(())
/// ```
pub fn sign<C: Serialize + ?Sized>(key: &SigningKey, typ: &str, claims: &C) -> Result<String, Error> {
    jws::compact::sign(key, Some(typ), &serialized(claims)?)
}

/// Signs `claims` with the private key `jwk` under a header that shows its public half (`jwk`, RFC 7515 §4.1.3): a proof that whoever
/// made it holds that key (RFC 9449 §4.2). [`verify`](super::verify()) never reads a key from a header.
///
/// ```
/// use serde_json::json;
/// use symbolon_jose::{Algorithm, Error, Jwk, jwt};
///
/// let jwk = Jwk::generate(Algorithm::ES256)?;
/// let proof = jwt::sign_with_jwk(&jwk, Algorithm::ES256, "dpop+jwt", &json!({"jti": "1", "iat": 1_800_000_000}))?;
/// let header = jwt::decode_unverified(&proof)?.header;
/// assert_eq!(header["jwk"]["x"], jwk.public_value()?["x"]);
/// assert!(header["jwk"].get("d").is_none());
/// # Ok::<(), Error>(())
/// ```
pub fn sign_with_jwk<C: Serialize + ?Sized>(
    jwk: &Jwk,
    algorithm: Algorithm,
    typ: &str,
    claims: &C,
) -> Result<String, Error> {
    let key = SigningKey::from_jwk(jwk, algorithm)?;
    let header = key.header_json(Some(typ), &format!(",\"jwk\":{}", jwk.public_value()?));
    jws::compact::sign_under(&key, &base64url::encode(header.as_bytes()), &serialized(claims)?)
}

/// The claims as JSON that a verifier of ours would accept.
pub(super) fn serialized<C: Serialize + ?Sized>(claims: &C) -> Result<Vec<u8>, Error> {
    let json = write(claims, Limits::CLAIMS, USUAL_LEN)?;
    if json.first() == Some(&b'{') { Ok(json) } else { Err(Error::ClaimsNotObject) }
}

/// Room for the claims of most tokens without growing.
const USUAL_LEN: usize = 1024;
