//! Entries of 17 bytes: each is written again as it was read, those of unknown kinds are counted, and a set that takes them in holds
//! exactly these, each until its time.

#![no_main]

use libfuzzer_sys::fuzz_target;
use symbolon_fuzz::feed::{self, Model};
use symbolon_revocation::{Entry, Kind, RECORD_LEN, Records, RevocationSet};

fuzz_target!(|input: &[u8]| {
    let Ok(mut records) = Records::new(input) else {
        return assert_ne!(input.len() % RECORD_LEN, 0);
    };
    let entries: Vec<Entry> = records.by_ref().collect();
    let (chunks, _) = input.as_chunks::<RECORD_LEN>();
    let known = chunks.iter().filter(|record| Kind::from_code(record[0]).is_some());
    assert!(entries.iter().map(Entry::record).eq(known.copied()));
    assert_eq!(entries.len() as u64 + records.unknown(), chunks.len() as u64);

    let (set, model) = (RevocationSet::new(), Model::of(entries.iter().copied()));
    let added = set.insert(&entries, feed::NOW);
    assert_eq!(added.ids, model.added().0);
    assert_eq!(set.len(), model.added().0 + model.added().1);
    assert_eq!(set.version() > 1, added.ids + added.rules > 0);
    model.check(&set);
});
