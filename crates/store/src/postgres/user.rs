//! Accounts and their login identifiers.

use std::collections::BTreeSet;

use tokio_postgres::Row;

use super::conn::{Call, Conn, call, sql};
use super::signal::Signal;
use super::value::{Columns, Word, bytes, json, num, opt_num};
use super::{artefact, credential, ending, log, outbox};
use crate::error::{Conflict, StoreError};
use crate::port::Result;
use crate::record::{
    Artefact, Change, ChangeEmail, ChangePassword, DeleteAccount, Deleted, Hash32, ImportUsers, ImportedUser,
    NewDelivery, NewUser, Redeemed, RolesSet, SignedOut, User, UserStatus, UserUpdate,
};

/// The columns of table `account` under the alias `a`, in the order of [`from_row`].
pub(super) const COLUMNS: &str = "a.id, a.username, a.email, a.email_verified, a.name, a.profile, a.password_hash, \
    a.status, a.roles, a.revocation_handle, a.created_at, a.updated_at, a.password_changed_at, a.revision";
/// How many they are.
pub(super) const WIDTH: usize = 14;

/// The user whose columns begin at `at`.
pub(super) fn from_row(row: &Row, at: usize) -> Result<User> {
    Ok(User {
        id: row.at(at)?,
        username: row.at(at + 1)?,
        email: row.at(at + 2)?,
        email_verified: row.at(at + 3)?,
        name: row.at(at + 4)?,
        profile: row.json(at + 5)?,
        password_hash: row.at(at + 6)?,
        status: row.word(at + 7)?,
        roles: row.json(at + 8)?,
        revocation_handle: row.at(at + 9)?,
        created_at: row.num(at + 10)?,
        updated_at: row.num(at + 11)?,
        password_changed_at: row.opt_num(at + 12)?,
        revision: row.num(at + 13)?,
    })
}

/// The user of a row in which there may be none.
pub(super) fn from_outer_row(row: &Row, at: usize) -> Result<Option<User>> {
    row.at::<Option<&str>>(at)?.map(|_| from_row(row, at)).transpose()
}

pub(super) async fn by_id(conn: &Conn, id: &str) -> Result<Option<User>> {
    let sql = sql!("SELECT {COLUMNS} FROM account a WHERE a.id = $1");
    conn.ask(sql, &[&id]).await?.row().map(|row| from_row(row, 0)).transpose()
}

pub(super) async fn by_identifier(conn: &Conn, identifier: &str) -> Result<Option<User>> {
    let sql =
        sql!("SELECT {COLUMNS} FROM login_identifier l JOIN account a ON a.id = l.user_id WHERE l.identifier = $1");
    conn.ask(sql, &[&identifier]).await?.row().map(|row| from_row(row, 0)).transpose()
}

pub(super) async fn create(conn: &Conn, new: &NewUser) -> Result<()> {
    conn.begin(vec![insert(&new.user)?]).await?;
    add_identifiers(conn, &new.user.id, &new.identifiers).await
}

/// [`create`], in the open transaction.
pub(super) async fn create_within(conn: &Conn, new: &NewUser) -> Result<()> {
    conn.fly(vec![insert(&new.user)?]).await?;
    add_identifiers(conn, &new.user.id, &new.identifiers).await
}

