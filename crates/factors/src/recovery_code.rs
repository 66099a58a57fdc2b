//! Recovery codes: the way in when the second factor is lost (NIST SP 800-63B §3.1.2 calls them look-up secrets).
//!
//! Sixteen letters of an alphabet of 32 without those that look like another: 80 bits, so that who steals their hashes finds none of them
//! by trying. They are typed rarely, from paper: case and signs between do not matter, and O, I and L are read as the digits they look like.

use std::fmt;

use symbolon_jose::sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// How many somebody gets at once.
pub const COUNT: usize = 10;
/// Random bytes that make a code.
pub const RANDOM_LEN: usize = LEN;

const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LEN: usize = 16;
const GROUP: usize = 4;
/// Text longer than this is no code with signs between its letters.
const MAX_INPUT: usize = 64;

/// A recovery code. `Debug` does not show it, `Display` is how people see it: `7KQ2-M0XD-…`.
///
/// ```
/// use symbolon_factors::RecoveryCode;
/// let code = RecoveryCode::parse("0123 4567 89ab cdef").unwrap();
/// assert_eq!(code.to_string(), "0123-4567-89AB-CDEF");
/// assert_eq!(RecoveryCode::parse("oI23-4567-89AB-CDEF"), Some(code));
/// assert_eq!(RecoveryCode::parse("123456"), None);
/// ```
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct RecoveryCode([u8; LEN]);

impl RecoveryCode {
    /// The code that these unpredictable bytes make; five bits of each count, so every letter is as likely as any other.
    #[must_use]
    pub fn from_random(bytes: [u8; RANDOM_LEN]) -> Self {
        Self(bytes.map(|byte| LETTERS[usize::from(byte % 32)]))
    }

    /// What was typed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_INPUT {
            return None;
        }
        let mut letters = text.chars().filter(|sign| sign.is_alphanumeric());
        let mut code = [0; LEN];
        for place in &mut code {
            let letter = match u8::try_from(letters.next()?).ok()?.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                letter => letter,
            };
            *place = LETTERS.contains(&letter).then_some(letter)?;
        }
        letters.next().is_none().then_some(Self(code))
    }

    /// What is stored: SHA-256 over the user it is for and its letters, so that one code says nothing about anybody else's.
    #[must_use]
    pub fn hash(&self, user_id: &str) -> [u8; 32] {
        sha256(&[b"recovery code\0", user_id.as_bytes(), b"\0", &self.0].concat())
    }
}

impl fmt::Display for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, letter) in self.0.iter().enumerate() {
            let dash = if at % GROUP == 0 && at > 0 { "-" } else { "" };
            write!(f, "{dash}{}", char::from(*letter))?;
        }
        Ok(())
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_signs_between_and_letters_that_look_alike_do_not_matter() {
        let code = RecoveryCode::parse("0123-4567-89AB-CDEF").unwrap();
        for same in ["0123456789abcdef", "O123\u{2011}4567\u{2013}89AB\nCDEF", " oi23 4567 89ab cdef "] {
            assert_eq!(RecoveryCode::parse(same).as_ref(), Some(&code), "{same}");
        }
        for other in [
            "",
            "0123-4567-89AB-CDE",
            "0123-4567-89AB-CDEFG",
            "U123-4567-89AB-CDEF",
            "ä123456789abcdef",
            &"-".repeat(65),
        ] {
            assert_eq!(RecoveryCode::parse(other), None, "{other}");
        }
        assert_eq!(format!("{code:?}"), "RecoveryCode(..)");
    }

    #[test]
    fn every_letter_comes_from_as_many_bytes_and_reads_back() {
        let mut seen = [0_u32; 256];
        for byte in 0..=255 {
            let code = RecoveryCode::from_random([byte; RANDOM_LEN]);
            assert_eq!(RecoveryCode::parse(&code.to_string()), Some(code.clone()));
            seen[usize::from(code.0[0])] += 1;
        }
        assert!(LETTERS.iter().all(|letter| seen[usize::from(*letter)] == 8));
    }

    #[test]
    fn a_hash_is_of_one_user_and_one_code() {
        let (one, other) = (RecoveryCode::from_random([1; 16]), RecoveryCode::from_random([2; 16]));
        assert_ne!(one.hash("ada"), other.hash("ada"));
        assert_ne!(one.hash("ada"), one.hash("bob"));
        assert_eq!(one.hash("ada"), RecoveryCode::parse("1111 1111 1111 1111").unwrap().hash("ada"));
    }
}
