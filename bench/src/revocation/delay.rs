//! From a revocation to the refusal at every guard. The time counts from before the revocation is asked for, so it has the server's own
//! work in it, its durable write too; and it counts until the last of the guards refuses a token that each has just accepted.

use std::time::Duration;

use symbolon_guard::{Guard, Revocation};

use super::machine::{self, AUDIENCE, Machine};
use crate::clock::Stopwatch;
use crate::figure::Figure;
use crate::server::{Installation, Link};
use crate::{Failure, measure};

/// How many guards, and how often it is measured with them.
const HERE: &[(usize, usize)] = &[(1, 300), (10, 300), (100, 300)];
const FAR: &[(usize, usize)] = &[(1, 100), (10, 100), (100, 100)];

const BUDGET_MS: f64 = 100.0;
const FAR_BUDGET_MS: f64 = 1000.0;

/// 100 ms each way, and one packet of a hundred lost.
const LINK: Link = Link { delay_ms: 100, loss_percent: 1 };

/// How often guards are asked: what is measured is late by at most this.
const STEP: Duration = Duration::from_micros(200);

/// Longer than this was never seen; it would be a fault.
const PATIENCE: Duration = Duration::from_mins(1);

const SETTINGS: &[(&str, &str)] = &[("SYMBOLON_HTTP__TRUSTED_PROXIES", "127.0.0.1")];

pub(crate) fn run() -> Result<Vec<Figure>, Failure> {
    let installation = Installation::new()?;
    machine::register(&installation)?;
    let server = installation.serve_with(SETTINGS)?;
    let machine = Machine::new(&installation, server.address)?;
    let mut figures = Vec::new();
    for (guards, rounds) in HERE {
        let times = Guards::new(&installation, *guards)?.times(*rounds, &machine, |token| machine.revoke(token))?;
        figures.extend(percentiles(&format!("revocation.delay.{guards}_guards"), &times, BUDGET_MS));
    }
    Ok(figures)
}

pub(crate) fn run_far() -> Result<Vec<Figure>, Failure> {
    if !Link::is_possible() {
        println!("  left out: a link of delay and loss needs root, Linux, `ip` and `python3`");
        return Ok(Vec::new());
    }
    let installation = Installation::new()?;
    machine::register(&installation)?;
    let server = installation.serve_far(&LINK, SETTINGS)?;
    let machine = Machine::new(&installation, server.address)?;
    let mut figures = Vec::new();
    for (guards, rounds) in FAR {
        // Over the control socket, which the link does not delay: what is measured is the way to the guards.
        let revoke = |token: &str| installation.run(&["token", "revoke"], token).map(drop);
        let times = Guards::new(&installation, *guards)?.times(*rounds, &machine, revoke)?;
        figures.extend(percentiles(&format!("revocation.delay.far.{guards}_guards"), &times, FAR_BUDGET_MS));
    }
    Ok(figures)
}

/// APIs in one process, each with a guard that follows by a connection of its own.
pub(crate) struct Guards {
    runtime: tokio::runtime::Runtime,
    all: Vec<Guard>,
}

impl Guards {
    pub(crate) fn new(installation: &Installation, count: usize) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let guard = || Ok(Guard::new(installation.issuer(), AUDIENCE)?.revocation(Revocation::Required));
        let all = (0..count).map(|_| guard()).collect::<Result<Vec<_>, Failure>>()?;
        runtime.block_on(async {
            for guard in &all {
                if !guard.ready(PATIENCE).await {
                    return Err("a guard could not begin to follow".into());
                }
            }
            Ok::<(), Failure>(())
        })?;
        Ok(Self { runtime, all })
    }

    /// Milliseconds from each revocation to its refusal at the last guard.
    pub(crate) fn times(
        &self,
        rounds: usize,
        machine: &Machine,
        revoke: impl Fn(&str) -> Result<(), Failure> + Sync,
    ) -> Result<Vec<f64>, Failure> {
        (0..rounds).map(|_| self.time(&machine.token()?, &revoke)).collect()
    }

    fn time(&self, token: &str, revoke: &(impl Fn(&str) -> Result<(), Failure> + Sync)) -> Result<f64, Failure> {
        for guard in &self.all {
            self.runtime.block_on(guard.verify(token)).map_err(|why| format!("a good token was refused: {why}"))?;
        }
        std::thread::scope(|scope| {
            let watch = Stopwatch::start();
            let mut revoking = Some(scope.spawn(|| revoke(token)));
            let mut accepting: Vec<&Guard> = self.all.iter().collect();
            while !accepting.is_empty() {
                if watch.elapsed() > PATIENCE {
                    return Err(format!("{} guards still accept a revoked token", accepting.len()).into());
                }
                if let Some(ended) = revoking.take_if(|it| it.is_finished()) {
                    ended.join().map_err(|_| "the revocation panicked")??;
                }
                accepting.retain(|guard| self.runtime.block_on(guard.verify(token)).is_ok());
                std::thread::sleep(STEP);
            }
            let elapsed = watch.elapsed();
            if let Some(revoking) = revoking {
                revoking.join().map_err(|_| "the revocation panicked")??;
            }
            Ok(elapsed.as_secs_f64() * 1000.0)
        })
    }
}

fn percentiles(name: &str, times: &[f64], budget: f64) -> [Figure; 2] {
    [
        Figure::reported(format!("{name}.p50"), measure::percentile(times, 0.5), "ms"),
        Figure::at_most(format!("{name}.p99"), measure::percentile(times, 0.99), "ms", budget),
    ]
}
