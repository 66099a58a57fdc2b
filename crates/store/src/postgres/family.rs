//! Token families: creation, end, look-ups, and the conditions under which one may go on.

use tokio_postgres::Row;

use super::conn::{Call, Conn, call, sql};
use super::value::{Columns, bytes, json, num};
use super::{ending, outbox, session, user};
use crate::error::{Conflict, StoreError};
use crate::port::Result;
use crate::record::{
    AlsoSession, Ended, Family, FamilyWanted, Hash32, Issued, IssuedAccessToken, NewFamily, RefreshState, RefreshToken,
    SessionValueFacts, TokenFacts, TokenQuery, UserStatus,
};

/// Whether something may be handed out on the strength of facts read earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Changed,
    Gone,
    Good,
}

/// Locks a user ($1) against whatever would end all they have, and nothing else.
pub(super) const LOCK_USER: &str = "SELECT status, revocation_handle FROM account WHERE id = $1 FOR KEY SHARE";
/// Locks a session ($1) against its end.
pub(super) const LOCK_SESSION: &str = "SELECT ended_at IS NULL FROM session WHERE sid = $1 FOR KEY SHARE";

/// [`LOCK_USER`], by a family ($1).
pub(super) const LOCK_USER_OF_FAMILY: &str = "SELECT status, revocation_handle FROM account
    WHERE id = (SELECT user_id FROM family WHERE id = $1) FOR KEY SHARE";
/// [`LOCK_SESSION`], by a family ($1).
pub(super) const LOCK_SESSION_OF_FAMILY: &str = "SELECT ended_at IS NULL FROM session
    WHERE sid = (SELECT sid FROM family WHERE id = $1) FOR KEY SHARE";

/// The user is active and still has the handle that the facts had. `row` is what [`LOCK_USER`] found.
pub(super) fn standing_of_user(row: Option<&Row>, handle: &str) -> Result<Standing> {
    let Some(row) = row else { return Ok(Standing::Gone) };
    Ok(match row.word(0)? {
        UserStatus::Active if row.at::<&str>(1)? == handle => Standing::Good,
        UserStatus::Active => Standing::Changed,
        UserStatus::Blocked => Standing::Gone,
    })
}

/// What is locked before a family gets something new.
pub(super) struct Ground<'r> {
    /// What [`LOCK_USER`] found.
    pub(super) user: Option<&'r Row>,
    /// What [`LOCK_SESSION`] found for the family's session.
    pub(super) session: Option<&'r Row>,
    /// The same for the session that the token names.
    pub(super) named: Option<&'r Row>,
}

impl Ground<'_> {
    /// The family is live, its session (if it is bound to one) stands, and user and session are as the facts had them that the token was
    /// made by.
    pub(super) fn standing(&self, family: &Family, token: &IssuedAccessToken, now: u64) -> Result<Standing> {
        if family.ended_at.is_some() || family.absolute_expires_at <= now {
            return Ok(Standing::Gone);
        }
        if family.session_bound && family.sid.is_none() {
            return Err(StoreError::Invalid("a session-bound family needs a sid"));
        }
        if family.session_bound && !stands(self.session)? {
            return Ok(Standing::Gone);
        }
        if token.sid.is_some() && !stands(self.named)? {
            return Ok(Standing::Changed);
        }
        standing_of_user(self.user, &token.revocation_handle)
    }
}

/// Whether the session that tokens depend on still stands; expiry is the caller's to judge.
pub(super) fn stands(row: Option<&Row>) -> Result<bool> {
    row.map_or(Ok(false), |row| row.at(0))
}

/// The columns of table `family` under the alias `f`, in the order of [`from_row`].
pub(super) const COLUMNS: &str = "f.id, f.client_id, f.user_id, f.sid, f.session_bound, f.scope, f.audience, \
    f.auth_time, f.created_at, f.absolute_expires_at, f.ended_at, f.ended_why, f.payload";
