//! Checks of any text file: nothing unfinished, nothing that names the machine it was written on.
//!
//! The words looked for are put together here, so that this file does not find itself.

use super::{File, Findings};

const UNFINISHED: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
];

/// Where people and programs keep checkouts. A path of a container or of a distribution is fine.
const MACHINE_PATHS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("C:\\", "Users"),
];

/// The registries a lock file may name.
const PUBLIC_REGISTRIES: &[&str] =
    &["https://registry.npmjs.org/", "registry+https://github.com/rust-lang/crates.io-index"];

/// A note to oneself belongs in the issue tracker. A lock file is full of digests, which may spell anything.
pub(super) fn unfinished_work(file: &File) -> Findings {
    if file.file_name() == "package-lock.json" {
        return Findings::new();
    }
    containing(file, UNFINISHED, "unfinished work")
}

/// What works only on one machine works for nobody else.
pub(super) fn machine_paths(file: &File) -> Findings {
    containing(file, MACHINE_PATHS, "a path of one machine")
}

/// Our packages, from a sample.
const OURS: &str = "file:../../sdk/";
/// npm copies our packages into the samples, instead of linking to them.
const COPIES_OURS: &str = "install-links=true";

/// Lock files name the public registries, our own packages or none; no file redirects to another.
pub(super) fn registries(file: &File) -> Findings {
    let key = match file.file_name() {
        ".npmrc" => {
            let foreign = file.lines().filter(|(_, line)| !line.starts_with('#') && *line != COPIES_OURS);
            let what = "registry settings belong to the machine, not to the tree";
            return foreign.map(|(number, _)| file.finding(number, what)).collect();
        }
        "config.toml" if file.is_under(".cargo") => {
            return containing(
                file,
                &["[source", "[registries", "[registry"],
                "registry settings belong to the machine",
            );
        }
        "package-lock.json" => "\"resolved\": \"",
        "Cargo.lock" => "source = \"",
        _ => return Findings::new(),
    };
    let named = file.lines().filter_map(|(number, line)| Some((number, line.trim_start().strip_prefix(key)?)));
    let sources = [PUBLIC_REGISTRIES, &[OURS]].concat();
    let foreign = named.filter(|(_, source)| !sources.iter().any(|known| source.starts_with(known)));
    foreign.map(|(number, _)| file.finding(number, "a source that is not the public registry")).collect()
}

fn containing(file: &File, needles: &[&str], what: &str) -> Findings {
    let hits = file.lines().filter_map(|(number, line)| Some((number, needles.iter().find(|it| line.contains(**it))?)));
    hits.map(|(number, needle)| file.finding(number, format_args!("{what}: {needle}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::{File, machine_paths, registries, unfinished_work};

    fn file(path: &str, text: &str) -> File {
        File { path: path.into(), text: text.into() }
    }

    #[test]
    fn notes_to_oneself_are_found() {
        assert_eq!(unfinished_work(&file("a.md", concat!("fine\nTO", "DO: later"))).len(), 1);
        assert!(unfinished_work(&file("a.md", "what to do next")).is_empty());
        assert!(unfinished_work(&file("sdk/package-lock.json", concat!("sha512-HhgXX", "Xevb5d"))).is_empty());
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        assert_eq!(machine_paths(&file("a.sh", concat!("cd /ho", "me/someone/symbolon"))).len(), 1);
        assert!(machine_paths(&file("a.sh", "cd /var/lib/symbolon")).is_empty());
    }

    #[test]
    fn only_public_registries_stand_in_lock_files() {
        let public = "  \"resolved\": \"https://registry.npmjs.org/a/-/a-1.0.0.tgz\",";
        let mirror = "  \"resolved\": \"https://mirror.example/a/-/a-1.0.0.tgz\",";
        assert!(registries(&file("sdk/js/package-lock.json", public)).is_empty());
        assert_eq!(registries(&file("sdk/js/package-lock.json", mirror)).len(), 1);
        assert_eq!(registries(&file("Cargo.lock", "source = \"git+https://example.com/x\"")).len(), 1);
        assert_eq!(registries(&file("sdk/js/.npmrc", "registry=https://mirror.example/")).len(), 1);
        assert!(registries(&file("examples/app/.npmrc", "# as npm would\ninstall-links=true\n")).is_empty());
        let ours = "  \"resolved\": \"file:../../sdk/js\",";
        assert!(registries(&file("examples/app/package-lock.json", ours)).is_empty());
        let elsewhere = "  \"resolved\": \"file:../../../elsewhere\",";
        assert_eq!(registries(&file("examples/app/package-lock.json", elsewhere)).len(), 1);
        assert_eq!(registries(&file(".cargo/config.toml", "[source.crates-io]")).len(), 1);
    }
}
