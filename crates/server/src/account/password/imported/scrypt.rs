//! scrypt (RFC 7914), kept as PHC string: `$scrypt$ln=14,r=8,p=1$SALT$HASH`.

use scrypt::Params;
use zeroize::Zeroizing;

use super::{B64, HashProblem, Scheme, number, salt_and_hash, usual};
use crate::account::password::phc::Memory;

const SCHEME: &str = "scrypt";
/// Bytes of memory at most.
const MAX_MEMORY: u64 = 256 * 1024 * 1024;
/// Bytes times lanes at most, about a second and a half.
const MAX_WORK: u64 = 512 * 1024 * 1024;
/// Bytes of memory below which it is weak: what the paper has for sign-ins, and Firebase.
const WEAK: u64 = 16 * 1024 * 1024;

/// What one scrypt hash costs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Costs {
    pub(super) log_n: u8,
    pub(super) r: u32,
    pub(super) p: u32,
}

impl Costs {
    /// As the library takes them, within bounds.
    pub(super) fn within_bounds(self, scheme: &'static str) -> Result<Self, HashProblem> {
        let bound = HashProblem::TooCostly { scheme, bound: "256 MiB, and 512 MiB for all lanes" };
        let block = 128 * u64::from(self.r);
        let memory = 1_u64.checked_shl(self.log_n.into()).and_then(|n| n.checked_mul(block)).ok_or(bound.clone())?;
        // The library's lanes take memory of their own beside it.
        let lanes = u64::from(self.p) * block;
        let work = memory.checked_mul(self.p.into()).ok_or(bound.clone())?;
        if self.log_n > 40 || memory > MAX_MEMORY || lanes > MAX_MEMORY || work > MAX_WORK {
            return Err(bound);
        }
        match Params::new(self.log_n, self.r, self.p) {
            Ok(_) if self.log_n > 0 => Ok(self),
            _ => Err(HashProblem::Malformed { scheme }),
        }
    }

    pub(super) fn compute(self, password: &[u8], salt: &[u8], len: usize) -> Option<Zeroizing<Vec<u8>>> {
        let params = Params::new(self.log_n, self.r, self.p).ok()?;
        let mut computed = Zeroizing::new(vec![0; len]);
        scrypt::scrypt(password, salt, &params, &mut computed).ok()?;
        Some(computed)
    }

    pub(super) fn work(self) -> u64 {
        (u64::from(self.r) * u64::from(self.p)) << self.log_n
    }

    fn memory(self) -> u64 {
        128 * (u64::from(self.r) << self.log_n)
    }

    pub(super) fn is_weak(self) -> bool {
        self.memory() < WEAK
    }

    /// The library takes its memory from the system, and the lanes' beside it.
    pub(super) fn kib(self) -> u32 {
        let lanes = 128 * u64::from(self.r) * u64::from(self.p);
        u32::try_from((self.memory() + lanes).div_ceil(1024)).unwrap_or(u32::MAX)
    }

    /// From the number of blocks, which other systems write out: a power of two.
    pub(super) fn of_n(n: u32, r: u32, p: u32) -> Option<Self> {
        n.is_power_of_two().then(|| Self { log_n: n.trailing_zeros().try_into().unwrap_or(u8::MAX), r, p })
    }
}

/// A scrypt hash.
#[derive(Clone)]
pub struct ScryptHash {
    costs: Costs,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl ScryptHash {
    /// From its parts, with the cost `N` as the power of two that it is.
    ///
    /// # Errors
    /// [`HashProblem`], for more than 256 MiB too.
    pub fn new(n: u32, r: u32, p: u32, salt: Vec<u8>, hash: Vec<u8>) -> Result<Self, HashProblem> {
        let costs = Costs::of_n(n, r, p).ok_or(HashProblem::Malformed { scheme: SCHEME })?;
        Self::with(costs, salt, hash)
    }

    fn with(costs: Costs, salt: Vec<u8>, hash: Vec<u8>) -> Result<Self, HashProblem> {
        let costs = costs.within_bounds(SCHEME)?;
        if !usual(&salt, &hash) {
            return Err(HashProblem::Malformed { scheme: SCHEME });
        }
        Ok(Self { costs, salt, hash })
    }

    /// Reads `$scrypt$ln=14,r=8,p=1$SALT$HASH`.
    ///
    /// # Errors
    /// As [`ScryptHash::new`].
    pub fn parse(text: &str) -> Result<Self, HashProblem> {
        let parsed = || {
            let mut parts = text.strip_prefix("$scrypt$")?.split('$');
            let mut values = parts.next()?.split(',');
            let mut value = |name: &str| number(values.next()?.strip_prefix(name)?);
            let costs = Costs { log_n: value("ln=")?.try_into().ok()?, r: value("r=")?, p: value("p=")? };
            let (salt, hash) = salt_and_hash(parts.next()?, parts.next()?)?;
            (values.next().is_none() && parts.next().is_none()).then_some((costs, salt, hash))
        };
        let (costs, salt, hash) = parsed().ok_or(HashProblem::Malformed { scheme: SCHEME })?;
        Self::with(costs, salt, hash)
    }
}

impl Scheme for ScryptHash {
    fn print(&self) -> String {
        let Costs { log_n, r, p } = self.costs;
        let (salt, hash) = (B64.encode_to_string(&self.salt), B64.encode_to_string(&self.hash));
        format!("$scrypt$ln={log_n},r={r},p={p}${salt}${hash}")
    }

    fn known(&self) -> &[u8] {
        &self.hash
    }

    fn blank(&self) -> Self {
        Self { hash: vec![0; self.hash.len()], ..self.clone() }
    }

    fn derive(&self, password: &[u8], _: &mut Memory) -> Option<Zeroizing<Vec<u8>>> {
        self.costs.compute(password, &self.salt, self.hash.len())
    }

    fn cost(&self) -> (&'static str, u64) {
        ("scrypt", self.costs.work())
    }

    fn is_weak(&self) -> bool {
        self.costs.is_weak()
    }

    fn extra_kib(&self, _: u32) -> u32 {
        self.costs.kib()
    }
}
