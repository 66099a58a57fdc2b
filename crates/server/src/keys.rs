//! Signing keys and their life: next → active → retired → gone.
//!
//! For every algorithm in use one key signs (active) and one is already published (next), so that every
//! API has seen a key before the first token it signs. A retired key stays in the key set until the last
//! token it signed has expired, plus the largest leeway an API may have. Each key is one registry document
//! of kind [`KIND`]; its private half is sealed under the master key.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use symbolon_jose::{Algorithm, Jwk, JwkSet, SigningKey, VerifyingKeys};
use symbolon_store::{Document, DocumentWrite, Expect};

use crate::seal::Sealer;

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
        let set = JwkSet::from_value(&jwks)
            .map_err(|why| KeyError::Malformed { id: "*".to_owned(), why: why.to_string() })?;
        Ok(Self { active, verifying: VerifyingKeys::from_jwks(&set, Algorithm::ALL), jwks })
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

/// Reads the key records among registry documents.
pub fn records(documents: &[Document]) -> Result<Vec<KeyRecord>, KeyError> {
    documents.iter().filter(|document| document.kind == KIND).map(record).collect()
}

fn record(document: &Document) -> Result<KeyRecord, KeyError> {
    KeyRecord::deserialize(&document.body)
        .map_err(|why| KeyError::Malformed { id: document.id.clone(), why: why.to_string() })
}

/// How long keys sign and how long what they signed lives.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// An active key older than this is rotated, in seconds.
    pub rotate_after_secs: u64,
    /// A scheduled rotation waits until the next key has been published this long, in seconds.
    pub publish_ahead_secs: u64,
    /// The longest life of anything signed, in seconds.
    pub longest_token_secs: u64,
}

/// What must be written so that every algorithm in `wanted` has an active and a next key, keys due are
/// rotated and keys past their time are gone. Empty when nothing is due.
pub fn upkeep(
    documents: &[Document],
    wanted: &BTreeSet<Algorithm>,
    schedule: Schedule,
    sealer: &Sealer,
    now: u64,
) -> Result<Vec<DocumentWrite>, KeyError> {
    let mut writes = Vec::new();
    let keys = keys_by_algorithm(documents)?;
    for alg in wanted {
        let own = keys.get(alg).map_or(&[][..], Vec::as_slice);
        let old = own.iter().any(|(_, key)| {
            matches!(key.life, KeyState::Active { since } if now >= since.saturating_add(schedule.rotate_after_secs))
        });
        let known = own.iter().any(|(_, key)| {
            key.life == KeyState::Next && now >= key.created_at.saturating_add(schedule.publish_ahead_secs)
        });
        let due = old && known;
        let signing = own.iter().any(|(_, key)| matches!(key.life, KeyState::Active { .. }));
        if due || !signing {
            rotate_algorithm(own, *alg, schedule, sealer, now, &mut writes)?;
        } else if !own.iter().any(|(_, key)| key.life == KeyState::Next) {
            writes.push(put_new(*alg, next_generation(own), KeyState::Next, sealer, now)?);
        }
    }
    for (document, key) in keys.values().flatten() {
        if matches!(key.life, KeyState::Retired { gone_at, .. } if now >= gone_at) {
            writes.push(DocumentWrite::Delete {
                kind: KIND.to_owned(),
                id: document.id.clone(),
                expect: Expect::Revision(document.revision),
            });
        }
    }
    Ok(writes)
}

/// What must be written to rotate the keys of `algorithms` now: next signs, active retires, a new next is
/// published.
pub fn rotation(
    documents: &[Document],
    algorithms: &BTreeSet<Algorithm>,
    schedule: Schedule,
    sealer: &Sealer,
    now: u64,
) -> Result<Vec<DocumentWrite>, KeyError> {
    let keys = keys_by_algorithm(documents)?;
    let mut writes = Vec::new();
    for alg in algorithms {
        let own = keys.get(alg).map_or(&[][..], Vec::as_slice);
        rotate_algorithm(own, *alg, schedule, sealer, now, &mut writes)?;
    }
    Ok(writes)
}

