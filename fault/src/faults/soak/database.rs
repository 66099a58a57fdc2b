//! What is left in the database when everything has expired and was swept: no row of what ends, and no room that nothing explains.

use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::time::sleep;

use crate::Failure;
use crate::clock::Stopwatch;
use crate::driver::CLIENTS;
use crate::process::mebibytes;
use crate::report::Report;
use crate::server::{DATABASE, World};

/// Tables of what ends.
const MORTAL: &[&str] = &[
    "session",
    "session_client",
    "artefact",
    "family",
    "refresh_token",
    "access_token",
    "remembered",
    "throttle",
    "revocation",
];
/// The server sweeps for the first time after half a minute.
const SWEPT_WITHIN: Duration = Duration::from_mins(4);
/// Beside what its rows take when they are written one after the other: pages that are not full.
const SLACK_PERCENT: u64 = 50;
const SLACK_BYTES: u64 = 256 << 10;

/// Waits for the sweeps, and judges what they leave.
pub(super) async fn judge(world: &mut World, report: &mut Report) -> Result<(), Failure> {
    let watch = Stopwatch::start();
    let mut left = rows(world)?;
    let began: u64 = left.iter().map(|(_, rows)| rows).sum();
    while left.iter().any(|(_, rows)| *rows > 0) && watch.elapsed() < SWEPT_WITHIN {
        sleep(Duration::from_millis(500)).await;
        left = rows(world)?;
    }
    for (table, rows) in left.iter().filter(|(_, rows)| *rows > 0) {
        report.demand(false, format!("{rows} rows of {table} are left when everything has expired"));
    }
    report.demand(began > 0, "there was nothing to sweep");
    let (accounts, audit) = (count(world, "account")?, count(world, "audit")?);
    report.demand(accounts == CLIENTS as u64, format!("{accounts} accounts are left of {CLIENTS}"));
    world.stop()?;
    report.tell(format!("{began} rows swept, {accounts} accounts and {audit} audit events left"));
    if world.database().is_err() {
        sizes(world, report)?;
    }
    Ok(())
}

/// The pages that hold something, against what the same rows take in a fresh file.
fn sizes(world: &World, report: &mut Report) -> Result<(), Failure> {
    let file = world.data().join("symbolon.db");
    let database = Connection::open(&file)?;
    let number = |pragma: &str| number(&database, &format!("PRAGMA {pragma}"));
    let (size, pages, free) = (number("page_size")?, number("page_count")?, number("freelist_count")?);
    let fresh = world.folder().join("fresh.db");
    database.execute("VACUUM INTO ?1", [fresh.display().to_string()])?;
    let (used, needed) = ((pages - free) * size, std::fs::metadata(&fresh)?.len());
    let bound = needed + needed * SLACK_PERCENT / 100 + SLACK_BYTES;
    report.demand(used <= bound, format!("the database uses {used} bytes for rows that take {needed}"));
    report.tell(format!(
        "database {}, of which {} used and {} needed",
        mebibytes(pages * size),
        mebibytes(used),
        mebibytes(needed)
    ));
    Ok(())
}

fn rows(world: &mut World) -> Result<Vec<(&'static str, u64)>, Failure> {
    MORTAL.iter().map(|table| Ok((*table, count(world, table)?))).collect()
}

fn count(world: &mut World, table: &str) -> Result<u64, Failure> {
    let sql = format!("SELECT count(*) FROM {table}");
    if let Ok(database) = world.database() {
        return Ok(database.sql(DATABASE, &sql)?.trim().parse()?);
    }
    let database = Connection::open_with_flags(world.data().join("symbolon.db"), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    number(&database, &sql)
}

/// The one number that a statement gives.
fn number(database: &Connection, sql: &str) -> Result<u64, Failure> {
    Ok(u64::try_from(database.query_row(sql, [], |row| row.get::<_, i64>(0))?)?)
}
