//! `cargo xtask test`: every check and every test, in the order that fails soonest; after a failure nothing more is begun.
//!
//! All steps share one target folder, one profile and one set of features, so nothing is compiled twice; but for the fuzz targets,
//! whose instrumented build has a folder of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::clock::Stopwatch;
use crate::fault;
use crate::fuzz;
use crate::install::{self, CLIENTS, E2E, INTEROP, NODE_GUARD, SDK};
use crate::process;
use crate::rustdoc;
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

/// What comes one after the other; what is beside each other in one of these, runs at once.
const STAGES: [[&[Step]; 2]; 2] = [
    [
        // Mostly waits for the network.
        &[Step { name: "what the tests need", run: |workspace, _| install::everything(workspace) }],
        // What says soonest that something is wrong, and what everything else needs.
        &[
            Step { name: "format", run: |workspace, count| single(count, format(workspace)) },
            Step { name: "tidy", run: |workspace, count| single(count, tidy::check(workspace)) },
            Step { name: "build and clippy", run: |workspace, count| single(count, build(workspace)) },
        ],
    ],
    [
        &[
            Step { name: "rust tests", run: rust_tests },
            Step {
                name: "browser and third-party client tests",
                run: |workspace, count| node_tests(workspace, E2E, count),
            },
        ],
        &[
            Step { name: "SDK tests", run: |workspace, count| node_tests(workspace, SDK, count) },
            Step { name: "Node guard tests", run: |workspace, count| node_tests(workspace, NODE_GUARD, count) },
            Step { name: "interop tests", run: interop_tests },
            Step { name: "faults, briefly", run: faults },
            Step { name: "client libraries of other languages", run: clients },
            Step {
                name: "fuzz, briefly",
                run: |workspace, count| fuzz::check(workspace, count, fuzz::BRIEFLY_SECS, None),
            },
            Step { name: "cargo-deny", run: |workspace, count| deny(workspace, count) },
        ],
    ],
];

/// All of them.
fn plan() -> impl Iterator<Item = &'static Step> {
    STAGES.iter().flatten().copied().flatten()
}

/// Runs the plan and prints the summary; after a failure nothing more is begun. The last line is `N passed, M failed`.
pub(crate) fn run() -> Result<(), String> {
    let workspace = Workspace::find()?;
    let program = keep_program(&workspace)?;
    let report = Report::start();
    for lanes in STAGES {
        thread::scope(|scope| {
            for lane in lanes {
                scope.spawn(|| run_lane(lane, &workspace, &program, &report));
            }
        });
        if report.has_failed() {
            break;
        }
    }
    report.end();
    Ok(())
}

/// `cargo xtask test STEP`: one step alone, with what a whole run has installed and built.
pub(crate) fn run_step(name: &str) -> Result<(), String> {
    let Some(step) = plan().find(|step| step.name == name) else {
        let names: Vec<&str> = plan().map(|step| step.name).collect();
        return Err(format!("no step is called {name}; there are: {}", names.join(" · ")));
    };
    let mut count = Count::default();
    let outcome = (step.run)(&Workspace::find()?, &mut count);
    println!("{}", count.in_words());
    outcome
}

/// A copy of this program: the build is about to put another in its place, and the lanes start it after that.
fn keep_program(workspace: &Workspace) -> Result<PathBuf, String> {
    let copy = steps(workspace).join(format!("xtask{}", std::env::consts::EXE_SUFFIX));
    let failed = |error: std::io::Error| format!("{}: {error}", copy.display());
    fs::create_dir_all(steps(workspace)).map_err(failed)?;
    let _ = fs::remove_file(&copy); // one that still runs cannot be written over
    fs::copy(std::env::current_exe().map_err(failed)?, &copy).map_err(failed)?;
    Ok(copy)
}

/// Where the lanes keep what their steps print.
fn steps(workspace: &Workspace) -> PathBuf {
    workspace.target.join("steps")
}

/// Each step in a process of its own, so that what it prints stays together: it is shown when the step has ended, and until then
/// grows in `target/steps`.
fn run_lane(lane: &[Step], workspace: &Workspace, program: &Path, report: &Report) {
    for step in lane {
        if report.has_failed() {
            return;
        }
        report.announce(step);
        let watch = Stopwatch::start();
        let (log, outcome) = run_aside(step, workspace, program);
        let count = log.lines().rev().find_map(Count::from_words).unwrap_or_default();
        print!("{log}");
        report.took(step, &watch, count, outcome);
    }
}

