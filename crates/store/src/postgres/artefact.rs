//! Single-use artefacts, answers to what waits, and the redemption of codes.

use tokio_postgres::Row;

use super::conn::{Answer, Call, Conn, call, sql};
use super::family::{self, LOCK_SESSION, LOCK_USER, Standing};
use super::value::{Columns, bytes, json, num, opt_num};
use super::{outbox, session, user};
use crate::error::StoreError;
use crate::port::Result;
use crate::record::{AnswerArtefact, Artefact, CodeFacts, Hash32, NewDelivery, RedeemCode, Redeemed};

/// The columns of table `artefact` under the alias `c`, in the order of [`from_row`].
const COLUMNS: &str = "c.kind, c.hash, c.family, c.client_id, c.user_id, c.sid, c.created_at, c.expires_at, \
    c.redeemed_at, c.payload";
/// How many they are.
const WIDTH: usize = 10;

fn from_row(row: &Row) -> Result<Artefact> {
    Ok(Artefact {
        kind: row.at(0)?,
        hash: row.hash(1)?,
        family: row.at(2)?,
        client_id: row.at(3)?,
        user_id: row.at(4)?,
        sid: row.at(5)?,
        created_at: row.num(6)?,
        expires_at: row.num(7)?,
        redeemed_at: row.opt_num(8)?,
        payload: row.json(9)?,
    })
}

pub(super) async fn put(conn: &Conn, artefact: &Artefact) -> Result<()> {
    conn.fly(vec![insert(artefact)?]).await.map(drop)
}

pub(super) async fn put_and_tell(conn: &Conn, artefact: &Artefact, tell: &[NewDelivery]) -> Result<()> {
    conn.begin(vec![insert(artefact)?]).await?;
    conn.finish(outbox::puts(conn, tell, artefact.created_at)?.into_iter().collect()).await.map(drop)
}

/// In place of those of its kind that its user has not used. Of two at once the second waits at the user.
pub(super) async fn put_only(conn: &Conn, artefact: &Artefact, tell: &[NewDelivery]) -> Result<()> {
    let lock = "SELECT 1 FROM account WHERE id = $1 FOR UPDATE";
    let before = "DELETE FROM artefact WHERE user_id = $1 AND kind = $2 AND redeemed_at IS NULL";
    let (user_id, kind) = (&artefact.user_id, &artefact.kind);
    conn.begin(vec![call!(lock, user_id), call!(before, user_id, kind), insert(artefact)?]).await?;
    conn.finish(outbox::puts(conn, tell, artefact.created_at)?.into_iter().collect()).await.map(drop)
}

/// Removes one of a user's, or all of that kind.
pub(super) async fn forget(conn: &Conn, kind: &str, user_id: &str, hash: Option<Hash32>) -> Result<u64> {
    let sql = "DELETE FROM artefact WHERE user_id = $1 AND kind = $2 AND ($3::BYTEA IS NULL OR hash = $3)";
    Ok(conn.ask(sql, &[&user_id, &kind, &hash.as_ref().map(bytes)]).await?.changed)
}

fn insert(artefact: &Artefact) -> Result<Call<'_>> {
    let sql = "INSERT INTO artefact (kind, hash, family, client_id, user_id, sid, created_at, expires_at, redeemed_at,
            payload)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    Ok(call!(
        sql,
        &artefact.kind,
        bytes(&artefact.hash),
        &artefact.family,
        &artefact.client_id,
        &artefact.user_id,
        &artefact.sid,
        num(artefact.created_at),
        num(artefact.expires_at),
        opt_num(artefact.redeemed_at),
        json(&artefact.payload)?,
    ))
}

pub(super) async fn find(conn: &Conn, kind: &str, hash: Hash32) -> Result<Option<Artefact>> {
    let sql = sql!("SELECT {COLUMNS} FROM artefact c WHERE c.kind = $1 AND c.hash = $2");
    conn.ask(sql, &[&kind, &bytes(&hash)]).await?.row().map(from_row).transpose()
}

/// Finds it, and keeps everybody else from using it.
pub(super) fn lock<'a>(kind: &'a str, hash: &'a Hash32) -> Call<'a> {
    let sql = sql!("SELECT {COLUMNS} FROM artefact c WHERE c.kind = $1 AND c.hash = $2 FOR UPDATE");
    call!(sql, kind, bytes(hash))
}

