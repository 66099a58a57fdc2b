//! Timing short operations against each other.

use std::hint::black_box;
use std::time::Duration;

use crate::Failure;
use crate::clock::Stopwatch;

/// One side's run within a round: long beside the clock's resolution, short enough to end before the scheduler lets others in.
const SLICE: Duration = Duration::from_millis(1);

/// Rounds. The fastest slice of each side counts: noise only ever adds.
const ROUNDS: u32 = 450;

/// Something to time. An error stops the measurement: what fails early is fast and means nothing.
pub(crate) type Operation<'a> = &'a mut dyn FnMut() -> Result<(), Failure>;

/// Microseconds per operation of each side, measured in turns so that both meet the same machine.
pub(crate) fn in_turns<const N: usize>(mut sides: [Operation<'_>; N]) -> Result<[f64; N], Failure> {
    let mut repeats = [0_u32; N];
    for (side, repeats) in sides.iter_mut().zip(&mut repeats) {
        *repeats = calibrate(side)?;
    }
    let mut best = [f64::INFINITY; N];
    for _ in 0..ROUNDS {
        for ((side, repeats), best) in sides.iter_mut().zip(repeats).zip(&mut best) {
            let watch = Stopwatch::start();
            for _ in 0..repeats {
                black_box(side())?;
            }
            *best = best.min(watch.elapsed().as_secs_f64() * 1e6 / f64::from(repeats));
        }
    }
    Ok(best)
}

/// How many repeats fill a slice.
fn calibrate(side: &mut Operation<'_>) -> Result<u32, Failure> {
    let mut repeats = 1;
    loop {
        let watch = Stopwatch::start();
        for _ in 0..repeats {
            black_box(side())?;
        }
        if watch.elapsed() >= SLICE {
            return Ok(repeats);
        }
        repeats *= 2;
    }
}

/// The middle of an odd number of values, or the upper of the two middles.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The smallest value that this share of all does not exceed.
pub(crate) fn percentile(values: &[f64], share: f64) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index"
    )]
    let rank = (values.len() as f64 * share).ceil() as usize;
    values.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}
