//! `cargo xtask tidy`: the conventions of CONTRIBUTING.md as failing code.
//!
//! Each check is one file (or a function of `text`) and one line of [`CHECKS`]; it returns what it found, one line each.

mod arrows;
mod attacks;
mod licence;
mod links;
mod musts;
mod packages;
mod settings;
mod source;
mod templates;
mod text;

use crate::tree::Workspace;

/// What a check found: `path:line: what is wrong`. Empty is good.
type Findings = Vec<String>;

/// A file of the tree that is text.
struct File {
    /// Relative to the root, with forward slashes.
    path: String,
    text: String,
}

impl File {
    fn has_extension(&self, extensions: &[&str]) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, extension)| extensions.contains(&extension))
    }

    /// Whether a folder on the way to the file has this name.
    fn is_under(&self, folder: &str) -> bool {
        self.path.split('/').rev().skip(1).any(|part| part == folder)
    }

    fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Lines with their numbers, from one.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    fn finding(&self, line: usize, what: impl std::fmt::Display) -> String {
        format!("{}:{line}: {what}", self.path)
    }
}

struct Check {
    name: &'static str,
    run: fn(&Workspace, &[File]) -> Result<Findings, String>,
}

const CHECKS: &[Check] = &[
    Check { name: "crate arrows", run: |workspace, _| Ok(arrows::between_crates(workspace)) },
    Check { name: "pure crates stay pure", run: |workspace, files| arrows::pure_crates(workspace, files) },
    Check { name: "clock and randomness", run: |_, files| Ok(each(files, source::clock_and_randomness)) },
    Check { name: "file length", run: |_, files| Ok(each(files, source::length)) },
    Check { name: "file header", run: |_, files| Ok(each(files, source::header)) },
    Check { name: "lint exceptions have reasons", run: |_, files| Ok(each(files, source::lint_exceptions)) },
    Check { name: "no unfinished work", run: |_, files| Ok(each(files, text::unfinished_work)) },
    Check { name: "no machine paths", run: |_, files| Ok(each(files, text::machine_paths)) },
    Check { name: "no private registries", run: |_, files| Ok(each(files, text::registries)) },
    Check { name: "links resolve", run: |workspace, files| Ok(links::resolve(workspace, files)) },
    Check { name: "known attacks have tests", run: |_, files| Ok(attacks::have_tests(files)) },
    Check { name: "MUSTs have tests", run: |_, files| Ok(musts::are_kept(files)) },
    Check { name: "settings in the manual", run: |_, files| Ok(settings::in_the_manual(files)) },
    Check { name: "templates hold no sentence", run: |_, files| Ok(each(files, templates::hold_no_sentence)) },
    Check { name: "licences", run: |workspace, _| packages::licences(workspace) },
    Check { name: "duplicate versions", run: |workspace, _| packages::duplicates(workspace) },
    Check { name: "package budget", run: |workspace, _| packages::budget(workspace) },
];

fn each(files: &[File], check: fn(&File) -> Findings) -> Findings {
    files.iter().flat_map(check).collect()
}

/// The command: every check, every finding, one line of summary.
pub(crate) fn run() -> Result<(), String> {
    check(&Workspace::find()?)?;
    println!("tidy: {} checks passed", CHECKS.len());
    Ok(())
}

/// `cargo xtask musts`: how many tests are named after a section of each standard.
pub(crate) fn list_musts() -> Result<(), String> {
    let files = read(&Workspace::find()?)?;
    let found = musts::by_standard(&files);
    for (standard, names) in &found {
        println!("{:>5}  {standard}", names.len());
    }
    println!("{:>5}  in all", found.values().map(std::collections::BTreeSet::len).sum::<usize>());
    Ok(())
}

/// Runs all checks before it fails, so that one run shows everything there is to fix.
pub(crate) fn check(workspace: &Workspace) -> Result<(), String> {
    let files = read(workspace)?;
    let mut found = 0;
    for check in CHECKS {
        for finding in (check.run)(workspace, &files).map_err(|error| format!("{}: {error}", check.name))? {
            println!("        {}: {finding}", check.name);
            found += 1;
        }
    }
    if found == 0 { Ok(()) } else { Err(format!("{found} finding(s), see above")) }
}

/// Every file that is UTF-8 text.
fn read(workspace: &Workspace) -> Result<Vec<File>, String> {
    let mut files = Vec::new();
    for path in workspace.files()? {
        let bytes =
            std::fs::read(workspace.root.join(&path)).map_err(|error| format!("cannot read {path}: {error}"))?;
        if let Ok(text) = String::from_utf8(bytes) {
            files.push(File { path, text });
        }
    }
    Ok(files)
}
