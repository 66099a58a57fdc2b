//! A snapshot: all that has to be remembered, in one file with a signed head.
//!
//! `SYMREVO1`, the length of the head (4 bytes, big-endian), the head (a compact JWS), the body. The body has for each kind of ids
//! a count (4 bytes) and as many pairs of fingerprint (8) and second to forget it at (4), ascending; then a count (4) of rules, 17
//! bytes each. The head has the digest of the body.

mod encode;
mod read;

use serde::{Deserialize, Serialize};

pub use encode::{SnapshotToSign, encode};
pub use read::Snapshot;

/// The media type.
pub const MEDIA_TYPE: &str = "application/vnd.symbolon.revocations";

/// The `typ` in the header of the head.
pub const TYPE: &str = "symbolon-revocation-snapshot+jwt";

/// The longest head, in bytes.
pub const MAX_HEAD_LEN: usize = 16 * 1024;

const MAGIC: &[u8; 8] = b"SYMREVO1";

/// Fingerprint and second to forget it at.
const PAIR_LEN: usize = 12;

#[derive(Deserialize, Serialize)]
struct Claims {
    iss: String,
    iat: u64,
    epoch: String,
    seq: u64,
    /// base64url.
    sha256: String,
}
