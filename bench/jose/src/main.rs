//! The JOSE crate beside other libraries and the bare primitives, on the same tokens, in one run.
//!
//! `cargo xtask bench jose` builds and starts it. `symbolon-bench-jose profile NAME COUNT` runs one operation of ours over and
//! over, for a profiler.

mod alloc;
mod bare;
mod batch;
mod claims;
mod clock;
mod jwe;
mod jws;
mod key;
mod measure;
mod parts;
mod peer;
mod profile;
mod rng;
mod row;

use std::process::ExitCode;

use row::{Figure, Row};

/// Anything that keeps a measurement from being made, in words.
type Failure = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str = "usage: symbolon-bench-jose [jws|jwe|batch] [--rows FILE] [--beside FILE] [--out FILE]
       symbolon-bench-jose parts                 where the time of one operation goes
       symbolon-bench-jose profile NAME COUNT    one operation over and over, for a profiler

  --rows FILE     write what was measured, for another program's --beside
  --beside FILE   take over what another program measured, scaled by the yardstick they share
  --out FILE      write the figures and whether they keep their budgets

Better: cargo xtask bench jose";

/// What to measure and where to write it.
#[derive(Default)]
struct Plan<'a> {
    part: Option<&'a str>,
    rows: Option<&'a str>,
    beside: Option<&'a str>,
    out: Option<&'a str>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["profile", name, count] => profile::run(name, count),
        ["parts"] => parts::rows(clock::unix_now()).map(drop),
        arguments => plan(arguments).and_then(|plan| measure(&plan)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn plan<'a>(mut arguments: &[&'a str]) -> Result<Plan<'a>, Failure> {
    let mut plan = Plan::default();
    loop {
        arguments = match arguments {
            [] => return Ok(plan),
            ["--rows", file, rest @ ..] => {
                plan.rows = Some(file);
                rest
            }
            ["--beside", file, rest @ ..] => {
                plan.beside = Some(file);
                rest
            }
            ["--out", file, rest @ ..] => {
                plan.out = Some(file);
                rest
            }
            [part @ ("jws" | "jwe" | "batch"), rest @ ..] => {
                plan.part = Some(part);
                rest
            }
            _ => return Err(USAGE.into()),
        };
    }
}

fn measure(plan: &Plan<'_>) -> Result<(), Failure> {
    let now = clock::unix_now();
    let wanted = |name: &str| plan.part.is_none_or(|part| part == name);
    let mut rows: Vec<Row> = Vec::new();
    if wanted("jws") {
        rows.extend(jws::rows(now)?);
    }
    if wanted("jwe") {
        rows.extend(jwe::rows(now)?);
    }
    if let Some(file) = plan.rows {
        // Only measured for the other program, which does the rest.
        return Ok(std::fs::write(file, serde_json::to_string(&rows)?)?);
    }
    if let Some(file) = plan.beside {
        let others: Vec<Row> = serde_json::from_str(&std::fs::read_to_string(file)?)?;
        rows.iter_mut().for_each(|row| row.take_over(&others));
    }
    let mut figures: Vec<Figure> = rows.iter().flat_map(Row::figures).collect();
    if wanted("batch") {
        figures.extend(batch::figures(now)?);
    }
    println!("\nns per operation (ratio to raw, allocations)\n\n{}", row::table(&rows));
    for figure in &figures {
        println!("{}", figure.line());
    }
    if let Some(out) = plan.out {
        std::fs::write(out, serde_json::to_string_pretty(&figures)?)?;
    }
    Ok(())
}
