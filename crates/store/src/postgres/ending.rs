//! How things end: families, sessions, everything of a user; the entries this leaves in the revocation log, and
//! the messages in the outbox that tell the clients (design §5).

use super::conn::{Conn, call};
use super::signal::Signal;
use super::value::{Columns, num};
use super::{outbox, revocation};
use crate::port::Result;
use crate::record::{Artefact, Ended, LEEWAY_SECS, NewRevocation, RevocationKind, SignedOut, User};

pub(super) async fn end_session(conn: &Conn, sid: &str, why: &str, now: u64) -> Result<Ended> {
    conn.begin(vec![call!("SELECT 1 FROM session WHERE sid = $1 FOR UPDATE", sid)]).await?;
    end_locked_session(conn, sid, why, now).await
}

/// Ends a session that is locked, so that nothing can be issued in it meanwhile.
pub(super) async fn end_locked_session(conn: &Conn, sid: &str, why: &str, now: u64) -> Result<Ended> {
    let session = "UPDATE session SET ended_at = $2, ended_why = $3 WHERE sid = $1 AND ended_at IS NULL";
    let lock = "SELECT 1 FROM family WHERE sid = $1 AND session_bound AND ended_at IS NULL ORDER BY id FOR UPDATE";
    let families = "UPDATE family SET ended_at = $2, ended_why = $3
        WHERE sid = $1 AND session_bound AND ended_at IS NULL";
    let expiry = "SELECT max(t.expires_at) FROM access_token t JOIN family f ON f.id = t.family
        WHERE f.sid = $1 AND t.session_hash IS NULL";
    let flight = vec![
        call!(session, sid, num(now), why),
        call!(lock, sid),
        call!(families, sid, num(now), why),
        call!(expiry, sid),
    ];
    let answers = conn.fly(flight).await?;
    let [session, _, families, expiry] = answers.as_slice() else { return Err(super::short()) };
    let (session, families) = (session.changed > 0, families.changed);
    let mut tokens_until = None;
    if session {
        tell_end_of_session(conn, sid, why, now).await?;
    }
    if session || families > 0 {
        tokens_until = revoke(conn, RevocationKind::Sid, sid, now, expiry.one()?.opt_num(0)?).await?;
    }
    Ok(Ended { families, session, tokens_until })
}

/// Tells the clients that got tokens in it, and whoever listens. A session whose time had run out before is no news to anybody: whoever
/// comes back the next morning must not be signed out of what outlived it.
async fn tell_end_of_session(conn: &Conn, sid: &str, why: &str, now: u64) -> Result<()> {
    let sql = "SELECT user_id FROM session WHERE sid = $1 AND idle_expires_at > $2 AND absolute_expires_at > $2";
    let user_id = conn.ask(sql, &[&sid, &num(now)]).await?;
    let Some(row) = user_id.row() else { return Ok(()) };
    let user_id: &str = row.at(0)?;
    let signal = Signal::of(conn, user_id, now).await?;
    outbox::tell_end_of_session(conn, sid, user_id, now).await?;
    signal.session_revoked(Some(sid), why).await
}

/// Ends a family by itself. Its access tokens are revoked one by one, as its session may go on.
pub(super) async fn end_family(conn: &Conn, id: &str, why: &str, now: u64) -> Result<Ended> {
    let family = "UPDATE family SET ended_at = $2, ended_why = $3 WHERE id = $1 AND ended_at IS NULL";
    let tokens = "SELECT jti, expires_at, session_hash IS NOT NULL FROM access_token
        WHERE family = $1 AND expires_at > $2 ORDER BY jti";
    let alive_after = now.saturating_sub(LEEWAY_SECS);
    // Whoever notes a token holds the family's row, so the second statement sees every one.
    let flight = vec![call!(family, id, num(now), why), call!(tokens, id, num(alive_after))];
    let answers = conn.fly(flight).await?;
    let [family, tokens] = answers.as_slice() else { return Err(super::short()) };
    let mut tokens_until = None;
    if family.changed > 0 {
        for row in &tokens.rows {
            let (jti, expires_at, is_session): (&str, u64, bool) = (row.at(0)?, row.num(1)?, row.at(2)?);
            let last_expiry = (!is_session).then_some(expires_at);
            tokens_until = tokens_until.max(revoke(conn, RevocationKind::Jti, jti, now, last_expiry).await?);
        }
    }
    Ok(Ended { families: family.changed, session: false, tokens_until })
}

/// Ends the family an access token is of, or logs the token alone if it is of none.
pub(super) async fn revoke_access_token(conn: &Conn, jti: &str, expires_at: u64, why: &str, now: u64) -> Result<Ended> {
    let found = conn.begin(vec![call!("SELECT family FROM access_token WHERE jti = $1", jti)]).await?;
    if let Some(row) = found.first().and_then(|answer| answer.row()) {
        return end_family(conn, row.at(0)?, why, now).await;
    }
    let new = NewRevocation { kind: RevocationKind::Jti, id: jti.to_owned(), revoked_at: now, expires_at };
    let is_news = revocation::append(conn, &new).await?;
    Ok(Ended { tokens_until: (is_news && expires_at > now).then_some(expires_at), ..Ended::default() })
}

