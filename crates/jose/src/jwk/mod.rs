//! JSON Web Keys for signatures (RFC 7517, RFC 7518 §6, RFC 8037 §2).
//!
//! A [`Jwk`] is validated when it is read: sizes, points, and that its parts belong together. Refused are keys for anything but
//! signatures (`use`, `key_ops`, a foreign `alg`), an `alg` that does not fit the key type, and duplicate members.

mod der;
mod generate;
mod parse;
mod set;
mod thumbprint;
mod write;

use std::fmt;

use serde_json::Value;
use zeroize::Zeroizing;

use crate::alg::{self, Curve, Family};
use crate::{Algorithm, Error};
pub use set::{JwkSet, MAX_KEYS};

/// The longest `kid` we keep or look up, in bytes.
pub const MAX_KID_LEN: usize = 256;

/// A key, parsed and validated: private, public or a shared secret. `Debug` shows no key material, and it is not `Serialize`.
///
/// ```
/// use symbolon_jose::{Algorithm, Error, Jwk};
///
/// let jwk = Jwk::generate(Algorithm::ES256)?;
/// let public = jwk.public_value()?;
/// assert_eq!(public["kid"], jwk.thumbprint_base64url());
/// assert!(public.get("d").is_none());
/// assert!(!Jwk::from_value(&public)?.is_private());
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct Jwk {
    material: Material,
    algorithm: Option<Algorithm>,
    kid: Option<String>,
    for_signatures: ForSignatures,
    operations: Option<Operations>,
}

/// Whether the key says `use: sig`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ForSignatures {
    Said,
    Unsaid,
}

/// What `key_ops` allows, as far as it concerns us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operations {
    Sign,
    SignAndVerify,
    Verify,
}

/// What somebody wants to do with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Sign,
    Verify,
}

/// The numbers of a key.
#[derive(Clone)]
pub(crate) enum Material {
    Ec { curve: Curve, x: Vec<u8>, y: Vec<u8>, d: Option<Secret> },
    Oct { k: Secret },
    Okp { x: Vec<u8>, d: Option<Secret> },
    Rsa { n: Vec<u8>, e: Vec<u8>, private: Option<Box<RsaPrivate>> },
}

/// The private numbers of RFC 7518 §6.3.2, all of which we ask for.
#[derive(Clone)]
pub(crate) struct RsaPrivate {
    pub(crate) d: Secret,
    pub(crate) p: Secret,
    pub(crate) q: Secret,
    pub(crate) dp: Secret,
    pub(crate) dq: Secret,
    pub(crate) qi: Secret,
}

