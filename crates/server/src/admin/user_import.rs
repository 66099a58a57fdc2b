//! Accounts of other systems, a batch at a time. A batch is one transaction for what it makes, with what the audit log says of it; whoever sends batches
//! can stop and begin again at any moment, as who is there already is known by their identifiers.
//!
//! Refused, each alone and with the cause: identifiers and claims that the sign-in page would not take, hashes of unknown kind or of too great a cost,
//! roles that nobody made known, ids that a client has or had, and whoever would be somebody else's account.
//!
//! Who is there already is the same person if the ids agree, or if all identifiers of the record are that account's. One of them is not enough: the
//! other system's `eve` need not be the one who has that user name here.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use symbolon_oauth::Subject;
use symbolon_store::{
    AuditEvent, AuditRecord, Change, ChangePassword, Conflict, ImportUsers, ImportedUser, NewUser, StoreError, User,
    UserStatus, UserUpdate,
};
use tokio::task::JoinSet;

use super::client::is_taken;
use super::document::{self, CLIENT, DELETED_CLIENT, ROLE};
use super::lookup::{self, ADMIN};
use super::user::{self, NewAccount, new_account};
use super::{AdminContext, AdminError, AdminErrorKind, Event};
use crate::account::normalize::{EmailAddress, Identifier};
use crate::account::password::imported::ImportedHash;
use crate::account::password::{Overloaded, SALT_LEN};
use crate::account::slow_kinds;
use crate::import::Account;

/// What the audit log calls it.
const IMPORTED: &str = "user.import";
/// Events about somebody that are looked through; a page of the audit log.
const MAX_TRAIL: u32 = 1000;
/// Accounts of a batch at most.
const MAX_BATCH: usize = 1000;
/// How long a full queue of hashes is given before the next try: sign-ins come first.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

/// Accounts to take over.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportBatch {
    /// In the order of the file.
    pub accounts: Vec<Account>,
    /// What to do with who is there already.
    pub on_conflict: OnConflict,
    /// Whether anything is written.
    pub dry_run: bool,
}

/// What becomes of an account whose identifiers somebody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnConflict {
    /// It is refused.
    Fail,
    /// It stays as it is.
    Skip,
    /// Its profile is replaced, and its address and password unless they have come here; see `refusal`.
    Update,
}

/// An account that is ready but for its hash.
struct Prepared {
    index: usize,
    new: NewUser,
    hash: Option<ImportedHash>,
    keeps_id: bool,
}

/// By what somebody who is there already is the person of the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Same {
    Id,
    Identifiers,
}

/// Why nothing is done about a record whose identifiers belong to somebody.
const SOMEBODY_ELSE: &str = "the id, user name or address belongs to somebody else";

/// What became of a batch.
#[derive(Default)]
struct Outcome {
    created: u64,
    updated: u64,
    present: u64,
    refused: BTreeMap<usize, String>,
    conflicts: BTreeMap<usize, String>,
}

