//! Just enough DER to take a key apart that the back end has made: PKCS#8 (RFC 5208 §5) around PKCS#1 (RFC 8017 A.1.2).
//!
//! Never used on anything from outside.

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// n, e, d, p, q, dp, dq, qi, big-endian without leading zeros.
pub(super) fn rsa_integers(pkcs8: &[u8]) -> Option<[&[u8]; 8]> {
    let (info, _) = element(pkcs8, SEQUENCE)?;
    let (_version, rest) = element(info, INTEGER)?;
    let (_algorithm, rest) = element(rest, SEQUENCE)?;
    let (key, _) = element(rest, OCTET_STRING)?;
    let (key, _) = element(key, SEQUENCE)?;
    let (_version, mut rest) = element(key, INTEGER)?;
    let mut integers: [&[u8]; 8] = [&[]; 8];
    for integer in &mut integers {
        let (bytes, after) = element(rest, INTEGER)?;
        *integer = match bytes {
            [0, shorter @ ..] => shorter,
            bytes => bytes,
        };
        rest = after;
    }
    Some(integers)
}

/// The content of the first element, which must have this tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = der.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81 | 0x82 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            let length = bytes.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte));
            (length, rest)
        }
        _ => return None,
    };
    (first == tag).then(|| rest.split_at_checked(length))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_off_or_foreign_input_is_refused() {
        assert_eq!(rsa_integers(b""), None);
        assert_eq!(rsa_integers(&[SEQUENCE, 0x82, 0x01]), None);
        assert_eq!(rsa_integers(&[SEQUENCE, 0x03, INTEGER, 0x01, 0x00]), None);
        assert_eq!(element(&[INTEGER, 0x01, 0x05], SEQUENCE), None);
        assert_eq!(element(&[INTEGER, 0x84, 0, 0, 0, 1, 5], INTEGER), None);
    }
}
