//! Accounts and their login identifiers.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::family::{self, Standing};
use super::signal::Signal;
use super::value::{Json, Num};
use super::{artefact, credential, ending, outbox};
use crate::error::{Conflict, StoreError};
use crate::port::Result;
use crate::record::{
    Artefact, Change, ChangeEmail, ChangePassword, DeleteAccount, Deleted, Hash32, ImportedUser, NewDelivery, NewUser,
    Redeemed, RolesSet, SignedOut, User, UserStatus, UserUpdate,
};

/// The columns of table `account` under the alias `a`, in the order of [`from_row`].
pub(super) const COLUMNS: &str = "a.id, a.username, a.email, a.email_verified, a.name, a.profile, a.password_hash, \
    a.status, a.roles, a.revocation_handle, a.created_at, a.updated_at, a.password_changed_at, a.revision";

/// The user whose columns begin at `at`.
pub(super) fn from_row(row: &Row<'_>, at: usize) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get(at)?,
        username: row.get(at + 1)?,
        email: row.get(at + 2)?,
        email_verified: row.get(at + 3)?,
        name: row.get(at + 4)?,
        profile: row.get::<_, Json<_>>(at + 5)?.0,
        password_hash: row.get(at + 6)?,
        status: row.get(at + 7)?,
        roles: row.get::<_, Json<_>>(at + 8)?.0,
        revocation_handle: row.get(at + 9)?,
        created_at: row.get::<_, Num>(at + 10)?.0,
        updated_at: row.get::<_, Num>(at + 11)?.0,
        password_changed_at: row.get::<_, Option<Num>>(at + 12)?.map(|time| time.0),
        revision: row.get::<_, Num>(at + 13)?.0,
    })
}

pub(super) fn by_id(conn: &Connection, id: &str) -> Result<Option<User>> {
    let mut select = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM account a WHERE a.id = ?1"))?;
    Ok(select.query_row([id], |row| from_row(row, 0)).optional()?)
}

pub(super) fn by_identifier(conn: &Connection, identifier: &str) -> Result<Option<User>> {
    let mut select = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM login_identifier l JOIN account a ON a.id = l.user_id WHERE l.identifier = ?1"
    ))?;
    Ok(select.query_row([identifier], |row| from_row(row, 0)).optional()?)
}

pub(super) fn create(conn: &Connection, new: &NewUser) -> Result<()> {
    let user = &new.user;
    if by_id(conn, &user.id)?.is_some() {
        return Err(Conflict::Exists.into());
    }
    let sql = "INSERT INTO account (id, username, email, email_verified, name, profile, password_hash, status, roles,
            revocation_handle, created_at, updated_at, password_changed_at, revision)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 1)";
    conn.prepare_cached(sql)?.execute(params![
        user.id,
        user.username,
        user.email,
        user.email_verified,
        user.name,
        Json(&user.profile),
        user.password_hash,
        user.status,
        Json(&user.roles),
        user.revocation_handle,
        Num(user.created_at),
        Num(user.updated_at),
        user.password_changed_at.map(Num),
    ])?;
    add_identifiers(conn, &user.id, &new.identifiers)
}

/// [`create`], unless somebody has the id or an identifier; decided before anything is written.
pub(super) fn import(conn: &Connection, new: &NewUser) -> Result<ImportedUser> {
    if !owners(conn, &new.identifiers)?.is_empty() {
        return Ok(ImportedUser::IdentifierTaken);
    }
    if conn.prepare_cached("SELECT 1 FROM account WHERE id = ?1")?.exists([&new.user.id])? {
        return Ok(ImportedUser::IdTaken);
    }
    create(conn, new)?;
    Ok(ImportedUser::Created)
}

pub(super) fn owners(conn: &Connection, identifiers: &[String]) -> Result<Vec<(String, String)>> {
    let mut select = conn.prepare_cached("SELECT user_id FROM login_identifier WHERE identifier = ?1")?;
    let mut owners = Vec::new();
    for identifier in identifiers {
        let owner: Option<String> = select.query_row([identifier], |row| row.get(0)).optional()?;
        owners.extend(owner.map(|owner| (identifier.clone(), owner)));
    }
    Ok(owners)
}

