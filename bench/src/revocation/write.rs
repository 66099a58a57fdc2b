//! The longest that one call takes: ids that come one by one while 10 million become 13 million, so that every shard grows, and
//! forgetting them step by step.

use std::time::Duration;

use super::{IDS, NOW, filled, insert, ratio};
use crate::clock::Stopwatch;
use crate::figure::Figure;
use crate::{Failure, cpu};

/// Of the longest call, in microseconds.
const PAUSE_BUDGET_US: f64 = 1000.0;

/// Calls between two looks at whether somebody else had the processor.
const BATCH: u64 = 500;

pub(super) fn run() -> Result<Vec<Figure>, Failure> {
    let set = filled(IDS);
    let mut inserts = Pauses::default();
    let mut number = IDS;
    while number < IDS / 3 * 4 {
        inserts.batch(BATCH, || {
            insert(&set, number);
            number += 1;
            true
        })?;
    }
    let ids = set.len() as u64;
    // Half of them are due, a little in every shard; then the other half.
    let mut steps = Pauses::default();
    let mut is_round = false;
    while !is_round {
        steps.batch(16, || {
            is_round = set.forget(NOW + 43_200).is_round;
            !is_round
        })?;
    }
    let forgotten = ids - set.len() as u64;
    let bytes = ratio(set.memory_bytes() as u64, set.len() as u64);
    Ok(vec![
        Figure::reported("revocation.insert", inserts.mean_ns(), "ns"),
        Figure::at_most("revocation.insert.longest", inserts.longest_us(), "µs", PAUSE_BUDGET_US),
        Figure::reported("revocation.insert.disturbed", inserts.disturbed_share(), "×"),
        Figure::at_most("revocation.forget.longest", steps.longest_us(), "µs", PAUSE_BUDGET_US),
        Figure::reported("revocation.forget.round", steps.total.as_secs_f64() * 1e3, "ms"),
        Figure::reported("revocation.forget.steps", ratio(steps.calls, 1), ""),
        Figure::reported("revocation.forget.ids", ratio(forgotten, 1), ""),
        Figure::at_most("revocation.forget.bytes_left", bytes, "bytes", 16.0),
    ])
}

/// Times of calls. Those during which the scheduler had this thread wait for others count for the mean only.
#[derive(Default)]
struct Pauses {
    longest: Duration,
    total: Duration,
    calls: u64,
    disturbed: u64,
}

impl Pauses {
    /// Times up to so many calls, ending with the first that is false.
    fn batch(&mut self, calls: u64, mut call: impl FnMut() -> bool) -> Result<(), Failure> {
        let waited = cpu::waited()?;
        let (mut longest, mut made) = (Duration::ZERO, 0);
        for _ in 0..calls {
            let watch = Stopwatch::start();
            let goes_on = call();
            let elapsed = watch.elapsed();
            longest = longest.max(elapsed);
            self.total += elapsed;
            made += 1;
            if !goes_on {
                break;
            }
        }
        self.calls += made;
        if cpu::waited()? == waited {
            self.longest = self.longest.max(longest);
        } else {
            self.disturbed += made;
        }
        Ok(())
    }

    fn longest_us(&self) -> f64 {
        self.longest.as_secs_f64() * 1e6
    }

    fn mean_ns(&self) -> f64 {
        self.total.as_secs_f64() * 1e9 / ratio(self.calls, 1)
    }

    fn disturbed_share(&self) -> f64 {
        ratio(self.disturbed, self.calls)
    }
}
