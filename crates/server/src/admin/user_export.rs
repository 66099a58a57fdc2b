//! Accounts in the shape that an import takes, a page at a time. Hashes of passwords go along only where that is asked for, and the audit log says so.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use symbolon_store::{ListUsers, User, UserStatus};

use super::{AdminContext, AdminError, Event};
use crate::import::{Account, PasswordHash};

/// A page of accounts to take elsewhere.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// `next` of the page before.
    pub after: Option<String>,
    /// Size of the page.
    pub limit: u32,
    /// Whether the hashes of passwords are in it.
    pub hashes: Hashes,
}

/// Whether the hashes of passwords go along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hashes {
    /// They do.
    With,
    /// They stay.
    Without,
}

pub(super) async fn page(context: &AdminContext<'_>, export: Export) -> Result<Value, AdminError> {
    let Export { after, limit, hashes } = export;
    let mut total = None;
    if after.is_none() {
        let detail = json!({ "hashes": hashes == Hashes::With });
        context.audit(Event { name: "user.export", detail, ..Event::default() }).await?;
        total = Some(context.store.count_users().await?);
    }
    let page = context.store.list_users(ListUsers { after, limit, search: None }).await?;
    let accounts: Vec<Account> = page.items.into_iter().map(|user| account(user, hashes)).collect();
    Ok(json!({ "accounts": accounts, "next": page.next, "total": total }))
}

fn account(user: User, hashes: Hashes) -> Account {
    let hash = user.password_hash.filter(|_| hashes == Hashes::With);
    Account {
        id: Some(user.id),
        username: user.username,
        email: user.email,
        email_verified: user.email_verified,
        name: user.name,
        claims: claims(user.profile),
        roles: user.roles.into_iter().collect(),
        blocked: user.status == UserStatus::Blocked,
        created_at: Some(user.created_at),
        password_hash: hash.map(PasswordHash::Text),
    }
}

/// As an operator types them; an import makes the same of them again.
fn claims(profile: Map<String, Value>) -> BTreeMap<String, String> {
    let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    profile.into_iter().map(|(name, value)| (name, text(value))).collect()
}
