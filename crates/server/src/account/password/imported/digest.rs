//! One round, or some, of MD5 or SHA over salt and password: what a graphics card guesses billions of times a second. None of them is kept as it came.

use aws_lc_rs::{digest, hmac};
use md5::Digest as _;
use zeroize::Zeroizing;

use super::{B64, HashProblem, MAX_SALT, Scheme, number};
use crate::account::password::phc::Memory;

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

/// A fast hash.
#[derive(Clone)]
pub struct DigestHash {
    kind: DigestKind,
    place: SaltPlace,
    rounds: u32,
    salt: Vec<u8>,
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
        let keyed = place == SaltPlace::Key;
        let possible = rounds > 0 && !(keyed && (rounds > 1 || kind == DigestKind::Md5));
        if !possible || salt.len() > MAX_SALT || hash.len() != kind.output_len() {
            return Err(HashProblem::Malformed { scheme: kind.name() });
        }
        Ok(Self { kind, place, rounds, salt, hash: Zeroizing::new(hash) })
    }

    /// Reads `$digest$a=sha-1,s=after,n=1$SALT$HASH`, as [`print`](Scheme::print) writes it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("$digest$")?.split('$');
        let mut values = parts.next()?.split(',');
        let mut value = |name: &str| values.next()?.strip_prefix(name);
        let (kind, place, rounds) = (value("a=")?, value("s=")?, number(value("n=")?)?);
        let kind = KINDS.iter().find(|(_, name)| *name == kind)?.0;
        let places = [SaltPlace::After, SaltPlace::Before, SaltPlace::Key];
        let place = places.into_iter().find(|known| known.name() == place)?;
        let (salt, hash) = (B64.decode_to_vec(parts.next()?).ok()?, B64.decode_to_vec(parts.next()?).ok()?);
        let whole = values.next().is_none() && parts.next().is_none();
        whole.then(|| Self::new(kind, place, rounds, salt, hash).ok()).flatten()
    }
}

impl Scheme for DigestHash {
    fn print(&self) -> String {
        let (kind, place) = (self.kind.name(), self.place.name());
        let (salt, hash) = (B64.encode_to_string(&self.salt), B64.encode_to_string(&*self.hash));
        format!("$digest$a={kind},s={place},n={}${salt}${hash}", self.rounds)
    }

    fn known(&self) -> &[u8] {
        &self.hash
    }

    fn blank(&self) -> Self {
        Self { hash: Zeroizing::new(vec![0; self.hash.len()]), ..self.clone() }
    }

    fn derive(&self, password: &[u8], _: &mut Memory) -> Option<Zeroizing<Vec<u8>>> {
        let first = match self.place {
            SaltPlace::After => self.kind.of(&[password, &self.salt]),
            SaltPlace::Before => self.kind.of(&[&self.salt, password]),
            SaltPlace::Key => self.kind.keyed(&self.salt, password)?,
        };
        Some((1..self.rounds).fold(first, |before, _| self.kind.of(&[&before])))
    }

    fn cost(&self) -> (&'static str, u64) {
        ("digest", self.rounds.into())
    }

    fn is_weak(&self) -> bool {
        true
    }
}
