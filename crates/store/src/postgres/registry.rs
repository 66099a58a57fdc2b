//! The registry: versioned documents, written all or none.

use tokio_postgres::Row;

use super::conn::{Conn, call};
use super::value::{Columns, json, num};
use crate::error::{Conflict, StoreError};
use crate::page::{cut, page_size};
use crate::port::Result;
use crate::record::{Body, Document, DocumentWrite, Expect, Page, RegistryChanges};

const VERSION: &str = "SELECT version FROM registry WHERE one = 1";

pub(super) async fn version(conn: &Conn) -> Result<u64> {
    conn.ask(VERSION, &[]).await?.one()?.num(0)
}

pub(super) async fn one(conn: &Conn, kind: &str, id: &str) -> Result<Option<Document>> {
    let sql = "SELECT kind, id, revision, body FROM document WHERE kind = $1 AND id = $2";
    conn.ask(sql, &[&kind, &id]).await?.row().map(document).transpose()
}

pub(super) async fn page(conn: &Conn, kind: &str, after: Option<&str>, limit: u32) -> Result<Page<Document>> {
    let limit = page_size(limit);
    let sql = "SELECT kind, id, revision, body FROM document WHERE kind = $1 AND id > $2 ORDER BY id LIMIT $3";
    let found = conn.ask(sql, &[&kind, &after.unwrap_or_default(), &i64::from(limit + 1)]).await?;
    let documents = found.rows.iter().map(document).collect::<Result<_>>()?;
    Ok(cut(documents, limit, |last: &Document| last.id.clone()))
}

/// Each version has changed something, so what is known has no hole if it has each version.
pub(super) async fn changes(conn: &Conn, since: u64) -> Result<Option<RegistryChanges>> {
    let known = "SELECT count(DISTINCT version) FROM document_change WHERE version > $1";
    let changed = "SELECT c.kind, c.id, d.revision, d.body
        FROM (SELECT DISTINCT kind, id FROM document_change WHERE version > $1) c
        LEFT JOIN document d ON d.kind = c.kind AND d.id = c.id";
    let answers = conn.snapshot(vec![call!(VERSION), call!(known, num(since)), call!(changed, num(since))]).await?;
    let [version, known, changed] = answers.as_slice() else {
        return Err(super::short());
    };
    let version = version.one()?.num(0)?;
    if version.checked_sub(since) != Some(known.one()?.num(0)?) {
        return Ok(None);
    }
    let (mut documents, mut removed) = (Vec::new(), Vec::new());
    for row in &changed.rows {
        match row.opt_num(2)? {
            Some(_) => documents.push(document(row)?),
            None => removed.push((row.at(0)?, row.at(1)?)),
        }
    }
    Ok(Some(RegistryChanges { version, documents, removed }))
}

fn document(row: &Row) -> Result<Document> {
    let body = Body::from_text(row.at::<&str>(3)?);
    Ok(Document { kind: row.at(0)?, id: row.at(1)?, revision: row.num(2)?, body })
}

/// The row of the version lets one writer in at a time.
pub(super) async fn lock(conn: &Conn) -> Result<u64> {
    let locked = conn.begin(vec![call!("SELECT version FROM registry WHERE one = 1 FOR UPDATE")]).await?;
    locked.first().map_or(Ok(0), |answer| answer.one()?.num(0))
}

/// Writes behind [`lock`].
pub(super) async fn apply(conn: &Conn, version: u64, writes: &[DocumentWrite]) -> Result<u64> {
    if writes.is_empty() {
        return Ok(version);
    }
    let next = num(version + 1);
    for write in writes {
        let (DocumentWrite::Put { kind, id, .. } | DocumentWrite::Delete { kind, id, .. }) = write;
        let sql = "INSERT INTO document_change (version, kind, id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        conn.ask(sql, &[&next, kind, id]).await?;
        match write {
            DocumentWrite::Put { kind, id, body, expect } => {
                check(conn, kind, id, *expect).await?;
                let sql = "INSERT INTO document (kind, id, revision, body) VALUES ($1, $2, $3, $4)
                    ON CONFLICT (kind, id) DO UPDATE SET revision = excluded.revision, body = excluded.body";
                conn.ask(sql, &[kind, id, &next, &json(body)?]).await?;
            }
            DocumentWrite::Delete { kind, id, expect } => {
                check(conn, kind, id, *expect).await?;
                conn.ask("DELETE FROM document WHERE kind = $1 AND id = $2", &[kind, id]).await?;
            }
        }
    }
    let forgotten = num(version.saturating_add(1).saturating_sub(Document::CHANGES_KEPT));
    let forget = call!("DELETE FROM document_change WHERE version <= $1", forgotten);
    conn.finish(vec![forget, call!("UPDATE registry SET version = $1 WHERE one = 1", next)]).await?;
    conn.tells();
    Ok(version + 1)
}

async fn check(conn: &Conn, kind: &str, id: &str, expect: Expect) -> Result<()> {
    let found = conn.ask("SELECT revision FROM document WHERE kind = $1 AND id = $2", &[&kind, &id]).await?;
    let found = found.row().map(|row| row.num(0)).transpose()?;
    match (expect, found) {
        (Expect::Any, _) | (Expect::Absent, None) => Ok(()),
        (Expect::Absent, Some(_)) => Err(Conflict::Exists.into()),
        (Expect::Revision(_), None) => Err(StoreError::NotFound("document")),
        (Expect::Revision(expected), Some(revision)) if expected == revision => Ok(()),
        (Expect::Revision(_), Some(_)) => Err(Conflict::Revision.into()),
    }
}