/// Creates those of whom nobody has anything yet.
pub(super) async fn import(conn: &Conn, import: &ImportUsers) -> Result<Vec<ImportedUser>> {
    let users = &import.users;
    let identifiers: Vec<&String> = users.iter().flat_map(|new| &new.identifiers).collect();
    let ids: Vec<&String> = users.iter().map(|new| &new.user.id).collect();
    let owners = "SELECT identifier FROM login_identifier WHERE identifier = ANY($1::TEXT[])";
    let known = conn
        .begin(vec![call!(owners, identifiers), call!("SELECT id FROM account WHERE id = ANY($1::TEXT[])", ids)])
        .await?;
    let mut taken: [BTreeSet<String>; 2] = Default::default();
    for (taken, answer) in taken.iter_mut().zip(&known) {
        for row in &answer.rows {
            taken.insert(row.at(0)?);
        }
    }
    let [mut identifiers, mut ids] = taken;
    let (mut answers, mut made, mut keys) = (Vec::with_capacity(users.len()), Vec::new(), Vec::new());
    for new in users {
        let own: BTreeSet<&String> = new.identifiers.iter().collect();
        let answer = if own.iter().any(|key| identifiers.contains(*key)) {
            ImportedUser::IdentifierTaken
        } else if ids.contains(&new.user.id) {
            ImportedUser::IdTaken
        } else {
            ImportedUser::Created
        };
        answers.push(answer);
        if answer == ImportedUser::Created {
            ids.insert(new.user.id.clone());
            identifiers.extend(own.iter().map(|key| (*key).clone()));
            keys.extend(own.into_iter().map(|key| (key, &new.user.id)));
            made.push(&new.user);
        }
    }
    // In order, so that two who want the same ones do not wait for each other.
    keys.sort_unstable();
    let wanted = keys.len() as u64;
    let (keys, owners): (Vec<&String>, Vec<&String>) = keys.into_iter().unzip();
    let events = import.events(&answers);
    let accounts = made.into_iter().map(insert);
    let mut inserts = accounts.chain(events.iter().map(log::append)).collect::<Result<Vec<_>>>()?;
    inserts.push(call!(
        "INSERT INTO login_identifier (identifier, user_id) SELECT * FROM unnest($1::TEXT[], $2::TEXT[]) ON CONFLICT DO NOTHING",
        keys,
        owners,
    ));
    let added = conn.fly(inserts).await?.last().map_or(0, |answer| answer.changed);
    if added == wanted { Ok(answers) } else { Err(Conflict::IdentifierTaken.into()) }
}

pub(super) async fn owners(conn: &Conn, identifiers: &[String]) -> Result<Vec<(String, String)>> {
    let sql = "SELECT identifier, user_id FROM login_identifier WHERE identifier = ANY($1::TEXT[])";
    let answer = conn.ask(sql, &[&identifiers]).await?;
    answer.rows.iter().map(|row| Ok((row.at(0)?, row.at(1)?))).collect()
}

fn insert(user: &User) -> Result<Call<'_>> {
    let sql = "INSERT INTO account (id, username, email, email_verified, name, profile, password_hash, status, roles,
            revocation_handle, created_at, updated_at, password_changed_at, revision)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1)";
    Ok(call!(
        sql,
        &user.id,
        &user.username,
        &user.email,
        &user.email_verified,
        &user.name,
        json(&user.profile)?,
        &user.password_hash,
        user.status.word(),
        json(&user.roles)?,
        &user.revocation_handle,
        num(user.created_at),
        num(user.updated_at),
        opt_num(user.password_changed_at),
    ))
}

async fn add_identifiers(conn: &Conn, user_id: &str, identifiers: &[String]) -> Result<()> {
    // The same key twice in one list (user name equals e-mail address) is one identifier. In order, so that two who want the same ones do not
    // wait for each other.
    let identifiers: Vec<&String> = identifiers.iter().collect::<BTreeSet<_>>().into_iter().collect();
    let sql = "INSERT INTO login_identifier (identifier, user_id) SELECT unnest($1::TEXT[]), $2 ON CONFLICT DO NOTHING";
    let added = conn.ask(sql, &[&identifiers, &user_id]).await?.changed;
    if added == identifiers.len() as u64 { Ok(()) } else { Err(Conflict::IdentifierTaken.into()) }
}

pub(super) async fn update(conn: &Conn, id: &str, update: &UserUpdate) -> Result<User> {
    let mut user = lock(conn, id).await?;
    if update.expect_revision.is_some_and(|expected| expected != user.revision) {
        return Err(Conflict::Revision.into());
    }
    if matches!(update.email, Change::Set(_)) {
        for kind in Artefact::OF_ADDRESS {
            artefact::forget(conn, kind, id, None).await?;
        }
    }
    let update = update.clone();
    update.username.apply(&mut user.username);
    update.email.apply(&mut user.email);
    update.email_verified.apply(&mut user.email_verified);
    update.name.apply(&mut user.name);
    update.profile.apply(&mut user.profile);
    if let Change::Set(identifiers) = &update.identifiers {
        conn.ask("DELETE FROM login_identifier WHERE user_id = $1", &[&id]).await?;
        add_identifiers(conn, id, identifiers).await?;
    }
    write_back(conn, user, update.now).await
}

pub(super) async fn set_password(conn: &Conn, id: &str, hash: &str, handle: &str, now: u64) -> Result<SignedOut> {
    let user = lock(conn, id).await?;
    change_password(conn, user, hash, handle, now).await
}

