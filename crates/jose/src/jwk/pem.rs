//! Keys as PEM (RFC 7468) and DER, in and out.
//!
//! Refused: encrypted PKCS#8, certificates, lines that are not RFC 7468's, trailing bytes, and a label that does not say what is
//! inside.

use der::pem;
use zeroize::Zeroizing;

use super::{Jwk, Material, der as structure};
use crate::Error;
use crate::alg::MlDsa;

/// The longest PEM or DER text we read, in bytes.
const MAX_LEN: usize = 32 * 1024;

/// A structure in which a key is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFormat {
    /// `RSA PRIVATE KEY` (RFC 8017 A.1.2).
    Pkcs1,
    /// `RSA PUBLIC KEY` (RFC 8017 A.1.1).
    Pkcs1Public,
    /// `PRIVATE KEY` (RFC 5958): any private key.
    Pkcs8,
    /// `EC PRIVATE KEY` (RFC 5915).
    Sec1,
    /// `PUBLIC KEY` (RFC 5280 §4.1.2.7): the public half of any key.
    Spki,
}

impl KeyFormat {
    /// Every one.
    pub const ALL: &'static [Self] = &[Self::Pkcs1, Self::Pkcs1Public, Self::Pkcs8, Self::Sec1, Self::Spki];

    /// The label of its PEM.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Pkcs1 => "RSA PRIVATE KEY",
            Self::Pkcs1Public => "RSA PUBLIC KEY",
            Self::Pkcs8 => "PRIVATE KEY",
            Self::Sec1 => "EC PRIVATE KEY",
            Self::Spki => "PUBLIC KEY",
        }
    }

    fn read(self, der: &[u8]) -> Result<Material, Error> {
        match self {
            Self::Pkcs1 => structure::pkcs1_private(der),
            Self::Pkcs1Public => structure::pkcs1_public(der),
            Self::Pkcs8 => structure::private_key(der),
            Self::Sec1 => structure::sec1_private(der),
            Self::Spki => structure::public_key(der),
        }
    }
}

impl Jwk {
    /// Reads one key from PEM. It has no `alg`, `use` or `kid` (an ML-DSA key has its `alg`): see [`Jwk::with_algorithm`].
    ///
    /// ```
    /// use symbolon_jose::{Algorithm, Error, Jwk, KeyFormat};
    ///
    /// let jwk = Jwk::generate(Algorithm::ES256)?;
    /// let pem = jwk.to_pem(KeyFormat::Pkcs8)?;
    /// assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    /// let again = Jwk::from_pem(&pem)?.with_algorithm(Algorithm::ES256)?;
    /// assert_eq!(again.thumbprint(), jwk.thumbprint());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn from_pem(text: &str) -> Result<Self, Error> {
        if text.len() > MAX_LEN {
            return Err(Error::KeyTooLong);
        }
        // RFC 7468 §2 lets anything stand before it, another key for instance.
        if !text.starts_with("-----BEGIN ") {
            return Err(Error::PemInvalid);
        }
        let (label, der) = pem::decode_vec(text.as_bytes()).map_err(|_| Error::PemInvalid)?;
        let der = Zeroizing::new(der);
        let format = KeyFormat::ALL.iter().find(|format| format.label() == label).ok_or(Error::PemLabel)?;
        Self::from_material(format.read(&der)?)
    }

    /// Reads one key from DER, in whichever of the structures it is.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        if der.len() > MAX_LEN {
            return Err(Error::KeyTooLong);
        }
        Self::from_material(structure::any_key(der)?)
    }

    fn from_material(material: Material) -> Result<Self, Error> {
        let algorithm = match material {
            Material::Akp { set, .. } => Some(MlDsa::algorithm(set).into()),
            _ => None,
        };
        Self::new(material, algorithm)
    }

    /// Writes the key as PEM; wiped on drop. A public format takes the public half.
    pub fn to_pem(&self, format: KeyFormat) -> Result<Zeroizing<String>, Error> {
        let der = self.to_der(format)?;
        pem::encode_string(format.label(), pem::LineEnding::LF, &der).map(Zeroizing::new).map_err(|_| Error::PemInvalid)
    }

    /// Writes the key as DER; wiped on drop. A public format takes the public half.
    pub fn to_der(&self, format: KeyFormat) -> Result<Zeroizing<Vec<u8>>, Error> {
        match format {
            KeyFormat::Pkcs1 => structure::write_pkcs1_private(&self.material),
            KeyFormat::Pkcs1Public => structure::write_pkcs1_public(&self.material),
            KeyFormat::Pkcs8 => structure::write_pkcs8(&self.material),
            KeyFormat::Sec1 => structure::write_sec1(&self.material),
            KeyFormat::Spki => structure::write_public(&self.material),
        }
    }
}
