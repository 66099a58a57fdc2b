//! JOSE for Symbolon: RFC 7515 to 7519, 7638, 7797, 8037, 9278, 9864 and 9964.

#![doc = include_str!("../README.md")]

pub mod alg;
pub mod base64url;
mod digest;
mod error;
pub mod json;
pub mod jwe;
pub mod jwk;
pub mod jws;
pub mod jwt;
mod keys;

pub use alg::{Algorithm, ContentEncryption, KeyAlgorithm, KeyManagement, SigningKey, VerifyingKey, VerifyingKeys};
pub use digest::{ct_eq, left_half_hash, sha256};
pub use error::{Error, ErrorKind};
pub use jwk::{Jwk, JwkSet, KeyCurve, KeyFormat};
