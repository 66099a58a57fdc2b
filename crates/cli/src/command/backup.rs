//! `symbolon backup`: everything in one encrypted file. It is made beside a running server or without one, proven without either, and put
//! back where nobody serves.

use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::json;
use symbolon_server::Config;
use symbolon_server::admin::AdminError;
use symbolon_server::backup::{self, ArchiveKey, BackupError, Partial, SignInsAfter, Summary};
use symbolon_store::transfer::Present;

use super::Global;
use crate::connect::{self, Reached};
use crate::error::{CliError, NOT_FOUND, UNREACHABLE};
use crate::input::{Yes, confirm};
use crate::output::{Output, text};
use crate::progress::Progress;
use crate::time;

#[derive(Debug, Subcommand)]
pub(crate) enum Backup {
    /// Make a backup, beside a running server or without one
    #[command(
        after_help = "Examples:\n  symbolon backup create\n  symbolon backup create --out /mnt/safe/before-upgrade.backup\n\n\
        The master key is not in it: keep a copy of it in another place."
    )]
    Create {
        /// The file [default: symbolon-TIME.backup in backup.folder]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Prove that a backup is whole and unchanged; needs no database
    Verify {
        /// The backup
        file: PathBuf,
        #[command(flatten)]
        key: KeyFile,
    },
    /// Put a backup in place of the data, while no server runs
    #[command(after_help = "Examples:\n  symbolon backup restore symbolon-20260131T000012Z.backup\n  \
        symbolon backup restore last.backup --replace --yes\n\n\
        Everybody signs in again, and access tokens of before are refused: who was blocked, signed out or had their refresh token \
        replaced after the backup would otherwise be let in as if nothing had happened.")]
    Restore(Restore),
}

#[derive(Args, Debug)]
pub(crate) struct KeyFile {
    /// The key that the backup was made with, where it is not the configured one
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Restore {
    /// The backup
    file: PathBuf,
    #[command(flatten)]
    key: KeyFile,
    /// Put it in place of data that is there, which is put aside
    #[arg(long)]
    replace: bool,
    /// Leave everybody signed in as they were. Only for a move, where nothing was served after the backup
    #[arg(long)]
    keep_sign_ins: bool,
    #[command(flatten)]
    yes: Yes,
}

impl Backup {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        let config = global.load()?.config;
        let runtime = connect::runtime()?;
        match self {
            Self::Create { out } => {
                let place = out.unwrap_or_else(|| config.backup.folder.join(backup::default_name(time::now())));
                runtime.block_on(create(&config, &place, output))
            }
            Self::Verify { file, key } => {
                let summary = backup::verify(&file, &key.read(&config)?).map_err(failed)?;
                show(&summary, &file, "whole and unchanged", output);
                Ok(())
            }
            Self::Restore(restore) => runtime.block_on(restore.run(&config, output)),
        }
    }
}

impl KeyFile {
    fn read(&self, config: &Config) -> Result<ArchiveKey, CliError> {
        if let Some(path) = &self.key_file {
            return ArchiveKey::load(path).map_err(failed);
        }
        ArchiveKey::configured(config).map_err(failed)?.ok_or_else(|| {
            CliError::usage(
                "there is no key to open the backup with",
                "name the file of the master key, or of backup.key, with --key-file",
            )
        })
    }
}

