//! Putting a backup in the place of the configured store, while nobody serves it.
//!
//! The archive is read to its end and compared with what was written before anything that is there goes. The log of revocations gets a
//! new epoch, so that whoever follows it starts over. What was ended, rotated or revoked after the backup would live again: so, unless
//! told otherwise, everybody is signed out and every access token of before is refused.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use serde_json::json;
use symbolon_oauth::{LONGEST_TOKEN_SECS, Rng as _};
use symbolon_store::transfer::{
    Begun, Counter, Load, Present, Row, SCHEMA, SignIns, StartOver, Sum, Table, Value, sum, tables,
};

use super::archive::{Next, Reading};
use super::key::of_master_key;
use super::{ArchiveKey, BackupError, Header, Summary};
use crate::app::{META_KEY_CHECK, known_master_key};
use crate::config::Config;
use crate::rng::SystemRng;
use crate::seal::{MasterKeyError, Sealer};
use crate::storage;

/// What becomes of those who were signed in at the time of the backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInsAfter {
    /// They sign in again.
    End,
    /// They stay signed in. Only right if nothing has happened after the backup.
    Keep,
}

/// What was restored.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The archive.
    pub summary: Summary,
    /// What ended.
    pub begun: Begun,
}

/// Restores `file` into the store of `config`; `watch` hears how many rows of how many are written.
pub async fn restore(
    config: &Config,
    (file, key): (&Path, &ArchiveKey),
    present: Present,
    sign_ins: SignInsAfter,
    now: u64,
    watch: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Restored, BackupError> {
    let mut archive = Reading::open(key, BufReader::new(File::open(file)?))?;
    let header = archive.header().clone();
    if !config.issuer.is_empty() && config.issuer != header.issuer {
        return Err(BackupError::OtherIssuer { made_for: header.issuer, configured: config.issuer.clone() });
    }
    let sealer = sealer(config)?;
    let mut load = storage::restore(config, header.schema, present).await?;
    let sums = fill(&mut archive, &mut *load, &sealer, watch).await?;
    load.set_counters(&header.counters).await?;
    compare(&header, &sums, &mut *load).await?;
    if header.schema < SCHEMA {
        load.upgrade().await?;
    }
    let sign_ins = match sign_ins {
        SignInsAfter::End => SignIns::End { last_expiry: now.saturating_add(LONGEST_TOKEN_SECS) },
        SignInsAfter::Keep => SignIns::Keep,
    };
    let begun = load.start_over(&StartOver { epoch: epoch(), now, sign_ins }).await?;
    let summary = Summary { header, sums };
    write_down(&mut *load, &summary, sign_ins, now).await?;
    load.finish().await?;
    Ok(Restored { summary, begun })
}

/// The master key must be there before the data: without it nothing in it can be used.
fn sealer(config: &Config) -> Result<Sealer, BackupError> {
    let path = config.master_key_file();
    let key = known_master_key(config).map_err(of_master_key)?;
    Ok(key.ok_or(BackupError::MasterKey(MasterKeyError::Missing { path }))?.sealer())
}

/// Of the same form as the first one, which the schema makes.
fn epoch() -> String {
    let mut random = [0; 16];
    SystemRng.fill(&mut random);
    format!("{:032x}", u128::from_be_bytes(random))
}

async fn fill<R: std::io::BufRead>(
    archive: &mut Reading<'_, R>,
    load: &mut dyn Load,
    sealer: &Sealer,
    watch: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Vec<Sum>, BackupError> {
    let total = archive.header().rows.iter().sum();
    let mut done = 0;
    loop {
        match archive.next()? {
            Next::Rows(place, rows) => {
                let table = archive.header().tables[place].clone();
                check_master_key(&table, &rows, sealer)?;
                done += rows.len() as u64;
                load.write(&table, rows).await?;
                watch(done, total);
            }
            Next::End(sums) => return Ok(sums),
        }
    }
}

/// The data says with which master key it was made, in its very first table.
fn check_master_key(table: &Table, rows: &[Row], sealer: &Sealer) -> Result<(), BackupError> {
    let check = |row: &Row| match row.as_slice() {
        [Value::Text(key), Value::Text(proof)] if key == META_KEY_CHECK => sealer.open(META_KEY_CHECK, proof).is_ok(),
        _ => true,
    };
    if table.name != "meta" || rows.iter().all(check) { Ok(()) } else { Err(BackupError::WrongMasterKey) }
}

async fn compare(header: &Header, sums: &[Sum], load: &mut dyn Load) -> Result<(), BackupError> {
    let mut written = load.snapshot().await?;
    for (table, expected) in header.tables.iter().zip(sums) {
        if sum(&mut *written, table).await? != *expected {
            return Err(BackupError::Unlike { table: table.name.to_string() });
        }
    }
    Ok(())
}

/// The restored audit log goes on with this.
async fn write_down(load: &mut dyn Load, summary: &Summary, sign_ins: SignIns, now: u64) -> Result<(), BackupError> {
    let mut counters = load.snapshot().await?.counters().await?;
    let Some(Counter { last, .. }) = counters.iter_mut().find(|counter| counter.table == "audit") else {
        return Ok(());
    };
    *last += 1;
    let detail = json!({
        "backup_at": summary.header.created_at,
        "rows": summary.rows(),
        "signed_out": sign_ins != SignIns::Keep,
    });
    let tables = tables();
    let audit = tables.iter().find(|table| table.name == "audit").expect("the list has the audit log");
    let text = |text: &str| Value::Text(text.to_owned());
    let value = |name: &str| match name {
        "seq" => Value::Integer(*last),
        "at" => Value::Integer(i64::try_from(now).unwrap_or(i64::MAX)),
        "name" => text("backup.restore"),
        "outcome" => text("success"),
        "actor" => text("cli (offline)"),
        "detail" => Value::Text(detail.to_string()),
        _ => Value::Null,
    };
    let row = audit.columns.iter().map(|column| value(&column.name)).collect();
    load.write(audit, vec![row]).await?;
    Ok(load.set_counters(&counters).await?)
}
