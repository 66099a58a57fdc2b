//! Hashes that other systems made: read on import, kept in one spelling each, verified at sign-in and replaced by one of ours then.
//!
//! A scheme is a file with its parameters, its bounds and its spelling in the database; how other systems write it is in `text.rs`. Refused: what asks
//! for more work or memory than [`HashProblem::TooCostly`] names, since a line of a file must not be able to ask for a terabyte, and what
//! is known to be broken (`$2x$`). A fast hash is never kept as it came: see [`digest`].

mod argon2;
mod bcrypt;
mod digest;
mod firebase;
mod pbkdf2;
mod scrypt;
mod text;
#[cfg(test)]
mod vectors;

pub use self::{
    argon2::Argon2Hash,
    bcrypt::BcryptHash,
    digest::{DigestHash, DigestKind, SaltPlace},
    firebase::{FirebaseHash, FirebaseSettings},
    pbkdf2::{Pbkdf2Hash, Prf},
    scrypt::ScryptHash,
    text::{decode_base64, decode_hex},
};

use std::fmt;

use self::digest::Wrapped;
use super::{
    SALT_LEN,
    phc::{Memory, Parameters, Phc},
};

/// Bytes of a salt at most.
const MAX_SALT: usize = 1024;
/// Bytes of a computed hash.
const HASH_BYTES: std::ops::RangeInclusive<usize> = 16..=128;
/// Standard alphabet without padding, as PHC strings have it.
const B64: base64_simd::Base64 = base64_simd::STANDARD_NO_PAD;

/// Why a hash cannot be taken over. Never holds a part of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum HashProblem {
    /// Of a kind that is known, but not of its form.
    Malformed {
        /// The kind.
        scheme: &'static str,
    },
    /// It asks for more than is computed here.
    TooCostly {
        /// The kind.
        scheme: &'static str,
        /// What there may be at most.
        bound: &'static str,
    },
    /// Of no kind that is known here.
    Unknown,
}

impl fmt::Display for HashProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { scheme } => write!(f, "the {scheme} hash cannot be read"),
            Self::TooCostly { scheme, bound } => {
                write!(f, "the {scheme} hash asks for more than is computed: at most {bound}")
            }
            Self::Unknown => f.write_str("the hash is of no kind that is known"),
        }
    }
}

impl std::error::Error for HashProblem {}

/// A hash that was read from somewhere, within bounds, and not yet as it is kept.
#[derive(Clone)]
pub struct ImportedHash(Read);

#[derive(Clone)]
enum Read {
    Kept(Stored),
    Fast(DigestHash),
}

impl ImportedHash {
    /// Reads a hash as its system writes it in one text; what comes in several has a constructor of its own.
    ///
    /// # Errors
    /// See [`HashProblem`].
    pub fn read(text: &str) -> Result<Self, HashProblem> {
        text::read(text)
    }

    /// Whether it is so fast to compute that it is kept inside an Argon2id hash, which takes as long as hashing a password.
    pub const fn is_fast(&self) -> bool {
        matches!(self.0, Read::Fast(_))
    }

    /// As it is kept, unless that takes a hash of it.
    pub fn text(&self) -> Option<String> {
        match &self.0 {
            Read::Kept(stored) => Some(stored.print()),
            Read::Fast(_) => None,
        }
    }

    /// Whether a hash on record is another system's: nobody has signed in with it since it was taken over.
    pub fn is_of_another_system(stored: &str) -> bool {
        matches!(OnRecord::parse(stored), Some(OnRecord::Theirs(_)))
    }

    /// As it is kept; `None` when there is no memory for it.
    pub(super) fn store(&self, parameters: Parameters, salt: [u8; SALT_LEN], memory: &mut Memory) -> Option<String> {
        match &self.0 {
            Read::Kept(stored) => Some(stored.print()),
            Read::Fast(digest) => Some(digest.wrap(parameters, salt, memory)?.print()),
        }
    }
}

impl fmt::Debug for ImportedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ImportedHash(…)")
    }
}

macro_rules! from_scheme {
    ($($scheme:ident($hash:ty)),*) => {
        $(impl From<$hash> for ImportedHash {
            fn from(hash: $hash) -> Self {
                Self(Read::Kept(Stored::$scheme(hash)))
            }
        })*
    };
}
from_scheme!(Argon2(Argon2Hash), Bcrypt(BcryptHash), Firebase(FirebaseHash), Pbkdf2(Pbkdf2Hash), Scrypt(ScryptHash));

