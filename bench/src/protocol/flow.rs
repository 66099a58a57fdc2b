//! A sign-in of somebody who has a session: authorize and token, and the same with a pushed request before it (RFC 9126), with each engine.
//!
//! A pushed request is one more request and one more durable write. What a flow costs is reported; the figure is the server's own processor time.

use std::time::Duration;

use crate::Failure;
use crate::figure::Figure;
use crate::measure;
use crate::nodes::database::{self, Database, Engine};
use crate::nodes::script::Job;
use crate::nodes::site::{Site, Turn};

/// Users, each with a session.
const USERS: u64 = 1_000;
const CONNECTIONS: usize = 16;
const TURN: Duration = Duration::from_secs(3);
const TURNS: usize = 5;

pub(super) fn run() -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    let server = database::server()?;
    for engine in Engine::ALL {
        let database = match engine {
            Engine::Postgres => Database::shared(&server, "flow")?,
            Engine::Sqlite => Database::File,
        };
        let mut site = Site::new(database, 1, USERS, USERS)?;
        site.start()?;
        let (mut plain, mut pushed) = (Vec::new(), Vec::new());
        for _ in 0..TURNS {
            plain.push(site.turn(Job::CodeFlow, 1, CONNECTIONS, TURN)?);
            pushed.push(site.turn(Job::PushedFlow, 1, CONNECTIONS, TURN)?);
        }
        let mut cpu = Vec::new();
        for (job, turns) in [(Job::CodeFlow, &plain), (Job::PushedFlow, &pushed)] {
            let requests = f64::from(job.requests());
            let middle = |of: fn(&Turn) -> f64| measure::median(turns.iter().map(of).collect());
            let name = |what: &str| format!("protocol.flow.{}.{}.{what}", engine.name(), job.name());
            let each = middle(|it| it.cpu) * requests;
            figures.extend([
                Figure::reported(name("rate"), middle(|it| it.per_second) / requests, "flows/s"),
                Figure::reported(name("cpu"), each, "CPU s per 1,000"),
                Figure::reported(name("p50"), middle(|it| measure::percentile(&it.times, 0.5)), "ms"),
                Figure::reported(name("p99"), middle(|it| measure::percentile(&it.times, 0.99)), "ms"),
            ]);
            cpu.push(each);
        }
        let name = format!("protocol.flow.{}.pushed_to_plain_cpu", engine.name());
        figures.push(Figure::reported(name, cpu[1] / cpu[0], "×"));
    }
    Ok(figures)
}
