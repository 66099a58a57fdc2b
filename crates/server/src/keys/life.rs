//! What moves a signing key through its life: upkeep as the schedule asks, rotation before the time, and retirement of a key that
//! is not to be trusted any more. Pure: documents and the
//! time in, what to write out. Whoever was slower meets a revision or a document that is there already, and writes nothing.

use std::collections::{BTreeMap, BTreeSet};

use symbolon_jose::{Algorithm, Jwk};
use symbolon_store::{Document, DocumentWrite, Expect};

use super::{KIND, KeyError, KeyRecord, KeyState, LARGEST_LEEWAY_SECS, SEAL_PURPOSE, record};
use crate::seal::Sealer;

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
            writes.push(delete(document));
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

/// What must be written so that the key `kid` is gone at once. If it was the active one, the next of its algorithm signs from now
/// on; if it was that or the next one, a new next is published. Empty if there is no such key.
pub fn retirement(
    documents: &[Document],
    kid: &str,
    sealer: &Sealer,
    now: u64,
) -> Result<Vec<DocumentWrite>, KeyError> {
    let keys = keys_by_algorithm(documents)?;
    let found = keys.values().find_map(|own| own.iter().find(|(_, key)| key.kid == kid).map(|found| (own, found)));
    let Some((own, (document, key))) = found else { return Ok(Vec::new()) };
    // Also of what is written anew the number is one that the lost key does not have: see `next_generation`.
    let generation = next_generation(own);
    let mut writes = vec![delete(document)];
    match key.life {
        KeyState::Active { .. } => {
            let life = KeyState::Active { since: now };
            writes.push(match own.iter().find(|(_, other)| other.life == KeyState::Next) {
                Some((document, next)) => {
                    put(&document.id, &KeyRecord { life, ..next.clone() }, Expect::Revision(document.revision))
                }
                None => put_new(key.alg, generation, life, sealer, now)?,
            });
            writes.push(put_new(key.alg, generation + 1, KeyState::Next, sealer, now)?);
        }
        KeyState::Next => writes.push(put_new(key.alg, generation, KeyState::Next, sealer, now)?),
        KeyState::Retired { .. } => {}
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

fn delete(document: &Document) -> DocumentWrite {
    DocumentWrite::Delete {
        kind: KIND.to_owned(),
        id: document.id.clone(),
        expect: Expect::Revision(document.revision),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{KeyRing, records};
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
                    documents.push(Document { kind, id, revision, body: body.into() });
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

    /// One key in each state: `retired`, `active`, `next`.
    fn one_of_each() -> (Vec<Document>, [String; 3]) {
        let wanted = BTreeSet::from([Algorithm::EdDSA]);
        let mut documents = Vec::new();
        for now in [0, 1_000] {
            let writes = upkeep(&documents, &wanted, SCHEDULE, &sealer(), now).unwrap();
            apply(&mut documents, writes);
        }
        assert_eq!(states(&documents), (1, 1, 1));
        let kid = |state: fn(&KeyState) -> bool| {
            records(&documents).unwrap().into_iter().find(|key| state(&key.life)).unwrap().kid
        };
        let kids = [
            kid(|life| matches!(life, KeyState::Retired { .. })),
            kid(|life| matches!(life, KeyState::Active { .. })),
            kid(|life| matches!(life, KeyState::Next)),
        ];
        (documents, kids)
    }

    fn published(documents: &[Document]) -> Vec<String> {
        records(documents).unwrap().into_iter().map(|key| key.kid).collect()
    }

    #[test]
    fn a_compromised_key_is_gone_at_once_and_the_next_signs() {
        let (mut documents, [retired, active, next]) = one_of_each();
        let writes = retirement(&documents, &active, &sealer(), 1_200).unwrap();
        apply(&mut documents, writes);
        assert_eq!(states(&documents), (1, 1, 1));
        let left = published(&documents);
        assert!(!left.contains(&active) && left.contains(&next) && left.contains(&retired));
        let ring = KeyRing::open(&records(&documents).unwrap(), &sealer()).unwrap();
        assert_eq!(ring.signing(Algorithm::EdDSA).unwrap().kid(), Some(next.as_str()), "what was published signs");
        assert!(!ring.jwks().to_string().contains(&active));
        let wanted = BTreeSet::from([Algorithm::EdDSA]);
        assert!(upkeep(&documents, &wanted, SCHEDULE, &sealer(), 1_200).unwrap().is_empty(), "nothing is left to do");
    }

    #[test]
    fn a_compromised_next_key_never_signs() {
        let (mut documents, [_, active, next]) = one_of_each();
        let writes = retirement(&documents, &next, &sealer(), 1_200).unwrap();
        apply(&mut documents, writes);
        assert_eq!(states(&documents), (1, 1, 1));
        assert!(!published(&documents).contains(&next));
        let ring = KeyRing::open(&records(&documents).unwrap(), &sealer()).unwrap();
        assert_eq!(ring.signing(Algorithm::EdDSA).unwrap().kid(), Some(active.as_str()));
    }

    #[test]
    fn a_compromised_retired_key_just_goes() {
        let (mut documents, [retired, active, next]) = one_of_each();
        let writes = retirement(&documents, &retired, &sealer(), 1_200).unwrap();
        assert_eq!(writes.len(), 1);
        apply(&mut documents, writes);
        let left = published(&documents);
        assert!(left.len() == 2 && left.contains(&active) && left.contains(&next));
    }

    #[test]
    fn without_a_next_key_a_new_one_signs() {
        let (mut documents, [_, active, next]) = one_of_each();
        documents.retain(|document| document.body.read::<KeyRecord>().unwrap().kid != next);
        let writes = retirement(&documents, &active, &sealer(), 1_200).unwrap();
        apply(&mut documents, writes);
        assert_eq!(states(&documents), (1, 1, 1));
        assert!(!published(&documents).contains(&active));
    }

    #[test]
    fn a_key_that_is_not_there_changes_nothing() {
        let (documents, [_, active, _]) = one_of_each();
        for kid in ["", "none", &active[1..], "EdDSA.1"] {
            assert!(retirement(&documents, kid, &sealer(), 1_200).unwrap().is_empty(), "{kid}");
        }
    }

    #[test]
    fn whoever_retires_a_key_second_meets_a_conflict() {
        let (mut documents, [_, active, next]) = one_of_each();
        for kid in [&active, &next] {
            let rivals = [
                retirement(&documents, kid, &sealer(), 1_200).unwrap(),
                rotation(&documents, &BTreeSet::from([Algorithm::EdDSA]), SCHEDULE, &sealer(), 1_200).unwrap(),
            ];
            for rival in rivals {
                let mut after = documents.clone();
                apply(&mut after, retirement(&documents, kid, &sealer(), 1_200).unwrap());
                let meets = rival.iter().any(|write| match write {
                    DocumentWrite::Put { id, expect: Expect::Absent, .. } => after.iter().any(|there| there.id == *id),
                    DocumentWrite::Put { id, expect, .. } | DocumentWrite::Delete { id, expect, .. } => {
                        let there = after.iter().find(|there| there.id == *id);
                        there.is_none_or(|there| *expect != Expect::Revision(there.revision))
                    }
                });
                assert!(meets, "the store refuses it as a whole");
            }
        }
        let writes = retirement(&documents, &active, &sealer(), 1_200).unwrap();
        apply(&mut documents, writes);
        assert!(
            retirement(&documents, &active, &sealer(), 1_200).unwrap().is_empty(),
            "and, looking again, nothing to do"
        );
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