pub(super) async fn reset_password(
    conn: &Conn,
    link: Hash32,
    hash: &str,
    handle: &str,
    tell: &[NewDelivery],
    now: u64,
) -> Result<Option<SignedOut>> {
    // The account first, as everywhere; whoever waited for it sees what became of the link meanwhile.
    let account = sql!(
        "SELECT {COLUMNS} FROM account a WHERE a.id = (SELECT user_id FROM artefact WHERE kind = $1 AND hash = $2) FOR UPDATE"
    );
    let account = call!(account, Artefact::PASSWORD_RESET, bytes(&link));
    let found = conn.begin(vec![account, artefact::lock(Artefact::PASSWORD_RESET, &link)]).await?;
    let [account, found] = found.as_slice() else { return Err(super::short()) };
    let Some(link) = artefact::usable(found, now)? else { return Ok(None) };
    let mut user = account.row().map(|row| from_row(row, 0)).transpose()?.ok_or(StoreError::NotFound("user"))?;
    if link.was_mailed_to(&user) && !user.email_verified {
        user.email_verified = credential::of_user(conn, &user.id).await?.is_empty();
    }
    conn.fly(vec![artefact::mark(&link, now, None)]).await?;
    let signed_out = change_password(conn, user, hash, handle, now).await?;
    outbox::put_all(conn, tell, now).await?;
    Ok(Some(signed_out))
}

/// Of a user whose row is locked.
async fn change_password(conn: &Conn, mut user: User, hash: &str, handle: &str, now: u64) -> Result<SignedOut> {
    let id = user.id.clone();
    ending::void_artefacts_of_user(conn, &id).await?;
    let signal = Signal::of(conn, &id, now).await?;
    let signed_out = ending::end_all_of_user(&signal, &user, "password_changed").await?;
    signal.credential_change(if user.password_hash.is_none() { "create" } else { "update" }).await?;
    user.password_hash = Some(hash.to_owned());
    user.password_changed_at = Some(now);
    handle.clone_into(&mut user.revocation_handle);
    write_back(conn, user, now).await?;
    Ok(signed_out)
}

pub(super) async fn set_password_hash(conn: &Conn, id: &str, expect: &str, hash: &str) -> Result<bool> {
    let sql = "UPDATE account SET password_hash = $3 WHERE id = $1 AND password_hash = $2";
    Ok(conn.ask(sql, &[&id, &expect, &hash]).await?.changed == 1)
}

pub(super) async fn set_status(conn: &Conn, id: &str, status: UserStatus, handle: &str, now: u64) -> Result<SignedOut> {
    let mut user = lock(conn, id).await?;
    if user.status == status {
        return Ok(SignedOut::default());
    }
    let mut signed_out = SignedOut::default();
    if status == UserStatus::Blocked {
        ending::void_artefacts_of_user(conn, id).await?;
        let signal = Signal::of(conn, id, now).await?;
        signed_out = ending::end_all_of_user(&signal, &user, "user_blocked").await?;
        signal.account_disabled().await?;
        handle.clone_into(&mut user.revocation_handle);
    }
    user.status = status;
    write_back(conn, user, now).await?;
    Ok(signed_out)
}

pub(super) async fn set_roles(
    conn: &Conn,
    id: &str,
    (add, remove): (&[String], &[String]),
    handle: Option<&str>,
    now: u64,
) -> Result<RolesSet> {
    let mut user = lock(conn, id).await?;
    let before = user.roles.clone();
    user.roles.extend(add.iter().cloned());
    user.roles.retain(|role| !remove.contains(role));
    if user.roles == before {
        return Ok(RolesSet { user, changed: false, tokens_until: None });
    }
    if before.iter().any(|role| !user.roles.contains(role)) {
        Signal::of(conn, id, now).await?.roles_change(&serde_json::json!(user.roles)).await?;
    }
    let mut tokens_until = None;
    if let Some(handle) = handle {
        tokens_until = ending::revoke_handle(conn, &user, now).await?;
        handle.clone_into(&mut user.revocation_handle);
    }
    Ok(RolesSet { user: write_back(conn, user, now).await?, changed: true, tokens_until })
}

