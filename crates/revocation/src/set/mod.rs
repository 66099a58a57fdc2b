//! What no longer counts, in memory.
//!
//! The highest 12 bits of a fingerprint choose one of 4096 tables, so that growing and forgetting touch one of them at a time. Readers take
//! the state that is there and search it without a lock; a writer fills free slots of a table that is seen, and for whatever else makes
//! another state.

mod far;
mod rules;
mod shards;
mod slot;
mod table;
mod write;

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

use far::Far;
pub use rules::MAX_RULES;
use rules::Rules;
use shards::{SHARDS, Shards, shard_of};
use slot::Key;
use table::{Line, Table};
pub use write::{Added, Forgotten};

use crate::{Fingerprint, IdKind, Kind, TokenIds};

/// The ids and the rules. Readers never wait and allocate nothing; writers wait for each other.
///
/// ```
/// use symbolon_revocation::{Entry, Fingerprint, IdKind, RevocationSet, TokenIds};
///
/// let (set, now) = (RevocationSet::new(), 1_800_000_000);
/// let session = Fingerprint::of(IdKind::Sid, "s1");
/// let token = TokenIds { sid: Some(session), ..TokenIds::default() };
/// assert_eq!(set.refuses(&token), None);
///
/// let version = set.version();
/// let _ = set.insert(&[Entry::new(IdKind::Sid, session, now, now + 900)], now);
/// assert_ne!(set.version(), version);
/// assert_eq!(set.refuses(&token), Some(IdKind::Sid.into()));
///
/// // When the last token it concerns has expired. This goes step by step.
/// while !set.forget(now + 1200).is_round {}
/// assert!(set.is_empty());
/// ```
///
/// # How often a good token is refused
///
/// Nothing of a fingerprint is thrown away: 12 of its 64 bits choose the table, 52 are in the slot, beside the kind. A look-up for an id of
/// one kind is answered wrongly if one of the *n* ids of this kind has the same 64 bits, which for random ids happens with probability
/// *n* / 2⁶⁴ at most. A token asks for one id of each kind, so for all three it is at most
/// (*n*₁ + *n*₂ + *n*₃) / 2⁶⁴ = *n* / 2⁶⁴, however the *n* ids are spread over the kinds:
///
/// ```
/// let ids = 10_000_000.0;
/// let refused = ids / 2.0_f64.powi(64);
/// assert!(refused < 1e-12); // 5.4 × 10⁻¹³ per check of a token
/// ```
pub struct RevocationSet {
    state: ArcSwap<State>,
    version: AtomicU64,
    ids: AtomicUsize,
    rules_left_out: AtomicU64,
    writer: Mutex<Writer>,
}

/// What readers see. Ids are added to a table while it is seen; whatever else changes makes another state.
#[derive(Clone)]
struct State {
    shards: Shards,
    rules: Arc<Rules>,
}

/// What only writers need.
struct Writer {
    /// How many ids are in each table.
    used: Box<[u32]>,
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
        let state = State { shards: Shards::empty(), rules: Arc::default() };
        let writer = Writer { used: vec![0; SHARDS].into(), far: Far::default(), next: 0 };
        Self {
            state: ArcSwap::from_pointee(state),
            version: AtomicU64::new(1),
            ids: AtomicUsize::new(0),
            rules_left_out: AtomicU64::new(0),
            writer: Mutex::new(writer),
        }
    }

    /// Why a token no longer counts, if so.
    pub fn refuses(&self, token: &TokenIds) -> Option<Kind> {
        let state = self.state.load();
        match state.known_id(token) {
            Some(kind) => Some(Kind::Id(kind)),
            None => state.rules.refuses(token).map(Kind::Rule),
        }
    }

    /// Whether an id is in it.
    pub fn contains(&self, kind: IdKind, id: Fingerprint) -> bool {
        self.state.load().key(kind, id).is_some_and(|(table, key)| table.contains(key))
    }

    /// A number that is another one, and higher, whenever something was added. It is never 0. Who has loaded it, and then asked
    /// [`RevocationSet::refuses`], need not ask again for the same token as long as it stays.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// How many ids and rules it holds.
    pub fn len(&self) -> usize {
        self.ids.load(Ordering::Relaxed) + self.state.load().rules.len()
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
        let counts = 2 * size_of::<usize>();
        let state = self.state.load();
        let rules = counts + size_of::<Rules>() + state.rules.heap_bytes();
        let writer = self.writer();
        let writer = size_of_val(&*writer.used) + writer.far.heap_bytes();
        size_of::<Self>() + counts + size_of::<State>() + state.shards.heap_bytes() + rules + writer
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
            .field("rules", &self.state.load().rules.len())
            .field("version", &self.version())
            .finish_non_exhaustive()
    }
}

impl State {
    /// Where to look for an id; nowhere if its shard has none.
    fn key(&self, kind: IdKind, id: Fingerprint) -> Option<(&Table, Key)> {
        Some((self.shards.table(shard_of(id))?, Key::new(kind, id)))
    }

    /// Which of a token's ids is known, if any.
    fn known_id(&self, token: &TokenIds) -> Option<IdKind> {
        let ids = [(IdKind::Jti, token.jti), (IdKind::Sid, token.sid), (IdKind::Handle, token.handle)];
        let keys = ids.map(|(kind, id)| self.key(kind, id?));
        // Three cache lines from anywhere in memory. First a short look at each, so that they are waited for at the same time, then at all
        // that is in them, and no branch before the end, where nearly always nothing was found.
        let lines = keys.map(|key| key.map(|(table, key)| (table.line(key), key)));
        let any =
            |is: fn(&Line, Key) -> bool| lines.iter().flatten().fold(false, |any, (line, key)| any | is(line, *key));
        let is_any_full = any(|line, _| line.is_full());
        if !(any(Line::has) | is_any_full) {
            return None;
        }
        let is_there = |key: Option<(&Table, Key)>| key.is_some_and(|(table, key)| table.contains(key));
        IdKind::ALL.into_iter().zip(keys).find_map(|(kind, key)| is_there(key).then_some(kind))
    }
}
