//! Token families: creation, end, look-ups, and the conditions under which one may go on.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::readers::snapshot;
use super::value::{Json, Num};
use super::{ending, outbox, revocation, rotation, session, user};
use crate::error::StoreError;
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

/// The user is active and still has the handle that the facts had.
pub(super) fn standing_of_user(conn: &Connection, user_id: &str, handle: &str) -> Result<Standing> {
    let mut select = conn.prepare_cached("SELECT status, revocation_handle FROM account WHERE id = ?1")?;
    let found = select.query_row([user_id], |row| Ok((row.get(0)?, row.get::<_, String>(1)?))).optional()?;
    Ok(match found {
        Some((UserStatus::Active, current)) if current == handle => Standing::Good,
        Some((UserStatus::Active, _)) => Standing::Changed,
        Some((UserStatus::Blocked, _)) | None => Standing::Gone,
    })
}

/// The family is live, its session (if it is bound to one) stands, and user and session are as the facts had them that the token was
/// made by.
pub(super) fn standing(conn: &Connection, family: &Family, token: &IssuedAccessToken, now: u64) -> Result<Standing> {
    if family.ended_at.is_some() || family.absolute_expires_at <= now {
        return Ok(Standing::Gone);
    }
    if family.session_bound && !session::stands(conn, family.sid.as_deref())? {
        return Ok(Standing::Gone);
    }
    if token.sid.is_some() && !session::stands(conn, token.sid.as_deref())? {
        return Ok(Standing::Changed);
    }
    standing_of_user(conn, &family.user_id, &token.revocation_handle)
}

const COLUMNS: &str = "id, client_id, user_id, sid, session_bound, scope, audience, auth_time, created_at, \
    absolute_expires_at, ended_at, ended_why, payload";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Family> {
    Ok(Family {
        id: row.get(0)?,
        client_id: row.get(1)?,
        user_id: row.get(2)?,
        sid: row.get(3)?,
        session_bound: row.get(4)?,
        scope: row.get(5)?,
        audience: row.get::<_, Json<_>>(6)?.0,
        auth_time: row.get::<_, Num>(7)?.0,
        created_at: row.get::<_, Num>(8)?.0,
        absolute_expires_at: row.get::<_, Num>(9)?.0,
        ended_at: row.get::<_, Option<Num>>(10)?.map(|time| time.0),
        ended_why: row.get(11)?,
        payload: row.get::<_, Json<_>>(12)?.0,
    })
}

pub(super) fn by_id(conn: &Connection, id: &str) -> Result<Option<Family>> {
    let mut select = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM family WHERE id = ?1"))?;
    Ok(select.query_row([id], from_row).optional()?)
}

pub(super) fn forgetful(conn: &Connection, id: &str) -> Result<Option<Family>> {
    let mut select = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM family WHERE id = ?1
            AND EXISTS (SELECT 1 FROM refresh_token WHERE family = ?1 AND state = 'current')
            AND EXISTS (SELECT 1 FROM refresh_token WHERE family = ?1 AND state = 'superseded')"
    ))?;
    Ok(select.query_row([id], from_row).optional()?)
}

pub(super) fn of_user(conn: &Connection, user_id: &str, now: u64) -> Result<Vec<Family>> {
    let mut select = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM family WHERE user_id = ?1 AND ended_at IS NULL AND absolute_expires_at > ?2
        ORDER BY created_at DESC, id"
    ))?;
    let families = select.query_map(params![user_id, Num(now)], from_row)?;
    Ok(families.collect::<rusqlite::Result<_>>()?)
}

