//! Firebase's variant of scrypt: the key that scrypt derives encrypts the project's signer key with AES-256-CTR, and that is the hash.
//!
//! Kept with the signer key in it, `$firebase-scrypt$ln=14,r=8$SALT$SEPARATOR$KEY$HASH`, so that it can be verified by itself; it costs whoever guesses
//! as much as scrypt does. The key goes with the hash, when one of ours takes its place.

use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use zeroize::Zeroizing;

use super::scrypt::Costs;
use super::{B64, HashProblem, MAX_SALT, Scheme, number};
use crate::account::password::phc::Memory;

const SCHEME: &str = "Firebase scrypt";
/// Bytes of the key that scrypt derives.
const KEY_LEN: usize = 32;

/// What all hashes of a Firebase project have in common: its "password hash parameters".
#[derive(Clone)]
pub struct FirebaseSettings {
    /// `base64_signer_key`, decoded.
    pub signer_key: Vec<u8>,
    /// `base64_salt_separator`, decoded.
    pub salt_separator: Vec<u8>,
    /// `rounds`: scrypt's `r`.
    pub rounds: u32,
    /// `mem_cost`: scrypt's `N` as power of two.
    pub mem_cost: u32,
}

/// A hash of a Firebase project.
#[derive(Clone)]
pub struct FirebaseHash {
    costs: Costs,
    salt: Vec<u8>,
    separator: Vec<u8>,
    signer_key: Vec<u8>,
    hash: Vec<u8>,
}

impl FirebaseHash {
    /// From what the project has in common, and `salt` and `passwordHash` of the user.
    ///
    /// # Errors
    /// [`HashProblem`], for more than 256 MiB too, and where hash and signer key are not of one length.
    pub fn new(settings: &FirebaseSettings, salt: Vec<u8>, hash: Vec<u8>) -> Result<Self, HashProblem> {
        let FirebaseSettings { signer_key, salt_separator, rounds, mem_cost } = settings.clone();
        let log_n = u8::try_from(mem_cost).unwrap_or(u8::MAX);
        let costs = Costs { log_n, r: rounds, p: 1 }.within_bounds(SCHEME)?;
        let usual = (KEY_LEN..=MAX_SALT).contains(&hash.len()) && hash.len() == signer_key.len();
        if !usual || salt.len() + salt_separator.len() > MAX_SALT {
            return Err(HashProblem::Malformed { scheme: SCHEME });
        }
        Ok(Self { costs, salt, separator: salt_separator, signer_key, hash })
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("$firebase-scrypt$")?.split('$');
        let (log_n, r) = parts.next()?.strip_prefix("ln=")?.split_once(",r=")?;
        let mut bytes = || B64.decode_to_vec(parts.next()?).ok();
        let (salt, salt_separator, signer_key, hash) = (bytes()?, bytes()?, bytes()?, bytes()?);
        let settings = FirebaseSettings { signer_key, salt_separator, rounds: number(r)?, mem_cost: number(log_n)? };
        if parts.next().is_some() {
            return None;
        }
        Self::new(&settings, salt, hash).ok()
    }
}

impl Scheme for FirebaseHash {
    fn print(&self) -> String {
        let parts = [&self.salt, &self.separator, &self.signer_key, &self.hash].map(|part| B64.encode_to_string(part));
        format!("$firebase-scrypt$ln={},r={}${}", self.costs.log_n, self.costs.r, parts.join("$"))
    }

    fn known(&self) -> &[u8] {
        &self.hash
    }

    fn blank(&self) -> Self {
        Self { hash: vec![0; self.hash.len()], ..self.clone() }
    }

    fn derive(&self, password: &[u8], _: &mut Memory) -> Option<Zeroizing<Vec<u8>>> {
        let salt = [&self.salt[..], &self.separator].concat();
        let key = self.costs.compute(password, &salt, KEY_LEN)?;
        let cipher = EncryptingKey::ctr(UnboundCipherKey::new(&AES_256, &key).ok()?).ok()?;
        let mut computed = Zeroizing::new(self.signer_key.clone());
        // The key is new for each password and salt, so the format can do with a vector of zeros.
        let vector = EncryptionContext::Iv128(FixedLength::from([0; 16]));
        cipher.less_safe_encrypt(&mut computed, vector).ok()?;
        Some(computed)
    }

    fn cost(&self) -> (&'static str, u64) {
        ("firebase-scrypt", self.costs.work())
    }

    fn is_weak(&self) -> bool {
        self.costs.is_weak()
    }

    fn extra_kib(&self, _: u32) -> u32 {
        self.costs.kib()
    }
}
