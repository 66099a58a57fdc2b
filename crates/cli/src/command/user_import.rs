//! `symbolon user import`: accounts of other systems, a batch at a time, in constant memory. Interrupted, it is repeated as it was: who is there already
//! is passed over.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use symbolon_server::admin::{Command, ImportBatch, OnConflict, UserCommand};
use symbolon_server::import::{Account, Format, HashConfig, Ids, Item, Shape, read};

use super::Global;
use crate::connect::Link;
use crate::error::{CHECK_FAILED, CONFLICT, CliError, FAILED};
use crate::input;
use crate::output::{Output, text};
use crate::progress::Progress;

/// Accounts that travel at once.
const BATCH: usize = 500;
/// The same where each has to be hashed, so that a batch does not take longer than a command may.
const SLOW_BATCH: usize = 50;
/// Bytes of a batch; the control socket takes twice as many.
const BATCH_BYTES: usize = 512 * 1024;
/// Bytes of one account at most.
const ACCOUNT_BYTES: usize = 256 * 1024;
/// Refusals that are shown where no file takes them.
const SHOWN: u64 = 20;

pub(crate) const HELP: &str = "Examples:\n  \
    symbolon user import users.ndjson --dry-run\n  \
    symbolon user import users.json --format firebase --hash-config hash.txt\n  \
    symbolon user import realm.json --format keycloak --keep-ids\n  \
    zcat export.ndjson.gz | symbolon user import - --format auth0 --report refused.ndjson\n\n\
    Repeat the command if it was interrupted: who is there already is passed over. The manual has each format with an example.";

#[derive(Args, Debug)]
pub(crate) struct Import {
    /// The export; - for standard input
    file: PathBuf,
    /// Whose export it is: symbolon, csv, auth0, keycloak, firebase or stormpath
    #[arg(long, value_name = "FORMAT", default_value = "symbolon")]
    format: Format,
    /// What to do with whom somebody has the user name or address of already
    #[arg(long, value_name = "WHAT", default_value = "skip")]
    on_conflict: Conflicts,
    /// Keep the ids people had, which are the `sub` of tokens
    #[arg(long)]
    keep_ids: bool,
    /// The password hash parameters of a Firebase project, as its console shows them
    #[arg(long, value_name = "FILE")]
    hash_config: Option<PathBuf>,
    /// Write who was refused, and why, to this file [default: FILE.refused]
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Conflicts {
    /// Stop at the first
    Fail,
    /// Leave the account as it is
    Skip,
    /// Replace the profile, and the password unless it was set or used here
    Update,
}

impl From<Conflicts> for OnConflict {
    fn from(conflicts: Conflicts) -> Self {
        match conflicts {
            Conflicts::Fail => Self::Fail,
            Conflicts::Skip => Self::Skip,
            Conflicts::Update => Self::Update,
        }
    }
}

impl Import {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        let shape = self.shape()?;
        let (file, total): (Box<dyn BufRead>, Option<u64>) = if self.is_stdin() {
            (Box::new(BufReader::with_capacity(256 * 1024, io::stdin())), None)
        } else {
            let file = File::open(&self.file).map_err(|why| unreadable(&self.file, &why))?;
            let bytes = file.metadata().map(|metadata| metadata.len()).ok();
            (Box::new(BufReader::with_capacity(256 * 1024, file)), bytes)
        };
        let link = Link::open(global)?;
        let mut running = Running {
            link,
            output,
            progress: Progress::new(output),
            total,
            bytes: 0,
            on_conflict: self.on_conflict.into(),
            dry_run: self.dry_run,
            batch: Vec::new(),
            batch_bytes: 0,
            slow: 0,
            counts: Counts::default(),
            report: self.report(),
        };
        let done = read(shape.format, file, &mut |item| running.take(&shape, item));
        // What was read before the file broke off counts.
        let sent = running.send();
        running.progress.clear();
        running.report.finish()?;
        match done {
            Ok(()) => sent?,
            Err(Stop::Command(why)) => return Err(why),
            Err(Stop::File(why)) => {
                sent?;
                running.counts.tell(&self, output);
                return Err(unreadable(&self.file, &why));
            }
        }
        running.counts.finish(&self, output)
    }

