//! Verifying a JWT: signature first, then every claim of the policy (so an expired forgery is a forgery, CVE-2024-51744).

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::de::{Deserialize, DeserializeOwned};
use serde_json::{Map, Value};

use super::Policy;
use super::read::{self, Registered};
use crate::base64url::Scratch;
use crate::json::{Limits, parse_strict};
use crate::jws::compact::Segments;
use crate::jws::{Header, decode_header};
use crate::{Algorithm, Error, VerifyingKeys, base64url};

/// Claims that passed. Dereferences to them. `Debug` shows none of them: they may have come encrypted.
#[derive(Clone)]
pub struct Verified<C> {
    claims: C,
    header: Arc<Header>,
    algorithm: Algorithm,
    exp: Option<u64>,
    nbf: Option<u64>,
    iat: Option<u64>,
}

impl<C> Verified<C> {
    /// The claims by value.
    pub fn into_claims(self) -> C {
        self.claims
    }

    /// The claims.
    pub fn claims(&self) -> &C {
        &self.claims
    }

    /// The algorithm, which is the key's.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The header's `kid`.
    pub fn kid(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// The header's `typ`.
    pub fn typ(&self) -> Option<&str> {
        self.header.typ.as_deref()
    }

    /// `exp` in whole Unix seconds.
    pub fn exp(&self) -> Option<u64> {
        self.exp
    }

    /// `nbf` in whole Unix seconds.
    pub fn nbf(&self) -> Option<u64> {
        self.nbf
    }

    /// `iat` in whole Unix seconds.
    pub fn iat(&self) -> Option<u64> {
        self.iat
    }
}

impl<C> fmt::Debug for Verified<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { claims: _, header, algorithm, exp, nbf, iat } = self;
        f.debug_struct("Verified")
            .field("header", header)
            .field("algorithm", algorithm)
            .field("exp", exp)
            .field("nbf", nbf)
            .field("iat", iat)
            .finish_non_exhaustive()
    }
}

impl<C> Deref for Verified<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.claims
    }
}

/// Verifies `token` at `now` (Unix seconds).
///
/// `C` is any type that reads the claims it wants; times arrive in it as whole seconds.
///
/// ```
/// use serde::Deserialize;
/// use symbolon_jose::jwt::{self, Claims, Policy};
/// use symbolon_jose::{Algorithm, Error, Jwk, SigningKey, VerifyingKey, VerifyingKeys};
///
/// let jwk = Jwk::generate(Algorithm::EdDSA)?;
/// let key = SigningKey::from_jwk(&jwk, Algorithm::EdDSA)?;
/// let claims = Claims {
///     iss: Some("https://id.example".into()),
///     aud: "https://api.example".into(),
///     sub: Some("ada".into()),
///     exp: Some(1_000),
///     ..Claims::default()
/// };
/// let token = jwt::sign(&key, "at+jwt", &claims)?;
///
/// #[derive(Debug, Deserialize)]
/// struct Mine {
///     sub: String,
/// }
/// let keys = VerifyingKeys::single(VerifyingKey::from_jwk(&jwk, Algorithm::EdDSA)?);
/// let policy = Policy::new("https://id.example", "https://api.example").accept_type("at+jwt");
/// let verified = jwt::verify::<Mine>(&token, &keys, &policy, 999)?;
/// assert_eq!((verified.sub.as_str(), verified.exp()), ("ada", Some(1_000)));
/// assert_eq!(jwt::verify::<Mine>(&token, &keys, &policy, 1_060).unwrap_err(), Error::Expired);
/// # Ok::<(), Error>(())
/// ```
pub fn verify<C: DeserializeOwned>(
    token: &str,
    keys: &VerifyingKeys,
    policy: &Policy,
    now: u64,
) -> Result<Verified<C>, Error> {
    verify_in(token, keys, policy, now, &mut Buffer::new())
}

/// Room for a decoded payload, to be used again and again. It keeps the last payload until the next, or until [`Buffer::wipe`].
pub struct Buffer(Scratch<PAYLOAD_ROOM>);

impl Buffer {
    /// Room for most tokens; it grows when it has to.
    pub fn new() -> Self {
        Self(Scratch::new())
    }

    /// Wipes what the last token left.
    pub fn wipe(&mut self) {
        self.0.wipe();
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self::new()
    }
}

