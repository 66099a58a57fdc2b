//! The registry: versioned documents, written all or none.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::readers::snapshot;
use super::value::{Json, Num};
use crate::error::{Conflict, StoreError};
use crate::page::{cut, page_size};
use crate::port::Result;
use crate::record::{Body, Document, DocumentWrite, Expect, Page, RegistryChanges};

pub(super) fn version(conn: &Connection) -> Result<u64> {
    let mut select = conn.prepare_cached("SELECT version FROM registry WHERE one = 1")?;
    Ok(select.query_row([], |row| row.get::<_, Num>(0))?.0)
}

pub(super) fn one(conn: &Connection, kind: &str, id: &str) -> Result<Option<Document>> {
    let sql = "SELECT kind, id, revision, body FROM document WHERE kind = ?1 AND id = ?2";
    Ok(conn.prepare_cached(sql)?.query_row([kind, id], document).optional()?)
}

pub(super) fn page(conn: &Connection, kind: &str, after: Option<&str>, limit: u32) -> Result<Page<Document>> {
    let limit = page_size(limit);
    let sql = "SELECT kind, id, revision, body FROM document WHERE kind = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
    let mut select = conn.prepare_cached(sql)?;
    let documents = select.query_map(params![kind, after.unwrap_or_default(), limit + 1], document)?;
    Ok(cut(documents.collect::<rusqlite::Result<_>>()?, limit, |last: &Document| last.id.clone()))
}

/// Each version has changed something, so what is known has no hole if it has each version.
pub(super) fn changes(conn: &Connection, since: u64) -> Result<Option<RegistryChanges>> {
    snapshot(conn, || {
        let version = version(conn)?;
        let sql = "SELECT count(DISTINCT version) FROM document_change WHERE version > ?1";
        let known = conn.prepare_cached(sql)?.query_row([Num(since)], |row| row.get::<_, Num>(0))?.0;
        if version.checked_sub(since) != Some(known) {
            return Ok(None);
        }
        let sql = "SELECT c.kind, c.id, d.revision, d.body
            FROM (SELECT DISTINCT kind, id FROM document_change WHERE version > ?1) c
            LEFT JOIN document d ON d.kind = c.kind AND d.id = c.id";
        let mut select = conn.prepare_cached(sql)?;
        let mut rows = select.query([Num(since)])?;
        let (mut documents, mut removed) = (Vec::new(), Vec::new());
        while let Some(row) = rows.next()? {
            match row.get::<_, Option<Num>>(2)? {
                Some(_) => documents.push(document(row)?),
                None => removed.push((row.get(0)?, row.get(1)?)),
            }
        }
        Ok(Some(RegistryChanges { version, documents, removed }))
    })
}

fn document(row: &Row<'_>) -> rusqlite::Result<Document> {
    let body = Body::from_text(row.get_ref(3)?.as_str()?);
    Ok(Document { kind: row.get(0)?, id: row.get(1)?, revision: row.get::<_, Num>(2)?.0, body })
}

pub(super) fn apply(conn: &Connection, writes: &[DocumentWrite]) -> Result<u64> {
    let version = version(conn)?;
    if writes.is_empty() {
        return Ok(version);
    }
    let next = version + 1;
    for write in writes {
        let (DocumentWrite::Put { kind, id, .. } | DocumentWrite::Delete { kind, id, .. }) = write;
        let sql = "INSERT INTO document_change (version, kind, id) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        conn.prepare_cached(sql)?.execute(params![Num(next), kind, id])?;
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
    let forgotten = Num(next.saturating_sub(Document::CHANGES_KEPT));
    conn.prepare_cached("DELETE FROM document_change WHERE version <= ?1")?.execute([forgotten])?;
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
