//! One shard's table: open addressing with linear probing, read without a lock while one writer adds.
//!
//! Where a key belongs grows with its fingerprint, so that sorted ids are added from front to back. Ids are never taken out: a table
//! without them takes its place.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::slot::{EMPTY, Key, Tick};

/// The fewest slots.
const MIN_SLOTS: usize = 4;

/// A table is at most three quarters full, so that a search ends soon.
const fn most(slots: usize) -> usize {
    slots / 4 * 3 + slots % 4 * 3 / 4
}

/// Slots for a table that nobody knows to grow: two thirds full, 12 bytes for each id.
const fn slots_for(ids: usize) -> usize {
    let slots = ids + ids / 2 + 1;
    if slots < MIN_SLOTS { MIN_SLOTS } else { slots }
}

/// Slots.
pub(crate) struct Table {
    slots: Box<[AtomicU64]>,
    /// Changed by the writer only.
    used: AtomicU32,
}

/// Where a key is, or would be.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    At(usize, u64),
    Free(usize),
    /// There is no room for one more.
    None,
}

impl Table {
    fn with_slots(slots: usize) -> Self {
        Self { slots: (0..slots).map(|_| AtomicU64::new(EMPTY)).collect(), used: AtomicU32::new(0) }
    }

    /// For this many ids.
    pub(crate) fn for_ids(ids: usize) -> Self {
        Self::with_slots(slots_for(ids))
    }

    /// The same ids with a third more room: right after it, an id takes 14.3 bytes.
    pub(crate) fn grown(&self) -> Self {
        let slots = self.slots.len();
        let grown = Self::with_slots(slots + (slots / 3).max(MIN_SLOTS));
        grown.take_all(self);
        grown
    }

    /// Adds what the other has.
    pub(crate) fn take_all(&self, other: &Self) {
        other.iter().for_each(|slot| self.add(slot));
    }

    /// Adds a slot whose key is not there, to a table that has room.
    pub(crate) fn add(&self, slot: u64) {
        if let Place::Free(at) = self.place(Key::of(slot)) {
            self.fill(at, slot);
        }
    }

    /// Fills a place that is free.
    pub(crate) fn fill(&self, at: usize, slot: u64) {
        // Whoever learns of it by the set's version sees it: the version is published later, and with a release.
        self.slots[at].store(slot, Ordering::Relaxed);
        self.used.fetch_add(1, Ordering::Relaxed);
    }

    /// Writes another time beside a key that is there.
    pub(crate) fn set_tick(&self, at: usize, key: Key, tick: Tick) {
        self.slots[at].store(key.slot(tick), Ordering::Relaxed);
    }

    /// Whether a key is there.
    pub(crate) fn contains(&self, key: Key) -> bool {
        for slot in self.from(self.home(key)) {
            match slot.load(Ordering::Relaxed) {
                EMPTY => return false,
                slot if Key::of(slot) == key => return true,
                _ => {}
            }
        }
        false
    }

    /// Where a key is, or is to be put. For the writer.
    pub(crate) fn place(&self, key: Key) -> Place {
        let home = self.home(key);
        for (step, slot) in self.from(home).enumerate() {
            let at = if home + step < self.slots.len() { home + step } else { home + step - self.slots.len() };
            match slot.load(Ordering::Relaxed) {
                EMPTY if self.len() < most(self.slots.len()) => return Place::Free(at),
                EMPTY => return Place::None,
                slot if Key::of(slot) == key => return Place::At(at, slot),
                _ => {}
            }
        }
        Place::None
    }

    /// How many ids are in it.
    pub(crate) fn len(&self) -> usize {
        self.used.load(Ordering::Relaxed) as usize
    }

    /// How many slots it has.
    pub(crate) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// All that are not empty.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u64> {
        self.slots.iter().map(|slot| slot.load(Ordering::Relaxed)).filter(|slot| *slot != EMPTY)
    }

    /// A table of those that are kept, no larger than this one.
    pub(crate) fn filtered(&self, kept: usize, keep: impl Fn(u64) -> bool) -> Self {
        let table = Self::with_slots(slots_for(kept).min(self.slots.len()));
        self.iter().filter(|slot| keep(*slot)).for_each(|slot| table.add(slot));
        table
    }

    fn home(&self, key: Key) -> usize {
        ((u64::from(key.place()) * self.slots.len() as u64) >> 32) as usize
    }

    /// All slots from one on, going around.
    fn from(&self, home: usize) -> impl Iterator<Item = &AtomicU64> {
        let (before, after) = self.slots.split_at(home);
        after.iter().chain(before)
    }
}
