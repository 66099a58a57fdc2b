//! A hash whose parts stand in members of their own: our own shape, and what Auth0 calls `custom_password_hash`.

use serde::{Deserialize, Serialize};

use crate::account::password::imported::{
    DigestHash, DigestKind, FirebaseHash, FirebaseSettings, HashProblem, ImportedHash, Pbkdf2Hash, Prf, SaltPlace,
    ScryptHash, decode_base64, decode_hex,
};

/// The parts. Which of them there are depends on the algorithm.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HashParts {
    /// `md5`, `sha-1`, `sha-256`, `sha-384`, `sha-512`, `pbkdf2-sha1`, `pbkdf2-sha256`, `pbkdf2-sha384`, `pbkdf2-sha512`, `scrypt` or `firebase-scrypt`.
    pub algorithm: String,
    /// The hash.
    pub hash: String,
    /// How the hash is written; in hexadecimal digits without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// The salt.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub salt: String,
    /// How the salt is written; as it stands without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salt_encoding: Option<Encoding>,
    /// Where the salt goes; before the password without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salt_position: Option<SaltPosition>,
    /// Iterations of PBKDF2 or rounds of a digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iterations: Option<u32>,
    /// scrypt's cost, a power of two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    /// scrypt's block size; 8 without. Firebase's `rounds`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r: Option<u32>,
    /// scrypt's lanes; 1 without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p: Option<u32>,
    /// Firebase's `base64_signer_key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer_key: Option<String>,
    /// Firebase's `base64_salt_separator`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salt_separator: Option<String>,
    /// Firebase's `mem_cost`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mem_cost: Option<u32>,
}

/// How bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Either alphabet, with or without padding.
    Base64,
    /// Hexadecimal digits.
    Hex,
    /// The bytes of the text itself.
    Utf8,
}

impl Encoding {
    fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Base64 => decode_base64(text),
            Self::Hex => decode_hex(text),
            Self::Utf8 => Some(text.as_bytes().to_vec()),
        }
    }
}

/// Where a salt goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SaltPosition {
    /// Behind the password.
    #[serde(alias = "suffix")]
    After,
    /// Before the password.
    #[serde(alias = "prefix")]
    Before,
    /// The key of an HMAC over the password.
    Key,
}

impl HashParts {
    /// Reads them.
    ///
    /// # Errors
    /// See [`HashProblem`].
    pub fn read(&self) -> Result<ImportedHash, HashProblem> {
        let malformed = || HashProblem::Malformed { scheme: self.scheme() };
        let hash = self.encoding.unwrap_or(Encoding::Hex).decode(&self.hash).ok_or_else(malformed)?;
        let salt = self.salt_encoding.unwrap_or(Encoding::Utf8).decode(&self.salt).ok_or_else(malformed)?;
        if let Some(prf) = self.algorithm.strip_prefix("pbkdf2-") {
            let prf = Prf::named(prf).ok_or(HashProblem::Unknown)?;
            return Ok(Pbkdf2Hash::new(prf, self.iterations.ok_or_else(malformed)?, salt, hash)?.into());
        }
        match self.algorithm.as_str() {
            "scrypt" => {
                let n = self.n.ok_or_else(malformed)?;
                Ok(ScryptHash::new(n, self.r.unwrap_or(8), self.p.unwrap_or(1), salt, hash)?.into())
            }
            "firebase-scrypt" => {
                let bytes = |text: &Option<String>| text.as_deref().and_then(decode_base64).ok_or_else(malformed);
                let settings = FirebaseSettings {
                    signer_key: bytes(&self.signer_key)?,
                    salt_separator: bytes(&self.salt_separator)?,
                    rounds: self.r.unwrap_or(8),
                    mem_cost: self.mem_cost.ok_or_else(malformed)?,
                };
                Ok(FirebaseHash::new(&settings, salt, hash)?.into())
            }
            name => {
                let kind = DigestKind::named(name).ok_or(HashProblem::Unknown)?;
                let place = match self.salt_position {
                    Some(SaltPosition::After) => SaltPlace::After,
                    None | Some(SaltPosition::Before) => SaltPlace::Before,
                    Some(SaltPosition::Key) => SaltPlace::Key,
                };
                Ok(DigestHash::new(kind, place, self.iterations.unwrap_or(1), salt, hash)?.into())
            }
        }
    }

    fn scheme(&self) -> &'static str {
        match self.algorithm.as_str() {
            "scrypt" => "scrypt",
            "firebase-scrypt" => "Firebase scrypt",
            name if name.starts_with("pbkdf2-") => "PBKDF2",
            _ => "digest",
        }
    }
}
