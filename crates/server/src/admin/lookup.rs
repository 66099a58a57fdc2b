//! Finding the one user that is meant: by id, user name or e-mail address, exactly.

use symbolon_store::{Store, StoreError, User, UserStatus};

use super::{AdminContext, AdminError};
use crate::account::normalize::{EmailAddress, Identifier};

/// The role that administrators have. It always exists.
pub(super) const ADMIN: &str = "admin";

/// The user named by id, user name or e-mail address. Ids that an import kept may be somebody else's user name: then nobody is meant.
pub(super) async fn user(context: &AdminContext<'_>, name: &str) -> Result<User, AdminError> {
    let by_id = context.store.user(name).await?;
    let by_name = match Identifier::parse(name) {
        Ok(key) => context.store.user_by_identifier(key.as_str()).await?,
        Err(_) => None,
    };
    match (by_id, by_name) {
        (Some(one), Some(other)) if one.id != other.id => Err(AdminError::conflict(
            format!("`{name}` is the id of one user and signs another one in"),
            format!("name the one by address or user name, the other by id: {}", other.id),
        )),
        (Some(user), _) | (None, Some(user)) => Ok(user),
        (None, None) => Err(AdminError::not_found(format!("no user `{name}`"), "symbolon user list")),
    }
}

/// The login identifiers of a user, normalised.
pub(super) fn identifiers(username: Option<&str>, email: Option<&str>) -> Result<Vec<String>, AdminError> {
    let wrong = |text: &str, why| AdminError::invalid(format!("`{text}` {why}"), "write it as ada or ada@example.com");
    let mut keys = Vec::new();
    if let Some(text) = username {
        keys.push(Identifier::parse(text).map_err(|why| wrong(text, why))?.into_string());
    }
    if let Some(text) = email {
        let key = EmailAddress::parse(text).map_err(|why| wrong(text, why))?.identifier.into_string();
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    Ok(keys)
}

/// Whether anyone can administer this server.
pub async fn has_administrator(store: &dyn Store) -> Result<bool, StoreError> {
    any_administrator(store, |_| true).await
}

/// Whether nobody could administer this server without `user`.
pub async fn is_last_administrator(store: &dyn Store, user: &User) -> Result<bool, StoreError> {
    Ok(is_administrator(user) && !any_administrator(store, |other| other.id != user.id).await?)
}

fn is_administrator(user: &User) -> bool {
    user.status == UserStatus::Active && user.roles.contains(ADMIN)
}

async fn any_administrator(store: &dyn Store, counts: impl Fn(&User) -> bool + Send) -> Result<bool, StoreError> {
    let mut list = symbolon_store::ListUsers { limit: 1000, ..Default::default() };
    loop {
        let page = store.list_users(list.clone()).await?;
        let found = page.items.iter().any(|user| is_administrator(user) && counts(user));
        if found || page.next.is_none() {
            return Ok(found);
        }
        list.after = page.next;
    }
}
