//! SHA-256, constant-time equality and the half hash of OpenID Connect Core 3.1.3.6.

use aws_lc_rs::digest;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::{Algorithm, base64url};

/// SHA-256 of `bytes`.
///
/// ```
/// assert_eq!(symbolon_jose::sha256(b"abc")[..4], [0xba, 0x78, 0x16, 0xbf]);
/// ```
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

/// The first `len` bytes of the shortest SHA-2 hash that has so many (OpenID Connect Core §10.2); at most 64.
pub(crate) fn left_of_hash(bytes: &[u8], len: usize) -> Zeroizing<Vec<u8>> {
    let algorithm = match len {
        0..=32 => &digest::SHA256,
        33..=48 => &digest::SHA384,
        _ => &digest::SHA512,
    };
    let hash = digest::digest(algorithm, bytes);
    Zeroizing::new(hash.as_ref().iter().copied().take(len).collect())
}

/// Equality in a time that depends on the lengths only.
///
/// ```
/// assert!(symbolon_jose::ct_eq(b"secret", b"secret"));
/// assert!(!symbolon_jose::ct_eq(b"secret", b"secre"));
/// ```
pub fn ct_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// `at_hash`, `c_hash`, `s_hash`: the left half of the hash that belongs to `alg`, as base64url
/// (OpenID Connect Core 3.1.3.6). Ed25519 hashes with SHA-512.
///
/// ```
/// use symbolon_jose::{Algorithm, left_half_hash};
///
/// // OpenID Connect Core, appendix A.3.
/// assert_eq!(
///     left_half_hash(Algorithm::RS256, b"jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"),
///     "77QmUPtjPfzWtF2AnpK9RQ",
/// );
/// ```
pub fn left_half_hash(alg: Algorithm, bytes: &[u8]) -> String {
    let hash = digest::digest(alg.hash(), bytes);
    let hash = hash.as_ref();
    base64url::encode(&hash[..hash.len() / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_half_hash_has_half_the_length_of_the_algorithms_hash() {
        for (alg, len) in
            [(Algorithm::ES256, 22), (Algorithm::PS384, 32), (Algorithm::HS512, 43), (Algorithm::EdDSA, 43)]
        {
            assert_eq!(left_half_hash(alg, b"token").len(), len, "{alg}");
        }
    }

    #[test]
    fn a_common_prefix_is_not_equality() {
        assert!(!ct_eq(b"", b"a"));
        assert!(!ct_eq(b"ab", b"ac"));
        assert!(ct_eq(b"", b""));
    }
}