pub(super) async fn import(context: &mut AdminContext<'_>, batch: ImportBatch) -> Result<Value, AdminError> {
    if batch.accounts.len() > MAX_BATCH {
        return Err(AdminError::invalid("a batch has at most 1000 accounts", "send several"));
    }
    let mut outcome = Outcome::default();
    let prepared = prepare(context, &batch.accounts, &mut outcome).await?;
    let (fresh, present) = split(context, prepared, &mut outcome).await?;
    for (prepared, same) in present {
        let index = prepared.index;
        match (batch.on_conflict, same) {
            (OnConflict::Fail, _) => {
                outcome.conflicts.insert(index, "the user name or address is taken".to_owned());
            }
            (OnConflict::Skip | OnConflict::Update, None) => {
                outcome.refused.insert(index, SOMEBODY_ELSE.to_owned());
            }
            (OnConflict::Skip, Some(_)) => outcome.present += 1,
            (OnConflict::Update, Some((same, id))) => {
                match update(context, prepared, (same, &id), batch.dry_run).await? {
                    Ok(()) => outcome.updated += 1,
                    Err(cause) => {
                        outcome.refused.insert(index, cause.to_owned());
                    }
                }
            }
        }
    }
    // Whoever wants to know of the first conflict wants nothing behind it.
    let until = outcome.conflicts.keys().next().copied().unwrap_or(usize::MAX);
    let fresh: Vec<Prepared> = fresh.into_iter().filter(|prepared| prepared.index < until).collect();
    if batch.dry_run {
        outcome.created = fresh.len() as u64;
    } else {
        create(context, fresh, &mut outcome).await?;
    }
    let told = |list: BTreeMap<usize, String>| -> Vec<Value> {
        list.into_iter().map(|(index, cause)| json!({ "index": index, "cause": cause })).collect()
    };
    Ok(json!({
        "created": outcome.created,
        "updated": outcome.updated,
        "present": outcome.present,
        "refused": told(outcome.refused),
        "conflicts": told(outcome.conflicts),
    }))
}

async fn prepare(
    context: &mut AdminContext<'_>,
    accounts: &[Account],
    outcome: &mut Outcome,
) -> Result<Vec<Prepared>, AdminError> {
    let roles: BTreeSet<String> = if accounts.iter().all(|account| account.roles.is_empty()) {
        BTreeSet::new()
    } else {
        document::all(context, ROLE).await?.into_iter().map(|document| document.id).chain([ADMIN.to_owned()]).collect()
    };
    let mut prepared = Vec::with_capacity(accounts.len());
    for (index, account) in accounts.iter().enumerate() {
        match one(context, account, &roles) {
            Ok((new, hash)) => {
                prepared.push(Prepared { index, new, hash, keeps_id: account.id.is_some() });
            }
            Err(cause) => {
                outcome.refused.insert(index, cause);
            }
        }
    }
    let mut kept = Vec::with_capacity(prepared.len());
    for one in prepared {
        // The `sub` of a client's own tokens is its id: nobody else may have it, not even later, as such tokens are on record.
        let id = &one.new.user.id;
        if one.keeps_id && (is_taken(context, CLIENT, id).await? || is_taken(context, DELETED_CLIENT, id).await?) {
            outcome.refused.insert(one.index, "a client has or had this id".to_owned());
        } else {
            kept.push(one);
        }
    }
    Ok(kept)
}

fn one(
    context: &mut AdminContext<'_>,
    account: &Account,
    roles: &BTreeSet<String>,
) -> Result<(NewUser, Option<ImportedHash>), String> {
    if let Some(role) = account.roles.iter().find(|role| !roles.contains(*role)) {
        return Err(format!("no role `{role}`"));
    }
    let hash = account.password_hash.as_ref().filter(|hash| !hash.is_unusable());
    let hash = hash.map(|hash| hash.read().map_err(|why| why.to_string())).transpose()?;
    let plain = NewAccount {
        username: account.username.clone(),
        email: account.email.clone(),
        email_verified: account.email_verified,
        name: account.name.clone(),
        roles: account.roles.clone(),
        claims: account.claims.clone(),
        password: None,
    };
    let mut new = new_account(&plain, None, context.rng, context.now).map_err(|why| why.message)?;
    let user = &mut new.user;
    // Under such a name somebody would sign in with an address that another person proves.
    let name = user.username.as_deref().filter(|name| EmailAddress::parse(name).is_ok());
    if name.is_some() && (user.email.is_none() || new.identifiers.len() > 1) {
        return Err("the user name is an address other than the account's".to_owned());
    }
    if let Some(id) = &account.id {
        let id = Subject::parse(id).map_err(|_| "the id has other characters than a subject may have".to_owned())?;
        id.as_str().clone_into(&mut user.id);
    }
    if account.blocked {
        user.status = UserStatus::Blocked;
    }
    if let Some(at) = account.created_at {
        user.created_at = at.min(context.now);
    }
    user.password_changed_at = hash.as_ref().map(|_| user.created_at);
    Ok((new, hash))
}