/// What the step printed, whichever way, and how it ended.
fn run_aside(step: &Step, workspace: &Workspace, program: &Path) -> (String, Result<(), String>) {
    let path = steps(workspace).join(format!("{}.log", step.name.replace([' ', ','], "-")));
    let run = || -> Result<(), String> {
        let failed = |error: std::io::Error| format!("{}: {error}", path.display());
        let log = File::create(&path).map_err(failed)?;
        let mut child = process::command(program, &workspace.root);
        child.args(["test", step.name]).stdout(log.try_clone().map_err(failed)?).stderr(log);
        process::run(&mut child)
    };
    let outcome = run();
    (String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).into_owned(), outcome)
}

/// What has been counted and timed so far, by whichever lane.
struct Report {
    whole: Stopwatch,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    begun: usize,
    total: Count,
    timings: Vec<String>,
    failures: Vec<String>,
}

impl Report {
    fn start() -> Self {
        Self { whole: Stopwatch::start(), state: Mutex::default() }
    }

    /// A lane that panicked has told so; what it counted still counts.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn announce(&self, step: &Step) {
        let mut state = self.state();
        state.begun += 1;
        println!("[{:>2}/{}] {}", state.begun, plan().count(), step.name);
    }

    /// Adds up a step that has ended; false if it failed.
    fn took(&self, step: &Step, watch: &Stopwatch, mut count: Count, outcome: Result<(), String>) -> bool {
        if outcome.is_err() && count.failed == 0 {
            count.failed = 1; // a runner that died before its summary still failed
        }
        let is_well = outcome.is_ok();
        let line = format!("{:<38} {:>6.1} s  {}", step.name, watch.elapsed().as_secs_f64(), passed(count));
        println!("        {line}");
        let mut state = self.state();
        state.total += count;
        state.timings.push(line);
        state.failures.extend(outcome.err().map(|message| format!("{}: {message}", step.name)));
        is_well
    }

    fn has_failed(&self) -> bool {
        !self.state().failures.is_empty()
    }

    /// The summary has said everything; a second message after the last line would hide it.
    fn end(&self) {
        let state = self.state();
        println!("\n{}\n{:<38} {:>6.1} s", state.timings.join("\n"), "in all", self.whole.elapsed().as_secs_f64());
        for message in &state.failures {
            println!("\nFAILED at {message}");
        }
        println!("{}", state.total.in_words());
        if !state.failures.is_empty() || state.total.failed > 0 {
            std::process::exit(1)
        }
    }
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

/// Cargo with the compiler that lints: it compiles, too, so nothing is checked first and compiled afterwards. Tests name it as well,
/// or they would be compiled anew.
fn linting_cargo(workspace: &Workspace) -> Command {
    let mut cargo = process::cargo(&workspace.root);
    // As `cargo clippy -- -D warnings` hands them over.
    cargo
        .env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver")
        .env("CLIPPY_ARGS", "-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__");
    cargo
}

/// What `cargo test` would build, and the binaries that the browser and interop tests start.
fn build(workspace: &Workspace) -> Result<(), String> {
    let mut cargo = linting_cargo(workspace);
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

/// Tests, and examples in the documentation, which is checked on the way.
fn rust_tests(workspace: &Workspace, count: &mut Count) -> Result<(), String> {
    let mut cargo = linting_cargo(workspace);
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    rustdoc::documenting(&mut cargo, &program, &steps(workspace).join("documentation"));
    cargo.args(["test", "--locked", "--workspace", "--all-features", "--no-fail-fast"]);
    // Half of the time a test waits for an answer, a database, another process.
    let at_once = 2 * thread::available_parallelism().map_or(1, usize::from);
    cargo.env("RUST_TEST_THREADS", at_once.to_string());
    // Of pages that are no more nothing is left to look at.
    let _ = fs::remove_dir_all(pages(workspace));
    cargo.env(PAGES, pages(workspace));
    process::run_watching(&mut cargo, |line| {
        *count += suite::from_cargo(line).unwrap_or_default();
    })
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
