//! `cargo xtask test`: every check and every test, in the order that fails soonest, stopping at the first failure.
//!
//! All steps share one target folder, one profile and one set of features, so nothing is compiled twice; but for the fuzz targets,
//! whose instrumented build has a folder of its own.

use std::path::{Path, PathBuf};

use crate::clock::Stopwatch;
use crate::fault;
use crate::fuzz;
use crate::install::{self, CLIENTS, E2E, INTEROP, NODE_GUARD, SDK};
use crate::process;
use crate::suite::{self, Count};
use crate::tidy;
use crate::tree::Workspace;

/// Where the interop tests look for the program they talk to.
const INTEROP_PROGRAM: &str = "SYMBOLON_JOSE_INTEROP";

/// Where the Rust tests leave every page in every state, and the browser tests look for them.
const PAGES: &str = "SYMBOLON_PAGES";

/// One line of the plan: what it is called and what it does.
struct Step {
    name: &'static str,
    run: fn(&Workspace, &mut Count) -> Result<(), String>,
}

const STEPS: &[Step] = &[
    Step { name: "what the tests need", run: |workspace, _| install::everything(workspace) },
    Step { name: "format", run: |workspace, count| single(count, format(workspace)) },
    Step { name: "tidy", run: |workspace, count| single(count, tidy::check(workspace)) },
    Step { name: "clippy", run: |workspace, count| single(count, clippy(workspace)) },
    Step { name: "build", run: |workspace, _| build(workspace) },
    Step { name: "rust tests", run: rust_tests },
    Step { name: "rust documentation", run: |workspace, count| single(count, documentation(workspace)) },
    Step { name: "fuzz, briefly", run: |workspace, count| fuzz::check(workspace, count, fuzz::BRIEFLY_SECS, None) },
    Step { name: "SDK tests", run: |workspace, count| node_tests(workspace, SDK, count) },
    Step { name: "Node guard tests", run: |workspace, count| node_tests(workspace, NODE_GUARD, count) },
    Step { name: "interop tests", run: interop_tests },
    Step { name: "browser and third-party client tests", run: |workspace, count| node_tests(workspace, E2E, count) },
    Step { name: "client libraries of other languages", run: clients },
    Step { name: "faults, briefly", run: faults },
    Step { name: "cargo-deny", run: |workspace, count| deny(workspace, count) },
];

/// Runs the plan and prints the summary; the last line is `N passed, M failed`.
pub(crate) fn run() -> Result<(), String> {
    let workspace = Workspace::find()?;
    let whole = Stopwatch::start();
    let mut total = Count::default();
    let mut timings = Vec::new();
    let mut failure = None;
    for (index, step) in STEPS.iter().enumerate() {
        println!("[{:>2}/{}] {}", index + 1, STEPS.len(), step.name);
        let watch = Stopwatch::start();
        let mut count = Count::default();
        let outcome = (step.run)(&workspace, &mut count);
        if outcome.is_err() && count.failed == 0 {
            count.failed = 1; // a runner that died before its summary still failed
        }
        total += count;
        let line = format!("{:<38} {:>6.1} s  {}", step.name, watch.elapsed().as_secs_f64(), passed(count));
        println!("        {line}");
        timings.push(line);
        if let Err(message) = outcome {
            failure = Some(format!("{}: {message}", step.name));
            break;
        }
    }
    println!("\n{}\n{:<38} {:>6.1} s", timings.join("\n"), "in all", whole.elapsed().as_secs_f64());
    if let Some(message) = &failure {
        println!("\nFAILED at {message}");
    }
    println!("{} passed, {} failed", total.passed, total.failed);
    // The summary has said everything; a second message after the last line would hide it.
    if failure.is_some() || total.failed > 0 {
        std::process::exit(1)
    }
    Ok(())
}

fn passed(count: Count) -> String {
    match (count.passed, count.failed) {
        (0, 0) => String::new(),
        (passed, 0) => format!("{passed} passed"),
        (passed, failed) => format!("{passed} passed, {failed} failed"),
    }
}

fn single(count: &mut Count, outcome: Result<(), String>) -> Result<(), String> {
    *count += Count::single(&outcome);
    outcome
}

/// Every `.rs` file by name: `cargo fmt` does not see modules that a macro declares.
fn rustfmt(workspace: &Workspace, mode: &[&str]) -> Result<(), String> {
    let files = workspace.files()?.into_iter().filter(|name| Path::new(name).extension().is_some_and(|it| it == "rs"));
    let mut rustfmt = process::command("rustfmt", &workspace.root);
    process::run(rustfmt.args(mode).args(["--edition", "2024"]).args(files))
}

fn format(workspace: &Workspace) -> Result<(), String> {
    rustfmt(workspace, &["--check"]).map_err(|error| format!("{error}; try: cargo xtask format"))
}

/// `cargo xtask format`.
pub(crate) fn format_in_place() -> Result<(), String> {
    rustfmt(&Workspace::find()?, &[])
}

