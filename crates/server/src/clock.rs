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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_moves_only_when_told() {
        let clock = Clock::fixed(1_000);
        let twin = clock.clone();
        assert_eq!(clock.now(), 1_000);
        twin.advance(5);
        assert_eq!(clock.now(), 1_005);
    }
}
