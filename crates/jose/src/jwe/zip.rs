//! DEFLATE (RFC 1951) before encryption and after decryption, with a hard bound on what comes out.
//!
//! Refused: what is cut off, what has bytes behind its end, and what is longer than the bound.

use super::plaintext::Plaintext;
use crate::Error;
use miniz_oxide::deflate::core::compress as deflate;
use miniz_oxide::deflate::core::{CompressorOxide, TDEFLFlush, TDEFLStatus, create_comp_flags_from_zip_params};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress as inflate};

/// miniz's usual level: more costs time and gains little.
const LEVEL: i32 = 6;

/// Below zero: DEFLATE as it is, without a frame.
const WINDOW_BITS: i32 = -15;

/// How much room is tried first, for each byte of input.
const USUAL_RATIO: usize = 4;

/// With `more` bytes of room behind. As below it begins again where the room does not do.
pub(super) fn compress(content: &[u8], more: usize) -> Plaintext {
    // DEFLATE (RFC 1951 §3.2.4) makes what cannot be compressed longer by some bytes.
    let mut room = content.len() + 64;
    loop {
        let mut compressed = Plaintext::new(vec![0; room + more]);
        let mut state = CompressorOxide::new(create_comp_flags_from_zip_params(LEVEL, WINDOW_BITS, 0));
        let (status, consumed, written) = deflate(&mut state, content, &mut compressed[..room], TDEFLFlush::Finish);
        if status == TDEFLStatus::Done && consumed == content.len() {
            compressed.truncate(written);
            return compressed;
        }
        room = room.saturating_mul(2);
    }
}

/// What was compressed, of at most `max` bytes.
///
/// Where the room does not do, it begins again with more: a buffer that grows would leave copies of the content behind.
pub(super) fn decompress(compressed: &[u8], max: usize) -> Result<Plaintext, Error> {
    let mut room = compressed.len().saturating_mul(USUAL_RATIO).min(max);
    loop {
        let mut content = Plaintext::new(vec![0; room]);
        let mut state = DecompressorOxide::new();
        let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let (status, consumed, written) = inflate(&mut state, compressed, &mut content, 0, flags);
        match status {
            TINFLStatus::Done if consumed == compressed.len() => {
                content.truncate(written);
                return Ok(content);
            }
            TINFLStatus::HasMoreOutput if room < max => room = room.saturating_mul(USUAL_RATIO).clamp(1, max),
            TINFLStatus::HasMoreOutput => return Err(Error::DecompressionTooLong),
            _ => return Err(Error::DecompressionInvalid),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_out_is_bounded_to_the_byte() {
        let content = vec![0; 100_000];
        let compressed = compress(&content, 0);
        assert!(compressed.len() < 200);
        assert_eq!(*decompress(&compressed, 100_000).unwrap(), content);
        assert_eq!(decompress(&compressed, 99_999), Err(Error::DecompressionTooLong));
        assert_eq!(decompress(&compressed, 0), Err(Error::DecompressionTooLong));
        assert_eq!(*decompress(&compress(b"", 0), 0).unwrap(), b"");
    }

    #[test]
    fn what_is_not_deflate_is_refused() {
        let compressed = compress(b"some content that is long enough to be cut off", 0);
        for bytes in [&b""[..], b"\xff\xff\xff", b"plain text", &compressed[..10]] {
            assert_eq!(decompress(bytes, 1000), Err(Error::DecompressionInvalid), "{bytes:?}");
        }
    }

    #[test]
    fn bytes_behind_the_end_are_refused() {
        for content in [&b""[..], b"hello", &[7; 5_000]] {
            let compressed = compress(content, 0);
            for more in [&b"\0"[..], b"more", &[0; 100]] {
                let longer = [&compressed[..], more].concat();
                assert_eq!(decompress(&longer, 10_000), Err(Error::DecompressionInvalid), "{more:?}");
            }
        }
    }
}
