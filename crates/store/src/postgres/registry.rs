//! The registry: versioned documents, written all or none.

use super::conn::{Conn, call};
use super::value::{Columns, json, num};
use crate::error::{Conflict, StoreError};
use crate::port::Result;
use crate::record::{Document, DocumentWrite, Expect, Registry};

const VERSION: &str = "SELECT version FROM registry WHERE one = 1";

pub(super) async fn version(conn: &Conn) -> Result<u64> {
    conn.ask(VERSION, &[]).await?.one()?.num(0)
}

pub(super) async fn all(conn: &Conn) -> Result<Registry> {
    let documents = "SELECT kind, id, revision, body FROM document ORDER BY kind, id";
    let answers = conn.snapshot(vec![call!(VERSION), call!(documents)]).await?;
    let [version, documents] = answers.as_slice() else {
        return Err(super::short());
    };
    let document = |row: &tokio_postgres::Row| {
        Ok(Document { kind: row.at(0)?, id: row.at(1)?, revision: row.num(2)?, body: row.json(3)? })
    };
    Ok(Registry {
        version: version.one()?.num(0)?,
        documents: documents.rows.iter().map(document).collect::<Result<_>>()?,
    })
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
    conn.finish(vec![call!("UPDATE registry SET version = $1 WHERE one = 1", &next)]).await?;
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
