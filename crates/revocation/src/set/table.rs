//! One shard's table: open addressing by lines of eight slots, read without a lock while one writer adds.
//!
//! A line is a cache line. Its slots are taken in order, and one that does not fit goes to the next line; so a search ends at the first
//! line whose last slot is empty, nearly always the one where it began. Where that is grows with the fingerprint, so that sorted ids are
//! added from front to back. Ids are never taken out: a table without them takes the place of this one.

use std::array;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::slot::{EMPTY, Key, Tick};

/// Slots of a line.
const SLOTS: usize = 8;

#[repr(align(64))]
pub(super) struct Line([AtomicU64; SLOTS]);

/// One shard's ids. A clone is the same table.
#[derive(Clone)]
pub(super) struct Table(Arc<[Line]>);

/// Where a key is, or can be put.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    /// It is there.
    Taken(&'a AtomicU64),
    /// It is not there; this is the first free place for it.
    Free(&'a AtomicU64),
}

impl Table {
    fn with_lines(lines: usize) -> Self {
        Self((0..lines).map(|_| Line(array::from_fn(|_| AtomicU64::new(EMPTY)))).collect())
    }

    /// An empty table for this many ids: two thirds full then, 12 bytes for each.
    pub(super) fn for_ids(ids: usize) -> Self {
        Self::with_lines(lines_for(ids))
    }

    /// The same ids with a third more room: right after it, each takes 14.3 bytes.
    pub(super) fn grown(&self) -> Self {
        let lines = self.0.len();
        let grown = Self::with_lines(lines + lines.div_ceil(3));
        grown.add_all(self.iter());
        grown
    }

    /// A table of the ids that are kept, this many of them; no larger than this one.
    pub(super) fn filtered(&self, kept: usize, is_kept: impl Fn(u64) -> bool) -> Self {
        let table = Self::with_lines(lines_for(kept).min(self.0.len()));
        table.add_all(self.iter().filter(|slot| is_kept(*slot)));
        table
    }

    /// Adds slots whose keys are not there, to a table that is large enough.
    pub(super) fn add_all(&self, slots: impl Iterator<Item = u64>) {
        for slot in slots {
            match self.place(Key::of(slot)) {
                // Who has learnt of it by the set's version sees it: the version is published after it, with a release.
                Some(Place::Free(place)) => place.store(slot, Ordering::Relaxed),
                Some(Place::Taken(_)) | None => debug_assert!(false, "a new key, and room for it"),
            }
        }
    }

    /// Whether a key is there.
    pub(super) fn contains(&self, key: Key) -> bool {
        for line in self.lines_from(key) {
            if line.has(key) {
                return true;
            }
            if !line.is_full() {
                return false;
            }
        }
        false
    }

    /// The line where a key is first looked for, usually the only one.
    pub(super) fn line(&self, key: Key) -> &Line {
        &self.0[self.home(key)]
    }

    /// Where a key is, or can be put; `None` if all slots have others. For the writer.
    pub(super) fn place(&self, key: Key) -> Option<Place<'_>> {
        self.lines_from(key).flat_map(|line| &line.0).find_map(|place| match place.load(Ordering::Relaxed) {
            EMPTY => Some(Place::Free(place)),
            slot if Key::of(slot) == key => Some(Place::Taken(place)),
            _ => None,
        })
    }

    /// How many slots it has.
    pub(super) fn slots(&self) -> usize {
        self.0.len() * SLOTS
    }

    /// The most ids that it may have: three quarters, so that there is always an end to a search.
    pub(super) fn most(&self) -> usize {
        self.slots() / 4 * 3
    }

    /// What it has taken, in bytes.
    pub(super) fn heap_bytes(&self) -> usize {
        // The counts of an `Arc` take the place of a line.
        size_of::<Line>() * (1 + self.0.len())
    }

    /// All that are not empty.
    pub(super) fn iter(&self) -> impl Iterator<Item = u64> {
        let slots = self.0.iter().flat_map(|line| &line.0);
        slots.map(|slot| slot.load(Ordering::Relaxed)).filter(|slot| *slot != EMPTY)
    }

    /// All lines from the key's own on, going around.
    fn lines_from(&self, key: Key) -> impl Iterator<Item = &Line> {
        let (before, after) = self.0.split_at(self.home(key));
        after.iter().chain(before)
    }

    fn home(&self, key: Key) -> usize {
        ((u64::from(key.place()) * self.0.len() as u64) >> u32::BITS) as usize
    }
}

impl Line {
    /// Whether keys of this line may be in the next one.
    pub(super) fn is_full(&self) -> bool {
        self.0[SLOTS - 1].load(Ordering::Relaxed) != EMPTY
    }

    /// Whether a key is in it. All eight are compared, because a wrong guess of where the search ends costs more.
    pub(super) fn has(&self, key: Key) -> bool {
        self.0.iter().fold(false, |found, slot| found | (Key::of(slot.load(Ordering::Relaxed)) == key))
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
        assert_eq!(table.iter().count(), 20);
    }

    #[test]
    fn a_table_is_full_at_three_quarters_and_then_grows_by_a_third() {
        let mut table = Table::for_ids(1);
        let mut grown = 0;
        for id in 0..10_000_u32 {
            let place = id.wrapping_mul(2_654_435_769);
            if id as usize == table.most() {
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
            assert_eq!(table.iter().count(), ids);
            assert!(ids <= table.most());
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
        let Some(Place::Taken(place)) = table.place(key(1, 1)) else { panic!("it is there") };
        set_tick(place, Tick::FAR);
        assert!(table.iter().eq([slot(key(1, 1))]));
    }
}
