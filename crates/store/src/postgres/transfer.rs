//! Moving data in and out: everything at one moment on a connection of its own, and a database that is being filled.
//!
//! Rows come through a cursor, so that the order, which is that of bytes whatever the database's collation, is made once for each table. Entries of the
//! revocation log that have no number yet are given out with the one they would get. Refuses a database that nodes are connected to, where
//! nobody else may write.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinHandle;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Row as Found};

use super::connect::Target;
use super::error::of_connecting;
use super::value::num;
use super::{Options, Postgres};
use crate::error::{Conflict, StoreError};
use crate::port::Result;
use crate::transfer::{
    Begun, COUNTED, Column, Counter, Kind, Load, MARK, NUMBERS_SKIPPED, Present, Row, SCHEMA, SignIns, Snapshot,
    StartOver, Table, Value, tables,
};

/// What nodes call themselves to the engine, and what this does.
const NODE: &str = "symbolon";
const MOVER: &str = "symbolon-transfer";

/// How often, and how far apart, to look whether connections have ended.
const LOOKS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(20);

/// A connection of its own, without the time-outs of nodes: a large table takes as long as it takes.
struct Link {
    client: Client,
    driver: JoinHandle<()>,
}

impl Link {
    async fn new(target: &Target) -> Result<Self> {
        let mut target = target.clone();
        target.config.application_name(MOVER);
        let (client, connection) = target.connect().await.map_err(|error| of_connecting(&error))?;
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended");
            }
        });
        let link = Self { client, driver };
        link.client.batch_execute("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0").await?;
        Ok(link)
    }

    /// Refuses a database that nodes use. They are known by the name they give themselves.
    async fn check_unused(&self) -> Result<()> {
        let sql = "SELECT count(*), current_database()::text FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = $1";
        let row = self.client.query_one(sql, &[&NODE]).await?;
        if row.try_get::<_, i64>(0)? > 0 {
            return Err(StoreError::InUse { path: row.try_get::<_, String>(1)?.into() });
        }
        Ok(())
    }

    /// The same, once those have gone that are just ending, such as our own of a moment ago.
    async fn check_unused_by_now(&self) -> Result<()> {
        for _ in 0..LOOKS {
            // In a transaction the engine would tell what it has told before.
            self.client.batch_execute("SELECT pg_stat_clear_snapshot()").await?;
            match self.check_unused().await {
                Err(StoreError::InUse { .. }) => tokio::time::sleep(PAUSE).await,
                outcome => return outcome,
            }
        }
        self.check_unused().await
    }

    async fn schema(&self) -> Result<u32> {
        let row = self.client.query_one("SELECT to_regclass('schema_version') IS NOT NULL", &[]).await?;
        if !row.try_get::<_, bool>(0)? {
            return Ok(0);
        }
        let row = self.client.query_one("SELECT version FROM schema_version WHERE one = 1", &[]).await?;
        u32::try_from(row.try_get::<_, i64>(0)?).map_err(|_| StoreError::Corrupt("impossible schema version".into()))
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// The version of the schema; 0 for a database that is empty.
pub(super) async fn schema(options: &Options) -> Result<u32> {
    Link::new(&Target::of(options)?).await?.schema().await
}

/// Everything at one moment.
pub(super) struct Reading {
    link: Arc<Link>,
    /// The table whose cursor is open, and the key of the last row it gave.
    open: Option<(String, Option<Vec<Value>>)>,
}

impl Reading {
    /// Beside nodes that go on.
    pub(super) async fn beside(target: &Target) -> Result<Self> {
        Self::of(Link::new(target).await?).await
    }

    /// Where no node is connected.
    pub(super) async fn alone(options: &Options) -> Result<Self> {
        let link = Link::new(&Target::of(options)?).await?;
        link.check_unused().await?;
        Self::of(link).await
    }

    async fn of(link: Link) -> Result<Self> {
        link.client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        // The moment is that of the first read.
        match link.schema().await? {
            SCHEMA => Ok(Self { link: Arc::new(link), open: None }),
            0 => Err(StoreError::NotFound("database")),
            found if found > SCHEMA => Err(StoreError::NewerSchema { found, known: SCHEMA }),
            _ => Err(StoreError::Invalid("the database has an older schema: bring it up to date first")),
        }
    }

    /// In a transaction that has begun already: also what it has written itself.
    fn within(link: &Arc<Link>) -> Self {
        Self { link: Arc::clone(link), open: None }
    }

    async fn open_cursor(&mut self, table: &Table) -> Result<()> {
        self.close_cursor().await?;
        let (columns, source, filter, order) = (table.column_list(), source(table), table.filter(), order(table, ""));
        let select = format!("SELECT {columns} FROM {source} WHERE {filter} ORDER BY {order}");
        self.link.client.batch_execute(&format!("DECLARE moving NO SCROLL CURSOR FOR {select}")).await?;
        self.open = Some((table.name.to_string(), None));
        Ok(())
    }

    async fn close_cursor(&mut self) -> Result<()> {
        if self.open.take().is_some() {
            self.link.client.batch_execute("CLOSE moving").await?;
        }
        Ok(())
    }
}

/// The table, with the numbers that its rows have or would get next.
fn source(table: &Table) -> String {
    match &*table.name {
        "revocation" => "(SELECT coalesce(seq, (SELECT seq FROM revocation_head WHERE one = 1)
                + row_number() OVER (PARTITION BY seq IS NULL ORDER BY revoked_at, kind, id)) AS seq,
            kind, id, revoked_at, expires_at FROM revocation) AS numbered"
            .to_owned(),
        "revocation_head" => "(SELECT one, epoch, seq + (SELECT count(*) FROM revocation WHERE seq IS NULL) AS seq
            FROM revocation_head) AS counted"
            .to_owned(),
        name => name.to_owned(),
    }
}

