//! What is told of ends: the payloads of security events and of sign-outs, and who may hear of what. Rules only, the same for every engine.

use serde::Deserialize;
use serde_json::{Value, json};

use super::place::STREAM_UPDATED;
use super::{NewStreamStatus, with_loss};

/// Something that happened to a user.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    /// The event's name.
    pub(crate) event: &'static str,
    what: Value,
}

/// What the events of one operation share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin<'a> {
    /// Whom it happened to.
    pub(crate) user_id: &'a str,
    /// When.
    pub(crate) at: u64,
    /// No other operation that tells something has the same.
    pub(crate) cause: u64,
}

impl Told {
    /// Something has ended: one session, or whatever the user had.
    pub(crate) fn session_revoked(sid: Option<&str>, why: &str) -> Self {
        let what = match sid {
            Some(sid) => json!({ "sid": sid, "why": why }),
            None => json!({ "why": why }),
        };
        Self { event: "session_revoked", what }
    }

    /// The password is another one, or is there at all.
    pub(crate) fn credential_change(change: &str) -> Self {
        Self { event: "credential_change", what: json!({ "change": change }) }
    }

    /// Something beside the password is there, or is no more.
    pub(crate) fn factor_change(credential_type: &str, change: &str) -> Self {
        let what = json!({ "change": change, "credential_type": credential_type });
        Self { event: "credential_change", what }
    }

    /// The user has other roles.
    pub(crate) fn roles_change(roles: &Value) -> Self {
        Self { event: "token_claims_change", what: json!({ "claims": { "roles": roles } }) }
    }

    /// A client has no scope left.
    pub(crate) fn scope_change(client_id: &str) -> Self {
        Self { event: "token_claims_change", what: json!({ "client_id": client_id, "claims": { "scope": "" } }) }
    }

    /// The user is blocked.
    pub(crate) fn account_disabled() -> Self {
        Self { event: "account_disabled", what: json!({}) }
    }

    /// The user is deleted.
    pub(crate) fn account_purged() -> Self {
        Self { event: "account_purged", what: json!({}) }
    }

    /// What a third party may not hear of is judged again when it goes out; but it must not take room on its stream, nor a number there, which
    /// would tell how much happens to others.
    pub(crate) fn may_reach(&self, party: Party, client_id: &str, knows: bool) -> bool {
        // Of their claims, a third party hears of those of its own tokens.
        let is_its_own = self.event != "token_claims_change" || self.what["client_id"] == client_id;
        party == Party::First || (knows && is_its_own)
    }

    /// The payload. `knows` is told as a fact, as it may not be known any more when the event goes out.
    pub(crate) fn payload(&self, origin: Origin<'_>, knows: bool) -> Value {
        let mut payload = self.what.clone();
        payload["event"] = self.event.into();
        payload["sub"] = origin.user_id.into();
        payload["at"] = origin.at.into();
        payload["cause"] = origin.cause.into();
        payload["knows"] = knows.into();
        payload
    }
}

/// Whose program a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Party {
    /// The operator's own.
    First,
    /// Somebody else's.
    Third,
}

/// What a client's document says about what it may hear.
#[derive(Debug, Deserialize)]
struct ClientDocument {
    #[serde(default)]
    first_party: bool,
    #[serde(default)]
    disabled: bool,
}

impl Party {
    /// Of the client with this document. `None` for one that is disabled and hears nothing.
    pub(crate) fn of_client(document: &str) -> serde_json::Result<Option<Self>> {
        let client: ClientDocument = serde_json::from_str(document)?;
        let party = if client.first_party { Self::First } else { Self::Third };
        Ok((!client.disabled).then_some(party))
    }
}

/// The receiver of a stream asked for a sign of life.
pub(crate) const VERIFICATION: &str = "verification";

/// The payload of a [`VERIFICATION`].
pub(crate) fn verification(state: Option<&str>, at: u64, cause: u64) -> Value {
    json!({ "event": VERIFICATION, "at": at, "cause": cause, "state": state })
}

/// The payload of what tells the receiver of a stream that this side has changed its status. "the Transmitter MUST send this event to the Receiver
/// before stopping the stream" (Shared Signals Framework 1.0 §8.1.5), so it goes out whatever the status is then.
pub(crate) fn stream_updated(new: &NewStreamStatus, lost: u64, at: u64, cause: u64) -> Value {
    let mut event = json!({ "event": STREAM_UPDATED, "at": at, "cause": cause, "status": new.status });
    if let Some(reason) = with_loss(new.reason.as_deref(), lost) {
        event["reason"] = reason.into();
    }
    event
}

/// The payload of what tells a client that a session, or all a user had, is over.
pub(crate) fn logout(user_id: &str, sid: Option<&str>) -> Value {
    match sid {
        Some(sid) => json!({ "sub": user_id, "sid": sid }),
        None => json!({ "sub": user_id }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_party_hears_of_people_it_knows_and_of_its_own_tokens() {
        let (ended, scope, roles) =
            (Told::session_revoked(None, "admin"), Told::scope_change("own"), Told::roles_change(&json!(["reader"])));
        for told in [&ended, &scope, &roles] {
            assert!(told.may_reach(Party::First, "hub", false));
            assert!(!told.may_reach(Party::Third, "own", false));
            assert!(!told.may_reach(Party::Third, "other", true) || told.event == "session_revoked");
        }
        assert!(ended.may_reach(Party::Third, "own", true) && scope.may_reach(Party::Third, "own", true));
        assert!(!roles.may_reach(Party::Third, "own", true));
    }

    #[test]
    fn a_client_is_a_third_party_unless_its_document_says_otherwise() {
        let of = |document| Party::of_client(document).unwrap();
        assert_eq!(of(r#"{"name":"\u0000"}"#), Some(Party::Third));
        assert_eq!(of(r#"{"first_party":true}"#), Some(Party::First));
        assert_eq!(of(r#"{"first_party":true,"disabled":true}"#), None);
        assert!(Party::of_client("[").is_err());
    }
}
