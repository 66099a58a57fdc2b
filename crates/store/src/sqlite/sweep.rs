//! The sweep: removes what has been over for long enough, a small batch at a time.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use super::status;
use super::value::Num;
use crate::port::Result;
use crate::record::{Hash32, LEEWAY_SECS, SETTLED_KEEP_SECS, Sweep, Swept};

pub(super) fn sweep(conn: &Connection, sweep: Sweep) -> Result<Swept> {
    let limit = u64::from(sweep.limit.max(1));
    let batch = Batch { conn, horizon: sweep.now.saturating_sub(sweep.keep_secs), limit };
    let mut swept = Swept {
        artefacts: batch.delete(
            "DELETE FROM artefact WHERE (kind, hash) IN
                (SELECT kind, hash FROM artefact WHERE expires_at <= ?1 LIMIT ?2)",
        )?,
        remembered: batch.delete(
            "DELETE FROM remembered WHERE (kind, key) IN
                (SELECT kind, key FROM remembered WHERE expires_at <= ?1 LIMIT ?2)",
        )?,
        revocations: revocations(conn, sweep.now, limit)?,
        statuses: status::sweep(conn, sweep.now, limit)?,
        sessions: batch.sessions()?,
        deliveries: deliveries(conn, sweep.now, limit)?,
        throttles: batch
            .delete("DELETE FROM throttle WHERE key IN (SELECT key FROM throttle WHERE expires_at <= ?1 LIMIT ?2)")?,
        ..Swept::default()
    };
    batch.tokens_and_families(&mut swept)?;
    if let Some(keep) = sweep.audit_keep_secs {
        swept.audit_events = audit(conn, sweep.now.saturating_sub(keep), limit)?;
    }
    let Swept { artefacts, deliveries, remembered, revocations, sessions, statuses, throttles, .. } = swept;
    let counts = [artefacts, deliveries, remembered, revocations, sessions, statuses, throttles];
    swept.more |= counts.iter().chain([&swept.audit_events]).any(|count| *count >= limit);
    Ok(swept)
}

struct Batch<'c> {
    conn: &'c Connection,
    /// What was over at this time may go.
    horizon: u64,
    limit: u64,
}

impl Batch<'_> {
    fn delete(&self, sql: &str) -> Result<u64> {
        Ok(self.conn.prepare_cached(sql)?.execute(params![Num(self.horizon), Num(self.limit)])? as u64)
    }

    /// A session, and which clients got tokens in it.
    fn sessions(&self) -> Result<u64> {
        let sql = "DELETE FROM session WHERE id_hash IN
                (SELECT id_hash FROM session WHERE idle_expires_at <= ?1 OR ended_at <= ?1 LIMIT ?2)
            RETURNING sid";
        let mut delete = self.conn.prepare_cached(sql)?;
        let gone = delete.query_map(params![Num(self.horizon), Num(self.limit)], |row| row.get(0))?;
        let gone = gone.collect::<rusqlite::Result<Vec<String>>>()?;
        for sid in &gone {
            self.conn.prepare_cached("DELETE FROM session_client WHERE sid = ?1")?.execute([sid])?;
        }
        Ok(gone.len() as u64)
    }

    /// Tokens go first, and a family when its last token has gone: a family that has no token can do nothing.
    fn tokens_and_families(&self, swept: &mut Swept) -> Result<()> {
        let mut touched = BTreeSet::new();
        let sql = "SELECT family, jti FROM access_token WHERE expires_at <= ?1 LIMIT ?2";
        let expired: Vec<(String, String)> = self.pairs(sql)?;
        swept.more |= expired.len() as u64 >= self.limit;
        // The log holds nothing by the expiry of a session value, which is far away.
        let sql = "SELECT t.family, t.jti FROM family f CROSS JOIN access_token t ON t.family = f.id
            WHERE f.ended_at <= ?1 AND t.session_hash IS NOT NULL LIMIT ?2";
        let ended: Vec<(String, String)> = self.pairs(sql)?;
        swept.more |= ended.len() as u64 >= self.limit;
        for (family, jti) in expired.into_iter().chain(ended) {
            swept.tokens += self.conn.prepare_cached("DELETE FROM access_token WHERE jti = ?1")?.execute([jti])? as u64;
            touched.insert(family);
        }
        let sql = "SELECT family, hash FROM refresh_token WHERE expires_at <= ?1 LIMIT ?2";
        let expired: Vec<(String, Hash32)> = self.pairs(sql)?;
        swept.more |= expired.len() as u64 >= self.limit;
        // An ended family needs its refresh tokens no longer, however long they would have lived.
        // A subquery, as a join may be planned as a walk through all tokens.
        let sql = "SELECT family, hash FROM refresh_token WHERE family IN
            (SELECT id FROM family WHERE ended_at <= ?1 OR absolute_expires_at <= ?1) LIMIT ?2";
        let ended: Vec<(String, Hash32)> = self.pairs(sql)?;
        swept.more |= ended.len() as u64 >= self.limit;
        for (family, hash) in expired.into_iter().chain(ended) {
            let sql = "DELETE FROM refresh_token WHERE hash = ?1";
            swept.tokens += self.conn.prepare_cached(sql)?.execute([hash])? as u64;
            touched.insert(family);
        }
        let sql = "DELETE FROM family WHERE id = ?1
            AND NOT EXISTS (SELECT 1 FROM access_token t WHERE t.family = family.id)
            AND NOT EXISTS (SELECT 1 FROM refresh_token t WHERE t.family = family.id)";
        for family in touched {
            swept.families += self.conn.prepare_cached(sql)?.execute([family])? as u64;
        }
        Ok(())
    }

    fn pairs<T: rusqlite::types::FromSql>(&self, sql: &str) -> Result<Vec<(String, T)>> {
        let mut select = self.conn.prepare_cached(sql)?;
        let pairs =
            select.query_map(params![Num(self.horizon), Num(self.limit)], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(pairs.collect::<rusqlite::Result<_>>()?)
    }
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
