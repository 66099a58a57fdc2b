//! Single-use artefacts, answers to what waits, and the redemption of codes.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::family::{self, Standing};
use super::readers::snapshot;
use super::value::{Json, Num};
use super::{outbox, session, user};
use crate::error::StoreError;
use crate::port::Result;
use crate::record::{AnswerArtefact, Artefact, CodeFacts, Hash32, NewDelivery, RedeemCode, Redeemed};

pub(super) fn put(conn: &Connection, artefact: &Artefact) -> Result<()> {
    let sql = "INSERT INTO artefact (kind, hash, family, client_id, user_id, sid, created_at, expires_at, redeemed_at,
            payload)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    conn.prepare_cached(sql)?.execute(params![
        artefact.kind,
        artefact.hash,
        artefact.family,
        artefact.client_id,
        artefact.user_id,
        artefact.sid,
        Num(artefact.created_at),
        Num(artefact.expires_at),
        artefact.redeemed_at.map(Num),
        Json(&artefact.payload),
    ])?;
    Ok(())
}

pub(super) fn put_and_tell(conn: &Connection, artefact: &Artefact, tell: &[NewDelivery]) -> Result<()> {
    put(conn, artefact)?;
    outbox::put_all(conn, tell, artefact.created_at)
}

/// In place of those of its kind that its user has not used.
pub(super) fn put_only(conn: &Connection, artefact: &Artefact, tell: &[NewDelivery]) -> Result<()> {
    let sql = "DELETE FROM artefact WHERE user_id = ?1 AND kind = ?2 AND redeemed_at IS NULL";
    conn.prepare_cached(sql)?.execute(params![artefact.user_id, artefact.kind])?;
    put_and_tell(conn, artefact, tell)
}

/// Removes one of a user's, or all of that kind.
pub(super) fn forget(conn: &Connection, kind: &str, user_id: &str, hash: Option<Hash32>) -> Result<u64> {
    let sql = "DELETE FROM artefact WHERE user_id = ?1 AND kind = ?2 AND (?3 IS NULL OR hash = ?3)";
    Ok(conn.prepare_cached(sql)?.execute(params![user_id, kind, hash])? as u64)
}

