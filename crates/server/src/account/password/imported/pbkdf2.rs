//! PBKDF2 (RFC 8018 §5.2) with SHA-1, SHA-256, SHA-384 or SHA-512, kept as PHC string: `$pbkdf2-sha256$i=600000$SALT$HASH`.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2::{self, PBKDF2_HMAC_SHA1, PBKDF2_HMAC_SHA256, PBKDF2_HMAC_SHA384, PBKDF2_HMAC_SHA512};
use zeroize::Zeroizing;

use super::{B64, HashProblem, Scheme, number, salt_and_hash, usual};
use crate::account::password::phc::Memory;

const SCHEME: &str = "PBKDF2";
/// Iterations of all blocks of the output at most, about a second: Keycloak asks for 1,300,000 with SHA-1 and four blocks.
const MAX_WORK: u64 = 6_000_000;

/// What PBKDF2 is made of: HMAC with one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prf {
    /// HMAC-SHA-1.
    Sha1,
    /// HMAC-SHA-256.
    Sha256,
    /// HMAC-SHA-384.
    Sha384,
    /// HMAC-SHA-512.
    Sha512,
}

impl Prf {
    /// By the name that most systems have for it: `sha1`, `sha256`, `sha512`.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "sha1" => Self::Sha1,
            "sha256" => Self::Sha256,
            "sha384" => Self::Sha384,
            "sha512" => Self::Sha512,
            _ => return None,
        })
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "pbkdf2-sha1",
            Self::Sha256 => "pbkdf2-sha256",
            Self::Sha384 => "pbkdf2-sha384",
            Self::Sha512 => "pbkdf2-sha512",
        }
    }

    /// Iterations below which a hash is weak, as OWASP asks for them.
    const fn weak_below(self) -> u32 {
        match self {
            Self::Sha1 => 1_300_000,
            Self::Sha256 => 600_000,
            Self::Sha384 | Self::Sha512 => 210_000,
        }
    }

    const fn len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    const fn algorithm(self) -> pbkdf2::Algorithm {
        match self {
            Self::Sha1 => PBKDF2_HMAC_SHA1,
            Self::Sha256 => PBKDF2_HMAC_SHA256,
            Self::Sha384 => PBKDF2_HMAC_SHA384,
            Self::Sha512 => PBKDF2_HMAC_SHA512,
        }
    }
}

/// A PBKDF2 hash.
#[derive(Clone)]
pub struct Pbkdf2Hash {
    prf: Prf,
    iterations: NonZeroU32,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Pbkdf2Hash {
    /// From its parts.
    ///
    /// # Errors
    /// [`HashProblem`], for more than 6,000,000 iterations too, counted for each block of the output.
    pub fn new(prf: Prf, iterations: u32, salt: Vec<u8>, hash: Vec<u8>) -> Result<Self, HashProblem> {
        let blocks = hash.len().div_ceil(prf.len()) as u64;
        if u64::from(iterations) * blocks > MAX_WORK {
            return Err(HashProblem::TooCostly { scheme: SCHEME, bound: "6,000,000 iterations for all blocks" });
        }
        match NonZeroU32::new(iterations) {
            Some(iterations) if usual(&salt, &hash) => Ok(Self { prf, iterations, salt, hash }),
            _ => Err(HashProblem::Malformed { scheme: SCHEME }),
        }
    }

    /// Reads `$pbkdf2-sha256$i=600000,l=32$SALT$HASH`; the length may be missing.
    ///
    /// # Errors
    /// As [`Pbkdf2Hash::new`].
    pub fn parse(text: &str) -> Result<Self, HashProblem> {
        let parsed = || {
            let mut parts = text.strip_prefix("$pbkdf2-")?.split('$');
            let prf = Prf::named(parts.next()?)?;
            let mut costs = parts.next()?.split(',');
            let iterations = number(costs.next()?.strip_prefix("i=")?)?;
            let (salt, hash) = salt_and_hash(parts.next()?, parts.next()?)?;
            let length = match costs.next() {
                Some(length) => usize::try_from(number(length.strip_prefix("l=")?)?).ok()?,
                None => hash.len(),
            };
            let whole = length == hash.len() && costs.next().is_none() && parts.next().is_none();
            whole.then_some((prf, iterations, salt, hash))
        };
        let (prf, iterations, salt, hash) = parsed().ok_or(HashProblem::Malformed { scheme: SCHEME })?;
        Self::new(prf, iterations, salt, hash)
    }
}

impl Scheme for Pbkdf2Hash {
    fn print(&self) -> String {
        let (salt, hash) = (B64.encode_to_string(&self.salt), B64.encode_to_string(&self.hash));
        format!("${}$i={}${salt}${hash}", self.prf.name(), self.iterations)
    }

    fn known(&self) -> &[u8] {
        &self.hash
    }

    fn blank(&self) -> Self {
        Self { hash: vec![0; self.hash.len()], ..self.clone() }
    }

    fn derive(&self, password: &[u8], _: &mut Memory) -> Option<Zeroizing<Vec<u8>>> {
        let mut computed = Zeroizing::new(vec![0; self.hash.len()]);
        pbkdf2::derive(self.prf.algorithm(), self.iterations, &self.salt, password, &mut computed);
        Some(computed)
    }

    fn cost(&self) -> (&'static str, u64) {
        (self.prf.name(), u64::from(self.iterations.get()) * self.hash.len().div_ceil(self.prf.len()) as u64)
    }

    /// Blocks behind the first cost only whoever verifies, as one is enough to guess.
    fn is_weak(&self) -> bool {
        self.iterations.get() < self.prf.weak_below()
    }
}
