//! Passkeys, authenticator apps, recovery codes.

use tokio_postgres::Row;

use super::conn::{Call, Conn, call, sql};
use super::family::{self, Standing};
use super::signal::Signal;
use super::value::{Columns, json, num, opt_num};
use super::{artefact, ending, outbox, user};
use crate::error::Conflict;
use crate::port::Result;
use crate::record::{
    Artefact, Credential, Ended, Issued, NewCredentials, RemoveCredential, SignedOut, UseCredential, User,
};

const WIDTH: usize = 9;

fn from_row(row: &Row) -> Result<Credential> {
    Ok(Credential {
        id: row.at(0)?,
        user_id: row.at(1)?,
        kind: row.at(2)?,
        key: row.at(3)?,
        name: row.at(4)?,
        payload: row.json(5)?,
        counter: row.num(6)?,
        created_at: row.num(7)?,
        last_used_at: row.opt_num(8)?,
    })
}

pub(super) async fn of_user(conn: &Conn, user_id: &str) -> Result<Vec<Credential>> {
    let sql = "SELECT id, user_id, kind, key, name, payload, counter, created_at, last_used_at FROM credential
        WHERE user_id = $1 ORDER BY created_at, id COLLATE \"C\"";
    conn.ask(sql, &[&user_id]).await?.rows.iter().map(from_row).collect()
}

pub(super) async fn by_key(conn: &Conn, kind: &str, key: &[u8]) -> Result<Option<(Credential, User)>> {
    let sql = sql!(
        "SELECT c.id, c.user_id, c.kind, c.key, c.name, c.payload, c.counter, c.created_at, c.last_used_at, {}
        FROM credential c JOIN account a ON a.id = c.user_id WHERE c.kind = $1 AND c.key = $2",
        user::COLUMNS
    );
    let answer = conn.ask(sql, &[&kind, &key]).await?;
    answer.row().map(|row| Ok((from_row(row)?, user::from_row(row, WIDTH)?))).transpose()
}

pub(super) async fn add(conn: &Conn, new: &NewCredentials) -> Result<Issued> {
    // Of two at once the second sees what the first has set up.
    let lock = "SELECT status, revocation_handle FROM account WHERE id = $1 FOR UPDATE";
    let answers = conn.begin(vec![call!(lock, &new.user_id)]).await?;
    let standing = answers.first().and_then(|answer| answer.row());
    match family::standing_of_user(standing, &new.revocation_handle)? {
        Standing::Good => {}
        Standing::Changed => return Ok(Issued::Changed),
        Standing::Gone => return Ok(Issued::Gone),
    }
    if let Some(expected) = &new.expect {
        let has = of_user(conn, &new.user_id).await?;
        if !has.iter().filter(|one| one.kind != Credential::RECOVERY_CODE).map(|one| &one.id).eq(expected) {
            return Ok(Issued::Changed);
        }
    }
    for kind in &new.replaces {
        conn.ask("DELETE FROM credential WHERE user_id = $1 AND kind = $2", &[&new.user_id, &kind]).await?;
    }
    let signal = Signal::of(conn, &new.user_id, new.now).await?;
    for credential in &new.credentials {
        let inserted = conn.fly(vec![insert(credential)?]).await?;
        if inserted.first().is_none_or(|answer| answer.changed == 0) {
            return Err(Conflict::Exists.into());
        }
        if let Some(told_as) = credential.told_as() {
            signal.factor_change(told_as, "create").await?;
        }
    }
    if let Some(keep_sid) = &new.keep_sid {
        end_elsewhere(conn, &new.user_id, keep_sid, "factor_replaced", new.now).await?;
    }
    outbox::put_all(conn, &new.tell, new.now).await?;
    Ok(Issued::Done)
}

fn insert(credential: &Credential) -> Result<Call<'_>> {
    let Credential { id, user_id, kind, key, name, payload, counter, created_at, last_used_at } = credential;
    let sql = "INSERT INTO credential (id, user_id, kind, key, name, payload, counter, created_at, last_used_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
    let (counter, created_at, used) = (num(*counter), num(*created_at), opt_num(*last_used_at));
    Ok(call!(sql, id, user_id, kind, key, name, json(payload)?, counter, created_at, used))
}

