//! Timing operations against each other, in turns, so that all sides meet the same machine; the fastest slice of each counts,
//! because noise only ever adds. Where the operation itself takes a time by chance, the fastest slice would be luck, and the one
//! in the middle counts.

use std::time::Duration;

use symbolon_bench_jose_common::Failure;
use symbolon_bench_jose_common::side::{Side, Spent};

/// One side's run within a round: long beside the clock's resolution, short enough to end before the scheduler lets others in.
const SLICE: Duration = Duration::from_millis(1);

/// Rounds of all sides.
const ROUNDS: u32 = 300;

/// Which slice counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slice {
    Fastest,
    Middle,
}

/// What one operation of one side costs.
#[derive(Clone, Debug)]
pub(crate) struct Cost {
    pub(crate) name: &'static str,
    pub(crate) nanoseconds: f64,
    /// Of one operation, in the middle of many: what is allocated once and kept does not count.
    pub(crate) allocations: f64,
}

pub(crate) fn in_turns(mut sides: Vec<Side<'_>>, slice: Slice) -> Result<Vec<Cost>, Failure> {
    let repeats = sides.iter_mut().map(calibrate).collect::<Result<Vec<u32>, Failure>>()?;
    let mut times = vec![Vec::new(); sides.len()];
    let mut allocations = vec![0.0; sides.len()];
    for _ in 0..ROUNDS {
        for (index, (side, &repeats)) in sides.iter_mut().zip(&repeats).enumerate() {
            let spent = side.repeat(repeats)?;
            times[index].push(spent.time.as_secs_f64() * 1e9 / f64::from(repeats));
            allocations[index] = per_operation(spent, repeats);
        }
    }
    let costs = sides.iter().zip(times).zip(allocations).map(|((side, mut times), allocations)| {
        times.sort_by(f64::total_cmp);
        let index = if slice == Slice::Fastest { 0 } else { times.len() / 2 };
        Cost { name: side.name, nanoseconds: times[index], allocations }
    });
    Ok(costs.collect())
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
