//! Row 9, its last part: killed amid key rotations while tokens are issued. Exactly one key is active afterwards, and every token that
//! was handed out verifies.

use super::kill_refresh::RESTART;
use crate::Failure;
use crate::checker::keys;
use crate::driver::{self, Plan, live_and_die};
use crate::options::Options;
use crate::report::Report;
use crate::server::World;

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    let mut world = World::new(options)?;
    world.start()?;
    let machine = driver::populate(&world)?;
    let begin = |stage| driver::keys::live(stage, machine.clone());
    let mut report = live_and_die(&mut world, &Plan::of(options), begin, keys::check).await?;
    report.demand_restart_within(options.pick(RESTART, RESTART * 5));
    Ok(report)
}
