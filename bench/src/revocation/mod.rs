//! The group `revocation`: the set that a guard asks about each token, with 10 million ids in it, and the feed that fills it.

pub(crate) mod delay;
mod followers;
mod guard;
mod look;
pub(crate) mod machine;
mod memory;
mod snapshot;
mod write;

use symbolon_revocation::{Entry, Fingerprint, IdKind, RevocationSet};

use crate::Measurement;

/// Everything of the group, in the order of the table.
pub(crate) const PARTS: &[(&str, Measurement)] = &[
    ("memory", memory::run),
    ("look", look::run),
    ("write", write::run),
    ("snapshot", snapshot::run),
    ("followers", followers::run),
    ("guard", guard::run),
    ("delay", delay::run),
    ("far", delay::run_far),
];

/// Ids in the set.
const IDS: u64 = 10_000_000;

/// Any time.
const NOW: u64 = 1_800_000_000;

/// A set with the first so many ids.
fn filled(ids: u64) -> RevocationSet {
    let set = RevocationSet::new();
    (0..ids).for_each(|number| insert(&set, number));
    set
}

fn insert(set: &RevocationSet, number: u64) {
    // There are no rules that could be left out.
    let _ = set.insert(&[entry(number)], NOW);
}

/// Each kind in turn, to be forgotten at some time of the day.
fn entry(number: u64) -> Entry {
    Entry::new(kind(number), fingerprint(number), NOW, NOW + 1 + number * 8641 % 86_400)
}

fn kind(number: u64) -> IdKind {
    match number % 3 {
        0 => IdKind::Jti,
        1 => IdKind::Sid,
        _ => IdKind::Handle,
    }
}

/// What the hash of a random id looks like: the finisher of SplitMix64, different for different numbers.
fn fingerprint(number: u64) -> Fingerprint {
    let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5678);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    Fingerprint(mixed ^ (mixed >> 31))
}

#[expect(clippy::cast_precision_loss, reason = "figures are shown with four digits")]
fn ratio(of: u64, to: u64) -> f64 {
    of as f64 / to as f64
}