    fn is_stdin(&self) -> bool {
        self.file.as_os_str() == "-"
    }

    fn shape(&self) -> Result<Shape, CliError> {
        let firebase = match &self.hash_config {
            Some(path) => {
                let parsed = HashConfig::parse(&input::read_file(path)?);
                let hint = "copy \"Password hash parameters\" from the Users page of the Firebase console";
                Some(parsed.map_err(|why| CliError::usage(format!("{}: {why}", path.display()), hint))?)
            }
            None => None,
        };
        if self.format == Format::Firebase && firebase.is_none() {
            let hint = "save \"Password hash parameters\" of the Firebase console, and name that file";
            return Err(CliError::usage("Firebase's hashes need --hash-config", hint));
        }
        Ok(Shape { format: self.format, firebase, ids: if self.keep_ids { Ids::Keep } else { Ids::New } })
    }

    fn report_path(&self) -> Option<PathBuf> {
        let beside = || {
            let mut name = self.file.as_os_str().to_owned();
            name.push(".refused");
            PathBuf::from(name)
        };
        self.report.clone().or_else(|| (!self.is_stdin()).then(beside))
    }

    fn report(&self) -> Report {
        Report { path: self.report_path(), named: self.report.is_some(), file: None, shown: 0 }
    }
}

/// What ends the reading.
enum Stop {
    Command(CliError),
    File(io::Error),
}

impl From<io::Error> for Stop {
    fn from(why: io::Error) -> Self {
        Self::File(why)
    }
}

/// An import under way.
struct Running<'a> {
    link: Link,
    output: &'a Output,
    progress: Progress,
    total: Option<u64>,
    bytes: u64,
    on_conflict: OnConflict,
    dry_run: bool,
    batch: Vec<(u64, Account)>,
    batch_bytes: usize,
    slow: usize,
    counts: Counts,
    report: Report,
}

#[derive(Default)]
struct Counts {
    created: u64,
    updated: u64,
    present: u64,
    refused: u64,
}

impl Running<'_> {
    fn take(&mut self, shape: &Shape, item: Item) -> Result<(), Stop> {
        self.bytes = item.bytes;
        let account = match item.record.and_then(|record| shape.keepable(record)) {
            Ok(account) => account,
            Err(cause) => return self.refuse(item.line, None, &cause).map_err(Stop::Command),
        };
        let size = serde_json::to_vec(&account).map_or(usize::MAX, |written| written.len());
        if size > ACCOUNT_BYTES {
            let cause = "the account is larger than 256 KiB";
            return self.refuse(item.line, account.identifier(), cause).map_err(Stop::Command);
        }
        if self.batch_bytes + size > BATCH_BYTES {
            self.send().map_err(Stop::Command)?;
        }
        self.slow += usize::from(account.is_slow());
        self.batch_bytes += size;
        self.batch.push((item.line, account));
        let full = self.batch.len() >= BATCH || self.slow >= SLOW_BATCH;
        if full { self.send().map_err(Stop::Command) } else { Ok(()) }
    }

    fn send(&mut self) -> Result<(), CliError> {
        let batch = std::mem::take(&mut self.batch);
        (self.batch_bytes, self.slow) = (0, 0);
        if batch.is_empty() {
            return Ok(());
        }
        let (places, accounts): (Vec<(u64, Option<String>)>, Vec<Account>) =
            batch.into_iter().map(|(line, account)| ((line, account.identifier().map(str::to_owned)), account)).unzip();
        let batch = ImportBatch { accounts, on_conflict: self.on_conflict, dry_run: self.dry_run };
        let answer = self.link.execute(&Command::User(UserCommand::Import(batch)))?;
        let count = |name: &str| answer[name].as_u64().unwrap_or(0);
        self.counts.created += count("created");
        self.counts.updated += count("updated");
        self.counts.present += count("present");
        let listed = |name: &str| answer[name].as_array().cloned().unwrap_or_default();
        for refusal in listed("refused") {
            let (line, identifier) = place(&places, &refusal);
            self.refuse(line, identifier, &text(&refusal["cause"]))?;
        }
        let done = self.counts.sum();
        self.progress.tell(&format!("importing, {done} accounts"), self.bytes, self.total.unwrap_or(self.bytes));
        let Some(first) = listed("conflicts").into_iter().next() else { return Ok(()) };
        let (line, identifier) = place(&places, &first);
        let message = format!("line {line}: `{}` is there already", identifier.unwrap_or("?"));
        Err(CliError::new(CONFLICT, message, "repeat the command with --on-conflict skip or update"))
    }

    fn refuse(&mut self, line: u64, identifier: Option<&str>, cause: &str) -> Result<(), CliError> {
        self.counts.refused += 1;
        self.report.add(line, identifier, cause, &mut self.progress, self.output)
    }
}

