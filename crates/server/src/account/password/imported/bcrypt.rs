//! bcrypt as everybody writes it, `$2b$12$…` with `$2a$` and `$2y$`, and Django's `bcrypt_sha256`, where it hashes the hexadecimal SHA-256.
//!
//! Refused: `$2x$`, whose hashes were made by a faulty implementation, and a cost above 14.

use aws_lc_rs::digest;
use zeroize::Zeroizing;

use super::{HashProblem, Scheme, number};
use crate::account::password::phc::Memory;

const SCHEME: &str = "bcrypt";
/// At most; about a second.
const MAX_COST: u32 = 14;
/// Below it is weak (OWASP).
const WEAK: u32 = 10;
/// Characters of salt and hash.
const TAIL: usize = 53;
/// Characters of the hash alone.
const HASH: usize = 31;
/// How the variant begins that hashes a SHA-256.
const HEX_SHA_256: &str = "$django-bcrypt-sha256";
/// Bytes of a password that bcrypt looks at.
const SEEN: usize = 72;

/// A bcrypt hash.
#[derive(Clone)]
pub struct BcryptHash {
    /// From `$2b$` on.
    text: String,
    cost: u32,
    of: Of,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    HexSha256,
    Password,
}

impl BcryptHash {
    /// Reads one.
    ///
    /// # Errors
    /// [`HashProblem`], for a cost above 14 too.
    pub fn parse(text: &str) -> Result<Self, HashProblem> {
        let (of, text) = match text.strip_prefix(HEX_SHA_256) {
            Some(rest) => (Of::HexSha256, rest),
            None => (Of::Password, text),
        };
        let malformed = HashProblem::Malformed { scheme: SCHEME };
        let rest = ["$2a$", "$2b$", "$2y$"].iter().find_map(|prefix| text.strip_prefix(prefix));
        let (cost, tail) = rest.and_then(|rest| rest.split_once('$')).ok_or_else(|| malformed.clone())?;
        let cost = (cost.len() == 2).then(|| number(cost.strip_prefix('0').unwrap_or(cost))).flatten();
        let cost = cost.ok_or_else(|| malformed.clone())?;
        let plain = tail.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'/');
        // What the library cannot read it would call a wrong password for ever.
        if tail.len() != TAIL || !plain || text.parse::<bcrypt::HashParts>().is_err() {
            return Err(malformed);
        }
        if cost > MAX_COST {
            return Err(HashProblem::TooCostly { scheme: SCHEME, bound: "cost 14" });
        }
        if cost < 4 {
            return Err(malformed);
        }
        Ok(Self { text: text.to_owned(), cost, of })
    }

    /// The same over the hexadecimal SHA-256 of the password, as Django's `BCryptSHA256PasswordHasher` makes it.
    #[must_use]
    pub fn of_hex_sha256(self) -> Self {
        Self { of: Of::HexSha256, ..self }
    }
}

impl Scheme for BcryptHash {
    fn print(&self) -> String {
        match self.of {
            Of::HexSha256 => format!("{HEX_SHA_256}{}", self.text),
            Of::Password => self.text.clone(),
        }
    }

    fn known(&self) -> &[u8] {
        last(&self.text)
    }

    fn blank(&self) -> Self {
        let recipe = &self.text[..self.text.len() - HASH];
        Self { text: format!("{recipe}{}", ".".repeat(HASH)), ..*self }
    }

    /// In bcrypt's alphabet, as in the text.
    fn derive(&self, password: &[u8], _: &mut Memory) -> Option<Zeroizing<Vec<u8>>> {
        let salt = self.text.parse::<bcrypt::HashParts>().ok()?.get_salt_raw();
        let computed = match self.of {
            Of::HexSha256 => {
                let hashed = digest::digest(&digest::SHA256, password);
                let digit = |half: u8| b"0123456789abcdef"[usize::from(half)];
                let hex = hashed.as_ref().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
                bcrypt::hash_with_salt(Zeroizing::new(hex.collect::<Vec<u8>>()), self.cost, salt)
            }
            Of::Password => bcrypt::hash_with_salt(password, self.cost, salt),
        };
        Some(Zeroizing::new(last(&Zeroizing::new(computed.ok()?.to_string())).to_vec()))
    }

    fn cost(&self) -> (&'static str, u64) {
        ("bcrypt", self.cost.into())
    }

    fn is_weak(&self) -> bool {
        self.cost < WEAK
    }

    fn sees_all_of(&self, password: &[u8]) -> bool {
        self.of == Of::HexSha256 || password.len() <= SEEN
    }
}

fn last(text: &str) -> &[u8] {
    let bytes = text.as_bytes();
    &bytes[bytes.len().saturating_sub(HASH)..]
}

#[cfg(test)]
pub(super) fn hash_of(password: &str) -> BcryptHash {
    BcryptHash::parse(&bcrypt::hash(password, 4).expect("a cheap hash")).expect("its own form")
}
