//! Security Event Tokens (RFC 8417 §2, Shared Signals Framework 1.0 §4): what a receiver is sent.
//!
//! A token is made anew for each attempt to tell an event, always the same: its `jti` and times are the event's. It has no `exp` and
//! no `sub` (§4.1.3), so that it cannot be taken for another kind of token.

use serde::Serialize;
use serde_json::{Map, Value, json};
use symbolon_jose::{Algorithm, base64url, sha256};

use super::event::{Event, Happened};
use super::subject::SubjectId;
use crate::ids::Issuer;
use crate::pairwise::Pairwise;
use crate::registration::Client;

/// The header's `typ` (§4.1.1).
pub const TYP: &str = "secevent+jwt";

/// What a token is signed with: what every receiver knows (CAEP Interoperability Profile 1.0 §2.6).
pub const ALG: Algorithm = Algorithm::RS256;

/// The claims. Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SetClaims {
    /// Who tells it.
    pub iss: String,
    /// The receiver's client.
    pub aud: String,
    /// Its id, the same each time it is told.
    pub jti: String,
    /// When it happened, which is when it was written down.
    pub iat: u64,
    /// What it has in common with others that one operation brought about.
    pub txn: String,
    /// Whom it is about.
    pub sub_id: SubjectId,
    /// What happened: one member, named by the URI of the type.
    pub events: Map<String, Value>,
}

/// Which stream tells it.
#[derive(Clone, Copy, Debug)]
pub struct Telling<'a> {
    /// The transmitter.
    pub issuer: &'a Issuer,
    /// The receiver's client.
    pub client: &'a Client,
    /// What users are called towards it.
    pub pairwise: &'a Pairwise,
    /// The stream.
    pub stream_id: &'a str,
    /// Something of this installation that nobody else has, for the `txn`.
    pub epoch: &'a str,
}

/// The token of an event.
#[must_use]
pub fn plan(telling: Telling<'_>, happened: &Happened) -> SetClaims {
    let Telling { issuer, client, pairwise: _, stream_id, epoch } = telling;
    let events = Map::from_iter([(happened.event.uri().to_owned(), Value::Object(body(happened)))]);
    SetClaims {
        iss: issuer.as_str().to_owned(),
        aud: client.client_id.as_str().to_owned(),
        jti: jti(stream_id, happened.number),
        iat: happened.at,
        txn: txn(epoch, happened.cause),
        sub_id: subject(&telling, &happened.event),
        events,
    }
}

/// The id of an event on a stream.
#[must_use]
pub fn jti(stream_id: &str, number: u64) -> String {
    format!("{stream_id}.{number}")
}

/// The number of the event with this id, if it is one of this stream.
#[must_use]
pub fn number(stream_id: &str, jti: &str) -> Option<u64> {
    let number = jti.strip_prefix(stream_id)?.strip_prefix('.')?;
    let canonical = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
    if canonical { number.parse().ok() } else { None }
}

/// "it MUST be unique to the underlying event that caused" it (§4.1.9). Hashed, so that it tells nobody how much else happened.
fn txn(epoch: &str, cause: u64) -> String {
    base64url::encode(&sha256(format!("{epoch}:{cause}").as_bytes())[..16])
}

fn subject(telling: &Telling<'_>, event: &Event) -> SubjectId {
    let Telling { issuer, client, pairwise, stream_id, epoch: _ } = telling;
    // RFC 9493 §3.2.3: as in the receiver's own ID tokens.
    let user = |sub: &str| SubjectId::IssSub { iss: issuer.as_str().to_owned(), sub: pairwise.subject(client, sub) };
    let complex = |sub: &str, session: Option<&str>, application: Option<&str>| SubjectId::Complex {
        user: Box::new(user(sub)),
        session: session.map(|id| Box::new(SubjectId::opaque(id))),
        application: application.map(|id| Box::new(SubjectId::opaque(id))),
    };
    match event {
        Event::SessionRevoked { sub, sid: Some(sid), .. } => complex(sub, Some(&pairwise.session(client, sid)), None),
        Event::TokenClaimsChange { sub, client_id: Some(client_id), .. } => complex(sub, None, Some(client_id)),
        Event::AccountDisabled { sub }
        | Event::AccountPurged { sub }
        | Event::CredentialChange { sub, .. }
        | Event::SessionRevoked { sub, .. }
        | Event::TokenClaimsChange { sub, .. } => user(sub),
        // Shared Signals Framework 1.0 §8.1.4.1, §8.1.5: about the stream itself.
        Event::StreamUpdated { .. } | Event::Verification { .. } => SubjectId::opaque(stream_id),
    }
}