pub(super) fn find(conn: &Connection, kind: &str, hash: Hash32) -> Result<Option<Artefact>> {
    let sql = "SELECT kind, hash, family, client_id, user_id, sid, created_at, expires_at, redeemed_at, payload
        FROM artefact WHERE kind = ?1 AND hash = ?2";
    Ok(conn.prepare_cached(sql)?.query_row(params![kind, hash], from_row).optional()?)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Artefact> {
    Ok(Artefact {
        kind: row.get(0)?,
        hash: row.get(1)?,
        family: row.get(2)?,
        client_id: row.get(3)?,
        user_id: row.get(4)?,
        sid: row.get(5)?,
        created_at: row.get::<_, Num>(6)?.0,
        expires_at: row.get::<_, Num>(7)?.0,
        redeemed_at: row.get::<_, Option<Num>>(8)?.map(|time| time.0),
        payload: row.get::<_, Json<_>>(9)?.0,
    })
}

pub(super) fn redeem(conn: &Connection, kind: &str, hash: Hash32, now: u64) -> Result<Redeemed> {
    let Some(artefact) = find(conn, kind, hash)? else {
        return Ok(Redeemed::Unknown);
    };
    if let Some(refused) = refusal(&artefact, now) {
        return Ok(refused);
    }
    mark(conn, &artefact, now, artefact.family.as_deref())?;
    Ok(Redeemed::Done)
}

pub(super) fn exchange(conn: &Connection, kind: &str, hash: Hash32, new: &Artefact, now: u64) -> Result<Redeemed> {
    let redeemed = redeem(conn, kind, hash, now)?;
    if redeemed == Redeemed::Done {
        put(conn, new)?;
    }
    Ok(redeemed)
}

pub(super) fn answer(conn: &Connection, answer: &AnswerArtefact) -> Result<Redeemed> {
    let ((question, asked), (waiting, waits)) = (&answer.question, &answer.waiting);
    let (Some(question), Some(waiting)) = (find(conn, question, *asked)?, find(conn, waiting, *waits)?) else {
        return Ok(Redeemed::Unknown);
    };
    if let Some(refused) = refusal(&question, answer.now).or_else(|| refusal(&waiting, answer.now)) {
        return Ok(refused);
    }
    if question.client_id != waiting.client_id {
        return Err(StoreError::Invalid("a question is of the client whose artefact waits"));
    }
    if let Some(by) = &answer.by {
        match family::standing_of_user(conn, &by.user_id, &by.revocation_handle)? {
            Standing::Good => {}
            Standing::Changed => return Ok(Redeemed::Changed),
            Standing::Gone => return Ok(Redeemed::Gone),
        }
        if !session::stands(conn, Some(&by.sid))? {
            return Ok(Redeemed::Gone);
        }
    }
    mark(conn, &question, answer.now, None)?;
    let by = answer.by.as_ref();
    let sql = "UPDATE artefact SET user_id = ?3, sid = ?4, payload = ?5 WHERE kind = ?1 AND hash = ?2";
    conn.prepare_cached(sql)?.execute(params![
        waiting.kind,
        waiting.hash,
        by.map(|by| &by.user_id),
        by.map(|by| &by.sid),
        Json(&answer.payload),
    ])?;
    outbox::put_all(conn, &answer.tell, answer.now)?;
    Ok(Redeemed::Done)
}

pub(super) fn usable_of(conn: &Connection, kind: &str, user_id: &str, limit: u32, now: u64) -> Result<Vec<Artefact>> {
    let sql = "SELECT kind, hash, family, client_id, user_id, sid, created_at, expires_at, redeemed_at, payload
        FROM artefact WHERE user_id = ?1 AND kind = ?2 AND redeemed_at IS NULL AND expires_at > ?3
        ORDER BY created_at DESC, hash LIMIT ?4";
    let mut select = conn.prepare_cached(sql)?;
    let found = select.query_map(params![user_id, kind, Num(now), limit], from_row)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn of_kind(conn: &Connection, kind: &str, limit: u32, now: u64) -> Result<Vec<Artefact>> {
    let sql = "SELECT kind, hash, family, client_id, user_id, sid, created_at, expires_at, redeemed_at, payload
        FROM artefact WHERE kind = ?1 AND redeemed_at IS NULL AND expires_at > ?2
        ORDER BY created_at DESC, hash LIMIT ?3";
    let mut select = conn.prepare_cached(sql)?;
    let found = select.query_map(params![kind, Num(now), limit], from_row)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn code_facts(conn: &Connection, kind: &str, hash: Hash32) -> Result<Option<CodeFacts>> {
    snapshot(conn, || {
        let Some(code) = find(conn, kind, hash)? else {
            return Ok(None);
        };
        let user = code.user_id.as_deref().map(|id| user::by_id(conn, id)).transpose()?.flatten();
        let session = code.sid.as_deref().map(|sid| session::by_sid(conn, sid)).transpose()?.flatten();
        Ok(Some(CodeFacts { code, user, session }))
    })
}

pub(super) fn redeem_code(conn: &Connection, redeem: &RedeemCode) -> Result<Redeemed> {
    let Some(code) = find(conn, redeem.kind, redeem.hash)? else {
        return Ok(Redeemed::Unknown);
    };
    if let Some(refused) = refusal(&code, redeem.now) {
        return Ok(refused);
    }
    let family = &redeem.family;
    let Some(user_id) = &code.user_id else { return Ok(Redeemed::Gone) };
    if *user_id != family.user_id {
        return Err(StoreError::Invalid("the family's user is not the code's"));
    }
    match family::standing_of_user(conn, &family.user_id, &redeem.access_token.revocation_handle)? {
        Standing::Good => {}
        Standing::Changed => return Ok(Redeemed::Changed),
        Standing::Gone => return Ok(Redeemed::Gone),
    }
    if code.sid.is_some() && !session::stands(conn, code.sid.as_deref())? {
        return Ok(Redeemed::Gone);
    }
    mark(conn, &code, redeem.now, Some(&family.id))?;
    family::insert(conn, family, redeem.refresh_token.as_ref(), &redeem.access_token)?;
    Ok(Redeemed::Done)
}

/// The artefact, while it can be used.
pub(super) fn usable(conn: &Connection, kind: &str, hash: Hash32, now: u64) -> Result<Option<Artefact>> {
    Ok(find(conn, kind, hash)?.filter(|artefact| refusal(artefact, now).is_none()))
}

/// Why it cannot be used, if so.
pub(super) fn refusal(artefact: &Artefact, now: u64) -> Option<Redeemed> {
    if artefact.redeemed_at.is_some() {
        return Some(Redeemed::AlreadyRedeemed);
    }
    (artefact.expires_at <= now).then_some(Redeemed::Expired)
}

pub(super) fn mark(conn: &Connection, artefact: &Artefact, now: u64, family: Option<&str>) -> Result<()> {
    let sql = "UPDATE artefact SET redeemed_at = ?3, family = ?4
        WHERE kind = ?1 AND hash = ?2 AND redeemed_at IS NULL";
    let marked = conn.prepare_cached(sql)?.execute(params![artefact.kind, artefact.hash, Num(now), family])?;
    if marked == 1 { Ok(()) } else { Err(StoreError::Internal("an artefact changed under its redemption".into())) }
}
