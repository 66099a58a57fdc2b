//! What third-party packages may be: their licences, one version of each, not too many of them.
//!
//! The lists are those of `deny.toml`, so that `cargo deny` and this agree.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Findings, licence};
use crate::tree::Workspace;

/// Packages in the Linux tree of the binary: a clean build must stay bearable on two cores.
const BUDGET: usize = 245;

#[derive(Deserialize)]
struct Deny {
    licenses: Licences,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    #[serde(default)]
    skip: Vec<Skip>,
}

#[derive(Deserialize)]
struct Skip {
    #[serde(rename = "crate")]
    package: String,
    reason: String,
}

fn deny(workspace: &Workspace) -> Result<Deny, String> {
    let text =
        std::fs::read_to_string(workspace.root.join("deny.toml")).map_err(|error| format!("deny.toml: {error}"))?;
    toml::from_str(&text).map_err(|error| format!("deny.toml: {error}"))
}

/// Every package's licence can be satisfied from the list.
pub(super) fn licences(workspace: &Workspace) -> Result<Findings, String> {
    let allowed = deny(workspace)?.licenses.allow;
    let packages = workspace.packages(&[], "normal,build,dev")?;
    let bad = packages.iter().filter(|it| !licence::satisfied(&it.licence, &allowed));
    Ok(bad.map(|it| format!("{} {} is licensed {:?}", it.name, it.version, it.licence)).collect())
}

/// Two versions of one package need a `[bans] skip` with a reason, and a skip needs two versions.
pub(super) fn duplicates(workspace: &Workspace) -> Result<Findings, String> {
    let deny = deny(workspace)?;
    let mut versions = BTreeMap::<String, Vec<String>>::new();
    for package in workspace.packages(&[], "normal,build,dev")? {
        versions.entry(package.name).or_default().push(package.version);
    }
    let twice = |name: &str| versions.get(name).is_some_and(|found| found.len() > 1);
    let skipped = |name: &str| deny.bans.skip.iter().any(|skip| name_of(skip) == name && !skip.reason.is_empty());
    let mut findings = Findings::new();
    for (name, found) in versions.iter().filter(|(name, found)| found.len() > 1 && !skipped(name)) {
        findings.push(format!("{name} in versions {}: remove one, or argue in deny.toml", found.join(" and ")));
    }
    let idle = deny.bans.skip.iter().filter(|skip| !twice(name_of(skip)));
    findings.extend(idle.map(|skip| format!("deny.toml skips {}, of which there is one version", skip.package)));
    Ok(findings)
}

fn name_of(skip: &Skip) -> &str {
    skip.package.split('@').next().unwrap_or_default()
}

/// The binary's tree, with what builds it, without what only tests it.
pub(super) fn budget(workspace: &Workspace) -> Result<Findings, String> {
    let count = workspace.packages(&["symbolon"], "normal,build")?.len();
    if count <= BUDGET {
        return Ok(Findings::new());
    }
    Ok(vec![format!("the binary pulls in {count} packages; the budget is {BUDGET}")])
}