/// Without the owner where that is somebody else.
type Split = (Vec<Prepared>, Vec<(Prepared, Option<(Same, String)>)>);

/// Who is new, and who is there already, as whom.
async fn split(
    context: &AdminContext<'_>,
    prepared: Vec<Prepared>,
    outcome: &mut Outcome,
) -> Result<Split, AdminError> {
    let names = prepared.iter().flat_map(|prepared| prepared.new.identifiers.iter().cloned());
    let keys = names.chain(prepared.iter().filter_map(kept_id_as_name)).collect();
    let owners: HashMap<String, String> = context.store.identifier_owners(keys).await?.into_iter().collect();
    // Within the batch nobody else is on record yet.
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut ids: BTreeSet<String> = BTreeSet::new();
    let (mut fresh, mut present) = (Vec::new(), Vec::new());
    for prepared in prepared {
        let NewUser { user, identifiers } = &prepared.new;
        if identifiers.iter().any(|key| seen.contains(key)) {
            outcome.refused.insert(prepared.index, "the user name or address stands in the file twice".to_owned());
            continue;
        }
        if prepared.keeps_id && !ids.insert(user.id.clone()) {
            outcome.refused.insert(prepared.index, "the id stands in the file twice".to_owned());
            continue;
        }
        let namesake = kept_id_as_name(&prepared).and_then(|name| owners.get(&name));
        if namesake.is_some_and(|owner| *owner != user.id) {
            outcome.refused.insert(prepared.index, "the id is somebody's user name or address".to_owned());
            continue;
        }
        let kept = if prepared.keeps_id { context.store.user(&user.id).await? } else { None };
        let known: Vec<Option<&String>> = identifiers.iter().map(|key| owners.get(key)).collect();
        if kept.is_none() && known.iter().all(Option::is_none) {
            seen.extend(identifiers.iter().cloned());
            fresh.push(prepared);
        } else {
            let owner = owner(kept.map(|user| user.id), &known);
            present.push((prepared, owner));
        }
    }
    Ok((fresh, present))
}

/// An id that is somebody else's name would have an operator's commands hit the wrong person.
fn kept_id_as_name(prepared: &Prepared) -> Option<String> {
    let id = prepared.keeps_id.then_some(&prepared.new.user.id)?;
    Identifier::parse(id).ok().map(Identifier::into_string)
}

/// Who has the id, and who each of the identifiers: whether that is one person, and the record's.
fn owner(kept: Option<String>, known: &[Option<&String>]) -> Option<(Same, String)> {
    if let Some(id) = kept {
        let nobody_else = known.iter().flatten().all(|owner| **owner == id);
        return nobody_else.then_some((Same::Id, id));
    }
    let first = (*known.first()?)?;
    known.iter().all(|owner| *owner == Some(first)).then(|| (Same::Identifiers, first.clone()))
}

async fn create(context: &mut AdminContext<'_>, fresh: Vec<Prepared>, outcome: &mut Outcome) -> Result<(), AdminError> {
    let mut users = Vec::with_capacity(fresh.len());
    let hashes = keep(context, fresh.iter().map(|prepared| prepared.hash.clone())).await?;
    let indexes: Vec<usize> = fresh.iter().map(|prepared| prepared.index).collect();
    for (prepared, hash) in fresh.into_iter().zip(hashes) {
        users.push(NewUser { user: User { password_hash: hash, ..prepared.new.user }, ..prepared.new });
    }
    if users.is_empty() {
        return Ok(());
    }
    acquaint(context, users.iter().filter_map(|new| new.user.password_hash.as_deref())).await?;
    let detail = json!({ "present": outcome.present, "refused": outcome.refused.len() + outcome.conflicts.len() });
    let event = context.event(Event { name: IMPORTED, detail, ..Event::default() });
    let import = ImportUsers { users, event };
    let mut made = context.store.import_users(import.clone()).await;
    if let Err(StoreError::Conflict(Conflict::IdentifierTaken | Conflict::Exists)) = made {
        // Somebody signed up in between: now they are on record.
        made = context.store.import_users(import).await;
    }
    for (index, imported) in indexes.into_iter().zip(made?) {
        match imported {
            ImportedUser::Created => outcome.created += 1,
            // Since they were looked up.
            ImportedUser::IdTaken | ImportedUser::IdentifierTaken => {
                let cause = "somebody has taken the id, user name or address just now; repeat the command";
                outcome.refused.insert(index, cause.to_owned());
            }
        }
    }
    Ok(())
}