/// Appends entries to the log; returns how many were news.
pub(super) async fn revoke_all(conn: &Conn, entries: &[NewRevocation]) -> Result<u64> {
    let mut new = 0;
    for entry in entries {
        end_session_values(conn, entry).await?;
        revoke_exchanged(conn, entry).await?;
        new += u64::from(revocation::append(conn, entry).await?);
    }
    Ok(new)
}

/// Revokes what other clients got in exchange for the tokens that a rule about a client is about.
async fn revoke_exchanged(conn: &Conn, rule: &NewRevocation) -> Result<()> {
    if rule.kind != RevocationKind::Client {
        return Ok(());
    }
    let sql = "SELECT CAST(payload AS JSONB) ->> 'jti', expires_at FROM artefact
        WHERE expires_at > $1 AND kind = $2 AND client_id = $3 AND created_at <= $4 ORDER BY hash";
    let (alive_after, until) = (num(rule.revoked_at.saturating_sub(LEEWAY_SECS)), num(rule.revoked_at));
    let found = conn.ask(sql, &[&alive_after, &Artefact::EXCHANGED, &rule.id, &until]).await?;
    for row in &found.rows {
        let (jti, expires_at): (&str, u64) = (row.at(0)?, row.num(1)?);
        let id = jti.to_owned();
        let entry = NewRevocation { kind: RevocationKind::Jti, id, revoked_at: rule.revoked_at, expires_at };
        revocation::append(conn, &entry).await?;
    }
    Ok(())
}

/// Ends the session values a rule is about. The log forgets a rule when the last signed token it refuses is over; a session value can live
/// on for weeks.
pub(super) async fn end_session_values(conn: &Conn, rule: &NewRevocation) -> Result<()> {
    macro_rules! end_those {
        ($whose:literal) => {
            concat!(
                "UPDATE family SET ended_at = $1, ended_why = 'rule' WHERE id IN (
                    SELECT id FROM family WHERE ended_at IS NULL AND created_at <= $1 AND ",
                $whose,
                " AND id IN (SELECT family FROM access_token WHERE session_hash IS NOT NULL)
                    ORDER BY id FOR UPDATE)"
            )
        };
    }
    let sql = match rule.kind {
        RevocationKind::Client => end_those!("client_id = $2"),
        RevocationKind::Api => end_those!("CAST(audience AS JSONB) @> jsonb_build_array(CAST($2 AS TEXT))"),
        RevocationKind::All => end_those!("$2 = $2"),
        _ => return Ok(()),
    };
    conn.ask(sql, &[&num(rule.revoked_at), &rule.id]).await.map(drop)
}

/// Ends every session and family of a user, whose row is locked. All their tokens carry the handle, so one log entry revokes them; the caller
/// gives the user a new handle in the same transaction.
pub(super) async fn end_all_of_user(signal: &Signal<'_>, user: &User, why: &str) -> Result<SignedOut> {
    let (conn, now) = (signal.conn, signal.now);
    outbox::tell_end_of_user(conn, user, now).await?;
    // It has locked them all.
    let sessions = "UPDATE session SET ended_at = $2, ended_why = $3 WHERE user_id = $1 AND ended_at IS NULL";
    let families = "UPDATE family SET ended_at = $2, ended_why = $3 WHERE user_id = $1 AND ended_at IS NULL";
    let flight = vec![call!(sessions, &user.id, num(now), why), call!(families, &user.id, num(now), why)];
    let answers = conn.fly(flight).await?;
    let [sessions, families] = answers.as_slice() else { return Err(super::short()) };
    let (sessions, families) = (sessions.changed, families.changed);
    if sessions + families > 0 {
        signal.session_revoked(None, why).await?;
    }
    let tokens_until = revoke_handle(conn, user, now).await?;
    Ok(SignedOut { sessions, families, tokens_until })
}

/// Codes and links made under the old password, or before a block, must not work after it.
pub(super) async fn void_artefacts_of_user(conn: &Conn, user_id: &str) -> Result<()> {
    let sql = "DELETE FROM artefact WHERE user_id = $1 AND redeemed_at IS NULL AND kind <> ALL($2)";
    conn.ask(sql, &[&user_id, &Artefact::LASTING.as_slice()]).await.map(drop)
}

/// Logs the handle a user has now as revoked; returns the last `exp` of an unexpired token that carries it.
pub(super) async fn revoke_handle(conn: &Conn, user: &User, now: u64) -> Result<Option<u64>> {
    let sql = "SELECT max(t.expires_at) FROM access_token t JOIN family f ON f.id = t.family
        WHERE f.user_id = $1 AND t.session_hash IS NULL";
    let last_expiry = conn.ask(sql, &[&user.id]).await?.one()?.opt_num(0)?;
    revoke(conn, RevocationKind::UserHandle, &user.revocation_handle, now, last_expiry).await
}

/// Appends to the log; returns the last expiry, if it is still to come. Without one (session values are asked about again and
/// again, and an answer is kept for less than the leeway) the log need not remember longer than the leeway.
async fn revoke(
    conn: &Conn,
    kind: RevocationKind,
    id: &str,
    now: u64,
    last_expiry: Option<u64>,
) -> Result<Option<u64>> {
    let expires_at = last_expiry.unwrap_or(now);
    revocation::append(conn, &NewRevocation { kind, id: id.to_owned(), revoked_at: now, expires_at }).await?;
    Ok(last_expiry.filter(|expiry| *expiry > now))
}
