//! Browser sessions.

use tokio_postgres::Row;

use super::conn::{Call, Conn, call, sql};
use super::family::{self, Standing};
use super::value::{Columns, bytes, json, num};
use super::{ending, user};
use crate::page;
use crate::port::Result;
use crate::record::{Hash32, Issued, NewSession, Page, Session, User};

/// The columns of table `session` under the alias `s`, in the order of [`from_row`].
pub(super) const COLUMNS: &str = "s.id_hash, s.sid, s.user_id, s.created_at, s.auth_time, s.last_seen_at, \
    s.idle_expires_at, s.absolute_expires_at, s.persistent, s.amr, s.user_agent, s.address, s.ended_at, s.ended_why";
/// How many they are.
pub(super) const WIDTH: usize = 14;

/// The session whose columns begin at `at`.
pub(super) fn from_row(row: &Row, at: usize) -> Result<Session> {
    Ok(Session {
        id_hash: row.hash(at)?,
        sid: row.at(at + 1)?,
        user_id: row.at(at + 2)?,
        created_at: row.num(at + 3)?,
        auth_time: row.num(at + 4)?,
        last_seen_at: row.num(at + 5)?,
        idle_expires_at: row.num(at + 6)?,
        absolute_expires_at: row.num(at + 7)?,
        persistent: row.at(at + 8)?,
        amr: row.json(at + 9)?,
        user_agent: row.at(at + 10)?,
        address: row.at(at + 11)?,
        ended_at: row.opt_num(at + 12)?,
        ended_why: row.at(at + 13)?,
    })
}

/// The session of a row in which there may be none.
pub(super) fn from_outer_row(row: &Row, at: usize) -> Result<Option<Session>> {
    row.at::<Option<&[u8]>>(at)?.map(|_| from_row(row, at)).transpose()
}

pub(super) async fn with_user(conn: &Conn, id_hash: Hash32) -> Result<Option<(Session, User)>> {
    let sql = sql!(
        "SELECT {COLUMNS}, {} FROM session s JOIN account a ON a.id = s.user_id WHERE s.id_hash = $1",
        user::COLUMNS
    );
    let answer = conn.ask(sql, &[&bytes(&id_hash)]).await?;
    answer.row().map(|row| Ok((from_row(row, 0)?, user::from_row(row, WIDTH)?))).transpose()
}

pub(super) async fn by_sid(conn: &Conn, sid: &str) -> Result<Option<Session>> {
    let sql = sql!("SELECT {COLUMNS} FROM session s WHERE s.sid = $1");
    conn.ask(sql, &[&sid]).await?.row().map(|row| from_row(row, 0)).transpose()
}

pub(super) async fn create(conn: &Conn, new: &NewSession) -> Result<Issued> {
    let session = &new.session;
    let replaces = new.replaces.as_ref().map(bytes);
    let taken = "SELECT 1 FROM session WHERE sid = $1 FOR KEY SHARE";
    let locks = vec![call!(family::LOCK_USER, &session.user_id), lock(replaces), call!(taken, &session.sid)];
    let answers = conn.begin(locks).await?;
    let [standing, old, taken] = answers.as_slice() else { return Err(super::short()) };
    match family::standing_of_user(standing.row(), &new.revocation_handle)? {
        Standing::Good => {}
        Standing::Changed => return Ok(Issued::Changed),
        Standing::Gone => return Ok(Issued::Gone),
    }
    let old = old.row().map(|row| from_row(row, 0)).transpose()?;
    let again = old
        .as_ref()
        .is_some_and(|old| old.sid == session.sid && old.user_id == session.user_id && old.is_live(session.auth_time));
    // Two sign-ins of one browser at once: the other one has taken over the session already. Nothing has changed yet.
    if !again && taken.row().is_some() {
        return Ok(Issued::Changed);
    }
    match old {
        // The user authenticated again: the cookie changes, sid and families live on. The row stays the same one, so that whoever waits for it
        // finds it.
        Some(old) if again => {
            conn.finish(vec![replace(&old, session)?]).await?;
            return Ok(Issued::Done);
        }
        Some(old) => {
            ending::end_locked_session(conn, &old.sid, "superseded", session.auth_time).await?;
        }
        None => {}
    }
    let inserted = conn.fly(vec![insert(session)?]).await?;
    if inserted.first().is_some_and(|answer| answer.changed == 0) {
        // Between the look and the insertion another sign-in took the sid.
        conn.roll_back().await?;
        return Ok(Issued::Changed);
    }
    Ok(Issued::Done)
}

