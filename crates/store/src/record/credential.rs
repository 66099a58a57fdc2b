//! What people prove themselves with beside a password: passkeys, the secrets of authenticator apps, recovery codes.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::NewDelivery;

/// One of them.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Credential {
    /// Random, public.
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    /// [`Credential::PASSKEY`], [`Credential::TOTP`] or [`Credential::RECOVERY_CODE`].
    pub kind: String,
    /// What finds it among all of its kind: the id of a passkey, the hash of a recovery code.
    pub key: Option<Vec<u8>>,
    /// What its user calls it.
    pub name: String,
    /// What the caller needs to judge it; secrets in it are sealed.
    pub payload: Value,
    /// What must not go back: the signature counter of a passkey, the last step of an app, 1 for a recovery code that was used.
    pub counter: u64,
    /// When it was set up.
    pub created_at: u64,
    /// When it was last used.
    pub last_used_at: Option<u64>,
}

impl Credential {
    /// The kind of passkeys.
    pub const PASSKEY: &'static str = "passkey";
    /// The kind of recovery codes.
    pub const RECOVERY_CODE: &'static str = "recovery_code";
    /// The kind of authenticator apps.
    pub const TOTP: &'static str = "totp";

    /// What receivers of shared signals call it (CAEP 1.0 §3.2, `credential_type`); of recovery codes they hear nothing.
    pub(crate) fn told_as(&self) -> Option<&'static str> {
        match &*self.kind {
            Self::TOTP => Some("app"),
            Self::PASSKEY if self.payload["attachment"] == "platform" => Some("fido2-platform"),
            Self::PASSKEY => Some("fido2-roaming"),
            _ => None,
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, user_id, kind, key: _, name: _, payload: _, counter, created_at, last_used_at } = self;
        f.debug_struct("Credential")
            .field("id", id)
            .field("user_id", user_id)
            .field("kind", kind)
            .field("counter", counter)
            .field("created_at", created_at)
            .field("last_used_at", last_used_at)
            .finish_non_exhaustive()
    }
}

/// Credentials that one user sets up at once.
#[derive(Clone, Debug)]
pub struct NewCredentials {
    /// Whose they are.
    pub user_id: String,
    /// The user's revocation handle, as it was read.
    pub revocation_handle: String,
    /// Those of these kinds go first.
    pub replaces: Vec<&'static str>,
    /// The new ones.
    pub credentials: Vec<Credential>,
    /// The ids of what the user has beside recovery codes, as they were read, where the new ones were judged by that.
    pub expect: Option<Vec<String>>,
    /// The session that goes on, where everything else of the user ends with the change.
    pub keep_sid: Option<String>,
    /// Messages that tell of it.
    pub tell: Vec<NewDelivery>,
    /// Time of the change.
    pub now: u64,
}

/// The use of a credential, whose proof was judged by what was read of it.
#[derive(Clone, Debug)]
pub struct UseCredential {
    /// Which.
    pub id: String,
    /// Its counter, as it was read.
    pub expect: u64,
    /// Its counter from now on.
    pub counter: u64,
    /// Its payload from now on, where that changes.
    pub payload: Option<Value>,
    /// Time of the use.
    pub now: u64,
}

/// The removal of a credential by its user.
#[derive(Clone, Debug)]
pub struct RemoveCredential {
    /// Whose it is.
    pub user_id: String,
    /// Which.
    pub id: String,
    /// The session in which they do it, which goes on.
    pub keep_sid: String,
    /// Messages that tell of it.
    pub tell: Vec<NewDelivery>,
    /// Time of the change.
    pub now: u64,
}
