//! Argon2 in its three forms and with foreign parameters, as PHC string: `$argon2i$v=19$m=65536,t=3,p=4$SALT$HASH` (RFC 9106).
//!
//! Without `v=` it is version 16, as the reference implementation reads it.

use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use super::{B64, HashProblem, Scheme, number, salt_and_hash};
use crate::account::password::phc::{self, Memory, Parameters};

const SCHEME: &str = "argon2";
/// KiB of memory at most.
const MAX_KIB: u32 = 256 * 1024;
/// KiB times passes at most, about a second of work.
const MAX_WORK: u64 = 2 * 1024 * 1024;
const MAX_LANES: u32 = 64;
/// KiB of memory, and KiB times passes, below which it is weak: the least of OWASP's equal choices.
const WEAK: (u32, u64) = (7 * 1024, 5 * 7 * 1024);

/// Whether a hash that somebody else made may cost this much.
pub(super) fn is_within_bounds(costs: Parameters) -> bool {
    let Parameters { memory_kib, passes, lanes } = costs;
    memory_kib <= MAX_KIB && u64::from(memory_kib) * u64::from(passes) <= MAX_WORK && lanes <= MAX_LANES
}

/// An Argon2 hash of another system.
#[derive(Clone)]
pub struct Argon2Hash {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Argon2Hash {
    /// Reads a PHC string.
    ///
    /// # Errors
    /// [`HashProblem`], for more than 256 MiB too.
    pub fn parse(text: &str) -> Result<Self, HashProblem> {
        let malformed = HashProblem::Malformed { scheme: SCHEME };
        let mut parts = text.strip_prefix('$').ok_or(HashProblem::Unknown)?.split('$').peekable();
        let algorithm = match parts.next() {
            Some("argon2d") => Algorithm::Argon2d,
            Some("argon2i") => Algorithm::Argon2i,
            Some("argon2id") => Algorithm::Argon2id,
            _ => return Err(HashProblem::Unknown),
        };
        let version = match parts.next_if(|part| part.starts_with("v=")) {
            None | Some("v=16") => Version::V0x10,
            Some("v=19") => Version::V0x13,
            Some(_) => return Err(malformed),
        };
        let (Some(costs), Some(salt), Some(hash), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed);
        };
        let mut values = costs.split(',');
        let mut value = |name: &str| values.next()?.strip_prefix(name).and_then(number);
        let (Some(memory), Some(passes), Some(lanes)) = (value("m="), value("t="), value("p=")) else {
            return Err(malformed);
        };
        if values.next().is_some() {
            return Err(malformed);
        }
        let (salt, hash) = salt_and_hash(salt, hash).ok_or(malformed)?;
        Self::new(algorithm, version, (memory, passes, lanes), salt, hash)
    }

    /// From its parts; `costs` are KiB, passes and lanes.
    ///
    /// # Errors
    /// As [`Argon2Hash::parse`].
    pub fn new(
        algorithm: Algorithm,
        version: Version,
        costs: (u32, u32, u32),
        salt: Vec<u8>,
        hash: Vec<u8>,
    ) -> Result<Self, HashProblem> {
        let (memory_kib, passes, lanes) = costs;
        if !is_within_bounds(Parameters { memory_kib, passes, lanes }) {
            return Err(HashProblem::TooCostly { scheme: SCHEME, bound: "256 MiB, 2 GiB in all passes and 64 lanes" });
        }
        let params = Params::new(memory_kib, passes, lanes, Some(hash.len()));
        let salt_fits = (argon2::MIN_SALT_LEN..=super::MAX_SALT).contains(&salt.len());
        match params {
            Ok(params) if salt_fits => Ok(Self { algorithm, version, params, salt, hash }),
            _ => Err(HashProblem::Malformed { scheme: SCHEME }),
        }
    }
}

impl Scheme for Argon2Hash {
    fn print(&self) -> String {
        let (name, version) = (self.algorithm.as_str(), u32::from(self.version));
        let (m, t, p) = (self.params.m_cost(), self.params.t_cost(), self.params.p_cost());
        let (salt, hash) = (B64.encode_to_string(&self.salt), B64.encode_to_string(&self.hash));
        format!("${name}$v={version}$m={m},t={t},p={p}${salt}${hash}")
    }

    fn known(&self) -> &[u8] {
        &self.hash
    }

    fn blank(&self) -> Self {
        Self { hash: vec![0; self.hash.len()], ..self.clone() }
    }

    fn derive(&self, password: &[u8], memory: &mut Memory) -> Option<Zeroizing<Vec<u8>>> {
        let argon2 = Argon2::new(self.algorithm, self.version, self.params.clone());
        let mut computed = Zeroizing::new(vec![0; self.hash.len()]);
        phc::compute(&argon2, password, &self.salt, &mut computed, memory)?;
        Some(computed)
    }

    fn cost(&self) -> (&'static str, u64) {
        ("argon2", u64::from(self.params.m_cost()) * u64::from(self.params.t_cost()))
    }

    fn is_weak(&self) -> bool {
        let (memory, work) = WEAK;
        self.params.m_cost() < memory || self.cost().1 < work
    }

    fn extra_kib(&self, kept: u32) -> u32 {
        self.params.m_cost().saturating_sub(kept)
    }
}
