//! Accounts of other systems, a batch at a time. A batch is one transaction for what it makes and one audit event; whoever sends batches can stop and
//! begin again at any moment, as who is there already is known by their identifiers.
//!
//! Refused, each alone and with the cause: identifiers and claims that the sign-in page would not take, hashes of unknown kind or of too great a cost,
//! roles that nobody made known, ids that a client has, and whoever would be two people's account.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use symbolon_oauth::Subject;
use symbolon_store::{Change, Conflict, Document, ImportedUser, NewUser, StoreError, User, UserStatus, UserUpdate};
use tokio::task::JoinSet;

use super::document::{self, ROLE};
use super::lookup::{self, ADMIN};
use super::user::{NewAccount, new_account};
use super::{AdminContext, AdminError, AdminErrorKind, Event};
use crate::account::password::imported::ImportedHash;
use crate::account::password::{Overloaded, Pool, SALT_LEN};
use crate::import::Account;

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
    /// Its profile is replaced, and its password hash unless it is one of ours.
    Update,
}

/// An account that is ready but for its hash.
struct Prepared {
    index: usize,
    new: NewUser,
    hash: Option<ImportedHash>,
    keeps_id: bool,
}

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
    for (prepared, id) in present {
        match batch.on_conflict {
            OnConflict::Fail => {
                outcome.conflicts.insert(prepared.index, "the user name or address is taken".to_owned());
            }
            OnConflict::Skip => outcome.present += 1,
            OnConflict::Update => update(context, prepared, &id, batch.dry_run, &mut outcome).await?,
        }
    }
    // Whoever wants to know of the first conflict wants nothing behind it.
    let until = outcome.conflicts.keys().next().copied().unwrap_or(usize::MAX);
    let fresh: Vec<Prepared> = fresh.into_iter().filter(|prepared| prepared.index < until).collect();
    if batch.dry_run {
        outcome.created = fresh.len() as u64;
    } else {
        create(context, fresh, &mut outcome).await?;
        record(context, &outcome).await?;
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
        // The `sub` of a client's own tokens is its id: nobody else may have it.
        if one.keeps_id && context.store.document(Document::CLIENT, &one.new.user.id).await?.is_some() {
            outcome.refused.insert(one.index, "a client has this id".to_owned());
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
    let hash = account.password_hash.as_ref().map(|hash| hash.read().map_err(|why| why.to_string())).transpose()?;
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

type Split = (Vec<Prepared>, Vec<(Prepared, String)>);

/// Who is new, and who is there already, as whom.
async fn split(
    context: &AdminContext<'_>,
    prepared: Vec<Prepared>,
    outcome: &mut Outcome,
) -> Result<Split, AdminError> {
    let keys = prepared.iter().flat_map(|prepared| prepared.new.identifiers.clone()).collect();
    let owners: HashMap<String, String> = context.store.identifier_owners(keys).await?.into_iter().collect();
    // Within the batch nobody else is on record yet.
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut ids: BTreeSet<String> = BTreeSet::new();
    let (mut fresh, mut present) = (Vec::new(), Vec::new());
    for prepared in prepared {
        let known: BTreeSet<&String> = prepared.new.identifiers.iter().filter_map(|key| owners.get(key)).collect();
        let twice = prepared.new.identifiers.iter().find_map(|key| seen.get(key));
        match known.len() {
            _ if twice.is_some() => {
                outcome.refused.insert(prepared.index, "the user name or address stands in the file twice".to_owned());
            }
            0 if prepared.keeps_id && !ids.insert(prepared.new.user.id.clone()) => {
                outcome.refused.insert(prepared.index, "the id stands in the file twice".to_owned());
            }
            0 => {
                seen.extend(prepared.new.identifiers.iter().map(|key| (key.clone(), prepared.index)));
                fresh.push(prepared);
            }
            1 => {
                let id = known.into_iter().next().cloned().unwrap_or_default();
                present.push((prepared, id));
            }
            _ => {
                outcome.refused.insert(prepared.index, "user name and address belong to two accounts".to_owned());
            }
        }
    }
    Ok((fresh, present))
}

async fn create(context: &mut AdminContext<'_>, fresh: Vec<Prepared>, outcome: &mut Outcome) -> Result<(), AdminError> {
    let mut users = Vec::with_capacity(fresh.len());
    let hashes = keep(context, fresh.iter().map(|prepared| prepared.hash.clone())).await?;
    let indexes: Vec<usize> = fresh.iter().map(|prepared| prepared.index).collect();
    for (prepared, hash) in fresh.into_iter().zip(hashes) {
        users.push(NewUser { user: User { password_hash: hash, ..prepared.new.user }, ..prepared.new });
    }
    let mut made = context.store.import_users(users.clone()).await;
    if let Err(StoreError::Conflict(Conflict::IdentifierTaken | Conflict::Exists)) = made {
        // Somebody signed up in between: now they are on record.
        made = context.store.import_users(users).await;
    }
    for (index, imported) in indexes.into_iter().zip(made?) {
        match imported {
            ImportedUser::Created => outcome.created += 1,
            ImportedUser::IdTaken => {
                outcome.refused.insert(index, "somebody has this id".to_owned());
            }
            ImportedUser::IdentifierTaken => outcome.present += 1,
        }
    }
    Ok(())
}

/// The hashes as they are kept, in their order; fast ones are hashed themselves, as many at once as there are threads for it.
async fn keep(
    context: &mut AdminContext<'_>,
    hashes: impl Iterator<Item = Option<ImportedHash>>,
) -> Result<Vec<Option<String>>, AdminError> {
    let (mut kept, mut running) = (Vec::new(), JoinSet::new());
    for (place, hash) in hashes.enumerate() {
        kept.push(None);
        let Some(hash) = hash else { continue };
        if let Some(text) = hash.text() {
            kept[place] = Some(text);
            continue;
        }
        let mut salt = [0; SALT_LEN];
        context.rng.fill(&mut salt);
        if running.len() >= context.passwords.workers() {
            settle(&mut running, &mut kept).await?;
        }
        running.spawn(patiently(context.passwords.clone(), hash, salt, place));
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
        let busy = |why: Overloaded| {
            AdminError::new(AdminErrorKind::Unavailable, why.to_string(), "repeat the command: it goes on where it was")
        };
        kept[place] = Some(hash.map_err(busy)?);
    }
    Ok(())
}

async fn patiently(
    pool: Pool,
    hash: ImportedHash,
    salt: [u8; SALT_LEN],
    place: usize,
) -> (usize, Result<String, Overloaded>) {
    for _ in 0..100 {
        if let Ok(kept) = pool.store(hash.clone(), salt).await {
            return (place, Ok(kept));
        }
        tokio::time::sleep(PAUSE).await;
    }
    (place, Err(Overloaded))
}

/// What the file says of somebody who is there already. A password that was set or used here stays.
async fn update(
    context: &mut AdminContext<'_>,
    prepared: Prepared,
    id: &str,
    dry_run: bool,
    outcome: &mut Outcome,
) -> Result<(), AdminError> {
    outcome.updated += 1;
    if dry_run {
        return Ok(());
    }
    let Prepared { index, new, hash, .. } = prepared;
    let user = lookup::user(context, id).await?;
    let theirs = new.user;
    let (username, email) = (theirs.username.or(user.username), theirs.email.or(user.email.clone()));
    let same_address = email == user.email;
    let update = UserUpdate {
        identifiers: Change::Set(lookup::identifiers(username.as_deref(), email.as_deref())?),
        username: Change::Set(username),
        email: Change::Set(email),
        email_verified: Change::Set(theirs.email_verified || user.email_verified && same_address),
        name: Change::Set(theirs.name.or(user.name)),
        profile: Change::Set(user.profile.into_iter().chain(theirs.profile).collect()),
        expect_revision: None,
        now: context.now,
    };
    match context.store.update_user(id, update).await {
        Ok(_) => {}
        Err(StoreError::Conflict(_)) => {
            outcome.updated -= 1;
            outcome.refused.insert(index, "user name and address belong to two accounts".to_owned());
            return Ok(());
        }
        Err(why) => return Err(why.into()),
    }
    let Some(hash) = hash else { return Ok(()) };
    if user.password_hash.as_deref().is_some_and(|stored| !ImportedHash::is_of_another_system(stored)) {
        return Ok(());
    }
    let kept = keep(context, std::iter::once(Some(hash))).await?.pop().flatten().unwrap_or_default();
    if let Some(before) = user.password_hash {
        context.store.set_password_hash(id, &before, &kept).await?;
    } else {
        let handle = symbolon_oauth::random_id(&mut *context.rng);
        context.store.set_password(id, &kept, &handle, context.now).await?;
    }
    Ok(())
}

async fn record(context: &AdminContext<'_>, outcome: &Outcome) -> Result<(), AdminError> {
    if outcome.created + outcome.updated == 0 {
        return Ok(());
    }
    let detail = json!({
        "created": outcome.created,
        "updated": outcome.updated,
        "present": outcome.present,
        "refused": outcome.refused.len() + outcome.conflicts.len(),
    });
    context.audit(Event { name: "user.import", detail, ..Event::default() }).await
}
