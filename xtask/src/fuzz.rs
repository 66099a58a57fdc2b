//! `cargo xtask fuzz [SECONDS [TARGET]]`: every fuzz target of `fuzz/` for some seconds, as many at once as there are processors.
//!
//! libFuzzer with the coverage that the stable compiler can give: the passes of LLVM are there, only cargo-fuzz asks for more.
//! What was interesting is kept below the target folder, so a later run goes on where this one stopped.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

use crate::process;
use crate::suite::Count;
use crate::tree::Workspace;

/// For each target in `cargo xtask test`: past the seeds, and half a minute in all on two processors.
pub(crate) const BRIEFLY_SECS: u64 = 3;

/// Longer inputs find the same code later. Only what is refused for its length needs more, and that has tests.
const MAX_LEN: &str = "-max_len=8192";

/// What makes the compiler count which code an input reaches and show the fuzzer what is compared with what.
const RUSTFLAGS: [&str; 7] = [
    "--cfg=fuzzing",
    "-Dwarnings",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// The command.
pub(crate) fn run(secs: Option<&str>, target: Option<&str>) -> Result<(), String> {
    let secs = match secs {
        None => BRIEFLY_SECS,
        Some(text) => text.parse().map_err(|_| format!("{text} is no number of seconds"))?,
    };
    let mut count = Count::default();
    check(&Workspace::find()?, &mut count, secs, target)?;
    println!("{} targets, nothing found", count.passed);
    Ok(())
}

/// Builds, lints and runs; each target counts as one check.
pub(crate) fn check(workspace: &Workspace, count: &mut Count, secs: u64, only: Option<&str>) -> Result<(), String> {
    let fuzz = Fuzz::new(workspace, secs)?;
    let mut targets = fuzz.targets()?;
    if let Some(only) = only {
        targets.retain(|target| target == only);
        if targets.is_empty() {
            return Err(format!("there is no fuzz/targets/{only}.rs"));
        }
    }
    // Clippy's compiler compiles, too: what is linted is what runs, and dependencies are compiled once instead of checked before.
    let mut build = fuzz.cargo("build");
    build.args(["--bins", "--quiet"]).env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver");
    process::run(&mut build).map_err(|error| {
        format!(
            "{error}; if its lock file is behind: cargo metadata --quiet --manifest-path fuzz/Cargo.toml >/dev/null"
        )
    })?;
    let queue = Mutex::new(targets.into_iter());
    let failures = Mutex::new(Vec::new());
    let passed = Mutex::new(0);
    let work = || {
        while let Some(target) = next(&queue) {
            match fuzz.run(&target, secs) {
                Ok(figures) => {
                    println!("        {target:<16} {figures}");
                    add(&passed, |passed| *passed += 1);
                }
                Err(message) => add(&failures, |failures| failures.push(message)),
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let failures = failures.into_inner().unwrap_or_default();
    count.passed += passed.into_inner().unwrap_or_default();
    count.failed += failures.len() as u64;
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

fn next(queue: &Mutex<std::vec::IntoIter<String>>) -> Option<String> {
    queue.lock().ok()?.next()
}

fn add<T>(shared: &Mutex<T>, change: impl FnOnce(&mut T)) {
    if let Ok(mut value) = shared.lock() {
        change(&mut value);
    }
}

/// Where everything is.
struct Fuzz {
    home: PathBuf,
    target: PathBuf,
    triple: String,
    /// How far the compiler optimises.
    opt_level: &'static str,
}

impl Fuzz {
    fn new(workspace: &Workspace, secs: u64) -> Result<Self, String> {
        let version = process::output(process::command("rustc", &workspace.root).arg("-vV"))?;
        let triple = version.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc -vV names no host")?;
        let home = workspace.root.join("fuzz");
        // A few seconds do not make up for the minutes that it takes to compile what runs fastest.
        let opt_level = if secs <= BRIEFLY_SECS { "1" } else { "3" };
        Ok(Self { home, target: workspace.target.join("fuzz"), triple: triple.to_owned(), opt_level })
    }

    /// Names of the targets: one file each.
    fn targets(&self) -> Result<Vec<String>, String> {
        let folder = self.home.join("targets");
        let listed = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let name = |entry: std::fs::DirEntry| {
            let path = entry.path();
            let is_rust = path.extension().is_some_and(|extension| extension == "rs");
            path.file_stem().filter(|_| is_rust).map(|stem| stem.to_string_lossy().into_owned())
        };
        let mut names: Vec<String> = listed.filter_map(Result::ok).filter_map(name).collect();
        names.sort();
        Ok(names)
    }

    /// With a triple, or the flags would reach build scripts, too. The same folder and flags for every command, so that they share.
    fn cargo(&self, command: &str) -> Command {
        let mut cargo = process::cargo(&self.home);
        cargo.args([command, "--locked", "--release", "--target", &self.triple, "--target-dir"]).arg(&self.target);
        cargo.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", self.opt_level);
        cargo.env("CARGO_ENCODED_RUSTFLAGS", RUSTFLAGS.join("\x1f"));
        cargo
    }

    /// Runs one target; the error says what was found and how to see it again.
    fn run(&self, target: &str, secs: u64) -> Result<String, String> {
        let corpus = folder(self.target.join("corpus").join(target))?;
        let found = folder(self.target.join("found"))?.join(format!("{target}-"));
        let log = folder(self.target.join("log"))?.join(target);
        let out = File::create(&log).map_err(|error| format!("cannot write {}: {error}", log.display()))?;
        let mut command = self.binary(target);
        command.arg(corpus).arg(self.home.join("seeds").join(target));
        command.arg(format!("-dict={}", self.home.join("jose.dict").display()));
        command.arg(format!("-artifact_prefix={}", found.display()));
        command.arg(format!("-max_total_time={secs}")).arg(MAX_LEN);
        command.args(["-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"]);
        command.stdout(Stdio::null()).stderr(out).env("RUST_BACKTRACE", "1");
        let outcome = process::run(&mut command);
        let text = String::from_utf8_lossy(&std::fs::read(&log).unwrap_or_default()).into_owned();
        match outcome {
            Ok(()) => figures(&text).ok_or_else(|| format!("{target}: no coverage in {}", log.display())),
            Err(error) => Err(self.found(target, &text, &format!("{error}; all of it is in {}", log.display()))),
        }
    }

    fn binary(&self, target: &str) -> Command {
        process::command(self.target.join(&self.triple).join("release").join(target), &self.home)
    }

    /// What a person needs: the panic, the input's file, the command that shows it again.
    fn found(&self, target: &str, log: &str, error: &str) -> String {
        let panic = log.lines().skip_while(|line| !line.contains("panicked at") && !line.contains("ERROR: "));
        let panic: Vec<&str> = panic.take_while(|line| !line.starts_with("stack backtrace")).take(8).collect();
        let artefact = log.lines().find_map(|line| line.split_once("Test unit written to ")).map(|(_, path)| path);
        let again = self.binary(target);
        let again =
            artefact.map(|path| format!("\n  see it again: {} {path}", Path::new(again.get_program()).display()));
        let rule = "\n  then make it a test beside the code, and mend the code";
        format!("{target}: {error}\n  {}{}{rule}", panic.join("\n  "), again.unwrap_or_default())
    }
}

fn folder(path: PathBuf) -> Result<PathBuf, String> {
    std::fs::create_dir_all(&path).map_err(|error| format!("cannot make {}: {error}", path.display()))?;
    Ok(path)
}

/// Executions, coverage at first and in the end, and what is kept, from what libFuzzer says. None without coverage.
fn figures(log: &str) -> Option<String> {
    let runs = log.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))?.trim();
    let covered = |line: &str| line.split_once("cov: ")?.1.split_whitespace().next()?.parse::<u64>().ok();
    let mut coverage = log.lines().filter_map(covered);
    let first = coverage.next()?;
    let last = coverage.next_back().unwrap_or(first);
    let of = log.lines().find_map(|line| line.split_once(" inline 8-bit counters): ")?.1.split_whitespace().next());
    Some(format!("{runs:>9} inputs, coverage {first} to {last} of {}", of?))
}

#[cfg(test)]
mod tests {
    use super::figures;

    #[test]
    fn reads_what_libfuzzer_prints() {
        let log = "INFO: Loaded 1 modules   (340 inline 8-bit counters): 340 [0x55, 0x56), \n\
            #2\tINITED cov: 33 ft: 33 corp: 1/1b exec/s: 0 rss: 27Mb\n\
            #5\tNEW    cov: 36 ft: 36 corp: 2/3b lim: 4 exec/s: 0\n\
            stat::number_of_executed_units: 4556978\n";
        assert_eq!(figures(log).as_deref(), Some("  4556978 inputs, coverage 33 to 36 of 340"));
        assert_eq!(figures("stat::number_of_executed_units: 5\n"), None, "not instrumented");
    }
}
