use symbolon_jose::{Algorithm, Jwk, SigningKey, VerifyingKey, VerifyingKeys};
use symbolon_revocation::{Fingerprint, IdKind, SnapshotToSign, snapshot};

use super::*;

const ISSUER: &str = "https://id.example";
const T: u64 = 1_800_000_000;

fn at(secs: u64) -> Now {
    Now { unix: T + secs, steady: Duration::from_secs(secs) }
}

fn entry(id: u64) -> Entry {
    Entry::new(IdKind::Jti, Fingerprint(id), T, T + 900)
}

fn event(epoch: &str, iat: u64, after: u64, ids: &[u64]) -> Event {
    let entries: Vec<Entry> = ids.iter().map(|id| entry(*id)).collect();
    Event { iat: T + iat, epoch: epoch.to_owned(), after, seq: after + ids.len() as u64, entries, unknown: 0 }
}

/// What becomes of a snapshot with these ids.
fn take(knowledge: &Knowledge, epoch: &str, iat: u64, seq: u64, ids: &[u64], now: Now) -> Heard {
    let jwk = Jwk::generate(Algorithm::EdDSA).unwrap();
    let key = SigningKey::from_jwk(&jwk, Algorithm::EdDSA).unwrap();
    let keys = VerifyingKeys::single(VerifyingKey::from_jwk(&jwk, Algorithm::EdDSA).unwrap());
    let head = SnapshotToSign { iss: ISSUER, iat: T + iat, epoch, seq };
    let bytes = snapshot::encode(&key, &head, ids.iter().map(|id| entry(*id))).unwrap();
    knowledge.take(&Snapshot::verify(&bytes, &keys, ISSUER, now.unix).unwrap(), now)
}

fn knows(knowledge: &Knowledge, ids: impl IntoIterator<Item = u64>) -> bool {
    ids.into_iter().all(|id| knowledge.set.contains(IdKind::Jti, Fingerprint(id)))
}

fn begun() -> Knowledge {
    let knowledge = Knowledge::default();
    assert_eq!(take(&knowledge, "E", 0, 2, &[1, 2], at(0)), Heard::Known);
    knowledge
}

fn number(knowledge: &Knowledge) -> u64 {
    knowledge.position().unwrap().seq
}

#[test]
fn it_begins_with_a_snapshot_and_goes_on_event_by_event() {
    let knowledge = Knowledge::default();
    assert_eq!(knowledge.staleness(at(5)), None);
    assert_eq!(knowledge.hear(&event("E", 0, 0, &[7]), at(0)), Heard::Hole);
    assert!(knows(&knowledge, [7]), "what is signed is true, also before the snapshot");
    assert_eq!(take(&knowledge, "E", 0, 2, &[1, 2], at(0)), Heard::Known);
    assert_eq!(knowledge.hear(&event("E", 1, 2, &[3, 4]), at(1)), Heard::Known);
    assert_eq!(knowledge.hear(&event("E", 2, 3, &[4, 5]), at(2)), Heard::Known, "some of it was known");
    assert!(knows(&knowledge, [1, 2, 3, 4, 5, 7]));
    assert_eq!((number(&knowledge), knowledge.head().lag()), (5, 0));
}

#[test]
fn its_age_is_counted_from_the_signed_time_and_by_the_steady_clock_whichever_is_worse() {
    let knowledge = begun();
    assert_eq!(knowledge.staleness(at(0)), Some(Duration::ZERO));
    let secs = |now: Now| knowledge.staleness(now).unwrap().as_secs();
    assert_eq!(secs(at(7)), 7);
    assert_eq!(secs(Now { unix: T, ..at(7) }), 7, "the time of day was put back");
    assert_eq!(secs(Now { unix: T + 9, ..at(7) }), 9, "the machine slept");
    assert_eq!(knowledge.hear(&event("E", 5, 2, &[]), at(7)), Heard::Known);
    assert_eq!(secs(at(7)), 2, "said five seconds in, heard seven in");
}

#[test]
fn an_old_snapshot_makes_nobody_young() {
    let knowledge = Knowledge::default();
    assert_eq!(take(&knowledge, "E", 0, 2, &[1], at(500)), Heard::Known);
    assert_eq!(knowledge.staleness(at(500)).unwrap().as_secs(), 500);
}

