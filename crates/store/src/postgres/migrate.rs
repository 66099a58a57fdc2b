//! Forward-only migrations, run at opening by one node at a time: the row that holds the version is the lease.

use std::time::Duration;

use super::conn::{Conn, call};
use super::value::{Columns, num};
use crate::error::StoreError;
use crate::port::Result;
use crate::schema::SchemaState;

/// In order, each with the version it leads to, which is the embedded engine's for the same tables and columns. A published migration never
/// changes.
const MIGRATIONS: &[(u64, &str)] = &[(6, include_str!("migrations/0006_initial.sql"))];

/// How often the first row is tried for.
const ATTEMPTS: u32 = 3;

/// Brings the database to the newest schema this program knows.
pub(super) async fn migrate(conn: &Conn) -> Result<()> {
    run(conn, MIGRATIONS).await
}

/// How a schema stands to this program.
pub(super) fn state(found: u32) -> SchemaState {
    SchemaState::of(found, MIGRATIONS.iter().map(|(version, sql)| (narrow(*version), *sql)))
}

async fn run(conn: &Conn, migrations: &[(u64, &str)]) -> Result<()> {
    let known = migrations.last().map_or(0, |(version, _)| *version);
    let found = match version(conn).await? {
        Some(found) => found,
        None => begin(conn).await?,
    };
    if found > known {
        return Err(StoreError::NewerSchema { found: narrow(found), known: narrow(known) });
    }
    for (next, sql) in migrations.iter().filter(|(version, _)| *version > found) {
        step(conn, *next, sql).await?;
    }
    Ok(())
}

/// One migration, one transaction. Whoever comes second waits at the row and finds it done.
async fn step(conn: &Conn, next: u64, sql: &str) -> Result<()> {
    let locked = conn.begin(vec![call!("SELECT version FROM schema_version WHERE one = 1 FOR UPDATE")]).await?;
    let outcome = match locked.first().map(|answer| answer.one()?.num(0)).transpose()? {
        Some(version) if version >= next => Ok(()),
        _ => {
            tracing::info!(schema = next, "migrating the database");
            apply(conn, next, sql).await
        }
    };
    conn.end(outcome).await
}

async fn apply(conn: &Conn, next: u64, sql: &str) -> Result<()> {
    conn.script(sql).await?;
    conn.ask("UPDATE schema_version SET version = $1 WHERE one = 1", &[&num(next)]).await.map(drop)
}

async fn version(conn: &Conn) -> Result<Option<u64>> {
    let exists = conn.ask("SELECT to_regclass('schema_version') IS NOT NULL", &[]).await?;
    if !exists.one()?.at::<bool>(0)? {
        return Ok(None);
    }
    let version = conn.ask("SELECT version FROM schema_version WHERE one = 1", &[]).await?;
    version.row().map(|row| row.num(0)).transpose()
}

/// Makes the row that holds the version, and returns the version. Other nodes may do the same at the same moment: the engine's own catalogue refuses one
/// of two, in various words, and the other one has done it then.
async fn begin(conn: &Conn) -> Result<u64> {
    let mut attempt = 0;
    loop {
        let made = make(conn).await;
        if let Some(version) = version(conn).await? {
            return Ok(version);
        }
        attempt += 1;
        match made {
            Err(error) if attempt == ATTEMPTS => return Err(error),
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn make(conn: &Conn) -> Result<()> {
    check_owner(conn).await?;
    let table = "CREATE TABLE IF NOT EXISTS schema_version
        (one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1), version BIGINT NOT NULL)";
    conn.ask(table, &[]).await?;
    conn.ask("INSERT INTO schema_version (one, version) VALUES (1, 0) ON CONFLICT DO NOTHING", &[]).await.map(drop)
}

/// Refuses a database that another program uses: our tables in it would damage both.
async fn check_owner(conn: &Conn) -> Result<()> {
    let sql = "SELECT count(*), current_setting('server_encoding') FROM information_schema.tables
        WHERE table_schema = current_schema() AND table_name <> 'schema_version'";
    let answer = conn.ask(sql, &[]).await?;
    let row = answer.one()?;
    if row.num(0)? > 0 {
        return Err(StoreError::Corrupt(
            "it belongs to another program; try: a database of its own (createdb symbolon)".into(),
        ));
    }
    let encoding: &str = row.at(1)?;
    if !encoding.eq_ignore_ascii_case("UTF8") {
        return Err(StoreError::Misconfigured(format!(
            "its encoding is {encoding}; try: createdb --encoding=UTF8 --template=template0 symbolon"
        )));
    }
    Ok(())
}

fn narrow(version: u64) -> u32 {
    u32::try_from(version).unwrap_or(u32::MAX)
}
