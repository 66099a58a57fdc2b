//! Passwords (security 1g, design §9): the policy for new ones, and Argon2id in a bounded pool.
//!
//! A [`Password`] is parsed once at the door: bounded, normalised, wiped on drop. [`Policy`] judges new
//! ones; [`Pool`] hashes and verifies without letting a flood of sign-ins take memory or processors.
//! Refused: passwords over 256 characters (before hashing). Hashes that other systems made are in [`imported`]; ours are Argon2id version 19.

mod common;
pub mod imported;
pub mod leaked;
mod pace;
mod phc;
mod policy;
mod pool;
mod queue;
mod settings;
mod tune;
mod verdict;

pub use self::{
    pace::SlowKind,
    phc::Parameters,
    policy::{PasswordProblem, Policy},
    pool::{Overloaded, Pool, SALT_LEN},
    settings::PoolSettings,
    tune::measure,
    verdict::Verdict,
};

use std::fmt;

use symbolon_store::User;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// Most characters of a password; more are refused before any work is done (security 115).
pub const MAX_CHARS: usize = 256;

/// The salt of hashes that stand in an account's place for a password until it has a new one. What is hashed is random and known to nobody, so a salt
/// has nothing to keep apart there, and says what the hash is.
pub(crate) const LOCK: [u8; SALT_LEN] = *b"locked by letter";

/// Whether no password signs this user in until there is a new one: their hash is no password's, but stands in the place of one ([`LOCK`]).
pub(crate) fn is_shut(user: &User) -> bool {
    let hash = user.password_hash.as_deref().and_then(phc::Phc::parse);
    hash.is_some_and(|hash| hash.has_salt(LOCK))
}

/// A password as somebody typed it: bounded, in NFC, never printed, wiped on drop.
///
/// Nothing is trimmed, folded or cut off. NFC is what NIST SP 800-63B-4 §3.1.1.2 asks for ("the verifier
/// SHOULD apply the normalization process for stabilized strings using … NFC"), and RFC 8265 §4.2 too:
/// the same letters from two keyboards are one password, and letters that only look alike stay two.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes a password from a form, a prompt or a file.
    ///
    /// # Errors
    /// [`PasswordProblem::TooLong`] for more than [`MAX_CHARS`] characters. At sign-in that is a wrong password.
    pub fn parse(typed: &str) -> Result<Self, PasswordProblem> {
        if typed.chars().nth(MAX_CHARS).is_some() {
            return Err(PasswordProblem::TooLong { max_chars: MAX_CHARS });
        }
        // Composition may triple a character's bytes (UAX 15 §9); with room for it no copy is left behind.
        let mut normal = Zeroizing::new(String::with_capacity(typed.len() * 3));
        normal.extend(typed.nfc());
        Ok(Self(normal))
    }

    fn text(&self) -> &str {
        &self.0
    }

    fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_trimmed_folded_or_cut() {
        for text in [" two spaces  ", "MixedCase", "tab\tand\u{0}nul", "пароль", "🐉🐉"] {
            assert_eq!(Password::parse(text).unwrap().text(), text);
        }
    }

    #[test]
    fn two_spellings_of_one_letter_are_one_password() {
        assert_eq!(Password::parse("cafe\u{301}").unwrap().text(), Password::parse("caf\u{e9}").unwrap().text());
        // NFC keeps what merely looks alike apart.
        assert_ne!(Password::parse("x²").unwrap().text(), Password::parse("x2").unwrap().text());
    }

    #[test]
    fn more_than_256_characters_are_refused_before_hashing() {
        assert!(Password::parse(&"ä".repeat(256)).is_ok());
        assert_eq!(Password::parse(&"a".repeat(257)).unwrap_err(), PasswordProblem::TooLong { max_chars: 256 });
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Password::parse("hunter2hunter2").unwrap()), "Password(…)");
    }
}
