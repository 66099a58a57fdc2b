//! Row 3: killed amid code redemptions. No code is redeemed twice, no acknowledged token is invalid.

use super::kill_refresh::RESTART;
use crate::Failure;
use crate::checker::codes;
use crate::driver::{self, Plan, live_and_die};
use crate::options::Options;
use crate::report::Report;
use crate::server::World;

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    let mut world = World::new(options)?;
    world.start()?;
    driver::populate(&world)?;
    let mut report = live_and_die(&mut world, &Plan::of(options), driver::redeem::live, codes::check).await?;
    report.demand_restart_within(options.pick(RESTART, RESTART * 5));
    Ok(report)
}
