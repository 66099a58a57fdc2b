//! An older release: built from a commit of this repository, beside the present one and in folders of its own. What was built once stays there.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Failure, server};

/// The program of a commit.
pub(crate) struct Release {
    /// The commit, abbreviated.
    pub(crate) name: String,
    pub(crate) program: PathBuf,
}

/// Builds the server of `commit`, which must be in this clone.
pub(crate) fn build(commit: &str) -> Result<Release, Failure> {
    let found = output(
        Command::new("git")
            .args(["rev-parse", "--short=12", "--verify", "--end-of-options"])
            .arg(format!("{commit}^{{commit}}")),
    );
    let name = found
        .map_err(|why| format!("the older release {commit} is not in this clone ({why}); try: git fetch --deepen=1"))?;
    let binary = server::binary()?;
    let target = binary.ancestors().nth(2).ok_or("the binary under test lies in no target folder")?.join("older");
    let (source, program) = (target.join(&name).join("source"), target.join(&name).join("symbolon"));
    if !program.exists() {
        std::fs::create_dir_all(&source)?;
        // Not a worktree: nothing is written into the repository.
        let archive = target.join(&name).join("source.tar");
        output(Command::new("git").args(["archive", "--format=tar", "--output"]).arg(&archive).arg(&name))?;
        // With the time of now: the builds of several commits share what they have in common, and an older file would pass for one that was built.
        output(Command::new("tar").arg("-xmf").arg(&archive).arg("-C").arg(&source))?;
        std::fs::remove_file(archive)?;
        compile(&source, &target.join("target"), &program)?;
    }
    Ok(Release { name, program })
}

fn compile(source: &Path, target: &Path, program: &Path) -> Result<(), Failure> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--locked", "--package", "symbolon", "--bin", "symbolon"]);
    output(build.current_dir(source).env("CARGO_TARGET_DIR", target))?;
    // Complete under its name or not there.
    let copy = program.with_extension("copied");
    std::fs::copy(target.join("debug").join("symbolon"), &copy)?;
    Ok(std::fs::rename(copy, program)?)
}

/// What a program that must succeed prints.
fn output(command: &mut Command) -> Result<String, Failure> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("cannot start {name}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim()).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
