//! What the tests need and a Rust toolchain does not bring: rustfmt and clippy, Node, a browser, npm packages.
//!
//! Missing Debian packages are installed when we are root; otherwise the message says what to type.

use std::path::Path;

use crate::process;
use crate::tree::Workspace;

/// Folders with a `package-lock.json` of their own.
pub(crate) const NPM_FOLDERS: [&str; 2] = ["sdk/js", "tests/e2e"];

/// Oldest Node whose test runner does all that the tests use.
const NODE_MAJOR: u32 = 20;

/// Checks and installs everything, in the order that fails soonest.
pub(crate) fn everything(workspace: &Workspace) -> Result<(), String> {
    rust_components(&workspace.root)?;
    node(&workspace.root)?;
    chromium(&workspace.root)?;
    NPM_FOLDERS.iter().try_for_each(|folder| npm_packages(&workspace.root.join(folder)))
}

fn rust_components(root: &Path) -> Result<(), String> {
    for (program, component) in [("rustfmt", "rustfmt"), ("cargo-clippy", "clippy")] {
        if !process::exists(program, root) {
            return Err(format!("{program} is missing; try: rustup component add {component}"));
        }
    }
    Ok(())
}

fn node(root: &Path) -> Result<(), String> {
    let hint = format!(
        "the SDK and browser tests need Node {NODE_MAJOR} or newer with npm; try: https://nodejs.org/en/download"
    );
    let version = process::output(process::command("node", root).arg("--version")).map_err(|_| hint.clone())?;
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|it| it.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE_MAJOR) {
        return Err(format!("found Node {}; {hint}", version.trim()));
    }
    if process::exists("npm", root) { Ok(()) } else { Err(format!("npm is missing; {hint}")) }
}

/// The browser the tests drive: `CHROMIUM` when set, else Debian's.
fn chromium(root: &Path) -> Result<(), String> {
    if std::env::var_os("CHROMIUM").is_some() || process::exists("chromium", root) {
        return Ok(());
    }
    let by_hand = "apt-get update && apt-get install chromium (or point CHROMIUM at a browser)";
    if !process::exists("apt-get", root) {
        return Err(format!("the browser tests need Chromium and this is not a Debian machine; try: {by_hand}"));
    }
    let user = process::output(process::command("id", root).arg("-u"))?;
    if user.trim() != "0" {
        return Err(format!("the browser tests need Chromium, and installing it needs root; try: sudo {by_hand}"));
    }
    println!("      installing Debian package chromium");
    let apt = |arguments: &[&str]| {
        process::run(process::command("apt-get", root).env("DEBIAN_FRONTEND", "noninteractive").args(arguments))
    };
    apt(&["update", "-qq"])?;
    apt(&["install", "-y", "-qq", "--no-install-recommends", "chromium"])
}

/// `npm ci`, skipped while what is installed is newer than the lock file.
fn npm_packages(folder: &Path) -> Result<(), String> {
    let lock = folder.join("package-lock.json");
    if !lock.exists() {
        return Ok(());
    }
    let changed = |path: &Path| path.metadata().and_then(|it| it.modified()).ok();
    let installed = changed(&folder.join("node_modules/.package-lock.json"));
    if installed.is_some() && installed >= changed(&lock) {
        return Ok(());
    }
    println!("      npm ci in {}", folder.display());
    process::run(process::command("npm", folder).args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]))
}
