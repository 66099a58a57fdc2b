//! JSON Web Signatures (RFC 7515): compact and JSON serializations, detached and unencoded payloads (RFC 7797).

pub mod compact;
mod header;
mod joined;
pub mod json;

use std::fmt;

pub(crate) use header::{
    Header, MAX_ENCODED_LEN as MAX_HEADER_LEN, bounded_kid, decode as decode_header, refuse_crit, shape,
};
pub(crate) use joined::Joined;

/// How the payload stands in what is signed (RFC 7797 §3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// As base64url, like everywhere.
    #[default]
    Base64url,
    /// As it is: `b64` is `false`, and `crit` says so.
    Unencoded,
}

/// A payload whose signature has been verified. `Debug` shows the header and nothing of the payload, which may have come encrypted.
pub struct Verified {
    pub(crate) payload: Vec<u8>,
    pub(crate) header: Header,
}

impl Verified {
    /// The payload.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The header's `kid`, where it is protected.
    pub fn kid(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// The protected header's `typ`: what stands outside of it nobody signed.
    pub fn typ(&self) -> Option<&str> {
        self.header.typ.as_deref()
    }

    /// The protected header's `cty`: what the payload is.
    pub fn cty(&self) -> Option<&str> {
        self.header.cty.as_deref()
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { payload: _, header } = self;
        f.debug_struct("Verified").field("header", header).finish_non_exhaustive()
    }
}
