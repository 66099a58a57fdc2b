//! The same work with a thousand users, a hundred thousand, a million: nothing may take longer because there is more. All sizes are there at once and
//! measured in turns, so that they meet the same machine.
//!
//! `SYMBOLON_BENCH_SIZES=4` adds ten million, which takes tens of gigabytes of disk and most of an hour; `2` leaves the million out.

use std::time::Duration;

use super::database::{self, Database, Engine};
use super::script::Job;
use super::site::Site;
use crate::figure::Figure;
use crate::{Failure, load, measure};

const SIZES: [(u64, &str); 4] = [(1_000, "1k"), (100_000, "100k"), (1_000_000, "1M"), (10_000_000, "10M")];

/// How many of the sizes are measured unless it is asked for others.
const USUAL: usize = 3;

/// Users that are used, far from each other in the tables.
const SAMPLE: u64 = 10_000;
/// Few: what is measured is how long it takes, not how long it waits for its turn.
const CONNECTIONS: usize = 2;
const ROUNDS: usize = 5;
const TURN: Duration = Duration::from_millis(700);

/// Of the time with a thousand users.
const BUDGET: f64 = 1.5;

const JOBS: [Job; 4] = [Job::SignIn, Job::Refresh, Job::Session, Job::Introspect];

pub(super) fn run() -> Result<Vec<Figure>, Failure> {
    let count = std::env::var("SYMBOLON_BENCH_SIZES").map_or(Ok(USUAL), |text| text.parse::<usize>())?;
    let sizes = SIZES.get(..count).ok_or("SYMBOLON_BENCH_SIZES is 1 to 4")?;
    let mut figures = Vec::new();
    for engine in Engine::ALL {
        let server = if engine == Engine::Postgres { Some(database::server()?) } else { None };
        let mut deployments = Vec::new();
        for (users, name) in sizes {
            println!("  {name} users in {}", engine.name());
            let database = match &server {
                Some(server) => Database::shared(server, &format!("growth_{}", name.to_lowercase()))?,
                None => Database::File,
            };
            deployments.push(Site::new(database, 1, *users, SAMPLE)?);
        }
        for (site, (users, size)) in deployments.iter().zip(sizes) {
            let each = load::count(site.shell()?.bytes()?) / load::count(*users);
            figures.push(Figure::reported(format!("nodes.growth.{}.{size}.size_each", engine.name()), each, "bytes"));
        }
        deployments.iter_mut().try_for_each(Site::start)?;
        for job in JOBS {
            let times = in_turns(&mut deployments, job)?;
            let least = times.first().map_or(f64::NAN, |(_, p99)| *p99);
            for ((p50, p99), (_, size)) in times.iter().zip(sizes) {
                let name = format!("nodes.growth.{}.{}.{size}", engine.name(), job.name());
                figures.push(Figure::reported(format!("{name}.p50"), *p50, "ms"));
                figures.push(Figure::reported(format!("{name}.p99"), *p99, "ms"));
                if *size != SIZES[0].1 {
                    figures.push(Figure::at_most(format!("{name}.p99_to_1k"), p99 / least, "×", BUDGET));
                }
            }
        }
    }
    Ok(figures)
}

/// The middle round's p50 and p99 for each size, in milliseconds. A first round is not counted.
fn in_turns(sites: &mut [Site<'_>], job: Job) -> Result<Vec<(f64, f64)>, Failure> {
    let mut rounds = vec![(Vec::new(), Vec::new()); sites.len()];
    for round in 0..=ROUNDS {
        for (site, (p50, p99)) in sites.iter_mut().zip(&mut rounds) {
            let turn = site.turn(job, 1, CONNECTIONS, TURN)?;
            if round > 0 {
                p50.push(measure::percentile(&turn.times, 0.5));
                p99.push(measure::percentile(&turn.times, 0.99));
            }
        }
    }
    Ok(rounds.into_iter().map(|(p50, p99)| (measure::median(p50), measure::median(p99))).collect())
}
