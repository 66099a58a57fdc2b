//! The one place of the server that reads the system's clock.
//!
//! Everything else takes `now` as a value, so that a rule about time is tested by moving a number.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where the server gets the time from: the system, or a number a test moves.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Fixed(Arc<AtomicU64>),
}

impl Clock {
    /// The system's wall clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still at `now` (Unix seconds) until [`Clock::advance`] moves it.
    pub fn fixed(now: u64) -> Self {
        Self(Source::Fixed(Arc::new(AtomicU64::new(now))))
    }

    /// The time now, in Unix seconds. A wall clock before 1970 reads as 0: everything is then expired or
    /// not yet valid, so the server refuses rather than accepts.
    pub fn now(&self) -> u64 {
        match &self.0 {
            Source::System => system_now(),
            Source::Fixed(seconds) => seconds.load(Ordering::Relaxed),
        }
    }

    /// Moves a fixed clock forward; the system's clock is not ours to move, so there it does nothing.
    pub fn advance(&self, seconds: u64) {
        if let Source::Fixed(now) = &self.0 {
            now.fetch_add(seconds, Ordering::Relaxed);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this file is the clock")]
fn system_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// A stopwatch for the request log and for time-outs: monotonic, unaffected by clock jumps.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    #[expect(clippy::disallowed_methods, reason = "this file is the clock")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Whether the wall clock can be believed by work that deletes for good. One that jumps ahead, as when a machine starts with a wrong date
/// that is corrected later, makes everything look expired; when it is right again, what was deleted in between would be lost.
#[derive(Clone, Copy, Debug)]
pub struct Steadiness {
    /// The last look: wall clock and monotonic time, seconds.
    last: (u64, u64),
    /// When it jumped ahead, in monotonic time.
    jumped_at: Option<u64>,
}

impl Steadiness {
    /// A difference between the two clocks that is a jump and no adjustment, in seconds.
    const JUMP_SECS: u64 = 60;
    /// A clock that has jumped ahead is believed once it has stayed there this long, in seconds.
    const BELIEVED_AFTER_SECS: u64 = 3600;

    /// Begins with a clock that is believed.
    pub fn new(wall_secs: u64, monotonic_secs: u64) -> Self {
        Self { last: (wall_secs, monotonic_secs), jumped_at: None }
    }

    /// Looks at both clocks again: whether the wall clock can be believed now. One that goes back has ended its jump.
    pub fn look(&mut self, wall_secs: u64, monotonic_secs: u64) -> bool {
        let expected = self.last.0.saturating_add(monotonic_secs.saturating_sub(self.last.1));
        self.last = (wall_secs, monotonic_secs);
        if wall_secs > expected.saturating_add(Self::JUMP_SECS) {
            self.jumped_at = Some(monotonic_secs);
        } else if wall_secs.saturating_add(Self::JUMP_SECS) < expected {
            self.jumped_at = None;
        }
        self.jumped_at.is_none_or(|at| monotonic_secs.saturating_sub(at) >= Self::BELIEVED_AFTER_SECS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_jumps_ahead_is_not_believed_until_it_stays_or_comes_back() {
        let mut clock = Steadiness::new(1_000_000, 0);
        assert!(clock.look(1_000_030, 30), "time passes");
        assert!(clock.look(1_000_100, 60), "it is adjusted");
        assert!(!clock.look(9_000_000, 90), "it jumps");
        assert!(!clock.look(9_000_030, 120), "it stays there");
        assert!(clock.look(1_000_190, 150), "it comes back");
        assert!(!clock.look(9_000_000, 180), "it jumps again");
        assert!(!clock.look(9_003_599, 3_779));
        assert!(clock.look(9_003_600, 3_780), "that is the time, after all");
    }

    #[test]
    fn a_clock_that_goes_back_makes_nothing_look_expired() {
        let mut clock = Steadiness::new(1_000_000, 0);
        assert!(clock.look(5, 30));
    }

    #[test]
    fn a_fixed_clock_moves_only_when_told() {
        let clock = Clock::fixed(1_000);
        let twin = clock.clone();
        assert_eq!(clock.now(), 1_000);
        twin.advance(5);
        assert_eq!(clock.now(), 1_005);
    }
}
