//! Forward-only migrations, run at opening. The schema version stands in the file's header (`user_version`), and the
//! `application_id` there tells our files from other programs' databases.

use rusqlite::Connection;

use crate::error::StoreError;
use crate::port::Result;
use crate::schema::SchemaState;

/// "SYMB" in ASCII.
const APPLICATION_ID: i64 = 0x5359_4d42;

/// In order; the first takes an empty file to version 1. A published migration never changes.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_initial.sql"),
    include_str!("migrations/0002_revocation_log.sql"),
    include_str!("migrations/0003_status_list.sql"),
    include_str!("migrations/0004_outbox.sql"),
    include_str!("migrations/0005_session_value.sql"),
    include_str!("migrations/0006_event_stream.sql"),
    include_str!("migrations/0007_document_change.sql"),
    include_str!("migrations/0008_credential.sql"),
    include_str!("migrations/0009_refresh_token_by_family.sql"),
    include_str!("migrations/0010_own_account.sql"),
];

/// Brings the database to the newest schema this program knows. Each step is one transaction.
pub(super) fn migrate(conn: &Connection) -> Result<()> {
    run(conn, MIGRATIONS)
}

/// Brings the database to an older schema, for data that was written with it.
pub(super) fn migrate_to(conn: &Connection, version: u32) -> Result<()> {
    let steps = MIGRATIONS.get(..version as usize).filter(|steps| !steps.is_empty());
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    run(conn, steps.ok_or(StoreError::NewerSchema { found: version, known })?)
}

/// Looks without changing anything. Another program's database is refused; a newer one of ours is told as it is.
pub(super) fn state(conn: &Connection) -> Result<SchemaState> {
    let found = version(conn)?;
    check_owner(conn, found)?;
    Ok(SchemaState::of(found, (1..).zip(MIGRATIONS.iter().copied())))
}

/// The newest schema this program knows.
pub(super) fn known() -> u64 {
    MIGRATIONS.len() as u64
}

fn run(conn: &Connection, migrations: &[&str]) -> Result<()> {
    let version = version(conn)?;
    let known = u32::try_from(migrations.len()).unwrap_or(u32::MAX);
    check_owner(conn, version)?;
    if version > known {
        return Err(StoreError::NewerSchema { found: version, known });
    }
    for (next, sql) in (1..).zip(migrations).skip(version as usize) {
        tracing::info!(schema = next, "migrating the database");
        let step = format!(
            "BEGIN IMMEDIATE; {sql}; PRAGMA user_version = {next}; PRAGMA application_id = {APPLICATION_ID}; COMMIT"
        );
        if let Err(error) = conn.execute_batch(&step) {
            if !conn.is_autocommit() {
                drop(conn.execute_batch("ROLLBACK"));
            }
            return Err(error.into());
        }
    }
    Ok(())
}

pub(super) fn version(conn: &Connection) -> Result<u32> {
    let version: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    u32::try_from(version).map_err(|_| StoreError::Corrupt(format!("impossible schema version {version}")))
}

