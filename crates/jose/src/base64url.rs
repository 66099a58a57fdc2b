//! base64url without padding (RFC 7515 §2, RFC 4648 §5), canonical only.

use crate::Error;

/// Encodes without padding.
pub fn encode(_bytes: &[u8]) -> String {
    todo!()
}

/// Decodes; refuses padding, white space, foreign characters and stray trailing bits.
pub fn decode(_text: &str) -> Result<Vec<u8>, Error> {
    todo!()
}