/// How long hashes of each kind take is on record before anybody can guess at one.
async fn acquaint<'a>(context: &AdminContext<'_>, hashes: impl Iterator<Item = &'a str>) -> Result<(), AdminError> {
    for hash in hashes {
        patiently(|| context.passwords.acquaint(hash)).await.map_err(busy)?;
    }
    Ok(slow_kinds::keep(context.store, context.passwords).await?)
}

fn busy(why: Overloaded) -> AdminError {
    AdminError::new(AdminErrorKind::Unavailable, why.to_string(), "repeat the command: it goes on where it was")
}

/// The hashes as they are kept, in their order; weak ones are hashed themselves, as many at once as there are threads for it.
async fn keep(
    context: &mut AdminContext<'_>,
    hashes: impl Iterator<Item = Option<ImportedHash>>,
) -> Result<Vec<Option<String>>, AdminError> {
    let (mut kept, mut running) = (Vec::new(), JoinSet::new());
    for (place, hash) in hashes.enumerate() {
        kept.push(None);
        let Some(hash) = hash else { continue };
        if !hash.is_weak() {
            kept[place] = Some(hash.text());
            continue;
        }
        let mut salt = [0; SALT_LEN];
        context.rng.fill(&mut salt);
        if running.len() >= context.passwords.workers() {
            settle(&mut running, &mut kept).await?;
        }
        let pool = context.passwords.clone();
        running.spawn(async move { (place, patiently(|| pool.store(hash.clone(), salt)).await) });
    }
    while !running.is_empty() {
        settle(&mut running, &mut kept).await?;
    }
    Ok(kept)
}

type Running = JoinSet<(usize, Result<String, Overloaded>)>;

async fn settle(running: &mut Running, kept: &mut [Option<String>]) -> Result<(), AdminError> {
    if let Some(done) = running.join_next().await {
        let (place, hash) = done.map_err(|why| AdminError::failed(why.to_string()))?;
        kept[place] = Some(hash.map_err(busy)?);
    }
    Ok(())
}