pub(super) async fn sign_out(conn: &Conn, id: &str, handle: &str, now: u64) -> Result<SignedOut> {
    let mut user = lock(conn, id).await?;
    let signed_out = ending::end_all_of_user(&Signal::of(conn, id, now).await?, &user, "signed_out").await?;
    handle.clone_into(&mut user.revocation_handle);
    write_back(conn, user, now).await?;
    Ok(signed_out)
}

pub(super) async fn change_password_of(conn: &Conn, change: &ChangePassword) -> Result<Option<SignedOut>> {
    let ChangePassword { user_id, revocation_handle, hash, new_handle, tell, now } = change;
    let Some(user) = lock_as_read(conn, user_id, revocation_handle).await? else { return Ok(None) };
    if user.status != UserStatus::Active {
        return Ok(None);
    }
    outbox::put_all(conn, tell, *now).await?;
    change_password(conn, user, hash, new_handle, *now).await.map(Some)
}

pub(super) async fn change_email(conn: &Conn, change: &ChangeEmail) -> Result<Redeemed> {
    let ChangeEmail { kind, hash, expect_revision, email, email_verified, identifiers, .. } = change;
    let ChangeEmail { new_handle, locked, void_since, undo, tell, now, .. } = change;
    let now = *now;
    // The account first, as everywhere.
    let account = sql!(
        "SELECT {COLUMNS} FROM account a WHERE a.id = (SELECT user_id FROM artefact WHERE kind = $1 AND hash = $2) FOR UPDATE"
    );
    let found = conn.begin(vec![call!(account, *kind, bytes(hash)), artefact::lock(kind, hash)]).await?;
    let [account, link] = found.as_slice() else { return Err(super::short()) };
    let link = match artefact::judge(link, now)? {
        Ok(link) => link,
        Err(refused) => return Ok(refused),
    };
    let user = account.row().map(|row| from_row(row, 0)).transpose()?;
    let Some(mut user) = user.filter(|user| user.status == UserStatus::Active) else { return Ok(Redeemed::Gone) };
    if user.revision != *expect_revision {
        return Ok(Redeemed::Changed);
    }
    let before = "DELETE FROM login_identifier WHERE user_id = $1";
    conn.fly(vec![artefact::mark(&link, now, None), call!(before, &user.id)]).await?;
    // A link for a new password, or a code, that waits in the mailbox before it is that mailbox's.
    for kind in [Artefact::EMAIL_CODE, Artefact::PASSWORD_RESET] {
        artefact::forget(conn, kind, &user.id, None).await?;
    }
    add_identifiers(conn, &user.id, identifiers).await?;
    if let Some(handle) = new_handle {
        ending::void_artefacts_of_user(conn, &user.id).await?;
        let signal = Signal::of(conn, &user.id, now).await?;
        let why = if *kind == Artefact::NOT_ME { "not_me" } else { "email_taken_back" };
        ending::end_all_of_user(&signal, &user, why).await?;
        if locked.is_some() {
            signal.credential_change("update").await?;
            (user.password_hash, user.password_changed_at) = (locked.clone(), Some(now));
        }
        handle.clone_into(&mut user.revocation_handle);
    }
    if let Some(since) = void_since {
        // Nor can it be given back to whoever had the address afterwards.
        let later = "DELETE FROM artefact
            WHERE user_id = $1 AND kind = ANY($2) AND created_at >= $3 AND redeemed_at IS NULL";
        let kinds = [Artefact::EMAIL_UNDO, Artefact::NOT_ME];
        conn.ask(later, &[&user.id, &kinds.as_slice(), &num(*since)]).await?;
    }
    if let Some(undo) = undo {
        artefact::put(conn, undo).await?;
    }
    outbox::put_all(conn, tell, now).await?;
    (user.email, user.email_verified) = (email.clone(), *email_verified);
    write_back(conn, user, now).await?;
    Ok(Redeemed::Done)
}

pub(super) async fn delete_account(conn: &Conn, delete: &DeleteAccount) -> Result<Deleted> {
    let DeleteAccount { user_id, revocation_handle, unless_last_with, tell, now } = delete;
    let (user, others) = match unless_last_with {
        Some(role) => lock_with_role(conn, user_id, role).await?,
        None => (lock_as_read(conn, user_id, revocation_handle).await?, Others::NotAsked),
    };
    let Some(user) = user.filter(|user| user.revocation_handle == *revocation_handle) else {
        return Ok(Deleted::Changed);
    };
    if others == Others::None {
        return Ok(Deleted::Last);
    }
    outbox::put_all(conn, tell, *now).await?;
    delete_locked(conn, &user, *now).await.map(Deleted::Done)
}

