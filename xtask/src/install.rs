//! What the tests need and a Rust toolchain does not bring: rustfmt and clippy, a C++ compiler, Node,
//! Python, a browser, packages of both, PostgreSQL, Postfix, strace and libfaketime. Go and Java are taken where they are (Java is installed in CI); with Go, Pebble is built.
//!
//! Missing Debian packages are installed when we are root; otherwise the message says what to type.

use std::path::{Path, PathBuf};
use std::thread;

use crate::process;
use crate::tree::Workspace;

/// The browser SDK and its tests.
pub(crate) const SDK: &str = "sdk/js";
/// The guard for Node and its tests.
pub(crate) const NODE_GUARD: &str = "sdk/node-guard";
/// A browser and a third-party client library.
pub(crate) const E2E: &str = "tests/e2e";
/// Other JOSE libraries, in Node and in Python.
pub(crate) const INTEROP: &str = "tests/interop";

/// Client libraries of other languages.
pub(crate) const CLIENTS: &str = "tests/clients";

/// Which ACME server certificates are ordered from.
const PEBBLE: &str = "tests/pebble";

/// Folders with a `package-lock.json` of their own.
const NPM_FOLDERS: [&str; 7] =
    [SDK, NODE_GUARD, INTEROP, E2E, "examples/dragons-api-express", "examples/dragons-spa", "examples/session-app"];
/// Our packages, by name and folder, that the examples install as npm would: copied.
const COPIED: [(&str, &str); 2] = [("symbolon", SDK), ("symbolon-guard", NODE_GUARD)];

/// Oldest Node whose test runner does all that the tests use.
const NODE_MAJOR: u32 = 20;

/// Oldest Python that the pinned libraries support: `(3, this)`.
const PYTHON_MINOR: u32 = 11;

/// Checks and installs everything, in the order that fails soonest.
pub(crate) fn everything(workspace: &Workspace) -> Result<(), String> {
    rust_components(&workspace.root)?;
    cxx(&workspace.root)?;
    node(&workspace.root)?;
    chromium(&workspace.root)?;
    postgresql(&workspace.root)?;
    fault_means(&workspace.root)?;
    valkey(&workspace.root)?;
    postfix(&workspace.root)?;
    // What comes over the network is waited for most of the time, so two come at once.
    thread::scope(|scope| {
        let root = &workspace.root;
        let npm = scope.spawn(|| NPM_FOLDERS.iter().try_for_each(|folder| npm_packages(root, &root.join(folder))));
        let others = packages_of_other_languages(workspace);
        npm.join().unwrap_or_else(|_| Err("npm was not waited for".to_owned())).and(others)
    })
}

fn packages_of_other_languages(workspace: &Workspace) -> Result<(), String> {
    python_packages(&workspace.root.join(INTEROP), &python_home(workspace))?;
    python_packages(&workspace.root.join(CLIENTS).join("python"), &clients_python(workspace))?;
    other_languages(workspace)?;
    pebble(workspace);
    Ok(())
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
        "the SDK, guard and browser tests need Node {NODE_MAJOR} or newer with npm; try: https://nodejs.org/en/download"
    );
    let version = process::output(process::command("node", root).arg("--version")).map_err(|_| hint.clone())?;
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|it| it.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE_MAJOR) {
        return Err(format!("found Node {}; {hint}", version.trim()));
    }
    if process::exists("npm", root) { Ok(()) } else { Err(format!("npm is missing; {hint}")) }
}

/// libFuzzer is C++. The compiler that the `cc` crate would take: `CXX` when set, else `c++`.
fn cxx(root: &Path) -> Result<(), String> {
    if std::env::var_os("CXX").is_some() || process::exists("c++", root) {
        return Ok(());
    }
    debian_packages(root, "the fuzz targets need a C++ compiler", &["g++"], " (or point CXX at one)")
}

/// The browser the tests drive, with windows and without: `CHROMIUM` when set, else Debian's.
fn chromium(root: &Path) -> Result<(), String> {
    let programs = ["chromium", "chromium-headless-shell"];
    if std::env::var_os("CHROMIUM").is_some() || programs.iter().all(|program| process::exists(program, root)) {
        return Ok(());
    }
    debian_packages(root, "the browser tests need Chromium", &programs, " (or point CHROMIUM at a browser)")
}

