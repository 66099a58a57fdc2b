//! base64url without padding (RFC 7515 §2, RFC 4648 §5), canonical only.
//!
//! Refuses padding, white space, the other alphabet, a lone last character and stray trailing bits, so that one byte
//! string has exactly one spelling.

use std::mem::MaybeUninit;

use base64_simd::{AsOut, URL_SAFE_NO_PAD};
use zeroize::Zeroize;

use crate::Error;

/// Encodes without padding.
///
/// ```
/// assert_eq!(symbolon_jose::base64url::encode(&[0xfb, 0xff]), "-_8");
/// ```
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode_to_string(bytes)
}

/// Decodes one canonical spelling.
///
/// ```
/// use symbolon_jose::{Error, base64url};
///
/// assert_eq!(base64url::decode("-_8")?, [0xfb, 0xff]);
/// // Padding, and trailing bits that are not zero.
/// assert_eq!(base64url::decode("-_8="), Err(Error::Base64Padded));
/// assert_eq!(base64url::decode("-_9"), Err(Error::Base64NotCanonical));
/// # Ok::<(), Error>(())
/// ```
pub fn decode(text: &str) -> Result<Vec<u8>, Error> {
    URL_SAFE_NO_PAD.decode_to_vec(text).map_err(|_| why(text))
}

/// Why a text is refused, found out only once it is.
#[cold]
fn why(text: &str) -> Error {
    if text.trim_ascii() != text {
        return Error::Base64Surrounded;
    }
    let of_alphabet = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let unpadded = text.trim_end_matches('=');
    match (of_alphabet(unpadded), unpadded.len() == text.len(), text.len() % 4) {
        (true, false, _) => Error::Base64Padded,
        // Of this length and these characters only the bits behind the last byte can be wrong.
        (true, true, 2 | 3) => Error::Base64NotCanonical,
        _ => Error::Base64Invalid,
    }
}

/// Appends the encoding to `out`.
pub(crate) fn append(bytes: &[u8], out: &mut String) {
    URL_SAFE_NO_PAD.encode_append(bytes, out);
}

/// The encoded length of `len` bytes.
pub(crate) const fn encoded_len(len: usize) -> usize {
    URL_SAFE_NO_PAD.encoded_length(len)
}

/// Room for a decoding on the stack that nobody has to fill first.
pub(crate) const fn room<const LEN: usize>() -> [MaybeUninit<u8>; LEN] {
    [const { MaybeUninit::uninit() }; LEN]
}

/// Where decoded bytes go: room on the stack, and the heap for what does not fit.
pub(crate) struct Scratch<const LEN: usize> {
    near: [MaybeUninit<u8>; LEN],
    far: Vec<u8>,
}

impl<const LEN: usize> Scratch<LEN> {
    pub(crate) fn new() -> Self {
        Self { near: room(), far: Vec::new() }
    }

    /// Decodes a text of any length.
    pub(crate) fn decode(&mut self, text: &str) -> Result<&[u8], Error> {
        if fits(text, &self.near) {
            return decode_into(text, &mut self.near);
        }
        self.far.clear();
        URL_SAFE_NO_PAD.decode_append(text.as_bytes(), &mut self.far).map_err(|_| why(text))?;
        Ok(&self.far)
    }

    /// Wipes what was decoded last.
    pub(crate) fn wipe(&mut self) {
        self.near.zeroize();
        self.far.zeroize();
    }
}

fn fits(text: &str, buffer: &[MaybeUninit<u8>]) -> bool {
    text.len() / 4 * 3 + 2 <= buffer.len()
}

/// Decodes into `buffer`; what does not fit is refused as not being what the caller expects.
pub(crate) fn decode_into<'b>(text: &str, buffer: &'b mut [MaybeUninit<u8>]) -> Result<&'b [u8], Error> {
    if !fits(text, buffer) {
        return Err(Error::Base64Invalid);
    }
    URL_SAFE_NO_PAD.decode(text.as_bytes(), buffer.as_out()).map(|decoded| &*decoded).map_err(|_| why(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_comes_back() {
        for len in 0..200_u8 {
            let bytes: Vec<u8> = (0..len).collect();
            let text = encode(&bytes);
            assert_eq!(text.len(), encoded_len(bytes.len()));
            assert_eq!(decode(&text).unwrap(), bytes);
            assert_eq!(decode_into(&text, &mut room::<256>()).unwrap(), bytes);
            assert_eq!(Scratch::<100>::new().decode(&text).unwrap(), bytes);
        }
    }

    #[test]
    fn padding_is_refused() {
        for text in ["QQ==", "QQ=", "QUI=", "="] {
            assert_eq!(decode(text), Err(Error::Base64Padded), "{text}");
        }
    }

    #[test]
    fn white_space_is_refused() {
        for text in [" QUJD", "QUJD\n", "\tQUJD", "QUJD\r\n"] {
            assert_eq!(decode(text), Err(Error::Base64Surrounded), "{text:?}");
            assert_eq!(Scratch::<100>::new().decode(text), Err(Error::Base64Surrounded), "{text:?}");
        }
        for text in ["QU JD", "QU\r\nJD", "QUJD\0"] {
            assert_eq!(decode(text), Err(Error::Base64Invalid), "{text:?}");
        }
    }

    #[test]
    fn the_other_alphabet_is_refused() {
        for text in ["+_8", "-/8", "QUJ.", "QUJé", "ＱＵＪＤ"] {
            assert_eq!(decode(text), Err(Error::Base64Invalid), "{text}");
        }
    }

    #[test]
    fn stray_trailing_bits_are_refused() {
        // "QQ" is the only spelling of [0x41]; "QR".."Qf" differ in bits nobody reads.
        for last in 'R'..='Z' {
            assert_eq!(decode(&format!("Q{last}")), Err(Error::Base64NotCanonical));
        }
        let long = "QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUK";
        assert_eq!(decode(long), Err(Error::Base64NotCanonical));
        assert_eq!(decode("Q"), Err(Error::Base64Invalid));
        assert_eq!(decode("QUJDQ"), Err(Error::Base64Invalid));
    }

    #[test]
    fn a_text_longer_than_the_buffer_is_refused() {
        assert_eq!(decode_into(&encode(&[0; 64]), &mut room::<32>()), Err(Error::Base64Invalid));
    }
}
