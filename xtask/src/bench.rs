//! `cargo xtask bench GROUP`: builds in release, measures one group, merges its lines into `bench/results.json`.

use std::fmt::Write as _;
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
    let fresh = read(&if group == JOSE { jose(&workspace)? } else { own(&workspace, group)? })?;
    let results = workspace.root.join("bench/results.json");
    let before = if results.exists() { read(&results)? } else { Vec::new() };
    let readme = workspace.root.join("bench/README.md");
    let text =
        std::fs::read_to_string(&readme).map_err(|error| format!("cannot read {}: {error}", readme.display()))?;
    if let Some(text) = with_table(&text, group, &table(&fresh)) {
        std::fs::write(&readme, text).map_err(|error| format!("cannot write {}: {error}", readme.display()))?;
        println!("wrote the table of bench/README.md; its date and machine are yours to set");
    }
    let merged = merge(before, fresh, group);
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

/// The head of a table of figures.
const HEAD: &str = "| figure | value | budget | |\n| --- | ---: | ---: | --- |\n";

/// A Markdown table, as the programs print it.
fn table(figures: &[Figure]) -> String {
    let mut text = HEAD.to_owned();
    for Figure { name, value, unit, budget, ok } in figures {
        // Which side of the budget is the good one is told by the side that the figure is on.
        let sign = |budget: f64| if (*value <= budget) == *ok { '≤' } else { '≥' };
        let budget_text = budget.map_or(String::new(), |budget| format!("{} {budget}", sign(budget)));
        let mark = match (ok, budget) {
            (false, _) => "**over**",
            (true, Some(_)) => "ok",
            (true, None) => "",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {name} | {value} {unit} | {budget_text} | {mark} |");
    }
    text
}

/// The document with the group's table in the place of the one it has, if it has a section of that name with such a table.
fn with_table(document: &str, group: &str, table: &str) -> Option<String> {
    let section = document.find(&format!("\n## Results: {group}\n"))?;
    let (before, section) = document.split_at(section + 1);
    let end = section.find("\n## ").map_or(section.len(), |end| end + 1);
    let (section, after) = section.split_at(end);
    let (words, old) = section.split_at(section.find(HEAD)?);
    let rest: String = old.split_inclusive('\n').skip_while(|line| line.starts_with('|')).collect();
    Some([before, words, table, &rest, after].concat())
}

#[cfg(test)]
mod tests {
    use super::{Figure, HEAD, merge, table, with_table};

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

    #[test]
    fn a_table_says_what_is_kept_and_what_is_not() {
        let with = |value, ok| Figure { ok, ..figure("nodes.a", value) };
        let text =
            table(&[with(0.5, true), with(2.0, false), with(3.0, true), Figure { budget: None, ..with(1.5, true) }]);
        let rows: Vec<&str> = text.strip_prefix(HEAD).unwrap().lines().collect();
        assert_eq!(
            rows,
            [
                "| nodes.a | 0.5 µs | ≤ 1 | ok |",
                "| nodes.a | 2 µs | ≤ 1 | **over** |",
                "| nodes.a | 3 µs | ≥ 1 | ok |",
                "| nodes.a | 1.5 µs |  |  |",
            ]
        );
    }

    #[test]
    fn a_document_gets_the_table_of_its_section_only() {
        let document = |nodes: &str| {
            format!(
                "# B\n\n## Results: core\n\n{HEAD}| core.a |\n\n## Results: nodes\n\nToday.\n\n{HEAD}{nodes}\nMore.\n\n## End\n"
            )
        };
        let table = format!("{HEAD}| nodes.new |\n");
        let written = with_table(&document("| nodes.old |\n| nodes.gone |\n"), "nodes", &table);
        assert_eq!(written.as_deref(), Some(document("| nodes.new |\n").as_str()));
        assert_eq!(with_table(&document(""), "jose", &table), None);
        assert_eq!(with_table("## Results: nodes\n\nNothing yet.\n", "nodes", &table), None);
    }
}