/// How many they are.
pub(super) const WIDTH: usize = 13;

/// The same of an outer join, where there may be none.
fn from_outer_row(row: &Row, at: usize) -> Result<Option<Family>> {
    row.at::<Option<&str>>(at)?.map(|_| from_row(row, at)).transpose()
}

/// The family whose columns begin at `at`.
pub(super) fn from_row(row: &Row, at: usize) -> Result<Family> {
    Ok(Family {
        id: row.at(at)?,
        client_id: row.at(at + 1)?,
        user_id: row.at(at + 2)?,
        sid: row.at(at + 3)?,
        session_bound: row.at(at + 4)?,
        scope: row.at(at + 5)?,
        audience: row.json(at + 6)?,
        auth_time: row.num(at + 7)?,
        created_at: row.num(at + 8)?,
        absolute_expires_at: row.num(at + 9)?,
        ended_at: row.opt_num(at + 10)?,
        ended_why: row.at(at + 11)?,
        payload: row.json(at + 12)?,
    })
}

pub(super) async fn by_id(conn: &Conn, id: &str) -> Result<Option<Family>> {
    let sql = sql!("SELECT {COLUMNS} FROM family f WHERE f.id = $1");
    conn.ask(sql, &[&id]).await?.row().map(|row| from_row(row, 0)).transpose()
}

pub(super) async fn forgetful(conn: &Conn, id: &str) -> Result<Option<Family>> {
    let sql = sql!(
        "SELECT {COLUMNS} FROM family f WHERE f.id = $1
            AND EXISTS (SELECT 1 FROM refresh_token WHERE family = $1 AND state = 'current')
            AND EXISTS (SELECT 1 FROM refresh_token WHERE family = $1 AND state = 'superseded')"
    );
    conn.ask(sql, &[&id]).await?.row().map(|row| from_row(row, 0)).transpose()
}

pub(super) async fn of_user(conn: &Conn, user_id: &str, now: u64) -> Result<Vec<Family>> {
    let sql = sql!(
        "SELECT {COLUMNS} FROM family f WHERE f.user_id = $1 AND f.ended_at IS NULL AND f.absolute_expires_at > $2
        ORDER BY f.created_at DESC, f.id"
    );
    conn.ask(sql, &[&user_id, &num(now)]).await?.rows.iter().map(|row| from_row(row, 0)).collect()
}

/// When each live one got its newest refresh token.
pub(super) async fn used(conn: &Conn, user_id: &str, now: u64) -> Result<Vec<(String, u64)>> {
    let sql = "SELECT f.id, max(t.created_at) FROM family f JOIN refresh_token t ON t.family = f.id
        WHERE f.user_id = $1 AND f.ended_at IS NULL AND f.absolute_expires_at > $2 GROUP BY f.id ORDER BY f.id";
    conn.ask(sql, &[&user_id, &num(now)]).await?.rows.iter().map(|row| Ok((row.at(0)?, row.num(1)?))).collect()
}

pub(super) async fn create(conn: &Conn, new: &NewFamily) -> Result<Issued> {
    let family = &new.family;
    let locks = vec![
        call!(LOCK_USER, &family.user_id),
        call!(LOCK_SESSION, &family.sid),
        call!(LOCK_SESSION, &new.access_token.sid),
    ];
    let answers = conn.begin(locks).await?;
    let [user, session, named] = answers.as_slice() else { return Err(super::short()) };
    let standing = match &new.session {
        Some(session) if family.sid.as_ref() != Some(&session.sid) || family.user_id != session.user_id => {
            return Err(StoreError::Invalid("a session that begins with a family has its sid and its user"));
        }
        Some(_) => standing_of_user(user.row(), &new.access_token.revocation_handle)?,
        None => {
            let ground = Ground { user: user.row(), session: session.row(), named: named.row() };
            ground.standing(family, &new.access_token, family.created_at)?
        }
    };
    match standing {
        Standing::Good => {}
        Standing::Changed => return Ok(Issued::Changed),
        Standing::Gone => return Ok(Issued::Gone),
    }
    if let Some(session) = &new.session {
        let begun = conn.fly(vec![session::insert(session)?]).await?;
        if begun.first().is_some_and(|answer| answer.changed == 0) {
            return Err(Conflict::Exists.into());
        }
    }
    conn.finish(births(family, new.refresh_token.as_ref(), &new.access_token)?).await?;
    Ok(Issued::Done)
}

