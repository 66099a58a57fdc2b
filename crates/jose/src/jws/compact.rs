//! JWS compact serialization (RFC 7515 §3.1, §5), also with a detached (appendix F) or unencoded payload (RFC 7797).
//!
//! A token goes from text to [`Unverified`], which shows what is needed to choose a key, to [`Verified`], the only way to the
//! payload. Refused: JSON serializations, encrypted tokens, more than 16 KiB, and an `alg` that is not the key's.

use std::borrow::Cow;
use std::fmt;

pub use super::Verified;
use super::{Encoding, Header, MAX_HEADER_LEN};
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
    sign_under(key, &key.header(typ), payload)
}

/// Signs `payload` under an encoded header, whose `alg` must be the key's.
pub(crate) fn sign_under(key: &SigningKey, header: &str, payload: &[u8]) -> Result<String, Error> {
    check_header(header)?;
    append_signature(key, encoded_signing_input(header, payload, 1 + base64url::encoded_len(key.signature_len())))
}

/// Signs `payload` without putting it into the token, which has nothing between its dots (RFC 7515 appendix F). Whoever verifies
/// gets the payload some other way.
///
/// ```
/// use symbolon_jose::jws::{Encoding, compact};
/// use symbolon_jose::{Algorithm, Error, Jwk, SigningKey, VerifyingKey};
///
/// let jwk = Jwk::generate(Algorithm::ES256)?;
/// let key = SigningKey::from_jwk(&jwk, Algorithm::ES256)?;
/// let token = compact::sign_detached(&key, None, b"a long file", Encoding::Unencoded)?;
/// assert!(token.contains(".."));
/// let unverified = compact::Unverified::parse_detached(&token, b"a long file")?;
/// unverified.verify(&VerifyingKey::from_jwk(&jwk, Algorithm::ES256)?)?;
/// # Ok::<(), Error>(())
/// ```
pub fn sign_detached(key: &SigningKey, typ: Option<&str>, payload: &[u8], encoding: Encoding) -> Result<String, Error> {
    let header = match encoding {
        Encoding::Base64url => key.header(typ),
        Encoding::Unencoded => Cow::Owned(key.unencoded_header(typ)),
    };
    check_header(&header)?;
    let message = signing_input(&header, payload, encoding);
    let mut token = String::with_capacity(header.len() + 2 + base64url::encoded_len(key.signature_len()));
    token.push_str(&header);
    token.push_str("..");
    base64url::append(key.sign(&message)?.as_ref(), &mut token);
    Ok(token)
}

/// Signs a payload that stands in the token as it is (RFC 7797 §5.2): printable ASCII without a dot.
pub fn sign_unencoded(key: &SigningKey, typ: Option<&str>, payload: &str) -> Result<String, Error> {
    check_unencoded(payload)?;
    let header = key.unencoded_header(typ);
    check_header(&header)?;
    append_signature(key, [&header, ".", payload].concat())
}

/// What our own verifiers would refuse is not made.
pub(super) fn check_header(header: &str) -> Result<(), Error> {
    if header.len() > MAX_HEADER_LEN { Err(Error::HeaderTooLong) } else { Ok(()) }
}

fn append_signature(key: &SigningKey, mut token: String) -> Result<String, Error> {
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    base64url::append(signature.as_ref(), &mut token);
    if token.len() > MAX_TOKEN_LEN {
        return Err(Error::TokenTooLong);
    }
    Ok(token)
}

/// RFC 7797 §5.2: what may stand between two dots and nowhere be taken for something else.
fn check_unencoded(payload: &str) -> Result<(), Error> {
    let is_plain = |byte| matches!(byte, b' '..=b'~') && byte != b'.';
    match payload {
        // That is what a detached one looks like.
        "" => Err(Error::PayloadMisplaced),
        _ if payload.bytes().all(is_plain) => Ok(()),
        _ => Err(Error::PayloadNotPlain),
    }
}

/// RFC 7515 §5.1, step 5; RFC 7797 §3.
fn signing_input(header: &str, payload: &[u8], encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Base64url => encoded_signing_input(header, payload, 0).into_bytes(),
        Encoding::Unencoded => [header.as_bytes(), b".", payload].concat(),
    }
}

