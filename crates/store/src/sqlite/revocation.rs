//! The revocation log: appended to inside the transaction of what revokes, numbered without holes, read in order.

use rusqlite::{Connection, OptionalExtension, params};

use super::value::Num;
use crate::page::page_size;
use crate::port::Result;
use crate::record::{NewRevocation, Revocation, RevocationHead, RevocationKind};

pub(super) fn head(conn: &Connection) -> Result<RevocationHead> {
    let mut select = conn.prepare_cached("SELECT epoch, seq FROM revocation_head WHERE one = 1")?;
    let head = select.query_row([], |row| Ok(RevocationHead { epoch: row.get(0)?, seq: row.get::<_, Num>(1)?.0 }))?;
    Ok(head)
}

/// The number of the newest entry.
pub(super) fn seq(conn: &Connection) -> Result<u64> {
    let mut select = conn.prepare_cached("SELECT seq FROM revocation_head WHERE one = 1")?;
    Ok(select.query_row([], |row| row.get::<_, Num>(0))?.0)
}

/// Appends one entry, unless the log says the same already; tells whether it did. The number is counted in the same
/// transaction, so one that is rolled back leaves no hole.
pub(super) fn append(conn: &Connection, new: &NewRevocation) -> Result<bool> {
    let sql = "SELECT max(revoked_at) FROM revocation WHERE kind = ?1 AND id = ?2";
    let known = conn.prepare_cached(sql)?.query_row(params![new.kind, new.id], |row| row.get::<_, Option<Num>>(0))?;
    if known.is_some_and(|known| !new.kind.is_rule() || known.0 >= new.revoked_at) {
        return Ok(false);
    }
    let sql = "UPDATE revocation_head SET seq = seq + 1 WHERE one = 1 RETURNING seq";
    let seq = conn.prepare_cached(sql)?.query_row([], |row| row.get::<_, Num>(0))?;
    let sql = "INSERT INTO revocation (seq, kind, id, revoked_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    let expires_at = new.expires_at.max(new.revoked_at);
    conn.prepare_cached(sql)?.execute(params![seq, new.kind, new.id, Num(new.revoked_at), Num(expires_at)])?;
    Ok(true)
}

pub(super) fn after(conn: &Connection, after_seq: u64, limit: u32) -> Result<Vec<Revocation>> {
    let mut select = conn.prepare_cached(
        "SELECT seq, kind, id, revoked_at, expires_at FROM revocation WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    )?;
    let entries = select.query_map(params![Num(after_seq), page_size(limit)], |row| {
        Ok(Revocation {
            seq: row.get::<_, Num>(0)?.0,
            kind: row.get(1)?,
            id: row.get(2)?,
            revoked_at: row.get::<_, Num>(3)?.0,
            expires_at: row.get::<_, Num>(4)?.0,
        })
    })?;
    Ok(entries.collect::<rusqlite::Result<_>>()?)
}

/// Whether this access token was revoked by itself.
pub(super) fn is_jti_revoked(conn: &Connection, jti: &str) -> Result<bool> {
    let mut select = conn.prepare_cached("SELECT 1 FROM revocation WHERE kind = ?1 AND id = ?2")?;
    let found = select.query_row(params![RevocationKind::Jti, jti], |_| Ok(())).optional()?;
    Ok(found.is_some())
}

/// The newest time of a rule about this client, one of these APIs, or everything.
pub(super) fn ruled_until(conn: &Connection, client_id: Option<&str>, audience: &[String]) -> Result<Option<u64>> {
    let client = client_id.map(|id| (RevocationKind::Client, id));
    let apis = audience.iter().map(|api| (RevocationKind::Api, api.as_str()));
    let mut latest = None;
    for (kind, id) in client.into_iter().chain(apis).chain([(RevocationKind::All, "")]) {
        let sql = "SELECT max(revoked_at) FROM revocation WHERE kind = ?1 AND id = ?2";
        let time = conn.prepare_cached(sql)?.query_row(params![kind, id], |row| row.get::<_, Option<Num>>(0))?;
        latest = latest.max(time.map(|time| time.0));
    }
    Ok(latest)
}
