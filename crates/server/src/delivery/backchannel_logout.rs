//! Telling a client that a session has ended (OpenID Connect Back-Channel Logout 1.0 §2.5): a form with a logout token, posted to
//! its `backchannel_logout_uri`. Each attempt has a token of its own, as one counts for two minutes only.
//!
//! §2.8 knows 200 for done (204 is as good) and 400 for a request that was invalid as well as for a logout that failed. The
//! two cannot be told apart, and the first may pass too (a key set that was cached, a clock that was wrong), so 400 is tried again
//! like every other failure, which §2.5 allows where a failure may pass; what it says of itself stands in the list of deliveries.

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use symbolon_oauth::logout_token::{self, SignOut};
use symbolon_store::{Delivery, StoreError};
use url::form_urlencoded::Serializer;

use super::kind::{Failure, Kind, Sent};
use super::request::{Message, answered};
use crate::app::App;
use crate::outgoing::Answer;
use crate::rng::SystemRng;

/// The kind.
pub(super) struct BackchannelLogout;

#[async_trait]
impl Kind for BackchannelLogout {
    fn name(&self) -> &'static str {
        Delivery::BACKCHANNEL_LOGOUT
    }

    async fn is_wanted(&self, app: &App, target: &str) -> Result<bool, StoreError> {
        let registry = app.registry();
        Ok(registry.client(target).is_some_and(|client| !client.disabled && client.backchannel_logout_uri.is_some()))
    }

    async fn send(&self, app: &App, delivery: &Delivery, now: u64) -> Result<Sent, Failure> {
        match Self::message(app, delivery, now)? {
            Some(message) => Self::judge(&message.post(app).await?).map(|()| Sent::Arrived),
            None => Ok(Sent::Unwanted),
        }
    }

    async fn client_id(&self, _app: &App, target: &str) -> Result<Option<String>, StoreError> {
        Ok(Some(target.to_owned()))
    }

    fn audit_name(&self) -> &'static str {
        "logout"
    }
}

impl BackchannelLogout {
    /// The request as it is to be posted now; nothing if the target does not want this one.
    fn message(app: &App, delivery: &Delivery, now: u64) -> Result<Option<Message>, Failure> {
        let registry = app.registry();
        let Some(client) = registry.client(&delivery.target) else { return Ok(None) };
        let ended = SignOut::deserialize(&delivery.payload)
            .map_err(|why| Failure::Hopeless(format!("it cannot be read: {why}")))?;
        let mut rng = SystemRng;
        let Some(plan) = logout_token::plan(&mut app.context(now, &mut rng), client, &ended) else { return Ok(None) };
        let signed = registry.sign_for(&plan.claims.aud, plan.alg, logout_token::TYP, &plan.claims);
        let token = signed.map_err(|why| Failure::Refused(format!("the token cannot be signed: {why}")))?;
        let body = Serializer::new(String::new()).append_pair("logout_token", &token).finish();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        Ok(Some(Message { url: plan.uri, headers, body: Bytes::from(body) }))
    }

    fn judge(answer: &Answer) -> Result<(), Failure> {
        if answer.status.is_success() {
            return Ok(());
        }
        let text = answered(answer, reason(&answer.body).as_deref());
        // 400 is about what was sent. Everything else every message would meet.
        Err(if answer.status == StatusCode::BAD_REQUEST { Failure::Refused(text) } else { Failure::Unreachable(text) })
    }
}

/// §2.8: "The response MAY include … a JSON object with error and error_description".
fn reason(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Error {
        error: String,
        #[serde(default)]
        error_description: Option<String>,
    }
    let Error { error, error_description } = serde_json::from_slice(body).ok()?;
    Some(match error_description {
        Some(description) => format!("{error}: {description}"),
        None => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outgoing::Rest;

    fn judged(status: u16, body: &str) -> Result<(), Failure> {
        let (status, body) = (StatusCode::from_u16(status).unwrap(), Bytes::copy_from_slice(body.as_bytes()));
        BackchannelLogout::judge(&Answer { status, headers: HeaderMap::new(), body, rest: Rest::Nothing })
    }

    /// §2.8: "If the logout succeeded, the RP MUST respond with HTTP 200 OK. However, note that some Web frameworks will
    /// substitute an HTTP 204 No Content".
    #[test]
    fn success_is_success_400_is_about_this_message_and_the_rest_about_the_client() {
        assert_eq!(judged(200, ""), Ok(()));
        assert_eq!(judged(204, ""), Ok(()));
        assert_eq!(judged(400, ""), Err(Failure::Refused("answered 400".to_owned())));
        for status in [100, 301, 307, 401, 404, 429, 500, 503] {
            assert!(matches!(judged(status, ""), Err(Failure::Unreachable(_))), "{status}");
        }
    }

    #[test]
    fn a_clients_reason_is_told() {
        let refused = |text: &str| Err(Failure::Refused(format!("answered 400{text}")));
        assert_eq!(judged(400, r#"{"error":"invalid_request"}"#), refused(": invalid_request"));
        assert_eq!(judged(400, r#"{"error":"a","error_description":"b c"}"#), refused(": a: b c"));
        for other in ["", "<html>", "[]", r#"{"error":7}"#, r#"{"error":"cut"#] {
            assert_eq!(judged(400, other), refused(""), "{other}");
        }
    }
}
