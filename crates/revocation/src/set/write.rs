//! Adding and forgetting.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::slot::{Key, SHARD_BITS, Tick};
use super::table::{Place, Table};
use super::{RevocationSet, SHARDS, Writer, shard_of};
use crate::snapshot::read::pair;
use crate::{Entry, Fingerprint, IdKind, Kind, Snapshot};

/// How many slots one step of [`RevocationSet::forget`] looks at before it ends, or how many shards.
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

/// Ids that are to be remembered for longer than a slot can say, and until when. Usually empty.
#[derive(Default)]
pub(super) struct Far(BTreeMap<(usize, u64), u64>);

impl RevocationSet {
    /// Adds entries. Those that are due already are not taken in.
    pub fn insert(&self, entries: &[Entry], now: u64) -> Added {
        let mut writer = self.writer();
        let mut added = Added::default();
        for entry in entries {
            if let Kind::Id(kind) = entry.kind
                && entry.forget_at > now
                && self.add(&mut writer, kind, entry.fingerprint, entry.forget_at, now)
            {
                added.ids += 1;
            }
        }
        if entries.iter().any(|entry| matches!(entry.kind, Kind::Rule(_))) {
            self.add_rules(entries.iter().copied(), now, &mut added);
        }
        self.publish(added)
    }

    /// Adds what a snapshot has. Nothing is taken away.
    pub fn merge(&self, snapshot: &Snapshot<'_>, now: u64) -> Added {
        let mut added = Added::default();
        for kind in IdKind::ALL {
            for (fingerprint, forget_at) in snapshot.pairs(kind).iter().map(pair) {
                if forget_at > now && self.add(&mut self.writer(), kind, fingerprint, forget_at, now) {
                    added.ids += 1;
                }
            }
        }
        let _writer = self.writer();
        self.add_rules(snapshot.rules(), now, &mut added);
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
            let shard = writer.next;
            slots += self.forget_in(&mut writer, shard, now, &mut forgotten);
            writer.next = (shard + 1) % SHARDS;
            if writer.next == 0 {
                forgotten.is_round = true;
                break;
            }
            if slots >= STEP_SLOTS {
                break;
            }
        }
        self.ids.fetch_sub(forgotten.ids, Ordering::Relaxed);
        forgotten
    }

    fn add(&self, writer: &mut Writer, kind: IdKind, fingerprint: Fingerprint, forget_at: u64, now: u64) -> bool {
        let (shard, key, tick) = (shard_of(fingerprint), Key::new(kind, fingerprint), Tick::new(forget_at, now));
        if tick.is_far() {
            writer.far.note(shard, key, forget_at);
        }
        let slot = key.slot(tick);
        let table = self.shards[shard].load();
        let Some(table) = table.as_deref() else {
            let table = Table::for_ids(1);
            table.add(slot);
            self.shards[shard].store(Some(Arc::new(table)));
            return true;
        };
        match table.place(key) {
            Place::At(at, known) => {
                if tick.is_after(Tick::of(known), now) {
                    table.set_tick(at, key, tick);
                }
                return false;
            }
            Place::Free(at) => table.fill(at, slot),
            Place::None => {
                let grown = table.grown();
                grown.add(slot);
                self.shards[shard].store(Some(Arc::new(grown)));
            }
        }
        true
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

    fn forget_in(&self, writer: &mut Writer, shard: usize, now: u64, forgotten: &mut Forgotten) -> usize {
        let table = self.shards[shard].load();
        let Some(table) = table.as_deref() else { return 0 };
        writer.far.bring_near(shard, table, now);
        let is_kept = |slot| Tick::of(slot).is_far() || !Tick::of(slot).is_due(now);
        let kept = table.iter().filter(|slot| is_kept(*slot)).count();
        if kept < table.len() {
            forgotten.ids += table.len() - kept;
            let table = (kept > 0).then(|| Arc::new(table.filtered(kept, is_kept)));
            self.shards[shard].store(table);
        }
        table.slots()
    }
}

impl Far {
    fn note(&mut self, shard: usize, key: Key, forget_at: u64) {
        let known = self.0.entry((shard, key.slot(Tick::FAR))).or_default();
        *known = forget_at.max(*known);
    }

    /// Writes the time beside the ids of a shard where a slot can say it by now.
    fn bring_near(&mut self, shard: usize, table: &Table, now: u64) {
        if self.0.is_empty() {
            return;
        }
        self.0.retain(|&(of, slot), forget_at| {
            let tick = Tick::new(*forget_at, now);
            if of != shard || tick.is_far() {
                return true;
            }
            if let Place::At(at, _) = table.place(Key::of(slot)) {
                table.set_tick(at, Key::of(slot), tick);
            }
            false
        });
    }

    pub(super) fn heap_bytes(&self) -> usize {
        /// A node has 11 and is at least half full.
        const PER_ENTRY: usize = 2 * size_of::<((usize, u64), u64)>();
        self.0.len() * PER_ENTRY
    }
}

const _: () = assert!(SHARDS == 1 << SHARD_BITS);