pub(super) async fn redeem(conn: &Conn, kind: &str, hash: Hash32, now: u64) -> Result<Redeemed> {
    use_up(conn, kind, hash, now, None).await
}

pub(super) async fn exchange(conn: &Conn, kind: &str, hash: Hash32, new: &Artefact, now: u64) -> Result<Redeemed> {
    use_up(conn, kind, hash, now, Some(new)).await
}

/// Uses it, and stores what comes of it.
async fn use_up(conn: &Conn, kind: &str, hash: Hash32, now: u64, new: Option<&Artefact>) -> Result<Redeemed> {
    let locked = conn.begin(vec![lock(kind, &hash)]).await?;
    let Some(artefact) = locked.first().and_then(|answer| answer.row()).map(from_row).transpose()? else {
        return Ok(Redeemed::Unknown);
    };
    if let Some(refused) = refusal(&artefact, now) {
        return Ok(refused);
    }
    let mut writes = vec![mark(&artefact, now, artefact.family.as_deref())];
    if let Some(new) = new {
        writes.push(insert(new)?);
    }
    conn.finish(writes).await?;
    Ok(Redeemed::Done)
}

pub(super) async fn answer(conn: &Conn, answer: &AnswerArtefact) -> Result<Redeemed> {
    let ((question, asked), (waiting, waits), by) = (&answer.question, &answer.waiting, answer.by.as_ref());
    let (user_id, sid) = (by.map(|by| &by.user_id), by.map(|by| &by.sid));
    let locks = vec![call!(LOCK_USER, user_id), call!(LOCK_SESSION, sid), lock(question, asked), lock(waiting, waits)];
    let answers = conn.begin(locks).await?;
    let [user, session, question, waiting] = answers.as_slice() else { return Err(super::short()) };
    let question = question.row().map(from_row).transpose()?;
    let (Some(question), Some(waiting)) = (question, waiting.row().map(from_row).transpose()?) else {
        return Ok(Redeemed::Unknown);
    };
    if let Some(refused) = refusal(&question, answer.now).or_else(|| refusal(&waiting, answer.now)) {
        return Ok(refused);
    }
    if question.client_id != waiting.client_id {
        return Err(StoreError::Invalid("a question is of the client whose artefact waits"));
    }
    if let Some(by) = by {
        match family::standing_of_user(user.row(), &by.revocation_handle)? {
            Standing::Good => {}
            Standing::Changed => return Ok(Redeemed::Changed),
            Standing::Gone => return Ok(Redeemed::Gone),
        }
        if !family::stands(session.row())? {
            return Ok(Redeemed::Gone);
        }
    }
    let sql = "UPDATE artefact SET user_id = $3, sid = $4, payload = $5 WHERE kind = $1 AND hash = $2";
    let answered = call!(sql, &waiting.kind, bytes(&waiting.hash), user_id, sid, json(&answer.payload)?);
    let mut writes = vec![mark(&question, answer.now, None), answered];
    writes.extend(outbox::puts(conn, &answer.tell, answer.now)?);
    conn.finish(writes).await?;
    Ok(Redeemed::Done)
}

pub(super) async fn usable_of(
    conn: &Conn,
    (kind, user_id): (&str, &str),
    limit: u32,
    now: u64,
) -> Result<Vec<Artefact>> {
    let sql = sql!(
        "SELECT {COLUMNS} FROM artefact c
        WHERE c.user_id = $1 AND c.kind = $2 AND c.redeemed_at IS NULL AND c.expires_at > $3
        ORDER BY c.created_at DESC, c.hash LIMIT $4"
    );
    let answer = conn.ask(sql, &[&user_id, &kind, &num(now), &i64::from(limit)]).await?;
    answer.rows.iter().map(from_row).collect()
}

