//! Moving data in and out: everything at one moment on a connection of its own, and a database that is being filled.
//!
//! A reader of one moment holds up no writer; but the write-ahead log cannot begin anew while it lives, so it grows by what is
//! written meanwhile. Refuses to read a schema that is not the newest: the list of tables would not be of it.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, ToSql, params, params_from_iter};

use super::open::{self, Lock};
use super::value::Num;
use super::{migrate, revocation};
use crate::error::StoreError;
use crate::port::Result;
use crate::record::{NewRevocation, RevocationKind};
use crate::transfer::{
    Begun, COUNTED, Column, Counter, Kind, Load, MARK, NUMBERS_SKIPPED, Row, SCHEMA, SignIns, Snapshot, StartOver,
    Table, Value,
};

/// Everything at one moment.
pub(super) struct Reading {
    conn: Connection,
    /// Where nobody else may write.
    _lock: Option<Lock>,
}

impl Reading {
    /// Beside a store that goes on.
    pub(super) fn beside(path: &Path) -> Result<Self> {
        Self::of(open::reader(path)?, None)
    }

    /// With the store's own lock.
    pub(super) fn alone(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Err(StoreError::NotFound("database"));
        }
        let lock = open::claim(path)?;
        Self::of(open::reader(path)?, Some(lock))
    }

    /// Of a database that is being filled, whose tables the caller knows.
    pub(super) fn of_any_schema(path: &Path) -> Result<Self> {
        let conn = open::reader(path)?;
        conn.execute_batch("BEGIN")?;
        migrate::state(&conn)?;
        Ok(Self { conn, _lock: None })
    }

    fn of(conn: Connection, lock: Option<Lock>) -> Result<Self> {
        conn.execute_batch("BEGIN")?;
        // The moment is that of the first read.
        let state = migrate::state(&conn)?;
        if state.found > SCHEMA {
            return Err(StoreError::NewerSchema { found: state.found, known: SCHEMA });
        }
        if state.found < SCHEMA {
            return Err(StoreError::Invalid("the database has an older schema: bring it up to date first"));
        }
        Ok(Self { conn, _lock: lock })
    }
}

#[async_trait]
impl Snapshot for Reading {
    async fn rows(&mut self, table: &Table, after: Option<&[Value]>, limit: u32) -> Result<Vec<Row>> {
        rows(&self.conn, table, after, limit)
    }

    async fn count(&mut self, table: &Table) -> Result<u64> {
        let sql = format!("SELECT count(*) FROM {} WHERE {}", table.name, table.filter());
        Ok(self.conn.prepare_cached(&sql)?.query_row([], |row| row.get::<_, Num>(0))?.0)
    }

    async fn counters(&mut self) -> Result<Vec<Counter>> {
        COUNTED
            .into_iter()
            .map(|table| Ok(Counter { table: table.to_owned(), last: last(&self.conn, table)? }))
            .collect()
    }
}

fn last(conn: &Connection, table: &str) -> Result<i64> {
    let mut select = conn.prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = ?1")?;
    Ok(select.query_row([table], |row| row.get(0)).optional()?.unwrap_or(0))
}

fn rows(conn: &Connection, table: &Table, after: Option<&[Value]>, limit: u32) -> Result<Vec<Row>> {
    let (name, columns, key) = (&table.name, table.column_list(), table.key.join(", "));
    let place = |number: usize| format!("?{number}");
    let beyond = after.map_or_else(String::new, |after| {
        let places: Vec<String> = (1..=after.len()).map(place).collect();
        format!("AND ({key}) > ({})", places.join(", "))
    });
    let filter = table.filter();
    let sql = format!("SELECT {columns} FROM {name} WHERE {filter} {beyond} ORDER BY {key} LIMIT {limit}");
    let mut select = conn.prepare_cached(&sql)?;
    let mut found = select.query(params_from_iter(after.unwrap_or_default()))?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let read = |(position, column): (usize, &Column)| value(row.get_ref(position)?, column);
        rows.push(table.columns.iter().enumerate().map(read).collect::<Result<Row>>()?);
    }
    Ok(rows)
}

fn value(value: ValueRef<'_>, column: &Column) -> Result<Value> {
    let odd = || StoreError::Corrupt(format!("column {} holds what it cannot", column.name));
    Ok(match (column.kind, value) {
        (_, ValueRef::Null) => Value::Null,
        (Kind::Blob, ValueRef::Blob(bytes)) => Value::Blob(bytes.to_vec()),
        (Kind::Boolean, ValueRef::Integer(0)) => Value::Boolean(false),
        (Kind::Boolean, ValueRef::Integer(1)) => Value::Boolean(true),
        (Kind::Integer, ValueRef::Integer(number)) => Value::Integer(number),
        (Kind::Text, ValueRef::Text(text)) => Value::Text(String::from_utf8(text.to_vec()).map_err(|_| odd())?),
        _ => return Err(odd()),
    })
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Blob(bytes) => bytes.as_slice().into(),
            Self::Boolean(truth) => (*truth).into(),
            Self::Integer(number) => (*number).into(),
            Self::Null => rusqlite::types::Null.into(),
            Self::Text(text) => text.as_str().into(),
        })
    }
}

