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
mod revocation;
mod rng;
mod server;
mod yardstick;

use std::process::ExitCode;

use figure::Figure;

/// Anything that keeps a measurement from being made, in words.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Something that measures.
type Measurement = fn() -> Result<Vec<Figure>, Failure>;

/// A group's name and its parts. The figures' names start with the group's.
const GROUPS: &[(&str, &[(&str, Measurement)])] = &[("core", core::PARTS), ("revocation", revocation::PARTS)];

const USAGE: &str = "usage: symbolon-bench GROUP --out FILE   (better: cargo xtask bench GROUP)
       symbolon-bench GROUP PART         (prints only)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        // The other process of a comparison: see `yardstick`.
        ["yardstick", algorithm] => yardstick::serve(algorithm),
        [group, "--out", out] => measure(group, None).and_then(|figures| {
            std::fs::write(out, serde_json::to_string_pretty(&figures)?)?;
            Ok(())
        }),
        [group, part] => measure(group, Some(part)).map(drop),
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

/// Measures a group, or the one part of it, and prints the table.
fn measure(group: &str, only: Option<&str>) -> Result<Vec<Figure>, Failure> {
    let Some((_, parts)) = GROUPS.iter().find(|(name, _)| *name == group) else {
        let known: Vec<&str> = GROUPS.iter().map(|(name, _)| *name).collect();
        return Err(format!("no group {group}; there are: {}", known.join(", ")).into());
    };
    let mut figures = Vec::new();
    for (part, run) in parts.iter().filter(|(part, _)| only.is_none_or(|only| only == *part)) {
        println!("measuring {group}: {part}");
        figures.extend(run()?);
    }
    println!("\nOn {}:\n\n{}", cpu::machine(), figure::table(&figures));
    Ok(figures)
}
