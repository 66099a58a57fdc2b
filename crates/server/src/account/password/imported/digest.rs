//! One round, or some, of MD5 or SHA over salt and password: what a graphics card guesses billions of times a second.
//!
//! Such a hash is not kept. What is kept is an Argon2id hash of it, so that whoever steals the database has to compute Argon2id for each guess from the
//! day of the import on, not only once its owner has signed in: `$digest$a=sha-1,s=after,n=1$SALT$argon2id$v=19$…`.

use aws_lc_rs::{digest, hmac};
use md5::Digest as _;
use zeroize::Zeroizing;

use super::{B64, HashProblem, MAX_SALT, SALT_LEN, argon2, number};
use crate::account::password::phc::{Memory, Parameters, Phc};

/// Rounds at most.
const MAX_ROUNDS: u32 = 1_000_000;

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestKind {
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

const KINDS: [(DigestKind, &str); 5] = [
    (DigestKind::Md5, "md5"),
    (DigestKind::Sha1, "sha-1"),
    (DigestKind::Sha256, "sha-256"),
    (DigestKind::Sha384, "sha-384"),
    (DigestKind::Sha512, "sha-512"),
];

impl DigestKind {
    /// By its name, with or without hyphen, in any case.
    pub fn named(name: &str) -> Option<Self> {
        let bare = |text: &str| text.to_ascii_lowercase().replace(['-', '_'], "");
        KINDS.iter().find(|(_, known)| bare(known) == bare(name)).map(|(kind, _)| *kind)
    }

    fn name(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// Bytes of its output.
    pub const fn output_len(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    fn of(self, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
        let algorithm = match self {
            Self::Md5 => {
                let mut context = md5::Md5::new();
                for part in parts {
                    context.update(part);
                }
                return Zeroizing::new(context.finalize().to_vec());
            }
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        let mut context = digest::Context::new(algorithm);
        for part in parts {
            context.update(part);
        }
        Zeroizing::new(context.finish().as_ref().to_vec())
    }

    fn keyed(self, key: &[u8], text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let algorithm = match self {
            Self::Md5 => return None,
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha384 => hmac::HMAC_SHA384,
            Self::Sha512 => hmac::HMAC_SHA512,
        };
        let tag = hmac::sign(&hmac::Key::new(algorithm, key), text);
        Some(Zeroizing::new(tag.as_ref().to_vec()))
    }
}

/// Where the salt goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaltPlace {
    /// Behind the password.
    After,
    /// Before the password.
    Before,
    /// It is the key of an HMAC over the password.
    Key,
}

impl SaltPlace {
    const fn name(self) -> &'static str {
        match self {
            Self::After => "after",
            Self::Before => "before",
            Self::Key => "key",
        }
    }
}

/// How a fast hash is computed.
#[derive(Clone)]
struct Recipe {
    kind: DigestKind,
    place: SaltPlace,
    rounds: u32,
    salt: Vec<u8>,
}

impl Recipe {
    fn is_valid(&self) -> bool {
        let keyed = self.place == SaltPlace::Key;
        self.rounds > 0 && self.salt.len() <= MAX_SALT && !(keyed && (self.rounds > 1 || self.kind == DigestKind::Md5))
    }

    fn compute(&self, password: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let first = match self.place {
            SaltPlace::After => self.kind.of(&[password, &self.salt]),
            SaltPlace::Before => self.kind.of(&[&self.salt, password]),
            SaltPlace::Key => self.kind.keyed(&self.salt, password)?,
        };
        Some((1..self.rounds).fold(first, |before, _| self.kind.of(&[&before])))
    }
}

/// A fast hash, on its way into an Argon2id hash.
#[derive(Clone)]
pub struct DigestHash {
    recipe: Recipe,
    hash: Zeroizing<Vec<u8>>,
}

impl DigestHash {
    /// From its parts. In the first of `rounds` the salt is hashed too, in the others what came of the one before.
    ///
    /// # Errors
    /// [`HashProblem`], for more than a million rounds too.
    pub fn new(
        kind: DigestKind,
        place: SaltPlace,
        rounds: u32,
        salt: Vec<u8>,
        hash: Vec<u8>,
    ) -> Result<Self, HashProblem> {
        if rounds > MAX_ROUNDS {
            return Err(HashProblem::TooCostly { scheme: kind.name(), bound: "1,000,000 rounds" });
        }
        let recipe = Recipe { kind, place, rounds, salt };
        if !recipe.is_valid() || hash.len() != kind.output_len() {
            return Err(HashProblem::Malformed { scheme: kind.name() });
        }
        Ok(Self { recipe, hash: Zeroizing::new(hash) })
    }

    pub(super) fn wrap(&self, parameters: Parameters, salt: [u8; SALT_LEN], memory: &mut Memory) -> Option<Wrapped> {
        // What is kept has to be read again, by another installation too.
        let costs = if argon2::is_within_bounds(parameters) { parameters } else { Parameters::default() };
        let outer = Phc::of(costs, &self.hash, salt, memory)?;
        Some(Wrapped { recipe: self.recipe.clone(), outer })
    }
}

/// An Argon2id hash of a fast hash.
#[derive(Clone)]
pub(in crate::account::password) struct Wrapped {
    recipe: Recipe,
    outer: Phc,
}

impl Wrapped {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (costs, rest) = text.strip_prefix("$digest$")?.split_once('$')?;
        let (salt, outer) = rest.split_once('$')?;
        let mut values = costs.split(',');
        let mut value = |name: &str| values.next()?.strip_prefix(name);
        let (kind, place, rounds) = (value("a=")?, value("s=")?, number(value("n=")?)?);
        let kind = KINDS.iter().find(|(_, name)| *name == kind)?.0;
        let place =
            [SaltPlace::After, SaltPlace::Before, SaltPlace::Key].into_iter().find(|known| known.name() == place)?;
        let recipe = Recipe { kind, place, rounds, salt: B64.decode_to_vec(salt).ok()? };
        let valid = recipe.is_valid() && rounds <= MAX_ROUNDS && values.next().is_none();
        let outer = Phc::parse(&format!("${outer}"))?;
        // A line of a file may hold this text, too.
        let valid = valid && argon2::is_within_bounds(outer.parameters);
        valid.then_some(Self { recipe, outer })
    }

    pub(super) fn print(&self) -> String {
        let Recipe { kind, place, rounds, salt } = &self.recipe;
        let (kind, place, salt) = (kind.name(), place.name(), B64.encode_to_string(salt));
        format!("$digest$a={kind},s={place},n={rounds}${salt}{}", self.outer.print())
    }

    pub(super) fn verify(&self, password: &[u8], memory: &mut Memory) -> Option<bool> {
        self.outer.verify(&self.recipe.compute(password)?, memory)
    }

    pub(super) fn work(&self) -> u64 {
        self.recipe.rounds.into()
    }
}