/// Again, as long as the queue of hashes is full.
async fn patiently<T, F>(hash: impl Fn() -> F) -> Result<T, Overloaded>
where
    F: Future<Output = Result<T, Overloaded>>,
{
    for _ in 0..100 {
        if let Ok(done) = hash().await {
            return Ok(done);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(Overloaded)
}

/// Why what the file says of somebody who is there already is not taken over.
///
/// Without an agreeing id, an account whose hash is not another system's may have been made here, by whoever has that address here.
fn refusal(there: &User, record: &User, same: Same) -> Option<&'static str> {
    if there.roles.contains(ADMIN) {
        return Some("it is an administrator's, whom an import does not change");
    }
    if same == Same::Id {
        return None;
    }
    // A second system's `eve` without an address is not the `eve` with one.
    let key = |user: &User| user.email.as_deref().and_then(|email| EmailAddress::parse(email).ok());
    let same_address = key(record).map(|address| address.identifier) == key(there).map(|address| address.identifier);
    if record.email.is_some() != there.email.is_some() || !same_address {
        return Some(SOMEBODY_ELSE);
    }
    let imported = there.password_hash.as_deref().is_some_and(ImportedHash::is_of_another_system);
    (!imported).then_some("it may be somebody else's: neither has it the id, nor a hash of another system any more")
}

/// What the file says of somebody who is there already. Who has come here keeps password, address and user name; whoever is blocked stays so. A name
/// alone, which a second system may have given to somebody else, brings no password.
async fn update(
    context: &mut AdminContext<'_>,
    prepared: Prepared,
    (same, id): (Same, &str),
    dry_run: bool,
) -> Result<Result<(), &'static str>, AdminError> {
    let Prepared { new: NewUser { user: record, .. }, hash, .. } = prepared;
    let Some(mut there) = context.store.user(id).await? else { return Ok(Err(SOMEBODY_ELSE)) };
    if let Some(why) = refusal(&there, &record, same) {
        return Ok(Err(why));
    }
    if dry_run {
        return Ok(Ok(()));
    }
    let presence = presence(context, &there).await?;
    if record.status == UserStatus::Blocked && there.status == UserStatus::Active {
        user::set_status_of(context, there.clone(), UserStatus::Blocked).await?;
        there.revision += 1;
    }
    let by_name_alone = same == Same::Identifiers && record.email.is_none();
    let hash = hash.filter(|_| presence == Presence::Absent && !by_name_alone);
    let kept = keep(context, std::iter::once(hash)).await?.pop().flatten();
    acquaint(context, kept.iter().map(String::as_str)).await?;
    let updated = match context.store.update_user(id, changes(&there, record, presence, context.now)?).await {
        Ok(updated) => updated,
        Err(StoreError::Conflict(Conflict::Revision)) => return Ok(Err("it was changed just now; repeat the command")),
        Err(StoreError::Conflict(_)) => return Ok(Err(SOMEBODY_ELSE)),
        Err(why) => return Err(why.into()),
    };
    let mut revision = updated.revision;
    let mut password = false;
    if let Some(kept) = kept {
        if let Some(before) = there.password_hash {
            password = context.store.set_password_hash(id, &before, &kept).await?;
        } else if updated.password_hash.is_none() {
            password = first_password(context, updated, kept).await?;
            revision += u64::from(password);
        }
    }
    // Of whoever has come here none, so that the next import knows that as well.
    let left = (presence == Presence::Absent).then_some(revision);
    let detail = json!({ "updated": 1, "password": password, "revision": left });
    context.audit(Event { name: IMPORTED, user_id: Some(id), detail, ..Event::default() }).await?;
    Ok(Ok(()))
}

/// Of somebody who has none still: whoever chooses one meanwhile gets another handle with it. Tells whether it was set.
async fn first_password(context: &mut AdminContext<'_>, user: User, hash: String) -> Result<bool, AdminError> {
    let change = ChangePassword {
        user_id: user.id,
        revocation_handle: user.revocation_handle,
        hash,
        new_handle: symbolon_oauth::random_id(&mut *context.rng),
        tell: Vec::new(),
        now: context.now,
    };
    Ok(context.store.change_password(change).await?.is_some())
}

/// Whether somebody has been here since they were imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    Absent,
    CameHere,
}

/// Who set a password here or used the one they had, signed in by any other way, or whose account was changed by anything but an import: the file is
/// about who they were, and its address may be a mailbox that they gave up.
async fn presence(context: &AdminContext<'_>, user: &User) -> Result<Presence, AdminError> {
    let (store, id, now) = (context.store, &*user.id, context.now);
    if user.password_hash.as_deref().is_some_and(|stored| !ImportedHash::is_of_another_system(stored))
        || !store.credentials_of(id).await?.is_empty()
        || !store.sessions_of(id, now).await?.is_empty()
        || !store.families_of(id, now).await?.is_empty()
    {
        return Ok(Presence::CameHere);
    }
    Ok(presence_on_record(user.revision, &store.audit_of(id, None, MAX_TRAIL).await?))
}