fn body(happened: &Happened) -> Map<String, Value> {
    let mut body = Map::new();
    let mut say = |name: &str, value: Value| body.insert(name.to_owned(), value);
    match &happened.event {
        // RISC 1.0 §2.2 and §2.3: the reasons it knows are none of ours.
        Event::AccountDisabled { .. } | Event::AccountPurged { .. } => return body,
        Event::CredentialChange { change, credential_type, .. } => {
            say("credential_type", credential_type.as_deref().unwrap_or("password").into());
            say("change_type", change.as_str().into());
        }
        Event::SessionRevoked { why, sid, .. } => {
            if let Some(entity) = why.as_deref().and_then(|why| initiating_entity(why, sid.is_some())) {
                say("initiating_entity", entity.into());
            }
            if let Some(why) = why {
                say("reason_admin", json!({ "en": why }));
            }
        }
        Event::StreamUpdated { status, reason } => {
            say("status", json!(status));
            if let Some(reason) = reason {
                say("reason", reason.as_str().into());
            }
            return body;
        }
        Event::TokenClaimsChange { claims, .. } => {
            say("claims", Value::Object(claims.clone()));
        }
        Event::Verification { state } => {
            if let Some(state) = state {
                say("state", state.as_str().into());
            }
            return body;
        }
    }
    say("event_timestamp", happened.at.into());
    body
}

