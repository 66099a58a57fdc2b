//! What a deployment does in a second, and what of the processors that takes, with each engine and with one, two and three nodes. All of them, the
//! database and the load generator share the machine, so what more nodes bring shows in the processor time, not in the rate.

use std::time::Duration;

use super::database::{self, Database, Engine};
use super::script::Job;
use super::site::{HASH, Site, Turn};
use crate::Failure;
use crate::core::setup;
use crate::figure::Figure;

/// Users, each with a session and refresh tokens.
const USERS: u64 = 1_000;
/// More at once is what sharing a commit is for.
const CONNECTIONS: usize = 16;
const TURN: Duration = Duration::from_millis(2_500);

/// Refreshes come first: introspection asks about what they give.
const JOBS: [Job; 6] =
    [Job::SignIn, Job::Refresh, Job::ClientCredentials, Job::Introspect, Job::Session, Job::Authorize];

pub(super) fn run() -> Result<Vec<Figure>, Failure> {
    let (memory_kib, passes, lanes) = HASH;
    let hash = setup::hash_cost_of(memory_kib, passes, lanes)? * 1e3;
    let words = format!("CPU s per 1,000 (Argon2id, {} MiB, {passes} pass)", memory_kib / 1024);
    let mut figures = vec![Figure::reported("nodes.work.hash", hash, words)];
    let server = database::server()?;
    for engine in Engine::ALL {
        let (database, most) = match engine {
            Engine::Postgres => (Database::shared(&server, "work")?, 3),
            Engine::Sqlite => (Database::File, 1),
        };
        let mut site = Site::new(database, most, USERS, USERS)?;
        site.start()?;
        for nodes in 1..=most {
            for job in JOBS {
                let turn = site.turn(job, nodes, CONNECTIONS, TURN)?;
                figures.extend(told(&format!("nodes.work.{}.{nodes}.{}", engine.name(), job.name()), job, &turn, hash));
            }
        }
    }
    Ok(figures)
}

/// Of a sign-in the hash is left out.
fn told(name: &str, job: Job, turn: &Turn, hash: f64) -> Vec<Figure> {
    let unit = "CPU s per 1,000";
    let mut figures = vec![Figure::reported(format!("{name}.rate"), turn.per_second, "requests/s")];
    figures.push(if job == Job::SignIn {
        Figure::reported(format!("{name}.cpu_without_hash"), turn.cpu - hash, unit)
    } else {
        Figure::reported(format!("{name}.cpu"), turn.cpu, unit)
    });
    figures.extend(turn.database_cpu.map(|cpu| Figure::reported(format!("{name}.database_cpu"), cpu, unit)));
    let log = turn.database_log.filter(|bytes| *bytes >= 1.0);
    figures.extend(log.map(|bytes| Figure::reported(format!("{name}.database_log"), bytes, "bytes")));
    figures
}
