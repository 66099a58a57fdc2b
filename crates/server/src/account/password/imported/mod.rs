//! Hashes that other systems made: read on import, kept in one spelling each, verified at sign-in and replaced by one of ours then.
//!
//! A scheme is a file with its parameters, its bounds and its spelling in the database; how other systems write it is in `text.rs`. Refused: what asks
//! for more work or memory than [`HashProblem::TooCostly`] names, since a line of a file must not be able to ask for a terabyte, and what
//! is known to be broken (`$2x$`). What is cheap to guess is never kept as it came (`Stored`).

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
use std::sync::Arc;

use zeroize::Zeroizing;

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

/// A hash that was read from somewhere, within bounds, and perhaps not yet as it is kept.
#[derive(Clone)]
pub struct ImportedHash(Stored);

impl ImportedHash {
    /// Reads a hash as its system writes it in one text; what comes in several has a constructor of its own.
    ///
    /// # Errors
    /// See [`HashProblem`].
    pub fn read(text: &str) -> Result<Self, HashProblem> {
        text::read(text)
    }

    /// Whether guessing it is so cheap that it is kept inside an Argon2id hash, which takes as long as hashing a password.
    pub fn is_weak(&self) -> bool {
        self.0.around.is_none() && self.0.scheme.is_weak()
    }

    /// As [`ImportedHash::read`] takes it; a weak one is not kept so.
    pub fn text(&self) -> String {
        self.0.print()
    }

    /// Whether a hash on record is another system's: nobody has signed in with it since it was taken over.
    pub fn is_of_another_system(stored: &str) -> bool {
        matches!(OnRecord::parse(stored), Some(OnRecord::Theirs(_)))
    }

    /// As it is kept; `None` when there is no memory for it.
    pub(super) fn store(&self, parameters: Parameters, salt: [u8; SALT_LEN], memory: &mut Memory) -> Option<String> {
        if !self.is_weak() {
            return Some(self.text());
        }
        // What is kept has to be read again, by another installation too.
        let costs = if argon2::is_within_bounds(parameters) { parameters } else { Parameters::default() };
        let around = Phc::of(costs, self.0.scheme.known(), salt, memory)?;
        Some(Stored { scheme: self.0.scheme.blank_shared(), around: Some(around) }.print())
    }
}

impl fmt::Debug for ImportedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ImportedHash(…)")
    }
}

/// What a kind of hash can do.
trait Scheme {
    /// In the spelling of the database.
    fn print(&self) -> String;

    /// The hash.
    fn known(&self) -> &[u8];

    /// The same without the hash: zeros of its length.
    fn blank(&self) -> Self
    where
        Self: Sized;

    /// What is compared with the hash; `None` when there is no memory for it.
    fn derive(&self, password: &[u8], memory: &mut Memory) -> Option<Zeroizing<Vec<u8>>>;

    /// A name and how much of it: of one name, more takes longer.
    fn cost(&self) -> (&'static str, u64);

    /// Whether it is far cheaper to guess than what is made today.
    fn is_weak(&self) -> bool;

    /// KiB that it takes beyond what a thread of the pool keeps.
    fn extra_kib(&self, _kept: u32) -> u32 {
        0
    }

    /// Whether a password that matches is the one that was set, whole: bcrypt looks at the first 72 bytes.
    fn sees_all_of(&self, _password: &[u8]) -> bool {
        true
    }
}

/// [`Scheme`] of whatever kind.
trait AnyScheme: Scheme + Send + Sync {
    fn blank_shared(&self) -> Arc<dyn AnyScheme>;
}

impl<S: Scheme + Send + Sync + 'static> AnyScheme for S {
    fn blank_shared(&self) -> Arc<dyn AnyScheme> {
        Arc::new(self.blank())
    }
}

macro_rules! from_scheme {
    ($($hash:ty),*) => {
        $(impl From<$hash> for ImportedHash {
            fn from(hash: $hash) -> Self {
                Self(Stored::bare(hash))
            }
        })*
    };
}
from_scheme!(Argon2Hash, BcryptHash, DigestHash, FirebaseHash, Pbkdf2Hash, ScryptHash);