/// The server that the store's tests start: Debian's, or what is on the path.
fn postgresql(root: &Path) -> Result<(), String> {
    let of_debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let installed = of_debian.map(|entry| entry.path().join("bin/initdb")).any(|path| path.exists());
    if installed || process::exists("initdb", root) {
        return Ok(());
    }
    debian_packages(
        root,
        "the tests of the store need PostgreSQL",
        &["postgresql"],
        " (or put its programs on the path)",
    )
}

/// What the fault programs do harm with: strace lets the power fail, libfaketime turns the clock.
fn fault_means(root: &Path) -> Result<(), String> {
    let library = format!("/usr/lib/{}-linux-gnu/faketime/libfaketimeMT.so.1", std::env::consts::ARCH);
    if process::exists("strace", root) && Path::new(&library).exists() {
        return Ok(());
    }
    debian_packages(root, "the fault programs need strace and libfaketime", &["strace", "faketime"], "")
}

/// The server that the tests of the counters start: Valkey, or Redis, which Debian 12 has.
fn valkey(root: &Path) -> Result<(), String> {
    let families = [["valkey-server", "valkey-cli"], ["redis-server", "redis-cli"]];
    if families.iter().any(|family| family.iter().all(|program| process::exists(program, root))) {
        return Ok(());
    }
    debian_packages(root, "the tests of the counters need Redis", &["redis-server"], " (or put Valkey on the path)")
}

/// The mail server that a browser test starts. Its master runs as root alone, so whoever is not root goes without, and the test says then that it was
/// skipped, as it does beside another mail server, which the package would push out. In CI nobody would read that.
fn postfix(root: &Path) -> Result<(), String> {
    if Path::new("/usr/sbin/postfix").exists() {
        return Ok(());
    }
    let is_in_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    if !is_in_ci && (!is_root(root)? || Path::new("/usr/sbin/sendmail").exists()) {
        println!("      no Postfix, so its test is skipped; it needs root: apt-get install postfix");
        return Ok(());
    }
    debian_packages(root, "a test of the mail needs Postfix", &["postfix"], "")
}

fn is_root(root: &Path) -> Result<bool, String> {
    Ok(process::output(process::command("id", root).arg("-u"))?.trim() == "0")
}

/// Installs packages when this is Debian and we are root; else says what `need` and what to type.
fn debian_packages(root: &Path, need: &str, packages: &[&str], otherwise: &str) -> Result<(), String> {
    let by_hand = format!("apt-get update && apt-get install {}{otherwise}", packages.join(" "));
    if !process::exists("apt-get", root) {
        return Err(format!("{need} and this is not a Debian machine; on one: {by_hand}"));
    }
    if !is_root(root)? {
        return Err(format!("{need}, and installing it needs root; try: sudo {by_hand}"));
    }
    println!("      installing Debian packages: {}", packages.join(" "));
    let apt = |arguments: &[&str]| {
        process::run(process::command("apt-get", root).env("DEBIAN_FRONTEND", "noninteractive").args(arguments))
    };
    apt(&["update", "-qq"])?;
    apt(&[&["install", "-y", "-qq", "--no-install-recommends"], packages].concat())
}

/// The interpreter of the virtual environment under the target folder.
pub(crate) fn interop_python(workspace: &Workspace) -> PathBuf {
    python_home(workspace).join("bin/python")
}

fn python_home(workspace: &Workspace) -> PathBuf {
    workspace.target.join("interop-python")
}

/// The virtual environment of the client libraries, where `tests/clients/support/suites.js` looks for it.
fn clients_python(workspace: &Workspace) -> PathBuf {
    workspace.target.join("clients-python")
}

