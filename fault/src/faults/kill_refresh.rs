//! Row 1: killed amid refresh rotations and revocations, again and again. No acknowledged token is lost, no used or revoked one works
//! again, and whoever must sign in again had a request in doubt.

use std::time::Duration;

use crate::Failure;
use crate::checker::chains;
use crate::driver::{self, Plan, live_and_die};
use crate::options::Options;
use crate::report::Report;
use crate::server::World;

/// From the start of the process to the first good answer.
pub(super) const RESTART: Duration = Duration::from_secs(1);

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    let mut world = World::new(options)?;
    world.start()?;
    driver::populate(&world)?;
    let mut report = live_and_die(&mut world, &Plan::of(options), driver::refresh::live, chains::check).await?;
    report.tell(format!("signed out {}", report.signed_out));
    report.demand(report.signed_out <= report.in_doubt, "more clients are signed out than requests were in doubt");
    report.demand_restart_within(options.pick(RESTART, RESTART * 5));
    Ok(report)
}
