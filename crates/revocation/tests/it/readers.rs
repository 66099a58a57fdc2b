//! Readers beside a writer: what was there before a version is always seen with it, and nobody is refused who is not in it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use symbolon_revocation::{Entry, Fingerprint, IdKind, Kind, RevocationSet, TokenIds};

use crate::support::{NOW, scattered};

/// In few shards, so that their tables grow and are replaced all the time.
fn id(number: u64) -> Fingerprint {
    Fingerprint(scattered(number) & !(0xff8 << 52))
}

/// Every id moves the version by one. Every other one is soon due.
fn entry(number: u64) -> Entry {
    Entry::new(IdKind::Sid, id(number), NOW, NOW + if is_kept(number) { 80_000 } else { 300 })
}

fn is_kept(number: u64) -> bool {
    number.is_multiple_of(2)
}

#[test]
fn readers_see_what_a_version_promises_while_ids_come_and_go() {
    const IDS: u64 = 60_000;
    let set = RevocationSet::new();
    let first = set.version();
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        for reader in 0..2 {
            let (set, is_done) = (&set, &is_done);
            scope.spawn(move || {
                let mut round = reader;
                while !is_done.load(Ordering::Relaxed) {
                    let known = set.version() - first;
                    round += 1;
                    // The newest ones, where something can go wrong, and any.
                    for number in [known.saturating_sub(1), known.saturating_sub(2), scattered(round) % known.max(1)] {
                        if number < known && is_kept(number) {
                            assert!(set.contains(IdKind::Sid, id(number)), "{number} of {known}");
                        }
                    }
                    let stranger = TokenIds {
                        jti: Some(id(scattered(round) % IDS)),
                        sid: Some(id(IDS + round)),
                        ..TokenIds::default()
                    };
                    assert_eq!(set.refuses(&stranger), None);
                }
            });
        }
        for number in 0..IDS {
            assert_eq!(set.insert(&[entry(number)], NOW).ids, 1);
            if number.is_multiple_of(16) {
                set.forget(NOW + 600);
            }
        }
        is_done.store(true, Ordering::Relaxed);
    });
    assert_eq!(set.version(), first + IDS);
    assert!(set.len() < 50_000, "some were forgotten meanwhile");
    let token = TokenIds { sid: Some(id(IDS - 2)), ..TokenIds::default() };
    assert_eq!(set.refuses(&token), Some(Kind::Id(IdKind::Sid)));
}
