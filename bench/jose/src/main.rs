//! The JOSE crate beside other libraries and the bare primitives, on the same tokens, in one run.
//!
//! `cargo xtask bench jose` builds and starts it. `symbolon-bench-jose profile ROW COUNT` runs one operation of ours over and
//! over, for a profiler.

mod batch;
#[path = "../../src/figure.rs"]
mod figure;
mod jobs;
mod measure;
mod parts;
mod peer;
mod profile;
mod rng;
mod row;

use std::process::ExitCode;

use symbolon_bench_jose_common::{Failure, clock};

const USAGE: &str = "usage: symbolon-bench-jose [TEXT] [--out FILE]
       symbolon-bench-jose parts                where the time of an operation goes
       symbolon-bench-jose profile ROW COUNT    one operation over and over, for a profiler

  TEXT          only the rows whose name contains it, like verify.HS256 or batch
  --out FILE    write the figures, with their budgets, as JSON
  ROW           a row's name, like verify.HS256.small; borrow.HS256.small for claims that borrow

The other program, symbolon-bench-jose-boringssl, is expected beside this one. Better: cargo xtask bench jose";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["profile", row, count] => profile::run(row, count),
        ["parts"] => parts::print(clock::unix_now()),
        [] => measure("", None),
        ["--out", out] => measure("", Some(out)),
        [text, "--out", out] => measure(text, Some(out)),
        [text] if !text.starts_with('-') => measure(text, None),
        _ => Err(USAGE.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(text: &str, out: Option<&str>) -> Result<(), Failure> {
    let now = clock::unix_now();
    let mut boringssl = peer::boringssl::Process::start()?;
    let mut rows = Vec::new();
    for plan in jobs::plans().filter(|plan| plan.name().contains(text)) {
        let row = row::measured(&plan.job(now)?, &mut boringssl)?;
        println!("{}", row.line());
        rows.push(row);
    }
    let mut figures: Vec<_> = rows.iter().flat_map(row::Row::figures).collect();
    if "batch".contains(text) {
        figures.extend(batch::figures(now)?);
    }
    println!("\n{}\n{}", row::table(&rows), figure::table(&figures));
    if let Some(out) = out {
        std::fs::write(out, serde_json::to_string_pretty(&figures)?)?;
    }
    Ok(())
}
