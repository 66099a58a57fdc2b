//! Tokens that were verified before: seen again, a token costs a look-up instead of a signature.
//!
//! A hit is worth as much as a verification because
//! - only a token that passed everything gets in, signature, policy and revocation, and refusals never do;
//! - the whole token is compared, so that nothing but the very same bytes is a hit;
//! - each guard has its own table, and with it one issuer, one audience, one policy;
//! - `exp`, `nbf` and revocation are asked at every hit;
//! - an entry counts only as long as the key set it was verified with does ([`Proven::counts`]): when a key is gone or changed, all
//!   that was seen before is verified anew.
//!
//! Not for shared secrets: an HMAC costs about what a look-up does.

mod table;

use std::sync::{Arc, OnceLock, atomic::AtomicU64};

use crate::{claims::Claims, counter::Counter, revocation::Ids, status::CacheStatus};
use table::Table;

/// How many tokens a guard remembers unless told otherwise.
pub(crate) const DEFAULT_TOKENS: usize = 16_384;

/// A token that has proved good, and until when and under which keys that holds.
#[derive(Debug, Default)]
#[repr(C)] // What a hit reads comes first, beside the reference count: one or two cache lines.
pub(crate) struct Proven {
    /// The version of the revocation set that knew nothing against it; 0: not asked yet.
    pub(crate) checked: AtomicU64,
    /// From this second on it has expired, leeway included.
    pub(crate) expires: u64,
    /// From this second on it counts.
    pub(crate) begins: u64,
    /// Of the key set.
    pub(crate) generation: u64,
    /// What an entry of the revocation log can be about.
    pub(crate) ids: Ids,
    /// Until this second the issuer's answer holds that it is active; 0: was not asked.
    pub(crate) active_until: AtomicU64,
    /// The token itself; `None` unless it may be remembered.
    token: Option<Box<str>>,
    /// It is no token, but what a signed URL stands for.
    pub(crate) by_url: bool,
    pub(crate) claims: Claims,
}

impl Proven {
    pub(crate) fn new(claims: Claims) -> Self {
        // Every field, so that no empty claims are made only to be dropped.
        Self {
            checked: AtomicU64::new(0),
            expires: 0,
            begins: 0,
            generation: 0,
            ids: Ids::default(),
            active_until: AtomicU64::new(0),
            token: None,
            by_url: false,
            claims,
        }
    }

    /// Whether it counts at `now`, as far as time and keys tell.
    pub(crate) fn counts(&self, now: u64, generation: u64) -> bool {
        self.begins <= now && now < self.expires && self.generation == generation
    }

    fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    fn is(&self, token: &str) -> bool {
        self.token() == Some(token)
    }
}

/// The memory of one guard.
#[derive(Debug)]
pub(crate) struct Seen {
    /// 0: nothing is remembered.
    most: usize,
    /// Made when the first token is kept.
    table: OnceLock<Table>,
    pub(crate) hits: Counter,
    pub(crate) misses: Counter,
}

impl Seen {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, table: OnceLock::new(), hits: Counter::default(), misses: Counter::default() }
    }

    /// The token, if it was seen before and still counts.
    pub(crate) fn find(&self, token: &str, now: u64, generation: u64) -> Option<Arc<Proven>> {
        let proven = self.table.get()?.find(token)?;
        proven.counts(now, generation).then_some(proven)
    }

    /// Makes a token ready to be kept, if it may be.
    pub(crate) fn prepare(&self, proven: &mut Proven, token: &str) {
        if self.most > 0 && token.len() <= table::MAX_TOKEN_BYTES {
            proven.token = Some(token.into());
            // Room for more of them, left from reading.
            proven.claims.roles.shrink_to_fit();
        }
    }

    /// Keeps a token that passed everything.
    pub(crate) fn keep(&self, proven: &Arc<Proven>, now: u64, generation: u64) {
        if proven.token.is_some() {
            let table = self.table.get_or_init(|| Table::new(self.most));
            table.insert(Arc::clone(proven), |held| is_dead(held, now, generation));
        }
    }

    /// Lets go of some of what no longer counts. Called once a second.
    pub(crate) fn sweep(&self, now: u64, generation: u64) {
        if let Some(table) = self.table.get() {
            table.sweep(|held| is_dead(held, now, generation));
        }
    }

    pub(crate) fn status(&self) -> CacheStatus {
        CacheStatus {
            entries: self.table.get().map_or(0, Table::len),
            hits: self.hits.value(),
            misses: self.misses.value(),
        }
    }
}

/// Whether a token will never count again.
fn is_dead(held: &Proven, now: u64, generation: u64) -> bool {
    held.expires <= now || held.generation != generation
}
