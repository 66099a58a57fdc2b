//! The clock: the only file of this crate that asks the system for the time.
//!
//! Two readings, because they answer two questions. Claims such as `exp` (RFC 7519 §4.1.4) are compared with the wall clock;
//! the age of a key set is measured by a clock that never jumps.

use std::{
    fmt,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// Where a guard reads the time. Tests hand in their own ([`Guard::clock`](crate::Guard::clock)).
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Seconds since the Unix epoch.
    fn unix_now(&self) -> u64;

    /// Time since some fixed moment. Never goes back.
    fn elapsed(&self) -> Duration;
}

/// The machine's clock.
#[derive(Debug)]
pub(crate) struct SystemClock {
    started: Instant,
}

impl SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the file that reads the clock")]
    pub(crate) fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the file that reads the clock")]
    fn unix_now(&self) -> u64 {
        // A clock set before 1970 reads as 0: every token with `nbf` or `iat` is then refused, none is accepted too long.
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}
