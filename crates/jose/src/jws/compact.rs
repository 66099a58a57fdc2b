//! JWS compact serialization (RFC 7515 §3.1, §5).
//!
//! A token goes from text to [`Unverified`], which shows what is needed to choose a key, to [`Verified`], the only way to the
//! payload. Refused: JSON serializations, encrypted tokens, more than 16 KiB, and an `alg` that is not the key's.

pub(crate) use super::header::{Header, decode as decode_header};
use crate::alg::MAX_SIGNATURE_LEN;
use crate::base64url::Scratch;
use crate::{Error, SigningKey, VerifyingKey, base64url};

/// The longest token, in bytes.
pub const MAX_TOKEN_LEN: usize = 16 * 1024;

/// Signs `payload`; the header holds `alg`, the key's `kid` and `typ`.
///
/// ```
/// use symbolon_jose::{Algorithm, Error, Jwk, SigningKey, VerifyingKey, jws::compact};
///
/// let jwk = Jwk::generate(Algorithm::EdDSA)?;
/// let token = compact::sign(&SigningKey::from_jwk(&jwk, Algorithm::EdDSA)?, None, b"hello")?;
/// let verified = compact::Unverified::parse(&token)?
///     .verify(&VerifyingKey::from_jwk(&jwk, Algorithm::EdDSA)?)?;
/// assert_eq!(verified.payload(), b"hello");
/// # Ok::<(), Error>(())
/// ```
pub fn sign(key: &SigningKey, typ: Option<&str>, payload: &[u8]) -> Result<String, Error> {
    let header = key.header(typ);
    let signed_len = header.len() + 1 + base64url::encoded_len(payload.len());
    let mut token = String::with_capacity(signed_len + 1 + base64url::encoded_len(256));
    token.push_str(&header);
    token.push('.');
    base64url::append(payload, &mut token);
    let mut buffer = [0; MAX_SIGNATURE_LEN];
    let signature = key.sign(token.as_bytes(), &mut buffer)?;
    token.push('.');
    base64url::append(signature, &mut token);
    if token.len() > MAX_TOKEN_LEN {
        return Err(Error::TokenTooLong);
    }
    Ok(token)
}

/// The three segments, still encoded.
pub(crate) struct Segments<'t> {
    pub(crate) header: &'t str,
    pub(crate) payload: &'t str,
    pub(crate) signature: &'t str,
    /// Header, dot, payload: what is signed.
    pub(crate) signed: &'t str,
}

impl<'t> Segments<'t> {
    /// Cuts a token; exactly three segments.
    pub(crate) fn split(token: &'t str) -> Result<Self, Error> {
        if token.len() > MAX_TOKEN_LEN {
            return Err(Error::TokenTooLong);
        }
        let mut segments = token.split('.');
        let (Some(header), Some(payload), Some(signature)) = (segments.next(), segments.next(), segments.next()) else {
            return Err(Error::NotCompact);
        };
        match segments.count() {
            0 => Ok(Self { header, payload, signature, signed: &token[..header.len() + 1 + payload.len()] }),
            2 => Err(Error::Encrypted),
            _ => Err(Error::NotCompact),
        }
    }

    /// The same where the text of the header is known: a few bytes to look at instead of all. A dot too many ends up in the
    /// payload, which therefore does not decode.
    pub(crate) fn behind(header: &str, token: &'t str) -> Option<Self> {
        let rest = token.strip_prefix(header)?.strip_prefix('.')?;
        let (payload, signature) = rest.rsplit_once('.')?;
        let (header, signed) = (&token[..header.len()], &token[..token.len() - signature.len() - 1]);
        (token.len() <= MAX_TOKEN_LEN).then_some(Self { header, payload, signature, signed })
    }

    /// Verifies the signature and decodes the payload, which nobody sees before, into `scratch`.
    pub(crate) fn verify<'s, const LEN: usize>(
        &self,
        key: &VerifyingKey,
        scratch: &'s mut Scratch<LEN>,
    ) -> Result<&'s [u8], Error> {
        let mut buffer = base64url::room::<{ MAX_SIGNATURE_LEN + 2 }>();
        let signature = base64url::decode_into(self.signature, &mut buffer)?;
        key.verify(self.signed.as_bytes(), signature)?;
        scratch.decode(self.payload)
    }
}

/// A well-formed token nobody has verified: it shows only what is needed to choose a key.
#[derive(Debug)]
pub struct Unverified<'t> {
    token: &'t str,
    header: Header,
}

impl<'t> Unverified<'t> {
    /// Splits and reads the header; refuses `crit`, `b64`, JSON serializations and encrypted tokens.
    pub fn parse(token: &'t str) -> Result<Self, Error> {
        let header = Header::parse(Segments::split(token)?.header)?;
        Ok(Self { token, header })
    }

    /// The header's `alg`: what the sender says, not a choice.
    pub fn alg(&self) -> &str {
        &self.header.alg
    }

    /// The header's `kid`: a name to look up among known keys, nothing else.
    pub fn kid(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// The header's `typ`.
    pub fn typ(&self) -> Option<&str> {
        self.header.typ.as_deref()
    }

    /// Verifies under `key`, whose algorithm must be the header's.
    pub fn verify(self, key: &VerifyingKey) -> Result<Verified, Error> {
        if self.header.alg != key.algorithm().name() {
            return Err(Error::AlgorithmMismatch);
        }
        let payload = Segments::split(self.token)?.verify(key, &mut Scratch::<0>::new())?.to_vec();
        Ok(Verified { payload, header: self.header })
    }
}

/// A verified token.
#[derive(Debug)]
pub struct Verified {
    payload: Vec<u8>,
    header: Header,
}

impl Verified {
    /// The payload.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The header's `kid`.
    pub fn kid(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// The header's `typ`.
    pub fn typ(&self) -> Option<&str> {
        self.header.typ.as_deref()
    }
}
