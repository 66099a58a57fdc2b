//! DEFLATE (RFC 1951) before encryption and after decryption, with a hard bound on what comes out.

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};
use zeroize::Zeroizing;

use crate::Error;

/// miniz's usual level: more costs time and gains little.
const LEVEL: u8 = 6;

pub(super) fn compress(content: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(compress_to_vec(content, LEVEL))
}

/// What was compressed, of at most `max` bytes.
pub(super) fn decompress(compressed: &[u8], max: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
    decompress_to_vec_with_limit(compressed, max).map(Zeroizing::new).map_err(|error| match error.status {
        TINFLStatus::HasMoreOutput => Error::DecompressionTooLong,
        _ => Error::DecompressionInvalid,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_out_is_bounded_to_the_byte() {
        let content = vec![0; 100_000];
        let compressed = compress(&content);
        assert!(compressed.len() < 200);
        assert_eq!(*decompress(&compressed, 100_000).unwrap(), content);
        assert_eq!(decompress(&compressed, 99_999), Err(Error::DecompressionTooLong));
        assert_eq!(decompress(&compressed, 0), Err(Error::DecompressionTooLong));
    }

    #[test]
    fn what_is_not_deflate_is_refused() {
        let compressed = compress(b"some content that is long enough to be cut off");
        for bytes in [&b""[..], b"\xff\xff\xff", b"plain text", &compressed[..10]] {
            assert_eq!(decompress(bytes, 1000), Err(Error::DecompressionInvalid), "{bytes:?}");
        }
    }
}
