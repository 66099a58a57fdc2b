//! One shard's table: open addressing by lines of eight slots, read without a lock while one writer adds.
//!
//! A line is a cache line. Its slots are taken in order, and one that does not fit goes to the next line; so a search ends at the first
//! line whose last slot is empty, nearly always the one where it began. Where that is grows with the fingerprint, so that sorted ids are
//! added from front to back. Ids are never taken out: a table without them takes the place of this one.

use std::array;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::slot::{EMPTY, Key, Tick};

/// Slots of a line.
const SLOTS: usize = 8;

#[repr(align(64))]
struct Line([AtomicU64; SLOTS]);

/// One shard's ids.
pub(super) struct Table {
    lines: Box<[Line]>,
    /// Changed by the writer only.
    used: AtomicU32,
}

/// Where a key is, or can be put.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    /// It is there.
    Taken(&'a AtomicU64),
    /// It is not there, but there is room for it.
    Free(&'a AtomicU64),
    /// It is not there, and the table is full enough.
    Full,
}

impl Table {
    fn with_lines(lines: usize) -> Self {
        let line = |_| Line(array::from_fn(|_| AtomicU64::new(EMPTY)));
        Self { lines: (0..lines).map(line).collect(), used: AtomicU32::new(0) }
    }

    /// An empty table for this many ids: two thirds full then, 12 bytes for each.
    pub(super) fn for_ids(ids: usize) -> Self {
        Self::with_lines(lines_for(ids))
    }

    /// The same ids with a third more room: right after it, each takes 14.3 bytes.
    pub(super) fn grown(&self) -> Self {
        let lines = self.lines.len();
        let grown = Self::with_lines(lines + lines.div_ceil(3));
        grown.add_all(self.iter());
        grown
    }

    /// A table of the ids that are kept, this many of them; no larger than this one.
    pub(super) fn filtered(&self, kept: usize, is_kept: impl Fn(u64) -> bool) -> Self {
        let table = Self::with_lines(lines_for(kept).min(self.lines.len()));
        table.add_all(self.iter().filter(|slot| is_kept(*slot)));
        table
    }

    /// Adds slots whose keys are not there, to a table that was made large enough.
    pub(super) fn add_all(&self, slots: impl Iterator<Item = u64>) {
        for slot in slots {
            match self.place(Key::of(slot)) {
                Place::Free(place) => self.fill(place, slot),
                Place::Taken(_) | Place::Full => debug_assert!(false, "a new key, and room for it"),
            }
        }
    }

    /// Fills a place of this table that is free.
    pub(super) fn fill(&self, place: &AtomicU64, slot: u64) {
        // Who has learnt of it by the set's version sees it: the version is published after it, with a release.
        place.store(slot, Ordering::Relaxed);
        self.used.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether a key is there.
    pub(super) fn contains(&self, key: Key) -> bool {
        for line in self.lines_from(key) {
            // All eight without a branch: no wrong guess of where it ends, and the next search can begin meanwhile.
            let is_there = |slot: &AtomicU64| Key::of(slot.load(Ordering::Relaxed)) == key;
            if line.0.iter().fold(false, |found, slot| found | is_there(slot)) {
                return true;
            }
            if line.0[SLOTS - 1].load(Ordering::Relaxed) == EMPTY {
                return false;
            }
        }
        false
    }

    /// Where a key is, or can be put. For the writer.
    pub(super) fn place(&self, key: Key) -> Place<'_> {
        for place in self.lines_from(key).flat_map(|line| &line.0) {
            match place.load(Ordering::Relaxed) {
                EMPTY if self.has_room_for(1) => return Place::Free(place),
                EMPTY => return Place::Full,
                slot if Key::of(slot) == key => return Place::Taken(place),
                _ => {}
            }
        }
        Place::Full
    }

    /// How many ids are in it.
    pub(super) fn len(&self) -> usize {
        self.used.load(Ordering::Relaxed) as usize
    }

    /// How many slots it has.
    pub(super) fn slots(&self) -> usize {
        self.lines.len() * SLOTS
    }

    /// Whether this many more fit: a table is at most three quarters full, so that there is always an end to a search.
    pub(super) fn has_room_for(&self, more: usize) -> bool {
        self.len() + more <= self.slots() / 4 * 3
    }

    /// All that are not empty.
    pub(super) fn iter(&self) -> impl Iterator<Item = u64> {
        let slots = self.lines.iter().flat_map(|line| &line.0);
        slots.map(|slot| slot.load(Ordering::Relaxed)).filter(|slot| *slot != EMPTY)
    }

    /// All lines from the key's own on, going around.
    fn lines_from(&self, key: Key) -> impl Iterator<Item = &Line> {
        let own = (u64::from(key.place()) * self.lines.len() as u64) >> u32::BITS;
        let (before, after) = self.lines.split_at(own as usize);
        after.iter().chain(before)
    }
}

/// Never none, and never so few that it would have to grow at once.
fn lines_for(ids: usize) -> usize {
    (ids + ids / 2).div_ceil(SLOTS).max(1)
}

/// For the time beside an id that is there.
pub(super) fn set_tick(place: &AtomicU64, tick: Tick) {
    let key = Key::of(place.load(Ordering::Relaxed));
    place.store(key.slot(tick), Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Fingerprint, IdKind};

    /// A key at this place among 2³², told from others by the bits below.
    fn key(place: u32, low: u64) -> Key {
        Key::new(IdKind::Jti, Fingerprint(u64::from(place) << 20 | low))
    }

    fn slot(key: Key) -> u64 {
        key.slot(Tick::FAR)
    }

    #[test]
    fn ids_of_one_place_fill_the_lines_behind_it_and_go_around() {
        let table = Table::for_ids(20);
        for low in 0..20 {
            assert!(!table.contains(key(u32::MAX, low)));
            table.add_all([slot(key(u32::MAX, low))].into_iter());
            assert!((0..=low).all(|low| table.contains(key(u32::MAX, low))), "{low}");
        }
        assert!(!table.contains(key(u32::MAX, 20)));
        assert!(!table.contains(key(0, 3)), "the line is full of others");
        assert_eq!((table.len(), table.iter().count()), (20, 20));
    }

    #[test]
    fn a_table_is_full_at_three_quarters_and_then_grows_by_a_third() {
        let mut table = Table::for_ids(1);
        let mut grown = 0;
        for id in 0..10_000_u32 {
            let place = id.wrapping_mul(2_654_435_769);
            if matches!(table.place(key(place, 0)), Place::Full) {
                assert!(table.len() * 4 + 4 > table.slots() * 3, "{} of {}", table.len(), table.slots());
                table = table.grown();
                grown += 1;
            }
            table.add_all([slot(key(place, 0))].into_iter());
            assert!(id < 100 || table.slots() * 8 < id as usize * 31 / 2, "{} slots for {id}", table.slots());
        }
        assert!(grown > 10);
        assert!((0..10_000_u32).all(|id| table.contains(key(id.wrapping_mul(2_654_435_769), 0))));
    }

    #[test]
    fn a_table_made_for_ids_takes_them_all() {
        for ids in 1..200 {
            let table = Table::for_ids(ids);
            table.add_all((0..ids as u64).map(|low| slot(key(7, low))));
            assert_eq!(table.len(), ids);
            assert!(table.slots() <= (ids * 3 / 2).next_multiple_of(SLOTS), "{ids}");
        }
    }

    #[test]
    fn what_is_filtered_keeps_the_rest() {
        let table = Table::for_ids(100);
        table.add_all((0..100).map(|low| slot(key(9, low))));
        let is_kept = |slot| (0..10).any(|low| Key::of(slot) == key(9, low * 7));
        let kept = table.filtered(10, is_kept);
        assert!(kept.slots() < table.slots());
        for low in 0..100 {
            assert_eq!(kept.contains(key(9, low)), low % 7 == 0 && low < 70, "{low}");
        }
    }

    #[test]
    fn another_time_beside_an_id_changes_nothing_else() {
        let table = Table::for_ids(1);
        let tick = Tick::new(1000, 0);
        table.add_all([key(1, 1).slot(tick)].into_iter());
        let Place::Taken(place) = table.place(key(1, 1)) else { panic!("it is there") };
        set_tick(place, Tick::FAR);
        assert!(table.iter().eq([slot(key(1, 1))]));
        assert_eq!(table.len(), 1);
    }
}