fn clippy(workspace: &Workspace) -> Result<(), String> {
    let mut cargo = process::cargo(&workspace.root);
    process::run(cargo.args([
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ]))
}

/// What `cargo test` would build, and the binaries that the browser and interop tests start.
fn build(workspace: &Workspace) -> Result<(), String> {
    let mut cargo = process::cargo(&workspace.root);
    process::run(cargo.args([
        "build",
        "--locked",
        "--workspace",
        "--all-features",
        "--lib",
        "--bins",
        "--tests",
        "--examples",
    ]))
}

fn rust_tests(workspace: &Workspace, count: &mut Count) -> Result<(), String> {
    let mut cargo = process::cargo(&workspace.root);
    cargo.args(["test", "--locked", "--workspace", "--all-features", "--no-fail-fast"]);
    // Of pages that are no more nothing is left to look at.
    let _ = std::fs::remove_dir_all(pages(workspace));
    cargo.env(PAGES, pages(workspace));
    process::run_watching(&mut cargo, |line| {
        *count += suite::from_cargo(line).unwrap_or_default();
    })
}

fn documentation(workspace: &Workspace) -> Result<(), String> {
    let mut cargo = process::cargo(&workspace.root);
    cargo.args(["doc", "--locked", "--workspace", "--all-features", "--no-deps", "--quiet"]);
    process::run(cargo.env("RUSTDOCFLAGS", "-D warnings"))
}

/// Other JOSE libraries against ours: those of Node, then those of Python.
fn interop_tests(workspace: &Workspace, count: &mut Count) -> Result<(), String> {
    node_tests(workspace, INTEROP, count)?;
    let mut python = process::command(install::interop_python(workspace), &workspace.root.join(INTEROP));
    python.arg("run.py").env(INTEROP_PROGRAM, interop_program(workspace));
    let mut summary = suite::Unittest::default();
    process::run_watching(&mut python, |line| {
        *count += summary.read(line).unwrap_or_default();
    })
}

/// `npm test` of one folder, with the programs just built in `SYMBOLON_BIN` and `SYMBOLON_JOSE_INTEROP`.
fn node_tests(workspace: &Workspace, folder: &str, count: &mut Count) -> Result<(), String> {
    let path = workspace.root.join(folder);
    if !path.join("package.json").exists() {
        return Err(format!("{folder}/package.json is missing"));
    }
    // Types, where a folder has them; cheap, and an error there explains what fails later.
    process::run(process::command("npm", &path).args(["run", "--silent", "--if-present", "check"]))?;
    let mut npm = process::command("npm", &path);
    npm.args(["test", "--silent"])
        .env("SYMBOLON_BIN", binary(workspace))
        .env(INTEROP_PROGRAM, interop_program(workspace))
        .env(PAGES, pages(workspace));
    process::run_watching(&mut npm, |line| {
        *count += suite::from_node(line).unwrap_or_default();
    })
}

/// Authlib, openidconnect, x/oauth2 and Nimbus against the binary just built.
fn clients(workspace: &Workspace, count: &mut Count) -> Result<(), String> {
    let mut node = process::command("node", &workspace.root.join(CLIENTS));
    node.arg("run.js").env("SYMBOLON_BIN", binary(workspace)).env("SYMBOLON_TARGET", &workspace.target);
    process::run_watching(&mut node, |line| {
        *count += suite::from_node(line).unwrap_or_default();
    })
}

/// The short fault programs against the programs just built; the whole ones are `cargo xtask fault NAME`.
fn faults(workspace: &Workspace, count: &mut Count) -> Result<(), String> {
    let mut fault = process::command(fault::program(workspace), &workspace.root);
    fault.arg("--gate").env("SYMBOLON_BIN", binary(workspace));
    process::run_watching(&mut fault, |line| {
        *count += suite::from_node(line).unwrap_or_default();
    })
}

fn pages(workspace: &Workspace) -> PathBuf {
    workspace.target.join("pages")
}

/// The binary of the development profile.
pub(crate) fn binary(workspace: &Workspace) -> PathBuf {
    workspace.target.join("debug").join(format!("symbolon{}", std::env::consts::EXE_SUFFIX))
}

/// `crates/jose/examples/interop` of the development profile.
fn interop_program(workspace: &Workspace) -> PathBuf {
    workspace.target.join("debug/examples").join(format!("interop{}", std::env::consts::EXE_SUFFIX))
}

/// Licences, duplicates and sources are also tidy checks; the advisory database needs the real tool.
fn deny(workspace: &Workspace, count: &mut Count) -> Result<(), String> {
    if !process::exists("cargo-deny", &workspace.root) {
        println!("        not installed, skipped (cargo install cargo-deny brings the advisory check)");
        return Ok(());
    }
    let mut cargo = process::cargo(&workspace.root);
    single(count, process::run(cargo.args(["deny", "--workspace", "--all-features", "check"])))
}