/// Fetches what the client libraries in Rust, Go and Java bring, so that the tests themselves need no network. A machine without Go or Java
/// goes without: those suites say then that they were skipped. In CI nobody would read that, so Java is installed there; Debian's Go is too old.
fn other_languages(workspace: &Workspace) -> Result<(), String> {
    let clients = workspace.root.join(CLIENTS);
    process::run(process::cargo(&clients.join("rust")).args(["fetch", "--locked", "--quiet"]))?;
    // What is too old for them fails here, and is told by the suites, which leave themselves out then.
    let told = |outcome: Result<(), String>| outcome.unwrap_or_else(|why| println!("      {why}"));
    if process::output(process::command("go", &clients).arg("version")).is_ok() {
        told(process::run(process::command("go", &clients.join("go")).args(["mod", "download"])));
    }
    let is_java_here = process::exists("java", &clients) && process::exists("mvn", &clients);
    if !is_java_here && std::env::var("CI").is_ok_and(|value| value == "true") {
        let need = "the client libraries in Java need it and Maven";
        told(debian_packages(&clients, need, &["default-jdk-headless", "maven"], ""));
    }
    if process::exists("mvn", &clients) {
        let folder = format!("-Dfolder={}", workspace.target.join("clients-java").display());
        let compile = ["--quiet", "--batch-mode", "--no-transfer-progress", &folder, "test", "-DskipTests"];
        told(process::run(process::command("mvn", &clients.join("java")).args(compile)));
    }
    Ok(())
}

/// Builds the ACME server of the tests, where `tests/e2e/support/pebble.js` looks for it; skipped while it is newer than what pins its sources. A machine
/// without Go goes without, and the tests say then that they were skipped.
fn pebble(workspace: &Workspace) {
    let (folder, program) = (workspace.root.join(PEBBLE), workspace.target.join("pebble"));
    let changed = |path: &Path| path.metadata().and_then(|it| it.modified()).ok();
    let built = changed(&program);
    let current = built.is_some() && built >= changed(&folder.join("go.sum"));
    if current || process::output(process::command("go", &folder).arg("version")).is_err() {
        return;
    }
    println!("      go build of Pebble");
    let arguments = ["build", "-mod=readonly", "-trimpath", "-o"];
    let mut go = process::command("go", &folder);
    let outcome = process::run(go.args(arguments).arg(&program).arg("github.com/letsencrypt/pebble/v2/cmd/pebble"));
    outcome.unwrap_or_else(|why| println!("      {why}"));
}

/// A virtual environment at `home` with what the folder's `requirements.txt` names, skipped while it was made from the same text.
fn python_packages(folder: &Path, home: &Path) -> Result<(), String> {
    let requirements = folder.join("requirements.txt");
    let wanted = std::fs::read(&requirements).map_err(|error| format!("{}: {error}", requirements.display()))?;
    let made_from = home.join("requirements.txt");
    let python = home.join("bin/python");
    if std::fs::read(&made_from).is_ok_and(|text| text == wanted) && process::exists(&python, folder) {
        return Ok(());
    }
    python_with_venv(folder)?;
    println!("      python3 -m venv and pip install in {}", home.display());
    process::run(process::command("python3", folder).args(["-m", "venv", "--clear"]).arg(home))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--requirement"];
    process::run(process::command(&python, folder).args(pip).arg(&requirements))?;
    // Last, so that an installation that broke off is done again.
    std::fs::write(&made_from, wanted).map_err(|error| format!("{}: {error}", made_from.display()))
}

/// Debian splits `venv` off Python.
fn python_with_venv(root: &Path) -> Result<(), String> {
    let probe = format!("import ensurepip, sys, venv; sys.exit(sys.version_info < (3, {PYTHON_MINOR}))");
    let usable = || process::output(process::command("python3", root).args(["-c", &probe])).is_ok();
    if usable() {
        return Ok(());
    }
    let need = format!("the interop tests need Python 3.{PYTHON_MINOR} or newer with venv");
    debian_packages(root, &need, &["python3", "python3-venv"], "")?;
    if usable() { Ok(()) } else { Err(format!("{need}; python3 here is older; try: https://www.python.org/downloads")) }
}

/// `npm ci`, skipped while what is installed is newer than the lock file and than what was copied of ours.
fn npm_packages(root: &Path, folder: &Path) -> Result<(), String> {
    let lock = folder.join("package-lock.json");
    if !lock.exists() {
        return Ok(());
    }
    let changed = |path: &Path| path.metadata().and_then(|it| it.modified()).ok();
    let installed = changed(&folder.join("node_modules/.package-lock.json"));
    let copied = COPIED.iter().filter(|(name, _)| folder.join("node_modules").join(name).exists());
    let sources = copied.flat_map(|(_, package)| files_below(&root.join(package).join("src")));
    let newest = sources.chain([lock]).filter_map(|path| changed(&path)).max();
    if installed.is_some() && installed >= newest {
        return Ok(());
    }
    println!("      npm ci in {}", folder.display());
    process::run(process::command("npm", folder).args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]))
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}
