//! The same work at several sizes: nothing may take longer because there is more. All sizes are there at once and measured in turns, so that they meet
//! the same machine.
//!
//! `SYMBOLON_BENCH_SIZES` says how many of the sizes are measured.

use std::time::Duration;

use crate::figure::Figure;
use crate::nodes::database::{self, Database, Engine};
use crate::nodes::script::Job;
use crate::nodes::site::Site;
use crate::{Failure, measure};

/// How many of something there are, and how that is called.
pub(crate) type Size = (u64, &'static str);

const SIZES: [Size; 4] = [(1_000, "1k"), (100_000, "100k"), (1_000_000, "1M"), (10_000_000, "10M")];

/// How many of the sizes are measured unless it is asked for others.
const USUAL: usize = 3;

/// Few: what is measured is how long it takes, not how long it waits for its turn.
const CONNECTIONS: usize = 2;
/// Many: a disk that hesitates spoils some of them, and the middle one is to be none of those.
const ROUNDS: usize = 21;
const TURN: Duration = Duration::from_millis(700);

/// Of the time at the least size.
pub(crate) const BUDGET: f64 = 1.5;

/// The sizes to measure, of `most` that there are.
pub(crate) fn sizes(most: usize) -> Result<&'static [Size], Failure> {
    let count = std::env::var("SYMBOLON_BENCH_SIZES").map_or(Ok(USUAL), |text| text.parse::<usize>())?;
    SIZES.get(..count.min(most)).filter(|sizes| !sizes.is_empty()).ok_or("SYMBOLON_BENCH_SIZES is 1 to 4".into())
}

/// What a part prepares: the deployment of a size, started or not, and what is to be told of it under a name.
pub(crate) type Prepare = for<'s> fn(Database<'s>, Size, &str, &mut Vec<Figure>) -> Result<Site<'s>, Failure>;

/// Compares how long `jobs` take at the sizes, on both engines.
pub(crate) fn run(group: &str, sizes: &[Size], jobs: &[Job], prepare: Prepare) -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    for engine in Engine::ALL {
        let server = if engine == Engine::Postgres { Some(database::server()?) } else { None };
        let name = format!("{group}.{}", engine.name());
        let mut deployments = Vec::new();
        for (count, size) in sizes {
            println!("  {size} in {}", engine.name());
            let database = match &server {
                Some(server) => Database::shared(server, &format!("growth_{}", size.to_lowercase()))?,
                None => Database::File,
            };
            deployments.push(prepare(database, (*count, size), &format!("{name}.{size}"), &mut figures)?);
        }
        for job in jobs {
            compare(&name, &mut deployments, sizes, *job, &mut figures)?;
        }
    }
    Ok(figures)
}

fn compare(
    name: &str,
    deployments: &mut [Site<'_>],
    sizes: &[Size],
    job: Job,
    figures: &mut Vec<Figure>,
) -> Result<(), Failure> {
    let times = in_turns(deployments, job)?;
    let least = times.first().map_or(f64::NAN, |(_, p99)| *p99);
    for ((p50, p99), (_, size)) in times.iter().zip(sizes) {
        let name = format!("{name}.{}.{size}", job.name());
        figures.push(Figure::reported(format!("{name}.p50"), *p50, "ms"));
        figures.push(Figure::reported(format!("{name}.p99"), *p99, "ms"));
        if *size != SIZES[0].1 {
            figures.push(Figure::at_most(format!("{name}.p99_to_1k"), p99 / least, "×", BUDGET));
        }
    }
    Ok(())
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
