//! Users: making, finding, changing, blocking and deleting them, and the link that lets one choose a new password.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use symbolon_oauth::{OpaqueToken, Rng, Subject, TokenKind, random_id};
use symbolon_store::{Artefact, Change, ListUsers, NewUser, SignedOut, User, UserStatus, UserUpdate};

use super::{
    AdminContext, AdminError, Event, Export, ImportBatch, NewInvitation, NewPassword, factor, lookup, password,
    profile_claims, role, session, setup, user_export, user_import, user_invitation,
};

/// Commands on users. `user` is an id, a user name or an e-mail address.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum UserCommand {
    /// Makes an account.
    Add(NewAccount),
    /// Ends every session and refuses sign-in until unblocked.
    Block {
        /// Who.
        user: String,
    },
    /// Deletes the account and all that hangs on it; the audit log stays.
    Delete {
        /// Who.
        user: String,
    },
    /// Takes accounts of another system over.
    Import(ImportBatch),
    /// The invitations that can still be used.
    Invitations,
    /// A single-use link by which somebody makes an account at this address.
    Invite(NewInvitation),
    /// One page of accounts in the shape of an import, oldest first.
    Export(Export),
    /// What the user has set up beside the password.
    Factors {
        /// Who.
        user: String,
    },
    /// One page, oldest first.
    List {
        /// Part of a name or address, or an exact id.
        search: Option<String>,
        /// `next` of the page before.
        after: Option<String>,
        /// Size of the page.
        limit: u32,
    },
    /// Takes every second factor away, and ends every session and token.
    ResetFactors {
        /// Who.
        user: String,
    },
    /// A single-use link with which the user chooses a new password.
    ResetLink {
        /// Who.
        user: String,
        /// How long it works.
        valid_secs: u64,
    },
    /// Ends an invitation.
    RevokeInvitation {
        /// What it is called.
        id: String,
    },
    /// Changes the profile or the password.
    Set {
        /// Who.
        user: String,
        /// What.
        change: UserChange,
    },
    /// One account, with its sessions.
    Show {
        /// Who.
        user: String,
    },
    /// Ends every session and token of the user: the same as `session end-all`.
    SignOut {
        /// Who.
        user: String,
    },
    /// Lets a blocked user in again; what was ended stays ended.
    Unblock {
        /// Who.
        user: String,
    },
}

/// An account to make. It needs a user name or an e-mail address.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// To sign in with.
    pub username: Option<String>,
    /// To sign in with.
    pub email: Option<String>,
    /// Whether the operator vouches for the address.
    pub email_verified: bool,
    /// Display name.
    pub name: Option<String>,
    /// Names of roles.
    pub roles: Vec<String>,
    /// Other profile claims (OpenID Connect Core §5.1).
    pub claims: BTreeMap<String, String>,
    /// Without one, a reset link has to follow.
    pub password: Option<NewPassword>,
}

/// What changes. An empty text removes the value.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// New user name.
    pub username: Option<String>,
    /// New address; unverified unless said otherwise.
    pub email: Option<String>,
    /// Whether the operator vouches for the address.
    pub email_verified: Option<bool>,
    /// New display name.
    pub name: Option<String>,
    /// Profile claims to set, or to remove with an empty text.
    pub claims: BTreeMap<String, String>,
    /// New password: ends every session.
    pub password: Option<NewPassword>,
}

pub(super) async fn execute(context: &mut AdminContext<'_>, command: UserCommand) -> Result<Value, AdminError> {
    match command {
        UserCommand::Add(account) => add(context, account).await,
        UserCommand::Block { user } => set_status(context, &user, UserStatus::Blocked).await,
        UserCommand::Delete { user } => delete(context, &user).await,
        UserCommand::Import(batch) => user_import::import(context, batch).await,
        UserCommand::Invitations => user_invitation::list(context).await,
        UserCommand::Invite(new) => user_invitation::invite(context, new).await,
        UserCommand::Export(export) => user_export::page(context, export).await,
        UserCommand::Factors { user } => factor::list(context, &user).await,
        UserCommand::ResetFactors { user } => factor::reset(context, &user).await,
        UserCommand::List { search, after, limit } => list(context, ListUsers { after, limit, search }).await,
        UserCommand::ResetLink { user, valid_secs } => reset_link(context, &user, valid_secs).await,
        UserCommand::RevokeInvitation { id } => user_invitation::revoke(context, &id).await,
        UserCommand::Set { user, change } => set(context, &user, change).await,
        UserCommand::Show { user } => show(context, &user).await,
        UserCommand::SignOut { user } => session::end_all(context, &user).await,
        UserCommand::Unblock { user } => set_status(context, &user, UserStatus::Active).await,
    }
}