fn add_identifiers(conn: &Connection, user_id: &str, identifiers: &[String]) -> Result<()> {
    let sql = "INSERT INTO login_identifier (identifier, user_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    // The same key twice in one list (user name equals e-mail address) is one identifier.
    for identifier in identifiers.iter().collect::<BTreeSet<_>>() {
        if conn.prepare_cached(sql)?.execute([identifier.as_str(), user_id])? == 0 {
            return Err(Conflict::IdentifierTaken.into());
        }
    }
    Ok(())
}

pub(super) fn update(conn: &Connection, id: &str, update: UserUpdate) -> Result<User> {
    let mut user = existing(conn, id)?;
    if update.expect_revision.is_some_and(|expected| expected != user.revision) {
        return Err(Conflict::Revision.into());
    }
    if matches!(update.email, Change::Set(_)) {
        for kind in Artefact::OF_ADDRESS {
            artefact::forget(conn, kind, id, None)?;
        }
    }
    update.username.apply(&mut user.username);
    update.email.apply(&mut user.email);
    update.email_verified.apply(&mut user.email_verified);
    update.name.apply(&mut user.name);
    update.profile.apply(&mut user.profile);
    if let Change::Set(identifiers) = &update.identifiers {
        conn.prepare_cached("DELETE FROM login_identifier WHERE user_id = ?1")?.execute([id])?;
        add_identifiers(conn, id, identifiers)?;
    }
    write_back(conn, user, update.now)
}

pub(super) fn set_password(conn: &Connection, id: &str, hash: String, handle: String, now: u64) -> Result<SignedOut> {
    let user = existing(conn, id)?;
    give_password(conn, user, hash, handle, now)
}

fn give_password(conn: &Connection, mut user: User, hash: String, handle: String, now: u64) -> Result<SignedOut> {
    ending::void_artefacts_of_user(conn, &user.id)?;
    let signal = Signal::of(conn, &user.id, now)?;
    let signed_out = ending::end_all_of_user(&signal, &user, "password_changed")?;
    signal.credential_change(if user.password_hash.is_none() { "create" } else { "update" })?;
    user.password_hash = Some(hash);
    user.password_changed_at = Some(now);
    user.revocation_handle = handle;
    write_back(conn, user, now)?;
    Ok(signed_out)
}

pub(super) fn reset_password(
    conn: &Connection,
    link: Hash32,
    hash: String,
    handle: String,
    tell: &[NewDelivery],
    now: u64,
) -> Result<Option<SignedOut>> {
    let Some(link) = artefact::usable(conn, Artefact::PASSWORD_RESET, link, now)? else { return Ok(None) };
    artefact::mark(conn, &link, now, None)?;
    outbox::put_all(conn, tell, now)?;
    let mut user = existing(conn, link.user_id.as_deref().unwrap_or_default())?;
    if link.was_mailed_to(&user) && !user.email_verified {
        user.email_verified = credential::of_user(conn, &user.id)?.is_empty();
    }
    give_password(conn, user, hash, handle, now).map(Some)
}

pub(super) fn set_password_hash(conn: &Connection, id: &str, expect: &str, hash: &str) -> Result<bool> {
    let sql = "UPDATE account SET password_hash = ?3 WHERE id = ?1 AND password_hash = ?2";
    Ok(conn.prepare_cached(sql)?.execute([id, expect, hash])? == 1)
}

