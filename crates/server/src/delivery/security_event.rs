//! Pushing security events (RFC 8935): a Security Event Token, posted to the receiver's `endpoint_url`.
//!
//! 202 is what the standard knows for taken (§2.2), any other success is as good. Everything else is tried again and stands in the
//! list of deliveries in the receiver's own words (§2.3). One at a time for each stream, the one that is due first: as a rule in
//! their order. But one that failed waits longer each time, and later ones do not wait for it, as one token that a receiver cannot use must
//! not close the stream for a day. Receivers order by `iat`, which is when it happened.

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use symbolon_oauth::OAuthError;
use symbolon_oauth::shared_signals::stream::Delivery as Transport;
use symbolon_store::{Delivery, StoreError, StreamStatus, Transmission};

use super::kind::{Failure, Kind, Sent};
use super::request::{Message, answered};
use crate::app::App;
use crate::outgoing::Answer;
use crate::shared_signals;

/// The kind.
pub(super) struct SecurityEvent;

#[async_trait]
impl Kind for SecurityEvent {
    fn name(&self) -> &'static str {
        Delivery::SECURITY_EVENT
    }

    async fn is_wanted(&self, app: &App, target: &str) -> Result<bool, StoreError> {
        let stream = app.store.stream(target).await?.filter(|stream| stream.transmission == Transmission::Push);
        Ok(stream.is_some_and(|stream| shared_signals::receiver(app, &app.registry(), &stream).is_some()))
    }

    async fn send(&self, app: &App, delivery: &Delivery, now: u64) -> Result<Sent, Failure> {
        match Self::message(app, delivery, now).await? {
            Some(message) => Self::judge(&message.post(app).await?).map(|()| Sent::Arrived),
            None => Ok(Sent::Unwanted),
        }
    }

    fn abreast(&self) -> usize {
        1
    }

    async fn client_id(&self, app: &App, target: &str) -> Result<Option<String>, StoreError> {
        Ok(app.store.stream(target).await?.map(|stream| stream.client_id))
    }

    fn audit_name(&self) -> &'static str {
        "signal"
    }
}

impl SecurityEvent {
    /// The request as it is to be posted now; nothing if the target does not want this one.
    async fn message(app: &App, delivery: &Delivery, _now: u64) -> Result<Option<Message>, Failure> {
        let stream = app.store.stream(&delivery.target).await.map_err(|why| Failure::Unreachable(why.to_string()))?;
        let Some(stream) = stream else { return Ok(None) };
        let registry = app.registry();
        let Some(client) = shared_signals::receiver(app, &registry, &stream) else { return Ok(None) };
        let happened =
            shared_signals::happened(delivery).map_err(|why| Failure::Hopeless(format!("it cannot be read: {why}")))?;
        if !shared_signals::is_wanted(client, &stream, &happened) {
            return Ok(None);
        }
        let about_the_stream = happened.event.event_type().is_none();
        if stream.status != StreamStatus::Enabled && !about_the_stream {
            // Taken at the moment at which it was paused, or put back by hand. The end of the pause brings it.
            return Err(Failure::Refused("the stream is paused".to_owned()));
        }
        let unmade = |_: OAuthError| Failure::Unreachable("the token cannot be made; the log says why".to_owned());
        let config = shared_signals::config(app, &stream).map_err(unmade)?;
        let Transport::Push { endpoint_url, authorization_header } = config.delivery else { return Ok(None) };
        let token = shared_signals::sign(app, &registry, client, &stream, &happened).map_err(unmade)?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/secevent+jwt"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(header) = authorization_header {
            let refused = |_| Failure::Unreachable("its authorization_header is no header".to_owned());
            let mut header = HeaderValue::from_str(&header).map_err(refused)?;
            header.set_sensitive(true);
            headers.insert(AUTHORIZATION, header);
        }
        Ok(Some(Message { url: endpoint_url, headers, body: Bytes::from(token) }))
    }

    fn judge(answer: &Answer) -> Result<(), Failure> {
        if answer.status.is_success() {
            return Ok(());
        }
        let error = SetError::of(&answer.body);
        let text = answered(answer, error.as_ref().map(SetError::words).as_deref());
        // §2.4: what is wrong with this token. What is wrong with us every other one would meet as well.
        let of_this = answer.status == StatusCode::BAD_REQUEST && error.is_none_or(|error| !error.is_about_us());
        Err(if of_this { Failure::Refused(text) } else { Failure::Unreachable(text) })
    }
}

/// What a receiver says of a token it does not take (§2.3).
#[derive(Deserialize)]
struct SetError {
    err: String,
    #[serde(default)]
    description: Option<String>,
}

impl SetError {
    fn of(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    fn words(&self) -> String {
        match &self.description {
            Some(description) => format!("{}: {description}", self.err),
            None => self.err.clone(),
        }
    }

    fn is_about_us(&self) -> bool {
        ["access_denied", "authentication_failed", "invalid_audience", "invalid_issuer"].contains(&self.err.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outgoing::Rest;

    fn judged(status: u16, body: &str) -> Result<(), Failure> {
        let (status, body) = (StatusCode::from_u16(status).unwrap(), Bytes::copy_from_slice(body.as_bytes()));
        SecurityEvent::judge(&Answer { status, headers: HeaderMap::new(), body, rest: Rest::Nothing })
    }

    #[test]
    fn a_token_has_arrived_when_the_receiver_says_so() {
        for status in [202, 200, 204] {
            assert_eq!(judged(status, ""), Ok(()));
        }
        let refused = |status, body| match judged(status, body) {
            Err(Failure::Refused(text)) => text,
            other => panic!("{status} {body}: {other:?}"),
        };
        assert_eq!(
            refused(400, r#"{"err":"invalid_key","description":"no key"}"#),
            "answered 400: invalid_key: no key"
        );
        assert_eq!(refused(400, "oops"), "answered 400");
        for (status, body) in [
            (400, r#"{"err":"access_denied"}"#),
            (400, r#"{"err":"invalid_audience","description":"x"}"#),
            (401, ""),
            (403, r#"{"err":"invalid_key"}"#),
            (302, ""),
            (404, ""),
            (503, ""),
        ] {
            assert!(matches!(judged(status, body), Err(Failure::Unreachable(_))), "{status} {body}");
        }
    }
}
