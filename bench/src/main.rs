//! `symbolon-bench GROUP --out FILE`: measures one group, prints its table, writes its figures as JSON.
//!
//! Started by `cargo xtask bench GROUP`, which builds the binary under test and names it in `SYMBOLON_BIN`. Every speed stands
//! beside a yardstick of the same run: machines differ, ratios less.

mod clock;
mod core;
mod cpu;
mod figure;
mod load;
mod measure;
mod raw;
mod rng;
mod server;
mod yardstick;

use std::path::PathBuf;
use std::process::ExitCode;

use figure::Figure;

/// Anything that keeps a measurement from being made, in words.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Something that measures.
type Measurement = fn() -> Result<Vec<Figure>, Failure>;

/// A group's name and what measures it. Its figures' names start with the group's.
const GROUPS: &[(&str, Measurement)] = &[("core", core::run)];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        // The other process of a comparison: see `yardstick`.
        ["yardstick", algorithm] => yardstick::serve(algorithm),
        [group, "--out", out] => measure_group(group, &PathBuf::from(out)),
        _ => Err("usage: symbolon-bench GROUP --out FILE; better: cargo xtask bench GROUP".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure_group(name: &str, out: &std::path::Path) -> Result<(), Failure> {
    let Some((_, run)) = GROUPS.iter().find(|(group, _)| *group == name) else {
        let known: Vec<&str> = GROUPS.iter().map(|(group, _)| *group).collect();
        return Err(format!("no group {name}; there are: {}", known.join(", ")).into());
    };
    let figures = run()?;
    println!("\nOn {}:\n\n{}", cpu::machine(), figure::table(&figures));
    std::fs::write(out, serde_json::to_string_pretty(&figures)?)?;
    Ok(())
}
