//! JSON Web Keys (RFC 7517, RFC 7518 §6, RFC 8037 §2, RFC 9964 §3).
//!
//! A [`Jwk`] is validated when it is read: sizes, points, and that its parts belong together. Refused are an `alg` that we do not
//! know or that does not fit the key type, `use` and `key_ops` that contradict each other, and duplicate members. What the key
//! may be used for is asked again wherever it is used.

mod certificate;
pub(crate) mod der;
mod encrypted;
mod generate;
mod operation;
mod parse;
mod pem;
mod set;
mod thumbprint;
mod write;

use std::fmt;

use serde_json::Value;
use zeroize::Zeroizing;

use crate::alg::{self, Agreement, Curve, Family, Management, MlDsa};
use crate::digest::left_of_hash;
use crate::{Algorithm, ContentEncryption, Error, KeyAlgorithm, KeyManagement};
pub use certificate::Certificates;
pub use generate::KeyCurve;
pub(crate) use operation::{Operation, Operations};
pub(crate) use parse::{Epk, epk};
pub use pem::KeyFormat;
pub use set::{JwkSet, MAX_KEYS};
pub use write::PRIVATE_MEMBERS;

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
    algorithm: Option<KeyAlgorithm>,
    kid: Option<String>,
    purpose: Option<Purpose>,
    operations: Option<Operations>,
    certificates: Option<Box<Certificates>>,
}

/// What the key says it is for: its `use` (RFC 7517 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// `enc`: encrypting content or keys.
    Encryption,
    /// `sig`: signatures and MACs.
    Signature,
}

/// The numbers of a key.
#[derive(Clone)]
pub(crate) enum Material {
    Akp { set: MlDsa, public: Vec<u8>, seed: Option<Secret> },
    Ec { curve: Curve, x: Vec<u8>, y: Vec<u8>, d: Option<Secret> },
    Oct { k: Secret },
    Okp { curve: OkpCurve, x: Vec<u8>, d: Option<Secret> },
    Rsa { n: Vec<u8>, e: Vec<u8>, private: Option<Box<RsaPrivate>> },
}

/// A curve of RFC 8037 §2 that we have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OkpCurve {
    Ed25519,
    X25519,
}

impl OkpCurve {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "Ed25519",
            Self::X25519 => "X25519",
        }
    }
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