pub(super) async fn r#use(conn: &Conn, used: &UseCredential) -> Result<bool> {
    let sql = "UPDATE credential SET counter = $3, last_used_at = $4, payload = coalesce($5, payload)
        WHERE id = $1 AND counter = $2";
    let payload = used.payload.as_ref().map(json).transpose()?;
    let (expect, counter, now) = (num(used.expect), num(used.counter), num(used.now));
    Ok(conn.ask(sql, &[&used.id, &expect, &counter, &now, &payload]).await?.changed == 1)
}

pub(super) async fn rename(conn: &Conn, user_id: &str, id: &str, name: &str) -> Result<bool> {
    let sql = "UPDATE credential SET name = $3 WHERE user_id = $1 AND id = $2";
    Ok(conn.ask(sql, &[&user_id, &id, &name]).await?.changed == 1)
}

pub(super) async fn remove(conn: &Conn, remove: &RemoveCredential) -> Result<Option<Ended>> {
    let RemoveCredential { user_id, id, keep_sid, tell, now } = remove;
    // Nothing may be issued to this user meanwhile.
    let lock = "SELECT 1 FROM account WHERE id = $1 FOR UPDATE";
    let gone = "DELETE FROM credential WHERE user_id = $1 AND id = $2
        RETURNING id, user_id, kind, key, name, payload, counter, created_at, last_used_at";
    let answers = conn.begin(vec![call!(lock, user_id), call!(gone, user_id, id)]).await?;
    let [_, gone] = answers.as_slice() else { return Err(super::short()) };
    let Some(credential) = gone.row().map(from_row).transpose()? else { return Ok(None) };
    // Codes for a factor that nobody has any more would be one.
    let codes = "DELETE FROM credential WHERE user_id = $1 AND kind = $2
        AND NOT EXISTS (SELECT 1 FROM credential WHERE user_id = $1 AND kind <> $2)";
    conn.fly(vec![call!(codes, user_id, Credential::RECOVERY_CODE)]).await?;
    if let Some(told_as) = credential.told_as() {
        Signal::of(conn, user_id, *now).await?.factor_change(told_as, "delete").await?;
    }
    let ended = end_elsewhere(conn, user_id, keep_sid, "factor_removed", *now).await?;
    outbox::put_all(conn, tell, *now).await?;
    Ok(Some(ended))
}

/// Ends what the user, whose row is locked, has in other sessions and outside of any, and forgets their browsers.
pub(super) async fn end_elsewhere(conn: &Conn, user_id: &str, keep_sid: &str, why: &str, now: u64) -> Result<Ended> {
    artefact::forget(conn, Artefact::REMEMBERED_BROWSER, user_id, None).await?;
    let sessions = "SELECT sid FROM session WHERE user_id = $1 AND sid <> $2 AND ended_at IS NULL
        ORDER BY sid COLLATE \"C\" FOR UPDATE";
    let families = "SELECT id FROM family WHERE user_id = $1 AND sid IS DISTINCT FROM $2 AND ended_at IS NULL
        ORDER BY id FOR UPDATE";
    let mut ended = Ended::default();
    for row in &conn.ask(sessions, &[&user_id, &keep_sid]).await?.rows {
        ended = ended.and(ending::end_locked_session(conn, row.at(0)?, why, now).await?);
    }
    for row in &conn.ask(families, &[&user_id, &keep_sid]).await?.rows {
        ended = ended.and(ending::end_family(conn, row.at(0)?, why, now).await?);
    }
    Ok(ended)
}

pub(super) async fn reset(conn: &Conn, user_id: &str, handle: &str, now: u64) -> Result<SignedOut> {
    let mut user = user::lock(conn, user_id).await?;
    let signal = Signal::of(conn, user_id, now).await?;
    ending::void_artefacts_of_user(conn, user_id).await?;
    let signed_out = ending::end_all_of_user(&signal, &user, "factors_reset").await?;
    for told_as in of_user(conn, user_id).await?.iter().filter_map(Credential::told_as) {
        signal.factor_change(told_as, "revoke").await?;
    }
    conn.ask("DELETE FROM credential WHERE user_id = $1", &[&user_id]).await?;
    handle.clone_into(&mut user.revocation_handle);
    user::write_back(conn, user, now).await?;
    Ok(signed_out)
}
