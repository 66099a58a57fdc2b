//! Forward-only migrations, run at opening by one node at a time: the row that holds the version is the lease.
//!
//! Nodes of this version and of the one before serve together while they run. So a schema step only adds (a table with its indexes, a column that may be empty or has a
//! constant default), which takes no time; what has to be written into rows that are there is filled in batches, while everybody serves. Whatever is no longer needed goes a
//! version later, when nobody who needs it runs any more.

use std::sync::Weak;
use std::time::Duration;

use super::Inner;
use super::conn::{Conn, call};
use super::value::{Columns, num};
use crate::error::StoreError;
use crate::port::Result;
use crate::schema::SchemaState;

/// One step.
struct Migration {
    /// The version it leads to, which is the embedded engine's for the same tables and columns.
    version: u64,
    /// What it adds.
    schema: &'static str,
    /// Fills up to `$1` rows of what was added; run until it changes nothing. A node of the version before may still write rows that lack it, so the next step
    /// begins with it once more.
    fill: Option<&'static str>,
}

/// In order. A published migration never changes.
const MIGRATIONS: &[Migration] = &[
    Migration { version: 6, schema: include_str!("migrations/0006_initial.sql"), fill: None },
    Migration { version: 7, schema: include_str!("migrations/0007_document_change.sql"), fill: None },
    Migration { version: 8, schema: include_str!("migrations/0008_credential.sql"), fill: None },
    Migration { version: 9, schema: include_str!("migrations/0009_refresh_token_by_family.sql"), fill: None },
    Migration { version: 10, schema: include_str!("migrations/0010_own_account.sql"), fill: None },
];

/// Rows of one batch, and the pause after it: others get their turn.
const BATCH: i64 = 500;
const PAUSE: Duration = Duration::from_millis(20);

/// How often the first row is tried for.
const ATTEMPTS: u32 = 3;

/// Brings the database to the newest schema this program knows.
pub(super) async fn migrate(conn: &Conn) -> Result<()> {
    run(conn, MIGRATIONS).await
}

/// How a schema stands to this program.
pub(super) fn state(found: u32) -> SchemaState {
    SchemaState::of(found, MIGRATIONS.iter().map(|it| (narrow(it.version), it.schema)))
}

