//! Token Status List (draft-ietf-oauth-status-list-20): whether tokens count, as one list of bits that any API can fetch and keep for a while.
//!
//! Only what is in a token and in a list token; who is given which place, and which places are revoked, the store knows.

use serde::{Deserialize, Serialize};

/// The header's `typ` of a list token (§5.1).
pub const TYP: &str = "statuslist+jwt";

/// The media type of a list token (§8.1).
pub const MEDIA_TYPE: &str = "application/statuslist+jwt";

/// How long an API may keep a list, in seconds (`ttl`, §5.1): as late as it hears of a revocation this way.
pub const TTL_SECS: u64 = 15;

/// How long a list token counts where it cannot be renewed, in seconds.
const LIFETIME_SECS: u64 = 3600;

/// The claim `status` of a token (§6.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Where its status stands.
    pub status_list: StatusReference,
}

/// A place in a list (§6.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReference {
    /// The place, from 0.
    pub idx: u64,
    /// The address of the list token, which is its `sub`.
    pub uri: String,
}

/// The claims of a list token (§5.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListClaims {
    /// The address of the list.
    pub sub: String,
    /// When it was made.
    pub iat: u64,
    /// When it stops counting.
    pub exp: u64,
    /// How long it may be kept, seconds.
    pub ttl: u64,
    /// The list.
    pub status_list: List,
}

/// The list itself (§4.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct List {
    /// Bits for each token: 0 is `VALID`, 1 is `INVALID` (§7.1).
    pub bits: u8,
    /// base64url of the bits, compressed with DEFLATE in the ZLIB format.
    pub lst: String,
}

impl ListClaims {
    /// The claims of the list at `uri`, whose compressed bits are `compressed`.
    #[must_use]
    pub fn new(uri: String, compressed: &[u8], now: u64) -> Self {
        Self {
            sub: uri,
            iat: now,
            exp: now.saturating_add(LIFETIME_SECS),
            ttl: TTL_SECS,
            status_list: List { bits: 1, lst: symbolon_jose::base64url::encode(compressed) },
        }
    }
}

/// The bits of a list of `size` tokens, of which those at `revoked` are `INVALID`: the first token is the lowest bit of the first byte (§4.1).
///
/// ```
/// // The draft's example, §4.1.
/// let revoked = [0, 3, 4, 5, 7, 8, 9, 13, 15];
/// assert_eq!(symbolon_oauth::status_list::bits(16, revoked), [0xb9, 0xa3]);
/// ```
#[must_use]
pub fn bits(size: u32, revoked: impl IntoIterator<Item = u32>) -> Vec<u8> {
    let mut bits = vec![0; size.div_ceil(8) as usize];
    for place in revoked {
        if let Some(byte) = bits.get_mut(place as usize / 8) {
            *byte |= 1 << (place % 8);
        }
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_beyond_the_list_is_nobodys() {
        assert_eq!(bits(9, [8, 16, u32::MAX]), [0, 1]);
        assert!(bits(0, [0]).is_empty());
    }

    #[test]
    fn the_claims_are_those_of_the_draft() {
        let claims = serde_json::to_value(ListClaims::new("https://id.example/l".to_owned(), b"x", 7)).unwrap();
        let expected = serde_json::json!({
            "sub": "https://id.example/l", "iat": 7, "exp": 3607, "ttl": 15, "status_list": { "bits": 1, "lst": "eA" }
        });
        assert_eq!(claims, expected);
    }
}
