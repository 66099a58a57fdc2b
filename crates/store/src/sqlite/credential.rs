//! Passkeys, authenticator apps, recovery codes.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::family::{self, Standing};
use super::signal::Signal;
use super::value::{Json, Num};
use super::{artefact, ending, outbox, user};
use crate::error::{Conflict, StoreError};
use crate::port::Result;
use crate::record::{
    Artefact, Credential, Ended, Issued, NewCredentials, RemoveCredential, SignedOut, UseCredential, User,
};

/// The columns of table `credential` under the alias `c`, in the order of [`from_row`].
const COLUMNS: &str = "c.id, c.user_id, c.kind, c.key, c.name, c.payload, c.counter, c.created_at, c.last_used_at";
const WIDTH: usize = 9;

fn from_row(row: &Row<'_>) -> rusqlite::Result<Credential> {
    Ok(Credential {
        id: row.get(0)?,
        user_id: row.get(1)?,
        kind: row.get(2)?,
        key: row.get(3)?,
        name: row.get(4)?,
        payload: row.get::<_, Json<_>>(5)?.0,
        counter: row.get::<_, Num>(6)?.0,
        created_at: row.get::<_, Num>(7)?.0,
        last_used_at: row.get::<_, Option<Num>>(8)?.map(|time| time.0),
    })
}

pub(super) fn of_user(conn: &Connection, user_id: &str) -> Result<Vec<Credential>> {
    let sql = format!("SELECT {COLUMNS} FROM credential c WHERE c.user_id = ?1 ORDER BY c.created_at, c.id");
    let mut select = conn.prepare_cached(&sql)?;
    let found = select.query_map([user_id], from_row)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn by_key(conn: &Connection, kind: &str, key: &[u8]) -> Result<Option<(Credential, User)>> {
    let mut select = conn.prepare_cached(&format!(
        "SELECT {COLUMNS}, {} FROM credential c JOIN account a ON a.id = c.user_id WHERE c.kind = ?1 AND c.key = ?2",
        user::COLUMNS
    ))?;
    Ok(select.query_row(params![kind, key], |row| Ok((from_row(row)?, user::from_row(row, WIDTH)?))).optional()?)
}

pub(super) fn add(conn: &Connection, new: &NewCredentials) -> Result<Issued> {
    match family::standing_of_user(conn, &new.user_id, &new.revocation_handle)? {
        Standing::Good => {}
        Standing::Changed => return Ok(Issued::Changed),
        Standing::Gone => return Ok(Issued::Gone),
    }
    if let Some(expected) = &new.expect {
        let has = of_user(conn, &new.user_id)?;
        if !has.iter().filter(|one| one.kind != Credential::RECOVERY_CODE).map(|one| &one.id).eq(expected) {
            return Ok(Issued::Changed);
        }
    }
    for kind in &new.replaces {
        let sql = "DELETE FROM credential WHERE user_id = ?1 AND kind = ?2";
        conn.prepare_cached(sql)?.execute([&*new.user_id, *kind])?;
    }
    let signal = Signal::of(conn, &new.user_id, new.now)?;
    for credential in &new.credentials {
        insert(conn, credential)?;
        if let Some(told_as) = credential.told_as() {
            signal.factor_change(told_as, "create")?;
        }
    }
    if let Some(keep_sid) = &new.keep_sid {
        end_elsewhere(conn, &new.user_id, keep_sid, "factor_replaced", new.now)?;
    }
    outbox::put_all(conn, &new.tell, new.now)?;
    Ok(Issued::Done)
}

fn insert(conn: &Connection, credential: &Credential) -> Result<()> {
    let Credential { id, user_id, kind, key, name, payload, counter, created_at, last_used_at } = credential;
    let sql = "INSERT INTO credential (id, user_id, kind, key, name, payload, counter, created_at, last_used_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING";
    let (counter, created_at, used) = (Num(*counter), Num(*created_at), last_used_at.map(Num));
    let values = params![id, user_id, kind, key, name, Json(payload), counter, created_at, used];
    if conn.prepare_cached(sql)?.execute(values)? == 0 {
        return Err(Conflict::Exists.into());
    }
    Ok(())
}

pub(super) fn r#use(conn: &Connection, used: &UseCredential) -> Result<bool> {
    let sql = "UPDATE credential SET counter = ?3, last_used_at = ?4, payload = coalesce(?5, payload)
        WHERE id = ?1 AND counter = ?2";
    let payload = used.payload.as_ref().map(Json);
    let values = params![used.id, Num(used.expect), Num(used.counter), Num(used.now), payload];
    Ok(conn.prepare_cached(sql)?.execute(values)? == 1)
}

