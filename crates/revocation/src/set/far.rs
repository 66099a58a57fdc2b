//! Ids to be remembered for longer than a slot can say. No token of Symbolon lives that long; if another issuer's do, they are forgotten
//! as exactly, but each takes the memory of five.

use std::collections::BTreeMap;

use super::slot::{Key, Tick};
use super::table::{Place, Table, set_tick};

/// By shard and key, the second to forget it at.
#[derive(Default)]
pub(super) struct Far(BTreeMap<(usize, Key), u64>);

impl Far {
    /// What a slot says of a time; what it cannot say is noted here.
    pub(super) fn tick(&mut self, shard: usize, key: Key, forget_at: u64, now: u64) -> Tick {
        let tick = Tick::new(forget_at, now);
        if tick == Tick::FAR {
            let noted = self.0.entry((shard, key)).or_default();
            *noted = forget_at.max(*noted);
        }
        tick
    }

    /// Writes the time beside those ids of a shard for which a slot can say it by now.
    pub(super) fn bring_near(&mut self, shard: usize, table: &Table, now: u64) {
        for ((_, key), forget_at) in self.0.extract_if((shard, Key::FIRST)..(shard + 1, Key::FIRST), |_, forget_at| {
            Tick::new(*forget_at, now) != Tick::FAR
        }) {
            if let Some(Place::Taken(place)) = table.place(key) {
                set_tick(place, Tick::new(forget_at, now));
            }
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        /// A node has room for 11 and is at least half full.
        const EACH: usize = 2 * size_of::<((usize, Key), u64)>();
        self.0.len() * EACH
    }
}