/// The records of an account to make: random id and handle, normalised login identifiers.
pub fn new_account(
    account: &NewAccount,
    password_hash: Option<String>,
    rng: &mut (dyn Rng + Send + Sync),
    now: u64,
) -> Result<NewUser, AdminError> {
    let (username, email) = (filled(account.username.as_deref()), filled(account.email.as_deref()));
    let identifiers = lookup::identifiers(username.as_deref(), email.as_deref())?;
    if identifiers.is_empty() {
        return Err(AdminError::invalid(
            "a user needs a user name or an e-mail address",
            "symbolon user add --email ada@example.com",
        ));
    }
    let user = User {
        id: Subject::generate(&mut *rng).as_str().to_owned(),
        username,
        email_verified: account.email_verified && email.is_some(),
        email,
        name: name_of(account.name.as_deref())?,
        profile: profile_claims::changed(Map::new(), &account.claims, now)?,
        password_changed_at: password_hash.as_ref().map(|_| now),
        password_hash,
        status: UserStatus::Active,
        roles: account.roles.iter().cloned().collect(),
        revocation_handle: random_id(&mut *rng),
        created_at: now,
        updated_at: now,
        revision: 1,
    };
    Ok(NewUser { user, identifiers })
}

async fn add(context: &mut AdminContext<'_>, mut account: NewAccount) -> Result<Value, AdminError> {
    role::check_known(context, &account.roles).await?;
    let hash = match account.password.take() {
        Some(new) => {
            let words = [account.username.as_deref(), account.email.as_deref(), account.name.as_deref()];
            Some(password::hash(context, &new, &words).await?)
        }
        None => None,
    };
    let new = new_account(&account, hash, context.rng, context.now)?;
    let user = new.user.clone();
    context.store.create_user(new).await.map_err(taken)?;
    let detail = json!({ "roles": user.roles, "password": user.password_hash.is_some() });
    context.audit(Event { name: "user.create", user_id: Some(&user.id), detail, ..Event::default() }).await?;
    Ok(json!({ "user": view(&user) }))
}

async fn list(context: &mut AdminContext<'_>, list: ListUsers) -> Result<Value, AdminError> {
    let page = context.store.list_users(list).await?;
    let users: Vec<Value> = page.items.iter().map(view).collect();
    Ok(json!({ "users": users, "next": page.next, "total": context.store.count_users().await? }))
}

async fn show(context: &mut AdminContext<'_>, name: &str) -> Result<Value, AdminError> {
    let user = lookup::user(context, name).await?;
    let sessions = context.store.sessions_of(&user.id, context.now).await?.len();
    let families = context.store.families_of(&user.id, context.now).await?.len();
    let last = lookup::is_last_administrator(context.store, &user).await?;
    Ok(json!({ "user": view(&user), "sessions": sessions, "families": families, "last_administrator": last }))
}

async fn set(context: &mut AdminContext<'_>, name: &str, mut change: UserChange) -> Result<Value, AdminError> {
    let user = lookup::user(context, name).await?;
    // Hash first: a password that is refused must not leave half of the change behind.
    let hash = match change.password.take() {
        Some(new) => {
            let words = [user.username.as_deref(), user.email.as_deref(), user.name.as_deref()];
            Some(password::hash(context, &new, &words).await?)
        }
        None => None,
    };
    let update = update(&user, &change, context.now)?;
    let fields = changed_fields(&change);
    if fields.is_empty() && hash.is_none() {
        return Err(AdminError::invalid("nothing to change", "symbolon user set --help"));
    }
    let mut changed = user;
    if !fields.is_empty() {
        changed = context.store.update_user(&changed.id, update).await.map_err(taken)?;
        let event = Event {
            name: "user.change",
            user_id: Some(&changed.id),
            detail: json!({ "fields": fields }),
            ..Event::default()
        };
        context.audit(event).await?;
    }
    let mut ended = SignedOut::default();
    if let Some(hash) = hash {
        let handle = random_id(&mut *context.rng);
        ended = context.store.set_password(&changed.id, &hash, &handle, context.now).await?;
        let event = Event {
            name: "user.password.set",
            user_id: Some(&changed.id),
            detail: json!({ "ended": ended_view(ended) }),
            ..Event::default()
        };
        context.audit(event).await?;
        changed = lookup::user(context, &changed.id).await?;
    }
    Ok(json!({ "user": view(&changed), "ended": ended_view(ended), "tokens_until": ended.tokens_until }))
}

async fn set_status(context: &mut AdminContext<'_>, name: &str, status: UserStatus) -> Result<Value, AdminError> {
    let user = lookup::user(context, name).await?;
    set_status_of(context, user, status).await
}

pub(super) async fn set_status_of(
    context: &mut AdminContext<'_>,
    user: User,
    status: UserStatus,
) -> Result<Value, AdminError> {
    let handle = random_id(&mut *context.rng);
    let ended = context.store.set_user_status(&user.id, status, &handle, context.now).await?;
    let event = match status {
        UserStatus::Active => "user.unblock",
        UserStatus::Blocked => "user.block",
    };
    let detail = json!({ "ended": ended_view(ended) });
    context.audit(Event { name: event, user_id: Some(&user.id), detail, ..Event::default() }).await?;
    let user = User { status, ..user };
    Ok(json!({ "user": view(&user), "ended": ended_view(ended), "tokens_until": ended.tokens_until }))
}

