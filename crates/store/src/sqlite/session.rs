//! Browser sessions.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::family::{self, Standing};
use super::value::{Json, Num};
use super::{ending, user};
use crate::error::StoreError;
use crate::page;
use crate::port::Result;
use crate::record::{Hash32, Issued, NewSession, Page, Session, User};

/// The columns of table `session` under the alias `s`, in the order of [`from_row`].
const COLUMNS: &str = "s.id_hash, s.sid, s.user_id, s.created_at, s.auth_time, s.last_seen_at, s.idle_expires_at, \
    s.absolute_expires_at, s.persistent, s.amr, s.user_agent, s.address, s.ended_at, s.ended_why";
const WIDTH: usize = 14;

fn from_row(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        id_hash: row.get(0)?,
        sid: row.get(1)?,
        user_id: row.get(2)?,
        created_at: row.get::<_, Num>(3)?.0,
        auth_time: row.get::<_, Num>(4)?.0,
        last_seen_at: row.get::<_, Num>(5)?.0,
        idle_expires_at: row.get::<_, Num>(6)?.0,
        absolute_expires_at: row.get::<_, Num>(7)?.0,
        persistent: row.get(8)?,
        amr: row.get::<_, Json<_>>(9)?.0,
        user_agent: row.get(10)?,
        address: row.get(11)?,
        ended_at: row.get::<_, Option<Num>>(12)?.map(|time| time.0),
        ended_why: row.get(13)?,
    })
}

pub(super) fn with_user(conn: &Connection, id_hash: Hash32) -> Result<Option<(Session, User)>> {
    let mut select = conn.prepare_cached(&format!(
        "SELECT {COLUMNS}, {} FROM session s JOIN account a ON a.id = s.user_id WHERE s.id_hash = ?1",
        user::COLUMNS
    ))?;
    Ok(select.query_row([id_hash], |row| Ok((from_row(row)?, user::from_row(row, WIDTH)?))).optional()?)
}

fn by_hash(conn: &Connection, id_hash: Hash32) -> Result<Option<Session>> {
    let mut select = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM session s WHERE s.id_hash = ?1"))?;
    Ok(select.query_row([id_hash], from_row).optional()?)
}

pub(super) fn by_sid(conn: &Connection, sid: &str) -> Result<Option<Session>> {
    let mut select = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM session s WHERE s.sid = ?1"))?;
    Ok(select.query_row([sid], from_row).optional()?)
}

pub(super) fn create(conn: &Connection, new: &NewSession) -> Result<Issued> {
    let session = &new.session;
    match family::standing_of_user(conn, &session.user_id, &new.revocation_handle)? {
        Standing::Good => {}
        Standing::Changed => return Ok(Issued::Changed),
        Standing::Gone => return Ok(Issued::Gone),
    }
    let old = new.replaces.map(|hash| by_hash(conn, hash)).transpose()?.flatten();
    let again = old
        .as_ref()
        .is_some_and(|old| old.sid == session.sid && old.user_id == session.user_id && old.is_live(session.auth_time));
    // Two sign-ins of one browser at once: the other one has taken over the session already. Nothing has changed yet.
    if !again && by_sid(conn, &session.sid)?.is_some() {
        return Ok(Issued::Changed);
    }
    match old {
        // The user authenticated again: the cookie changes, sid and families live on.
        Some(old) if again => {
            conn.prepare_cached("DELETE FROM session WHERE id_hash = ?1")?.execute([old.id_hash])?;
        }
        Some(old) => {
            ending::end_session(conn, &old.sid, "superseded", session.auth_time)?;
        }
        None => {}
    }
    insert(conn, session)?;
    Ok(Issued::Done)
}

/// How many sessions are live. Read from two indices: an idle expiry is never past the absolute one, and few rows have ended early and
/// are not swept yet.
pub(super) fn count(conn: &Connection, now: u64) -> Result<u64> {
    let mut select = conn.prepare_cached(
        "SELECT (SELECT count(*) FROM session WHERE idle_expires_at > ?1)
            - (SELECT count(*) FROM session WHERE ended_at IS NOT NULL AND idle_expires_at > ?1)",
    )?;
    Ok(select.query_row([Num(now)], |row| row.get::<_, Num>(0))?.0)
}

/// Writes a session; the caller has checked its user.
pub(super) fn insert(conn: &Connection, session: &Session) -> Result<()> {
    let sql = "INSERT INTO session (id_hash, sid, user_id, created_at, auth_time, last_seen_at, idle_expires_at,
            absolute_expires_at, persistent, amr, user_agent, address, ended_at, ended_why)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, NULL, NULL)";
    conn.prepare_cached(sql)?.execute(params![
        session.id_hash,
        session.sid,
        session.user_id,
        Num(session.created_at),
        Num(session.auth_time),
        Num(session.last_seen_at),
        // The sweep goes by the idle expiry alone.
        Num(session.idle_expires_at.min(session.absolute_expires_at)),
        Num(session.absolute_expires_at),
        session.persistent,
        Json(&session.amr),
        session.user_agent,
        session.address,
    ])?;
    Ok(())
}

pub(super) fn touch(conn: &Connection, id_hash: Hash32, last_seen_at: u64, idle_expires_at: u64) -> Result<bool> {
    let Some(session) = by_hash(conn, id_hash)?.filter(|session| session.is_live(last_seen_at)) else {
        return Ok(false);
    };
    let idle = idle_expires_at.min(session.absolute_expires_at).max(session.idle_expires_at);
    let seen = last_seen_at.max(session.last_seen_at);
    let sql = "UPDATE session SET last_seen_at = ?2, idle_expires_at = ?3 WHERE id_hash = ?1";
    conn.prepare_cached(sql)?.execute(params![id_hash, Num(seen), Num(idle)])?;
    Ok(true)
}

pub(super) fn of_user(conn: &Connection, user_id: &str, now: u64) -> Result<Vec<Session>> {
    let mut select = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM session s
        WHERE s.user_id = ?1 AND s.ended_at IS NULL AND s.idle_expires_at > ?2 AND s.absolute_expires_at > ?2
        ORDER BY s.created_at DESC, s.sid"
    ))?;
    let sessions = select.query_map(params![user_id, Num(now)], from_row)?;
    Ok(sessions.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn page(conn: &Connection, after: Option<&str>, limit: u32, now: u64) -> Result<Page<Session>> {
    let limit = page::page_size(limit);
    let (created_at, sid) = page::after(after)?;
    let mut select = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM session s
        WHERE (s.created_at, s.sid) > (?1, ?2) AND s.ended_at IS NULL AND s.idle_expires_at > ?3
            AND s.absolute_expires_at > ?3
        ORDER BY s.created_at, s.sid LIMIT ?4"
    ))?;
    let rows = select.query_map(params![created_at, sid, Num(now), limit + 1], from_row)?;
    let rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(page::cut(rows, limit, |session| page::cursor(session.created_at, &session.sid)))
}

/// Whether the session that tokens depend on still stands; expiry is the caller's to judge.
pub(super) fn stands(conn: &Connection, sid: Option<&str>) -> Result<bool> {
    let sid = sid.ok_or(StoreError::Invalid("a session-bound family needs a sid"))?;
    let mut select = conn.prepare_cached("SELECT ended_at IS NULL FROM session WHERE sid = ?1")?;
    Ok(select.query_row([sid], |row| row.get(0)).optional()?.unwrap_or(false))
}