/// Whether somebody took a key as PEM for a shared secret.
pub(crate) fn is_pem(secret: &[u8]) -> bool {
    secret.trim_ascii_start().starts_with(b"-----BEGIN")
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

    /// A new key for `algorithm` from the operating system's generator, with `alg`, `use` and its thumbprint as `kid`.
    ///
    /// RSA keys have 2048 bits, shared secrets are as long as the algorithm asks for, ECDH-ES agrees on P-256
    /// ([`Jwk::generate_on`] has the other curves). There is no key for PBES2, whose key is a password.
    ///
    /// ```
    /// use symbolon_jose::{ContentEncryption, Error, Jwk, KeyManagement};
    ///
    /// let secret = Jwk::generate(ContentEncryption::A256Gcm)?;
    /// assert!(secret.is_private() && secret.public().is_none());
    /// let jwk = Jwk::generate(KeyManagement::EcdhEsA256Kw)?;
    /// assert_eq!(jwk.public_value()?["crv"], "P-256");
    /// assert_eq!(Jwk::generate(KeyManagement::Pbes2Hs256A128Kw).unwrap_err(), Error::KeyAlgorithm);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn generate(algorithm: impl Into<KeyAlgorithm>) -> Result<Self, Error> {
        generate::generate(algorithm.into(), None, None)
    }

    /// The same on a curve of choice, for ECDH-ES.
    pub fn generate_on(curve: KeyCurve, algorithm: KeyManagement) -> Result<Self, Error> {
        generate::generate(algorithm.into(), Some(curve), None)
    }

    /// The same with an RSA modulus of 2048, 3072, 4096 or 8192 bits.
    pub fn generate_rsa(bits: usize, algorithm: impl Into<KeyAlgorithm>) -> Result<Self, Error> {
        generate::generate(algorithm.into(), None, Some(bits))
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
    pub fn oct(secret: &[u8], algorithm: impl Into<KeyAlgorithm>) -> Result<Self, Error> {
        let k = Secret::new(secret.to_vec());
        Self::new(Material::Oct { k }, Some(algorithm.into()))
    }

    /// The key that a shared text makes for encryption: its SHA-2 hash, cut on the right to the length that `alg` and `enc` need
    /// (OpenID Connect Core §10.2).
    ///
    /// ```
    /// use symbolon_jose::{ContentEncryption, Error, Jwk, KeyManagement};
    ///
    /// assert!(Jwk::oct_of_text(b"a client's secret", KeyManagement::A128Kw, ContentEncryption::A256Gcm).is_ok());
    /// let other = Jwk::oct_of_text(b"secret", KeyManagement::RsaOaep256, ContentEncryption::A256Gcm);
    /// assert_eq!(other.unwrap_err(), Error::KeyAlgorithm);
    /// ```
    pub fn oct_of_text(text: &[u8], alg: KeyManagement, enc: ContentEncryption) -> Result<Self, Error> {
        let len = match alg.kind() {
            Management::AesGcm(kek) | Management::AesKw(kek) => kek.len(),
            Management::Direct => enc.key_len(),
            Management::EcdhEs(_) | Management::Oaep(_) | Management::Pbes2(..) => return Err(Error::KeyAlgorithm),
        };
        Self::oct(&left_of_hash(text, len), alg)
    }

    /// A key of ours, for one algorithm and its purpose; without an algorithm, for whatever it fits.
    fn new(material: Material, algorithm: Option<KeyAlgorithm>) -> Result<Self, Error> {
        let purpose = algorithm.map(Purpose::of);
        let jwk = Self { material, algorithm, kid: None, purpose, operations: None, certificates: None };
        jwk.validated()
    }

    /// The key, if its parts are acceptable and its algorithm fits them.
    fn validated(self) -> Result<Self, Error> {
        match &self.material {
            Material::Akp { set, public, seed } => match seed {
                Some(seed) => alg::ml_dsa_key_pair(*set, public, seed).map(drop)?,
                None => alg::ml_dsa_public_key(*set, public).map(drop)?,
            },
            Material::Ec { curve, x, y, d } => match d {
                Some(d) => alg::ec_key_pair(*curve, x, y, d).map(drop)?,
                None => alg::ec_public_key(*curve, x, y).map(drop)?,
            },
            Material::Okp { curve: OkpCurve::Ed25519, x, d } => match d {
                Some(d) => alg::ed_key_pair(x, d).map(drop)?,
                None => alg::ed_public_key(x).map(drop)?,
            },
            Material::Okp { curve: OkpCurve::X25519, x, d } => match d {
                Some(d) => alg::x25519_pair_check(x, d)?,
                None => alg::x25519_check(x)?,
            },
            Material::Rsa { n, e, private } => match private {
                Some(private) => alg::rsa_key_pair(n, e, private).map(drop)?,
                None => alg::rsa_check(n, e)?,
            },
            // Its length is a question of the algorithm; an empty secret is none.
            Material::Oct { k } if k.as_ref().is_empty() => return Err(Error::KeyMemberInvalid("k")),
            // RFC 8725 §2.1: no secret, but a key that somebody took for one (CVE-2023-48223).
            Material::Oct { k } if is_pem(k.as_ref()) => return Err(Error::KeyMemberInvalid("k")),
            Material::Oct { .. } => {}
        }
        if let Some(algorithm) = self.algorithm {
            self.fits(algorithm)?;
            if self.purpose.is_some_and(|purpose| purpose != Purpose::of(algorithm)) {
                return Err(Error::KeyUse);
            }
        }
        if let (Some(purpose), Some(operations)) = (self.purpose, self.operations) {
            operations.agree_with(purpose)?;
        }
        Ok(self)
    }

    /// The public half; none for a shared secret.
    pub fn public(&self) -> Option<Self> {
        let material = match &self.material {
            Material::Oct { .. } => return None,
            Material::Akp { set, public, seed: _ } => Material::Akp { set: *set, public: public.clone(), seed: None },
            Material::Ec { curve, x, y, d: _ } => Material::Ec { curve: *curve, x: x.clone(), y: y.clone(), d: None },
            Material::Okp { curve, x, d: _ } => Material::Okp { curve: *curve, x: x.clone(), d: None },
            Material::Rsa { n, e, private: _ } => Material::Rsa { n: n.clone(), e: e.clone(), private: None },
        };
        let operations = self.operations.map(Operations::public);
        // Of a key that only agrees nothing is left to list; it is still not for signatures.
        let only_agrees = operations.is_some_and(Operations::is_empty);
        Some(Self {
            material,
            algorithm: self.algorithm,
            kid: self.kid.clone(),
            purpose: if only_agrees { Some(Purpose::Encryption) } else { self.purpose },
            operations: operations.filter(|_| !only_agrees),
            certificates: self.certificates.clone(),
        })
    }

    /// Holds a private key or a shared secret.
    pub fn is_private(&self) -> bool {
        match &self.material {
            Material::Akp { seed: secret, .. } | Material::Ec { d: secret, .. } | Material::Okp { d: secret, .. } => {
                secret.is_some()
            }
            Material::Oct { .. } => true,
            Material::Rsa { private, .. } => private.is_some(),
        }
    }

    /// The key's type: `AKP`, `EC`, `OKP`, `RSA` or `oct`.
    pub fn kty(&self) -> &'static str {
        self.material.kty()
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

    /// Without an identifier: where the whole key stands in a header, RFC 8555 §6.2 wants no `kid` beside it.
    #[must_use]
    pub fn without_kid(mut self) -> Self {
        self.kid = None;
        self
    }

    /// The signature algorithm the key is bound to, if it says and if it is one.
    pub fn algorithm(&self) -> Option<Algorithm> {
        match self.algorithm {
            Some(KeyAlgorithm::Signature(algorithm)) => Some(algorithm),
            _ => None,
        }
    }

    /// The algorithm of any kind the key is bound to, if it says.
    pub fn key_algorithm(&self) -> Option<KeyAlgorithm> {
        self.algorithm
    }

    /// Bound to `algorithm` and its purpose; refuses an algorithm that does not fit, or a key bound to another.
    pub fn with_algorithm(mut self, algorithm: impl Into<KeyAlgorithm>) -> Result<Self, Error> {
        let algorithm = algorithm.into();
        if self.algorithm.is_some_and(|own| !own.is_same(algorithm)) {
            return Err(Error::KeyAlgorithm);
        }
        self.algorithm = Some(algorithm);
        self.purpose = self.purpose.or(Some(Purpose::of(algorithm)));
        self.validated()
    }

    /// Says what it is for; refuses a key that says something else, by its `use`, its `alg` or its `key_ops`.
    ///
    /// ```
    /// use symbolon_jose::{Algorithm, Error, Jwk, jwk::Purpose};
    ///
    /// let jwk = Jwk::generate(Algorithm::ES256)?;
    /// assert_eq!(jwk.clone().with_purpose(Purpose::Signature)?.purpose(), Some(Purpose::Signature));
    /// assert_eq!(jwk.with_purpose(Purpose::Encryption).unwrap_err(), Error::KeyUse);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn with_purpose(mut self, purpose: Purpose) -> Result<Self, Error> {
        if self.purpose.is_some_and(|own| own != purpose) {
            return Err(Error::KeyUse);
        }
        self.purpose = Some(purpose);
        self.validated()
    }

    /// What the key says it is for, if it says.
    pub fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    /// The certificates it carries, which nobody here looks at.
    pub fn certificates(&self) -> Option<&Certificates> {
        self.certificates.as_deref()
    }

    pub(crate) fn material(&self) -> &Material {
        &self.material
    }

    /// RFC 7517 §4.2–4.4 and RFC 8725 §3.1: one key, one algorithm, one purpose.
    pub(crate) fn permits(&self, operation: Operation, algorithm: KeyAlgorithm) -> Result<(), Error> {
        if self.algorithm.is_some_and(|own| !own.is_same(algorithm)) {
            return Err(Error::KeyAlgorithm);
        }
        self.fits(algorithm)?;
        if self.purpose.is_some_and(|purpose| purpose != Purpose::of(algorithm)) {
            return Err(Error::KeyUse);
        }
        let symmetric = matches!(self.material, Material::Oct { .. });
        if self.operations.is_none_or(|operations| operations.allow(operation, symmetric)) {
            Ok(())
        } else {
            Err(Error::KeyOperation)
        }
    }

    /// The key's type, curve and length are the algorithm's.
    fn fits(&self, algorithm: KeyAlgorithm) -> Result<(), Error> {
        match algorithm {
            KeyAlgorithm::ContentEncryption(encryption) => self.fits_content(encryption),
            KeyAlgorithm::KeyManagement(management) => self.fits_management(management),
            KeyAlgorithm::Signature(algorithm) => self.fits_signature(algorithm),
        }
    }

    fn fits_signature(&self, algorithm: Algorithm) -> Result<(), Error> {
        match (algorithm.family(), &self.material) {
            (Family::Ecdsa(wanted), Material::Ec { curve, .. }) if wanted == *curve => Ok(()),
            (Family::EdDsa, Material::Okp { curve: OkpCurve::Ed25519, .. })
            | (Family::Rsa(_), Material::Rsa { .. }) => Ok(()),
            (Family::MlDsa(wanted), Material::Akp { set, .. }) if wanted == *set => Ok(()),
            (Family::Hmac(hmac), Material::Oct { k }) => {
                if k.as_ref().len() < hmac.tag_len() {
                    return Err(Error::HmacKeyTooShort);
                }
                Ok(())
            }
            _ => Err(Error::KeyAlgorithm),
        }
    }

    fn fits_management(&self, management: KeyManagement) -> Result<(), Error> {
        let exactly = |k: &Secret, len: usize| if k.as_ref().len() == len { Ok(()) } else { Err(Error::KeyLength) };
        match (management.kind(), &self.material) {
            (Management::AesGcm(kek) | Management::AesKw(kek), Material::Oct { k }) => exactly(k, kek.len()),
            (Management::EcdhEs(_), _) if self.agreement().is_some() => Ok(()),
            // For which `enc` is asked where it is known.
            (Management::Direct | Management::Pbes2(..), Material::Oct { .. })
            | (Management::Oaep(_), Material::Rsa { .. }) => Ok(()),
            _ => Err(Error::KeyAlgorithm),
        }
    }

    fn fits_content(&self, encryption: ContentEncryption) -> Result<(), Error> {
        match &self.material {
            Material::Oct { k } if k.as_ref().len() == encryption.key_len() => Ok(()),
            Material::Oct { .. } => Err(Error::KeyLength),
            _ => Err(Error::KeyAlgorithm),
        }
    }

    /// The curve on which the key can agree.
    pub(crate) fn agreement(&self) -> Option<Agreement> {
        match &self.material {
            Material::Ec { curve, .. } => Some(Agreement::Ec(*curve)),
            Material::Okp { curve: OkpCurve::X25519, .. } => Some(Agreement::X25519),
            _ => None,
        }
    }
}