/// Secret bytes, wiped on drop and never shown.
#[derive(Clone)]
pub(crate) struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl AsRef<[u8]> for Secret {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Jwk {
    /// Parses a JWK; duplicate members are refused, unknown ones ignored (RFC 7517 §4).
    pub fn from_slice(json: &[u8]) -> Result<Self, Error> {
        parse::from_slice(json)
    }

    /// The same from a parsed JSON value.
    pub fn from_value(value: &Value) -> Result<Self, Error> {
        parse::from_value(value)
    }

    /// A new key for `algorithm` from the operating system's generator, with `alg`, `use: sig` and its thumbprint as `kid`.
    /// RSA keys have 2048 bits, shared secrets are as long as the hash.
    pub fn generate(algorithm: Algorithm) -> Result<Self, Error> {
        generate::generate(algorithm)
    }

    /// A shared secret for one HMAC algorithm; refuses one shorter than the hash (RFC 7518 §3.2).
    ///
    /// ```
    /// use symbolon_jose::{Algorithm, Error, Jwk};
    ///
    /// assert!(Jwk::oct(&[7; 32], Algorithm::HS256).is_ok());
    /// assert_eq!(Jwk::oct(&[7; 31], Algorithm::HS256).unwrap_err(), Error::HmacKeyTooShort);
    /// assert_eq!(Jwk::oct(&[7; 32], Algorithm::RS256).unwrap_err(), Error::KeyAlgorithm);
    /// ```
    pub fn oct(secret: &[u8], algorithm: Algorithm) -> Result<Self, Error> {
        let k = Secret::new(secret.to_vec());
        Self::new(Material::Oct { k }, algorithm)
    }

    /// A key of ours, for one algorithm and for signatures.
    fn new(material: Material, algorithm: Algorithm) -> Result<Self, Error> {
        let jwk = Self {
            material,
            algorithm: Some(algorithm),
            kid: None,
            for_signatures: ForSignatures::Said,
            operations: None,
        };
        jwk.validated()
    }

    /// The key, if its parts are acceptable and its algorithm fits them.
    fn validated(self) -> Result<Self, Error> {
        match &self.material {
            Material::Ec { curve, x, y, d } => match d {
                Some(d) => alg::ec_key_pair(*curve, x, y, d).map(drop)?,
                None => alg::ec_public_key(*curve, x, y).map(drop)?,
            },
            Material::Okp { x, d } => match d {
                Some(d) => alg::ed_key_pair(x, d).map(drop)?,
                None => alg::ed_public_key(x).map(drop)?,
            },
            Material::Rsa { n, e, private } => match private {
                Some(private) => alg::rsa_key_pair(n, e, private).map(drop)?,
                None => alg::rsa_check(n, e)?,
            },
            // Its length is a question of the algorithm; an empty secret is none.
            Material::Oct { k } if k.as_ref().is_empty() => return Err(Error::HmacKeyTooShort),
            Material::Oct { .. } => {}
        }
        if let Some(algorithm) = self.algorithm {
            self.fits(algorithm)?;
        }
        Ok(self)
    }

    /// The public half; none for a shared secret.
    pub fn public(&self) -> Option<Self> {
        let material = match &self.material {
            Material::Oct { .. } => return None,
            Material::Ec { curve, x, y, d: _ } => Material::Ec { curve: *curve, x: x.clone(), y: y.clone(), d: None },
            Material::Okp { x, d: _ } => Material::Okp { x: x.clone(), d: None },
            Material::Rsa { n, e, private: _ } => Material::Rsa { n: n.clone(), e: e.clone(), private: None },
        };
        Some(Self {
            material,
            algorithm: self.algorithm,
            kid: self.kid.clone(),
            for_signatures: self.for_signatures,
            operations: self.operations.map(|_| Operations::Verify),
        })
    }

    /// Holds a private key or a shared secret.
    pub fn is_private(&self) -> bool {
        match &self.material {
            Material::Ec { d, .. } | Material::Okp { d, .. } => d.is_some(),
            Material::Oct { .. } => true,
            Material::Rsa { private, .. } => private.is_some(),
        }
    }

    /// The key's identifier.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// With another identifier, of at most [`MAX_KID_LEN`] bytes if it is to sign.
    #[must_use]
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// The algorithm the key is bound to, if it says.
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.algorithm
    }

    pub(crate) fn material(&self) -> &Material {
        &self.material
    }

    /// RFC 7517 §4.2–4.4 and RFC 8725 §3.1: one key, one algorithm, one purpose.
    pub(crate) fn permits(&self, operation: Operation, algorithm: Algorithm) -> Result<(), Error> {
        if self.algorithm.is_some_and(|own| own != algorithm) {
            return Err(Error::KeyAlgorithm);
        }
        self.fits(algorithm)?;
        let allowed = match (self.operations, operation) {
            (None | Some(Operations::SignAndVerify), _)
            | (Some(Operations::Sign), Operation::Sign)
            | (Some(Operations::Verify), Operation::Verify) => true,
            // The public half of a key that signs is there to verify; a shared secret has no halves.
            (Some(Operations::Sign), Operation::Verify) => !algorithm.is_symmetric(),
            (Some(Operations::Verify), Operation::Sign) => false,
        };
        if allowed { Ok(()) } else { Err(Error::KeyOperation) }
    }

    /// The key's type and curve are the algorithm's.
    fn fits(&self, algorithm: Algorithm) -> Result<(), Error> {
        match (algorithm.family(), &self.material) {
            (Family::Ecdsa(wanted), Material::Ec { curve, .. }) if wanted == *curve => Ok(()),
            (Family::EdDsa, Material::Okp { .. }) | (Family::Rsa(_), Material::Rsa { .. }) => Ok(()),
            (Family::Hmac(hmac), Material::Oct { k }) => {
                if k.as_ref().len() < hmac.tag_len() {
                    return Err(Error::HmacKeyTooShort);
                }
                Ok(())
            }
            _ => Err(Error::KeyAlgorithm),
        }
    }
}

impl fmt::Debug for Jwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { material, algorithm, kid, for_signatures, operations } = self;
        f.debug_struct("Jwk")
            .field("kty", &material.kty())
            .field("algorithm", algorithm)
            .field("kid", kid)
            .field("use", for_signatures)
            .field("key_ops", operations)
            .field("is_private", &self.is_private())
            .finish_non_exhaustive()
    }
}

impl Material {
    const fn kty(&self) -> &'static str {
        match self {
            Self::Ec { .. } => "EC",
            Self::Oct { .. } => "oct",
            Self::Okp { .. } => "OKP",
            Self::Rsa { .. } => "RSA",
        }
    }
}
