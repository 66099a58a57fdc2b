//! From a revocation on one of three nodes to the refusal by a guard that follows another: with notices, and in a database that sends none, as
//! behind a pooler or on an engine without them. There the nodes hear of it when they ask, once a second.

use std::time::Duration;

use super::database::{self, Database};
use super::site;
use crate::figure::Figure;
use crate::revocation::delay::Guards;
use crate::revocation::machine::{self, Machine};
use crate::server::Installation;
use crate::{Failure, measure};

/// How often it is measured.
const ROUNDS: u64 = 300;
const ROUNDS_WITHOUT: u64 = 40;

/// Between two rounds without notices, at most. Or each revocation would come just after the nodes have asked, where the last one left off.
const PAUSE_MS: u64 = 1_000;

const BUDGET_MS: f64 = 100.0;
/// The interval, and what a revocation takes when nobody waits for one.
const BUDGET_WITHOUT_MS: f64 = 1_000.0 + BUDGET_MS;

/// Stands before the engine's own function, and tells nobody.
const SILENCE: &str = "CREATE FUNCTION public.pg_notify(text, text) RETURNS void LANGUAGE sql AS '';
    ALTER DATABASE silent SET search_path = public, pg_catalog";

pub(super) fn run() -> Result<Vec<Figure>, Failure> {
    let server = database::server()?;
    let heard = times(&Database::shared(&server, "heard")?, ROUNDS, |_| Duration::ZERO)?;
    let silent = Database::shared(&server, "silent")?;
    server.sql("silent", SILENCE)?;
    // By the golden ratio: spread over the interval, whatever the number of rounds.
    let asked = times(&silent, ROUNDS_WITHOUT, |round| Duration::from_millis(round * 618 % PAUSE_MS))?;
    let mut figures = Vec::new();
    for (name, times, budget) in [("notices", heard, BUDGET_MS), ("polling", asked, BUDGET_WITHOUT_MS)] {
        let percentile = |share| measure::percentile(&times, share);
        figures.push(Figure::reported(format!("nodes.reach.{name}.p50"), percentile(0.5), "ms"));
        figures.push(Figure::at_most(format!("nodes.reach.{name}.p99"), percentile(0.99), "ms", budget));
    }
    Ok(figures)
}

/// Milliseconds until the guard of the first node refuses what was revoked on the last.
fn times(database: &Database<'_>, rounds: u64, pause: fn(u64) -> Duration) -> Result<Vec<f64>, Failure> {
    let mut settings = site::settings(database);
    settings.push(("SYMBOLON_HTTP__TRUSTED_PROXIES".to_owned(), "127.0.0.1".to_owned()));
    let first = Installation::with(settings)?;
    let running = first.serve()?;
    machine::register(&first)?;
    // Its secret is a new one, which the others shall know from their start.
    let issuing = Machine::new(&first, running.address)?;
    let further = [first.beside()?, first.beside()?];
    let others = [further[0].serve()?, further[1].serve()?];
    let revoking = issuing.at(others[1].address);
    let guards = Guards::new(&first, 1)?;
    let mut all = Vec::new();
    for round in 0..rounds {
        std::thread::sleep(pause(round));
        all.extend(guards.times(1, &issuing, |token| revoking.revoke(token))?);
    }
    Ok(all)
}
