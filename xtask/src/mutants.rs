//! `cargo xtask mutants K/N`: changes `symbolon-jose` in small ways, one at a time, and tells which changes no test notices.
//!
//! N shards take the mutants in turn (shard `0/1` takes all). What may survive, and why, is in `crates/jose/MUTANTS.md`.
//! Not a part of `cargo xtask test`: it takes hours.

use std::path::Path;

use crate::process;
use crate::tree::Workspace;

/// The slowest test run of an unchanged crate takes a fraction of it; a mutant that loops is found as soon as this has passed.
const TIMEOUT_SECS: &str = "60";

/// What may survive.
const ARGUED: &str = "crates/jose/MUTANTS.md";

/// Runs one shard; what follows is handed to cargo-mutants, as `--file 'crates/jose/src/jwt/*.rs'`.
pub(crate) fn run(shard: &str, rest: &[&str]) -> Result<(), String> {
    let workspace = Workspace::find()?;
    if process::output(process::cargo(&workspace.root).args(["mutants", "--version"])).is_err() {
        return Err("cargo-mutants is missing; try: cargo install cargo-mutants --locked".into());
    }
    // One folder for each shard, so that shards of one checkout do not replace each other's results.
    let out = workspace.target.join("mutants").join(shard.replace('/', "-of-"));
    std::fs::create_dir_all(&out).map_err(|error| format!("cannot make {}: {error}", out.display()))?;
    let mut cargo = process::cargo(&workspace.root);
    cargo.args(["mutants", "--package", "symbolon-jose", "--shard", shard, "--sharding", "round-robin"]);
    cargo.args(["--timeout", TIMEOUT_SECS, "--no-shuffle", "--colors", "never", "--output"]).arg(&out);
    // Without doctests: each is a program to link, and they show what the tests check.
    cargo.args(rest).args(["--", "--lib", "--tests"]);
    let status = cargo.status().map_err(|error| format!("cannot start cargo: {error}"))?;
    // 2 says that some survived, which is judged below; 3 that some ran on until they were ended, so they were noticed.
    if !matches!(status.code(), Some(0 | 2 | 3)) {
        return Err(format!("cargo mutants ended with {status}"));
    }
    let argued = read(&workspace.root.join(ARGUED))?;
    let argued: Vec<(&str, &str)> = argued.lines().filter_map(row).collect();
    let missed = read(&out.join("mutants.out/missed.txt"))?;
    let (known, survivors): (Vec<&str>, Vec<&str>) = missed.lines().partition(|mutant| is_argued(mutant, &argued));
    println!("{} mutants may live, as {ARGUED} says", known.len());
    if survivors.is_empty() {
        return Ok(());
    }
    let list = survivors.join("\n  ");
    Err(format!("{} mutants survived:\n  {list}\nwrite a test, or say why in {ARGUED}", survivors.len()))
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// File and change of a row of the table.
fn row(line: &str) -> Option<(&str, &str)> {
    let mut spans = line.strip_prefix("| `")?.split('`');
    Some((spans.next()?, spans.nth(1)?))
}

/// Whether a row names this mutant, which looks like `crates/jose/src/json.rs:78:19: replace > with >= in parse_with`.
fn is_argued(mutant: &str, argued: &[(&str, &str)]) -> bool {
    let (path, change) = mutant.split_once(':').unwrap_or_default();
    // In a table a bar has to be escaped.
    let says = |words: &str| change.contains(&words.replace("\\|", "|"));
    argued.iter().any(|(file, words)| path.ends_with(&format!("/src/{file}")) && says(words))
}

#[cfg(test)]
mod tests {
    use super::{is_argued, row};

    #[test]
    fn a_row_names_a_change_in_one_file() {
        assert_eq!(
            row("| `json.rs` | `replace > with >=` | Because of `x`. |"),
            Some(("json.rs", "replace > with >="))
        );
        assert_eq!(row("| File | Change | Why |"), None);
        let argued = [("json.rs", "replace > with >= in parse_with"), ("json.rs", r"replace & with \|")];
        assert!(is_argued("crates/jose/src/json.rs:8:1: replace & with | in x", &argued));
        assert!(is_argued("crates/jose/src/json.rs:78:19: replace > with >= in parse_with", &argued));
        assert!(!is_argued("crates/jose/src/jws/json.rs:78:19: replace > with >= in parse_with", &argued));
        assert!(!is_argued("crates/jose/src/json.rs:78:19: replace > with == in parse_with", &argued));
    }
}
