//! The sweep: removes what has been over for long enough, a small batch at a time.

use std::collections::BTreeSet;

use rusqlite::types::{FromSql, ToSql};
use rusqlite::{Connection, params};

use super::status;
use super::value::Num;
use crate::port::Result;
use crate::record::{Hash32, LEEWAY_SECS, SETTLED_KEEP_SECS, Sweep, Swept};

pub(super) fn sweep(conn: &Connection, sweep: Sweep) -> Result<Swept> {
    let (now, horizon) = (sweep.now, sweep.now.saturating_sub(sweep.keep_secs));
    let mut batch = Batch { conn, horizon, left: u64::from(sweep.limit.max(1)) };
    let mut swept = Swept {
        artefacts: batch.delete(
            "DELETE FROM artefact WHERE (kind, hash) IN
                (SELECT kind, hash FROM artefact WHERE expires_at <= ?1 LIMIT ?2)",
        )?,
        remembered: batch.delete(
            "DELETE FROM remembered WHERE (kind, key) IN
                (SELECT kind, key FROM remembered WHERE expires_at <= ?1 LIMIT ?2)",
        )?,
        revocations: batch.take(|left| revocations(conn, now, left))?,
        statuses: batch.take(|left| status::sweep(conn, now, left))?,
        sessions: batch.take(|left| sessions(conn, horizon, left))?,
        deliveries: batch.take(|left| deliveries(conn, now, left))?,
        throttles: batch
            .delete("DELETE FROM throttle WHERE key IN (SELECT key FROM throttle WHERE expires_at <= ?1 LIMIT ?2)")?,
        ..Swept::default()
    };
    batch.tokens_and_families(&mut swept)?;
    if let Some(keep) = sweep.audit_keep_secs {
        swept.audit_events = batch.take(|left| audit(conn, now.saturating_sub(keep), left))?;
    }
    swept.more = batch.left == 0;
    Ok(swept)
}

/// Everybody else who writes waits for this transaction, so what it may remove is counted over all tables.
struct Batch<'c> {
    conn: &'c Connection,
    /// What was over at this time may go.
    horizon: u64,
    /// Rows that may still go.
    left: u64,
}

impl Batch<'_> {
    /// Has rows removed, as long as any may go.
    fn take(&mut self, remove: impl FnOnce(u64) -> Result<u64>) -> Result<u64> {
        if self.left == 0 {
            return Ok(0);
        }
        let gone = remove(self.left)?;
        self.left = self.left.saturating_sub(gone);
        Ok(gone)
    }

    fn delete(&mut self, sql: &str) -> Result<u64> {
        let (conn, horizon) = (self.conn, self.horizon);
        self.take(|left| Ok(conn.prepare_cached(sql)?.execute(params![Num(horizon), Num(left)])? as u64))
    }

    /// Has the tokens that are found removed one by one; notes their families.
    fn tokens<T>(&mut self, found: &str, delete: &str, touched: &mut BTreeSet<String>) -> Result<u64>
    where
        T: FromSql + ToSql,
    {
        let (conn, horizon) = (self.conn, self.horizon);
        self.take(|left| {
            let mut select = conn.prepare_cached(found)?;
            let pairs = select.query_map(params![Num(horizon), Num(left)], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let pairs = pairs.collect::<rusqlite::Result<Vec<(String, T)>>>()?;
            let mut gone = 0;
            for (family, token) in pairs {
                gone += conn.prepare_cached(delete)?.execute(params![family, token])? as u64;
                touched.insert(family);
            }
            Ok(gone)
        })
    }

    /// Tokens go first, and a family when its last token has gone: a family that has no token can do nothing.
    fn tokens_and_families(&mut self, swept: &mut Swept) -> Result<()> {
        let mut touched = BTreeSet::new();
        let access = "DELETE FROM access_token WHERE family = ?1 AND jti = ?2";
        let expired = "SELECT family, jti FROM access_token WHERE expires_at <= ?1 LIMIT ?2";
        swept.tokens += self.tokens::<String>(expired, access, &mut touched)?;
        // The log holds nothing by the expiry of a session value, which is far away.
        let ended = "SELECT t.family, t.jti FROM family f CROSS JOIN access_token t ON t.family = f.id
            WHERE f.ended_at <= ?1 AND t.session_hash IS NOT NULL LIMIT ?2";
        swept.tokens += self.tokens::<String>(ended, access, &mut touched)?;
        let refresh = "DELETE FROM refresh_token WHERE family = ?1 AND hash = ?2";
        let expired = "SELECT family, hash FROM refresh_token WHERE expires_at <= ?1 LIMIT ?2";
        swept.tokens += self.tokens::<Hash32>(expired, refresh, &mut touched)?;
        // An ended family needs its refresh tokens no longer, however long they would have lived.
        // A subquery, as a join may be planned as a walk through all tokens.
        let ended = "SELECT family, hash FROM refresh_token WHERE family IN
            (SELECT id FROM family WHERE ended_at <= ?1 OR absolute_expires_at <= ?1) LIMIT ?2";
        swept.tokens += self.tokens::<Hash32>(ended, refresh, &mut touched)?;
        let sql = "DELETE FROM family WHERE id = ?1
            AND NOT EXISTS (SELECT 1 FROM access_token t WHERE t.family = family.id)
            AND NOT EXISTS (SELECT 1 FROM refresh_token t WHERE t.family = family.id)";
        for family in touched {
            swept.families += self.conn.prepare_cached(sql)?.execute([family])? as u64;
        }
        Ok(())
    }
}