/// The key, byte by byte.
fn order(table: &Table, direction: &str) -> String {
    let of = |name: &str| {
        let is_text = table.columns.iter().any(|column| column.name == name && column.kind == Kind::Text);
        format!("{name}{} {direction}", if is_text { " COLLATE \"C\"" } else { "" })
    };
    table.key.iter().map(|name| of(name)).collect::<Vec<_>>().join(", ")
}

#[async_trait]
impl Snapshot for Reading {
    async fn rows(&mut self, table: &Table, after: Option<&[Value]>, limit: u32) -> Result<Vec<Row>> {
        let goes_on = |open: &(String, Option<Vec<Value>>)| open.0 == table.name && open.1.as_deref() == after;
        if !self.open.as_ref().is_some_and(goes_on) {
            self.open_cursor(table).await?;
        }
        loop {
            let found = self.link.client.query(&format!("FETCH FORWARD {limit} FROM moving"), &[]).await?;
            let read =
                |row: &Found| table.columns.iter().enumerate().map(|(at, column)| value(row, at, column)).collect();
            let mut rows = found.iter().map(read).collect::<Result<Vec<Row>>>()?;
            let Some(last) = rows.last() else {
                // The next reader of a transaction that goes on opens one of the same name.
                self.close_cursor().await?;
                return Ok(rows);
            };
            let last = table.key_of(last);
            // Whoever begins in the middle: what lies before is read and left out.
            rows.retain(|row| after.is_none_or(|after| table.key_of(row).as_slice() > after));
            self.open = Some((table.name.to_string(), Some(last)));
            if !rows.is_empty() {
                return Ok(rows);
            }
        }
    }

