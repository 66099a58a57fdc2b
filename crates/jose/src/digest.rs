//! SHA-256, constant-time equality and the half hash of OpenID Connect Core 3.1.3.6.

use crate::Algorithm;

/// SHA-256 of `bytes`.
pub fn sha256(_bytes: &[u8]) -> [u8; 32] {
    todo!()
}

/// Equality in a time that depends on the lengths only.
pub fn ct_eq(_a: &[u8], _b: &[u8]) -> bool {
    todo!()
}

/// `at_hash`, `c_hash`, `s_hash`: the left half of the hash that belongs to `alg`, as base64url
/// (OpenID Connect Core 3.1.3.6). Ed25519 hashes with SHA-512.
pub fn left_half_hash(_alg: Algorithm, _bytes: &[u8]) -> String {
    todo!()
}