/// A session, and which clients got tokens in it.
fn sessions(conn: &Connection, horizon: u64, limit: u64) -> Result<u64> {
    let sql = "DELETE FROM session WHERE id_hash IN
            (SELECT id_hash FROM session WHERE idle_expires_at <= ?1 OR ended_at <= ?1 LIMIT ?2)
        RETURNING sid";
    let mut delete = conn.prepare_cached(sql)?;
    let gone = delete.query_map(params![Num(horizon), Num(limit)], |row| row.get(0))?;
    let gone = gone.collect::<rusqlite::Result<Vec<String>>>()?;
    for sid in &gone {
        conn.prepare_cached("DELETE FROM session_client WHERE sid = ?1")?.execute([sid])?;
    }
    Ok(gone.len() as u64)
}

/// An entry knows the last `exp` it concerns, so it needs no longer wait than for the clocks of guards.
fn revocations(conn: &Connection, now: u64, limit: u64) -> Result<u64> {
    let sql = "DELETE FROM revocation WHERE seq IN (SELECT seq FROM revocation WHERE expires_at <= ?1 LIMIT ?2)";
    let over = now.saturating_sub(LEEWAY_SECS);
    Ok(conn.prepare_cached(sql)?.execute(params![Num(over), Num(limit)])? as u64)
}

/// What was settled is kept for whoever asks what became of it.
fn deliveries(conn: &Connection, now: u64, limit: u64) -> Result<u64> {
    let sql = "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE settled_at <= ?1 LIMIT ?2)";
    let over = now.saturating_sub(SETTLED_KEEP_SECS);
    Ok(conn.prepare_cached(sql)?.execute(params![Num(over), Num(limit)])? as u64)
}

/// Moves the retention mark, which the table's own trigger obeys, and deletes behind it. The mark never moves back.
fn audit(conn: &Connection, before: u64, limit: u64) -> Result<u64> {
    let sql = "UPDATE audit_retention SET before = ?1 WHERE one = 1 AND before < ?1";
    conn.prepare_cached(sql)?.execute([Num(before)])?;
    let sql = "DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE at < ?1 ORDER BY at LIMIT ?2)";
    Ok(conn.prepare_cached(sql)?.execute(params![Num(before), Num(limit)])? as u64)
}
