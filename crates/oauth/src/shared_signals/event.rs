//! The events: their types, and what has happened.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::registration::Client;

/// A type of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventType {
    /// RISC: an account was blocked.
    AccountDisabled,
    /// RISC: an account was deleted.
    AccountPurged,
    /// CAEP: a password was set or changed, or a factor beside it set up or removed.
    CredentialChange,
    /// CAEP: a session has ended before its time, or all of a user.
    SessionRevoked,
    /// CAEP: roles or scopes were taken away.
    TokenClaimsChange,
}

impl EventType {
    /// All that streams can ask for.
    pub const ALL: &[Self] = &[
        Self::SessionRevoked,
        Self::CredentialChange,
        Self::TokenClaimsChange,
        Self::AccountDisabled,
        Self::AccountPurged,
    ];

    /// Its name in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccountDisabled => "account_disabled",
            Self::AccountPurged => "account_purged",
            Self::CredentialChange => "credential_change",
            Self::SessionRevoked => "session_revoked",
            Self::TokenClaimsChange => "token_claims_change",
        }
    }

    /// Its URI (CAEP 1.0 §3, RISC 1.0 §2).
    #[must_use]
    pub const fn uri(self) -> &'static str {
        match self {
            Self::AccountDisabled => "https://schemas.openid.net/secevent/risc/event-type/account-disabled",
            Self::AccountPurged => "https://schemas.openid.net/secevent/risc/event-type/account-purged",
            Self::CredentialChange => "https://schemas.openid.net/secevent/caep/event-type/credential-change",
            Self::SessionRevoked => "https://schemas.openid.net/secevent/caep/event-type/session-revoked",
            Self::TokenClaimsChange => "https://schemas.openid.net/secevent/caep/event-type/token-claims-change",
        }
    }
}

/// Asks the receiver whether the stream works (Shared Signals Framework 1.0 §8.1.4.1).
pub const VERIFICATION: &str = "https://schemas.openid.net/secevent/ssf/event-type/verification";
/// Tells that this side has changed the stream's status (§8.1.5).
pub const STREAM_UPDATED: &str = "https://schemas.openid.net/secevent/ssf/event-type/stream-updated";

/// Something that has happened, as the shell keeps it for one stream until it is told.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Happened {
    /// Its number in the stream.
    pub number: u64,
    /// When.
    pub at: u64,
    /// The same for all that one operation has brought about.
    pub cause: u64,
    /// Whether the stream's client has anything of the user, or is allowed anything by them.
    #[serde(default)]
    pub knows: bool,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[expect(missing_docs, reason = "`sub` is the user, `sid` the session, and the rest as the variant says")]
pub enum Event {
    /// The user was blocked.
    AccountDisabled { sub: String },
    /// The user was deleted.
    AccountPurged { sub: String },
    /// The password was set: `create` or `update`; or another credential has come or gone: `create`, `delete` or `revoke`.
    CredentialChange {
        sub: String,
        change: String,
        /// What it is, if not the password (CAEP 1.0 §3.2).
        #[serde(default)]
        credential_type: Option<String>,
    },
    /// A session has ended, or without a `sid` all of the user.
    SessionRevoked {
        sub: String,
        #[serde(default)]
        sid: Option<String>,
        #[serde(default)]
        why: Option<String>,
    },
    /// This side has changed the status of the stream.
    StreamUpdated {
        status: super::status::Status,
        #[serde(default)]
        reason: Option<String>,
    },
    /// These claims of the user's tokens are others, of those that client has if one is named.
    TokenClaimsChange {
        sub: String,
        #[serde(default)]
        client_id: Option<String>,
        claims: Map<String, Value>,
    },
    /// The receiver asks whether the stream works.
    Verification {
        #[serde(default)]
        state: Option<String>,
    },
}

impl Event {
    /// Its type, if it is one that streams ask for and not about the stream itself.
    #[must_use]
    pub const fn event_type(&self) -> Option<EventType> {
        match self {
            Self::AccountDisabled { .. } => Some(EventType::AccountDisabled),
            Self::AccountPurged { .. } => Some(EventType::AccountPurged),
            Self::CredentialChange { .. } => Some(EventType::CredentialChange),
            Self::SessionRevoked { .. } => Some(EventType::SessionRevoked),
            Self::TokenClaimsChange { .. } => Some(EventType::TokenClaimsChange),
            Self::StreamUpdated { .. } | Self::Verification { .. } => None,
        }
    }

    /// Its URI.
    #[must_use]
    pub const fn uri(&self) -> &'static str {
        match self {
            Self::StreamUpdated { .. } => STREAM_UPDATED,
            Self::Verification { .. } => VERIFICATION,
            _ => match self.event_type() {
                Some(event_type) => event_type.uri(),
                None => VERIFICATION,
            },
        }
    }
}

impl Happened {
    /// Whether this client may hear of it. The operator's own receivers hear of everybody. A third party hears of the people who
    /// use it, and of what its own tokens of theirs say: roles never stand in those.
    #[must_use]
    pub fn is_for(&self, client: &Client) -> bool {
        if client.first_party || self.event.event_type().is_none() {
            return true;
        }
        match &self.event {
            Event::TokenClaimsChange { client_id, .. } => {
                self.knows && client_id.as_deref() == Some(client.client_id.as_str())
            }
            _ => self.knows,
        }
    }
}

/// A name of the wire that is not of an enum, for `serde`.
impl Serialize for EventType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.uri())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{machine, third_party};
    use serde_json::json;

    fn happened(value: Value) -> Happened {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_the_store_keeps_is_read() {
        let ended = happened(json!({
            "event": "session_revoked", "sub": "usr_1", "sid": "s", "why": "admin", "at": 5, "cause": 7, "knows": true, "number": 3,
        }));
        assert_eq!((ended.number, ended.at, ended.cause, ended.knows), (3, 5, 7, true));
        assert_eq!(ended.event.event_type(), Some(EventType::SessionRevoked));
        let asked = happened(json!({ "event": "verification", "at": 5, "cause": 7, "state": null, "number": 1 })).event;
        assert_eq!((asked.event_type(), asked.uri()), (None, VERIFICATION));
        for event_type in EventType::ALL {
            let some = json!({
                "event": event_type.name(), "sub": "u", "change": "update", "claims": {}, "at": 1, "cause": 1, "number": 1,
            });
            assert_eq!(happened(some).event.uri(), event_type.uri());
        }
    }

    #[test]
    fn a_third_party_hears_of_its_own_people_only_and_never_of_roles() {
        let about = |knows: bool, what: Value| {
            let mut value = what;
            value["knows"] = knows.into();
            for (name, number) in [("number", 1), ("at", 1), ("cause", 1)] {
                value[name] = number.into();
            }
            value["sub"] = "usr_1".into();
            happened(value)
        };
        let mut ours = machine();
        ours.first_party = true;
        let theirs = third_party();
        let purged = json!({ "event": "account_purged" });
        assert!(about(false, purged.clone()).is_for(&ours));
        assert!(!about(false, purged.clone()).is_for(&theirs));
        assert!(about(true, purged).is_for(&theirs));
        let roles = json!({ "event": "token_claims_change", "claims": { "roles": [] } });
        assert!(about(true, roles.clone()).is_for(&ours));
        assert!(!about(true, roles).is_for(&theirs));
        let scope =
            |client: &str| json!({ "event": "token_claims_change", "client_id": client, "claims": { "scope": "" } });
        assert!(about(true, scope("third")).is_for(&theirs));
        assert!(!about(true, scope("other")).is_for(&theirs), "what others may is not its business");
    }
}
