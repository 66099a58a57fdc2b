//! From a revocation on one of three nodes to the refusal by a guard that follows another: with notices, and in a database that sends none, as
//! behind a pooler or on an engine without them. There the nodes hear of it when they ask, once a second.

use super::database::{self, Database};
use super::site;
use crate::figure::Figure;
use crate::revocation::delay::Guards;
use crate::revocation::machine::{self, Machine};
use crate::server::Installation;
use crate::{Failure, measure};

/// How often it is measured.
const ROUNDS: usize = 300;
const ROUNDS_WITHOUT: usize = 60;

const BUDGET_MS: f64 = 100.0;
/// The interval, and what a revocation takes when nobody waits for one.
const BUDGET_WITHOUT_MS: f64 = 1_000.0 + BUDGET_MS;

/// Stands before the engine's own function, and tells nobody.
const SILENCE: &str = "CREATE FUNCTION public.pg_notify(text, text) RETURNS void LANGUAGE sql AS '';
    ALTER DATABASE silent SET search_path = public, pg_catalog";

pub(super) fn run() -> Result<Vec<Figure>, Failure> {
    let server = database::server()?;
    let heard = times(&Database::shared(&server, "heard")?, ROUNDS)?;
    let silent = Database::shared(&server, "silent")?;
    server.sql("silent", SILENCE)?;
    let asked = times(&silent, ROUNDS_WITHOUT)?;
    let mut figures = Vec::new();
    for (name, times, budget) in [("notices", heard, BUDGET_MS), ("polling", asked, BUDGET_WITHOUT_MS)] {
        let percentile = |share| measure::percentile(&times, share);
        figures.push(Figure::reported(format!("nodes.reach.{name}.p50"), percentile(0.5), "ms"));
        figures.push(Figure::at_most(format!("nodes.reach.{name}.p99"), percentile(0.99), "ms", budget));
    }
    Ok(figures)
}

/// Milliseconds until the guard of the first node refuses what was revoked on the last.
fn times(database: &Database<'_>, rounds: usize) -> Result<Vec<f64>, Failure> {
    let mut settings = site::settings(database);
    settings.push(("SYMBOLON_HTTP__TRUSTED_PROXIES".to_owned(), "127.0.0.1".to_owned()));
    let first = Installation::with(settings)?;
    let running = first.serve()?;
    machine::register(&first)?;
    let further = [first.beside()?, first.beside()?];
    let others = [further[0].serve()?, further[1].serve()?];
    let issuing = Machine::new(&first, running.address)?;
    let revoking = issuing.at(others[1].address);
    Guards::new(&first, 1)?.times(rounds, &issuing, |token| revoking.revoke(token))
}