/// Writes a family and its first tokens; the caller has checked its standing.
pub(super) fn births<'f>(
    family: &'f Family,
    refresh_token: Option<&'f RefreshToken>,
    access_token: &'f IssuedAccessToken,
) -> Result<Vec<Call<'f>>> {
    if family.session_bound && family.sid.is_none() {
        return Err(StoreError::Invalid("a session-bound family needs a sid"));
    }
    let sql = "INSERT INTO family (id, client_id, user_id, sid, session_bound, scope, audience, auth_time, created_at,
            absolute_expires_at, payload)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let mut calls = vec![call!(
        sql,
        &family.id,
        &family.client_id,
        &family.user_id,
        &family.sid,
        family.session_bound,
        &family.scope,
        json(&family.audience)?,
        num(family.auth_time),
        num(family.created_at),
        num(family.absolute_expires_at),
        json(&family.payload)?,
    )];
    if let Some(sid) = &family.sid {
        calls.push(outbox::note_client(sid, &family.client_id));
    }
    if let Some(token) = refresh_token {
        calls.push(insert_refresh_token(&family.id, token)?);
    }
    calls.push(note(&family.id, access_token));
    Ok(calls)
}

/// Writes the newest refresh token of a family.
pub(super) fn insert_refresh_token<'t>(family: &'t str, token: &'t RefreshToken) -> Result<Call<'t>> {
    if token.family != family || token.state != RefreshState::Current {
        return Err(StoreError::Invalid("a new refresh token is current and of its own family"));
    }
    let sql = "INSERT INTO refresh_token (hash, family, state, created_at, expires_at)
        VALUES ($1, $2, 'current', $3, $4)";
    Ok(call!(sql, bytes(&token.hash), family, num(token.created_at), num(token.expires_at)))
}

/// Writes down an access token, so that it can be revoked by its `jti`.
pub(super) fn note<'t>(family: &'t str, token: &'t IssuedAccessToken) -> Call<'t> {
    let sql = "INSERT INTO access_token (jti, family, expires_at, session_hash) VALUES ($1, $2, $3, $4)";
    call!(sql, &token.jti, family, num(token.expires_at), token.session_hash.as_ref().map(bytes))
}

pub(super) async fn note_if_live(conn: &Conn, id: &str, token: &IssuedAccessToken, now: u64) -> Result<Issued> {
    let (user, session) = (LOCK_USER_OF_FAMILY, LOCK_SESSION_OF_FAMILY);
    let family = sql!("SELECT {COLUMNS} FROM family f WHERE f.id = $1 FOR SHARE");
    let locks = vec![call!(user, id), call!(session, id), call!(LOCK_SESSION, &token.sid), call!(family, id)];
    let answers = conn.begin(locks).await?;
    let [user, session, named, family] = answers.as_slice() else { return Err(super::short()) };
    let Some(row) = family.row() else { return Ok(Issued::Gone) };
    let ground = Ground { user: user.row(), session: session.row(), named: named.row() };
    match ground.standing(&from_row(row, 0)?, token, now)? {
        Standing::Good => {}
        Standing::Changed => return Ok(Issued::Changed),
        Standing::Gone => return Ok(Issued::Gone),
    }
    conn.finish(vec![note(id, token)]).await?;
    Ok(Issued::Done)
}

