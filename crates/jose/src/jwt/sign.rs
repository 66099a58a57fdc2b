//! Signing a JWT.

use serde::Serialize;

use crate::json::{Limits, write};
use crate::{Error, SigningKey, jws};

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

/// The claims as JSON that a verifier of ours would accept.
pub(super) fn serialized<C: Serialize + ?Sized>(claims: &C) -> Result<Vec<u8>, Error> {
    let json = write(claims, Limits::CLAIMS, USUAL_LEN)?;
    if json.first() == Some(&b'{') { Ok(json) } else { Err(Error::ClaimsNotObject) }
}

/// Room for the claims of most tokens without growing.
const USUAL_LEN: usize = 1024;
