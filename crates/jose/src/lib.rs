//! JOSE for Symbolon: RFC 7515, 7517, 7518, 7519, 7638 and 8037, as far as signatures go.

#![doc = include_str!("../README.md")]

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
