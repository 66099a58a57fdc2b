//! Keys to which clients encrypt their request objects (RFC 9101 §6.1), one for each algorithm that a client is registered for.
//!
//! One key of an algorithm is active and published; the one before it still decrypts for a while, for those who have the older key set.
//! A new key need not be known ahead of its use, as a signing key must: whoever has not seen it yet encrypts to the one before.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use symbolon_jose::jwe::{DecryptingKey, DecryptingKeys};
use symbolon_jose::jwk::Purpose;
use symbolon_jose::{ContentEncryption, Jwk, KeyManagement};
use symbolon_store::{Document, DocumentWrite, Expect};

use super::{KeyError, Schedule};
use crate::seal::Sealer;

/// The kind of the registry documents that hold these keys.
pub const KIND: &str = "encryption_key";
const SEAL_PURPOSE: &str = "encryption key";
/// How long a key decrypts that is published no more, in seconds: longer than anybody keeps a key set, and a request object counts.
const DECRYPTS_SECS: u64 = 86_400;

/// A key as the registry keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct EncryptionKeyRecord {
    /// The key id: the RFC 7638 thumbprint.
    kid: String,
    /// The one algorithm it is for.
    alg: KeyManagement,
    /// When it was made, Unix seconds: since then it is published.
    created_at: u64,
    /// When it is gone, once another has taken its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gone_at: Option<u64>,
    /// The public half.
    public: Value,
    /// The private half, sealed.
    sealed: String,
}

/// All of them, parsed once.
#[derive(Debug, Default)]
pub struct EncryptionRing {
    keys: DecryptingKeys,
    algorithms: BTreeSet<KeyManagement>,
    published: Vec<Value>,
}

impl EncryptionRing {
    /// Opens the keys among registry documents.
    pub fn open(documents: &[Document], sealer: &Sealer) -> Result<Self, KeyError> {
        let (mut keys, mut ring) = (Vec::new(), Self::default());
        for (_, record) in records(documents)? {
            let malformed =
                |why: symbolon_jose::Error| KeyError::Malformed { id: record.kid.clone(), why: why.to_string() };
            let private = sealer
                .open(SEAL_PURPOSE, &record.sealed)
                .map_err(|_| KeyError::WrongMasterKey { kid: record.kid.clone() })?;
            let jwk = Jwk::from_slice(&private).map_err(malformed)?;
            keys.push(DecryptingKey::from_jwk(&jwk, record.alg, ContentEncryption::ALL).map_err(malformed)?);
            if record.gone_at.is_none() {
                ring.algorithms.insert(record.alg);
                ring.published.push(record.public.clone());
            }
        }
        ring.keys = keys.into_iter().collect();
        Ok(ring)
    }

    /// What decrypts, if anything can be encrypted to this server.
    pub fn decrypting(&self) -> Option<&DecryptingKeys> {
        (!self.algorithms.is_empty()).then_some(&self.keys)
    }

    /// What can be encrypted with.
    pub fn algorithms(&self) -> impl Iterator<Item = KeyManagement> {
        self.algorithms.iter().copied()
    }

    /// The public halves to publish.
    pub fn published(&self) -> &[Value] {
        &self.published
    }
}

/// What must be written so that each algorithm in `wanted` has a key that is not too old, and what is gone is gone. Empty when nothing is
/// due.
pub fn upkeep(
    documents: &[Document],
    wanted: &BTreeSet<KeyManagement>,
    schedule: Schedule,
    sealer: &Sealer,
    now: u64,
) -> Result<Vec<DocumentWrite>, KeyError> {
    let mut writes = Vec::new();
    let mut own: BTreeMap<KeyManagement, Vec<(&Document, EncryptionKeyRecord)>> = BTreeMap::new();
    for (document, record) in records(documents)? {
        own.entry(record.alg).or_default().push((document, record));
    }
    for alg in wanted {
        let keys = own.get(alg).map_or(&[][..], Vec::as_slice);
        let active = keys.iter().find(|(_, key)| key.gone_at.is_none());
        let due = active.is_none_or(|(_, key)| now >= key.created_at.saturating_add(schedule.rotate_after_secs));
        if !due {
            continue;
        }
        if let Some((document, key)) = active {
            let retired = EncryptionKeyRecord { gone_at: Some(now.saturating_add(DECRYPTS_SECS)), ..key.clone() };
            writes.push(put(&document.id, &retired, Expect::Revision(document.revision)));
        }
        // Numbered, so that of two nodes one meets the other's document and gives way.
        let numbers = keys.iter().filter_map(|(document, _)| document.id.rsplit_once('.')?.1.parse::<u64>().ok());
        let number = numbers.max().map_or(1, |newest| newest.saturating_add(1));
        writes.push(put(&format!("{alg}.{number}"), &made(*alg, sealer, now)?, Expect::Absent));
    }
    for (document, key) in own.values().flatten() {
        if key.gone_at.is_some_and(|gone_at| now >= gone_at) {
            writes.push(DocumentWrite::Delete {
                kind: KIND.to_owned(),
                id: document.id.clone(),
                expect: Expect::Revision(document.revision),
            });
        }
    }
    Ok(writes)
}

