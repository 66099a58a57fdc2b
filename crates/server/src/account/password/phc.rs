//! Argon2id hashes as PHC strings: `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH` (RFC 9106).
//!
//! The parameters stand in every hash, so hashes made under older settings keep working and are replaced
//! at the next sign-in. Refused: other algorithms and versions, parameters in another order or beyond
//! [`Parameters::MAX`], salts and hashes of unusual length: a row of the database must not be able to ask
//! for a terabyte.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroizing;

use super::{Password, SALT_LEN};

/// Bytes of a hash.
const HASH_LEN: usize = 32;
const B64: base64_simd::Base64 = base64_simd::STANDARD_NO_PAD;

/// What one Argon2id hash costs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Parameters {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes; computed one after the other here.
    pub lanes: u32,
}

impl Default for Parameters {
    /// 19 MiB, two passes, one lane (design §4; OWASP password storage sheet).
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 }
    }
}

impl Parameters {
    /// Beyond these a hash is not computed.
    pub const MAX: Self = Self { memory_kib: 4 * 1024 * 1024, passes: 100, lanes: 16 };

    /// Whether Argon2 and [`Parameters::MAX`] allow them.
    pub fn are_valid(&self) -> bool {
        self.argon2().is_some()
    }

    /// What a hash takes, as [`Pace`](super::pace::Pace) tells costs apart.
    pub(super) fn cost(&self) -> (String, u64) {
        ("argon2".to_owned(), u64::from(self.memory_kib) * u64::from(self.passes))
    }

    fn argon2(&self) -> Option<Argon2<'static>> {
        let max = Self::MAX;
        if self.memory_kib > max.memory_kib || self.passes > max.passes || self.lanes > max.lanes {
            return None;
        }
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(HASH_LEN)).ok()?;
        Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }
}

/// A parsed PHC string.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Phc {
    pub(super) parameters: Parameters,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Phc {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("$argon2id$v=19$")?.split('$');
        let (parameters, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let mut values = parameters.split(',');
        let mut value = |name: &str| number(values.next()?.strip_prefix(name)?);
        let parameters = Parameters { memory_kib: value("m=")?, passes: value("t=")?, lanes: value("p=")? };
        let salt = B64.decode_to_vec(salt).ok()?;
        let hash = B64.decode_to_vec(hash).ok()?;
        let usual = (8..=64).contains(&salt.len()) && hash.len() == HASH_LEN;
        (values.next().is_none() && usual && parameters.are_valid()).then_some(Self { parameters, salt, hash })
    }

    /// A hash of these bytes, which need not be a password: `None` when there is no memory for it.
    pub(super) fn of(parameters: Parameters, text: &[u8], salt: [u8; SALT_LEN], memory: &mut Memory) -> Option<Self> {
        let mut hash = Zeroizing::new([0; HASH_LEN]);
        compute(&parameters.argon2()?, text, &salt, &mut *hash, memory)?;
        Some(Self { parameters, salt: salt.to_vec(), hash: hash.to_vec() })
    }

    /// Whether it was made with this salt.
    pub(super) fn has_salt(&self, salt: [u8; SALT_LEN]) -> bool {
        self.salt == salt
    }

    pub(super) fn print(&self) -> String {
        let Parameters { memory_kib, passes, lanes } = self.parameters;
        let (salt, hash) = (B64.encode_to_string(&self.salt), B64.encode_to_string(&self.hash));
        format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${hash}")
    }

    /// Whether a hash made today would look different.
    pub(super) fn is_outdated(&self, parameters: Parameters) -> bool {
        self.parameters != parameters || self.salt.len() < SALT_LEN
    }

    /// Whether this is the text hashed, in time that depends on the parameters only.
    pub(super) fn verify(&self, text: &[u8], memory: &mut Memory) -> Option<bool> {
        let mut computed = Zeroizing::new([0; HASH_LEN]);
        compute(&self.parameters.argon2()?, text, &self.salt, &mut *computed, memory)?;
        Some(aws_lc_rs::constant_time::verify_slices_are_equal(&*computed, &self.hash).is_ok())
    }
}

