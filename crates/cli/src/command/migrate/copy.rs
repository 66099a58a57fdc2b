//! `symbolon migrate copy`: all rows of all tables from one database into another, compared at the end. The source is not changed.

use clap::Args;
use serde_json::{Map, Value as Json, json};
use symbolon_server::admin::AdminError;
use symbolon_store::StoreError;
use symbolon_store::transfer::{BATCH, CopyError, Snapshot, Step, Sum, Table, Value, copy, tables};

use super::place::Place;
use crate::connect;
use crate::error::{CHECK_FAILED, CONFLICT, CliError, NOT_FOUND};
use crate::output::Output;
use crate::progress::Progress;

#[derive(Args, Debug)]
pub(crate) struct Copy {
    /// The data that is copied; it stays as it is
    #[arg(long, value_name = "PLACE")]
    from: Place,
    /// Where it goes
    #[arg(long, value_name = "PLACE")]
    to: Place,
}

impl Copy {
    pub(super) fn run(self, output: &Output) -> Result<(), CliError> {
        let Self { from, to } = self;
        if from == to {
            return Err(CliError::usage("--from and --to are the same database", "name another place to copy to"));
        }
        let mut progress = Progress::new(output);
        let copied = connect::runtime()?.block_on(run(&from, &to, &mut progress));
        progress.clear();
        show(&copied?, &to, output);
        Ok(())
    }
}

async fn run(from: &Place, to: &Place, progress: &mut Progress) -> Result<Vec<Sum>, CliError> {
    let mut source = from.export().await.map_err(|error| of_source(error, from))?;
    let of = identity(&mut *source).await.map_err(AdminError::from)?;
    let mut target = to.load().await.map_err(AdminError::from)?;
    let mut watch = |step: symbolon_store::transfer::Progress| {
        let what = match step.step {
            Step::Copy => "copying",
            Step::Verify => "comparing",
        };
        progress.tell(what, step.done, step.total);
    };
    copy(&mut *source, &mut *target, &of, &mut watch).await.map_err(|error| of_copy(error, to))
}

/// By what a half-done copy knows its source again: the issuer, and the log of revocations with its random name.
async fn identity(source: &mut dyn Snapshot) -> Result<String, StoreError> {
    let mut known = Vec::new();
    for (table, wanted) in [("meta", "issuer"), ("revocation_head", "")] {
        let tables = tables();
        let table: &Table = tables.iter().find(|other| other.name == table).expect("the list has it");
        let rows = source.rows(table, None, BATCH).await?;
        let texts = rows.iter().map(|row| row.iter().filter_map(of_text).collect::<Vec<_>>());
        known.extend(
            texts.filter(|texts| wanted.is_empty() || texts.first() == Some(&wanted)).flatten().map(str::to_owned),
        );
    }
    Ok(known.join(" "))
}

fn of_text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn of_source(error: StoreError, from: &Place) -> CliError {
    let place = from.shown();
    match error {
        StoreError::NotFound(_) => CliError::new(NOT_FOUND, format!("there is no database at {place}"), "check --from"),
        StoreError::Invalid(why) => {
            CliError::new(CONFLICT, format!("{place}: {why}"), "symbolon migrate up, with --data for its folder")
        }
        error => AdminError::from(error).into(),
    }
}

fn of_copy(error: CopyError, to: &Place) -> CliError {
    let (message, place) = (error.to_string(), to.shown());
    match error {
        CopyError::NotEmpty => CliError::new(CONFLICT, format!("{place}: {message}"), "name an empty place with --to"),
        CopyError::OfAnother => CliError::new(
            CONFLICT,
            format!("{place}: {message}"),
            "remove what is there, or name another place with --to",
        ),
        CopyError::Store(error) => AdminError::from(error).into(),
        _ => CliError::new(CHECK_FAILED, message, "remove the target and copy again; the source was not changed"),
    }
}

fn show(sums: &[Sum], to: &Place, output: &Output) {
    if output.is_json() {
        let sum = |sum: &Sum| (sum.table.clone(), json!({ "rows": sum.rows, "sha256": sum.sha256 }));
        let tables: Map<String, Json> = sums.iter().map(sum).collect();
        return output.json(&json!({ "to": to.shown(), "tables": tables }));
    }
    let rows = |sum: &Sum| vec![sum.table.clone(), sum.rows.to_string(), sum.sha256[..16].to_owned()];
    let filled: Vec<Vec<String>> = sums.iter().filter(|sum| sum.rows > 0).map(rows).collect();
    output.table(&["TABLE", "ROWS", "SHA-256"], &filled);
    output.say(&format!("copied to {}; both sides have the same rows", to.shown()));
    output.next("put master.key into the new data folder, name it with data = or --data, and start the server");
}