/// Fills what the newest step added, while nodes serve.
pub(super) async fn fill(inner: Weak<Inner>) {
    while let Err(error) = fill_until(&inner, MIGRATIONS).await {
        tracing::warn!(%error, "filling what the migration added goes on in a moment");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn fill_until(inner: &Weak<Inner>, migrations: &[Migration]) -> Result<()> {
    for migration in migrations {
        let Some(inner) = inner.upgrade() else { return Ok(()) };
        let conn = inner.connection().await?;
        let filled = conn.ask("SELECT filled FROM schema_version WHERE one = 1", &[]);
        let filled = inner.bounded(&conn, filled).await?.one()?.num(0)?;
        let Some(sql) = migration.fill.filter(|_| migration.version > filled) else { continue };
        begin_to_fill(migration);
        while inner.bounded(&conn, fill_some(&conn, sql)).await? {
            tokio::time::sleep(PAUSE).await;
        }
        inner.bounded(&conn, note_filled(&conn, migration)).await?;
    }
    Ok(())
}

/// Batch after batch, each a transaction, however long each takes: nobody is served yet.
async fn fill_one(conn: &Conn, migration: &Migration) -> Result<()> {
    let Some(sql) = migration.fill else { return Ok(()) };
    begin_to_fill(migration);
    while fill_some(conn, sql).await? {
        tokio::time::sleep(PAUSE).await;
    }
    note_filled(conn, migration).await
}

fn begin_to_fill(migration: &Migration) {
    tracing::info!(schema = migration.version, "filling what the migration added");
}

/// A batch; whether there may be more.
async fn fill_some(conn: &Conn, sql: &'static str) -> Result<bool> {
    Ok(conn.ask(sql, &[&BATCH]).await?.changed > 0)
}

async fn note_filled(conn: &Conn, migration: &Migration) -> Result<()> {
    let sql = "UPDATE schema_version SET filled = greatest(filled, $1) WHERE one = 1";
    conn.ask(sql, &[&num(migration.version)]).await.map(drop)
}

/// The newest schema this program knows.
pub(super) fn known() -> u64 {
    MIGRATIONS.last().map_or(0, |it| it.version)
}

async fn run(conn: &Conn, migrations: &[Migration]) -> Result<()> {
    let known = migrations.last().map_or(0, |it| it.version);
    let found = match version(conn).await? {
        Some(found) => found,
        None => begin(conn).await?,
    };
    if found > known {
        return Err(StoreError::NewerSchema { found: narrow(found), known: narrow(known) });
    }
    let mut before = migrations.iter().rfind(|it| it.version <= found);
    for migration in migrations.iter().filter(|it| it.version > found) {
        if let Some(before) = before {
            fill_one(conn, before).await?;
        }
        step(conn, migration).await?;
        before = Some(migration);
    }
    Ok(())
}

/// One migration, one transaction. Whoever comes second waits at the row and finds it done.
async fn step(conn: &Conn, migration: &Migration) -> Result<()> {
    let next = migration.version;
    let locked = conn.begin(vec![call!("SELECT version FROM schema_version WHERE one = 1 FOR UPDATE")]).await?;
    let outcome = match locked.first().map(|answer| answer.one()?.num(0)).transpose()? {
        Some(version) if version >= next => Ok(()),
        _ => {
            tracing::info!(schema = next, "migrating the database");
            apply(conn, next, migration.schema).await
        }
    };
    conn.end(outcome).await
}

async fn apply(conn: &Conn, next: u64, sql: &str) -> Result<()> {
    conn.script(sql).await?;
    conn.ask("UPDATE schema_version SET version = $1 WHERE one = 1", &[&num(next)]).await.map(drop)
}

/// The version the data has, as the port tells it.
pub(super) async fn version_of_data(conn: &Conn) -> Result<Option<u32>> {
    Ok(version(conn).await?.map(narrow))
}

pub(super) async fn version(conn: &Conn) -> Result<Option<u64>> {
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
        (one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1), version BIGINT NOT NULL, filled BIGINT NOT NULL)";
    conn.ask(table, &[]).await?;
    conn.ask("INSERT INTO schema_version (one, version, filled) VALUES (1, 0, 0) ON CONFLICT DO NOTHING", &[])
        .await
        .map(drop)
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::contract::world::new_user;
    use crate::port::Store;
    use crate::postgres::Postgres;
    use crate::postgres::tests::{new_database, options};

    /// The version of this program.
    const NOW: u64 = MIGRATIONS[MIGRATIONS.len() - 1].version;

    /// What a next version might do.
    const NEXT: &[Migration] = &[
        Migration { version: NOW, schema: "", fill: None },
        Migration {
            version: NOW + 1,
            schema: "ALTER TABLE account ADD COLUMN locale TEXT",
            fill: Some(
                "UPDATE account SET locale = 'de' WHERE id IN (SELECT id FROM account WHERE locale IS NULL ORDER BY id LIMIT $1)",
            ),
        },
    ];

    /// And the one after it.
    const AFTER: &[Migration] = &[
        Migration { version: NOW, schema: "", fill: None },
        Migration { version: NOW + 1, schema: "", fill: NEXT[1].fill },
        Migration { version: NOW + 2, schema: "ALTER TABLE account ALTER COLUMN locale SET NOT NULL", fill: None },
    ];

    /// A node of this version goes on while the next one migrates beside it, and neither refuses anybody anything.
    #[tokio::test(flavor = "multi_thread")]
    async fn both_versions_serve_while_a_migration_runs() {
        let url = new_database().await;
        let old = Arc::new(Postgres::open(options(url.clone())).await.unwrap());
        let add = |from: u32, to: u32| {
            let old = Arc::clone(&old);
            async move {
                for number in from..to {
                    old.create_user(new_user(&format!("user-{number}"))).await.unwrap();
                    let found = old.user_by_identifier(&format!("user-{number}")).await.unwrap().unwrap();
                    old.set_password(&found.id, "$new", "handle", found.created_at).await.unwrap();
                }
            }
        };
        add(0, 700).await;
        let serving = tokio::spawn(add(700, 1000));
        let conn = old.inner.connection().await.unwrap();
        run(&conn, NEXT).await.unwrap();
        fill_until(&Arc::downgrade(&old.inner), NEXT).await.unwrap();
        serving.await.unwrap();
        add(1000, 1010).await;
        let without = "SELECT count(*) FROM account WHERE locale IS NULL";
        let left = conn.ask(without, &[]).await.unwrap().one().unwrap().num(0).unwrap();
        assert!(left >= 10, "the old version knows nothing of it");
        // A node that starts anew must be of the new version; one that runs goes on.
        let refused = Postgres::open(options(url)).await.map(drop);
        let newer = StoreError::NewerSchema { found: narrow(NOW + 1), known: narrow(NOW) };
        assert_eq!(refused, Err(newer));
        run(&conn, AFTER).await.unwrap();
        assert_eq!(conn.ask(without, &[]).await.unwrap().one().unwrap().num(0).unwrap(), 0, "filled before it counts");
    }
}
