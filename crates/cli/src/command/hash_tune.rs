//! `symbolon hash-tune`: what hashing a password costs on this machine, and the settings that make it cost what it should.

use std::time::Duration;

use clap::Args;
use serde_json::json;
use symbolon_server::account::password::{Parameters, measure};
use symbolon_server::config::format_size;

use crate::error::{CliError, FAILED};
use crate::output::Output;

const MIB: u32 = 1024;
/// Least passes for a memory of so many MiB (OWASP password storage cheat sheet); less memory is never proposed.
const LEAST: [(u32, u32); 5] = [(46, 1), (19, 2), (12, 3), (9, 4), (7, 5)];
/// Passes beyond which more memory is what helps.
const MAX_PASSES: u32 = 10;
/// Measurements, of which the middle one counts.
const RUNS: usize = 3;

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  symbolon hash-tune\n  symbolon hash-tune --target 250 --memory 1024 --workers 4")]
pub(crate) struct HashTune {
    /// How long one hash may take, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 100, value_parser = clap::value_parser!(u32).range(5..=5_000))]
    target: u32,
    /// Memory that all hashes at once may take, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = clap::value_parser!(u32).range(7..=65_536))]
    memory: u32,
    /// Hashes at once [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    workers: Option<u32>,
}

impl HashTune {
    pub(crate) fn run(self, output: &Output) -> Result<(), CliError> {
        let processors =
            std::thread::available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(1));
        let workers = self.workers.unwrap_or(processors);
        let target = Duration::from_millis(self.target.into());
        output.say(&format!("measuring {workers} hashes at once; this takes a few seconds"));
        let took = |parameters| middle(parameters, workers);
        let present = Parameters::default();
        let proposed = propose(self.memory / workers.max(1), target, took)?;
        let (before, after) = (took(present)?, took(proposed)?);
        if output.is_json() {
            output.json(&json!({
                "target_ms": self.target,
                "workers": workers,
                "default": told(present, before),
                "proposed": told(proposed, after),
            }));
            return Ok(());
        }
        let line = |parameters: Parameters, took: Duration| {
            let (memory, passes) = (size(parameters), said(parameters.passes));
            let rate = f64::from(workers) / took.as_secs_f64();
            format!("{memory}, {passes}: {} ms, {rate:.0} sign-ins a second", took.as_millis())
        };
        output.fields(&[("default", line(present, before)), ("proposed", line(proposed, after))]);
        output.line("[password]");
        output.line(&format!("memory = \"{}\"", size(proposed)));
        output.line(&format!("passes = {}", proposed.passes));
        output.line(&format!("workers = {workers}"));
        if after > target + target / 2 {
            output.say(
                "this machine does not reach the target with as little as is safe; the proposal is the least that is",
            );
        }
        output.say("existing hashes are replaced as people sign in");
        Ok(())
    }
}

fn said(passes: u32) -> String {
    if passes == 1 { "1 pass".to_owned() } else { format!("{passes} passes") }
}

fn told(parameters: Parameters, took: Duration) -> serde_json::Value {
    json!({
        "memory": size(parameters),
        "passes": parameters.passes,
        "milliseconds": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    })
}

fn size(parameters: Parameters) -> String {
    format_size(u64::from(parameters.memory_kib) * 1024)
}

fn middle(parameters: Parameters, workers: u32) -> Result<Duration, CliError> {
    let mut runs = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let too_much =
            || CliError::new(FAILED, "there is no memory for so many hashes at once", "--memory or --workers");
        runs.push(measure(parameters, workers).ok_or_else(too_much)?);
    }
    runs.sort();
    Ok(runs[RUNS / 2])
}

/// As much memory as there may be, then passes until the target; with less memory where one pass takes longer, down to what is safe.
fn propose<E>(
    max_mib: u32,
    target: Duration,
    mut took: impl FnMut(Parameters) -> Result<Duration, E>,
) -> Result<Parameters, E> {
    let mut mib = max_mib.max(LEAST[LEAST.len() - 1].0);
    loop {
        let passes = least_passes(mib);
        let time = took(with(mib, passes))?;
        if time <= target {
            let more = f64::from(passes) * target.as_secs_f64() / time.as_secs_f64().max(1e-6);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded on the next line")]
            let passes = (more.floor() as u32).clamp(passes, MAX_PASSES.max(passes));
            return Ok(with(mib, passes));
        }
        let Some(less) = smaller(mib) else { return Ok(with(mib, passes)) };
        mib = less;
    }
}

/// The next memory to try: three quarters, not past a step of the table, whose memory is tried as it stands.
fn smaller(mib: u32) -> Option<u32> {
    let step = LEAST.iter().map(|(step, _)| *step).find(|step| *step < mib)?;
    Some((mib * 3 / 4).max(step))
}

fn least_passes(mib: u32) -> u32 {
    LEAST.iter().find(|(step, _)| mib >= *step).map_or(5, |(_, passes)| *passes)
}

const fn with(mib: u32, passes: u32) -> Parameters {
    Parameters { memory_kib: mib * MIB, passes, lanes: 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine on which a MiB and pass takes so many microseconds.
    fn on(micros: u32, max_mib: u32, target_ms: u64) -> (u32, u32) {
        let took = |parameters: Parameters| {
            Ok::<_, ()>(Duration::from_micros(u64::from(parameters.memory_kib / MIB * parameters.passes * micros)))
        };
        let proposed = propose(max_mib, Duration::from_millis(target_ms), took).unwrap();
        (proposed.memory_kib / MIB, proposed.passes)
    }

    #[test]
    fn one_pass_is_one() {
        assert_eq!([said(1), said(2)], ["1 pass", "2 passes"]);
    }

    #[test]
    fn all_the_memory_there_is_then_passes_until_the_target() {
        assert_eq!(on(370, 64, 100), (64, 4));
        assert_eq!(on(370, 128, 100), (128, 2));
        assert_eq!(on(370, 1024, 100), (243, 1), "one pass over all of it would take too long");
        assert_eq!(on(1, 64, 5000), (64, MAX_PASSES));
    }

    #[test]
    fn a_slow_machine_gets_the_least_that_is_safe_and_no_less() {
        for micros in [5_000, 50_000, 500_000] {
            let (mib, passes) = on(micros, 256, 20);
            assert!(LEAST.contains(&(mib, passes)), "{mib} MiB, {passes} passes");
        }
        assert_eq!(on(370, 1, 100).0, 7, "less memory than is safe is not proposed");
    }

    #[test]
    fn every_proposal_has_the_passes_that_its_memory_needs() {
        for micros in [50, 370, 1_000, 3_000] {
            for max in [7, 10, 15, 30, 64, 256] {
                let (mib, passes) = on(micros, max, 50);
                assert!(passes >= least_passes(mib), "{mib} MiB, {passes} passes");
            }
        }
    }
}