/// Whether somebody else has a role.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Others {
    None,
    NotAsked,
    Some,
}

/// Begins, and keeps everybody away who would change this user, or another one who is not blocked and has the role: two who have it cannot both
/// find each other and go.
async fn lock_with_role(conn: &Conn, id: &str, role: &str) -> Result<(Option<User>, Others)> {
    let sql = sql!(
        "SELECT {COLUMNS} FROM account a
        WHERE a.id = $1 OR a.status = 'active' AND a.roles::jsonb ? $2 ORDER BY a.id FOR UPDATE"
    );
    let locked = conn.begin(vec![call!(sql, id, role)]).await?;
    let rows = locked.first().map(|answer| answer.rows.as_slice()).unwrap_or_default();
    let users = rows.iter().map(|row| from_row(row, 0)).collect::<Result<Vec<User>>>()?;
    let (own, others): (Vec<User>, Vec<User>) = users.into_iter().partition(|user| user.id == id);
    Ok((own.into_iter().next(), if others.is_empty() { Others::None } else { Others::Some }))
}

/// [`lock`], if the user still has this handle.
async fn lock_as_read(conn: &Conn, id: &str, handle: &str) -> Result<Option<User>> {
    match lock(conn, id).await {
        Ok(user) => Ok(Some(user).filter(|user| user.revocation_handle == handle)),
        Err(StoreError::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) async fn delete(conn: &Conn, id: &str, now: u64) -> Result<SignedOut> {
    let user = lock(conn, id).await?;
    delete_locked(conn, &user, now).await
}

async fn delete_locked(conn: &Conn, user: &User, now: u64) -> Result<SignedOut> {
    let id = user.id.as_str();
    let signal = Signal::of(conn, id, now).await?;
    let signed_out = ending::end_all_of_user(&signal, user, "user_deleted").await?;
    signal.account_purged().await?;
    let statements = [
        "DELETE FROM refresh_token WHERE family IN (SELECT id FROM family WHERE user_id = $1)",
        "DELETE FROM access_token WHERE family IN (SELECT id FROM family WHERE user_id = $1)",
        "DELETE FROM family WHERE user_id = $1",
        "DELETE FROM session_client WHERE sid IN (SELECT sid FROM session WHERE user_id = $1)",
        "DELETE FROM session WHERE user_id = $1",
        "DELETE FROM artefact WHERE user_id = $1",
        "DELETE FROM consent WHERE user_id = $1",
        "DELETE FROM credential WHERE user_id = $1",
        "DELETE FROM login_identifier WHERE user_id = $1",
        "DELETE FROM account WHERE id = $1",
    ];
    conn.finish(statements.map(|sql| call!(sql, id)).into()).await?;
    Ok(signed_out)
}

/// Begins, and keeps everybody away who would change this user or issue anything to them.
pub(super) async fn lock(conn: &Conn, id: &str) -> Result<User> {
    let sql = sql!("SELECT {COLUMNS} FROM account a WHERE a.id = $1 FOR UPDATE");
    let locked = conn.begin(vec![call!(sql, id)]).await?;
    let user = locked.first().and_then(|answer| answer.row()).map(|row| from_row(row, 0)).transpose()?;
    user.ok_or(StoreError::NotFound("user"))
}

pub(super) async fn write_back(conn: &Conn, mut user: User, now: u64) -> Result<User> {
    user.updated_at = now;
    user.revision += 1;
    let sql = "UPDATE account SET username = $2, email = $3, email_verified = $4, name = $5, profile = $6,
            password_hash = $7, status = $8, roles = $9, revocation_handle = $10, updated_at = $11,
            password_changed_at = $12, revision = $13
        WHERE id = $1";
    let write = call!(
        sql,
        &user.id,
        &user.username,
        &user.email,
        &user.email_verified,
        &user.name,
        json(&user.profile)?,
        &user.password_hash,
        user.status.word(),
        json(&user.roles)?,
        &user.revocation_handle,
        num(user.updated_at),
        opt_num(user.password_changed_at),
        num(user.revision),
    );
    conn.finish(vec![write]).await?;
    Ok(user)
}
