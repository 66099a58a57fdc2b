//! Row 16, as far as accounts are made without mail: killed while an operator makes accounts, and people choose passwords and sign up by
//! invitation. An account exists completely or not at all, and a link works once.

use super::kill_refresh::RESTART;
use crate::Failure;
use crate::checker::users;
use crate::driver::{self, Plan, live_and_die};
use crate::options::Options;
use crate::report::Report;
use crate::server::World;

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    let mut world = World::new(options)?;
    world.set("SYMBOLON_SIGN_UP", "invitation");
    world.start()?;
    driver::populate(&world)?;
    // Hashing a password takes its time: fewer answers in each life.
    let plan = Plan { alive_ms: 100..=options.pick(3000, 500), ..Plan::of(options) };
    let mut report = live_and_die(&mut world, &plan, driver::sign_up::live, users::check).await?;
    report.demand_restart_within(options.pick(RESTART, RESTART * 5));
    Ok(report)
}
