//! Rotation of refresh tokens (RFC 9700 §4.14.2): one conditional step that cannot fork a family.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::family::{self, Standing};
use super::readers::snapshot;
use super::value::Num;
use super::{session, user};
use crate::error::StoreError;
use crate::port::Result;
use crate::record::{Hash32, RefreshFacts, RefreshState, RefreshToken, Rotate, RotateExpect, Rotated, UNNAMED_UNTIL};

pub(super) fn facts(conn: &Connection, named: Option<&str>, hash: Hash32) -> Result<Option<RefreshFacts>> {
    snapshot(conn, || {
        let token = match named {
            Some(family) => find(conn, family, hash)?,
            None => find_unnamed(conn, hash)?,
        };
        let Some(token) = token else {
            return Ok(None);
        };
        let Some(family) = family::by_id(conn, &token.family)? else {
            return Ok(None);
        };
        let user = user::by_id(conn, &family.user_id)?;
        let session = family.sid.as_deref().map(|sid| session::by_sid(conn, sid)).transpose()?.flatten();
        let successor = match &token.state {
            RefreshState::Superseded { successor, .. } => find(conn, &token.family, *successor)?,
            RefreshState::Current | RefreshState::Dead => None,
        };
        Ok(Some(RefreshFacts { token, family, user, session, successor }))
    })
}

pub(super) fn rotate(conn: &Connection, rotate: &Rotate) -> Result<Rotated> {
    let Some(presented) = find(conn, &rotate.successor.family, rotate.presented)? else {
        return Ok(Rotated::Ended);
    };
    let Some(family) = family::by_id(conn, &presented.family)? else {
        return Ok(Rotated::Ended);
    };
    if presented.expires_at <= rotate.now {
        return Ok(Rotated::Ended);
    }
    match family::standing(conn, &family, &rotate.access_token, rotate.now)? {
        Standing::Good => {}
        Standing::Changed => return Ok(Rotated::LostRace),
        Standing::Gone => return Ok(Rotated::Ended),
    }
    match (rotate.expect, &presented.state) {
        (RotateExpect::Current, RefreshState::Current) => {}
        (RotateExpect::SuccessorUnused(expected), RefreshState::Superseded { successor, .. })
            if expected == *successor =>
        {
            if !kill_unused(conn, &family.id, expected)? {
                return Ok(Rotated::LostRace);
            }
        }
        _ => return Ok(Rotated::LostRace),
    }
    supersede(conn, rotate)?;
    forget(conn, &family.id, rotate)?;
    family::insert_refresh_token(conn, &family.id, &rotate.successor)?;
    family::note(conn, &family.id, &rotate.access_token)?;
    Ok(Rotated::Done)
}

fn kill_unused(conn: &Connection, family: &str, hash: Hash32) -> Result<bool> {
    let sql = "UPDATE refresh_token SET state = 'dead' WHERE family = ?1 AND hash = ?2 AND state = 'current'";
    Ok(conn.prepare_cached(sql)?.execute(params![family, hash])? == 1)
}

/// Also after a lost answer the time moves on, so that parallel requests of one client get the same new successor.
fn supersede(conn: &Connection, rotate: &Rotate) -> Result<()> {
    let sql = "UPDATE refresh_token SET state = 'superseded', superseded_at = ?2, successor = ?3, sealed_successor = ?4
        WHERE family = ?5 AND hash = ?1";
    let changed = conn.prepare_cached(sql)?.execute(params![
        rotate.presented,
        Num(rotate.now),
        rotate.successor.hash,
        rotate.sealed_successor,
        rotate.successor.family
    ])?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Internal("a token vanished under its rotation".into())) }
}

/// Only the newest superseded token may have a successor that was not used, and that is the presented one. Of a family that rotates faster than it forgets only
/// the neighbours of the presented hash are looked at, which are random ones: sixteen at a time keep the old far fewer than those of the last minute.
fn forget(conn: &Connection, family: &str, rotate: &Rotate) -> Result<()> {
    let sql = "DELETE FROM refresh_token WHERE family = ?1 AND hash IN (
            SELECT * FROM (SELECT hash FROM refresh_token WHERE family = ?1 AND hash > ?2 ORDER BY hash LIMIT 8)
            UNION ALL
            SELECT * FROM (SELECT hash FROM refresh_token WHERE family = ?1 AND hash < ?2 ORDER BY hash DESC LIMIT 8))
        AND (state = 'dead' AND created_at <= ?3 OR state = 'superseded' AND superseded_at <= ?3)";
    conn.prepare_cached(sql)?.execute(params![family, rotate.presented, Num(rotate.forget_until)])?;
    Ok(())
}

const COLUMNS: &str = "hash, family, state, superseded_at, successor, sealed_successor, created_at, expires_at";

fn find(conn: &Connection, family: &str, hash: Hash32) -> Result<Option<RefreshToken>> {
    let sql = format!("SELECT {COLUMNS} FROM refresh_token WHERE family = ?1 AND hash = ?2");
    Ok(conn.prepare_cached(&sql)?.query_row(params![family, hash], from_row).optional()?)
}

/// By the index over those that were handed out before tokens named their family; the statement repeats its condition.
fn find_unnamed(conn: &Connection, hash: Hash32) -> Result<Option<RefreshToken>> {
    let sql = format!("SELECT {COLUMNS} FROM refresh_token WHERE hash = ?1 AND created_at < {UNNAMED_UNTIL}");
    Ok(conn.prepare_cached(&sql)?.query_row([hash], from_row).optional()?)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<RefreshToken> {
    let state = match row.get_ref(2)?.as_str()? {
        "current" => RefreshState::Current,
        "dead" => RefreshState::Dead,
        _ => RefreshState::Superseded {
            at: row.get::<_, Num>(3)?.0,
            successor: row.get(4)?,
            sealed_successor: row.get(5)?,
        },
    };
    Ok(RefreshToken {
        hash: row.get(0)?,
        family: row.get(1)?,
        state,
        created_at: row.get::<_, Num>(6)?.0,
        expires_at: row.get::<_, Num>(7)?.0,
    })
}
