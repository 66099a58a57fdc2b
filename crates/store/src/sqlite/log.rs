//! The audit log.

use rusqlite::{Connection, Row, params};

use super::value::{Json, Num};
use crate::page::page_size;
use crate::port::Result;
use crate::record::{AuditEvent, AuditRecord};

pub(super) fn append_audit(conn: &Connection, events: &[AuditEvent]) -> Result<()> {
    let mut insert = conn.prepare_cached(
        "INSERT INTO audit (at, name, outcome, actor, user_id, client_id, sid, address, request_id, detail)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    for event in events {
        insert.execute(params![
            Num(event.at),
            event.name,
            event.outcome,
            event.actor,
            event.user_id,
            event.client_id,
            event.sid,
            event.address,
            event.request_id,
            Json(&event.detail),
        ])?;
    }
    Ok(())
}

pub(super) fn audit(conn: &Connection, after_seq: u64, limit: u32) -> Result<Vec<AuditRecord>> {
    let mut select = conn.prepare_cached(
        "SELECT seq, at, name, outcome, actor, user_id, client_id, sid, address, request_id, detail
        FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    )?;
    let records = select.query_map(params![Num(after_seq), page_size(limit)], audit_from_row)?;
    Ok(records.collect::<rusqlite::Result<_>>()?)
}

/// About one user, the newest first.
pub(super) fn audit_of(conn: &Connection, user_id: &str, before: Option<u64>, limit: u32) -> Result<Vec<AuditRecord>> {
    let mut select = conn.prepare_cached(
        "SELECT seq, at, name, outcome, actor, user_id, client_id, sid, address, request_id, detail
        FROM audit WHERE user_id = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3",
    )?;
    let before = i64::try_from(before.unwrap_or(u64::MAX)).unwrap_or(i64::MAX);
    let records = select.query_map(params![user_id, before, page_size(limit)], audit_from_row)?;
    Ok(records.collect::<rusqlite::Result<_>>()?)
}

fn audit_from_row(row: &Row<'_>) -> rusqlite::Result<AuditRecord> {
    Ok(AuditRecord {
        seq: row.get::<_, Num>(0)?.0,
        event: AuditEvent {
            at: row.get::<_, Num>(1)?.0,
            name: row.get(2)?,
            outcome: row.get(3)?,
            actor: row.get(4)?,
            user_id: row.get(5)?,
            client_id: row.get(6)?,
            sid: row.get(7)?,
            address: row.get(8)?,
            request_id: row.get(9)?,
            detail: row.get::<_, Json<_>>(10)?.0,
        },
    })
}