    async fn count(&mut self, table: &Table) -> Result<u64> {
        let sql = format!("SELECT count(*) FROM {} WHERE {}", table.name, table.filter());
        let count: i64 = self.link.client.query_one(&sql, &[]).await?.try_get(0)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    async fn counters(&mut self) -> Result<Vec<Counter>> {
        let mut counters = Vec::new();
        for table in COUNTED {
            counters.push(Counter { table: table.to_owned(), last: last(&self.link.client, table).await? });
        }
        Ok(counters)
    }
}

/// The last number that the engine has given out.
async fn last(client: &Client, table: &str) -> Result<i64> {
    let sequence = sequence(client, table).await?;
    let sql = format!("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}");
    Ok(client.query_one(&sql, &[]).await?.try_get(0)?)
}

/// Its name comes from the engine, ready for a statement.
async fn sequence(client: &Client, table: &str) -> Result<String> {
    let column = if table == "outbox" { "id" } else { "seq" };
    Ok(client.query_one("SELECT pg_get_serial_sequence($1, $2)", &[&table, &column]).await?.try_get(0)?)
}

fn value(row: &Found, at: usize, column: &Column) -> Result<Value> {
    Ok(match column.kind {
        Kind::Blob => row.try_get::<_, Option<Vec<u8>>>(at)?.map(Value::Blob),
        Kind::Boolean => row.try_get::<_, Option<bool>>(at)?.map(Value::Boolean),
        Kind::Integer => row.try_get::<_, Option<i64>>(at)?.map(Value::Integer),
        Kind::Text => row.try_get::<_, Option<String>>(at)?.map(Value::Text),
    }
    .unwrap_or(Value::Null))
}

impl ToSql for Value {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> std::result::Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Blob(bytes) => bytes.as_slice().to_sql(kind, out),
            Self::Boolean(truth) => truth.to_sql(kind, out),
            Self::Integer(number) => number.to_sql(kind, out),
            Self::Null => Ok(IsNull::Yes),
            Self::Text(text) => text.as_str().to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::BOOL | Type::BYTEA | Type::INT8 | Type::TEXT)
    }

    to_sql_checked!();
}

/// A database that is being filled.
pub(super) struct Loading {
    link: Arc<Link>,
    target: Target,
    filling: Filling,
}

/// What is seen of it meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filling {
    /// Batch after batch, so that a copy can go on where it was. The mark keeps nodes away.
    Marked,
    /// Nothing: it is one transaction, and what is there stays until its end. Nodes that start meanwhile wait for it and give up.
    Whole,
}

impl Loading {
    /// With the newest schema.
    pub(super) async fn open(options: &Options) -> Result<Self> {
        let target = Target::of(options)?;
        let link = Link::new(&target).await?;
        link.check_unused().await?;
        drop(Postgres::open(options.clone()).await?);
        Ok(Self { link: Arc::new(link), target, filling: Filling::Marked })
    }

    /// To take the place of what is there.
    pub(super) async fn restore(options: &Options, schema: u32, present: Present) -> Result<Self> {
        if schema != SCHEMA {
            return Err(StoreError::Invalid(
                "data of an older schema cannot be read into this engine: restore it into a file, then use migrate copy",
            ));
        }
        let loading = Self { filling: Filling::Whole, ..Self::open(options).await? };
        let names: Vec<String> = tables().iter().map(|table| table.name.to_string()).collect();
        let lock = format!("BEGIN; LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", names.join(", "));
        loading.client().batch_execute(&lock).await?;
        // Whoever came in between has been waited for, and would go on with what is no longer true.
        loading.link.check_unused_by_now().await?;
        if present == Present::Keep {
            let mut held = Reading::within(&loading.link);
            for table in tables().iter().filter(|table| !table.is_seeded() || table.name == "meta") {
                if held.count(table).await? > 0 {
                    return Err(Conflict::Exists.into());
                }
            }
        }
        // Also what a version that restored step by step has left half-way.
        loading.client().batch_execute(&format!("TRUNCATE {}", names.join(", "))).await?;
        Ok(loading)
    }

    fn client(&self) -> &Client {
        &self.link.client
    }
}

