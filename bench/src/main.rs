//! `symbolon-bench GROUP --out FILE`: measures one group, prints its table, writes its figures as JSON.
//!
//! Started by `cargo xtask bench GROUP`, which builds the binary under test and names it in `SYMBOLON_BIN`. Every speed stands
//! beside a yardstick of the same run: machines differ, ratios less.

mod accounts;
mod clock;
mod core;
mod cpu;
mod figure;
mod gateway;
mod growth;
mod load;
mod measure;
mod nodes;
mod protocol;
mod raw;
mod revocation;
mod rng;
mod server;
mod yardstick;

use std::process::{Command, ExitCode};

use figure::Figure;

/// Anything that keeps a measurement from being made, in words.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Something that measures.
type Measurement = fn() -> Result<Vec<Figure>, Failure>;

/// A group's name and its parts. The figures' names start with the group's.
const GROUPS: &[(&str, &[(&str, Measurement)])] = &[
    ("accounts", accounts::PARTS),
    ("core", core::PARTS),
    ("gateway", gateway::PARTS),
    ("nodes", nodes::PARTS),
    ("protocol", protocol::PARTS),
    ("revocation", revocation::PARTS),
];

const USAGE: &str = "usage: symbolon-bench GROUP --out FILE   (better: cargo xtask bench GROUP)
       symbolon-bench GROUP PART         (prints only)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        // The other process of a comparison: see `yardstick` and `gateway::api`.
        ["yardstick", "api"] => gateway::api::serve(),
        ["yardstick", algorithm] => yardstick::serve(algorithm),
        [group, "--out", out] => measure_all(group).and_then(|figures| write(out, &figures)),
        [group, part, "--out", out] => measure(group, part).and_then(|figures| write(out, &figures)),
        [group, part] => measure(group, part).map(drop),
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

/// Each part in a process of its own: what one leaves in the heap is in no figure of the next.
fn measure_all(group: &str) -> Result<Vec<serde_json::Value>, Failure> {
    let folder = tempfile::tempdir()?;
    let mut figures = Vec::new();
    for (part, _) in parts(group)? {
        let out = folder.path().join(part);
        let status = Command::new(std::env::current_exe()?).args([group, part, "--out"]).arg(&out).status()?;
        if !status.success() {
            return Err(format!("{group} {part} could not be measured").into());
        }
        figures.extend(serde_json::from_slice::<Vec<serde_json::Value>>(&std::fs::read(out)?)?);
    }
    Ok(figures)
}

/// Measures one part and prints its table.
fn measure(group: &str, part: &str) -> Result<Vec<Figure>, Failure> {
    let Some((_, run)) = parts(group)?.iter().find(|(name, _)| *name == part) else {
        let known: Vec<&str> = parts(group)?.iter().map(|(name, _)| *name).collect();
        return Err(format!("no part {part} of {group}; there are: {}", known.join(", ")).into());
    };
    println!("measuring {group}: {part}");
    let figures = run()?;
    println!("\nOn {}:\n\n{}", cpu::machine(), figure::table(&figures));
    Ok(figures)
}

fn parts(group: &str) -> Result<&'static [(&'static str, Measurement)], Failure> {
    let Some((_, parts)) = GROUPS.iter().find(|(name, _)| *name == group) else {
        let known: Vec<&str> = GROUPS.iter().map(|(name, _)| *name).collect();
        return Err(format!("no group {group}; there are: {}", known.join(", ")).into());
    };
    Ok(parts)
}

fn write(out: &str, figures: &impl serde::Serialize) -> Result<(), Failure> {
    Ok(std::fs::write(out, serde_json::to_string_pretty(figures)?)?)
}