type Keys<'a> = BTreeMap<Algorithm, Vec<(&'a Document, KeyRecord)>>;

fn keys_by_algorithm(documents: &[Document]) -> Result<Keys<'_>, KeyError> {
    let mut keys = Keys::new();
    for document in documents.iter().filter(|document| document.kind == KIND) {
        let key = record(document)?;
        keys.entry(key.alg).or_default().push((document, key));
    }
    Ok(keys)
}

fn rotate_algorithm(
    own: &[(&Document, KeyRecord)],
    alg: Algorithm,
    schedule: Schedule,
    sealer: &Sealer,
    now: u64,
    writes: &mut Vec<DocumentWrite>,
) -> Result<(), KeyError> {
    let mut promoted = false;
    for (document, key) in own {
        let life = match key.life {
            KeyState::Next if !promoted => {
                promoted = true;
                KeyState::Active { since: now }
            }
            KeyState::Active { .. } => KeyState::Retired {
                since: now,
                gone_at: now.saturating_add(schedule.longest_token_secs).saturating_add(LARGEST_LEEWAY_SECS),
            },
            KeyState::Next | KeyState::Retired { .. } => continue,
        };
        writes.push(put(&document.id, &KeyRecord { life, ..key.clone() }, Expect::Revision(document.revision)));
    }
    let generation = next_generation(own);
    if !promoted {
        writes.push(put_new(alg, generation, KeyState::Active { since: now }, sealer, now)?);
    }
    writes.push(put_new(alg, generation + 1, KeyState::Next, sealer, now)?);
    Ok(())
}

/// Keys of an algorithm are numbered, and the number is in the document's id: of two who make the next key at the same
/// moment one meets the other's document and gives way, so there is never a second active key.
fn next_generation(own: &[(&Document, KeyRecord)]) -> u64 {
    let generations = own.iter().filter_map(|(document, _)| document.id.rsplit_once('.')?.1.parse::<u64>().ok());
    generations.max().map_or(1, |newest| newest.saturating_add(1))
}

fn put_new(
    alg: Algorithm,
    generation: u64,
    life: KeyState,
    sealer: &Sealer,
    now: u64,
) -> Result<DocumentWrite, KeyError> {
    let jwk = Jwk::generate(alg).map_err(KeyError::Generation)?;
    let record = KeyRecord {
        kid: jwk.thumbprint_base64url(),
        alg,
        life,
        created_at: now,
        public: jwk.public_value().map_err(KeyError::Generation)?,
        sealed: sealer.seal(SEAL_PURPOSE, jwk.to_private_json().as_bytes()),
    };
    Ok(put(&format!("{alg}.{generation}"), &record, Expect::Absent))
}