#[async_trait]
impl Load for Loading {
    async fn mark(&mut self) -> Result<Option<String>> {
        let row = self.client().query_opt("SELECT value FROM meta WHERE key = $1", &[&MARK]).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    async fn set_mark(&mut self, of: &str) -> Result<()> {
        self.client().execute("INSERT INTO meta (key, value) VALUES ($1, $2)", &[&MARK, &of]).await?;
        Ok(())
    }

    async fn last_key(&mut self, table: &Table) -> Result<Option<Vec<Value>>> {
        let (key, source, filter, order) = (table.key.join(", "), source(table), table.filter(), order(table, "DESC"));
        let sql = format!("SELECT {key} FROM {source} WHERE {filter} ORDER BY {order} LIMIT 1");
        let Some(row) = self.client().query_opt(&sql, &[]).await? else { return Ok(None) };
        let columns = table.key_positions().into_iter().map(|position| &table.columns[position]);
        columns.enumerate().map(|(at, column)| value(&row, at, column)).collect::<Result<_>>().map(Some)
    }

    async fn write(&mut self, table: &Table, rows: Vec<Row>) -> Result<()> {
        // A statement has room for 65,535 values.
        for rows in rows.chunks(1_000) {
            let width = table.columns.len();
            let places = |row: usize| {
                let places: Vec<String> = (1..=width).map(|at| format!("${}", row * width + at)).collect();
                format!("({})", places.join(", "))
            };
            let all: Vec<String> = (0..rows.len()).map(places).collect();
            let set = || table.columns.iter().map(|column| format!("{0} = excluded.{0}", column.name));
            let otherwise = if table.is_seeded() {
                format!("UPDATE SET {}", set().collect::<Vec<_>>().join(", "))
            } else {
                "NOTHING".into()
            };
            let (name, columns, key) = (&table.name, table.column_list(), table.key.join(", "));
            let sql =
                format!("INSERT INTO {name} ({columns}) VALUES {} ON CONFLICT ({key}) DO {otherwise}", all.join(", "));
            let values: Vec<&(dyn ToSql + Sync)> = rows.iter().flatten().map(|value| value as _).collect();
            self.client().execute(&sql, &values).await?;
        }
        Ok(())
    }

    async fn set_counters(&mut self, counters: &[Counter]) -> Result<()> {
        for Counter { table, last: wanted } in counters.iter().filter(|counter| COUNTED.contains(&&*counter.table)) {
            if last(self.client(), table).await? < *wanted {
                let sequence = sequence(self.client(), table).await?;
                self.client().execute("SELECT setval($1::text::regclass, $2)", &[&sequence, wanted]).await?;
            }
        }
        Ok(())
    }

    async fn snapshot(&mut self) -> Result<Box<dyn Snapshot>> {
        Ok(Box::new(match self.filling {
            Filling::Marked => Reading::beside(&self.target).await?,
            Filling::Whole => Reading::within(&self.link),
        }))
    }

    async fn upgrade(&mut self) -> Result<()> {
        Ok(())
    }

    async fn start_over(&mut self, over: &StartOver) -> Result<Begun> {
        // A part of the one transaction that a restore is.
        let client = self.client();
        client.execute("UPDATE revocation_head SET epoch = $1 WHERE one = 1", &[&over.epoch]).await?;
        let mut begun = Begun::default();
        if let SignIns::End { last_expiry } = over.sign_ins {
            let now = num(over.now);
            let end = "SET ended_at = $1, ended_why = 'restore' WHERE ended_at IS NULL";
            begun.sessions = client.execute(&format!("UPDATE session {end}"), &[&now]).await?;
            begun.families = client.execute(&format!("UPDATE family {end}"), &[&now]).await?;
            client.execute("DELETE FROM artefact WHERE redeemed_at IS NULL", &[]).await?;
            client.execute("UPDATE event_stream SET last_number = last_number + $1", &[&NUMBERS_SKIPPED]).await?;
            // It gets its number as every entry does.
            let sql = "INSERT INTO revocation (kind, id, revoked_at, expires_at) VALUES ('all', '', $1, $2)
                ON CONFLICT DO NOTHING";
            client.execute(sql, &[&now, &num(last_expiry)]).await?;
        }
        Ok(begun)
    }

    async fn finish(&mut self) -> Result<()> {
        self.client().execute("DELETE FROM meta WHERE key = $1", &[&MARK]).await?;
        if self.filling == Filling::Whole {
            self.client().batch_execute("COMMIT").await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
