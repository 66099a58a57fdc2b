//! The audit log.

use tokio_postgres::Row;

use super::conn::{Call, Conn, call};
use super::value::{Columns, json, num};
use crate::page::page_size;
use crate::port::Result;
use crate::record::{AuditEvent, AuditRecord};

pub(super) async fn append_audit(conn: &Conn, events: &[AuditEvent]) -> Result<()> {
    let mut writes = events.iter().map(append).collect::<Result<Vec<_>>>()?;
    // Not even an empty transaction for nothing.
    if writes.is_empty() {
        return Ok(());
    }
    if writes.len() == 1 {
        return conn.fly(writes).await.map(drop);
    }
    writes.insert(0, call!("BEGIN"));
    conn.opens();
    conn.finish(writes).await.map(drop)
}

pub(super) fn append(event: &AuditEvent) -> Result<Call<'_>> {
    let sql = "INSERT INTO audit (at, name, outcome, actor, user_id, client_id, sid, address, request_id, detail)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let AuditEvent { at, name, outcome, actor, user_id, client_id, sid, address, request_id, detail } = event;
    let detail = json(detail)?;
    let [actor, user_id, client_id, sid, address, request_id] =
        [actor, user_id, client_id, sid, address, request_id].map(|text| text.as_deref().map(readable));
    Ok(call!(sql, num(*at), name, outcome, actor, user_id, client_id, sid, address, request_id, detail))
}

/// What somebody sent must not keep the event from being written: this engine's text has no NUL.
fn readable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

pub(super) async fn audit(conn: &Conn, after_seq: u64, limit: u32) -> Result<Vec<AuditRecord>> {
    let sql = "SELECT seq, at, name, outcome, actor, user_id, client_id, sid, address, request_id, detail
        FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2";
    let answer = conn.ask(sql, &[&num(after_seq), &i64::from(page_size(limit))]).await?;
    answer.rows.iter().map(from_row).collect()
}

/// About one user, the newest first.
pub(super) async fn audit_of(conn: &Conn, user_id: &str, before: Option<u64>, limit: u32) -> Result<Vec<AuditRecord>> {
    let sql = "SELECT seq, at, name, outcome, actor, user_id, client_id, sid, address, request_id, detail
        FROM audit WHERE user_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3";
    let before = i64::try_from(before.unwrap_or(u64::MAX)).unwrap_or(i64::MAX);
    let answer = conn.ask(sql, &[&user_id, &before, &i64::from(page_size(limit))]).await?;
    answer.rows.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<AuditRecord> {
    Ok(AuditRecord {
        seq: row.num(0)?,
        event: AuditEvent {
            at: row.num(1)?,
            name: row.at(2)?,
            outcome: row.at(3)?,
            actor: row.at(4)?,
            user_id: row.at(5)?,
            client_id: row.at(6)?,
            sid: row.at(7)?,
            address: row.at(8)?,
            request_id: row.at(9)?,
            detail: row.json(10)?,
        },
    })
}
