//! How things end: families, sessions, everything of a user; the entries this leaves in the revocation log, and
//! the messages in the outbox that tell the clients (design §5).

use rusqlite::{Connection, OptionalExtension, params};

use super::signal::Signal;
use super::value::Num;
use super::{outbox, revocation};
use crate::port::Result;
use crate::record::{Artefact, Ended, LEEWAY_SECS, NewRevocation, RevocationKind, SignedOut, User};

pub(super) fn end_session(conn: &Connection, sid: &str, why: &str, now: u64) -> Result<Ended> {
    let sql = "UPDATE session SET ended_at = ?2, ended_why = ?3 WHERE sid = ?1 AND ended_at IS NULL";
    let session = conn.prepare_cached(sql)?.execute(params![sid, Num(now), why])? > 0;
    let sql = "UPDATE family SET ended_at = ?2, ended_why = ?3
        WHERE sid = ?1 AND session_bound = 1 AND ended_at IS NULL";
    let families = conn.prepare_cached(sql)?.execute(params![sid, Num(now), why])? as u64;
    let mut tokens_until = None;
    if session {
        tell_end_of_session(conn, sid, why, now)?;
    }
    if session || families > 0 {
        let sql = "SELECT max(t.expires_at) FROM access_token t JOIN family f ON f.id = t.family
            WHERE f.sid = ?1 AND t.session_hash IS NULL";
        tokens_until = revoke(conn, RevocationKind::Sid, sid, now, last_expiry(conn, sql, sid)?)?;
    }
    Ok(Ended { families, session, tokens_until })
}

/// Tells the clients that got tokens in it, and whoever listens. A session whose time had run out before is no news to anybody: whoever
/// comes back the next morning must not be signed out of what outlived it.
fn tell_end_of_session(conn: &Connection, sid: &str, why: &str, now: u64) -> Result<()> {
    let mut select = conn.prepare_cached(
        "SELECT user_id FROM session WHERE sid = ?1 AND idle_expires_at > ?2 AND absolute_expires_at > ?2",
    )?;
    let user_id = select.query_row(params![sid, Num(now)], |row| row.get::<_, String>(0)).optional()?;
    let Some(user_id) = user_id else { return Ok(()) };
    let signal = Signal::of(conn, &user_id, now)?;
    outbox::tell_end_of_session(conn, sid, &user_id, now)?;
    signal.session_revoked(Some(sid), why)
}

/// Ends a family by itself. Its access tokens are revoked one by one, as its session may go on.
pub(super) fn end_family(conn: &Connection, id: &str, why: &str, now: u64) -> Result<Ended> {
    let sql = "UPDATE family SET ended_at = ?2, ended_why = ?3 WHERE id = ?1 AND ended_at IS NULL";
    let families = conn.prepare_cached(sql)?.execute(params![id, Num(now), why])? as u64;
    let mut tokens_until = None;
    if families > 0 {
        let sql = "SELECT jti, expires_at, session_hash IS NOT NULL FROM access_token
            WHERE family = ?1 AND expires_at > ?2 ORDER BY jti";
        let alive_after = now.saturating_sub(LEEWAY_SECS);
        let mut select = conn.prepare_cached(sql)?;
        let tokens = select.query_map(params![id, Num(alive_after)], |row| {
            Ok((row.get(0)?, row.get::<_, Num>(1)?, row.get::<_, bool>(2)?))
        })?;
        for token in tokens {
            let (jti, expires_at, is_session): (String, Num, bool) = token?;
            let last_expiry = (!is_session).then_some(expires_at.0);
            tokens_until = tokens_until.max(revoke(conn, RevocationKind::Jti, &jti, now, last_expiry)?);
        }
    }
    Ok(Ended { families, session: false, tokens_until })
}

/// Ends the family an access token is of, or logs the token alone if it is of none.
pub(super) fn revoke_access_token(conn: &Connection, jti: &str, expires_at: u64, why: &str, now: u64) -> Result<Ended> {
    let mut select = conn.prepare_cached("SELECT family FROM access_token WHERE jti = ?1")?;
    let family: Option<String> = select.query_row([jti], |row| row.get(0)).optional()?;
    if let Some(family) = family {
        return end_family(conn, &family, why, now);
    }
    let new = NewRevocation { kind: RevocationKind::Jti, id: jti.to_owned(), revoked_at: now, expires_at };
    let is_news = revocation::append(conn, &new)?;
    Ok(Ended { tokens_until: (is_news && expires_at > now).then_some(expires_at), ..Ended::default() })
}

/// Appends entries to the log; returns how many were news.
pub(super) fn revoke_all(conn: &Connection, entries: &[NewRevocation]) -> Result<u64> {
    entries.iter().try_fold(0, |new, entry| {
        end_session_values(conn, entry)?;
        revoke_exchanged(conn, entry)?;
        Ok(new + u64::from(revocation::append(conn, entry)?))
    })
}

