//! The one place of these crates that reads a clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Time since it was started.
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    pub fn start() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the clock file of these crates")]
        Self(Instant::now())
    }

    /// How long ago that was.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Unix seconds.
pub fn unix_now() -> u64 {
    system_now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// For a library that wants the system's type.
pub fn system_now() -> SystemTime {
    #[expect(clippy::disallowed_methods, reason = "the clock file of these crates")]
    SystemTime::now()
}