fn place<'a>(places: &'a [(u64, Option<String>)], told: &Value) -> (u64, Option<&'a str>) {
    let index = told["index"].as_u64().and_then(|index| usize::try_from(index).ok()).unwrap_or(usize::MAX);
    places.get(index).map_or((0, None), |(line, identifier)| (*line, identifier.as_deref()))
}

impl Counts {
    const fn sum(&self) -> u64 {
        self.created + self.updated + self.present + self.refused
    }

    fn tell(&self, import: &Import, output: &Output) {
        let report = import.report_path().filter(|_| self.refused > 0);
        if output.is_json() {
            output.json(&json!({
                "dry_run": import.dry_run,
                "created": self.created,
                "updated": self.updated,
                "present": self.present,
                "refused": self.refused,
                "report": report,
            }));
            return;
        }
        output.fields(&[
            (if import.dry_run { "would be created" } else { "created" }, self.created.to_string()),
            ("updated", self.updated.to_string()),
            ("there already", self.present.to_string()),
            ("refused", self.refused.to_string()),
            ("report", report.map(|path| path.display().to_string()).unwrap_or_default()),
        ]);
    }

    fn finish(&self, import: &Import, output: &Output) -> Result<(), CliError> {
        self.tell(import, output);
        if self.refused == 0 {
            if import.dry_run {
                output.say("nothing was written");
            }
            return Ok(());
        }
        let message = format!("{} of {} accounts were refused", self.refused, self.sum());
        let hint = import.report_path().map_or_else(
            || "--report FILE writes down whom, and why".to_owned(),
            |path| format!("see {}, mend those records and repeat the command", path.display()),
        );
        Err(CliError::new(CHECK_FAILED, message, hint))
    }
}

/// Who was refused: a JSON text a line, with the line of the file, the identifier and the cause. Never a hash.
struct Report {
    path: Option<PathBuf>,
    /// The operator said where it goes: a file that is there is theirs.
    named: bool,
    file: Option<BufWriter<File>>,
    shown: u64,
}

impl Report {
    fn add(
        &mut self,
        line: u64,
        identifier: Option<&str>,
        cause: &str,
        progress: &mut Progress,
        output: &Output,
    ) -> Result<(), CliError> {
        let Some(path) = &self.path else {
            self.shown += 1;
            if self.shown <= SHOWN {
                progress.clear();
                let who = identifier.map(|who| format!(" ({who})")).unwrap_or_default();
                output.say(&crate::output::visible(&format!("line {line}{who}: {cause}")));
            }
            return Ok(());
        };
        if self.file.is_none() {
            // Names and addresses of people.
            self.file = Some(BufWriter::new(private(path).map_err(|why| unwritable(path, &why))?));
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        let entry = json!({ "line": line, "identifier": identifier, "cause": cause });
        writeln!(file, "{entry}").map_err(|why| unwritable(path, &why))
    }

    fn finish(&mut self) -> Result<(), CliError> {
        match (&mut self.file, &self.path) {
            (Some(file), Some(path)) => file.flush().map_err(|why| unwritable(path, &why)),
            // Of a run before: nobody is refused any more.
            (None, Some(path)) if !self.named => {
                let _ = std::fs::remove_file(path);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// A file that only its owner reads, also where it was there before.
fn private(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    if file.metadata()?.is_file() {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

fn unreadable(path: &Path, why: &io::Error) -> CliError {
    CliError::new(FAILED, format!("{} cannot be read: {why}", path.display()), "check the path and the format")
}

fn unwritable(path: &Path, why: &io::Error) -> CliError {
    CliError::new(FAILED, format!("{} cannot be written: {why}", path.display()), "name another place with --report")
}