async fn delete(context: &mut AdminContext<'_>, name: &str) -> Result<Value, AdminError> {
    let user = lookup::user(context, name).await?;
    let ended = context.store.delete_user(&user.id, context.now).await?;
    let detail = json!({ "ended": ended_view(ended) });
    context.audit(Event { name: "user.delete", user_id: Some(&user.id), detail, ..Event::default() }).await?;
    Ok(json!({ "deleted": user.id, "ended": ended_view(ended), "tokens_until": ended.tokens_until }))
}

async fn reset_link(context: &mut AdminContext<'_>, name: &str, valid_secs: u64) -> Result<Value, AdminError> {
    let user = lookup::user(context, name).await?;
    if !(60..=7 * 86_400).contains(&valid_secs) {
        return Err(AdminError::invalid(
            "a reset link works between one minute and seven days",
            "symbolon user reset-link USER --valid 1h",
        ));
    }
    let code = OpaqueToken::generate(TokenKind::PasswordReset, &mut *context.rng);
    let expires_at = context.now + valid_secs;
    context
        .store
        .put_artefact(setup::artefact(Artefact::PASSWORD_RESET, &code, Some(&user.id), context.now, expires_at))
        .await?;
    context.audit(Event { name: "user.reset_link.create", user_id: Some(&user.id), ..Event::default() }).await?;
    Ok(
        json!({ "user_id": user.id, "link": context.link(&format!("reset?code={}", code.reveal())), "expires_at": expires_at }),
    )
}

fn update(user: &User, change: &UserChange, now: u64) -> Result<UserUpdate, AdminError> {
    let field = |new: &Option<String>| Change::from(new.as_deref().map(|text| filled(Some(text))));
    let (username, email) = (field(&change.username), field(&change.email));
    let after = |change: &Change<Option<String>>, old: &Option<String>| match change {
        Change::Keep => old.clone(),
        Change::Set(new) => new.clone(),
    };
    let (new_username, new_email) = (after(&username, &user.username), after(&email, &user.email));
    let identifiers = lookup::identifiers(new_username.as_deref(), new_email.as_deref())?;
    if identifiers.is_empty() {
        return Err(AdminError::invalid(
            "a user needs a user name or an e-mail address",
            "set one before you remove the other",
        ));
    }
    let email_verified = match (change.email_verified, new_email == user.email) {
        (Some(verified), _) => Change::Set(verified),
        // Nobody has proven anything about a new address.
        (None, false) => Change::Set(false),
        (None, true) => Change::Keep,
    };
    Ok(UserUpdate {
        username,
        email,
        email_verified,
        name: match change.name.as_deref() {
            Some(name) => Change::Set(name_of(Some(name))?),
            None => Change::Keep,
        },
        profile: Change::Set(profile_claims::changed(user.profile.clone(), &change.claims, now)?),
        identifiers: Change::Set(identifiers),
        expect_revision: Some(user.revision),
        now,
    })
}

fn changed_fields(change: &UserChange) -> Vec<&str> {
    let given = [
        ("username", change.username.is_some()),
        ("email", change.email.is_some()),
        ("email_verified", change.email_verified.is_some()),
        ("name", change.name.is_some()),
        ("claims", !change.claims.is_empty()),
    ];
    given.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect()
}

/// A display name, if there is one.
fn name_of(text: Option<&str>) -> Result<Option<String>, AdminError> {
    let name = filled(text);
    if let Some(name) = &name {
        profile_claims::line("name", name)?;
    }
    Ok(name)
}

fn filled(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn taken(error: symbolon_store::StoreError) -> AdminError {
    match error {
        symbolon_store::StoreError::Conflict(symbolon_store::Conflict::IdentifierTaken) => {
            AdminError::conflict("this user name or e-mail address is taken", "symbolon user list --search NAME")
        }
        other => other.into(),
    }
}

fn ended_view(ended: SignedOut) -> Value {
    json!({ "sessions": ended.sessions, "families": ended.families })
}

/// What is shown of a user: everything but the hash and the revocation handle.
pub(super) fn view(user: &User) -> Value {
    json!({
        "id": user.id,
        "username": user.username,
        "email": user.email,
        "email_verified": user.email_verified,
        "name": user.name,
        "claims": user.profile,
        "status": user.status,
        "roles": user.roles,
        "has_password": user.password_hash.is_some(),
        "password_locked": crate::account::password::is_shut(user),
        "created_at": user.created_at,
        "updated_at": user.updated_at,
        "password_changed_at": user.password_changed_at,
    })
}
