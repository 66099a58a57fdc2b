//! `symbolon-fault NAME`: does one harm to a real server and holds it to what it has acknowledged (security part 3).
//!
//! Started by `cargo xtask fault NAME`, which builds the binary under test and names it in `SYMBOLON_BIN`. Clients write down each
//! answer before they send the next request (`journal`); after the harm the journal is replayed against the server (`checker`). Each
//! program prints one line and fails when its row's condition does not hold:
//! `NAME: acknowledged N, lost 0, resurrected 0, in doubt M, restart X ms`.

mod checker;
mod clock;
mod disk;
mod driver;
mod faults;
mod fixture;
mod journal;
mod older;
mod options;
mod post_office;
mod probe;
mod process;
mod proxy;
mod report;
mod rng;
mod server;
mod wire;

use std::process::ExitCode;

use faults::FAULTS;
use options::Options;
use tokio::signal::unix::{SignalKind, signal};

/// Anything that keeps a program from being carried out, in words.
type Failure = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str = "usage: symbolon-fault NAME [--store sqlite|postgres] [--quick] [--from COMMIT] [--minutes N]   (better: cargo xtask fault NAME)
       symbolon-fault --list                 every program, the row it stands for, and what it shows
       symbolon-fault --gate                 the short ones, as `cargo xtask test` runs them
       symbolon-fault --fixture FOLDER [--store sqlite|postgres] [--from COMMIT]   what a release leaves behind, for tests of later ones";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--list"] => {
            list();
            Ok(())
        }
        ["--gate"] => gate(),
        ["--fixture", folder, options @ ..] => Options::parse(options).and_then(|options| fixture(folder, &options)),
        [name, options @ ..] if !name.starts_with('-') => {
            Options::parse(options).and_then(|options| run(name, &options))
        }
        _ => Err(USAGE.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fault: {error}");
            ExitCode::FAILURE
        }
    }
}

fn list() {
    for fault in FAULTS {
        let gate = if fault.in_gate { "in the gate" } else { "" };
        println!("{:<20} {:<4} {:<12} {}", fault.name, fault.row, gate, fault.shows);
    }
}

fn fixture(folder: &str, options: &Options) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(fixture::make(folder.as_ref(), options))
}

/// Does one harm and prints its line.
fn run(name: &str, options: &Options) -> Result<(), Failure> {
    let Some(fault) = FAULTS.iter().find(|fault| fault.name == name) else {
        let names: Vec<&str> = FAULTS.iter().map(|fault| fault.name).collect();
        return Err(format!("no program {name}; there are: {}", names.join(", ")).into());
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(until_interrupted((fault.run)(options.clone())));
    let report = report.map_err(|error| format!("{name}: {error}"))?;
    println!("{}", report.line(name));
    for failure in report.failures() {
        eprintln!("{name}: {failure}");
    }
    if report.holds() { Ok(()) } else { Err(format!("{name} ({}): the condition does not hold", fault.row).into()) }
}

/// Carries out a program; a signal drops it, and with it its servers and folders.
async fn until_interrupted(program: faults::Running) -> Result<report::Report, Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        outcome = program => outcome,
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
        _ = terminate.recv() => Err("terminated".into()),
    }
}

/// The short programs, quickly; all of them, also after one that fails. The last line is counted by `cargo xtask test`.
fn gate() -> Result<(), Failure> {
    let options = Options { quick: true, ..Options::default() };
    let (mut passed, mut failed) = (0, 0);
    for fault in FAULTS.iter().filter(|fault| fault.in_gate) {
        match run(fault.name, &options) {
            Ok(()) => passed += 1,
            Err(error) => {
                eprintln!("fault: {error}");
                failed += 1;
            }
        }
    }
    println!("# pass {passed}\n# fail {failed}");
    if failed == 0 { Ok(()) } else { Err(format!("{failed} faults are not borne").into()) }
}
