//! Adding and forgetting. One writer at a time; what it does is seen by readers at once, and for certain with the next version.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::slot::{Key, Tick};
use super::table::{Place, Table, set_tick};
use super::{RevocationSet, SHARDS, Writer, shard_of};
use crate::{Entry, IdKind, Kind, Snapshot};

/// A step of [`RevocationSet::forget`] ends when it has looked at so many slots or shards.
const STEP_SLOTS: usize = 4096;
const STEP_SHARDS: usize = 64;

/// What was new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "rules may have been left out"]
pub struct Added {
    /// Ids that were not known.
    pub ids: usize,
    /// Rules that were not known, or now refuse more.
    pub rules: usize,
    /// Rules that were left out because there are [`MAX_RULES`](super::MAX_RULES).
    pub rules_left_out: usize,
}

/// What a step of forgetting did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Ids that are gone.
    pub ids: usize,
    /// Rules that are gone.
    pub rules: usize,
    /// All have been looked at since the last time that this was said.
    pub is_round: bool,
}

impl RevocationSet {
    /// Adds entries. Those that are due already are not taken in.
    pub fn insert(&self, entries: &[Entry], now: u64) -> Added {
        let mut writer = self.writer();
        let mut added = Added::default();
        for Entry { kind, fingerprint, forget_at, .. } in entries {
            if let Kind::Id(kind) = kind
                && *forget_at > now
            {
                let (shard, key) = (shard_of(*fingerprint), Key::new(*kind, *fingerprint));
                added.ids += usize::from(self.add(&mut writer, shard, key, *forget_at, now));
            }
        }
        if entries.iter().any(|entry| matches!(entry.kind, Kind::Rule(_))) {
            self.add_rules(entries.iter().copied(), now, &mut added);
        }
        self.publish(added)
    }

    /// Adds what a snapshot has; nothing is taken away. Other writers get their turn between one shard and the next.
    pub fn merge(&self, snapshot: &Snapshot<'_>, now: u64) -> Added {
        let mut added = Added::default();
        let mut rest = IdKind::ALL.map(|kind| (kind, snapshot.ids(kind).peekable()));
        let mut ids = Vec::new();
        for shard in 0..SHARDS {
            ids.clear();
            for (kind, rest) in &mut rest {
                while let Some((fingerprint, forget_at)) = rest.next_if(|(id, _)| shard_of(*id) == shard) {
                    if forget_at > now {
                        ids.push((Key::new(*kind, fingerprint), forget_at));
                    }
                }
            }
            if !ids.is_empty() {
                added.ids += self.add_to_shard(shard, &ids, now);
            }
        }
        let _writer = self.writer();
        if snapshot.rules().next().is_some() {
            self.add_rules(snapshot.rules(), now, &mut added);
        }
        self.publish(added)
    }

    /// A step of forgetting what is due: a part of the set, so that nobody waits for long. Call it again until
    /// [`Forgotten::is_round`], and all of that every few minutes.
    pub fn forget(&self, now: u64) -> Forgotten {
        let mut writer = self.writer();
        let mut forgotten = Forgotten::default();
        let rules = self.rules.load();
        if rules.is_due(now) {
            let kept = rules.without_due(now);
            forgotten.rules = rules.len() - kept.len();
            self.rules.store(Arc::new(kept));
        }
        let mut slots = 0;
        for _ in 0..STEP_SHARDS {
            slots += self.forget_in_shard(&mut writer, now, &mut forgotten);
            if forgotten.is_round || slots >= STEP_SLOTS {
                break;
            }
        }
        self.ids.fetch_sub(forgotten.ids, Ordering::Relaxed);
        forgotten
    }

    /// Whether it was not there.
    fn add(&self, writer: &mut Writer, shard: usize, key: Key, forget_at: u64, now: u64) -> bool {
        let tick = writer.far.tick(shard, key, forget_at, now);
        let slot = key.slot(tick);
        let table = self.shards[shard].load();
        match table.as_deref().map(|table| (table, table.place(key))) {
            Some((_, Place::Taken(place))) => {
                put_off(place, tick, now);
                return false;
            }
            Some((table, Place::Free(place))) => table.fill(place, slot),
            Some((table, Place::Full)) => self.replace(shard, table.grown(), [slot]),
            None => self.replace(shard, Table::for_ids(1), [slot]),
        }
        true
    }

    /// Adds ids of one shard, none of them twice; how many were not there.
    fn add_to_shard(&self, shard: usize, ids: &[(Key, u64)], now: u64) -> usize {
        let mut writer = self.writer();
        let table = self.shards[shard].load();
        let table = table.as_deref();
        let mut slots = Vec::with_capacity(ids.len());
        for &(key, forget_at) in ids {
            let tick = writer.far.tick(shard, key, forget_at, now);
            match table.map(|table| table.place(key)) {
                Some(Place::Taken(place)) => put_off(place, tick, now),
                _ => slots.push(key.slot(tick)),
            }
        }
        let new = slots.len();
        match table {
            _ if new == 0 => {}
            Some(table) if table.has_room_for(new) => table.add_all(slots.into_iter()),
            table => {
                let larger = Table::for_ids(table.map_or(0, Table::len) + new);
                larger.add_all(table.into_iter().flat_map(Table::iter));
                self.replace(shard, larger, slots);
            }
        }
        new
    }

    /// Adds to a table that nobody sees yet, and shows it.
    fn replace(&self, shard: usize, table: Table, slots: impl IntoIterator<Item = u64>) {
        table.add_all(slots.into_iter());
        self.shards[shard].store(Some(Arc::new(table)));
    }

    fn add_rules(&self, entries: impl Iterator<Item = Entry>, now: u64, added: &mut Added) {
        let changed = self.rules.load().with(entries, now);
        self.rules.store(Arc::new(changed.rules));
        added.rules = changed.added;
        added.rules_left_out = changed.left_out;
        self.rules_left_out.fetch_add(changed.left_out as u64, Ordering::Relaxed);
    }

    fn publish(&self, added: Added) -> Added {
        self.ids.fetch_add(added.ids, Ordering::Relaxed);
        if added.ids + added.rules > 0 {
            // Release: who sees the number sees what was added.
            self.version.fetch_add(1, Ordering::Release);
        }
        added
    }

    /// Takes the next shard; how many slots it has.
    fn forget_in_shard(&self, writer: &mut Writer, now: u64, forgotten: &mut Forgotten) -> usize {
        let shard = writer.next;
        writer.next = (shard + 1) % SHARDS;
        forgotten.is_round = writer.next == 0;
        let table = self.shards[shard].load();
        let Some(table) = table.as_deref() else { return 0 };
        writer.far.bring_near(shard, table, now);
        let is_kept = |slot| !Tick::of(slot).is_due(now);
        let kept = table.iter().filter(|slot| is_kept(*slot)).count();
        if kept < table.len() {
            forgotten.ids += table.len() - kept;
            let table = (kept > 0).then(|| Arc::new(table.filtered(kept, is_kept)));
            self.shards[shard].store(table);
        }
        table.slots()
    }
}

/// Of two times to forget an id at, the later one counts.
fn put_off(place: &AtomicU64, tick: Tick, now: u64) {
    let known = Tick::of(place.load(Ordering::Relaxed));
    if tick.is_after(known, now) {
        set_tick(place, tick);
    }
}
