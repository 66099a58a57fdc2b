//! `symbolon bench`: questions that are better measured than argued about.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::Global;
use crate::bench::{self, Elsewhere, Plan, Report, plot, time};
use crate::error::{CliError, FAILED, INTERRUPTED};
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Sessions in a cookie or signed tokens: what each costs on this machine
    #[command(after_help = "\
What is measured, on a server of its own in this process, on loopback, with its data in a temporary folder:
  to check one request   a session looked up in SQLite, asked at the server, or kept by the guard; a token seen for the
                         first time, by algorithm, or again, with a look at what was revoked; a token introspected
  to revoke              from asking the server to end it to the first refusal
The network between browser, API and server is not in it: add yours to each look-up at the server.
How to choose: docs/manual/sessions.md

Examples:
  symbolon bench cookies-vs-tokens
  symbolon bench cookies-vs-tokens --svg cookies-vs-tokens.svg
  symbolon bench cookies-vs-tokens --quick              a first impression, in some seconds
  symbolon bench cookies-vs-tokens --store-url postgres://postgres@127.0.0.1/bench --valkey-url valkey://127.0.0.1")]
    CookiesVsTokens(CookiesVsTokens),
}

#[derive(Args, Debug)]
pub(crate) struct CookiesVsTokens {
    /// Measure for moments instead of a minute
    #[arg(long)]
    quick: bool,
    /// Write the figures as a picture
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Look sessions up in PostgreSQL, too: in a schema of their own, removed afterwards
    #[arg(long, value_name = "URL")]
    store_url: Option<String>,
    /// Look sessions up in Valkey or Redis, too: keys of their own, gone after ten minutes
    #[arg(long, value_name = "URL")]
    valkey_url: Option<String>,
}

impl Bench {
    pub(crate) fn run(self, _: &Global, output: &Output) -> Result<(), CliError> {
        match self {
            Self::CookiesVsTokens(command) => command.run(output),
        }
    }
}

impl CookiesVsTokens {
    fn run(self, output: &Output) -> Result<(), CliError> {
        let failed = |why: &dyn std::fmt::Display| {
            CliError::new(
                FAILED,
                format!("the measurement failed: {why}"),
                "is there room in the temporary folder? TMPDIR=/elsewhere; do --store-url and --valkey-url answer?",
            )
        };
        // Said before a minute has been spent in vain.
        if let Some(path) = &self.svg {
            fs::write(path, "").map_err(|why| unwritable(path, &why))?;
        }
        // As a server runs: on all cores.
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|why| failed(&why))?;
        let plan = if self.quick { Plan::QUICK } else { Plan::FULL };
        let elsewhere = Elsewhere { store_url: self.store_url, valkey_url: self.valkey_url };
        let progress = |number: usize, all: usize, what: &str| output.say(&format!("[{number:>2}/{all}] {what}"));
        let report = runtime.block_on(async {
            tokio::select! {
                report = bench::run(plan, &elsewhere, &progress) => report.map_err(|why| failed(&why)),
                // What was begun is dropped, and the temporary folder with it.
                _ = tokio::signal::ctrl_c() => Err(CliError::new(INTERRUPTED, "interrupted", "--quick takes some seconds only")),
            }
        })?;
        let method = method(&report);
        if let Some(path) = &self.svg {
            fs::write(path, plot(&report, &method)).map_err(|why| unwritable(path, &why))?;
            output.say(&format!("wrote {}", path.display()));
        }
        if output.is_json() {
            let mut value = serde_json::to_value(&report).map_err(|why| failed(&why))?;
            value["method"] = method.into();
            output.json(&value);
        } else {
            show(&report, output);
            for line in method {
                output.say(&line);
            }
        }
        Ok(())
    }
}

fn unwritable(path: &Path, why: &std::io::Error) -> CliError {
    CliError::new(FAILED, format!("{} cannot be written: {why}", path.display()), "name another file")
}

fn show(report: &Report, output: &Output) {
    let requests: Vec<Vec<String>> = report
        .requests
        .iter()
        .map(|way| {
            let cost = way.cost;
            let lookup = if way.lookup_bytes == 0 { "-".to_owned() } else { format!("{} B", way.lookup_bytes) };
            let processor = cost.cpu_ns.map_or("-".to_owned(), time);
            let times = [processor, time(cost.p50_ns), time(cost.p99_ns)];
            [way.way.to_owned()].into_iter().chain(times).chain([format!("{} B", way.request_bytes), lookup]).collect()
        })
        .collect();
    output.table(&["TO CHECK ONE REQUEST", "PROCESSOR", "P50", "P99", "HEADER", "API-SERVER"], &requests);
    if output.is_terminal() {
        output.line("");
    }
    let revocation: Vec<Vec<String>> = report
        .revocation
        .iter()
        .map(|way| vec![way.way.clone(), time(way.median_ns), time(way.worst_ns), way.rounds.to_string()])
        .collect();
    output.table(&["TO REVOKE", "MEDIAN", "WORST", "ROUNDS"], &revocation);
}

/// How it was measured, in words that stand beside the figures.
fn method(report: &Report) -> Vec<String> {
    let plan = report.plan;
    let mut method = vec![
        format!("on {}; {} build", report.machine, report.build),
        format!(
            "each way {:.1} s, one request after the other: half for processor time (all threads, API and server together), half timed one by one",
            plan.length.as_secs_f64()
        ),
        format!(
            "{} sessions in SQLite on the temporary folder's disk; {} different tokens seen again; {} revocations in the guard's memory",
            plan.sessions, plan.tokens, report.revocations_held
        ),
        "first seen: the guard verifies signature and claims and remembers nothing; tokens as this server issues them".to_owned(),
        "header: the line a browser or app sends with each request; API-server: request and answer on a kept connection, loopback, no TLS".to_owned(),
        "to revoke: from sending the request that ends it (RFC 7009) to the first refusal; checking begins when its answer is there, and then goes on without a pause".to_owned(),
    ];
    if report.requests.iter().any(bench::Checked::is_elsewhere) {
        method.push(
            "looked up in PostgreSQL or Valkey: as many sessions there; what that server itself spends is not in the processor time".to_owned(),
        );
    }
    if report.build == "debug" {
        method.push("a debug build: do not quote these figures".to_owned());
    }
    method
}
