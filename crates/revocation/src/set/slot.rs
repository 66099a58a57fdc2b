//! A slot of a table: all that is known of an id, in 64 bits.
//!
//! From the top: the 52 bits of the fingerprint that the shard does not say, 2 bits of kind, 10 bits of when to forget it. Because a
//! kind is never 0, 0 is an empty slot.
//!
//! Times are ticks of [`TICK_SECS`], rounded up, modulo 1023, which goes around in 85 hours. An id to forget within [`HORIZON`] is always
//! told from one that is due, even if the clock is put back by 21 hours. [`FAR`] means that it is later than that, and when stands
//! elsewhere.

use crate::{Fingerprint, IdKind};

/// How many bits of a fingerprint choose the shard.
pub(super) const SHARD_BITS: u32 = 12;

/// The unit of time, in seconds. Nothing is forgotten early, and nothing more than this late.
const TICK_SECS: u64 = 300;

const TICK_BITS: u32 = 10;

/// Ticks go around.
const ROUND: u64 = (1 << TICK_BITS) - 1;

/// Instead of a tick: beyond the horizon.
const FAR: u64 = ROUND;

/// As far ahead as a tick is written: 42 hours. Tokens live for 24 at most.
const HORIZON: u64 = 512;

/// As far ahead as a tick is read. Beyond it, it is one of the past.
const AHEAD: u64 = 768;

pub(super) const EMPTY: u64 = 0;

/// What is looked for: the fingerprint without the shard's bits, and the kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(u64);

impl Key {
    /// Below every key.
    pub(super) const FIRST: Self = Self(0);

    pub(super) fn new(kind: IdKind, fingerprint: Fingerprint) -> Self {
        Self((fingerprint.0 << SHARD_BITS | (kind as u64) << TICK_BITS) >> TICK_BITS)
    }

    /// The key of a slot that is not empty.
    pub(super) fn of(slot: u64) -> Self {
        Self(slot >> TICK_BITS)
    }

    pub(super) fn slot(self, tick: Tick) -> u64 {
        self.0 << TICK_BITS | tick.0
    }

    /// 32 uniform bits, the higher the fingerprint, the higher.
    pub(super) fn place(self) -> u32 {
        u32::try_from(self.0 << TICK_BITS >> 32).expect("shifted to 32 bits")
    }
}

/// When to forget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tick(u64);

impl Tick {
    pub(super) const FAR: Self = Self(FAR);

    /// For a second that lies ahead.
    pub(super) fn new(forget_at: u64, now: u64) -> Self {
        let (at, now) = (forget_at.div_ceil(TICK_SECS), now / TICK_SECS);
        Self(if at > now.saturating_add(HORIZON) { FAR } else { at % ROUND })
    }

    pub(super) fn of(slot: u64) -> Self {
        Self(slot & FAR)
    }

    /// How many ticks are left, seen from `now`; 0 if it is due. If it is far, more than of any other.
    fn left(self, now: u64) -> u64 {
        if self == Self::FAR {
            return u64::MAX;
        }
        let left = (self.0 + ROUND - now / TICK_SECS % ROUND) % ROUND;
        if left <= AHEAD { left } else { 0 }
    }

    /// Whether it is time.
    pub(super) fn is_due(self, now: u64) -> bool {
        self.left(now) == 0
    }

    /// Whether it comes after the other.
    pub(super) fn is_after(self, other: Self, now: u64) -> bool {
        self.left(now) > other.left(now)
    }
}