async fn create(config: &Config, place: &Path, output: &Output) -> Result<(), CliError> {
    if !symbolon_server::storage::exists(config) {
        let message = format!("there is no data in {}", config.data.display());
        return Err(CliError::new(NOT_FOUND, message, "name the data folder with --data"));
    }
    let reached = connect::reach(config).await?;
    let mut out = BufWriter::new(Partial::create(place).map_err(failed)?);
    let partial = match reached {
        Reached::Server(stream) => {
            connect::download(stream, "/backup", &mut out).await??;
            out.into_inner().map_err(|why| failed(why.into_error().into()))?
        }
        Reached::Data(app) => {
            let (store, issuer) = (Arc::clone(&app.store), app.issuer.as_str().to_owned());
            let taken = backup::take(store, issuer, app.clock.now(), app.archive_key.clone(), out).await;
            let (summary, out) = taken.map_err(failed)?;
            let partial = out.into_inner().map_err(|why| failed(why.into_error().into()))?;
            backup::record(&*app.store, "cli (offline)", &summary).await.map_err(AdminError::from)?;
            partial
        }
    };
    let bytes = partial.finish().map_err(failed)?;
    // Read back as it stands on the disk, where the key is at hand; the server may have it from elsewhere.
    let Ok(Some(key)) = ArchiveKey::configured(config) else {
        if output.is_json() {
            output.json(&json!({ "file": place, "bytes": bytes, "verified": false }));
            return Ok(());
        }
        output.line(&place.display().to_string());
        output.warn("it was not read back: its key is not at hand here", "symbolon backup verify FILE --key-file KEY");
        return Ok(());
    };
    match backup::verify(place, &key) {
        Ok(summary) => {
            show(&summary, place, "made and read back", output);
            Ok(())
        }
        Err(error) => {
            let mut unusable = place.as_os_str().to_owned();
            unusable.push(".unusable");
            // Under its name only what is good.
            let _ = std::fs::rename(place, unusable);
            Err(failed(error))
        }
    }
}

fn show(summary: &Summary, file: &Path, what: &str, output: &Output) {
    let mut answer = summary.json();
    if output.is_json() {
        answer["file"] = json!(file);
        answer["verified"] = true.into();
        return output.json(&answer);
    }
    output.fields(&[
        ("file", file.display().to_string()),
        ("of", text(&answer["issuer"])),
        ("from", time::member(&answer["created_at"])),
        ("schema", text(&answer["schema"])),
        ("users", text(&answer["tables"]["account"])),
        ("rows", text(&answer["rows"])),
    ]);
    output.say(what);
}

impl Restore {
    async fn run(self, config: &Config, output: &Output) -> Result<(), CliError> {
        if connect::dial(&config.control_socket()).await?.is_some() {
            return Err(CliError::new(
                UNREACHABLE,
                format!("a server runs on the data in {}", config.data.display()),
                "stop it first; nothing was changed",
            ));
        }
        let key = self.key.read(config)?;
        let present = if self.replace {
            let question = format!("Put {} in place of the data in {}?", self.file.display(), config.data.display());
            confirm(self.yes.consent(), &question)?;
            Present::Replace { now: time::now() }
        } else {
            Present::Keep
        };
        let sign_ins = if self.keep_sign_ins { SignInsAfter::Keep } else { SignInsAfter::End };
        let mut progress = Progress::new(output);
        let mut watch = |done, total| progress.tell("restoring", done, total);
        let restored = backup::restore(config, (&self.file, &key), present, sign_ins, time::now(), &mut watch)
            .await
            .map_err(failed);
        progress.clear();
        let restored = restored?;
        let begun = restored.begun;
        if output.is_json() {
            let mut answer = restored.summary.json();
            answer["file"] = json!(self.file);
            answer["ended"] = json!({ "sessions": begun.sessions, "grants": begun.families });
            output.json(&answer);
            return Ok(());
        }
        show(&restored.summary, &self.file, "restored", output);
        output.say(&match sign_ins {
            SignInsAfter::End => format!(
                "{} sessions and {} grants ended, and every access token of before is refused",
                begun.sessions, begun.families
            ),
            SignInsAfter::Keep => {
                "everybody is signed in as at the time of the backup: a refresh token or session that was ended after it counts again"
                    .to_owned()
            }
        });
        output
            .say("what was changed after the backup is gone: blocked users, new passwords, withdrawn keys and clients");
        output.next("symbolon doctor");
        Ok(())
    }
}

fn failed(error: BackupError) -> CliError {
    AdminError::from(error).into()
}
