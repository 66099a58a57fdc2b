//! Timing operations against each other, in turns, so that all sides meet the same machine; the fastest slice of each counts,
//! because noise only ever adds. Where the operation itself takes a time by chance, the fastest slice would be luck, and the mean of
//! many more counts.

use std::time::Duration;

use symbolon_bench_jose_common::Failure;
use symbolon_bench_jose_common::side::{Side, Spent};

/// One side's run within a round: long beside the clock's resolution, short enough to end before the scheduler lets others in.
const SLICE: Duration = Duration::from_millis(1);

/// Rounds of all sides, and how many times as many where chance is to even out.
const ROUNDS: u32 = 300;
const MORE: u32 = 4;

/// What counts of the slices.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slices {
    Fastest,
    Mean,
}

/// What one operation of one side costs.
#[derive(Clone, Debug)]
pub(crate) struct Cost {
    pub(crate) name: &'static str,
    pub(crate) nanoseconds: f64,
    /// Of one operation, in the middle of many: what is allocated once and kept does not count.
    pub(crate) allocations: f64,
}

pub(crate) fn in_turns(mut sides: Vec<Side<'_>>, slices: Slices) -> Result<Vec<Cost>, Failure> {
    let repeats = sides.iter_mut().map(calibrate).collect::<Result<Vec<u32>, Failure>>()?;
    let costs = sides.iter().map(|side| Cost { name: side.name, nanoseconds: f64::INFINITY, allocations: 0.0 });
    let mut costs: Vec<Cost> = costs.collect();
    let mut sums = vec![0.0; sides.len()];
    let rounds = if slices == Slices::Mean { ROUNDS * MORE } else { ROUNDS };
    for _ in 0..rounds {
        for (((side, &repeats), cost), sum) in sides.iter_mut().zip(&repeats).zip(&mut costs).zip(&mut sums) {
            let spent = side.repeat(repeats)?;
            let nanoseconds = spent.time.as_secs_f64() * 1e9 / f64::from(repeats);
            cost.nanoseconds = cost.nanoseconds.min(nanoseconds);
            cost.allocations = per_operation(spent, repeats);
            *sum += nanoseconds;
        }
    }
    if slices == Slices::Mean {
        for (cost, sum) in costs.iter_mut().zip(sums) {
            cost.nanoseconds = sum / f64::from(rounds);
        }
    }
    Ok(costs)
}

#[expect(clippy::cast_precision_loss, reason = "counts of one millisecond")]
fn per_operation(spent: Spent, repeats: u32) -> f64 {
    (spent.allocations as f64 / f64::from(repeats)).round()
}

/// How many repeats fill a slice; warms up on the way.
fn calibrate(side: &mut Side<'_>) -> Result<u32, Failure> {
    let mut repeats = 1;
    while side.repeat(repeats)?.time < SLICE {
        repeats *= 2;
    }
    Ok(repeats)
}
