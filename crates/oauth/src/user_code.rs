//! The code that a person types from one screen into another (RFC 8628 §6.1).
//!
//! Eight of twenty consonants: no vowels, so that it spells no word, no digits, so that nothing looks like something else, and 34 bits,
//! which is little: whoever guesses must be slowed (§5.1). Case and whatever stands between the letters do not matter.

use std::fmt;

use crate::context::Rng;

const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const LEN: usize = 8;
/// Text longer than this is no code with signs between its letters.
const MAX_INPUT: usize = 64;

/// A user code. `Debug` does not show it, `Display` is how people see it: `WDJB-MJHT`.
///
/// ```
/// use symbolon_oauth::UserCode;
/// let code = UserCode::parse(" wdjb mjht ").unwrap();
/// assert_eq!(code.to_string(), "WDJB-MJHT");
/// assert_eq!(UserCode::parse("WDJB-MJHA"), None);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct UserCode([u8; LEN]);

impl UserCode {
    /// A new one.
    #[must_use]
    pub fn generate(rng: &mut dyn Rng) -> Self {
        let mut code = [0; LEN];
        for letter in &mut code {
            *letter = letter_of(rng);
        }
        Self(code)
    }

    /// What was typed. §6.1: case is ignored, and so are signs that no code has; a letter or digit that none has makes it another text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_INPUT {
            return None;
        }
        let mut letters = text.chars().filter(|sign| sign.is_alphanumeric());
        let mut code = [0; LEN];
        for place in &mut code {
            let letter = u8::try_from(letters.next()?).ok()?.to_ascii_uppercase();
            *place = LETTERS.contains(&letter).then_some(letter)?;
        }
        letters.next().is_none().then_some(Self(code))
    }

    /// SHA-256 of its letters, by which it is found.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        symbolon_jose::sha256(&self.0)
    }
}

/// Each letter is as likely as any other: a byte beyond the last whole round of the alphabet is drawn again.
fn letter_of(rng: &mut dyn Rng) -> u8 {
    const ROUNDS: u8 = 240;
    let mut byte = [0];
    loop {
        rng.fill(&mut byte);
        if byte[0] < ROUNDS {
            return LETTERS[usize::from(byte[0]) % LETTERS.len()];
        }
    }
}

impl fmt::Display for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, letter) in self.0.iter().enumerate() {
            let dash = if at == LEN / 2 { "-" } else { "" };
            write!(f, "{dash}{}", char::from(*letter))?;
        }
        Ok(())
    }
}

impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserCode(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestRng;

    #[test]
    fn case_and_signs_between_do_not_matter_and_other_letters_do_rfc_8628_6_1() {
        let code = UserCode::parse("WDJB-MJHT").unwrap();
        for same in ["wdjbmjht", "W D J B.M J H T", "\u{2011}WDJB\u{2013}mjht\n", "-w-d-j-b-m-j-h-t-"] {
            assert_eq!(UserCode::parse(same).as_ref(), Some(&code), "{same}");
        }
        for other in ["", "WDJB-MJH", "WDJB-MJHTT", "WDJB-MJHA", "WDJB-MJH0", "WDJB-MJHТ", "wdjb-mjhſ", &"-".repeat(65)]
        {
            assert_eq!(UserCode::parse(other), None, "{other}");
        }
        assert_ne!(UserCode::parse("WDJB-MJHS").unwrap().hash(), code.hash());
    }

    #[test]
    fn what_is_generated_reads_back_and_every_letter_comes_up_as_often_rfc_8628_5_1() {
        let mut rng = TestRng::new(3);
        let mut seen = [0_u32; 256];
        for _ in 0..5_000 {
            let code = UserCode::generate(&mut rng);
            assert_eq!(UserCode::parse(&code.to_string()), Some(code.clone()));
            for letter in code.0 {
                seen[usize::from(letter)] += 1;
            }
        }
        for letter in LETTERS {
            let count = seen[usize::from(*letter)];
            assert!((1_800..2_200).contains(&count), "{}: {count}", char::from(*letter));
        }
        assert_eq!(seen.iter().filter(|count| **count > 0).count(), LETTERS.len());
    }

    #[test]
    fn debug_does_not_show_it() {
        assert_eq!(format!("{:?}", UserCode::parse("WDJBMJHT")), "Some(UserCode(..))");
    }
}
