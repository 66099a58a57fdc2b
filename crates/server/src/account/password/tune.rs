//! What hashing costs on this machine, for `symbolon hash-tune`.

use std::thread;
use std::time::Duration;

use super::{Parameters, Password, SALT_LEN, phc};
use crate::clock::Stopwatch;

/// How long one of so many hashes at once takes, by the slowest of them; `None` when there is no memory for them.
pub fn measure(parameters: Parameters, workers: u32) -> Option<Duration> {
    let one = || {
        let password = Password::parse("violet piano harbour").ok()?;
        let mut memory = phc::Memory::default();
        // The first touches the memory, as the pool's threads have done long before somebody signs in.
        phc::hash(parameters, &password, [0; SALT_LEN], &mut memory)?;
        let watch = Stopwatch::start();
        phc::hash(parameters, &password, [0; SALT_LEN], &mut memory)?;
        Some(watch.elapsed())
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(one)).collect();
        let took: Option<Vec<Duration>> = running.into_iter().map(|thread| thread.join().ok().flatten()).collect();
        took?.into_iter().max()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_at_once_are_measured_and_impossible_ones_are_not() {
        let cheap = Parameters { memory_kib: 64, passes: 1, lanes: 1 };
        assert!(measure(cheap, 2).is_some_and(|took| took > Duration::ZERO));
        assert_eq!(measure(Parameters { passes: 0, ..cheap }, 1), None);
    }
}