/// A hash of another system as it stands in the database.
///
/// A weak one is not kept as it came, but as an Argon2id hash of it with how to get there, so that whoever steals the database has to compute Argon2id
/// for each guess from the day of the import on, not only once its owner has signed in: `$wrapped$argon2id$…$digest$a=sha-1,s=after,n=1$SALT$AAAA…`,
/// with zeros where the hash was.
#[derive(Clone)]
pub(super) struct Stored {
    scheme: Arc<dyn AnyScheme>,
    /// The hash of ours around it.
    around: Option<Phc>,
}

/// Before a hash that would be taken for one of ours: its owner has not signed in here yet.
const IMPORTED: &str = "$imported";
/// Before the hash of ours and the recipe of the weak one inside.
const WRAPPED: &str = "$wrapped";
/// Fields of a hash of ours.
const FIELDS: usize = 5;

impl Stored {
    fn bare(scheme: impl AnyScheme + 'static) -> Self {
        Self { scheme: Arc::new(scheme), around: None }
    }

    /// The inverse of [`Stored::print`], within the same bounds as on import.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let Some(wrapped) = text.strip_prefix(WRAPPED) else {
            return Self::parse_bare(text.strip_prefix(IMPORTED).unwrap_or(text));
        };
        let (around, inside) = wrapped.split_at(wrapped.match_indices('$').nth(FIELDS)?.0);
        let around = Phc::parse(around)?;
        let stored = match DigestHash::parse(inside) {
            Some(digest) => Self::bare(digest),
            None => Self::parse_bare(inside)?,
        };
        // A line of a file may hold this text, too.
        argon2::is_within_bounds(around.parameters).then_some(Self { around: Some(around), ..stored })
    }

    fn parse_bare(text: &str) -> Option<Self> {
        match text.strip_prefix('$')?.split('$').next()? {
            "2a" | "2b" | "2y" | "django-bcrypt-sha256" => BcryptHash::parse(text).ok().map(Self::bare),
            "argon2d" | "argon2i" | "argon2id" => Argon2Hash::parse(text).ok().map(Self::bare),
            "firebase-scrypt" => FirebaseHash::parse(text).map(Self::bare),
            "scrypt" => ScryptHash::parse(text).ok().map(Self::bare),
            name if name.starts_with("pbkdf2-") => Pbkdf2Hash::parse(text).ok().map(Self::bare),
            _ => None,
        }
    }

    fn print(&self) -> String {
        let scheme = self.scheme.print();
        match &self.around {
            Some(around) => format!("{WRAPPED}{}{scheme}", around.print()),
            None if Phc::parse(&scheme).is_some() => format!("{IMPORTED}{scheme}"),
            None => scheme,
        }
    }

    /// Whether the password is the one hashed; `None` when there is no memory to find out.
    pub(super) fn verify(&self, password: &[u8], memory: &mut Memory) -> Option<bool> {
        let computed = self.scheme.derive(password, memory)?;
        match &self.around {
            Some(around) => around.verify(&computed, memory),
            None => Some(aws_lc_rs::constant_time::verify_slices_are_equal(&computed, self.scheme.known()).is_ok()),
        }
    }

    /// What verifying takes: the same for all hashes that take the same, and of one name more takes longer.
    pub(super) fn cost(&self) -> (String, u64) {
        let (name, work) = self.scheme.cost();
        (if self.around.is_some() { format!("wrapped-{name}") } else { name.to_owned() }, work)
    }

    /// KiB that it takes beyond what a thread of the pool keeps.
    pub(super) fn extra_kib(&self, kept: u32) -> u32 {
        let around = self.around.as_ref().map_or(0, |around| around.parameters.memory_kib.saturating_sub(kept));
        self.scheme.extra_kib(kept).max(around)
    }

    /// Whether a password that matches is the one that was set, whole.
    pub(super) fn sees_all_of(&self, password: &[u8]) -> bool {
        self.scheme.sees_all_of(password)
    }
}

/// What stands on record as one of ours, or as one of another system.
pub(super) enum OnRecord {
    Ours(Phc),
    Theirs(Stored),
}

impl OnRecord {
    pub(super) fn parse(text: &str) -> Option<Self> {
        Phc::parse(text).map(Self::Ours).or_else(|| Stored::parse(text).map(Self::Theirs))
    }

    /// KiB that it takes beyond what a thread of the pool keeps.
    pub(super) fn extra_kib(&self, kept: u32) -> u32 {
        match self {
            Self::Ours(phc) => phc.parameters.memory_kib.saturating_sub(kept),
            Self::Theirs(stored) => stored.extra_kib(kept),
        }
    }
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
