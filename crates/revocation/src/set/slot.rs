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

#[cfg(test)]
mod tests {
    use super::*;

    /// Not at the beginning of a tick, and with ticks that go around soon.
    const NOW: u64 = 1_800_000_123 / (TICK_SECS * ROUND) * (TICK_SECS * ROUND) + (ROUND - 3) * TICK_SECS + 17;

    const HOUR: u64 = 3600;

    #[test]
    fn a_key_is_all_bits_below_the_shard_and_the_kind() {
        for kind in IdKind::ALL {
            let key = Key::new(kind, Fingerprint(0xabc1_2345_6789_abcd));
            let slot = key.slot(Tick::new(NOW + 1, NOW));
            assert_ne!(slot, EMPTY);
            assert_eq!(Key::of(slot), key);
            assert_eq!(key.place(), 0x1234_5678);
            assert_eq!(Key::new(kind, Fingerprint(0x0001_2345_6789_abcd)), key, "the shard is not in it");
            for bit in 0..u64::BITS - SHARD_BITS {
                assert_ne!(Key::new(kind, Fingerprint(0xabc1_2345_6789_abcd ^ 1 << bit)), key, "bit {bit}");
            }
            for other in IdKind::ALL.into_iter().filter(|other| *other != kind) {
                assert_ne!(Key::new(other, Fingerprint(0xabc1_2345_6789_abcd)), key);
            }
            assert!(Key::FIRST < Key::new(kind, Fingerprint(0)));
        }
    }

    #[test]
    fn an_id_is_due_from_its_second_on_or_at_most_a_tick_later() {
        for ahead in (1..42 * HOUR).step_by(97) {
            let tick = Tick::new(NOW + ahead, NOW);
            assert!(!tick.is_due(NOW + ahead - 1), "{ahead}: early");
            assert!(tick.is_due(NOW + ahead + TICK_SECS), "{ahead}: late");
            assert!(tick.is_due(NOW + ahead + 21 * HOUR), "{ahead}: also if nobody looked for long");
        }
    }

    #[test]
    fn a_clock_that_is_put_back_forgets_nothing() {
        for ahead in (1..42 * HOUR).step_by(97) {
            let tick = Tick::new(NOW + ahead, NOW);
            for back in [1, 300, HOUR, 21 * HOUR] {
                assert!(!tick.is_due(NOW - back), "{ahead} {back}");
            }
        }
    }

    #[test]
    fn what_is_too_far_ahead_says_so() {
        let last = (NOW / TICK_SECS + HORIZON) * TICK_SECS;
        assert_ne!(Tick::new(last, NOW), Tick::FAR);
        for ahead in [last + 1, last + 1000 * HOUR, u64::from(u32::MAX), u64::MAX] {
            assert_eq!(Tick::new(ahead, NOW), Tick::FAR);
        }
        for now in [0, NOW, u64::MAX] {
            assert!(!Tick::FAR.is_due(now));
        }
    }

    #[test]
    fn the_later_of_two_times_is_known_also_where_ticks_go_around() {
        let times = [1, 300, 900, 1200, 1500, 3000, 24 * HOUR, 42 * HOUR, 43 * HOUR];
        for (at, early) in times.iter().enumerate() {
            let tick = |ahead: u64| Tick::new(NOW + ahead, NOW);
            assert!(!tick(*early).is_after(tick(*early), NOW));
            for late in &times[at + 1..] {
                let is_same = tick(*early) == tick(*late);
                assert_eq!(tick(*late).is_after(tick(*early), NOW), !is_same, "{early} {late}");
                assert!(!tick(*early).is_after(tick(*late), NOW), "{early} {late}");
            }
        }
    }
}
