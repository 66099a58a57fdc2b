//! JOSE for Symbolon: keys (RFC 7517), signatures (RFC 7515, 7518, 8037) and JSON Web Tokens (RFC 7519).
//!
//! Bytes in, typed values out: no I/O, no clock, no async. `now` is an argument; the cryptography is aws-lc-rs.
//!
//! Refused everywhere: `alg: none`, keys used with more than one algorithm, a header that chooses, duplicate JSON members,
//! padded or non-canonical base64url, unbounded input.

pub mod alg;
pub mod base64url;
mod digest;
mod error;
pub mod json;
pub mod jwk;
pub mod jws;
pub mod jwt;

pub use alg::{Algorithm, SigningKey, VerifyingKey, VerifyingKeys};
pub use digest::{ct_eq, left_half_hash, sha256};
pub use error::{Error, ErrorKind};
pub use jwk::{Jwk, JwkSet};
