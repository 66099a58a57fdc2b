//! Adding and forgetting. One writer at a time; what it does is seen by readers at once, and for certain with the next version.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::rules::Rules;
use super::shards::{SHARDS, Shards, shard_of};
use super::slot::{Key, Tick};
use super::table::{Place, Table, set_tick};
use super::{RevocationSet, State, Writer};
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
        let mut forgotten = Forgotten { rules: self.forget_rules(now), ..Forgotten::default() };
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
        let state = self.state.load();
        match state.shards.table(shard).map(|table| (table, table.place(key))) {
            Some((_, Some(Place::Taken(place)))) => {
                put_off(place, tick, now);
                return false;
            }
            Some((table, Some(Place::Free(place)))) if (writer.used[shard] as usize) < table.most() => {
                place.store(slot, Ordering::Relaxed);
            }
            Some((table, _)) => self.show(shard, table.grown(), [slot]),
            None => self.show(shard, Table::for_ids(1), [slot]),
        }
        writer.used[shard] += 1;
        self.ids.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// Adds ids of one shard, none of them twice; how many were not there.
    fn add_to_shard(&self, shard: usize, ids: &[(Key, u64)], now: u64) -> usize {
        let mut writer = self.writer();
        let state = self.state.load();
        let table = state.shards.table(shard);
        let mut slots = Vec::with_capacity(ids.len());
        for &(key, forget_at) in ids {
            let tick = writer.far.tick(shard, key, forget_at, now);
            match table.and_then(|table| table.place(key)) {
                Some(Place::Taken(place)) => put_off(place, tick, now),
                Some(Place::Free(_)) | None => slots.push(key.slot(tick)),
            }
        }
        let new = slots.len();
        let used = writer.used[shard] as usize + new;
        match table {
            _ if new == 0 => {}
            Some(table) if used <= table.most() => table.add_all(slots.into_iter()),
            table => {
                let larger = Table::for_ids(used);
                larger.add_all(table.into_iter().flat_map(Table::iter));
                self.show(shard, larger, slots);
            }
        }
        writer.used[shard] += u32::try_from(new).expect("a table has fewer slots");
        self.ids.fetch_add(new, Ordering::Relaxed);
        new
    }

    /// Adds to a table that nobody sees yet, and shows it.
    fn show(&self, shard: usize, table: Table, slots: impl IntoIterator<Item = u64>) {
        table.add_all(slots.into_iter());
        self.show_shards(|shards| shards.with(shard, Some(table)));
    }

    fn show_shards(&self, change: impl FnOnce(&Shards) -> Shards) {
        let state = self.state.load();
        self.state.store(Arc::new(State { shards: change(&state.shards), rules: Arc::clone(&state.rules) }));
    }

    fn show_rules(&self, rules: Rules) {
        let shards = self.state.load().shards.clone();
        self.state.store(Arc::new(State { shards, rules: Arc::new(rules) }));
    }

    fn add_rules(&self, entries: impl Iterator<Item = Entry>, now: u64, added: &mut Added) {
        let changed = self.state.load().rules.with(entries, now);
        self.show_rules(changed.rules);
        added.rules = changed.added;
        added.rules_left_out = changed.left_out;
        self.rules_left_out.fetch_add(changed.left_out as u64, Ordering::Relaxed);
    }

    fn publish(&self, added: Added) -> Added {
        if added.ids + added.rules > 0 {
            // Release: who sees the number sees what was added.
            self.version.fetch_add(1, Ordering::Release);
        }
        added
    }

    /// How many rules are gone. The state is let go at once, so that it does not keep the tables that the ids leave.
    fn forget_rules(&self, now: u64) -> usize {
        let state = self.state.load();
        let rules = &state.rules;
        if !rules.is_due(now) {
            return 0;
        }
        let kept = rules.without_due(now);
        let gone = rules.len() - kept.len();
        self.show_rules(kept);
        gone
    }

    /// Takes the next shard; how many slots it has.
    fn forget_in_shard(&self, writer: &mut Writer, now: u64, forgotten: &mut Forgotten) -> usize {
        let shard = writer.next;
        writer.next = (shard + 1) % SHARDS;
        forgotten.is_round = writer.next == 0;
        let state = self.state.load();
        let Some(table) = state.shards.table(shard) else { return 0 };
        writer.far.bring_near(shard, table, now);
        let is_kept = |slot| !Tick::of(slot).is_due(now);
        let kept = table.iter().filter(|slot| is_kept(*slot)).count();
        let gone = writer.used[shard] as usize - kept;
        if gone > 0 {
            let table = (kept > 0).then(|| table.filtered(kept, is_kept));
            self.show_shards(|shards| shards.with(shard, table));
            writer.used[shard] = u32::try_from(kept).expect("they were counted before");
            forgotten.ids += gone;
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