pub(super) fn set_status(
    conn: &Connection,
    id: &str,
    status: UserStatus,
    handle: String,
    now: u64,
) -> Result<SignedOut> {
    let mut user = existing(conn, id)?;
    if user.status == status {
        return Ok(SignedOut::default());
    }
    let mut signed_out = SignedOut::default();
    if status == UserStatus::Blocked {
        ending::void_artefacts_of_user(conn, id)?;
        let signal = Signal::of(conn, id, now)?;
        signed_out = ending::end_all_of_user(&signal, &user, "user_blocked")?;
        signal.account_disabled()?;
        user.revocation_handle = handle;
    }
    user.status = status;
    write_back(conn, user, now)?;
    Ok(signed_out)
}

pub(super) fn set_roles(
    conn: &Connection,
    id: &str,
    (add, remove): (Vec<String>, &[String]),
    handle: Option<String>,
    now: u64,
) -> Result<RolesSet> {
    let mut user = existing(conn, id)?;
    let before = user.roles.clone();
    user.roles.extend(add);
    user.roles.retain(|role| !remove.contains(role));
    if user.roles == before {
        return Ok(RolesSet { user, changed: false, tokens_until: None });
    }
    if before.iter().any(|role| !user.roles.contains(role)) {
        Signal::of(conn, id, now)?.roles_change(&serde_json::json!(user.roles))?;
    }
    let mut tokens_until = None;
    if let Some(handle) = handle {
        tokens_until = ending::revoke_handle(conn, &user, now)?;
        user.revocation_handle = handle;
    }
    Ok(RolesSet { user: write_back(conn, user, now)?, changed: true, tokens_until })
}

pub(super) fn sign_out(conn: &Connection, id: &str, handle: String, now: u64) -> Result<SignedOut> {
    let mut user = existing(conn, id)?;
    let signed_out = ending::end_all_of_user(&Signal::of(conn, id, now)?, &user, "signed_out")?;
    user.revocation_handle = handle;
    write_back(conn, user, now)?;
    Ok(signed_out)
}

pub(super) fn change_password(conn: &Connection, change: ChangePassword) -> Result<Option<SignedOut>> {
    let ChangePassword { user_id, revocation_handle, hash, new_handle, tell, now } = change;
    if !matches!(family::standing_of_user(conn, &user_id, &revocation_handle)?, Standing::Good) {
        return Ok(None);
    }
    outbox::put_all(conn, &tell, now)?;
    set_password(conn, &user_id, hash, new_handle, now).map(Some)
}

pub(super) fn change_email(conn: &Connection, change: ChangeEmail) -> Result<Redeemed> {
    let ChangeEmail { kind, hash, expect_revision, email, email_verified, identifiers, .. } = change;
    let ChangeEmail { new_handle, locked, void_since, undo, tell, now, .. } = change;
    let Some(link) = artefact::find(conn, kind, hash)? else { return Ok(Redeemed::Unknown) };
    if let Some(refused) = artefact::refusal(&link, now) {
        return Ok(refused);
    }
    let user = link.user_id.as_deref().map(|id| by_id(conn, id)).transpose()?.flatten();
    let Some(mut user) = user.filter(|user| user.status == UserStatus::Active) else { return Ok(Redeemed::Gone) };
    if user.revision != expect_revision {
        return Ok(Redeemed::Changed);
    }
    artefact::mark(conn, &link, now, None)?;
    // A link for a new password, or a code, that waits in the mailbox before it is that mailbox's.
    for kind in [Artefact::EMAIL_CODE, Artefact::PASSWORD_RESET] {
        artefact::forget(conn, kind, &user.id, None)?;
    }
    conn.prepare_cached("DELETE FROM login_identifier WHERE user_id = ?1")?.execute([&user.id])?;
    add_identifiers(conn, &user.id, &identifiers)?;
    if let Some(handle) = new_handle {
        ending::void_artefacts_of_user(conn, &user.id)?;
        let signal = Signal::of(conn, &user.id, now)?;
        ending::end_all_of_user(&signal, &user, if kind == Artefact::NOT_ME { "not_me" } else { "email_taken_back" })?;
        if locked.is_some() {
            signal.credential_change("update")?;
            (user.password_hash, user.password_changed_at) = (locked, Some(now));
        }
        user.revocation_handle = handle;
    }
    if let Some(since) = void_since {
        // Nor can it be given back to whoever had the address afterwards.
        let sql = "DELETE FROM artefact
            WHERE user_id = ?1 AND kind IN (?2, ?3) AND created_at >= ?4 AND redeemed_at IS NULL";
        let kinds = (Artefact::EMAIL_UNDO, Artefact::NOT_ME);
        conn.prepare_cached(sql)?.execute(params![user.id, kinds.0, kinds.1, Num(since)])?;
    }
    if let Some(undo) = undo {
        artefact::put(conn, &undo)?;
    }
    outbox::put_all(conn, &tell, now)?;
    (user.email, user.email_verified) = (email, email_verified);
    write_back(conn, user, now)?;
    Ok(Redeemed::Done)
}

