//! Files that are the same for everybody, sent compressed to whoever takes that.
//!
//! Pages are not: they hold tokens beside words that a caller chose, and how well the two compress together tells of the tokens
//! (BREACH).

use axum::response::{IntoResponse as _, Response};
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, VARY};
use http::{HeaderMap, HeaderValue};
use miniz_oxide::deflate::compress_to_vec_zlib;

/// The best there is: it is done once.
const LEVEL: u8 = 10;

/// A file, and what is left of it.
pub(super) struct Compressed {
    plain: &'static [u8],
    /// In the format of RFC 1950, which is what `deflate` means (RFC 9110 §8.4.1.2).
    deflated: Vec<u8>,
}

impl Compressed {
    /// Compresses `plain`.
    pub(super) fn new(plain: &'static [u8]) -> Self {
        Self { plain, deflated: compress_to_vec_zlib(plain, LEVEL) }
    }

    /// The file as the one who asks takes it; caches are told that this depends on who asks.
    pub(super) fn answer(&'static self, asked: &HeaderMap) -> Response {
        let mut response = if takes_deflate(asked) {
            ([(CONTENT_ENCODING, "deflate")], &*self.deflated).into_response()
        } else {
            self.plain.into_response()
        };
        response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
        response
    }
}

/// Whether `Accept-Encoding` names `deflate`, and not as refused by a weight of zero (RFC 9110 §12.5.3).
fn takes_deflate(asked: &HeaderMap) -> bool {
    let values = asked.get_all(ACCEPT_ENCODING).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case("deflate") && weight.is_some_and(|weight| weight > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_unfolds_to_the_file() {
        let file = include_bytes!("../../templates/style.css");
        let deflated = Compressed::new(file).deflated;
        assert_eq!(miniz_oxide::inflate::decompress_to_vec_zlib(&deflated).unwrap(), file);
        assert!(deflated.len() < file.len() / 3, "{} of {} bytes", deflated.len(), file.len());
    }

    #[test]
    fn deflate_is_sent_to_those_who_name_it() {
        let takes = |value: &'static str| {
            takes_deflate(&HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]))
        };
        for value in ["deflate", "gzip, deflate, br, zstd", "gzip;q=1.0, Deflate;q=0.5", "gzip , deflate ; q=1"] {
            assert!(takes(value), "{value}");
        }
        for value in ["", "gzip, br", "*", "deflate;q=0", "deflate;q=0.000", "deflate;q=x", "xdeflate", "identity"] {
            assert!(!takes(value), "{value}");
        }
        assert!(!takes_deflate(&HeaderMap::new()));
    }
}
