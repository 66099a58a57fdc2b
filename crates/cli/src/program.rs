//! How this program was called: a command that is printed as the next step must run as it stands, also where the program is not
//! on the PATH, or where the data or the configuration is not in its usual place.

use std::ffi::OsStr;
use std::path::Path;

use clap::CommandFactory as _;

use crate::command::{Cli, Global};

/// What texts call the program.
const NAME: &str = "symbolon";

/// The words that call this program as it was called.
#[derive(Debug)]
pub(crate) struct Program {
    /// The name, or the path where it was called by one.
    name: String,
    /// The places that were named: ` --config FILE --data DIR`, or nothing.
    places: String,
    subcommands: Vec<String>,
}

impl Program {
    /// From `argv[0]` and the global options.
    pub(crate) fn new(called: Option<&OsStr>, global: &Global) -> Self {
        let path = called.and_then(OsStr::to_str).filter(|called| called.contains('/'));
        let place = |option: &str, path: Option<&Path>| match path {
            Some(path) => format!(" {option} {}", quoted(&path.display().to_string())),
            None => String::new(),
        };
        Self {
            name: path.map_or_else(|| NAME.to_owned(), quoted),
            places: format!(
                "{}{}",
                place("--config", global.config.as_deref()),
                place("--data", global.data.as_deref())
            ),
            subcommands: Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect(),
        }
    }

    /// `text` with every command of this program written as it must be called here.
    pub(crate) fn spell(&self, text: &str) -> String {
        let mut spelt = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("symbolon ") {
            let (before, after) = (&rest[..at], &rest[at + NAME.len()..]);
            let begins = !before.ends_with(|c: char| c.is_alphanumeric() || "/-_.".contains(c));
            spelt.push_str(before);
            match self.spelling(after).filter(|_| begins) {
                Some((name, places)) => spelt.extend([name, places]),
                None => spelt.push_str(NAME),
            }
            rest = after;
        }
        spelt + rest
    }

    /// How the name before `after` is spelt, if it calls a command. Where options stand already, the places are among them.
    fn spelling(&self, after: &str) -> Option<(&str, &str)> {
        let word = after.trim_start().split(|c: char| !c.is_ascii_alphabetic() && c != '-').next()?;
        // A new configuration is not to be written with the places of one that is missing.
        if word.starts_with("--") || word == "init" {
            return Some((&self.name, ""));
        }
        self.subcommands.iter().any(|name| name == word).then_some((&self.name, &self.places))
    }
}

/// As one word of a shell.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./:@%+=,-".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(called: &str, data: Option<&str>) -> Program {
        let global = Global { json: false, config: None, data: data.map(Into::into) };
        Program::new(Some(OsStr::new(called)), &global)
    }

    #[test]
    fn commands_are_spelt_as_they_must_be_called() {
        let here = program("target/debug/symbolon", Some("my data"));
        for (text, spelt) in [
            ("symbolon user list", "target/debug/symbolon --data 'my data' user list"),
            ("or: symbolon doctor", "or: target/debug/symbolon --data 'my data' doctor"),
            ("symbolon --config a.toml serve", "target/debug/symbolon --config a.toml serve"),
            (
                "symbolon serve, or symbolon init",
                "target/debug/symbolon --data 'my data' serve, or target/debug/symbolon init",
            ),
        ] {
            assert_eq!(here.spell(text), spelt);
        }
        assert_eq!(program("symbolon", None).spell("symbolon user list"), "symbolon user list");
        assert_eq!(program("/opt/it's/symbolon", None).spell("symbolon doctor"), "'/opt/it'\\''s/symbolon' doctor");
    }

    #[test]
    fn words_that_are_no_command_are_left_alone() {
        let here = program("./symbolon", Some("x"));
        for text in [
            "sudo -u symbolon …",
            "run symbolon as its owner",
            "/opt/symbolon serve",
            "symbolon",
            "symbolon.toml",
            "my-symbolon user",
        ] {
            assert_eq!(here.spell(text), text);
        }
    }
}
