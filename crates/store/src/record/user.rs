//! Users, their login identifiers and their consents.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::AuditEvent;

/// An account.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// The `sub` of tokens: random, never re-used.
    pub id: String,
    /// As typed; matching goes by login identifiers.
    pub username: Option<String>,
    /// As typed; matching goes by login identifiers.
    pub email: Option<String>,
    /// Whether the user has proven to receive mail there.
    pub email_verified: bool,
    /// Display name.
    pub name: Option<String>,
    /// The other profile claims of OpenID Connect Core §5.1.
    pub profile: Map<String, Value>,
    /// A PHC string. Never serialised, never in `Debug`.
    #[serde(skip)]
    pub password_hash: Option<String>,
    /// May this user sign in?
    pub status: UserStatus,
    /// Names of roles.
    pub roles: BTreeSet<String>,
    /// Random value in every token of this user; replaced when they must all die (design §5).
    pub revocation_handle: String,
    /// When the account was made.
    pub created_at: u64,
    /// When anything but the password hash's parameters was last changed.
    pub updated_at: u64,
    /// When the password was last set.
    pub password_changed_at: Option<u64>,
    /// Grows with every change to the account.
    pub revision: u64,
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Destructured, so that a new field has to be judged here.
        let Self {
            id,
            username: _,
            email: _,
            email_verified: _,
            name: _,
            profile: _,
            password_hash,
            status,
            roles,
            revocation_handle: _,
            created_at,
            updated_at,
            password_changed_at: _,
            revision,
        } = self;
        f.debug_struct("User")
            .field("id", id)
            .field("has_password", &password_hash.is_some())
            .field("status", status)
            .field("roles", roles)
            .field("created_at", created_at)
            .field("updated_at", updated_at)
            .field("revision", revision)
            .finish_non_exhaustive()
    }
}

/// May a user sign in?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    /// Yes.
    Active,
    /// No: sessions and families are ended, codes do not redeem.
    Blocked,
}

/// A user to create, with the keys by which the sign-in page finds them.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The account; `revision` is set to 1 by the store.
    pub user: User,
    /// Already normalised; unique across user names and e-mail addresses of everybody.
    pub identifiers: Vec<String>,
}

/// Many users to create, each unless somebody has their id or an identifier.
#[derive(Clone, Debug)]
pub struct ImportUsers {
    /// Whom.
    pub users: Vec<NewUser>,
    /// What the audit log says in the same transaction if anybody is created. The number of those goes into its detail as `created`; whoever gets roles
    /// has one more of the same name to themselves.
    pub event: AuditEvent,
}

impl ImportUsers {
    /// What the audit log says, given what became of each.
    pub(crate) fn events(&self, answers: &[ImportedUser]) -> Vec<AuditEvent> {
        let made = || self.users.iter().zip(answers).filter(|(_, answer)| **answer == ImportedUser::Created);
        let created = made().count();
        if created == 0 {
            return Vec::new();
        }
        let mut all = self.event.clone();
        if let Value::Object(detail) = &mut all.detail {
            detail.insert("created".to_owned(), created.into());
        }
        let alone = made().map(|(new, _)| &new.user).filter(|user| !user.roles.is_empty()).map(|user| AuditEvent {
            user_id: Some(user.id.clone()),
            detail: json!({ "roles": user.roles }),
            ..self.event.clone()
        });
        std::iter::once(all).chain(alone).collect()
    }
}

/// What became of one of many users to create.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportedUser {
    /// They have an account now.
    Created,
    /// Somebody has the id.
    IdTaken,
    /// Somebody has one of the login identifiers.
    IdentifierTaken,
}

/// Keep a field or set it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// Leave it as it is.
    #[default]
    Keep,
    /// Set it to this.
    Set(T),
}

impl<T> Change<T> {
    /// Writes the new value, if there is one, over the old.
    pub fn apply(self, field: &mut T) {
        if let Self::Set(value) = self {
            *field = value;
        }
    }
}

/// `None` keeps.
impl<T> From<Option<T>> for Change<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Keep, Self::Set)
    }
}

/// Changes to an account's profile. Nothing here ends sessions; see `set_password` and its neighbours for that.
#[derive(Clone, Debug, Default)]
pub struct UserUpdate {
    /// New user name, or none any more.
    pub username: Change<Option<String>>,
    /// New e-mail address, or none any more.
    pub email: Change<Option<String>>,
    /// Whether the address is proven.
    pub email_verified: Change<bool>,
    /// New display name, or none any more.
    pub name: Change<Option<String>>,
    /// Replaces all profile claims.
    pub profile: Change<Map<String, Value>>,
    /// Replaces all login identifiers (normalised).
    pub identifiers: Change<Vec<String>>,
    /// If set, the account must be in this revision.
    pub expect_revision: Option<u64>,
    /// Time of the change.
    pub now: u64,
}

/// A page of users, oldest first.
#[derive(Clone, Debug, Default)]
pub struct ListUsers {
    /// `next` of the page before.
    pub after: Option<String>,
    /// Size of the page; at least 1, capped at 1000.
    pub limit: u32,
    /// Part of user name, e-mail address or display name, compared without regard to ASCII case; or an exact id.
    pub search: Option<String>,
}

/// What a user-wide sign-out ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignedOut {
    /// Browser sessions that had not been ended before.
    pub sessions: u64,
    /// Token families that had not been ended before.
    pub families: u64,
    /// The last `exp` of an unexpired access token that was revoked: until then an API that does not follow the revocation
    /// log accepts it.
    pub tokens_until: Option<u64>,
}

/// What became of a change of roles.
#[derive(Clone, Debug, PartialEq)]
pub struct RolesSet {
    /// The user as they are now.
    pub user: User,
    /// Whether any role came or went.
    pub changed: bool,
    /// The last `exp` of an unexpired access token that shows the old roles and was revoked: until then an API that does not
    /// follow the revocation log accepts it.
    pub tokens_until: Option<u64>,
}

/// What a user once allowed a client, at one API: a scope allowed at one says nothing about another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Who allowed.
    pub user_id: String,
    /// Which client.
    pub client_id: String,
    /// Which API; empty for none.
    pub audience: String,
    /// Space-separated scope values.
    pub scope: String,
    /// When, the last time.
    pub granted_at: u64,
}

impl Consent {
    /// Scope that was allowed before, and what is added: each value once, in the order in which they came.
    pub(crate) fn grown(before: &str, added: &str) -> String {
        let mut scope: Vec<&str> = before.split_ascii_whitespace().collect();
        for name in added.split_ascii_whitespace() {
            if !scope.contains(&name) {
                scope.push(name);
            }
        }
        scope.join(" ")
    }
}
