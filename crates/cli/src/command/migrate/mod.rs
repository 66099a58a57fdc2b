//! `symbolon migrate`: the schema of the data, and moving everything to another database.

mod copy;
mod place;

use clap::Subcommand;
use serde_json::{Value, json};
use symbolon_server::admin::AdminError;
use symbolon_server::{Config, storage};
use symbolon_store::SchemaState;

use super::Global;
use crate::connect;
use crate::error::{CliError, NOT_FOUND};
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum Migrate {
    /// The version of the data's schema, and what this program would do to it
    Status,
    /// Bring the schema up to date now, rather than when the server starts
    Up {
        /// Only say what would be done
        #[arg(long)]
        dry_run: bool,
    },
    /// Copy everything into another database, which is empty; interrupted, it goes on where it was
    #[command(after_help = place::HELP)]
    Copy(copy::Copy),
}

impl Migrate {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        match self {
            Self::Copy(copy) => copy.run(output),
            Self::Status => show(&state(&global.load()?.config)?, false, output),
            Self::Up { dry_run } => {
                let config = global.load()?.config;
                let before = state(&config)?;
                if dry_run || before.pending.is_empty() {
                    return show(&before, dry_run, output);
                }
                connect::runtime()?.block_on(storage::upgrade(&config)).map_err(AdminError::from)?;
                show(&state(&config)?, false, output)
            }
        }
    }
}

fn state(config: &Config) -> Result<SchemaState, CliError> {
    if !storage::exists(config) {
        let message = format!("there is no data in {}", config.data.display());
        return Err(CliError::new(NOT_FOUND, message, "name the data folder with --data"));
    }
    Ok(connect::runtime()?.block_on(storage::schema(config)).map_err(AdminError::from)?)
}

fn show(state: &SchemaState, dry_run: bool, output: &Output) -> Result<(), CliError> {
    let SchemaState { found, known, pending } = state;
    if output.is_json() {
        let step = |(to, title): &(u32, String)| json!({ "to": to, "what": title });
        let pending: Vec<Value> = pending.iter().map(step).collect();
        output.json(&json!({ "schema": found, "known": known, "pending": pending }));
    } else {
        output.fields(&[("schema", found.to_string()), ("this program", known.to_string())]);
        for (to, title) in pending {
            output.line(&format!("to {to}\t{title}"));
        }
    }
    if found > known {
        let message = "the data was written by a newer version";
        return Err(CliError::new(crate::error::FAILED, message, "use the version of symbolon that wrote the data"));
    }
    match (pending.is_empty(), dry_run) {
        (true, _) => output.say("up to date"),
        (false, true) => output.say("nothing was changed; each step is one transaction"),
        (false, false) => output.next("symbolon backup create, then symbolon migrate up or the start of the server"),
    }
    Ok(())
}