/// The same as [`verify`] into claims that borrow from `buffer`, so that no text is copied. Nothing is allocated for a token whose
/// header was seen before, with one audience, at most 16 claims without escapes, and a payload of at most 1 KiB; otherwise little is.
///
/// ```
/// use serde::Deserialize;
/// use symbolon_jose::jwt::{self, Buffer, Policy};
/// use symbolon_jose::{Algorithm, Error, Jwk, SigningKey, VerifyingKey, VerifyingKeys};
///
/// #[derive(Deserialize)]
/// struct Borrowed<'b> {
///     sub: &'b str,
/// }
/// let jwk = Jwk::generate(Algorithm::ES256)?;
/// let claims = serde_json::json!({"iss": "i", "aud": "a", "sub": "ada", "exp": 1_000});
/// let token = jwt::sign(&SigningKey::from_jwk(&jwk, Algorithm::ES256)?, "JWT", &claims)?;
/// let keys = VerifyingKeys::single(VerifyingKey::from_jwk(&jwk, Algorithm::ES256)?);
/// let (policy, mut buffer) = (Policy::new("i", "a"), Buffer::new());
/// let verified = jwt::verify_in::<Borrowed<'_>>(&token, &keys, &policy, 999, &mut buffer)?;
/// assert_eq!(verified.sub, "ada");
/// # Ok::<(), Error>(())
/// ```
pub fn verify_in<'b, C: Deserialize<'b>>(
    token: &str,
    keys: &VerifyingKeys,
    policy: &Policy,
    now: u64,
    buffer: &'b mut Buffer,
) -> Result<Verified<C>, Error> {
    let authentic = authenticate(token, keys, &mut buffer.0)?;
    let mut registered = Registered::default();
    let mut claims = None;
    read::read::<C>(authentic.payload, &mut registered, &mut claims)?;
    policy.check(authentic.header.typ.as_deref(), &registered, now)?;
    let Registered { exp, nbf, iat, .. } = registered;
    let claims = claims.ok_or(Error::ClaimsNotObject)?;
    Ok(Verified { claims, header: authentic.header, algorithm: authentic.algorithm, exp, nbf, iat })
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer").finish_non_exhaustive()
    }
}

/// Room for the payload of most tokens without an allocation.
const PAYLOAD_ROOM: usize = 1024;

/// A payload whose signature has been verified, not yet its claims.
struct Authentic<'s> {
    payload: &'s [u8],
    header: Arc<Header>,
    algorithm: Algorithm,
}

fn authenticate<'s>(
    token: &str,
    keys: &VerifyingKeys,
    scratch: &'s mut Scratch<PAYLOAD_ROOM>,
) -> Result<Authentic<'s>, Error> {
    if let Some((segments, key, header)) = keys.known(token) {
        // What is no compact serialization at all is called that also here.
        let payload = segments.verify(key, scratch).map_err(|error| Segments::split(token).err().unwrap_or(error))?;
        return Ok(Authentic { payload, header: Arc::clone(header), algorithm: key.algorithm() });
    }
    let segments = Segments::split(token)?;
    let header = Arc::new(Header::parse(segments.header)?);
    let (index, key) = keys.select(&header)?;
    let payload = segments.verify(key, scratch)?;
    keys.remember(segments.header, &header, index);
    Ok(Authentic { payload, header, algorithm: key.algorithm() })
}

/// What a token says of itself, for people to read. Nothing of it has been checked.
#[derive(Clone, Debug)]
pub struct UnverifiedParts {
    /// The header.
    pub header: Map<String, Value>,
    /// The claims.
    pub claims: Map<String, Value>,
}

/// Takes a token apart without verifying anything: to show to a person, never to decide by.
pub fn decode_unverified(token: &str) -> Result<UnverifiedParts, Error> {
    let segments = Segments::split(token)?;
    base64url::decode(segments.signature)?;
    Ok(UnverifiedParts {
        header: parse_strict(&decode_header(segments.header)?, Limits::HEADER)?,
        claims: parse_strict(&base64url::decode(segments.payload)?, Limits::CLAIMS)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_shows_nothing_of_the_last_token() {
        assert_eq!(format!("{:?}", Buffer::new()), "Buffer { .. }");
    }
}