/// Who brought it about, as far as the reason tells (CAEP 1.0 §2).
fn initiating_entity(why: &str, one_session: bool) -> Option<&'static str> {
    match why {
        "admin" | "user_blocked" | "user_deleted" => Some("admin"),
        "signed_out" | "superseded" if one_session => Some("user"),
        "code_replayed" | "refresh_token_reused" => Some("policy"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ClientId;
    use crate::testing::{self, issuer};

    fn told(what: Value) -> Value {
        told_to(&Client { client_id: ClientId::parse("hub").unwrap(), ..testing::machine() }, what)
    }

    fn told_to(client: &Client, what: Value) -> Value {
        let mut value = what;
        for (name, number) in [("number", 3), ("at", 1_700), ("cause", 9)] {
            value[name] = number.into();
        }
        let happened: Happened = serde_json::from_value(value).unwrap();
        let issuer = issuer();
        let pairwise = &testing::names();
        let telling = Telling { issuer: &issuer, client, pairwise, stream_id: "st", epoch: "e" };
        serde_json::to_value(plan(telling, &happened)).unwrap()
    }

    #[test]
    fn a_user_is_called_as_in_the_receivers_id_tokens_core_8_1() {
        let client = testing::pairwise(testing::third_party());
        let set = told_to(&client, json!({ "event": "session_revoked", "sub": "usr_1", "sid": "s1", "knows": true }));
        let names = testing::names();
        assert_eq!(set["sub_id"]["user"]["sub"], names.subject(&client, "usr_1"));
        assert_eq!(set["sub_id"]["session"]["id"], names.session(&client, "s1"));
    }

    /// §4.1.3: neither `sub` nor `exp` nor anything else that another token has.
    #[test]
    fn a_token_has_exactly_the_claims_of_the_profile() {
        let set = told(
            json!({ "event": "session_revoked", "sub": "usr_1", "sid": "s1", "why": "signed_out", "knows": true }),
        );
        assert_eq!(
            set,
            json!({
                "iss": "https://auth.example",
                "aud": "hub",
                "jti": "st.3",
                "iat": 1_700,
                "txn": set["txn"],
                "sub_id": {
                    "format": "complex",
                    "user": { "format": "iss_sub", "iss": "https://auth.example", "sub": "usr_1" },
                    "session": { "format": "opaque", "id": "s1" },
                },
                "events": {
                    "https://schemas.openid.net/secevent/caep/event-type/session-revoked": {
                        "event_timestamp": 1_700,
                        "initiating_entity": "user",
                        "reason_admin": { "en": "signed_out" },
                    },
                },
            })
        );
        assert_eq!(set["txn"].as_str().unwrap().len(), 22);
    }

    #[test]
    fn each_type_says_what_its_specification_asks_for() {
        let user = json!({ "format": "iss_sub", "iss": "https://auth.example", "sub": "u" });
        let application =
            json!({ "format": "complex", "user": user, "application": { "format": "opaque", "id": "web" } });
        let stream = json!({ "format": "opaque", "id": "st" });
        let caep = "https://schemas.openid.net/secevent/caep/event-type";
        let risc = "https://schemas.openid.net/secevent/risc/event-type";
        let ssf = "https://schemas.openid.net/secevent/ssf/event-type";
        for (what, subject, uri, body) in [
            (
                json!({ "event": "session_revoked", "sub": "u", "why": "password_changed" }),
                &user,
                format!("{caep}/session-revoked"),
                json!({ "event_timestamp": 1_700, "reason_admin": { "en": "password_changed" } }),
            ),
            (
                json!({ "event": "credential_change", "sub": "u", "change": "update" }),
                &user,
                format!("{caep}/credential-change"),
                json!({ "event_timestamp": 1_700, "credential_type": "password", "change_type": "update" }),
            ),
            (
                json!({ "event": "credential_change", "sub": "u", "change": "delete", "credential_type": "app" }),
                &user,
                format!("{caep}/credential-change"),
                json!({ "event_timestamp": 1_700, "credential_type": "app", "change_type": "delete" }),
            ),
            (
                json!({ "event": "token_claims_change", "sub": "u", "claims": { "roles": ["a"] } }),
                &user,
                format!("{caep}/token-claims-change"),
                json!({ "event_timestamp": 1_700, "claims": { "roles": ["a"] } }),
            ),
            (
                json!({ "event": "token_claims_change", "sub": "u", "client_id": "web", "claims": { "scope": "" } }),
                &application,
                format!("{caep}/token-claims-change"),
                json!({ "event_timestamp": 1_700, "claims": { "scope": "" } }),
            ),
            (json!({ "event": "account_disabled", "sub": "u" }), &user, format!("{risc}/account-disabled"), json!({})),
            (json!({ "event": "account_purged", "sub": "u" }), &user, format!("{risc}/account-purged"), json!({})),
            (
                json!({ "event": "verification", "state": "xyz" }),
                &stream,
                format!("{ssf}/verification"),
                json!({ "state": "xyz" }),
            ),
            (json!({ "event": "verification" }), &stream, format!("{ssf}/verification"), json!({})),
            (
                json!({ "event": "stream_updated", "status": "paused", "reason": "full" }),
                &stream,
                format!("{ssf}/stream-updated"),
                json!({ "status": "paused", "reason": "full" }),
            ),
        ] {
            let set = told(what.clone());
            assert_eq!((&set["sub_id"], &set["events"]), (subject, &json!({ uri: body })), "{what}");
        }
    }

    #[test]
    fn who_brought_it_about_is_told_where_it_is_known() {
        for (why, one_session, expected) in [
            ("admin", true, Some("admin")),
            ("signed_out", true, Some("user")),
            ("signed_out", false, None),
            ("refresh_token_reused", true, Some("policy")),
            ("password_changed", false, None),
        ] {
            assert_eq!(initiating_entity(why, one_session), expected, "{why}");
        }
    }

    #[test]
    fn an_id_leads_back_to_its_event_and_to_no_other_streams() {
        assert_eq!(number("st", &jti("st", 17)), Some(17));
        for other in
            ["st", "st.", "st.0", "st.017", "st.+1", "st.1 ", "st.-1", "sta.1", "x.1", "st.99999999999999999999", ""]
        {
            assert_eq!(number("st", other), None, "{other}");
        }
    }

    #[test]
    fn one_cause_is_one_txn() {
        assert_eq!(txn("e", 1), txn("e", 1));
        assert_ne!(txn("e", 1), txn("e", 2));
        assert_ne!(txn("e", 1), txn("f", 1));
    }
}
