//! `base64url::decode` against a decoder that goes bit by bit: both accept the same texts and find the same bytes, every accepted
//! text is the one spelling of its bytes, and all bytes come back.

#![no_main]

use libfuzzer_sys::fuzz_target;
use symbolon_jose::base64url;

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fuzz_target!(|input: &[u8]| {
    let encoded = base64url::encode(input);
    assert_eq!(base64url::decode(&encoded).as_deref(), Ok(input));
    assert_eq!(bit_by_bit(&encoded).as_deref(), Some(input));
    let Ok(text) = std::str::from_utf8(input) else { return };
    match base64url::decode(text) {
        Ok(bytes) => {
            assert_eq!(base64url::encode(&bytes), text);
            assert_eq!(bit_by_bit(text), Some(bytes));
        }
        Err(_) => assert_eq!(bit_by_bit(text), None),
    }
});

/// RFC 4648 §5 with every freedom of §3 taken away.
fn bit_by_bit(text: &str) -> Option<Vec<u8>> {
    let mut bits = Vec::new();
    for byte in text.bytes() {
        let value = ALPHABET.iter().position(|letter| *letter == byte)?;
        bits.extend((0..6).rev().map(|bit| value >> bit & 1));
    }
    let rest = bits.len() % 8;
    if rest >= 6 || bits[bits.len() - rest..].contains(&1) {
        return None;
    }
    let byte = |bits: &[usize]| u8::try_from(bits.iter().fold(0, |byte, bit| byte << 1 | bit)).ok();
    bits.chunks_exact(8).map(byte).collect()
}