pub(super) fn rename(conn: &Connection, user_id: &str, id: &str, name: &str) -> Result<bool> {
    let sql = "UPDATE credential SET name = ?3 WHERE user_id = ?1 AND id = ?2";
    Ok(conn.prepare_cached(sql)?.execute([user_id, id, name])? == 1)
}

pub(super) fn remove(conn: &Connection, remove: &RemoveCredential) -> Result<Option<Ended>> {
    let RemoveCredential { user_id, id, keep_sid, tell, now } = remove;
    let sql = format!("SELECT {COLUMNS} FROM credential c WHERE c.user_id = ?1 AND c.id = ?2");
    let found = conn.prepare_cached(&sql)?.query_row([user_id, id], from_row).optional()?;
    let Some(credential) = found else { return Ok(None) };
    conn.prepare_cached("DELETE FROM credential WHERE id = ?1")?.execute([id])?;
    // Codes for a factor that nobody has any more would be one.
    let sql = "DELETE FROM credential WHERE user_id = ?1 AND kind = ?2
        AND NOT EXISTS (SELECT 1 FROM credential WHERE user_id = ?1 AND kind <> ?2)";
    conn.prepare_cached(sql)?.execute([user_id, Credential::RECOVERY_CODE])?;
    if let Some(told_as) = credential.told_as() {
        Signal::of(conn, user_id, *now)?.factor_change(told_as, "delete")?;
    }
    outbox::put_all(conn, tell, *now)?;
    end_elsewhere(conn, user_id, keep_sid, "factor_removed", *now).map(Some)
}

/// Ends what the user has in other sessions and outside of any, and forgets their browsers.
pub(super) fn end_elsewhere(conn: &Connection, user_id: &str, keep_sid: &str, why: &str, now: u64) -> Result<Ended> {
    artefact::forget(conn, Artefact::REMEMBERED_BROWSER, user_id, None)?;
    let ids = |sql: &str| -> Result<Vec<String>> {
        let mut select = conn.prepare_cached(sql)?;
        let ids = select.query_map([user_id, keep_sid], |row| row.get(0))?;
        Ok(ids.collect::<rusqlite::Result<_>>()?)
    };
    let mut ended = Ended::default();
    for sid in ids("SELECT sid FROM session WHERE user_id = ?1 AND sid <> ?2 AND ended_at IS NULL ORDER BY sid")? {
        ended = ended.and(ending::end_session(conn, &sid, why, now)?);
    }
    let sql = "SELECT id FROM family WHERE user_id = ?1 AND sid IS NOT ?2 AND ended_at IS NULL ORDER BY id";
    for family in ids(sql)? {
        ended = ended.and(ending::end_family(conn, &family, why, now)?);
    }
    Ok(ended)
}

pub(super) fn reset(conn: &Connection, user_id: &str, handle: String, now: u64) -> Result<SignedOut> {
    let mut user = user::by_id(conn, user_id)?.ok_or(StoreError::NotFound("user"))?;
    let signal = Signal::of(conn, user_id, now)?;
    ending::void_artefacts_of_user(conn, user_id)?;
    let signed_out = ending::end_all_of_user(&signal, &user, "factors_reset")?;
    for told_as in of_user(conn, user_id)?.iter().filter_map(Credential::told_as) {
        signal.factor_change(told_as, "revoke")?;
    }
    conn.prepare_cached("DELETE FROM credential WHERE user_id = ?1")?.execute([user_id])?;
    user.revocation_handle = handle;
    user::write_back(conn, user, now)?;
    Ok(signed_out)
}