/// Revokes what other clients got in exchange for the tokens that a rule about a client is about.
fn revoke_exchanged(conn: &Connection, rule: &NewRevocation) -> Result<()> {
    if rule.kind != RevocationKind::Client {
        return Ok(());
    }
    let sql = "SELECT json_extract(payload, '$.jti'), expires_at FROM artefact
        WHERE expires_at > ?1 AND kind = ?2 AND client_id = ?3 AND created_at <= ?4 ORDER BY hash";
    let mut select = conn.prepare_cached(sql)?;
    let alive_after = Num(rule.revoked_at.saturating_sub(LEEWAY_SECS));
    let tokens = select
        .query_map(params![alive_after, Artefact::EXCHANGED, rule.id, Num(rule.revoked_at)], |row| {
            Ok((row.get(0)?, row.get::<_, Num>(1)?.0))
        })?
        .collect::<rusqlite::Result<Vec<(String, u64)>>>()?;
    for (id, expires_at) in tokens {
        let entry = NewRevocation { kind: RevocationKind::Jti, id, revoked_at: rule.revoked_at, expires_at };
        revocation::append(conn, &entry)?;
    }
    Ok(())
}

/// Ends the session values a rule is about. The log forgets a rule when the last signed token it refuses is over; a session value can live
/// on for weeks.
fn end_session_values(conn: &Connection, rule: &NewRevocation) -> Result<()> {
    let whose = match rule.kind {
        RevocationKind::Client => "client_id = ?3",
        RevocationKind::Api => "EXISTS (SELECT 1 FROM json_each(audience) WHERE value = ?3)",
        RevocationKind::All => "?3 = ?3",
        _ => return Ok(()),
    };
    let sql = format!(
        "UPDATE family SET ended_at = ?1, ended_why = 'rule' WHERE ended_at IS NULL AND created_at <= ?2 AND {whose}
            AND id IN (SELECT family FROM access_token WHERE session_hash IS NOT NULL)"
    );
    let ended_at = Num(rule.revoked_at);
    conn.prepare_cached(&sql)?.execute(params![ended_at, ended_at, rule.id])?;
    Ok(())
}

/// Ends every session and family of a user. All their tokens carry the handle, so one log entry revokes them; the caller
/// gives the user a new handle in the same transaction.
pub(super) fn end_all_of_user(signal: &Signal<'_>, user: &User, why: &str) -> Result<SignedOut> {
    let (conn, now) = (signal.conn, signal.now);
    outbox::tell_end_of_user(conn, user, now)?;
    let sql = "UPDATE session SET ended_at = ?2, ended_why = ?3 WHERE user_id = ?1 AND ended_at IS NULL";
    let sessions = conn.prepare_cached(sql)?.execute(params![user.id, Num(now), why])? as u64;
    let sql = "UPDATE family SET ended_at = ?2, ended_why = ?3 WHERE user_id = ?1 AND ended_at IS NULL";
    let families = conn.prepare_cached(sql)?.execute(params![user.id, Num(now), why])? as u64;
    if sessions + families > 0 {
        signal.session_revoked(None, why)?;
    }
    let tokens_until = revoke_handle(conn, user, now)?;
    Ok(SignedOut { sessions, families, tokens_until })
}

/// Codes and links made under the old password, or before a block, must not work after it.
pub(super) fn void_artefacts_of_user(conn: &Connection, user_id: &str) -> Result<()> {
    let sql = "DELETE FROM artefact WHERE user_id = ?1 AND redeemed_at IS NULL AND kind NOT IN (?2, ?3, ?4, ?5, ?6)";
    let [undo, not_me, subject, by_link, reported] = Artefact::LASTING;
    conn.prepare_cached(sql)?.execute([user_id, undo, not_me, subject, by_link, reported])?;
    Ok(())
}

/// Logs the handle a user has now as revoked; returns the last `exp` of an unexpired token that carries it.
pub(super) fn revoke_handle(conn: &Connection, user: &User, now: u64) -> Result<Option<u64>> {
    let sql = "SELECT max(t.expires_at) FROM access_token t JOIN family f ON f.id = t.family
        WHERE f.user_id = ?1 AND t.session_hash IS NULL";
    let last_expiry = last_expiry(conn, sql, &user.id)?;
    revoke(conn, RevocationKind::UserHandle, &user.revocation_handle, now, last_expiry)
}

fn last_expiry(conn: &Connection, sql: &str, id: &str) -> Result<Option<u64>> {
    let latest = conn.prepare_cached(sql)?.query_row([id], |row| row.get::<_, Option<Num>>(0))?;
    Ok(latest.map(|time| time.0))
}

/// Appends to the log; returns the last expiry, if it is still to come. Without one (session values are asked about again and
/// again, and an answer is kept for less than the leeway) the log need not remember longer than the leeway.
fn revoke(
    conn: &Connection,
    kind: RevocationKind,
    id: &str,
    now: u64,
    last_expiry: Option<u64>,
) -> Result<Option<u64>> {
    let expires_at = last_expiry.unwrap_or(now);
    revocation::append(conn, &NewRevocation { kind, id: id.to_owned(), revoked_at: now, expires_at })?;
    Ok(last_expiry.filter(|expiry| *expiry > now))
}
