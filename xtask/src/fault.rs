//! `cargo xtask fault NAME`: builds the server and the programs that harm it, and runs one of them.
//!
//! The development profile with all features, as `cargo xtask test` builds it: nothing is compiled a second time.

use std::path::PathBuf;

use crate::process;
use crate::test;
use crate::tree::Workspace;

/// Hands `arguments` to `symbolon-fault`.
pub(crate) fn run(arguments: &[&str]) -> Result<(), String> {
    let workspace = Workspace::find()?;
    let build = ["build", "--quiet", "--locked", "--workspace", "--all-features", "--bins"];
    process::run(process::cargo(&workspace.root).args(build))?;
    let mut fault = process::command(program(&workspace), &workspace.root);
    process::run(fault.args(arguments).env("SYMBOLON_BIN", test::binary(&workspace)))
}

/// The programs, in the development profile.
pub(crate) fn program(workspace: &Workspace) -> PathBuf {
    workspace.target.join("debug").join(format!("symbolon-fault{}", std::env::consts::EXE_SUFFIX))
}
