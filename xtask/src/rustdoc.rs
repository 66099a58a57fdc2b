//! rustdoc, as cargo calls it to run the examples in the documentation: it writes the documentation first, so that broken links and the like are errors.
//!
//! `cargo doc` would find them, too, but has every dependency compiled once more for that, since it wants metadata where tests want code.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::process;

/// Says that this program is called as rustdoc, and into which folder the documentation is to be written.
const FOLDER: &str = "XTASK_DOCUMENTATION";

/// Has the examples that `cargo` tests go through here; `program` is this one.
pub(crate) fn documenting(cargo: &mut Command, program: &Path, folder: &Path) {
    cargo.env("RUSTDOC", program).env(FOLDER, folder);
}

/// Does what rustdoc would, if this is called as rustdoc.
pub(crate) fn run() -> Option<ExitCode> {
    let folder = std::env::var_os(FOLDER)?;
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let documented = documentation(&arguments).map_or(Ok(()), |documentation| {
        let mut rustdoc = rustdoc();
        process::run(rustdoc.args(documentation).args(["-D", "warnings", "--out-dir"]).arg(folder))
    });
    let outcome = documented.and_then(|()| process::run(rustdoc().args(arguments)));
    Some(outcome.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS))
}

/// In the folder in which cargo starts it, since the paths are relative to that.
fn rustdoc() -> Command {
    let mut rustdoc = Command::new("rustdoc");
    // An example that calls cargo is to get the real one.
    rustdoc.env_remove(FOLDER).env_remove("RUSTDOC");
    rustdoc
}

/// The same without what is about tests; `None` if these are not the arguments of tests.
fn documentation(arguments: &[OsString]) -> Option<Vec<OsString>> {
    if !arguments.iter().any(|argument| argument == "--test") {
        return None;
    }
    let mut kept = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.to_str() {
            Some("--test" | "--no-run") => {}
            Some("--test-args" | "--test-run-directory" | "--test-runtool" | "--test-runtool-arg") => drop(rest.next()),
            _ => kept.push(argument.clone()),
        }
    }
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn the_documentation_is_written_from_what_its_tests_are_compiled_with() {
        let given = "--edition=2024 --crate-name jose --test src/lib.rs --test-run-directory /x --test-args --quiet --extern a=b --no-run";
        let kept = documentation(&arguments(given));
        assert_eq!(kept, Some(arguments("--edition=2024 --crate-name jose src/lib.rs --extern a=b")));
        assert_eq!(documentation(&arguments("-vV")), None, "cargo asks for the version, too");
    }
}
