//! What no longer counts, in memory.

mod far;
mod rules;
mod slot;
mod table;
mod write;

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption, Guard};

use far::Far;
pub use rules::MAX_RULES;
use rules::Rules;
use slot::{Key, SHARD_BITS};
use table::Table;
pub use write::{Added, Forgotten};

use crate::{Fingerprint, IdKind, Kind, TokenIds};

const SHARDS: usize = 1 << SHARD_BITS;

/// The set of ids and the rules. Readers never wait and allocate nothing; writers wait for each other.
pub struct RevocationSet {
    shards: Box<[ArcSwapOption<Table>]>,
    rules: ArcSwap<Rules>,
    version: AtomicU64,
    ids: AtomicUsize,
    rules_left_out: AtomicU64,
    writer: Mutex<Writer>,
}

/// What only writers need.
#[derive(Default)]
struct Writer {
    far: Far,
    /// The shard that [`RevocationSet::forget`] looks at next.
    next: usize,
}

impl Default for RevocationSet {
    fn default() -> Self {
        Self::new()
    }
}

impl RevocationSet {
    /// An empty set, of less than 100 KB.
    pub fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| ArcSwapOption::empty()).collect(),
            rules: ArcSwap::default(),
            version: AtomicU64::new(1),
            ids: AtomicUsize::new(0),
            rules_left_out: AtomicU64::new(0),
            writer: Mutex::default(),
        }
    }

    /// Why a token no longer counts, if so.
    pub fn refuses(&self, token: &TokenIds) -> Option<Kind> {
        let ids = [(IdKind::Jti, token.jti), (IdKind::Sid, token.sid), (IdKind::Handle, token.handle)];
        // First all three tables, then all three searches, so that they wait for memory at the same time.
        let tables = ids.map(|(kind, id)| id.map(|id| (kind, Key::new(kind, id), self.shard(id))));
        let is_there = |table: &Option<Arc<Table>>, key| table.as_ref().is_some_and(|table| table.contains(key));
        let found = tables.iter().flatten().find(|(_, key, table)| is_there(table, *key));
        match found {
            Some((kind, _, _)) => Some(Kind::Id(*kind)),
            None => self.rules.load().refuses(token).map(Kind::Rule),
        }
    }

    /// Whether an id is in it.
    pub fn contains(&self, kind: IdKind, id: Fingerprint) -> bool {
        self.shard(id).as_ref().is_some_and(|table| table.contains(Key::new(kind, id)))
    }

    /// A number that is another one, and higher, whenever something was added. It is never 0. Who has loaded it, and then asked
    /// [`RevocationSet::refuses`], need not ask again for the same token as long as it stays.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// How many ids and rules it holds.
    pub fn len(&self) -> usize {
        self.ids.load(Ordering::Relaxed) + self.rules.load().len()
    }

    /// None at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many rules were left out until now because there were [`MAX_RULES`]. If it is not 0, tokens may be accepted that should not.
    pub fn rules_left_out(&self) -> u64 {
        self.rules_left_out.load(Ordering::Relaxed)
    }

    /// The memory it has taken, in bytes.
    pub fn memory_bytes(&self) -> usize {
        /// The counts of an `Arc`.
        const COUNTS: usize = 2 * size_of::<usize>();
        let table = |table: &Table| COUNTS + size_of::<Table>() + table.slots() * size_of::<u64>();
        let tables: usize = self.shards.iter().filter_map(|shard| shard.load().as_deref().map(table)).sum();
        let rules = COUNTS + size_of::<Rules>() + self.rules.load().heap_bytes();
        let far = self.writer().far.heap_bytes();
        size_of::<Self>() + SHARDS * size_of::<ArcSwapOption<Table>>() + tables + rules + far
    }

    fn shard(&self, id: Fingerprint) -> Guard<Option<Arc<Table>>> {
        self.shards[shard_of(id)].load()
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        // Whatever a writer does leaves the set whole at every step.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many there are, and nothing of whom.
impl fmt::Debug for RevocationSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationSet")
            .field("ids", &self.ids.load(Ordering::Relaxed))
            .field("rules", &self.rules.load().len())
            .field("version", &self.version())
            .finish_non_exhaustive()
    }
}

fn shard_of(fingerprint: Fingerprint) -> usize {
    (fingerprint.0 >> (u64::BITS - SHARD_BITS)) as usize
}
