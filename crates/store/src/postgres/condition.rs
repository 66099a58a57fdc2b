//! What a server tells of itself, asked in groups: what an engine of another kind or a role without rights does not answer is noted as unknown and
//! keeps nobody from the rest.

#[cfg(test)]
mod tests;

use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::sync::oneshot;
use tokio_postgres::{AsyncMessage, Row};

use super::Inner;
use super::conn::Conn;
use super::connect::Target;
use super::follow::CHANNEL;
use super::migrate;
use super::value::Columns;
use crate::error::StoreError;
use crate::port::Result;
use crate::record::{Condition, ServerCondition};

/// The channel on which a notice is tried.
const PROBE: &str = "symbolon_probe";
/// A notice that takes longer than this is of no use.
const NOTICE_TIMEOUT: Duration = Duration::from_secs(1);

/// The settings that are judged.
const SETTINGS: &str = "SELECT name, setting FROM pg_settings WHERE name IN ('autovacuum', 'fsync', 'full_page_writes', 'max_connections',
        'server_encoding', 'server_version_num', 'statement_timeout', 'superuser_reserved_connections', 'synchronous_commit',
        'synchronous_standby_names', 'transaction_read_only')
    UNION ALL SELECT 'is_superuser', current_setting('is_superuser', true)";

/// A group of questions: its name, its one row, and where the answers go.
struct Group {
    name: &'static str,
    sql: &'static str,
    note: fn(&mut ServerCondition, &Row) -> Result<()>,
}

const GROUPS: &[Group] = &[
    Group {
        name: "connections",
        sql: "SELECT count(datid), count(*) FILTER (WHERE query = $1 AND datname = current_database()) FROM pg_stat_activity",
        note: |found, row| {
            found.connections = Some(row.num(0)?);
            found.nodes = Some(row.num(1)?);
            Ok(())
        },
    },
    Group {
        name: "connection limits",
        sql: "SELECT CAST(rolconnlimit AS BIGINT),
                (SELECT CAST(datconnlimit AS BIGINT) FROM pg_database WHERE datname = current_database())
            FROM pg_roles WHERE rolname = current_user",
        note: |found, row| {
            let limits = [row.at::<i64>(0)?, row.at::<i64>(1)?];
            found.connection_limit = limits.into_iter().filter_map(|limit| u64::try_from(limit).ok()).min();
            Ok(())
        },
    },
    Group {
        name: "standbys",
        sql: "SELECT count(*), CAST(max(extract(epoch FROM replay_lag)) * 1000 AS BIGINT) FROM pg_stat_replication",
        note: |found, row| {
            found.standbys = Some(row.num(0)?);
            found.lag_ms = row.at::<Option<i64>>(1)?.and_then(|lag| u64::try_from(lag).ok());
            Ok(())
        },
    },
    Group {
        name: "replication slots",
        sql: "SELECT count(*), CAST(coalesce(max(CASE WHEN pg_is_in_recovery() THEN 0
                ELSE pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) END), 0) AS BIGINT)
            FROM pg_replication_slots WHERE NOT active",
        note: |found, row| {
            found.idle_slots = Some(row.num(0)?);
            found.retained_bytes = Some(row.num(1)?);
            Ok(())
        },
    },
    Group {
        name: "dead rows",
        sql: "SELECT CAST(relname AS TEXT), n_live_tup, n_dead_tup FROM pg_stat_user_tables
            WHERE schemaname = current_schema() ORDER BY n_dead_tup DESC LIMIT 1",
        note: |found, row| {
            found.dead_rows = Some((row.at(0)?, row.num(1)?, row.num(2)?));
            Ok(())
        },
    },
    Group {
        name: "open transactions",
        sql: "SELECT CAST(coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0) AS BIGINT) FROM pg_stat_activity
            WHERE datid IS NOT NULL AND pid <> pg_backend_pid()",
        note: |found, row| {
            found.oldest_transaction_secs = u64::try_from(row.at::<i64>(0)?).ok();
            Ok(())
        },
    },
    Group {
        name: "frozen rows",
        sql: "SELECT CAST(max(age(datfrozenxid)) AS BIGINT) FROM pg_database",
        note: |found, row| {
            found.unfrozen = Some(row.num(0)?);
            Ok(())
        },
    },
];

