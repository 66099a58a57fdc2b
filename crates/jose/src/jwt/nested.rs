//! A signed token within an encrypted one (RFC 7519 §5.2, §11.2; RFC 8725 §3.3).
//!
//! Refused: encrypted content that is not a signed token, whoever encrypted it (CVE-2026-29000), and a `cty` that does not say `JWT`.

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::sign::serialized;
use super::{Buffer, Policy, Verified, is_same_type, verify_in};
use crate::jwe::{self, DecryptingKeys, EncryptingKey, Header};
use crate::{Error, SigningKey, VerifyingKeys, jws};

const CTY: &str = "JWT";

/// Signs `claims` under the header type `typ`, then encrypts the token.
///
/// ```
/// use symbolon_jose::jwe::{DecryptingKey, DecryptingKeys, EncryptingKey};
/// use symbolon_jose::jwt::{self, Claims, Policy};
/// use symbolon_jose::{Algorithm, ContentEncryption, Error, Jwk, KeyManagement, SigningKey, VerifyingKey, VerifyingKeys};
///
/// let (alg, enc) = (KeyManagement::EcdhEsA256Kw, ContentEncryption::A256Gcm);
/// let (issuer, recipient) = (Jwk::generate(Algorithm::ES256)?, Jwk::generate(alg)?);
/// let claims = serde_json::json!({"iss": "https://id.example", "aud": "https://api.example", "exp": 1_000, "salary": 7});
/// let token = jwt::sign_then_encrypt(
///     &SigningKey::from_jwk(&issuer, Algorithm::ES256)?,
///     &EncryptingKey::from_jwk(&recipient, alg, enc)?,
///     "JWT",
///     &claims,
/// )?;
///
/// let verified = jwt::decrypt_then_verify::<Claims>(
///     &token,
///     &DecryptingKeys::single(DecryptingKey::from_jwk(&recipient, alg, &[enc])?),
///     &VerifyingKeys::single(VerifyingKey::from_jwk(&issuer, Algorithm::ES256)?),
///     &Policy::new("https://id.example", "https://api.example"),
///     999,
/// )?;
/// assert_eq!(verified.extra["salary"], 7);
/// # Ok::<(), Error>(())
/// ```
pub fn sign_then_encrypt<C: Serialize + ?Sized>(
    signing: &SigningKey,
    encrypting: &EncryptingKey,
    typ: &str,
    claims: &C,
) -> Result<String, Error> {
    // What is to be read by one recipient only leaves no copies behind.
    let claims = Zeroizing::new(serialized(claims)?);
    let token = Zeroizing::new(jws::compact::sign(signing, Some(typ), &claims)?);
    jwe::compact::encrypt(encrypting, &Header { cty: Some(CTY), ..Header::default() }, token.as_bytes())
}

/// Decrypts `token`, then verifies what was inside at `now` (Unix seconds) as [`super::verify`] does.
pub fn decrypt_then_verify<C: DeserializeOwned>(
    token: &str,
    decrypting: &DecryptingKeys,
    verifying: &VerifyingKeys,
    policy: &Policy,
    now: u64,
) -> Result<Verified<C>, Error> {
    let decrypted = jwe::compact::decrypt(token, decrypting)?;
    match decrypted.cty() {
        Some(cty) if is_same_type(cty, CTY) => {}
        Some(_) => return Err(Error::HeaderMemberInvalid("cty")),
        None => return Err(Error::HeaderMemberMissing("cty")),
    }
    let inner = std::str::from_utf8(decrypted.plaintext()).map_err(|_| Error::NotCompact)?;
    let mut buffer = Buffer::new();
    let verified = verify_in(inner, verifying, policy, now, &mut buffer);
    buffer.wipe();
    verified
}
