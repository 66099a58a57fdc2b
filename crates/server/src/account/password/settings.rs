//! How the pool is laid out: what a hash costs, and how many at once that allows.

use std::{io, thread, time::Duration};

use super::phc::Parameters;

/// KiB for all hashes at once at most.
const MOST_KIB: u64 = 32 * 1024 * 1024;
/// The same where nobody said how many there are at once.
const MOST_KIB_UNASKED: u64 = 4 * 1024 * 1024;

/// How a pool is laid out.
#[derive(Clone, Copy, Debug)]
pub struct PoolSettings {
    /// What a new hash costs.
    pub parameters: Parameters,
    /// Hashes at once; 0 for one per processor.
    pub workers: usize,
    /// Jobs that may wait; one more is refused.
    pub queue: usize,
    /// How long a thread without work keeps its memory.
    pub idle_release: Duration,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self { parameters: Parameters::default(), workers: 0, queue: 64, idle_release: Duration::from_mins(1) }
    }
}

impl PoolSettings {
    /// Threads, within the memory that all of them may take.
    pub(super) fn threads(self) -> io::Result<usize> {
        let fit = |kib: u64| usize::try_from(kib / u64::from(self.parameters.memory_kib)).unwrap_or(usize::MAX);
        if self.workers == 0 {
            let processors = thread::available_parallelism().map_or(1, usize::from);
            return Ok(processors.min(fit(MOST_KIB_UNASKED)).max(1));
        }
        if self.workers > fit(MOST_KIB) {
            let why = "password.memory times password.workers is more than 32 GiB";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        Ok(self.workers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_threads_together_take_no_more_than_a_bound() {
        let large = Parameters { memory_kib: Parameters::MAX.memory_kib, ..Parameters::default() };
        let asked = |workers| PoolSettings { parameters: large, workers, ..PoolSettings::default() };
        assert_eq!(asked(0).threads().unwrap(), 1, "4 GiB for all where nobody asks for more");
        assert_eq!(asked(8).threads().unwrap(), 8);
        assert!(asked(9).threads().is_err(), "more than 32 GiB");
        assert_eq!(PoolSettings { workers: 256, ..PoolSettings::default() }.threads().unwrap(), 256);
    }
}
