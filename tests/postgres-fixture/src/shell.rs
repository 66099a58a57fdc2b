//! Finding and running PostgreSQL's programs.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where Debian keeps the programs that it does not put on the path, and the path itself.
fn program(name: &str) -> PathBuf {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = debian.map(|entry| entry.path().join("bin").join(name)).collect();
    versions.sort();
    versions.into_iter().rev().find(|path| path.exists()).unwrap_or_else(|| name.into())
}

/// Whether this process is root, by the owner of what is its own.
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0)
}

/// A command of PostgreSQL's, as a user that it accepts.
pub(crate) fn command(name: &str, folder: &Path) -> Command {
    command_of(program(name), folder)
}

/// Any command, as the user who owns the cluster.
pub(crate) fn command_of(program: impl Into<PathBuf>, folder: &Path) -> Command {
    let program = program.into();
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    // Root's own folders are closed to it.
    command.current_dir(folder).env_remove("PGHOST").env_remove("PGPORT").env_remove("PGDATABASE");
    command.env("LC_ALL", "C.UTF-8");
    command
}

/// Runs to the end; what it said is the error.
pub(crate) fn run(mut command: Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?}: {}: {said}", output.status))
}

/// Runs to the end with `input`; what it said is the error.
pub(crate) fn feed(mut command: Command, input: &str) -> Result<(), String> {
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
    // One that ends early says why on its own.
    let fed = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return fed.unwrap_or(Ok(())).map_err(|error| format!("{command:?}: {error}"));
    }
    Err(format!("{command:?}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr)))
}