/// Decimal without sign and leading zeros, as PHC strings write numbers.
pub(super) fn number(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

/// Hashes a password; `None` when there is no memory for it.
pub(super) fn hash(
    parameters: Parameters,
    password: &Password,
    salt: [u8; SALT_LEN],
    memory: &mut Memory,
) -> Option<String> {
    Some(Phc::of(parameters, password.bytes(), salt, memory)?.print())
}

/// Argon2 in the slot's block of memory.
pub(super) fn compute(
    argon2: &Argon2<'_>,
    text: &[u8],
    salt: &[u8],
    out: &mut [u8],
    memory: &mut Memory,
) -> Option<()> {
    let blocks = memory.at_least(argon2.params().block_count())?;
    argon2.hash_password_into_with_memory(text, salt, out, blocks).ok()
}

/// The block of memory that one slot of the pool keeps between hashes: asking the system for 19 MiB
/// anew each time costs more than a tenth of the hash and makes the heap grow.
#[derive(Default)]
pub(super) struct Memory(Vec<Block>);

/// KiB of address space that a block asks for at least. Common allocators hand requests above 32 MiB to the system
/// and give them back whole (glibc's threshold grows with what is freed, up to there); smaller ones they would
/// keep for ever. What is not written to takes no memory.
const LEAST_RESERVE_KIB: usize = 32 * 1024 + 64;

impl Memory {
    fn at_least(&mut self, blocks: usize) -> Option<&mut [Block]> {
        if self.0.len() < blocks {
            self.0.try_reserve_exact(blocks.max(LEAST_RESERVE_KIB) - self.0.len()).ok()?;
            self.0.resize(blocks, Block::new());
        }
        self.0.get_mut(..blocks)
    }

    /// Gives back a block that is larger than this many KiB.
    pub(super) fn keep_at_most(&mut self, memory_kib: u32) {
        if self.kib() > usize::try_from(memory_kib).unwrap_or(usize::MAX) {
            self.0 = Vec::new();
        }
    }

    /// KiB in use.
    pub(super) fn kib(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Parameters = Parameters { memory_kib: 64, passes: 1, lanes: 1 };

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    #[test]
    fn a_hash_of_the_reference_program_verifies() {
        // `echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1`: the reference implementation's own test vector.
        let stored = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        let phc = Phc::parse(stored).unwrap();
        assert_eq!(phc.verify(password("password").bytes(), &mut Memory::default()), Some(true));
        assert_eq!(phc.verify(password("Password").bytes(), &mut Memory::default()), Some(false));
        assert_eq!(phc.print(), stored);
    }

    #[test]
    fn a_fresh_hash_verifies_and_is_not_outdated() {
        let mut memory = Memory::default();
        let text = hash(CHEAP, &password("correct horse"), [7; SALT_LEN], &mut memory).unwrap();
        let phc = Phc::parse(&text).unwrap();
        assert_eq!(phc.verify(password("correct horse").bytes(), &mut memory), Some(true));
        assert_eq!(phc.verify(password("correct horsf").bytes(), &mut memory), Some(false));
        assert!(!phc.is_outdated(CHEAP));
        assert!(phc.is_outdated(Parameters::default()));
    }

    #[test]
    fn reused_memory_does_not_change_a_hash() {
        let mut memory = Memory::default();
        let larger = Parameters { memory_kib: 256, ..CHEAP };
        let first = hash(CHEAP, &password("a"), [1; SALT_LEN], &mut memory).unwrap();
        hash(larger, &password("b"), [2; SALT_LEN], &mut memory).unwrap();
        assert_eq!(hash(CHEAP, &password("a"), [1; SALT_LEN], &mut memory).unwrap(), first);
        assert_eq!(memory.kib(), 256);
        memory.keep_at_most(256);
        assert_eq!(memory.kib(), 256);
        memory.keep_at_most(64);
        assert_eq!(memory.kib(), 0);
    }

    #[test]
    fn strange_strings_are_refused() {
        let good = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert!(Phc::parse(good).is_some());
        for (what, from, to) in [
            ("another algorithm", "argon2id", "argon2i"),
            ("another version", "v=19", "v=16"),
            ("no memory", "m=64", "m=0"),
            ("a terabyte", "m=64", "m=1073741824"),
            ("more than 32 bits", "m=64", "m=99999999999"),
            ("a sign", "m=64", "m=+64"),
            ("a leading zero", "m=64", "m=064"),
            ("too many passes", "t=1", "t=1000"),
            ("no pass", "t=1", "t=0"),
            ("too many lanes", "p=1", "p=17"),
            ("a fourth parameter", "p=1", "p=1,data=AAAA"),
            ("another order", "m=64,t=1", "t=1,m=64"),
            ("a short salt", "c29tZXNhbHQ", "c29t"),
            ("a short hash", "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "CTFhFdXPJO0"),
            ("padding", "GRPPc", "GRPPc="),
            ("another part", "GRPPc", "GRPPc$x"),
        ] {
            let bad = good.replace(from, to);
            assert_ne!(bad, good, "{what}");
            assert!(Phc::parse(&bad).is_none(), "{what}");
        }
        assert!(Phc::parse("").is_none());
        assert!(Phc::parse("plain text password").is_none());
    }
}
