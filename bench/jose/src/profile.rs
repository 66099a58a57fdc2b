//! One operation of ours over and over: what a profiler wants to look at.

use symbolon_bench_jose_common::{Failure, clock};

use crate::jobs;
use crate::peer::ours;

/// The row's name, with `borrow` in the place of `verify` for claims that borrow.
pub(crate) fn run(row: &str, count: &str) -> Result<(), Failure> {
    let name = row.replacen("borrow.", "verify.", 1);
    let plan = jobs::plans().find(|plan| plan.name() == name).ok_or("no such row")?;
    let job = plan.job(clock::unix_now())?;
    let mut side =
        if name == row { ours::side(&job)? } else { ours::borrowing(&job)?.ok_or("nothing to borrow from")? };
    side.repeat(count.parse()?).map(drop)
}