/// Finds the session with this hash, and keeps everybody else from ending it.
pub(super) fn lock(id_hash: Option<&[u8]>) -> Call<'_> {
    call!(sql!("SELECT {COLUMNS} FROM session s WHERE s.id_hash = $1 FOR UPDATE"), id_hash)
}

/// Makes a session of before the one it has become.
fn replace<'s>(old: &'s Session, session: &'s Session) -> Result<Call<'s>> {
    let sql =
        "UPDATE session SET id_hash = $2, created_at = $3, auth_time = $4, last_seen_at = $5, idle_expires_at = $6,
            absolute_expires_at = $7, persistent = $8, amr = $9, user_agent = $10, address = $11
        WHERE id_hash = $1";
    Ok(call!(
        sql,
        bytes(&old.id_hash),
        bytes(&session.id_hash),
        num(session.created_at),
        num(session.auth_time),
        num(session.last_seen_at),
        num(session.idle_expires_at.min(session.absolute_expires_at)),
        num(session.absolute_expires_at),
        session.persistent,
        json(&session.amr)?,
        &session.user_agent,
        &session.address,
    ))
}

/// Writes a session, unless its sid is taken; the caller has checked its user.
pub(super) fn insert(session: &Session) -> Result<Call<'_>> {
    let sql = "INSERT INTO session (id_hash, sid, user_id, created_at, auth_time, last_seen_at, idle_expires_at,
            absolute_expires_at, persistent, amr, user_agent, address)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (sid) DO NOTHING";
    Ok(call!(
        sql,
        bytes(&session.id_hash),
        &session.sid,
        &session.user_id,
        num(session.created_at),
        num(session.auth_time),
        num(session.last_seen_at),
        // The sweep goes by the idle expiry alone.
        num(session.idle_expires_at.min(session.absolute_expires_at)),
        num(session.absolute_expires_at),
        session.persistent,
        json(&session.amr)?,
        &session.user_agent,
        &session.address,
    ))
}

pub(super) async fn touch(conn: &Conn, id_hash: Hash32, last_seen_at: u64, idle_expires_at: u64) -> Result<bool> {
    let sql = "UPDATE session SET last_seen_at = greatest(last_seen_at, $2),
            idle_expires_at = greatest(idle_expires_at, least($3, absolute_expires_at))
        WHERE id_hash = $1 AND ended_at IS NULL AND idle_expires_at > $2 AND absolute_expires_at > $2";
    Ok(conn.ask(sql, &[&bytes(&id_hash), &num(last_seen_at), &num(idle_expires_at)]).await?.changed > 0)
}

pub(super) async fn of_user(conn: &Conn, user_id: &str, now: u64) -> Result<Vec<Session>> {
    let sql = sql!(
        "SELECT {COLUMNS} FROM session s
        WHERE s.user_id = $1 AND s.ended_at IS NULL AND s.idle_expires_at > $2 AND s.absolute_expires_at > $2
        ORDER BY s.created_at DESC, s.sid"
    );
    conn.ask(sql, &[&user_id, &num(now)]).await?.rows.iter().map(|row| from_row(row, 0)).collect()
}

pub(super) async fn list(conn: &Conn, after: Option<&str>, limit: u32, now: u64) -> Result<Page<Session>> {
    let limit = page::page_size(limit);
    let (created_at, sid) = page::after(after)?;
    let sql = sql!(
        "SELECT {COLUMNS} FROM session s
        WHERE (s.created_at, s.sid) > ($1, $2) AND s.ended_at IS NULL AND s.idle_expires_at > $3
            AND s.absolute_expires_at > $3
        ORDER BY s.created_at, s.sid LIMIT $4"
    );
    let answer = conn.ask(sql, &[&created_at, &sid, &num(now), &i64::from(limit + 1)]).await?;
    let rows = answer.rows.iter().map(|row| from_row(row, 0)).collect::<Result<Vec<_>>>()?;
    Ok(page::cut(rows, limit, |session| page::cursor(session.created_at, &session.sid)))
}

/// By the index of idle expiries, and that of ends.
pub(super) async fn count(conn: &Conn, now: u64) -> Result<u64> {
    let sql = "SELECT (SELECT count(*) FROM session WHERE idle_expires_at > $1)
        - (SELECT count(*) FROM session WHERE ended_at IS NOT NULL AND idle_expires_at > $1)";
    conn.ask(sql, &[&num(now)]).await?.one()?.num(0)
}
