//! A snapshot of revocations, two ways in. Bytes that start like one, as they are: what verifies was signed with that key. Others are a
//! body, put under a good head: what is accepted says the same when it is written again, and a set that takes it in holds what it says.

#![no_main]

use libfuzzer_sys::fuzz_target;
use symbolon_fuzz::feed::{self, Model};
use symbolon_revocation::{Fingerprint, IdKind, Kind, RevocationSet, Snapshot, SnapshotToSign, snapshot};

fuzz_target!(|input: &[u8]| {
    if input.starts_with(b"SYMREVO1") {
        if Snapshot::verify(input, &feed::KEYS, feed::ISSUER, feed::NOW).is_ok() {
            let len = u32::from_be_bytes(input[8..12].try_into().expect("four bytes")) as usize;
            let head = std::str::from_utf8(&input[12..12 + len]).expect("it has been read");
            assert!(feed::is_signed(head), "nobody signed this");
        }
        return;
    }
    let bytes = feed::snapshot(input);
    let Ok(read) = Snapshot::verify(&bytes, &feed::KEYS, feed::ISSUER, feed::NOW) else { return };
    let mut rules = read.rules();
    let known = rules.by_ref().count();
    let ids: usize = IdKind::ALL.iter().map(|kind| read.ids(*kind).len()).sum();
    assert_eq!(read.len(), ids + known + usize::try_from(rules.unknown()).expect("a small number"));
    assert_eq!(input.len(), 16 + 12 * ids + 17 * (read.len() - ids));

    let head = SnapshotToSign { iss: feed::ISSUER, iat: read.iat(), epoch: read.epoch(), seq: read.seq() };
    // In the wrong order, to be sorted.
    let mut entries: Vec<_> = read.entries().collect();
    entries.reverse();
    let written = snapshot::encode(&feed::SIGNING, &head, entries.iter().copied()).expect("it was read");
    let again = Snapshot::verify(&written, &feed::SIGNED, feed::ISSUER, feed::NOW).expect("it was signed");
    for kind in IdKind::ALL {
        assert!(again.ids(kind).eq(read.ids(kind)));
    }
    let mut distinct: Vec<(Kind, Fingerprint)> = read.rules().map(|rule| (rule.kind, rule.fingerprint)).collect();
    distinct.sort_unstable();
    distinct.dedup();
    assert!(again.rules().map(|rule| (rule.kind, rule.fingerprint)).eq(distinct));

    let (set, model) = (RevocationSet::new(), Model::of(entries.into_iter()));
    let added = set.merge(&read, feed::NOW);
    let (ids, rules) = model.added();
    assert_eq!((added.ids, added.rules_left_out, set.len()), (ids, 0, ids + rules));
    // One that comes twice, the later time last, refuses more each time.
    assert!((rules..=known).contains(&added.rules));
    assert_eq!(set.merge(&again, feed::NOW).ids, 0);
    model.check(&set);
});
