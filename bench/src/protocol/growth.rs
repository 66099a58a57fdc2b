//! The same work with a thousand clients, users and live families of refresh tokens at once, a hundred thousand of each, a million. What grows is the
//! time a server takes to start and the memory it has, for it holds every registration; not what one change to a registration takes. How it is with
//! the users and families alone is the part `growth` of the group `nodes`.
//!
//! `SYMBOLON_BENCH_SIZES=2` leaves the million out.

use crate::figure::Figure;
use crate::growth::{self, Size};
use crate::nodes::database::Database;
use crate::nodes::script::Job;
use crate::nodes::site::Site;
use crate::{Failure, load, measure};

/// Users and families that are used, far from each other in the tables.
const SAMPLE: u64 = 10_000;
const CHANGES: usize = 9;

const JOBS: [Job; 4] = [Job::ClientCredentials, Job::Refresh, Job::CodeFlow, Job::PushedFlow];

pub(super) fn run() -> Result<Vec<Figure>, Failure> {
    growth::run("protocol.growth", growth::sizes(3)?, &JOBS, prepare)
}

fn prepare<'s>(
    database: Database<'s>,
    (count, _): Size,
    name: &str,
    figures: &mut Vec<Figure>,
) -> Result<Site<'s>, Failure> {
    let mut site = Site::new(database, 1, count, SAMPLE)?;
    site.register_clients(count)?;
    site.start()?;
    let (started_in, resident) = site.started()?;
    figures.push(Figure::reported(format!("{name}.start"), started_in.as_secs_f64(), "s"));
    figures.push(Figure::reported(format!("{name}.resident"), load::count(resident) / 1e6, "MB"));
    let changes = (0..CHANGES).map(|number| Ok(site.change_client(number)?.as_secs_f64() * 1e3));
    let change = measure::median(changes.collect::<Result<_, Failure>>()?);
    // With the start of the command that changes it, which is the same at any size.
    figures.push(Figure::reported(format!("{name}.change"), change, "ms"));
    Ok(site)
}
