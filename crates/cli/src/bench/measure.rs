//! One way of checking a request, measured: what it costs the processor, and how long it takes.
//!
//! Two passes, one request after the other. The first reads no clock between requests and gives the processor time of the whole
//! process, client and server; the second times each request, less what reading the clock takes.

use std::fs;
use std::time::Duration;

use serde::Serialize;
use symbolon_server::clock::Stopwatch;

/// No more requests are timed; beyond it the percentiles do not move.
const MAX_SAMPLES: usize = 1 << 20;
/// How many requests pass between two looks at the clock, where only their number counts.
const BATCH: usize = 64;

/// What one request takes, in nanoseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Cost {
    /// Processor time, all threads together; `None` where the system does not tell.
    pub(crate) cpu_ns: Option<u64>,
    pub(crate) p50_ns: u64,
    pub(crate) p99_ns: u64,
    /// How many were timed.
    pub(crate) requests: usize,
}

/// Runs `check` again and again for `length`; it gets the number of the request and fails if the request was not accepted.
pub(crate) async fn cost<E>(length: Duration, mut check: impl AsyncFnMut(usize) -> Result<(), E>) -> Result<Cost, E> {
    let mut number = 0_usize;
    let mut next = || {
        number += 1;
        number
    };
    // Whatever is made on first use is made now.
    for _ in 0..BATCH {
        check(next()).await?;
    }
    let half = length / 2;
    let (watch, before, mut passed) = (Stopwatch::start(), cpu(), 0_u64);
    while watch.elapsed() < half {
        for _ in 0..BATCH {
            check(next()).await?;
        }
        passed += BATCH as u64;
    }
    let spent = before.zip(cpu()).map(|(before, after)| after.saturating_sub(before));
    let clock = clock_ns();
    let (watch, mut samples) = (Stopwatch::start(), Vec::new());
    while watch.elapsed() < half && samples.len() < MAX_SAMPLES {
        for _ in 0..BATCH {
            let number = next();
            let one = Stopwatch::start();
            check(number).await?;
            samples.push(nanoseconds(one.elapsed()).saturating_sub(clock));
        }
    }
    samples.sort_unstable();
    Ok(Cost {
        cpu_ns: spent.map(|spent| spent / passed.max(1)),
        p50_ns: percentile(&samples, 50),
        p99_ns: percentile(&samples, 99),
        requests: samples.len(),
    })
}

/// What reading the clock twice takes.
fn clock_ns() -> u64 {
    let mut samples: Vec<u64> = (0..4_096).map(|_| nanoseconds(Stopwatch::start().elapsed())).collect();
    samples.sort_unstable();
    percentile(&samples, 50)
}

/// Processor time of all threads of this process, in nanoseconds. Linux tells; elsewhere there is no portable way.
fn cpu() -> Option<u64> {
    let threads = fs::read_dir("/proc/self/task").ok()?.flatten();
    let of = |thread: fs::DirEntry| -> Option<u64> {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse().ok()
    };
    threads.filter_map(of).reduce(|sum, one| sum + one)
}

/// Of sorted samples: so many of a hundred are no greater (nearest rank).
pub(crate) fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0)
}

pub(crate) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_samples() {
        let samples: Vec<u64> = (1..=200).collect();
        assert_eq!((percentile(&samples, 50), percentile(&samples, 99)), (100, 198));
        assert_eq!((percentile(&[7], 99), percentile(&[], 50)), (7, 0));
    }

    #[test]
    fn what_is_measured_was_run() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut numbers = Vec::new();
        let cost = runtime.block_on(cost(Duration::from_millis(20), async |number| {
            numbers.push(number);
            Ok::<(), ()>(())
        }));
        let cost = cost.unwrap();
        assert!(cost.requests > 0 && cost.p50_ns <= cost.p99_ns, "{cost:?}");
        assert!(numbers.len() > cost.requests && numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]));
        assert_eq!(
            runtime.block_on(super::cost(Duration::from_millis(20), async |_| Err("refused"))).unwrap_err(),
            "refused"
        );
    }
}
