//! The workspace as its tools see it: where things are, which files belong to it, which packages it pulls in.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::process;

/// The platform whose packages are counted and judged.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// Where the workspace is and where its builds go.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) members: Vec<Member>,
}

/// A crate of the workspace and what its manifest names.
#[derive(Deserialize)]
pub(crate) struct Member {
    pub(crate) name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

impl Member {
    /// Names of direct dependencies, without those only tests use.
    pub(crate) fn normal_dependencies(&self) -> impl Iterator<Item = &str> {
        self.dependencies.iter().filter(|it| it.kind.as_deref() != Some("dev")).map(|it| it.name.as_str())
    }
}

impl Workspace {
    /// Asks cargo, starting from the folder this program was built in.
    pub(crate) fn find() -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Metadata {
            packages: Vec<Member>,
            workspace_root: PathBuf,
            target_directory: PathBuf,
        }
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = process::output(process::cargo(here).args(["metadata", "--format-version=1", "--no-deps"]))?;
        let found: Metadata = serde_json::from_str(&text).map_err(|error| format!("cargo metadata: {error}"))?;
        Ok(Self { root: found.workspace_root, target: found.target_directory, members: found.packages })
    }

    /// Every file git tracks or would track, relative to the root.
    pub(crate) fn files(&self) -> Result<Vec<String>, String> {
        let mut git = process::command("git", &self.root);
        let listed = process::output(git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]))?;
        let names: BTreeSet<&str> = listed.split('\0').filter(|name| !name.is_empty()).collect();
        Ok(names.into_iter().filter(|name| self.root.join(name).is_file()).map(str::to_owned).collect())
    }

    /// Third-party packages behind `packages` (or the whole workspace when empty), as this platform builds them.
    pub(crate) fn packages(&self, packages: &[&str], edges: &str) -> Result<BTreeSet<Package>, String> {
        let mut cargo = process::cargo(&self.root);
        cargo.args(["tree", "--locked", "--prefix=none", "--format={p}|{l}", "--target", PLATFORM, "--edges", edges]);
        if packages.is_empty() {
            cargo.args(["--workspace", "--all-features"]);
        }
        for package in packages {
            cargo.args(["--package", package]);
        }
        let listed = process::output(&mut cargo)?;
        Ok(listed.lines().filter_map(Package::parse).collect())
    }
}

/// One version of one third-party package.
#[derive(Clone, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) licence: String,
}

impl Package {
    /// Reads `name vX.Y.Z (note)|licence`; the workspace's own crates carry their path as note and are left out.
    fn parse(line: &str) -> Option<Self> {
        let (package, licence) = line.trim_end_matches(" (*)").split_once('|')?;
        let mut words = package.split(' ');
        let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
        if words.next().is_some_and(|note| note.starts_with("(/")) {
            return None;
        }
        Some(Self { name: name.to_owned(), version: version.to_owned(), licence: licence.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::Package;

    #[test]
    fn reads_a_line_of_the_tree() {
        let package = Package::parse("syn v3.0.10|MIT OR Apache-2.0 (*)").unwrap();
        assert_eq!((package.name.as_str(), package.version.as_str()), ("syn", "3.0.10"));
        assert_eq!(package.licence, "MIT OR Apache-2.0");
        assert!(Package::parse("serde_derive v1.0.229 (proc-macro)|MIT OR Apache-2.0").is_some());
    }

    #[test]
    fn leaves_out_our_own_crates_and_blank_lines() {
        assert!(Package::parse("symbolon v0.1.0 (/somewhere/crates/cli)|MIT OR Apache-2.0").is_none());
        assert!(Package::parse("").is_none());
    }
}
