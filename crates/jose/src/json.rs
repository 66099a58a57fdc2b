//! Strict JSON: bounded size and depth, no duplicate members at any depth, nothing behind the value.

use serde::de::DeserializeOwned;

use crate::Error;

/// What a JSON text may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest text, in bytes.
    pub max_bytes: usize,
    /// Deepest nesting of objects and arrays; a flat object has depth 1.
    pub max_depth: usize,
    /// Most members in one object.
    pub max_members: usize,
}

impl Limits {
    /// For a request body or a document of ours: 64 KiB, depth 16, 256 members.
    pub const DEFAULT: Self = Self {
        max_bytes: 64 * 1024,
        max_depth: 16,
        max_members: 256,
    };
}

/// Parses one JSON text into `T`; refuses duplicate members at any depth, trailing bytes, a byte order mark and
/// whatever exceeds `limits`.
pub fn parse_strict<T: DeserializeOwned>(_text: &[u8], _limits: Limits) -> Result<T, Error> {
    todo!()
}
