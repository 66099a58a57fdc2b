//! The crate arrows of ARCHITECTURE.md: who may depend on whom, and which crates stay free of I/O.

use std::collections::BTreeSet;

use super::{File, Findings};
use crate::tree::Workspace;

/// Each crate and the crates of this workspace it may name. Tests may name more.
const ARROWS: &[(&str, &[&str])] = &[
    ("dragons-api", &["symbolon-guard"]),
    (
        "symbolon",
        &[
            "dragons-api",
            "symbolon-gateway",
            "symbolon-guard",
            "symbolon-jose",
            "symbolon-oauth",
            "symbolon-server",
            "symbolon-store",
        ],
    ),
    ("postgres-fixture", &[]),
    ("symbolon-factors", &["symbolon-jose"]),
    ("symbolon-gateway", &["symbolon-guard", "symbolon-jose", "symbolon-oauth", "symbolon-server"]),
    ("symbolon-guard", &["symbolon-jose", "symbolon-oauth", "symbolon-revocation"]),
    ("symbolon-jose", &[]),
    ("symbolon-oauth", &["symbolon-jose"]),
    ("symbolon-revocation", &["symbolon-jose"]),
    (
        "symbolon-server",
        &["symbolon-factors", "symbolon-jose", "symbolon-oauth", "symbolon-revocation", "symbolon-store"],
    ),
    ("symbolon-store", &["symbolon-jose"]),
    ("valkey-fixture", &[]),
    ("xtask", &[]),
];

/// May name every crate: they measure them and harm them.
const UNBOUND: &[&str] = &["symbolon-bench", "symbolon-fault"];

/// Crates that are bytes in, values out.
const PURE: &[&str] = &["symbolon-factors", "symbolon-jose", "symbolon-oauth", "symbolon-revocation"];

/// Packages a pure crate must not reach, directly or through others.
const IMPURE_PACKAGES: &[&str] =
    &["axum", "hyper", "hyper-util", "mio", "rusqlite", "socket2", "sqlx", "tokio", "tokio-postgres", "tower"];

/// Names a pure crate's code must not contain.
const IMPURE_NAMES: &[&str] =
    &["tokio", "axum", "hyper", "rusqlite", "sqlx", "tokio_postgres", "SystemTime", "Instant"];

/// Every dependency between crates of the workspace is one of [`ARROWS`].
pub(super) fn between_crates(workspace: &Workspace) -> Findings {
    let ours: BTreeSet<&str> = workspace.members.iter().map(|member| member.name.as_str()).collect();
    let mut findings = Findings::new();
    for member in workspace.members.iter().filter(|member| !UNBOUND.contains(&member.name.as_str())) {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == member.name) else {
            findings
                .push(format!("{} is a new crate: add its arrows to tidy/arrows.rs and ARCHITECTURE.md", member.name));
            continue;
        };
        for dependency in member.normal_dependencies().filter(|it| ours.contains(it) && !allowed.contains(it)) {
            findings.push(format!("{} must not depend on {dependency}", member.name));
        }
    }
    findings
}

/// The pure crates never name an async runtime, an HTTP framework, a database or a clock.
pub(super) fn pure_crates(workspace: &Workspace, files: &[File]) -> Result<Findings, String> {
    let mut findings = Findings::new();
    for name in PURE {
        let reached = workspace.packages(&[name], "normal")?;
        let impure = reached.iter().filter(|it| IMPURE_PACKAGES.contains(&it.name.as_str()));
        findings.extend(impure.map(|it| format!("{name} reaches {}", it.name)));
        let folder = format!("crates/{}/src/", name.trim_start_matches("symbolon-"));
        for file in files.iter().filter(|file| file.path.starts_with(&folder) && file.has_extension(&["rs"])) {
            findings.extend(impure_names(file));
        }
    }
    Ok(findings)
}

fn impure_names(file: &File) -> Findings {
    let code = file.lines().filter(|(_, line)| !line.trim_start().starts_with("//"));
    code.filter_map(|(number, line)| {
        let name = words(line).find(|word| IMPURE_NAMES.contains(word))?;
        Some(file.finding(number, format_args!("a pure crate must not name {name}")))
    })
    .collect()
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|it: char| !it.is_alphanumeric() && it != '_')
}

#[cfg(test)]
mod tests {
    use super::{File, impure_names};

    fn found(text: &str) -> usize {
        impure_names(&File { path: "crates/jose/src/x.rs".into(), text: text.into() }).len()
    }

    #[test]
    fn a_clock_in_a_pure_crate_is_found() {
        assert_eq!(found("let now = SystemTime::now();"), 1);
        assert_eq!(found("use tokio::sync::Mutex;\nuse axum::Router;"), 2);
    }

    #[test]
    fn comments_and_longer_words_are_not() {
        assert_eq!(found("// no tokio here\n/// nor an Instant"), 0);
        assert_eq!(found("let instant_of_issue = Instantaneous;"), 0);
    }
}
