//! What no longer counts, in memory.

mod rules;
mod slot;
mod table;
mod write;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption};

pub use rules::MAX_RULES;
use rules::Rules;
use slot::{Key, SHARD_BITS};
use table::Table;
use write::Far;
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
        ids.into_iter()
            .find_map(|(kind, fingerprint)| self.contains(kind, fingerprint?).then_some(Kind::Id(kind)))
            .or_else(|| self.rules.load().refuses(token).map(Kind::Rule))
    }

    /// Whether an id is in it.
    pub fn contains(&self, kind: IdKind, fingerprint: Fingerprint) -> bool {
        let table = self.shards[shard_of(fingerprint)].load();
        table.as_ref().is_some_and(|table| table.contains(Key::new(kind, fingerprint)))
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

    fn writer(&self) -> MutexGuard<'_, Writer> {
        // Whatever a writer does leaves the set whole at every step.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn shard_of(fingerprint: Fingerprint) -> usize {
    (fingerprint.0 >> (u64::BITS - SHARD_BITS)) as usize
}
