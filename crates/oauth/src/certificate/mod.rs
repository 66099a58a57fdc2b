//! A client's X.509 certificate (RFC 5280), as far as it proves who somebody is (RFC 8705): its hash, its key, its names.
//!
//! Whether somebody holds its key, and who signed it, is the shell's to know; nothing of
//! it is believed here. Refused is what is not of its form.

pub mod header;
mod name;
mod read;

use std::net::IpAddr;

use symbolon_jose::jwk::Certificates;
use symbolon_jose::{Jwk, base64url, sha256};

use crate::confirmation::Confirmation;
use read::Parts;

pub use name::{DistinguishedName, InvalidDistinguishedName};

/// More than any certificate needs.
pub const MAX_BYTES: usize = 16 * 1024;

/// A certificate that somebody has shown, read once.
///
/// ```
/// use symbolon_oauth::certificate::ClientCertificate;
/// assert!(ClientCertificate::read(b"no certificate").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    der: Vec<u8>,
    thumbprint: String,
    /// Of its key, where it is one of a kind that JWKs have.
    key_thumbprint: Option<[u8; 32]>,
    subject: DistinguishedName,
    names: Vec<AlternativeName>,
}

/// A name of the extension subjectAltName (RFC 5280 §4.2.1.6), of the kinds that clients are registered by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlternativeName {
    /// `dNSName`
    Dns(String),
    /// `rfc822Name`
    Email(String),
    /// `iPAddress`
    Ip(IpAddr),
    /// `uniformResourceIdentifier`
    Uri(String),
}

/// The bytes are no certificate, or one that cannot be made use of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCertificate;

impl std::fmt::Display for InvalidCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not a certificate in DER")
    }
}

impl std::error::Error for InvalidCertificate {}

impl ClientCertificate {
    /// Reads DER.
    ///
    /// # Errors
    /// It is not one certificate and nothing more.
    pub fn read(der: &[u8]) -> Result<Self, InvalidCertificate> {
        if der.len() > MAX_BYTES {
            return Err(InvalidCertificate);
        }
        let Parts { subject, key, names } = read::certificate(der)?;
        let names: Result<Vec<_>, _> = names.into_iter().filter_map(AlternativeName::of).collect();
        Ok(Self {
            der: der.to_vec(),
            thumbprint: thumbprint(der),
            key_thumbprint: Jwk::from_der(key).ok().map(|key| key.thumbprint()),
            subject: DistinguishedName::of(&subject),
            names: names?,
        })
    }

    /// The whole of it.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// What a token issued over its connection is bound to (RFC 8705 §3.1).
    #[must_use]
    pub fn confirmation(&self) -> Confirmation {
        Confirmation::X5tS256(self.thumbprint.clone())
    }

    /// Whether a token bound to `cnf` may be shown over its connection.
    #[must_use]
    pub fn is_of(&self, cnf: &Confirmation) -> bool {
        matches!(cnf, Confirmation::X5tS256(thumbprint) if *thumbprint == self.thumbprint)
    }

    /// Its subject.
    #[must_use]
    pub fn subject(&self) -> &DistinguishedName {
        &self.subject
    }

    /// Whether it has this alternative name.
    #[must_use]
    pub fn has_name(&self, name: &AlternativeName) -> bool {
        self.names.iter().any(|own| own.is_same(name))
    }

    /// Whether this key of a client's set stands for it (RFC 8705 §2.2.2): by the certificate there (`x5c`), or, where the key has none, by
    /// the key alone.
    #[must_use]
    pub fn is_key(&self, key: &Jwk) -> bool {
        match key.certificates().map(Certificates::x5c) {
            // RFC 7517 §4.7: "The PKIX certificate containing the key value MUST be the first certificate."
            Some([first, ..]) => header::from_base64(first).is_some_and(|der| der == self.der),
            _ => self.key_thumbprint.is_some_and(|own| own == key.thumbprint()),
        }
    }
}

/// RFC 8705 §3.1: "a base64url-encoded SHA-256 hash (a.k.a., thumbprint, fingerprint, or digest) of the DER encoding of the X.509
/// certificate".
#[must_use]
pub fn thumbprint(der: &[u8]) -> String {
    base64url::encode(&sha256(der))
}

impl AlternativeName {
    /// `None` for a kind that no client is registered by.
    fn of((number, bytes): (u32, &[u8])) -> Option<Result<Self, InvalidCertificate>> {
        // RFC 5280 §4.2.1.6: IA5String, of which there is only ASCII.
        let text = || {
            let text = std::str::from_utf8(bytes).ok().filter(|text| text.is_ascii());
            text.map(str::to_owned).ok_or(InvalidCertificate)
        };
        match number {
            1 => Some(text().map(Self::Email)),
            2 => Some(text().map(Self::Dns)),
            6 => Some(text().map(Self::Uri)),
            7 => {
                let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
                let address = v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from));
                Some(address.map(Self::Ip).map_err(|_| InvalidCertificate))
            }
            _ => None,
        }
    }

    /// Domains are the same in every case (RFC 5280 §7.2, §7.5); a mailbox's local part and a URI are not. Addresses are compared "in binary
    /// format" (RFC 8705 §2.1.2).
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Dns(one), Self::Dns(other)) => one.eq_ignore_ascii_case(other),
            (Self::Email(one), Self::Email(other)) => match (one.rsplit_once('@'), other.rsplit_once('@')) {
                (Some((one, at)), Some((other, there))) => one == other && at.eq_ignore_ascii_case(there),
                _ => false,
            },
            (Self::Ip(one), Self::Ip(other)) => one == other,
            (Self::Uri(one), Self::Uri(other)) => one == other,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
