//! A key parsed once and bound to one algorithm, for signing or for verifying.
//!
//! Only here do key material and algorithm meet: an HMAC key is made from `oct` and nothing else, so the bytes of a public key
//! can never become a secret (RFC 8725 §2.1).

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, ParsedPublicKey, PqdsaKeyPair, RsaKeyPair};
use aws_lc_rs::{digest, hmac as mac};

use super::{Algorithm, Family, ecdsa, eddsa, hmac, ml_dsa, rsa};
use crate::jwk::{MAX_KID_LEN, Material, OkpCurve, Operation};
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
    MlDsa(PqdsaKeyPair),
    Rsa(RsaKeyPair, &'static rsa::Parameters),
}

/// A signature. Those of curves are copied out of the back end's type, which has room for ML-DSA and is dear to move.
pub(crate) enum SignatureBytes {
    Long(Vec<u8>),
    Mac(mac::Tag),
    Short([u8; MAX_SHORT_LEN], usize),
}

/// Bytes of the longest signature on a curve, ES512.
const MAX_SHORT_LEN: usize = 132;

impl SignatureBytes {
    fn short(signature: &signature::Signature) -> Result<Self, Error> {
        let mut bytes = [0; MAX_SHORT_LEN];
        let len = signature.as_ref().len();
        bytes.get_mut(..len).ok_or(Error::SigningFailed)?.copy_from_slice(signature.as_ref());
        Ok(Self::Short(bytes, len))
    }
}

impl AsRef<[u8]> for SignatureBytes {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Long(bytes) => bytes,
            Self::Mac(tag) => tag.as_ref(),
            Self::Short(bytes, len) => &bytes[..*len],
        }
    }
}

