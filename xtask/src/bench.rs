//! `cargo xtask bench GROUP`: builds in release, measures one group, merges its lines into `bench/results.json`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::process;
use crate::tree::Workspace;

/// One figure and the limit it is held against (`null`: only reported); `ok` is false on the wrong side of it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Figure {
    name: String,
    value: f64,
    unit: String,
    budget: Option<f64>,
    ok: bool,
}

/// The group that compares with other libraries, which live in a workspace of their own.
const JOSE: &str = "jose";

pub(crate) fn run(group: &str) -> Result<(), String> {
    let workspace = Workspace::find()?;
    let fresh = if group == JOSE { jose(&workspace)? } else { own(&workspace, group)? };
    let results = workspace.root.join("bench/results.json");
    let before = if results.exists() { read(&results)? } else { Vec::new() };
    let merged = merge(before, read(&fresh)?, group);
    let text = serde_json::to_string_pretty(&merged).map_err(|error| error.to_string())?;
    std::fs::write(&results, text + "\n").map_err(|error| format!("cannot write {}: {error}", results.display()))?;
    println!("merged into bench/results.json");
    Ok(())
}

/// Two programs, because OpenSSL and BoringSSL cannot be in one; the first starts the second, which lies beside it.
fn jose(workspace: &Workspace) -> Result<PathBuf, String> {
    let hint = "it needs a C++ compiler and Debian's libssl-dev, pkg-config, cmake and libclang-dev";
    let target = workspace.target.join("bench-jose");
    let mut build = process::cargo(&workspace.root.join("bench/jose"));
    build.args(["build", "--locked", "--release", "--workspace"]).env("CARGO_TARGET_DIR", &target);
    process::run(&mut build).map_err(|error| format!("{error}; {hint}"))?;
    let fresh = target.join("bench-jose.json");
    let mut bench = process::command(target.join("release/symbolon-bench-jose"), &workspace.root);
    process::run(bench.arg("--out").arg(&fresh))?;
    Ok(fresh)
}

fn own(workspace: &Workspace, group: &str) -> Result<PathBuf, String> {
    let build = ["build", "--locked", "--release", "--package", "symbolon", "--package", "symbolon-bench"];
    process::run(process::cargo(&workspace.root).args(build))?;
    let release = workspace.target.join("release");
    let fresh = release.join(format!("bench-{group}.json"));
    let mut bench = process::command(release.join("symbolon-bench"), &workspace.root);
    bench.arg(group).arg("--out").arg(&fresh).env("SYMBOLON_BIN", release.join("symbolon"));
    process::run(&mut bench)?;
    Ok(fresh)
}

fn read(path: &Path) -> Result<Vec<Figure>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// The group's old lines go, also those of measurements that no longer exist; other groups stay.
fn merge(before: Vec<Figure>, fresh: Vec<Figure>, group: &str) -> Vec<Figure> {
    let ours = |figure: &Figure| figure.name.split('.').next() == Some(group);
    let mut merged: Vec<Figure> = before.into_iter().filter(|figure| !ours(figure)).collect();
    merged.extend(fresh);
    // Stable: groups side by side, each in the order it measured.
    merged.sort_by(|a, b| a.name.split('.').next().cmp(&b.name.split('.').next()));
    merged
}

#[cfg(test)]
mod tests {
    use super::{Figure, merge};

    fn figure(name: &str, value: f64) -> Figure {
        Figure { name: name.into(), value, unit: "µs".into(), budget: Some(1.0), ok: true }
    }

    #[test]
    fn replaces_its_group_and_keeps_the_others() {
        let before = vec![figure("core.gone", 1.0), figure("core.a", 1.0), figure("nodes.a", 1.0)];
        let merged = merge(before, vec![figure("core.z", 2.0), figure("core.a", 2.0)], "core");
        let names: Vec<&str> = merged.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["core.z", "core.a", "nodes.a"]);
        assert!((merged[1].value - 2.0).abs() < f64::EPSILON);
    }
}
