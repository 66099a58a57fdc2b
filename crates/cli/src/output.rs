//! What is printed and where: data to standard output, words to standard error; tables for people, tab-separated lines for pipes,
//! JSON for programs. Whatever comes from outside is printed without control characters, so no name can drive the terminal.

use std::cell::RefCell;
use std::io::{self, ErrorKind, IsTerminal as _, Write as _};

use serde_json::{Value, json};

use crate::command::Global;
use crate::error::{CliError, FAILED};
use crate::program::Program;

/// Version of the shapes that `--json` prints; it grows when one changes incompatibly.
const FORMAT_VERSION: u32 = 1;

/// Where and how to print.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    terminal: bool,
    colour: bool,
    program: Program,
    /// What kept data from being written. A reader that has gone away wants no more, and is no failure.
    unwritten: RefCell<Option<io::Error>>,
}

impl Output {
    pub(crate) fn new(global: &Global) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Self {
            json: global.json,
            terminal: std::io::stdout().is_terminal(),
            colour: !plain && std::io::stderr().is_terminal(),
            program: Program::new(std::env::args_os().next().as_deref(), global),
            unwritten: RefCell::default(),
        }
    }

    /// Before the options are known, where a program will read the answer.
    pub(crate) fn for_programs() -> Self {
        Self::new(&Global { json: true, config: None, data: None })
    }

    /// Whether a program reads the answer.
    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Whether a person reads the data.
    pub(crate) const fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// The whole answer for a program.
    pub(crate) fn json(&self, value: &Value) {
        let mut answer = json!({ "format_version": FORMAT_VERSION });
        if let (Value::Object(answer), Value::Object(members)) = (&mut answer, value) {
            answer.extend(members.clone());
        }
        self.line(&format!("{answer:#}"));
    }

    /// One line of data.
    pub(crate) fn line(&self, text: &str) {
        self.note(writeln!(io::stdout().lock(), "{text}"));
    }

    fn note(&self, written: io::Result<()>) {
        if let Err(why) = written
            && why.kind() != ErrorKind::BrokenPipe
        {
            self.unwritten.replace(Some(why));
        }
    }

    /// Whether all data has been written; a command that did what it should has failed all the same if nobody can read its answer.
    pub(crate) fn finish(&self) -> Result<(), CliError> {
        self.note(io::stdout().flush());
        match self.unwritten.take() {
            None => Ok(()),
            Some(why) => Err(CliError::new(
                FAILED,
                format!("standard output cannot be written: {why}"),
                "what was done is done; check where the output goes",
            )),
        }
    }

    /// Bytes as they are; on a terminal as text without control characters.
    pub(crate) fn content(&self, bytes: &[u8]) {
        if self.terminal {
            self.line(&lines(&String::from_utf8_lossy(bytes)));
        } else {
            let mut stdout = io::stdout().lock();
            self.note(stdout.write_all(bytes).and_then(|()| stdout.flush()));
        }
    }

    /// Rows under headings; in a pipe without headings, separated by tabs.
    pub(crate) fn table(&self, headings: &[&str], rows: &[Vec<String>]) {
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| visible(cell)).collect()).collect();
        if !self.terminal {
            return rows.iter().for_each(|row| self.line(&row.join("\t")));
        }
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
            cells.chain([headings[column].len()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..headings.len()).map(width).collect();
        let print = |cells: &mut dyn Iterator<Item = &str>| {
            let padded = cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            self.line(padded.collect::<Vec<String>>().join("  ").trim_end());
        };
        print(&mut headings.iter().copied());
        for row in &rows {
            print(&mut row.iter().map(String::as_str));
        }
    }

    /// Names and values, one pair per line; empty values are left out.
    pub(crate) fn fields(&self, fields: &[(&str, String)]) {
        let width = fields.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
            let value = visible(value);
            let line = if self.terminal { format!("{name:<width$}  {value}") } else { format!("{name}\t{value}") };
            self.line(&line);
        }
    }

    /// Words for people.
    pub(crate) fn say(&self, text: &str) {
        if !self.json {
            self.complain(text);
        }
    }

    /// What to do next.
    pub(crate) fn next(&self, command: &str) {
        self.say(&format!("{} {}", self.dim("next:"), self.spell(command)));
    }

    /// A hint with its commands written as they must be called here.
    pub(crate) fn spell(&self, hint: &str) -> String {
        self.program.spell(hint)
    }

    /// What can be done and is probably not meant so.
    pub(crate) fn warn(&self, what: &str, fix: &str) {
        self.say(&format!("warning: {what}\n  try: {}", self.spell(fix)));
    }

    /// A failure, with what to try.
    pub(crate) fn error(&self, error: &CliError) {
        if self.json {
            let problems: Vec<Value> = error
                .problems
                .iter()
                .map(|(message, hint)| json!({ "message": message, "try": self.spell(hint) }))
                .collect();
            let report = json!({ "format_version": FORMAT_VERSION, "error": error.word(), "exit_code": error.code, "problems": problems });
            return self.complain(&format!("{report:#}"));
        }
        for (message, hint) in &error.problems {
            self.complain(&format!("{} {}", self.red("error:"), lines(message)));
            self.complain(&format!("  {} {}", self.dim("try:"), lines(&self.spell(hint))));
        }
    }

    #[expect(clippy::unused_self, reason = "whoever prints has been told how")]
    fn complain(&self, text: &str) {
        // Nobody reads: nothing left to do.
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    fn dim(&self, text: &str) -> String {
        self.styled("2", text)
    }

    fn red(&self, text: &str) -> String {
        self.styled("1;31", text)
    }

    fn styled(&self, style: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{style}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// Without control characters.
pub(crate) fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || is_bidi_control(c) { '\u{fffd}' } else { c }).collect()
}

/// The same for messages, which may have several lines.
fn lines(text: &str) -> String {
    text.lines().map(visible).collect::<Vec<String>>().join("\n")
}

/// Characters that reorder what stands around them (CVE-2021-42574).
const fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A member as text for people: texts as they are, lists joined by commas, nothing for null.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<String>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_drives_the_terminal() {
        assert_eq!(visible("a\u{1b}[2Jb\r\n\tc\u{202e}d"), "a\u{fffd}[2Jb\u{fffd}\u{fffd}\u{fffd}c\u{fffd}d");
        assert_eq!(visible("Zoë 日本"), "Zoë 日本");
    }

    #[test]
    fn members_read_as_people_write_them() {
        assert_eq!(text(&json!(["a", "b"])), "a, b");
        assert_eq!(text(&json!(null)), "");
        assert_eq!(text(&json!(7)), "7");
    }
}
