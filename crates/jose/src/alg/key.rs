//! A key parsed once and bound to one algorithm, for signing or for verifying.
//!
//! Only here do key material and algorithm meet: an HMAC key is made from `oct` and nothing else, so the bytes of a public key
//! can never become a secret (RFC 8725 §2.1).

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, ParsedPublicKey, RsaKeyPair};
use aws_lc_rs::{digest, hmac as mac};

use super::{Algorithm, Family, ecdsa, eddsa, hmac, rsa};
use crate::jwk::{MAX_KID_LEN, Material, Operation};
use crate::{Error, Jwk, base64url};

/// A private key or shared secret, parsed once, that signs with exactly one algorithm. Cheap to clone.
///
/// ```
/// use symbolon_jose::{Algorithm, Error, Jwk, SigningKey};
///
/// let jwk = Jwk::generate(Algorithm::ES256)?;
/// let key = SigningKey::from_jwk(&jwk, Algorithm::ES256)?;
/// assert_eq!(key.kid(), jwk.kid());
/// assert_eq!(SigningKey::from_jwk(&jwk, Algorithm::ES384).unwrap_err(), Error::KeyAlgorithm);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct SigningKey(Arc<Signer>);

struct Signer {
    algorithm: Algorithm,
    kid: Option<String>,
    secret: SignerSecret,
    /// Encoded headers by `typ`: the same few for ever.
    headers: [OnceLock<EncodedHeader>; 4],
}

struct EncodedHeader {
    typ: Option<Box<str>>,
    text: Box<str>,
}

enum SignerSecret {
    Ecdsa(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Hmac(Box<mac::Key>),
    Rsa(RsaKeyPair, &'static rsa::Parameters),
}

impl SigningKey {
    /// Prepares `jwk` for `algorithm`; refuses public keys and keys whose `alg`, `key_ops` or type say otherwise.
    pub fn from_jwk(jwk: &Jwk, algorithm: Algorithm) -> Result<Self, Error> {
        jwk.permits(Operation::Sign, algorithm)?;
        // Our own verifiers would refuse the header.
        if jwk.kid().is_some_and(|kid| kid.len() > MAX_KID_LEN) {
            return Err(Error::KidTooLong);
        }
        let secret = match (algorithm.family(), jwk.material()) {
            (Family::Ecdsa(_), Material::Ec { curve, x, y, d }) => {
                let d = d.as_ref().ok_or(Error::KeyNotPrivate)?;
                SignerSecret::Ecdsa(ecdsa::key_pair(*curve, x, y, d)?)
            }
            (Family::EdDsa, Material::Okp { x, d }) => {
                let d = d.as_ref().ok_or(Error::KeyNotPrivate)?;
                SignerSecret::EdDsa(eddsa::key_pair(x, d)?)
            }
            (Family::Hmac(algorithm), Material::Oct { k }) => {
                SignerSecret::Hmac(Box::new(hmac::key(algorithm, k.as_ref())?))
            }
            (Family::Rsa(parameters), Material::Rsa { n, e, private }) => {
                let private = private.as_deref().ok_or(Error::KeyNotPrivate)?;
                SignerSecret::Rsa(rsa::key_pair(n, e, private)?, parameters)
            }
            _ => return Err(Error::KeyAlgorithm),
        };
        Ok(Self(Arc::new(Signer { algorithm, kid: jwk.kid().map(str::to_owned), secret, headers: Default::default() })))
    }

    /// The one algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// The key's identifier, which goes into every header.
    pub fn kid(&self) -> Option<&str> {
        self.0.kid.as_deref()
    }

    /// The signature of `message`, written into `buffer`.
    pub(crate) fn sign<'b>(
        &self,
        message: &[u8],
        buffer: &'b mut [u8; rsa::MAX_SIGNATURE_LEN],
    ) -> Result<&'b [u8], Error> {
        // With the digest made here, no generator has to be handed over that the back end would not use anyway.
        let hash = || digest::digest(self.0.algorithm.hash(), message);
        let failed = |_| Error::SigningFailed;
        let mut copy = |signature: &[u8]| {
            buffer[..signature.len()].copy_from_slice(signature);
            signature.len()
        };
        let len = match &self.0.secret {
            SignerSecret::Ecdsa(pair) => copy(pair.sign_digest(&hash()).map_err(failed)?.as_ref()),
            SignerSecret::EdDsa(pair) => copy(pair.try_sign(message).map_err(failed)?.as_ref()),
            SignerSecret::Hmac(key) => copy(mac::sign(key, message).as_ref()),
            SignerSecret::Rsa(pair, parameters) => {
                let len = pair.public_modulus_len();
                let signature = buffer.get_mut(..len).ok_or(Error::SigningFailed)?;
                pair.sign_digest(parameters.signing, &hash(), signature).map_err(failed)?;
                len
            }
        };
        Ok(&buffer[..len])
    }