/// Rights on tables and sequences. What is taken from the role to keep the audit log unchangeable is no lack.
const RIGHTS: &str = "SELECT wanted.needed || ' on ' || CAST(relation.relname AS TEXT)
    FROM pg_class AS relation JOIN pg_namespace AS space ON space.oid = relation.relnamespace
        JOIN (VALUES ('r', 'SELECT'), ('r', 'INSERT'), ('r', 'UPDATE'), ('r', 'DELETE'), ('S', 'USAGE')) AS wanted (kind, needed)
            ON wanted.kind = CAST(relation.relkind AS TEXT)
    WHERE space.nspname = current_schema()
        AND NOT (relation.relname = 'audit' AND wanted.needed IN ('UPDATE', 'DELETE'))
        AND NOT CASE WHEN wanted.kind = 'S' THEN has_sequence_privilege(relation.oid, wanted.needed)
            ELSE has_table_privilege(relation.oid, wanted.needed) END
    ORDER BY 1";

pub(super) async fn of(inner: &Inner) -> Result<Condition> {
    let conn = inner.connection().await?;
    let first = conn.ask(
        "SELECT CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT), version(), pg_is_in_recovery()",
        &[],
    );
    let first = inner.bounded(&conn, first).await?;
    let row = first.one()?;
    let mut found = ServerCondition {
        now_ms: row.num(0)?,
        is_standby: row.at(2)?,
        plain_abroad: inner.target.is_plain_abroad(),
        pooled: inner.target.is_pooled(),
        ..ServerCondition::default()
    };
    let schema = inner.bounded(&conn, migrate::version(&conn)).await?.unwrap_or(0);
    note_rows(&mut found, inner, &conn).await;
    for group in GROUPS {
        if let Err(error) = ask(group, &mut found, inner, &conn).await {
            tracing::debug!(%error, group = group.name, "the database does not tell");
            found.unknown.push(group.name.to_owned());
        }
    }
    found.notices = inner.bounded(&conn, notice(&inner.target, &conn)).await.ok();
    let engine = row.at::<&str>(1)?.split(" on ").next().unwrap_or_default().to_owned();
    Ok(Condition { engine, schema, schema_known: migrate::known(), file: None, server: Some(found) })
}

/// What has more rows than one.
async fn note_rows(found: &mut ServerCondition, inner: &Inner, conn: &Conn) {
    match inner.bounded(conn, conn.ask(SETTINGS, &[])).await {
        Ok(answer) => {
            let pair = |row: &Row| Some((row.at(0).ok()?, row.at(1).ok()?));
            found.settings = answer.rows.iter().filter_map(pair).collect();
        }
        Err(_) => found.unknown.push("settings".to_owned()),
    }
    match inner.bounded(conn, conn.ask(RIGHTS, &[])).await {
        Ok(answer) => found.missing_rights = answer.rows.iter().filter_map(|row| row.at(0).ok()).collect(),
        Err(_) => found.unknown.push("rights".to_owned()),
    }
}

async fn ask(group: &Group, found: &mut ServerCondition, inner: &Inner, conn: &Conn) -> Result<()> {
    let listening = format!("LISTEN {CHANNEL}");
    let listening: &(dyn tokio_postgres::types::ToSql + Sync) = &listening;
    let arguments = if group.sql.contains("$1") { vec![listening] } else { Vec::new() };
    let answer = inner.bounded(conn, conn.ask(group.sql, &arguments)).await?;
    answer.row().map_or(Ok(()), |row| (group.note)(found, row))
}

/// Whether a notice that is sent on one connection arrives on another. A pooler that hands a connection to each transaction takes it for itself.
async fn notice(target: &Target, conn: &Conn) -> Result<bool> {
    let (client, mut connection) = target.connect().await.map_err(StoreError::from)?;
    let (sender, heard) = oneshot::channel();
    let listener = tokio::spawn(async move {
        let mut messages = stream::poll_fn(move |context| connection.poll_message(context));
        while let Some(Ok(message)) = messages.next().await {
            if matches!(message, AsyncMessage::Notification(notice) if notice.channel() == PROBE) {
                let _ = sender.send(());
                return;
            }
        }
    });
    let listening = client.batch_execute(&format!("LISTEN {PROBE}")).await;
    let outcome = match listening {
        Ok(()) => {
            conn.ask("SELECT pg_notify($1, '')", &[&PROBE]).await?;
            Ok(matches!(tokio::time::timeout(NOTICE_TIMEOUT, heard).await, Ok(Ok(()))))
        }
        Err(error) => Err(error.into()),
    };
    listener.abort();
    outcome
}