pub(super) async fn of_kind(conn: &Conn, kind: &str, limit: u32, now: u64) -> Result<Vec<Artefact>> {
    let sql = sql!(
        "SELECT {COLUMNS} FROM artefact c WHERE c.kind = $1 AND c.redeemed_at IS NULL AND c.expires_at > $2
        ORDER BY c.created_at DESC, c.hash LIMIT $3"
    );
    let answer = conn.ask(sql, &[&kind, &num(now), &i64::from(limit)]).await?;
    answer.rows.iter().map(from_row).collect()
}

pub(super) async fn code_facts(conn: &Conn, kind: &str, hash: Hash32) -> Result<Option<CodeFacts>> {
    let sql = sql!(
        "SELECT {COLUMNS}, {}, {} FROM artefact c LEFT JOIN account a ON a.id = c.user_id
            LEFT JOIN session s ON s.sid = c.sid
        WHERE c.kind = $1 AND c.hash = $2",
        user::COLUMNS,
        session::COLUMNS
    );
    let answer = conn.ask(sql, &[&kind, &bytes(&hash)]).await?;
    let Some(row) = answer.row() else { return Ok(None) };
    Ok(Some(CodeFacts {
        code: from_row(row)?,
        user: user::from_outer_row(row, WIDTH)?,
        session: session::from_outer_row(row, WIDTH + user::WIDTH)?,
    }))
}

pub(super) async fn redeem_code(conn: &Conn, redeem: &RedeemCode) -> Result<Redeemed> {
    let family = &redeem.family;
    let session = "SELECT ended_at IS NULL FROM session
        WHERE sid = (SELECT sid FROM artefact WHERE kind = $1 AND hash = $2) FOR KEY SHARE";
    let locks = vec![
        call!(LOCK_USER, &family.user_id),
        call!(session, redeem.kind, bytes(&redeem.hash)),
        lock(redeem.kind, &redeem.hash),
    ];
    let answers = conn.begin(locks).await?;
    let [user, session, code] = answers.as_slice() else { return Err(super::short()) };
    let Some(code) = code.row().map(from_row).transpose()? else { return Ok(Redeemed::Unknown) };
    if let Some(refused) = refusal(&code, redeem.now) {
        return Ok(refused);
    }
    let Some(user_id) = &code.user_id else { return Ok(Redeemed::Gone) };
    if *user_id != family.user_id {
        return Err(StoreError::Invalid("the family's user is not the code's"));
    }
    match family::standing_of_user(user.row(), &redeem.access_token.revocation_handle)? {
        Standing::Good => {}
        Standing::Changed => return Ok(Redeemed::Changed),
        Standing::Gone => return Ok(Redeemed::Gone),
    }
    if code.sid.is_some() && !family::stands(session.row())? {
        return Ok(Redeemed::Gone);
    }
    let mut writes = vec![mark(&code, redeem.now, Some(&family.id))];
    writes.extend(family::births(family, redeem.refresh_token.as_ref(), &redeem.access_token)?);
    conn.finish(writes).await?;
    Ok(Redeemed::Done)
}

/// What [`lock`] found, while it can be used.
pub(super) fn usable(found: &Answer, now: u64) -> Result<Option<Artefact>> {
    let artefact = found.row().map(from_row).transpose()?;
    Ok(artefact.filter(|artefact| refusal(artefact, now).is_none()))
}

/// What [`lock`] found, or why it cannot be used.
pub(super) fn judge(found: &Answer, now: u64) -> Result<std::result::Result<Artefact, Redeemed>> {
    let Some(artefact) = found.row().map(from_row).transpose()? else { return Ok(Err(Redeemed::Unknown)) };
    Ok(match refusal(&artefact, now) {
        Some(refused) => Err(refused),
        None => Ok(artefact),
    })
}

fn refusal(artefact: &Artefact, now: u64) -> Option<Redeemed> {
    if artefact.redeemed_at.is_some() {
        return Some(Redeemed::AlreadyRedeemed);
    }
    (artefact.expires_at <= now).then_some(Redeemed::Expired)
}

/// Behind [`lock`], so it is not redeemed still.
pub(super) fn mark<'a>(artefact: &'a Artefact, now: u64, family: Option<&'a str>) -> Call<'a> {
    let sql = "UPDATE artefact SET redeemed_at = $3, family = $4 WHERE kind = $1 AND hash = $2";
    call!(sql, &artefact.kind, bytes(&artefact.hash), num(now), family)
}
