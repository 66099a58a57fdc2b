//! `symbolon user export`: all accounts, a JSON text a line, in the shape that `symbolon user import` takes. In constant memory, beside a running server or without one.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use symbolon_server::admin::{Command, Export, Hashes, UserCommand};

use super::Global;
use crate::connect::Link;
use crate::error::{CliError, FAILED};
use crate::output::Output;
use crate::progress::Progress;

/// Accounts of a page.
const PAGE: u32 = 500;

pub(crate) const HELP: &str = "Examples:\n  \
    symbolon user export users.ndjson\n  \
    symbolon user export users.ndjson --hashes\n  \
    symbolon user export - | grep -c example.com\n\n\
    Who comes or goes meanwhile may be in it or not; everybody else is in it once.";

#[derive(Args, Debug)]
pub(crate) struct UserExport {
    /// The file, which must not be there yet; - for standard output
    file: PathBuf,
    /// With the hashes of passwords
    #[arg(long)]
    hashes: bool,
}

impl UserExport {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        let link = Link::open(global)?;
        let mut file: Box<dyn Write> = if self.file.as_os_str() == "-" {
            Box::new(BufWriter::new(io::stdout().lock()))
        } else {
            Box::new(BufWriter::new(new_file(&self.file).map_err(|why| unwritable(&self.file, &why))?))
        };
        let hashes = if self.hashes { Hashes::With } else { Hashes::Without };
        let mut progress = Progress::new(output);
        let (mut after, mut total, mut count) = (None, 0, 0);
        loop {
            let export = Export { after, limit: PAGE, hashes };
            let answer = link.execute(&Command::User(UserCommand::Export(export)))?;
            for account in answer["accounts"].as_array().into_iter().flatten() {
                count += 1;
                match writeln!(file, "{account}") {
                    Ok(()) => {}
                    // Who reads has seen enough.
                    Err(why) if why.kind() == ErrorKind::BrokenPipe => return Ok(()),
                    Err(why) => return Err(unwritable(&self.file, &why)),
                }
            }
            total = answer["total"].as_u64().unwrap_or(total);
            progress.tell("exporting", count, total);
            after = answer["next"].as_str().map(str::to_owned);
            if after.is_none() {
                break;
            }
        }
        progress.clear();
        file.flush().map_err(|why| unwritable(&self.file, &why))?;
        if self.file.as_os_str() == "-" {
            return Ok(());
        }
        if output.is_json() {
            output.json(&json!({ "file": self.file, "accounts": count, "hashes": self.hashes }));
        } else {
            output.fields(&[("file", self.file.display().to_string()), ("accounts", count.to_string())]);
        }
        Ok(())
    }
}

/// For its owner alone: names, addresses, and perhaps hashes of people.
fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn unwritable(path: &Path, why: &io::Error) -> CliError {
    CliError::new(FAILED, format!("{} cannot be written: {why}", path.display()), "name another file")
}