impl Purpose {
    /// What an algorithm is for.
    const fn of(algorithm: KeyAlgorithm) -> Self {
        match algorithm {
            KeyAlgorithm::ContentEncryption(_) | KeyAlgorithm::KeyManagement(_) => Self::Encryption,
            KeyAlgorithm::Signature(_) => Self::Signature,
        }
    }

    /// Its value on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Encryption => "enc",
            Self::Signature => "sig",
        }
    }
}

impl fmt::Debug for Jwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { material, algorithm, kid, purpose, operations, certificates } = self;
        f.debug_struct("Jwk")
            .field("kty", &material.kty())
            .field("algorithm", algorithm)
            .field("kid", kid)
            .field("use", purpose)
            .field("key_ops", operations)
            .field("certificates", &certificates.is_some())
            .field("is_private", &self.is_private())
            .finish_non_exhaustive()
    }
}

impl Material {
    const fn kty(&self) -> &'static str {
        match self {
            Self::Akp { .. } => "AKP",
            Self::Ec { .. } => "EC",
            Self::Oct { .. } => "oct",
            Self::Okp { .. } => "OKP",
            Self::Rsa { .. } => "RSA",
        }
    }

    /// A public key on a curve of ECDH-ES.
    const fn is_public_half_of_agreement(&self) -> bool {
        matches!(self, Self::Ec { d: None, .. } | Self::Okp { curve: OkpCurve::X25519, d: None, .. })
    }
}