/// Refuses a database that another program made: creating our tables in it would damage both.
fn check_owner(conn: &Connection, version: u32) -> Result<()> {
    let owner: i64 = conn.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let fresh = owner == 0 && version == 0 && tables == 0;
    if fresh || owner == APPLICATION_ID {
        return Ok(());
    }
    Err(StoreError::Corrupt("it belongs to another program".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: &[&str] = &["CREATE TABLE a (x TEXT)", "CREATE TABLE b (x TEXT)"];

    fn tables(conn: &Connection) -> i64 {
        conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn steps_run_once_each_and_in_order() {
        let conn = Connection::open_in_memory().unwrap();
        run(&conn, &STEPS[..1]).unwrap();
        assert_eq!((version(&conn).unwrap(), tables(&conn)), (1, 1));
        run(&conn, STEPS).unwrap();
        run(&conn, STEPS).unwrap();
        assert_eq!((version(&conn).unwrap(), tables(&conn)), (2, 2));
    }

    #[test]
    fn what_is_pending_is_told_and_not_done() {
        let conn = Connection::open_in_memory().unwrap();
        run(&conn, &MIGRATIONS[..4]).unwrap();
        let before = state(&conn).unwrap();
        assert_eq!((before.found, before.pending.len()), (4, MIGRATIONS.len() - 4));
        assert!(before.pending[0].1.starts_with("An access token may be a session value"), "{:?}", before.pending);
        assert_eq!(state(&conn).unwrap(), before);
        migrate(&conn).unwrap();
        assert_eq!(state(&conn).unwrap().pending, []);
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let conn = Connection::open_in_memory().unwrap();
        run(&conn, STEPS).unwrap();
        assert_eq!(run(&conn, &STEPS[..1]), Err(StoreError::NewerSchema { found: 2, known: 1 }));
    }

    #[test]
    fn a_failing_step_leaves_nothing_behind() {
        let conn = Connection::open_in_memory().unwrap();
        assert!(run(&conn, &["CREATE TABLE a (x TEXT)", "CREATE TABLE b (x TEXT); CREATE TABLE a (x TEXT)"]).is_err());
        assert_eq!((version(&conn).unwrap(), tables(&conn)), (1, 1));
    }

    #[test]
    fn another_programs_database_is_refused_and_left_alone() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE theirs (x TEXT)").unwrap();
        assert!(matches!(migrate(&conn), Err(StoreError::Corrupt(_))));
        assert_eq!(tables(&conn), 1);
    }

    #[test]
    fn a_revocation_log_of_the_first_schema_goes_on_where_it_was() {
        let conn = Connection::open_in_memory().unwrap();
        run(&conn, &MIGRATIONS[..1]).unwrap();
        let sql = "INSERT INTO revocation (kind, id, revoked_at, expires_at)
            VALUES ('jti', 'a', 1, 2), ('sid', 'b', 3, 4), ('user_handle', 'c', 5, 6)";
        conn.execute_batch(sql).unwrap();
        migrate(&conn).unwrap();
        let log = super::super::revocation::after(&conn, 0, 9).unwrap();
        assert_eq!(
            log.iter().map(|entry| (entry.seq, entry.id.as_str())).collect::<Vec<_>>(),
            [(1, "a"), (2, "b"), (3, "c")]
        );
        let head = super::super::revocation::head(&conn).unwrap();
        assert_eq!((head.seq, head.epoch.len()), (3, 32));
    }

    #[test]
    fn clients_of_sessions_from_before_the_outbox_are_told_as_well() {
        let conn = Connection::open_in_memory().unwrap();
        run(&conn, &MIGRATIONS[..2]).unwrap();
        conn.execute_batch(
            "INSERT INTO account VALUES ('ann', NULL, NULL, 0, NULL, '{}', NULL, 'active', '[]', 'h', 0, 0, NULL, 1);
            INSERT INTO session VALUES (x'01', 's1', 'ann', 0, 0, 0, 9, 9, 0, '[]', NULL, NULL, NULL, NULL);
            INSERT INTO family VALUES ('f1', 'web', 'ann', 's1', 1, '', '[]', 0, 0, 9, NULL, NULL, 'null');
            INSERT INTO family VALUES ('f2', 'web', 'ann', 's1', 1, '', '[]', 0, 0, 9, NULL, NULL, 'null');
            INSERT INTO family VALUES ('f3', 'spa', 'ann', 'gone', 0, '', '[]', 0, 0, 9, NULL, NULL, 'null');
            INSERT INTO family VALUES ('f4', 'spa', 'ann', NULL, 0, '', '[]', 0, 0, 9, NULL, NULL, 'null')",
        )
        .unwrap();
        migrate(&conn).unwrap();
        let noted: String =
            conn.query_row("SELECT group_concat(sid || client_id) FROM session_client", [], |row| row.get(0)).unwrap();
        assert_eq!(noted, "s1web");
    }
}
