//! Consents.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::ending;
use super::signal::Signal;
use super::value::Num;
use crate::error::StoreError;
use crate::port::Result;
use crate::record::{Consent, Ended};

pub(super) fn find(conn: &Connection, user_id: &str, client_id: &str, audience: &str) -> Result<Option<Consent>> {
    let sql = "SELECT user_id, client_id, audience, scope, granted_at FROM consent
        WHERE user_id = ?1 AND client_id = ?2 AND audience = ?3";
    Ok(conn.prepare_cached(sql)?.query_row([user_id, client_id, audience], from_row).optional()?)
}

pub(super) fn of_user(conn: &Connection, user_id: &str) -> Result<Vec<Consent>> {
    let sql = "SELECT user_id, client_id, audience, scope, granted_at FROM consent
        WHERE user_id = ?1 ORDER BY client_id, audience";
    let mut select = conn.prepare_cached(sql)?;
    let found = select.query_map([user_id], from_row)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Consent> {
    Ok(Consent {
        user_id: row.get(0)?,
        client_id: row.get(1)?,
        audience: row.get(2)?,
        scope: row.get(3)?,
        granted_at: row.get::<_, Num>(4)?.0,
    })
}

/// Adds to what is on record. Reading and writing are one operation, so that two answers given at once both count.
pub(super) fn grant(conn: &Connection, consent: &Consent) -> Result<()> {
    let mut known = conn.prepare_cached("SELECT 1 FROM account WHERE id = ?1")?;
    if !known.exists([&consent.user_id])? {
        return Err(StoreError::NotFound("user"));
    }
    let before = find(conn, &consent.user_id, &consent.client_id, &consent.audience)?;
    let before = before.map(|before| before.scope).unwrap_or_default();
    let scope = Consent::grown(&before, &consent.scope);
    let sql = "INSERT INTO consent (user_id, client_id, audience, scope, granted_at) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (user_id, client_id, audience) DO UPDATE
        SET scope = excluded.scope, granted_at = excluded.granted_at";
    conn.prepare_cached(sql)?.execute(params![
        consent.user_id,
        consent.client_id,
        consent.audience,
        scope,
        Num(consent.granted_at),
    ])?;
    Ok(())
}

pub(super) fn withdraw(conn: &Connection, user_id: &str, client_id: &str, now: u64) -> Result<Ended> {
    let sql = "SELECT EXISTS (SELECT 1 FROM consent WHERE user_id = ?1 AND client_id = ?2)
        OR EXISTS (SELECT 1 FROM family WHERE user_id = ?1 AND client_id = ?2 AND ended_at IS NULL)";
    if conn.prepare_cached(sql)?.query_row([user_id, client_id], |row| row.get(0))? {
        // Before it is gone, as then the client would not be seen to have known them.
        Signal::of(conn, user_id, now)?.scope_change(client_id)?;
    }
    let sql = "DELETE FROM consent WHERE user_id = ?1 AND client_id = ?2";
    conn.prepare_cached(sql)?.execute([user_id, client_id])?;
    // A code made under the consent must not outlive it.
    let sql = "DELETE FROM artefact WHERE user_id = ?1 AND client_id = ?2 AND redeemed_at IS NULL";
    conn.prepare_cached(sql)?.execute([user_id, client_id])?;
    let sql = "SELECT id FROM family WHERE user_id = ?1 AND client_id = ?2 AND ended_at IS NULL";
    let mut select = conn.prepare_cached(sql)?;
    let families = select.query_map([user_id, client_id], |row| row.get(0))?;
    let families = families.collect::<rusqlite::Result<Vec<String>>>()?;
    let mut ended = Ended::default();
    for family in &families {
        ended = ended.and(ending::end_family(conn, family, "consent_withdrawn", now)?);
    }
    Ok(ended)
}