/// A database that is being filled.
pub(super) struct Loading {
    conn: Connection,
    path: PathBuf,
    // After the connection: it is dropped last.
    _lock: Lock,
}

impl Loading {
    pub(super) fn open(path: &Path) -> Result<Self> {
        Self::at(path, SCHEMA)
    }

    /// With the schema of this version.
    pub(super) fn at(path: &Path, schema: u32) -> Result<Self> {
        let lock = open::claim(path)?;
        let conn = open::writer(path)?;
        migrate::migrate_to(&conn, schema)?;
        Ok(Self { conn, path: path.to_owned(), _lock: lock })
    }

    fn atomically<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.conn.execute_batch("BEGIN IMMEDIATE")?;
        let done = work(&self.conn).and_then(|done| {
            self.conn.execute_batch("COMMIT")?;
            Ok(done)
        });
        if done.is_err() && !self.conn.is_autocommit() {
            drop(self.conn.execute_batch("ROLLBACK"));
        }
        done
    }
}

#[async_trait]
impl Load for Loading {
    async fn mark(&mut self) -> Result<Option<String>> {
        let mut select = self.conn.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
        Ok(select.query_row([MARK], |row| row.get(0)).optional()?)
    }

    async fn set_mark(&mut self, of: &str) -> Result<()> {
        self.conn.execute("INSERT INTO meta (key, value) VALUES (?1, ?2)", params![MARK, of])?;
        Ok(())
    }

    async fn last_key(&mut self, table: &Table) -> Result<Option<Vec<Value>>> {
        let order: Vec<String> = table.key.iter().map(|name| format!("{name} DESC")).collect();
        let (key, name, order) = (table.key.join(", "), &table.name, order.join(", "));
        let sql = format!("SELECT {key} FROM {name} WHERE {} ORDER BY {order} LIMIT 1", table.filter());
        let positions = table.key_positions();
        let mut select = self.conn.prepare_cached(&sql)?;
        let mut found = select.query([])?;
        let Some(row) = found.next()? else { return Ok(None) };
        let columns = positions.iter().map(|position| &table.columns[*position]);
        let read = |(position, column): (usize, &Column)| value(row.get_ref(position)?, column);
        columns.enumerate().map(read).collect::<Result<_>>().map(Some)
    }

    async fn write(&mut self, table: &Table, rows: Vec<Row>) -> Result<()> {
        let (name, columns, key) = (&table.name, table.column_list(), table.key.join(", "));
        let places: Vec<String> = (1..=table.columns.len()).map(|number| format!("?{number}")).collect();
        let otherwise = if table.is_seeded() {
            let set: Vec<String> =
                table.columns.iter().map(|column| format!("{0} = excluded.{0}", column.name)).collect();
            format!("UPDATE SET {}", set.join(", "))
        } else {
            "NOTHING".to_owned()
        };
        let places = places.join(", ");
        let sql = format!("INSERT INTO {name} ({columns}) VALUES ({places}) ON CONFLICT ({key}) DO {otherwise}");
        self.atomically(|conn| {
            let mut insert = conn.prepare_cached(&sql)?;
            rows.iter().try_for_each(|row| insert.execute(params_from_iter(row)).map(drop)).map_err(StoreError::from)
        })
    }

    async fn set_counters(&mut self, counters: &[Counter]) -> Result<()> {
        self.atomically(|conn| {
            for Counter { table, last: wanted } in counters {
                if last(conn, table)? < *wanted {
                    conn.execute("DELETE FROM sqlite_sequence WHERE name = ?1", [table])?;
                    let sql = "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)";
                    conn.execute(sql, params![table, wanted])?;
                }
            }
            Ok(())
        })
    }

    async fn snapshot(&mut self) -> Result<Box<dyn Snapshot>> {
        Ok(Box::new(Reading::of_any_schema(&self.path)?))
    }

    async fn upgrade(&mut self) -> Result<()> {
        migrate::migrate(&self.conn)
    }

    async fn start_over(&mut self, over: &StartOver) -> Result<Begun> {
        self.atomically(|conn| {
            conn.execute("UPDATE revocation_head SET epoch = ?1 WHERE one = 1", [&over.epoch])?;
            let SignIns::End { last_expiry } = over.sign_ins else { return Ok(Begun::default()) };
            let now = Num(over.now);
            let end = |table: &str| {
                let sql = format!("UPDATE {table} SET ended_at = ?1, ended_why = 'restore' WHERE ended_at IS NULL");
                conn.execute(&sql, [now]).map(|ended| ended as u64)
            };
            let begun = Begun { sessions: end("session")?, families: end("family")? };
            conn.execute("DELETE FROM artefact WHERE redeemed_at IS NULL", [])?;
            conn.execute("UPDATE event_stream SET last_number = last_number + ?1", [NUMBERS_SKIPPED])?;
            let (revoked_at, expires_at) = (over.now, last_expiry);
            let rule = NewRevocation { kind: RevocationKind::All, id: String::new(), revoked_at, expires_at };
            revocation::append(conn, &rule)?;
            Ok(begun)
        })
    }

    async fn finish(&mut self) -> Result<()> {
        self.conn.execute("DELETE FROM meta WHERE key = ?1", [MARK])?;
        // What was written is in the file itself, not beside it.
        self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