/// The same where the payload is encoded, with room for more.
fn encoded_signing_input(header: &str, payload: &[u8], more: usize) -> String {
    let mut input = String::with_capacity(header.len() + 1 + base64url::encoded_len(payload.len()) + more);
    input.push_str(header);
    input.push('.');
    base64url::append(payload, &mut input);
    input
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
        // A JSON text may have dots, too.
        if token.starts_with('{') {
            return Err(Error::NotCompact);
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

    /// The same where the text of the header is known, and with it the key: a few bytes to look at instead of all. A dot too many ends
    /// up in the payload, which therefore does not decode.
    pub(crate) fn behind(header: &str, token: &'t str, key: &VerifyingKey) -> Option<Self> {
        let rest = token.strip_prefix(header)?.strip_prefix('.')?;
        let own = rest.len().checked_sub(base64url::encoded_len(key.signature_len()) + 1);
        // Before a signature that has the key's length there is nothing to search.
        let dot = own.filter(|at| rest.as_bytes()[*at] == b'.').or_else(|| rest.rfind('.'))?;
        let (payload, signature) = (&rest[..dot], &rest[dot + 1..]);
        let (header, signed) = (&token[..header.len()], &token[..token.len() - signature.len() - 1]);
        (token.len() <= MAX_TOKEN_LEN).then_some(Self { header, payload, signature, signed })
    }

    /// Verifies the signature and decodes the payload, which nobody sees before, into `scratch`.
    pub(crate) fn verify<'s, const LEN: usize>(
        &self,
        key: &VerifyingKey,
        scratch: &'s mut Scratch<LEN>,
    ) -> Result<&'s [u8], Error> {
        verify_encoded(key, self.signed.as_bytes(), self.signature)?;
        scratch.decode(self.payload)
    }
}

/// Verifies a signature that is still encoded.
pub(super) fn verify_encoded(key: &VerifyingKey, message: &[u8], signature: &str) -> Result<(), Error> {
    let mut room = base64url::room::<{ MAX_SIGNATURE_LEN + 2 }>();
    let signature = match base64url::decode_into(signature, &mut room) {
        // Longer than any signature there is; base64url or not, it cannot be one.
        Err(Error::Base64Invalid) if signature.len() > base64url::encoded_len(MAX_SIGNATURE_LEN) => {
            return Err(Error::SignatureLength);
        }
        decoded => decoded?,
    };
    key.verify(message, signature)
}

/// A well-formed token nobody has verified: it shows only what is needed to choose a key. `Debug` shows the header and nothing else.
///
/// Its payload is out of reach until it has been verified:
///
/// ```compile_fail,E0599
/// # use symbolon_jose::{Error, jws::compact::Unverified};
/// # fn peek(token: &str) -> Result<Vec<u8>, Error> {
/// let unverified = Unverified::parse(token)?;
/// Ok(unverified.payload().to_vec())
/// # }
/// ```
pub struct Unverified<'t> {
    header: Header,
    message: Message<'t>,
    signature: &'t str,
}

/// What is signed.
enum Message<'t> {
    /// Header and payload as they stand in the token.
    Attached { signed: &'t str, payload: &'t str },
    /// The payload came some other way.
    Detached { header: &'t str, payload: &'t [u8] },
}

impl<'t> Unverified<'t> {
    /// Splits and reads the header; refuses `crit`, `b64`, JSON serializations and encrypted tokens.
    pub fn parse(token: &'t str) -> Result<Self, Error> {
        let Segments { header, payload, signature, signed } = Segments::split(token)?;
        let header = Header::parse(header)?;
        Ok(Self { header, message: Message::Attached { signed, payload }, signature })
    }

    /// A token whose payload came some other way, encoded or not, as its header says.
    pub fn parse_detached(token: &'t str, payload: &'t [u8]) -> Result<Self, Error> {
        let segments = Segments::split(token)?;
        if !segments.payload.is_empty() {
            return Err(Error::PayloadMisplaced);
        }
        let header = Header::parse_any(segments.header)?;
        let message = Message::Detached { header: segments.header, payload };
        Ok(Self { header, message, signature: segments.signature })
    }

    /// A token in which the payload stands as it is; refuses one in which it is encoded.
    pub fn parse_unencoded(token: &'t str) -> Result<Self, Error> {
        let Segments { header, payload, signature, signed } = Segments::split(token)?;
        let header = Header::parse_any(header)?;
        if header.encoding != Encoding::Unencoded {
            return Err(Error::PayloadMisplaced);
        }
        check_unencoded(payload)?;
        Ok(Self { header, message: Message::Attached { signed, payload }, signature })
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
        if !key.algorithm().answers_to(&self.header.alg) {
            return Err(Error::AlgorithmMismatch);
        }
        let payload = match self.message {
            Message::Attached { signed, payload } => {
                verify_encoded(key, signed.as_bytes(), self.signature)?;
                match self.header.encoding {
                    Encoding::Base64url => base64url::decode(payload)?,
                    Encoding::Unencoded => payload.as_bytes().to_vec(),
                }
            }
            Message::Detached { header, payload } => {
                let message = signing_input(header, payload, self.header.encoding);
                verify_encoded(key, &message, self.signature)?;
                payload.to_vec()
            }
        };
        Ok(Verified { payload, header: self.header })
    }
}

impl fmt::Debug for Unverified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { header, message: _, signature: _ } = self;
        f.debug_struct("Unverified").field("header", header).finish_non_exhaustive()
    }
}