pub(super) async fn end(conn: &Conn, id: &str, why: &str, now: u64, also: AlsoSession) -> Result<Ended> {
    let sid = by_id(conn, id).await?.and_then(|family| family.sid).filter(|_| also == AlsoSession::Yes);
    // The session first, as everywhere.
    let session = "SELECT 1 FROM session WHERE sid = $1 FOR UPDATE";
    let families = "SELECT 1 FROM family WHERE id = $1 OR sid = $2 AND session_bound AND ended_at IS NULL
        ORDER BY id FOR UPDATE";
    conn.begin(vec![call!(session, &sid), call!(families, id, &sid)]).await?;
    let ended = ending::end_family(conn, id, why, now).await?;
    match sid {
        Some(sid) => Ok(ended.and(ending::end_locked_session(conn, &sid, why, now).await?)),
        None => Ok(ended),
    }
}

pub(super) async fn session_value_facts(conn: &Conn, hash: Hash32) -> Result<Option<SessionValueFacts>> {
    let sql = sql!(
        "SELECT {COLUMNS}, {}, {}, t.jti, EXISTS (SELECT 1 FROM revocation r WHERE r.kind = 'jti' AND r.id = t.jti),
            (SELECT max(r.revoked_at) FROM revocation r WHERE r.kind = 'client' AND r.id = f.client_id
                OR r.kind = 'api' AND r.id IN (SELECT jsonb_array_elements_text(CAST(f.audience AS JSONB)))
                OR r.kind = 'all' AND r.id = '')
        FROM access_token t JOIN family f ON f.id = t.family LEFT JOIN account a ON a.id = f.user_id
            LEFT JOIN session s ON s.sid = f.sid
        WHERE t.session_hash = $1",
        user::COLUMNS,
        session::COLUMNS
    );
    let answer = conn.ask(sql, &[&bytes(&hash)]).await?;
    let Some(row) = answer.row() else { return Ok(None) };
    let family = from_row(row, 0)?;
    let token = TokenFacts {
        user: user::from_outer_row(row, WIDTH)?,
        session: session::from_outer_row(row, WIDTH + user::WIDTH)?,
        jti_revoked: row.at(WIDTH + user::WIDTH + session::WIDTH + 1)?,
        revoked_until: row.opt_num(WIDTH + user::WIDTH + session::WIDTH + 2)?,
        family: None,
    };
    Ok(Some(SessionValueFacts { jti: row.at(WIDTH + user::WIDTH + session::WIDTH)?, family, token }))
}

pub(super) async fn token_facts(conn: &Conn, query: &TokenQuery) -> Result<TokenFacts> {
    let sql = sql!(
        "SELECT {}, {}, EXISTS (SELECT 1 FROM revocation r WHERE r.kind = 'jti' AND r.id = $3),
            (SELECT max(r.revoked_at) FROM revocation r
                WHERE r.kind = 'client' AND r.id = $4 OR r.kind = 'api' AND r.id = ANY($5) OR r.kind = 'all' AND r.id = ''),
            {COLUMNS}
        FROM registry g LEFT JOIN account a ON a.id = $1 LEFT JOIN session s ON s.sid = $2
            LEFT JOIN access_token t ON $6 AND t.jti = $3 LEFT JOIN family f ON f.id = t.family
        WHERE g.one = 1",
        user::COLUMNS,
        session::COLUMNS
    );
    let TokenQuery { sub, sid, jti, client_id, audience, family } = query;
    let with_family = *family == FamilyWanted::Yes;
    let answer = conn.ask(sql, &[sub, sid, jti, client_id, audience, &with_family]).await?;
    let row = answer.one()?;
    Ok(TokenFacts {
        user: user::from_outer_row(row, 0)?,
        session: session::from_outer_row(row, user::WIDTH)?,
        jti_revoked: row.at(user::WIDTH + session::WIDTH)?,
        revoked_until: row.opt_num(user::WIDTH + session::WIDTH + 1)?,
        family: from_outer_row(row, user::WIDTH + session::WIDTH + 2)?,
    })
}
