//! Signing keys and their life: next → active → retired → gone.
//!
//! For every algorithm in use one key signs (active) and one is already published (next), so that every
//! API has seen a key before the first token it signs. A retired key stays in the key set until the last
//! token it signed has expired, plus the largest leeway an API may have; a compromised one is gone at once. Each key is one
//! registry document of kind [`KIND`]; its private half is sealed under the master key.

mod encryption;
mod life;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use symbolon_jose::{Algorithm, Jwk, JwkSet, SigningKey, VerifyingKeys};
use symbolon_store::Document;

use crate::seal::Sealer;

pub use encryption::{EncryptionRing, KIND as ENCRYPTION_KIND, upkeep as encryption_upkeep};
pub use life::{Schedule, retirement, rotation, upkeep};

/// The kind of the registry documents that hold signing keys.
pub const KIND: &str = "key";
/// The largest leeway a guard may have, in seconds: retired keys outlive their last token by this.
pub const LARGEST_LEEWAY_SECS: u64 = 300;
/// How long verifiers may cache the published set, in seconds: only after that does everybody know a next key.
pub const SET_CACHE_SECS: u64 = 300;
const SEAL_PURPOSE: &str = "signing key";

/// Where a key stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "state")]
#[non_exhaustive]
pub enum KeyState {
    /// Published, not signing yet.
    Next,
    /// Signs.
    Active {
        /// Since when, Unix seconds.
        since: u64,
    },
    /// Verifies what it signed, until it is gone.
    Retired {
        /// Since when, Unix seconds.
        since: u64,
        /// When it leaves the key set, Unix seconds.
        gone_at: u64,
    },
}

/// A signing key as the registry keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeyRecord {
    /// The key id in token headers: the RFC 7638 thumbprint.
    pub kid: String,
    /// The one algorithm this key signs with.
    pub alg: Algorithm,
    /// Where it stands in its life.
    pub life: KeyState,
    /// When it was made, Unix seconds.
    pub created_at: u64,
    /// The public half, as published.
    pub public: Value,
    /// The private half, sealed.
    pub sealed: String,
}

/// Why the signing keys could not be taken up.
#[derive(Debug)]
#[non_exhaustive]
pub enum KeyError {
    /// The master key is not the one these keys were sealed under.
    WrongMasterKey {
        /// The first key that did not open.
        kid: String,
    },
    /// A key document is not one.
    Malformed {
        /// Its id.
        id: String,
        /// What is wrong.
        why: String,
    },
    /// The crypto back end could not make a key.
    Generation(symbolon_jose::Error),
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongMasterKey { kid } => write!(
                f,
                "signing key {kid} does not open under this master key; restore the master key this data was made with"
            ),
            Self::Malformed { id, why } => write!(f, "registry document key/{id} is not a signing key: {why}"),
            Self::Generation(why) => write!(f, "a signing key could not be generated: {why}"),
        }
    }
}

impl std::error::Error for KeyError {}

/// All keys of a registry snapshot, parsed once.
#[derive(Debug)]
pub struct KeyRing {
    active: BTreeMap<Algorithm, SigningKey>,
    verifying: VerifyingKeys,
    jwks: Value,
}

impl KeyRing {
    /// Opens the keys of `records`.
    pub fn open(records: &[KeyRecord], sealer: &Sealer) -> Result<Self, KeyError> {
        let mut active = BTreeMap::new();
        let mut published = Vec::new();
        for record in records {
            let malformed =
                |why: symbolon_jose::Error| KeyError::Malformed { id: record.kid.clone(), why: why.to_string() };
            published.push(record.public.clone());
            if matches!(record.life, KeyState::Active { .. }) {
                let private = sealer
                    .open(SEAL_PURPOSE, &record.sealed)
                    .map_err(|_| KeyError::WrongMasterKey { kid: record.kid.clone() })?;
                let jwk = Jwk::from_slice(&private).map_err(malformed)?;
                active.insert(record.alg, SigningKey::from_jwk(&jwk, record.alg).map_err(malformed)?);
            }
        }
        let jwks = serde_json::json!({ "keys": published });
        Ok(Self { active, verifying: parse(&jwks)?, jwks })
    }

    /// The key that signs with `alg` now.
    pub fn signing(&self, alg: Algorithm) -> Option<&SigningKey> {
        self.active.get(&alg)
    }

    /// The keys that verify what this server signed.
    pub fn verifying(&self) -> &VerifyingKeys {
        &self.verifying
    }

    /// The published key set (RFC 7517 §5).
    pub fn jwks(&self) -> &Value {
        &self.jwks
    }

    /// Algorithms that can sign now.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.active.keys().copied()
    }
}

/// The keys of `records` that verify, which takes no sealer.
pub fn verifying(records: &[KeyRecord]) -> Result<VerifyingKeys, KeyError> {
    let published: Vec<&Value> = records.iter().map(|record| &record.public).collect();
    parse(&serde_json::json!({ "keys": published }))
}

fn parse(jwks: &Value) -> Result<VerifyingKeys, KeyError> {
    let set =
        JwkSet::from_value(jwks).map_err(|why| KeyError::Malformed { id: "*".to_owned(), why: why.to_string() })?;
    Ok(VerifyingKeys::from_jwks(&set, Algorithm::ALL))
}

/// Reads the key records among registry documents.
pub fn records(documents: &[Document]) -> Result<Vec<KeyRecord>, KeyError> {
    documents.iter().filter(|document| document.kind == KIND).map(record).collect()
}

fn record(document: &Document) -> Result<KeyRecord, KeyError> {
    let record = document.body.read();
    record.map_err(|why| KeyError::Malformed { id: document.id.clone(), why: why.to_string() })
}
