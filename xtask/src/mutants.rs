//! `cargo xtask mutants K/N`: changes `symbolon-jose` in small ways, one at a time, and tells which changes no test notices.
//!
//! N shards take the mutants in turn (shard `0/1` takes all). What survives and why it may is in `crates/jose/MUTANTS.md`. Not
//! a part of `cargo xtask test`: it takes hours.

use std::path::Path;

use crate::process;
use crate::tree::Workspace;

/// The slowest test run of an unchanged crate takes a fraction of it; a mutant that loops is found as soon as this has passed.
const TIMEOUT_SECS: &str = "60";

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
    let outcome = process::run(cargo.args(rest).args(["--", "--lib", "--tests"]));
    let survivors = survivors(&out.join("mutants.out"))?;
    if survivors.is_empty() {
        return outcome;
    }
    let list = survivors.join("\n  ");
    Err(format!("{} mutants survived:\n  {list}\nwrite a test, or say why in crates/jose/MUTANTS.md", survivors.len()))
}

/// Lines of what no test noticed.
fn survivors(out: &Path) -> Result<Vec<String>, String> {
    let missed = out.join("missed.txt");
    let text = std::fs::read_to_string(&missed).map_err(|error| format!("{}: {error}", missed.display()))?;
    Ok(text.lines().map(str::to_owned).collect())
}