#[test]
fn a_word_said_again_moves_nothing() {
    let knowledge = begun();
    let heartbeat = event("E", 3, 2, &[]);
    assert_eq!(knowledge.hear(&heartbeat, at(3)), Heard::Known);
    assert_eq!(knowledge.hear(&event("E", 4, 2, &[3]), at(4)), Heard::Known);
    assert_eq!(knowledge.hear(&event("E", 4, 2, &[]), at(5)), Heard::Older, "the same second, one entry before");
    for now in [5, 20] {
        assert_eq!(knowledge.hear(&heartbeat, at(now)), Heard::Older);
        assert_eq!(knowledge.staleness(at(now)).unwrap().as_secs(), now - 4);
    }
    assert_eq!(knowledge.hear(&event("E", 4, 3, &[]), at(20)), Heard::Known);
    assert_eq!(knowledge.staleness(at(20)).unwrap().as_secs(), 16, "the same second is no younger for being repeated");
    assert_eq!(number(&knowledge), 3);
}

#[test]
fn a_hole_is_noticed_and_does_not_count_as_known() {
    let knowledge = begun();
    assert_eq!(knowledge.hear(&event("E", 9, 4, &[5]), at(9)), Heard::Hole);
    assert!(knows(&knowledge, [5]), "refused already");
    assert_eq!((number(&knowledge), knowledge.head().lag()), (2, 3));
    assert_eq!(knowledge.staleness(at(9)).unwrap().as_secs(), 9);
    assert_eq!(take(&knowledge, "E", 9, 5, &[1, 2, 3, 4, 5], at(10)), Heard::Known);
    assert_eq!((number(&knowledge), knowledge.head().lag()), (5, 0));
}

#[test]
fn an_older_snapshot_adds_what_it_has_and_takes_nothing_away() {
    let knowledge = begun();
    assert_eq!(knowledge.hear(&event("E", 10, 2, &[3]), at(10)), Heard::Known);
    assert_eq!(take(&knowledge, "E", 4, 2, &[1, 2, 9], at(11)), Heard::Older);
    assert!(knows(&knowledge, [1, 2, 3, 9]));
    assert_eq!(number(&knowledge), 3);
    assert_eq!(knowledge.staleness(at(11)).unwrap().as_secs(), 1);
}

#[test]
fn a_log_that_was_put_back_is_followed_and_nothing_that_was_refused_is_accepted() {
    let knowledge = begun();
    assert_eq!(knowledge.hear(&event("E", 5, 1, &[]), at(5)), Heard::Hole, "fewer than there were");
    assert_eq!(take(&knowledge, "E", 5, 1, &[1], at(5)), Heard::Known);
    assert_eq!((number(&knowledge), knowledge.head().set_back), (1, 1));
    assert_eq!(knowledge.hear(&event("E", 6, 1, &[8]), at(6)), Heard::Known);
    assert!(knows(&knowledge, [1, 2, 8]));
    // What was said before that does not lead back.
    assert_eq!(knowledge.hear(&event("E", 4, 1, &[2, 3]), at(7)), Heard::Older);
    assert_eq!(number(&knowledge), 2);
}

#[test]
fn another_log_needs_a_snapshot_and_takes_nothing_away() {
    let knowledge = begun();
    assert_eq!(knowledge.hear(&event("F", 5, 0, &[]), at(5)), Heard::Hole);
    assert_eq!(take(&knowledge, "F", 5, 0, &[], at(5)), Heard::Known);
    assert_eq!(knowledge.position().unwrap().to_string(), "F.0");
    assert!(knows(&knowledge, [1, 2]));
    assert_eq!(take(&knowledge, "E", 4, 9, &[9], at(6)), Heard::Older);
    assert_eq!(knowledge.position().unwrap().to_string(), "F.0");
}

#[test]
fn a_clock_that_was_ahead_for_a_while_makes_nothing_forgotten() {
    let knowledge = begun();
    let ahead = Now { unix: T + 7_200, ..at(5) };
    assert_eq!(knowledge.hear(&event("E", 5, 2, &[3]), ahead), Heard::Known);
    while !knowledge.forget(ahead) {}
    assert!(knows(&knowledge, [1, 2, 3]));
    while !knowledge.forget(at(2_000)) {}
    assert!(!knows(&knowledge, [1]) && !knows(&knowledge, [3]), "in its time");
}