    /// The encoded header for `typ`.
    pub(crate) fn header(&self, typ: Option<&str>) -> Cow<'_, str> {
        for slot in &self.0.headers {
            let known = slot.get_or_init(|| EncodedHeader {
                typ: typ.map(Box::from),
                text: self.make_header(typ).into_boxed_str(),
            });
            if known.typ.as_deref() == typ {
                return Cow::Borrowed(&known.text);
            }
        }
        Cow::Owned(self.make_header(typ))
    }

    fn make_header(&self, typ: Option<&str>) -> String {
        let member = |name: &str, value: Option<&str>| {
            value.map_or_else(String::new, |value| format!(",\"{name}\":{}", serde_json::Value::from(value)))
        };
        let kid = member("kid", self.kid());
        let typ = member("typ", typ);
        let header = format!("{{\"alg\":\"{}\"{kid}{typ}}}", self.algorithm());
        base64url::encode(header.as_bytes())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Signer { algorithm, kid, secret: _, headers: _ } = &*self.0;
        f.debug_struct("SigningKey").field("algorithm", algorithm).field("kid", kid).finish_non_exhaustive()
    }
}

/// A public key or shared secret, parsed once, that verifies exactly one algorithm. Cheap to clone.
///
/// ```
/// use symbolon_jose::{Algorithm, Error, Jwk, VerifyingKey};
///
/// let jwk = Jwk::generate(Algorithm::EdDSA)?;
/// let key = VerifyingKey::from_jwk(&jwk, Algorithm::EdDSA)?;
/// assert_eq!(key.algorithm(), Algorithm::EdDSA);
/// // A public key is never a shared secret.
/// assert_eq!(VerifyingKey::from_jwk(&jwk, Algorithm::HS256).unwrap_err(), Error::KeyAlgorithm);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct VerifyingKey(Arc<Verifier>);

struct Verifier {
    algorithm: Algorithm,
    kid: Option<String>,
    key: VerifierKey,
}

enum VerifierKey {
    Public(ParsedPublicKey),
    Shared(Box<mac::Key>),
}

impl VerifyingKey {
    /// Prepares `jwk`, or its public half, for `algorithm`; refuses keys whose `alg`, `key_ops` or type say otherwise.
    pub fn from_jwk(jwk: &Jwk, algorithm: Algorithm) -> Result<Self, Error> {
        jwk.permits(Operation::Verify, algorithm)?;
        let key = match (algorithm.family(), jwk.material()) {
            (Family::Ecdsa(_), Material::Ec { curve, x, y, .. }) => {
                VerifierKey::Public(ecdsa::public_key(*curve, x, y)?)
            }
            (Family::EdDsa, Material::Okp { x, .. }) => VerifierKey::Public(eddsa::public_key(x)?),
            (Family::Hmac(algorithm), Material::Oct { k }) => {
                VerifierKey::Shared(Box::new(hmac::key(algorithm, k.as_ref())?))
            }
            (Family::Rsa(parameters), Material::Rsa { n, e, .. }) => {
                VerifierKey::Public(rsa::public_key(n, e, parameters.verifying)?)
            }
            _ => return Err(Error::KeyAlgorithm),
        };
        Ok(Self(Arc::new(Verifier { algorithm, kid: jwk.kid().map(str::to_owned), key })))
    }

    /// The one algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// The key's identifier.
    pub fn kid(&self) -> Option<&str> {
        self.0.kid.as_deref()
    }

    /// Verifies; the back end refuses signatures of another length, and compares MACs in constant time.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        match &self.0.key {
            VerifierKey::Public(key) => key.verify_sig(message, signature),
            VerifierKey::Shared(key) => mac::verify(key, message, signature),
        }
        .map_err(|_| Error::SignatureInvalid)
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Verifier { algorithm, kid, key: _ } = &*self.0;
        f.debug_struct("VerifyingKey").field("algorithm", algorithm).field("kid", kid).finish_non_exhaustive()
    }
}
