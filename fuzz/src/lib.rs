//! What the fuzz targets share: the keys and the only good tokens, a forge for what a parser sees behind a good signature, and
//! oracles that say without our code what a parser ought to answer.

pub mod feed;
pub mod forge;
pub mod formats;
pub mod known;
pub mod tree;

/// Base64 with padding (RFC 4648 §4), which our own library has not: headers of RFC 9440 are written so.
pub fn padded_base64(bytes: &[u8]) -> String {
    let mut text = symbolon_jose::base64url::encode(bytes).replace('-', "+").replace('_', "/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

/// Up to `N` parts with a line feed between them; the last has all that is left, missing ones are empty.
pub fn lines<const N: usize>(input: &[u8]) -> [&[u8]; N] {
    let mut parts = input.splitn(N, |byte| *byte == b'\n');
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}
