//! The same work with a thousand users, a hundred thousand, a million.
//!
//! `SYMBOLON_BENCH_SIZES=4` adds ten million, which takes tens of gigabytes of disk and most of an hour; `2` leaves the million out.

use super::database::Database;
use super::script::Job;
use super::site::Site;
use crate::figure::Figure;
use crate::growth::{self, Size};
use crate::{Failure, load};

/// Users that are used, far from each other in the tables.
const SAMPLE: u64 = 10_000;

const JOBS: [Job; 4] = [Job::SignIn, Job::Refresh, Job::Session, Job::Introspect];

pub(super) fn run() -> Result<Vec<Figure>, Failure> {
    growth::run("nodes.growth", growth::sizes(4)?, &JOBS, prepare)
}

fn prepare<'s>(
    database: Database<'s>,
    (users, _): Size,
    name: &str,
    figures: &mut Vec<Figure>,
) -> Result<Site<'s>, Failure> {
    let mut site = Site::new(database, 1, users, SAMPLE)?;
    let each = load::count(site.shell()?.bytes()?) / load::count(users);
    figures.push(Figure::reported(format!("{name}.size_each"), each, "bytes"));
    site.start()?;
    Ok(site)
}