/// When each live one got its newest refresh token.
pub(super) fn used(conn: &Connection, user_id: &str, now: u64) -> Result<Vec<(String, u64)>> {
    let sql = "SELECT f.id, max(t.created_at) FROM family f JOIN refresh_token t ON t.family = f.id
        WHERE f.user_id = ?1 AND f.ended_at IS NULL AND f.absolute_expires_at > ?2 GROUP BY f.id ORDER BY f.id";
    let mut select = conn.prepare_cached(sql)?;
    let found = select.query_map(params![user_id, Num(now)], |row| Ok((row.get(0)?, row.get::<_, Num>(1)?.0)))?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn create(conn: &Connection, new: &NewFamily) -> Result<Issued> {
    let family = &new.family;
    let standing = match &new.session {
        Some(session) if family.sid.as_ref() != Some(&session.sid) || family.user_id != session.user_id => {
            return Err(StoreError::Invalid("a session that begins with a family has its sid and its user"));
        }
        Some(_) => standing_of_user(conn, &family.user_id, &new.access_token.revocation_handle)?,
        None => standing(conn, family, &new.access_token, family.created_at)?,
    };
    match standing {
        Standing::Good => {}
        Standing::Changed => return Ok(Issued::Changed),
        Standing::Gone => return Ok(Issued::Gone),
    }
    if let Some(session) = &new.session {
        session::insert(conn, session)?;
    }
    insert(conn, family, new.refresh_token.as_ref(), &new.access_token)?;
    Ok(Issued::Done)
}

/// Writes a family and its first tokens; the caller has checked its standing.
pub(super) fn insert(
    conn: &Connection,
    family: &Family,
    refresh_token: Option<&RefreshToken>,
    access_token: &IssuedAccessToken,
) -> Result<()> {
    if family.session_bound && family.sid.is_none() {
        return Err(StoreError::Invalid("a session-bound family needs a sid"));
    }
    let sql =
        format!("INSERT INTO family ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, NULL, NULL, ?11)");
    conn.prepare_cached(&sql)?.execute(params![
        family.id,
        family.client_id,
        family.user_id,
        family.sid,
        family.session_bound,
        family.scope,
        Json(&family.audience),
        Num(family.auth_time),
        Num(family.created_at),
        Num(family.absolute_expires_at),
        Json(&family.payload),
    ])?;
    if let Some(sid) = &family.sid {
        outbox::note_client(conn, sid, &family.client_id)?;
    }
    if let Some(token) = refresh_token {
        insert_refresh_token(conn, &family.id, token)?;
    }
    note(conn, &family.id, access_token)
}

/// Writes the newest refresh token of a family.
pub(super) fn insert_refresh_token(conn: &Connection, family: &str, token: &RefreshToken) -> Result<()> {
    if token.family != family || token.state != RefreshState::Current {
        return Err(StoreError::Invalid("a new refresh token is current and of its own family"));
    }
    let sql = "INSERT INTO refresh_token (hash, family, state, created_at, expires_at)
        VALUES (?1, ?2, 'current', ?3, ?4)";
    conn.prepare_cached(sql)?.execute(params![token.hash, family, Num(token.created_at), Num(token.expires_at)])?;
    Ok(())
}

/// Writes down an access token, so that it can be revoked by its `jti`.
pub(super) fn note(conn: &Connection, family: &str, token: &IssuedAccessToken) -> Result<()> {
    let sql = "INSERT INTO access_token (jti, family, expires_at, session_hash) VALUES (?1, ?2, ?3, ?4)";
    conn.prepare_cached(sql)?.execute(params![token.jti, family, Num(token.expires_at), token.session_hash])?;
    Ok(())
}

pub(super) fn note_if_live(conn: &Connection, id: &str, token: &IssuedAccessToken, now: u64) -> Result<Issued> {
    let Some(family) = by_id(conn, id)? else {
        return Ok(Issued::Gone);
    };
    match standing(conn, &family, token, now)? {
        Standing::Good => {}
        Standing::Changed => return Ok(Issued::Changed),
        Standing::Gone => return Ok(Issued::Gone),
    }
    note(conn, id, token)?;
    Ok(Issued::Done)
}

pub(super) fn end(conn: &Connection, id: &str, why: &str, now: u64, also: AlsoSession) -> Result<Ended> {
    let mut ended = ending::end_family(conn, id, why, now)?;
    if also == AlsoSession::Yes
        && let Some(sid) = by_id(conn, id)?.and_then(|family| family.sid)
    {
        ended = ended.and(ending::end_session(conn, &sid, why, now)?);
    }
    Ok(ended)
}

pub(super) fn session_value_facts(conn: &Connection, hash: Hash32) -> Result<Option<SessionValueFacts>> {
    snapshot(conn, || {
        let sql = "SELECT jti, family FROM access_token WHERE session_hash = ?1";
        let mut select = conn.prepare_cached(sql)?;
        let found = select.query_row([hash], |row| Ok((row.get(0)?, row.get::<_, String>(1)?))).optional()?;
        let Some((jti, family)) = found else { return Ok(None) };
        let Some(family) = by_id(conn, &family)? else { return Ok(None) };
        let query = TokenQuery {
            sub: Some(family.user_id.clone()),
            sid: family.sid.clone(),
            jti: Some(jti),
            client_id: Some(family.client_id.clone()),
            audience: family.audience.clone(),
            family: FamilyWanted::No,
        };
        let token = token_facts_now(conn, &query)?;
        Ok(Some(SessionValueFacts { jti: query.jti.unwrap_or_default(), family, token }))
    })
}

pub(super) fn token_facts(conn: &Connection, query: &TokenQuery) -> Result<TokenFacts> {
    snapshot(conn, || token_facts_now(conn, query))
}

fn token_facts_now(conn: &Connection, query: &TokenQuery) -> Result<TokenFacts> {
    let user = query.sub.as_deref().map(|id| user::by_id(conn, id)).transpose()?.flatten();
    let session = query.sid.as_deref().map(|sid| session::by_sid(conn, sid)).transpose()?.flatten();
    let jti_revoked = query.jti.as_deref().map(|jti| revocation::is_jti_revoked(conn, jti)).transpose()?;
    let revoked_until = revocation::ruled_until(conn, query.client_id.as_deref(), &query.audience)?;
    let family = match (query.family, query.jti.as_deref()) {
        (FamilyWanted::Yes, Some(jti)) => of_access_token(conn, jti)?,
        _ => None,
    };
    Ok(TokenFacts { user, session, jti_revoked: jti_revoked.unwrap_or(false), revoked_until, family })
}

fn of_access_token(conn: &Connection, jti: &str) -> Result<Option<Family>> {
    let sql = "SELECT family FROM access_token WHERE jti = ?1";
    let id: Option<String> = conn.prepare_cached(sql)?.query_row([jti], |row| row.get(0)).optional()?;
    id.map(|id| by_id(conn, &id)).transpose().map(Option::flatten)
}

pub(super) use rotation::{facts as refresh_facts, rotate};