impl SigningKey {
    /// Prepares `jwk` for `algorithm`; refuses public keys and keys whose `alg`, `key_ops` or type say otherwise.
    pub fn from_jwk(jwk: &Jwk, algorithm: Algorithm) -> Result<Self, Error> {
        jwk.permits(Operation::Sign, algorithm.into())?;
        // Our own verifiers would refuse the header.
        if jwk.kid().is_some_and(|kid| kid.len() > MAX_KID_LEN) {
            return Err(Error::KidTooLong);
        }
        let secret = match (algorithm.family(), jwk.material()) {
            (Family::Ecdsa(_), Material::Ec { curve, x, y, d }) => {
                let d = d.as_ref().ok_or(Error::KeyNotPrivate)?;
                SignerSecret::Ecdsa(ecdsa::key_pair(*curve, x, y, d)?)
            }
            (Family::EdDsa, Material::Okp { curve: OkpCurve::Ed25519, x, d }) => {
                let d = d.as_ref().ok_or(Error::KeyNotPrivate)?;
                SignerSecret::EdDsa(eddsa::key_pair(x, d)?)
            }
            (Family::Hmac(algorithm), Material::Oct { k }) => {
                SignerSecret::Hmac(Box::new(hmac::key(algorithm, k.as_ref())?))
            }
            (Family::MlDsa(set), Material::Akp { set: own, public, seed }) if set == *own => {
                let seed = seed.as_ref().ok_or(Error::KeyNotPrivate)?;
                SignerSecret::MlDsa(ml_dsa::key_pair(set, public, seed)?)
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

    /// The signature of `message`.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<SignatureBytes, Error> {
        // With the digest made here, no generator has to be handed over that the back end would not use anyway.
        let hash = || digest::digest(self.0.algorithm.hash(), message);
        let failed = |_| Error::SigningFailed;
        match &self.0.secret {
            SignerSecret::Ecdsa(pair) => SignatureBytes::short(&pair.sign_digest(&hash()).map_err(failed)?),
            SignerSecret::EdDsa(pair) => SignatureBytes::short(&pair.try_sign(message).map_err(failed)?),
            SignerSecret::Hmac(key) => Ok(SignatureBytes::Mac(mac::sign(key, message))),
            SignerSecret::MlDsa(pair) => {
                let mut signature = vec![0; pair.algorithm().signature_len()];
                pair.sign(message, &mut signature).map_err(failed)?;
                Ok(SignatureBytes::Long(signature))
            }
            SignerSecret::Rsa(pair, parameters) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign_digest(parameters.signing, &hash(), &mut signature).map_err(failed)?;
                Ok(SignatureBytes::Long(signature))
            }
        }
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

    /// The encoded header for `typ` and a payload that is not encoded (RFC 7797 §6).
    pub(crate) fn unencoded_header(&self, typ: Option<&str>) -> String {
        base64url::encode(self.header_json(typ, ",\"b64\":false,\"crit\":[\"b64\"]").as_bytes())
    }

    /// Bytes of every signature of this key.
    pub(crate) fn signature_len(&self) -> usize {
        match &self.0.secret {
            SignerSecret::Ecdsa(_) => match self.0.algorithm.family() {
                Family::Ecdsa(curve) => 2 * curve.coordinate_len(),
                _ => 0,
            },
            SignerSecret::EdDsa(_) => eddsa::SIGNATURE_LEN,
            SignerSecret::Hmac(key) => key.algorithm().tag_len(),
            SignerSecret::MlDsa(pair) => pair.algorithm().signature_len(),
            SignerSecret::Rsa(pair, _) => pair.public_modulus_len(),
        }
    }

    fn make_header(&self, typ: Option<&str>) -> String {
        base64url::encode(self.header_json(typ, "").as_bytes())
    }

    /// The header with `more` members at its end.
    pub(crate) fn header_json(&self, typ: Option<&str>, more: &str) -> String {
        let member = |name: &str, value: Option<&str>| {
            value.map_or_else(String::new, |value| format!(",\"{name}\":{}", serde_json::Value::from(value)))
        };
        let kid = member("kid", self.kid());
        let typ = member("typ", typ);
        format!("{{\"alg\":\"{}\"{kid}{typ}{more}}}", self.algorithm())
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
    /// Bytes of every signature under this key.
    signature_len: usize,
}

enum VerifierKey {
    Ecdsa(ParsedPublicKey),
    Public(ParsedPublicKey),
    Shared(Box<mac::Key>),
}

impl VerifyingKey {
    /// Prepares `jwk`, or its public half, for `algorithm`; refuses keys whose `alg`, `key_ops` or type say otherwise.
    pub fn from_jwk(jwk: &Jwk, algorithm: Algorithm) -> Result<Self, Error> {
        jwk.permits(Operation::Verify, algorithm.into())?;
        let (key, signature_len) = match (algorithm.family(), jwk.material()) {
            (Family::Ecdsa(_), Material::Ec { curve, x, y, .. }) => {
                (VerifierKey::Ecdsa(ecdsa::public_key(*curve, x, y)?), 2 * curve.coordinate_len())
            }
            (Family::EdDsa, Material::Okp { curve: OkpCurve::Ed25519, x, .. }) => {
                (VerifierKey::Public(eddsa::public_key(x)?), eddsa::SIGNATURE_LEN)
            }
            (Family::Hmac(algorithm), Material::Oct { k }) => {
                (VerifierKey::Shared(Box::new(hmac::key(algorithm, k.as_ref())?)), algorithm.tag_len())
            }
            (Family::MlDsa(set), Material::Akp { set: own, public, .. }) if set == *own => {
                (VerifierKey::Public(ml_dsa::public_key(set, public)?), set.signature_len())
            }
            (Family::Rsa(parameters), Material::Rsa { n, e, .. }) => {
                (VerifierKey::Public(rsa::public_key(n, e, parameters.verifying)?), n.len())
            }
            _ => return Err(Error::KeyAlgorithm),
        };
        Ok(Self(Arc::new(Verifier { algorithm, kid: jwk.kid().map(str::to_owned), key, signature_len })))
    }

    /// The one algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// The key's identifier.
    pub fn kid(&self) -> Option<&str> {
        self.0.kid.as_deref()
    }

    /// Bytes of every signature under this key.
    pub(crate) fn signature_len(&self) -> usize {
        self.0.signature_len
    }

    /// Verifies a signature over bytes that are no JWS, for a protocol that signs otherwise (WebAuthn). In the form of RFC 7518 and RFC 8037.
    ///
    /// # Errors
    /// [`Error::SignatureInvalid`] and its neighbours.
    pub fn verify_bytes(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        self.verify(message, signature)
    }

    /// Verifies; MACs are compared in constant time. What cannot be a signature at all has causes of its own.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        if signature.len() != self.0.signature_len {
            return Err(Error::SignatureLength);
        }
        match &self.0.key {
            VerifierKey::Ecdsa(key) => {
                // CVE-2022-21449. The back end would refuse it, too.
                let (r, s) = signature.split_at(signature.len() / 2);
                if [r, s].iter().any(|half| half.iter().all(|&byte| byte == 0)) {
                    return Err(Error::SignatureZero);
                }
                key.verify_sig(message, signature)
            }
            VerifierKey::Public(key) => key.verify_sig(message, signature),
            VerifierKey::Shared(key) => mac::verify(key, message, signature),
        }
        .map_err(|_| Error::SignatureInvalid)
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Verifier { algorithm, kid, key: _, signature_len: _ } = &*self.0;
        f.debug_struct("VerifyingKey").field("algorithm", algorithm).field("kid", kid).finish_non_exhaustive()
    }
}