fn made(alg: KeyManagement, sealer: &Sealer, now: u64) -> Result<EncryptionKeyRecord, KeyError> {
    let jwk = Jwk::generate(alg).and_then(|jwk| jwk.with_purpose(Purpose::Encryption)).map_err(KeyError::Generation)?;
    Ok(EncryptionKeyRecord {
        kid: jwk.thumbprint_base64url(),
        alg,
        created_at: now,
        gone_at: None,
        public: jwk.public_value().map_err(KeyError::Generation)?,
        sealed: sealer.seal(SEAL_PURPOSE, jwk.to_private_json().as_bytes()),
    })
}

fn records(documents: &[Document]) -> Result<Vec<(&Document, EncryptionKeyRecord)>, KeyError> {
    let own = documents.iter().filter(|document| document.kind == KIND);
    own.map(|document| {
        let record = document.body.read();
        record
            .map(|record| (document, record))
            .map_err(|why| KeyError::Malformed { id: document.id.clone(), why: why.to_string() })
    })
    .collect()
}

fn put(id: &str, record: &EncryptionKeyRecord, expect: Expect) -> DocumentWrite {
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

    const NOW: u64 = 1_800_000_000;
    const SCHEDULE: Schedule = Schedule { rotate_after_secs: 1_000, publish_ahead_secs: 10, longest_token_secs: 60 };

    fn sealer() -> Sealer {
        sealer_of(1)
    }

    fn sealer_of(byte: u8) -> Sealer {
        MasterKey::from_text(&symbolon_jose::base64url::encode(&[byte; 32]), "test").unwrap().sealer()
    }

    fn wanted() -> BTreeSet<KeyManagement> {
        BTreeSet::from([KeyManagement::EcdhEsA256Kw])
    }

    fn step(documents: &mut Vec<Document>, sealer: &Sealer, now: u64) -> usize {
        let writes = upkeep(documents, &wanted(), SCHEDULE, sealer, now).unwrap();
        let count = writes.len();
        for write in writes {
            match write {
                DocumentWrite::Put { kind, id, body, .. } => {
                    documents.retain(|document| document.id != id);
                    documents.push(Document { kind, id, revision: 1, body: body.into() });
                }
                DocumentWrite::Delete { id, .. } => documents.retain(|document| document.id != id),
            }
        }
        count
    }

    #[test]
    fn a_key_is_made_where_one_is_wanted_replaced_in_time_and_still_decrypts_for_a_day() {
        let (sealer, mut documents) = (sealer(), Vec::new());
        assert!(upkeep(&documents, &BTreeSet::new(), SCHEDULE, &sealer, NOW).unwrap().is_empty());
        assert_eq!((step(&mut documents, &sealer, NOW), step(&mut documents, &sealer, NOW + 999)), (1, 0));
        let ring = EncryptionRing::open(&documents, &sealer).unwrap();
        assert_eq!((ring.published().len(), ring.algorithms().collect::<BTreeSet<_>>()), (1, wanted()));
        assert_eq!(
            (&ring.published()[0]["use"], &ring.published()[0]["alg"]),
            (&"enc".into(), &"ECDH-ES+A256KW".into())
        );
        assert!(ring.published()[0].get("d").is_none());
        let first = ring.published()[0]["kid"].clone();
        assert_eq!(step(&mut documents, &sealer, NOW + 1_000), 2);
        let ring = EncryptionRing::open(&documents, &sealer).unwrap();
        assert_eq!((ring.published().len(), ring.decrypting().unwrap().iter().count()), (1, 2));
        assert_ne!(ring.published()[0]["kid"], first);
        assert!(ring.decrypting().unwrap().find(first.as_str(), "ECDH-ES+A256KW").is_ok());
        step(&mut documents, &sealer, NOW + 1_000 + DECRYPTS_SECS);
        let ring = EncryptionRing::open(&documents, &sealer).unwrap();
        assert!(ring.decrypting().unwrap().find(first.as_str(), "ECDH-ES+A256KW").is_err(), "it is gone");
    }

    #[test]
    fn another_master_key_opens_nothing() {
        let mut documents = Vec::new();
        step(&mut documents, &sealer(), NOW);
        assert!(matches!(EncryptionRing::open(&documents, &sealer_of(2)), Err(KeyError::WrongMasterKey { .. })));
    }
}
