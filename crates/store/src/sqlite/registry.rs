//! The registry: versioned documents, written all or none.

use rusqlite::{Connection, OptionalExtension, params};

use super::readers::snapshot;
use super::value::{Json, Num};
use crate::error::{Conflict, StoreError};
use crate::port::Result;
use crate::record::{Document, DocumentWrite, Expect, Registry};

pub(super) fn version(conn: &Connection) -> Result<u64> {
    let mut select = conn.prepare_cached("SELECT version FROM registry WHERE one = 1")?;
    Ok(select.query_row([], |row| row.get::<_, Num>(0))?.0)
}

pub(super) fn all(conn: &Connection) -> Result<Registry> {
    snapshot(conn, || {
        let mut select = conn.prepare_cached("SELECT kind, id, revision, body FROM document ORDER BY kind, id")?;
        let documents = select.query_map([], |row| {
            Ok(Document {
                kind: row.get(0)?,
                id: row.get(1)?,
                revision: row.get::<_, Num>(2)?.0,
                body: row.get::<_, Json<_>>(3)?.0,
            })
        })?;
        let documents = documents.collect::<rusqlite::Result<_>>()?;
        Ok(Registry { version: version(conn)?, documents })
    })
}

pub(super) fn apply(conn: &Connection, writes: &[DocumentWrite]) -> Result<u64> {
    let version = version(conn)?;
    if writes.is_empty() {
        return Ok(version);
    }
    let next = version + 1;
    for write in writes {
        match write {
            DocumentWrite::Put { kind, id, body, expect } => {
                check(conn, kind, id, *expect)?;
                let sql = "INSERT INTO document (kind, id, revision, body) VALUES (?1, ?2, ?3, ?4)
                    ON CONFLICT (kind, id) DO UPDATE SET revision = excluded.revision, body = excluded.body";
                conn.prepare_cached(sql)?.execute(params![kind, id, Num(next), Json(body)])?;
            }
            DocumentWrite::Delete { kind, id, expect } => {
                check(conn, kind, id, *expect)?;
                conn.prepare_cached("DELETE FROM document WHERE kind = ?1 AND id = ?2")?.execute([kind, id])?;
            }
        }
    }
    conn.prepare_cached("UPDATE registry SET version = ?1 WHERE one = 1")?.execute([Num(next)])?;
    Ok(next)
}

fn check(conn: &Connection, kind: &str, id: &str, expect: Expect) -> Result<()> {
    let mut select = conn.prepare_cached("SELECT revision FROM document WHERE kind = ?1 AND id = ?2")?;
    let found = select.query_row([kind, id], |row| row.get::<_, Num>(0)).optional()?.map(|revision| revision.0);
    match (expect, found) {
        (Expect::Any, _) | (Expect::Absent, None) => Ok(()),
        (Expect::Absent, Some(_)) => Err(Conflict::Exists.into()),
        (Expect::Revision(_), None) => Err(StoreError::NotFound("document")),
        (Expect::Revision(expected), Some(revision)) if expected == revision => Ok(()),
        (Expect::Revision(_), Some(_)) => Err(Conflict::Revision.into()),
    }
}
