//! The one shape that accounts are taken over in, and that an export has.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::parts::HashParts;
use crate::account::password::imported::{HashProblem, ImportedHash};

/// An account of another system. It needs a user name or an e-mail address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The `sub` of tokens; a new one without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// To sign in with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// To sign in with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the address is known to be theirs.
    #[serde(default)]
    pub email_verified: bool,
    /// Display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Other profile claims (OpenID Connect Core §5.1), as `symbolon user add --claim` takes them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub claims: BTreeMap<String, String>,
    /// Names of roles, which must be known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Whether sign-in is refused.
    #[serde(default)]
    pub blocked: bool,
    /// Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<u64>,
    /// Without one, people choose a new password by a mailed link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<PasswordHash>,
}

impl Account {
    /// By what people find it: the address, else the name.
    pub fn identifier(&self) -> Option<&str> {
        self.email.as_deref().or(self.username.as_deref())
    }

    /// Whether taking it over takes as long as hashing a password.
    pub fn is_slow(&self) -> bool {
        self.password_hash.as_ref().is_some_and(|hash| hash.read().is_ok_and(|hash| hash.is_weak()))
    }
}

/// A hash, in one text or in parts.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PasswordHash {
    /// As its system writes it.
    Text(String),
    /// Where its system keeps salt and hash apart.
    Parts(Box<HashParts>),
}

impl PasswordHash {
    /// Whether it says that there is none: Django and the shadow file write `!`, and what follows is no hash.
    pub fn is_unusable(&self) -> bool {
        matches!(self, Self::Text(text) if text.starts_with('!'))
    }

    /// Reads it.
    ///
    /// # Errors
    /// See [`HashProblem`].
    pub fn read(&self) -> Result<ImportedHash, HashProblem> {
        match self {
            Self::Text(text) => ImportedHash::read(text),
            Self::Parts(parts) => parts.read(),
        }
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(********)")
    }
}

/// What is wrong with a record, without the values in it, which may be a hash.
pub(super) fn cause(why: &serde_json::Error) -> String {
    let text = why.to_string();
    // Names of members and types are ours or the file's; what is quoted as a value is not repeated.
    let known = ["unknown field", "missing field", "duplicate field"].iter().any(|known| text.starts_with(known));
    if known { text } else { "a member is not of the type it must be".to_owned() }
}
