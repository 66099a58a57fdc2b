//! How things end: families, sessions, everything of a user; and the entries this leaves in the revocation log
//! (design §5).

use rusqlite::{Connection, OptionalExtension, params};

use super::value::Num;
use crate::port::Result;
use crate::record::{Ended, RevocationKind, SignedOut, User};

/// The largest leeway a guard may have: a token counts as alive that long after its `exp`.
const LEEWAY_SECS: u64 = 300;

pub(super) fn end_session(conn: &Connection, sid: &str, why: &str, now: u64) -> Result<Ended> {
    let sql = "UPDATE session SET ended_at = ?2, ended_why = ?3 WHERE sid = ?1 AND ended_at IS NULL";
    let session = conn.prepare_cached(sql)?.execute(params![sid, Num(now), why])? > 0;
    let sql = "UPDATE family SET ended_at = ?2, ended_why = ?3
        WHERE sid = ?1 AND session_bound = 1 AND ended_at IS NULL";
    let families = conn.prepare_cached(sql)?.execute(params![sid, Num(now), why])? as u64;
    if session || families > 0 {
        let sql = "SELECT max(t.expires_at) FROM access_token t JOIN family f ON f.id = t.family WHERE f.sid = ?1";
        let last_expiry = last_expiry(conn, sql, sid)?;
        revoke(conn, RevocationKind::Sid, sid, now, last_expiry)?;
    }
    Ok(Ended { families, session })
}

/// Ends a family by itself. Its access tokens are revoked one by one, as its session may go on.
pub(super) fn end_family(conn: &Connection, id: &str, why: &str, now: u64) -> Result<u64> {
    let sql = "UPDATE family SET ended_at = ?2, ended_why = ?3 WHERE id = ?1 AND ended_at IS NULL";
    let ended = conn.prepare_cached(sql)?.execute(params![id, Num(now), why])? as u64;
    if ended > 0 {
        let sql = "INSERT INTO revocation (kind, id, revoked_at, expires_at)
            SELECT ?1, jti, ?3, max(expires_at, ?3) FROM access_token WHERE family = ?2 AND expires_at > ?4
            ORDER BY jti ON CONFLICT DO NOTHING";
        let alive_after = now.saturating_sub(LEEWAY_SECS);
        conn.prepare_cached(sql)?.execute(params![RevocationKind::Jti, id, Num(now), Num(alive_after)])?;
    }
    Ok(ended)
}

/// Ends every session and family of a user. All their tokens carry the handle, so one log entry revokes them; the caller
/// gives the user a new handle in the same transaction.
pub(super) fn end_all_of_user(conn: &Connection, user: &User, why: &str, now: u64) -> Result<SignedOut> {
    let sql = "UPDATE session SET ended_at = ?2, ended_why = ?3 WHERE user_id = ?1 AND ended_at IS NULL";
    let sessions = conn.prepare_cached(sql)?.execute(params![user.id, Num(now), why])? as u64;
    let sql = "UPDATE family SET ended_at = ?2, ended_why = ?3 WHERE user_id = ?1 AND ended_at IS NULL";
    let families = conn.prepare_cached(sql)?.execute(params![user.id, Num(now), why])? as u64;
    revoke_handle(conn, user, now)?;
    Ok(SignedOut { sessions, families })
}

/// Codes and links made under the old password, or before a block, must not work after it.
pub(super) fn void_artefacts_of_user(conn: &Connection, user_id: &str) -> Result<()> {
    let sql = "DELETE FROM artefact WHERE user_id = ?1 AND redeemed_at IS NULL";
    conn.prepare_cached(sql)?.execute([user_id])?;
    Ok(())
}

/// Logs the handle a user has now as revoked.
pub(super) fn revoke_handle(conn: &Connection, user: &User, now: u64) -> Result<()> {
    let sql = "SELECT max(t.expires_at) FROM access_token t JOIN family f ON f.id = t.family WHERE f.user_id = ?1";
    let last_expiry = last_expiry(conn, sql, &user.id)?;
    revoke(conn, RevocationKind::UserHandle, &user.revocation_handle, now, last_expiry)
}

fn last_expiry(conn: &Connection, sql: &str, id: &str) -> Result<Option<u64>> {
    let latest = conn.prepare_cached(sql)?.query_row([id], |row| row.get::<_, Option<Num>>(0))?;
    Ok(latest.map(|time| time.0))
}

fn revoke(conn: &Connection, kind: RevocationKind, id: &str, now: u64, last_expiry: Option<u64>) -> Result<()> {
    let expires_at = last_expiry.unwrap_or(now).max(now);
    let sql =
        "INSERT INTO revocation (kind, id, revoked_at, expires_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
    conn.prepare_cached(sql)?.execute(params![kind, id, Num(now), Num(expires_at)])?;
    Ok(())
}

/// Whether this access token was revoked by itself.
pub(super) fn jti_revoked(conn: &Connection, jti: &str) -> Result<bool> {
    let mut select = conn.prepare_cached("SELECT 1 FROM revocation WHERE kind = ?1 AND id = ?2")?;
    let found = select.query_row(params![RevocationKind::Jti, jti], |_| Ok(())).optional()?;
    Ok(found.is_some())
}