impl From<DigestHash> for ImportedHash {
    fn from(hash: DigestHash) -> Self {
        Self(Read::Fast(hash))
    }
}

/// A hash of another system as it stands in the database.
#[derive(Clone)]
pub(super) enum Stored {
    Argon2(Argon2Hash),
    Bcrypt(BcryptHash),
    Firebase(FirebaseHash),
    Pbkdf2(Pbkdf2Hash),
    Scrypt(ScryptHash),
    Wrapped(Wrapped),
}

impl Stored {
    /// The inverse of [`Stored::print`], within the same bounds as on import.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix('$')?.split('$').next()? {
            "2a" | "2b" | "2y" | "django-bcrypt-sha256" => BcryptHash::parse(text).ok().map(Self::Bcrypt),
            "argon2d" | "argon2i" | "argon2id" => Argon2Hash::parse(text).ok().map(Self::Argon2),
            "digest" => Wrapped::parse(text).map(Self::Wrapped),
            "firebase-scrypt" => FirebaseHash::parse(text).map(Self::Firebase),
            "scrypt" => ScryptHash::parse(text).ok().map(Self::Scrypt),
            name if name.starts_with("pbkdf2-") => Pbkdf2Hash::parse(text).ok().map(Self::Pbkdf2),
            _ => None,
        }
    }

    fn print(&self) -> String {
        match self {
            Self::Argon2(hash) => hash.print(),
            Self::Bcrypt(hash) => hash.print(),
            Self::Firebase(hash) => hash.print(),
            Self::Pbkdf2(hash) => hash.print(),
            Self::Scrypt(hash) => hash.print(),
            Self::Wrapped(hash) => hash.print(),
        }
    }

    /// Whether the password is the one hashed; `None` when there is no memory to find out.
    pub(super) fn verify(&self, password: &[u8], memory: &mut Memory) -> Option<bool> {
        match self {
            Self::Argon2(hash) => hash.verify(password, memory),
            Self::Bcrypt(hash) => Some(hash.verify(password)),
            Self::Firebase(hash) => hash.verify(password),
            Self::Pbkdf2(hash) => Some(hash.verify(password)),
            Self::Scrypt(hash) => hash.verify(password),
            Self::Wrapped(hash) => hash.verify(password, memory),
        }
    }

    /// What verifying takes: the same for all hashes that take the same.
    pub(super) fn cost(&self) -> (&'static str, u64) {
        match self {
            Self::Argon2(hash) => ("argon2", hash.work()),
            Self::Bcrypt(hash) => ("bcrypt", hash.work()),
            Self::Firebase(hash) => ("firebase-scrypt", hash.work()),
            Self::Pbkdf2(hash) => (hash.name(), hash.work()),
            Self::Scrypt(hash) => ("scrypt", hash.work()),
            Self::Wrapped(hash) => ("digest", hash.work()),
        }
    }

    /// Whether a password that matches is the one that was set, whole: bcrypt looks at the first 72 bytes.
    pub(super) fn sees_all_of(&self, password: &[u8]) -> bool {
        !matches!(self, Self::Bcrypt(hash) if !hash.sees_all_of(password))
    }
}

/// What stands on record as one of ours, or as one of another system.
pub(super) enum OnRecord {
    Ours(Phc),
    Theirs(Box<Stored>),
}

impl OnRecord {
    pub(super) fn parse(text: &str) -> Option<Self> {
        Phc::parse(text).map(Self::Ours).or_else(|| Stored::parse(text).map(|stored| Self::Theirs(Box::new(stored))))
    }
}

/// In constant time.
fn same(computed: &[u8], known: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(computed, known).is_ok()
}

/// Decimal without sign and leading zeros, as PHC strings write numbers.
fn number(text: &str) -> Option<u32> {
    super::phc::number(text)
}

/// Salt and hash of usual length, from the alphabet that PHC strings have.
fn salt_and_hash(salt: &str, hash: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let (salt, hash) = (B64.decode_to_vec(salt).ok()?, B64.decode_to_vec(hash).ok()?);
    usual(&salt, &hash).then_some((salt, hash))
}

fn usual(salt: &[u8], hash: &[u8]) -> bool {
    salt.len() <= MAX_SALT && HASH_BYTES.contains(&hash.len())
}