fn put(id: &str, record: &KeyRecord, expect: Expect) -> DocumentWrite {
    DocumentWrite::Put {
        kind: KIND.to_owned(),
        id: id.to_owned(),
        body: serde_json::to_value(record).expect("a key record has only string keys"),
        expect,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::MasterKey;

    const SCHEDULE: Schedule = Schedule { rotate_after_secs: 1_000, publish_ahead_secs: 50, longest_token_secs: 100 };

    fn sealer() -> Sealer {
        MasterKey::from_text(&symbolon_jose::base64url::encode(&[1; 32]), "test").unwrap().sealer()
    }

    /// Applies writes the way the store does, revision checks included.
    fn apply(documents: &mut Vec<Document>, writes: Vec<DocumentWrite>) {
        for write in writes {
            match write {
                DocumentWrite::Put { kind, id, body, .. } => {
                    let revision = documents.iter().find(|d| d.id == id).map_or(1, |d| d.revision + 1);
                    documents.retain(|d| d.id != id);
                    documents.push(Document { kind, id, revision, body });
                }
                DocumentWrite::Delete { id, .. } => documents.retain(|d| d.id != id),
            }
        }
    }

    fn states(documents: &[Document]) -> (usize, usize, usize) {
        let records = records(documents).unwrap();
        let count = |wanted: fn(&KeyState) -> bool| records.iter().filter(|r| wanted(&r.life)).count();
        (
            count(|s| matches!(s, KeyState::Next)),
            count(|s| matches!(s, KeyState::Active { .. })),
            count(|s| matches!(s, KeyState::Retired { .. })),
        )
    }

    #[test]
    fn a_key_is_published_before_it_signs_and_until_its_last_token_has_expired() {
        let wanted = BTreeSet::from([Algorithm::EdDSA]);
        let mut documents = Vec::new();
        let writes = upkeep(&documents, &wanted, SCHEDULE, &sealer(), 0).unwrap();
        apply(&mut documents, writes);
        assert_eq!(states(&documents), (1, 1, 0));
        let next = records(&documents).unwrap().into_iter().find(|r| r.life == KeyState::Next).unwrap().kid;

        assert!(upkeep(&documents, &wanted, SCHEDULE, &sealer(), 999).unwrap().is_empty(), "nothing is due");
        let writes = upkeep(&documents, &wanted, SCHEDULE, &sealer(), 1_000).unwrap();
        apply(&mut documents, writes);
        assert_eq!(states(&documents), (1, 1, 1));
        let ring = KeyRing::open(&records(&documents).unwrap(), &sealer()).unwrap();
        assert_eq!(ring.signing(Algorithm::EdDSA).unwrap().kid(), Some(next.as_str()), "what was published signs");
        assert_eq!(ring.jwks()["keys"].as_array().unwrap().len(), 3);

        assert!(upkeep(&documents, &wanted, SCHEDULE, &sealer(), 1_399).unwrap().is_empty());
        let writes = upkeep(&documents, &wanted, SCHEDULE, &sealer(), 1_400).unwrap();
        apply(&mut documents, writes);
        assert_eq!(states(&documents), (1, 1, 0), "100 s of tokens and 300 s of leeway later it is gone");
    }

    #[test]
    fn two_who_make_the_same_key_at_once_meet_in_one_document() {
        let ids = |writes: &[DocumentWrite]| -> Vec<(String, bool)> {
            let id = |write: &DocumentWrite| match write {
                DocumentWrite::Put { id, expect, .. } => (id.clone(), *expect == Expect::Absent),
                DocumentWrite::Delete { id, .. } => (id.clone(), false),
            };
            writes.iter().map(id).collect()
        };
        let wanted = BTreeSet::from([Algorithm::EdDSA]);
        let mut documents = Vec::new();
        for now in [0, 1_000, 2_000] {
            let (one, other) = (
                upkeep(&documents, &wanted, SCHEDULE, &sealer(), now).unwrap(),
                upkeep(&documents, &wanted, SCHEDULE, &sealer(), now).unwrap(),
            );
            assert_eq!(ids(&one), ids(&other));
            assert!(ids(&one).iter().any(|(_, absent)| *absent), "a new document that the slower one would meet");
            apply(&mut documents, one);
        }
        assert_eq!(states(&documents), (1, 1, 1));
    }

    #[test]
    fn no_private_member_is_ever_published() {
        let wanted = BTreeSet::from([Algorithm::ES256, Algorithm::EdDSA]);
        let mut documents = Vec::new();
        let writes = upkeep(&documents, &wanted, SCHEDULE, &sealer(), 0).unwrap();
        apply(&mut documents, writes);
        let ring = KeyRing::open(&records(&documents).unwrap(), &sealer()).unwrap();
        assert!(ring.jwks()["keys"].as_array().unwrap().iter().all(|key| key.get("d").is_none()));
    }

    #[test]
    fn the_wrong_master_key_is_named_as_such() {
        let wanted = BTreeSet::from([Algorithm::EdDSA]);
        let mut documents = Vec::new();
        let writes = upkeep(&documents, &wanted, SCHEDULE, &sealer(), 0).unwrap();
        apply(&mut documents, writes);
        let other = MasterKey::from_text(&symbolon_jose::base64url::encode(&[2; 32]), "test").unwrap().sealer();
        let error = KeyRing::open(&records(&documents).unwrap(), &other).unwrap_err();
        assert!(matches!(error, KeyError::WrongMasterKey { .. }), "{error}");
    }
}