/// What the audit log tells, the newest first. A log that is cut short is as good as a sign-in.
fn presence_on_record(revision: u64, trail: &[AuditRecord]) -> Presence {
    let came =
        |event: &AuditEvent| matches!(&*event.name, "session.start" | "token.issue") && event.outcome == "success";
    let left = trail.iter().filter(|record| record.event.name == IMPORTED);
    // Sessions that are over leave no trace but this; of a change the revision tells for ever.
    let left = left.filter_map(|record| record.event.detail["revision"].as_u64()).max().unwrap_or(1);
    let is_whole = u32::try_from(trail.len()).is_ok_and(|len| len < MAX_TRAIL);
    if left == revision && is_whole && !trail.iter().any(|record| came(&record.event)) {
        Presence::Absent
    } else {
        Presence::CameHere
    }
}

fn changes(there: &User, record: User, presence: Presence, now: u64) -> Result<UserUpdate, AdminError> {
    let (username, email) = if presence == Presence::CameHere {
        (there.username.clone(), there.email.clone())
    } else {
        (record.username.or_else(|| there.username.clone()), record.email.clone().or_else(|| there.email.clone()))
    };
    let (proven, was_proven) =
        (record.email_verified && email == record.email, there.email_verified && email == there.email);
    Ok(UserUpdate {
        identifiers: Change::Set(lookup::identifiers(username.as_deref(), email.as_deref())?),
        username: Change::Set(username),
        email: Change::Set(email),
        email_verified: Change::Set(proven || was_proven),
        name: Change::Set(record.name.or_else(|| there.name.clone())),
        profile: Change::Set(there.profile.clone().into_iter().chain(record.profile).collect()),
        expect_revision: Some(there.revision),
        now,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user() -> User {
        User {
            id: "eve".to_owned(),
            username: None,
            email: Some("new@example.org".to_owned()),
            email_verified: true,
            name: None,
            profile: serde_json::Map::new(),
            password_hash: None,
            status: UserStatus::Active,
            roles: BTreeSet::new(),
            revocation_handle: String::new(),
            created_at: 0,
            updated_at: 0,
            password_changed_at: None,
            revision: 7,
        }
    }

    #[test]
    fn an_address_changed_since_it_was_read_is_not_written_over() {
        for presence in [Presence::Absent, Presence::CameHere] {
            let update = changes(&user(), user(), presence, 0).map(|update| update.expect_revision);
            assert_eq!(update.ok().flatten(), Some(7));
        }
    }

    fn record(name: &str, outcome: &str, detail: Value) -> AuditRecord {
        let event = AuditEvent {
            at: 0,
            name: name.to_owned(),
            outcome: outcome.to_owned(),
            actor: None,
            user_id: None,
            client_id: None,
            sid: None,
            address: None,
            request_id: None,
            detail,
        };
        AuditRecord { seq: 0, event }
    }

    #[test]
    fn guesses_at_an_account_do_not_hide_that_its_owner_came() {
        let (import, guess) =
            (record(IMPORTED, "success", json!({ "revision": 3 })), record("session.start", "failure", Value::Null));
        assert_eq!(presence_on_record(3, &[guess.clone(), import.clone()]), Presence::Absent);
        assert_eq!(presence_on_record(4, std::slice::from_ref(&import)), Presence::CameHere, "changed since");
        assert_eq!(presence_on_record(3, &[]), Presence::CameHere, "the log of that import is gone");
        let came = record("session.start", "success", Value::Null);
        assert_eq!(presence_on_record(3, &[guess.clone(), came, import.clone()]), Presence::CameHere);
        let mut many = vec![guess; 999];
        many.push(import);
        assert_eq!(presence_on_record(3, &many), Presence::CameHere, "more may lie behind");
    }
}
