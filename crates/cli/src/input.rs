//! What people and pipes hand in: passwords (never as an argument, where other users of the machine could read them) and consent
//! to what cannot be undone.

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use symbolon_server::admin::NewPassword;
use zeroize::Zeroizing;

use crate::error::{CliError, FAILED};

/// More than any password; less than any mistake such as piping a disk.
const MAX_BYTES: usize = 64 * 1024;

/// Where a password comes from.
#[derive(Args, Debug)]
#[group(multiple = false)]
pub(crate) struct PasswordSource {
    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,
    /// Read the password from a file
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl PasswordSource {
    /// Whether one was named.
    pub(crate) const fn is_given(&self) -> bool {
        self.password_stdin || self.password_file.is_some()
    }

    /// Whether it comes from standard input, where then nothing else can come from.
    pub(crate) const fn is_stdin(&self) -> bool {
        self.password_stdin
    }

    /// The password: as named, else asked for twice.
    pub(crate) fn read(&self) -> Result<NewPassword, CliError> {
        self.named()?.map_or_else(ask_twice, Ok)
    }

    /// A password that exists already: as named, else asked for once.
    pub(crate) fn read_existing(&self) -> Result<NewPassword, CliError> {
        match self.named()? {
            Some(password) => Ok(password),
            None if std::io::stdin().is_terminal() => Ok(NewPassword(prompt("Password: ")?.into())),
            None => Err(nobody_to_ask()),
        }
    }

    fn named(&self) -> Result<Option<NewPassword>, CliError> {
        match &self.password_file {
            Some(path) => new_password_file(path).map(Some),
            None if self.password_stdin => not_empty(without_line_end(read_stdin("the password")?)).map(Some),
            None => Ok(None),
        }
    }
}

fn not_empty(password: NewPassword) -> Result<NewPassword, CliError> {
    if password.0.is_empty() {
        return Err(CliError::usage("the password is empty", "write it to the file, or pipe it in"));
    }
    Ok(password)
}

/// The password in a file, without the end of its line.
pub(crate) fn password_file(path: &Path) -> Result<NewPassword, CliError> {
    read_file(path).map(without_line_end)
}

/// The same where it is to encrypt something.
pub(crate) fn new_password_file(path: &Path) -> Result<NewPassword, CliError> {
    password_file(path).and_then(not_empty)
}

fn without_line_end(mut text: Zeroizing<String>) -> NewPassword {
    let kept = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(kept);
    NewPassword(text)
}

/// Everything that is piped in, up to `max` bytes; wiped on drop.
pub(crate) fn pipe(what: &str, max: usize) -> Result<Zeroizing<Vec<u8>>, CliError> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        return Err(CliError::usage(format!("{what} is missing"), "pipe it in, or name a file"));
    }
    let read = bounded(stdin.lock(), max).map_err(|why| {
        CliError::new(FAILED, format!("{what} could not be read: {why}"), "pipe it in again, or name a file")
    })?;
    read.ok_or_else(|| too_long(what, max))
}

/// A file of at most `max` bytes; wiped on drop.
pub(crate) fn read_bytes(path: &Path, max: usize) -> Result<Zeroizing<Vec<u8>>, CliError> {
    let read = std::fs::File::open(path).and_then(|file| bounded(file, max)).map_err(|why| unreadable(path, &why))?;
    read.ok_or_else(|| too_long(&path.display().to_string(), max))
}

/// Nothing if there is more than `max`.
fn bounded(from: impl std::io::Read, max: usize) -> std::io::Result<Option<Zeroizing<Vec<u8>>>> {
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    // Room for all that is secret, a whole key set: growing would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(max.min(512 * 1024) + 1));
    from.take(limit).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= max).then_some(bytes))
}

fn too_long(what: &str, max: usize) -> CliError {
    CliError::new(FAILED, format!("{what} is longer than {} KiB", max / 1024), "check that it is what you mean")
}

fn unreadable(path: &Path, why: &std::io::Error) -> CliError {
    CliError::new(FAILED, format!("{} cannot be read: {why}", path.display()), "check the path and who may read it")
}

/// Everything on standard input; on a terminal it is asked for without being shown.
pub(crate) fn read_stdin(what: &str) -> Result<Zeroizing<String>, CliError> {
    if std::io::stdin().is_terminal() {
        return prompt(&format!("{what}: ")).map(Zeroizing::new);
    }
    text(&pipe(what, MAX_BYTES)?, what)
}

/// A text file of sensible size; wiped on drop.
pub(crate) fn read_file(path: &Path) -> Result<Zeroizing<String>, CliError> {
    text(&read_bytes(path, MAX_BYTES)?, &path.display().to_string())
}

fn text(bytes: &[u8], what: &str) -> Result<Zeroizing<String>, CliError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => {
            Err(CliError::new(FAILED, format!("{what} is not a text in UTF-8"), "check that it is what you mean"))
        }
    }
}

/// Asks before something that cannot be undone. `--yes` answers; without a terminal nobody can be asked.
pub(crate) fn confirm(yes: Consent, question: &str) -> Result<(), CliError> {
    if yes == Consent::Given {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(CliError::usage(format!("{question} Nobody can be asked here"), "repeat the command with --yes"));
    }
    // If the question cannot be shown, the answer below is an honest "no".
    let _ = write!(std::io::stderr(), "{question} [y/N] ");
    let mut answer = String::new();
    let answered = std::io::stdin().read_line(&mut answer).is_ok();
    if answered && matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(CliError::new(FAILED, "nothing was changed", "repeat the command and answer y"))
}

/// Whether `--yes` was given.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Yes {
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

impl Yes {
    pub(crate) const fn consent(self) -> Consent {
        if self.yes { Consent::Given } else { Consent::Wanted }
    }
}

/// Consent to what cannot be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consent {
    /// Given beforehand.
    Given,
    /// Has to be asked for.
    Wanted,
}

fn ask_twice() -> Result<NewPassword, CliError> {
    if !std::io::stdin().is_terminal() {
        return Err(nobody_to_ask());
    }
    let (once, again) = (prompt("Password: ")?, prompt("Password, once more: ")?);
    if once == again {
        return Ok(NewPassword(once.into()));
    }
    Err(CliError::new(FAILED, "the two passwords differ", "repeat the command"))
}

fn nobody_to_ask() -> CliError {
    CliError::usage("no password was given and nobody can be asked here", "--password-stdin or --password-file FILE")
}

fn prompt(text: &str) -> Result<String, CliError> {
    rpassword::prompt_password(text).map_err(|why| {
        CliError::new(FAILED, format!("nothing could be asked on this terminal: {why}"), "use a pipe or a file")
    })
}
