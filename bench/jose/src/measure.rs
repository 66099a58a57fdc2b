//! Timing operations against each other, in turns, so that all sides meet the same machine; the fastest slice of each counts,
//! because noise only ever adds.

use std::hint::black_box;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::alloc;
use crate::clock::Stopwatch;

/// One side's run within a round.
const SLICE: Duration = Duration::from_micros(700);

/// Rounds of all sides.
const ROUNDS: u32 = 240;

/// Something to time. An error stops the measurement: what fails early is fast and means nothing.
pub(crate) type Operation<'a> = Box<dyn FnMut() -> Result<(), Failure> + 'a>;

/// A library and what it does.
pub(crate) struct Side<'a> {
    pub(crate) name: &'static str,
    pub(crate) run: Operation<'a>,
}

impl<'a> Side<'a> {
    pub(crate) fn new(name: &'static str, run: impl FnMut() -> Result<(), Failure> + 'a) -> Self {
        Self { name, run: Box::new(run) }
    }
}

/// What one operation costs.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Cost {
    pub(crate) name: String,
    pub(crate) nanoseconds: f64,
    pub(crate) allocations: u64,
}

pub(crate) fn in_turns(mut sides: Vec<Side<'_>>) -> Result<Vec<Cost>, Failure> {
    let mut repeats = Vec::new();
    let mut costs = Vec::new();
    for side in &mut sides {
        repeats.push(calibrate(side)?);
        let before = alloc::count();
        (side.run)()?;
        let allocations = alloc::count() - before;
        costs.push(Cost { name: side.name.to_owned(), nanoseconds: f64::INFINITY, allocations });
    }
    for _ in 0..ROUNDS {
        for ((side, repeats), cost) in sides.iter_mut().zip(&repeats).zip(&mut costs) {
            let watch = Stopwatch::start();
            for _ in 0..*repeats {
                black_box((side.run)())?;
            }
            let each = watch.elapsed().as_secs_f64() * 1e9 / f64::from(*repeats);
            cost.nanoseconds = cost.nanoseconds.min(each);
        }
    }
    Ok(costs)
}

/// How many repeats fill a slice; warms up on the way.
fn calibrate(side: &mut Side<'_>) -> Result<u32, Failure> {
    let mut repeats = 1;
    loop {
        let watch = Stopwatch::start();
        for _ in 0..repeats {
            black_box((side.run)())?;
        }
        if watch.elapsed() >= SLICE {
            return Ok(repeats);
        }
        repeats *= 2;
    }
}