pub(super) fn delete_account(conn: &Connection, delete_it: &DeleteAccount) -> Result<Deleted> {
    let DeleteAccount { user_id, revocation_handle, unless_last_with, tell, now } = delete_it;
    if by_id(conn, user_id)?.is_none_or(|user| user.revocation_handle != *revocation_handle) {
        return Ok(Deleted::Changed);
    }
    if let Some(role) = unless_last_with
        && !has_another(conn, role, user_id)?
    {
        return Ok(Deleted::Last);
    }
    outbox::put_all(conn, tell, *now)?;
    delete(conn, user_id, *now).map(Deleted::Done)
}

/// Whether somebody else who is not blocked has this role.
fn has_another(conn: &Connection, role: &str, user_id: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM account, json_each(account.roles)
        WHERE account.status = 'active' AND account.id <> ?1 AND json_each.value = ?2 LIMIT 1";
    Ok(conn.prepare_cached(sql)?.exists(params![user_id, role])?)
}

pub(super) fn delete(conn: &Connection, id: &str, now: u64) -> Result<SignedOut> {
    let user = existing(conn, id)?;
    let signal = Signal::of(conn, id, now)?;
    let signed_out = ending::end_all_of_user(&signal, &user, "user_deleted")?;
    signal.account_purged()?;
    for sql in [
        "DELETE FROM refresh_token WHERE family IN (SELECT id FROM family WHERE user_id = ?1)",
        "DELETE FROM access_token WHERE family IN (SELECT id FROM family WHERE user_id = ?1)",
        "DELETE FROM family WHERE user_id = ?1",
        "DELETE FROM session_client WHERE sid IN (SELECT sid FROM session WHERE user_id = ?1)",
        "DELETE FROM session WHERE user_id = ?1",
        "DELETE FROM artefact WHERE user_id = ?1",
        "DELETE FROM consent WHERE user_id = ?1",
        "DELETE FROM credential WHERE user_id = ?1",
        "DELETE FROM login_identifier WHERE user_id = ?1",
        "DELETE FROM account WHERE id = ?1",
    ] {
        conn.prepare_cached(sql)?.execute([id])?;
    }
    Ok(signed_out)
}

fn existing(conn: &Connection, id: &str) -> Result<User> {
    by_id(conn, id)?.ok_or(StoreError::NotFound("user"))
}

pub(super) fn write_back(conn: &Connection, mut user: User, now: u64) -> Result<User> {
    user.updated_at = now;
    user.revision += 1;
    let sql = "UPDATE account SET username = ?2, email = ?3, email_verified = ?4, name = ?5, profile = ?6,
            password_hash = ?7, status = ?8, roles = ?9, revocation_handle = ?10, updated_at = ?11,
            password_changed_at = ?12, revision = ?13
        WHERE id = ?1";
    conn.prepare_cached(sql)?.execute(params![
        user.id,
        user.username,
        user.email,
        user.email_verified,
        user.name,
        Json(&user.profile),
        user.password_hash,
        user.status,
        Json(&user.roles),
        user.revocation_handle,
        Num(user.updated_at),
        user.password_changed_at.map(Num),
        Num(user.revision),
    ])?;
    Ok(user)
}
