//! The same work with a thousand clients registered, a hundred thousand, a million: nothing may take longer because there are more. What grows is the time
//! a server takes to start and the memory it has, for it holds every registration. How it is with as many users and live families of refresh
//! tokens is the part `growth` of the group `nodes`.
//!
//! `SYMBOLON_BENCH_SIZES=2` leaves the million out.

use std::time::Duration;

use crate::figure::Figure;
use crate::nodes::database::{self, Database, Engine};
use crate::nodes::script::Job;
use crate::nodes::site::Site;
use crate::{Failure, load, measure};

const SIZES: [(u64, &str); 3] = [(1_000, "1k"), (100_000, "100k"), (1_000_000, "1M")];

const USERS: u64 = 1_000;
/// Few: what is measured is how long it takes, not how long it waits for its turn.
const CONNECTIONS: usize = 2;
const ROUNDS: usize = 5;
const TURN: Duration = Duration::from_millis(700);

/// Of the time with a thousand clients.
const BUDGET: f64 = 1.5;

const JOBS: [Job; 4] = [Job::ClientCredentials, Job::Refresh, Job::CodeFlow, Job::PushedFlow];

pub(super) fn run() -> Result<Vec<Figure>, Failure> {
    let count = std::env::var("SYMBOLON_BENCH_SIZES").map_or(Ok(SIZES.len()), |text| text.parse::<usize>())?;
    let chosen = SIZES.get(..count).ok_or("SYMBOLON_BENCH_SIZES is 1 to 3")?;
    let mut figures = Vec::new();
    for engine in Engine::ALL {
        let server = if engine == Engine::Postgres { Some(database::server()?) } else { None };
        let mut sites = Vec::new();
        for (clients, size) in chosen {
            println!("  {size} clients in {}", engine.name());
            let database = match &server {
                Some(server) => Database::shared(server, &format!("clients_{}", size.to_lowercase()))?,
                None => Database::File,
            };
            let mut site = Site::new(database, 1, USERS, USERS)?;
            site.register_clients(*clients)?;
            site.start()?;
            let (started_in, resident) = site.started()?;
            let name = |what: &str| format!("protocol.growth.{}.{size}.{what}", engine.name());
            figures.push(Figure::reported(name("start"), started_in.as_secs_f64(), "s"));
            figures.push(Figure::reported(name("resident"), load::count(resident) / 1e6, "MB"));
            sites.push(site);
        }
        for job in JOBS {
            let times = in_turns(&mut sites, job)?;
            let least = times.first().map_or(f64::NAN, |(_, p99)| *p99);
            for ((p50, p99), (_, size)) in times.iter().zip(chosen) {
                let name = format!("protocol.growth.{}.{}.{size}", engine.name(), job.name());
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
