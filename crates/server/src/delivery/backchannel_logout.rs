//! Telling a client that a session has ended (OpenID Connect Back-Channel Logout 1.0 §2.5): a form with a logout token, posted to
//! its `backchannel_logout_uri`. Each attempt has a token of its own, as one counts for two minutes only.
//!
//! §2.8 knows 200 for done (204 is as good) and 400 for a request that was invalid as well as for a logout that failed. The
//! two cannot be told apart, and the first may pass too (a key set that was cached, a clock that was wrong), so 400 is tried again
//! like every other failure; what it says of itself stands in the list of deliveries.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;
use serde_json::Value;
use symbolon_oauth::logout_token::{self, SignOut};
use symbolon_store::{AuditEvent, Delivery};
use url::form_urlencoded::Serializer;

use super::kind::{Fate, Kind, Message};
use crate::app::App;
use crate::outgoing::Answer;
use crate::rng::SystemRng;

/// The longest text taken from a client's answer.
const MAX_WORDS: usize = 200;

/// The kind.
pub(super) struct BackchannelLogout;

impl Kind for BackchannelLogout {
    fn name(&self) -> &'static str {
        Delivery::BACKCHANNEL_LOGOUT
    }

    fn is_wanted(&self, app: &App, target: &str) -> bool {
        let registry = app.registry();
        registry.client(target).is_some_and(|client| !client.disabled && client.backchannel_logout_uri.is_some())
    }

    fn message(&self, app: &App, delivery: &Delivery, now: u64) -> Result<Option<Message>, String> {
        let registry = app.registry();
        let Some(client) = registry.client(&delivery.target) else { return Ok(None) };
        let ended = SignOut::deserialize(&delivery.payload).map_err(|why| format!("it cannot be read: {why}"))?;
        let mut rng = SystemRng;
        let Some(plan) = logout_token::plan(&mut app.context(now, &mut rng), client, &ended) else { return Ok(None) };
        let signed = registry.sign(plan.alg, logout_token::TYP, &plan.claims);
        let token = signed.map_err(|why| format!("the token cannot be signed: {why}"))?;
        let body = Serializer::new(String::new()).append_pair("logout_token", &token).finish();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        Ok(Some(Message { url: plan.uri, headers, body: Bytes::from(body) }))
    }

    fn explain(&self, answer: &Answer) -> Option<String> {
        #[derive(Deserialize)]
        struct Error {
            error: String,
            #[serde(default)]
            error_description: Option<String>,
        }
        let Error { error, error_description } = serde_json::from_slice(&answer.body).ok()?;
        let text = match error_description {
            Some(description) => format!("{error}: {description}"),
            None => error,
        };
        let printable = text.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' });
        Some(printable.take(MAX_WORDS).collect())
    }

    fn event(&self, delivery: &Delivery, fate: Fate) -> AuditEvent {
        let (name, outcome) = match fate {
            Fate::Delivered => ("logout.delivered", "success"),
            Fate::Failed => ("logout.delivery_failed", "failure"),
            Fate::GivenUp => ("logout.delivery_given_up", "failure"),
        };
        let text = |member: &str| delivery.payload.get(member).and_then(Value::as_str).map(str::to_owned);
        AuditEvent {
            at: 0,
            name: name.to_owned(),
            outcome: outcome.to_owned(),
            actor: None,
            user_id: text("sub"),
            client_id: Some(delivery.target.clone()),
            sid: text("sid"),
            address: None,
            request_id: None,
            detail: Value::Null,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outgoing::Rest;
    use http::StatusCode;

    fn explained(body: &str) -> Option<String> {
        let body = Bytes::copy_from_slice(body.as_bytes());
        let answer = Answer { status: StatusCode::BAD_REQUEST, headers: HeaderMap::new(), body, rest: Rest::Nothing };
        BackchannelLogout.explain(&answer)
    }

    /// §2.8: "The response MAY include … a JSON object with error and error_description".
    #[test]
    fn a_clients_reason_is_told_bounded_and_printable() {
        assert_eq!(explained(r#"{"error":"invalid_request"}"#).as_deref(), Some("invalid_request"));
        assert_eq!(explained(r#"{"error":"a","error_description":"b c"}"#).as_deref(), Some("a: b c"));
        assert_eq!(explained("{\"error\":\"a\\u001b[2J\\nb\\u202e\"}").as_deref(), Some("a?[2J?b?"));
        assert_eq!(explained(&format!(r#"{{"error":"{}"}}"#, "x".repeat(900))).unwrap().len(), MAX_WORDS);
        for other in ["", "<html>", "[]", r#"{"error":7}"#, r#"{"error":"cut"#] {
            assert_eq!(explained(other), None, "{other}");
        }
    }
}
