//! The configuration of a stream (Shared Signals Framework 1.0 §8.1.1): what a receiver may ask for, and what it is shown.
//!
//! Refuses endpoints that could not be posted to, and changes to what is not the receiver's to change.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use super::event::EventType;
use super::status::MIN_VERIFICATION_INTERVAL_SECS;
use super::{POLL, PUSH, Refusal, shortened};
use crate::endpoint::path;
use crate::ids::Issuer;
use crate::json;
use crate::redirect_uri::check_registration;
use crate::registration::ClientKind;

/// The longest description that is kept.
const MAX_DESCRIPTION_CHARS: usize = 300;
/// At most so many types of event may be asked for, known or not.
const MAX_EVENTS: usize = 100;
/// The longest URI of a type.
const MAX_EVENT_BYTES: usize = 300;
/// The longest authorization header that is sent along.
const MAX_HEADER_BYTES: usize = 4096;

/// What a receiver wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamConfig {
    /// How its events get there.
    pub delivery: Delivery,
    /// The types it asks for, by URI, as it wrote them.
    pub events_requested: Vec<String>,
    /// What it calls the stream.
    pub description: Option<String>,
}

/// How events get to a receiver (§6.1). `Debug` shows no secret.
#[derive(Clone, PartialEq, Eq)]
pub enum Delivery {
    /// It comes for them.
    Poll,
    /// They are posted to it.
    Push {
        /// Where to.
        endpoint_url: String,
        /// What to show there.
        authorization_header: Option<Zeroizing<String>>,
    },
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Poll => f.write_str("Poll"),
            Self::Push { endpoint_url, authorization_header: _ } => {
                f.debug_struct("Push").field("endpoint_url", endpoint_url).finish_non_exhaustive()
            }
        }
    }
}

/// What of a stream's configuration comes from this side.
#[derive(Clone, Copy, Debug)]
pub struct Supplied<'a> {
    /// The transmitter.
    pub issuer: &'a Issuer,
    /// The receiver's client.
    pub client_id: &'a str,
    /// The stream.
    pub stream_id: &'a str,
}

/// A request about a stream, as it came.
#[derive(Clone, Deserialize)]
pub struct StreamRequest {
    #[serde(default)]
    stream_id: Option<String>,
    #[serde(default)]
    iss: Option<String>,
    #[serde(default)]
    aud: Option<Value>,
    #[serde(default)]
    events_supported: Option<BTreeSet<String>>,
    #[serde(default)]
    events_requested: Option<Vec<String>>,
    #[serde(default)]
    events_delivered: Option<BTreeSet<String>>,
    #[serde(default)]
    delivery: Option<DeliveryRequest>,
    #[serde(default)]
    min_verification_interval: Option<u64>,
    #[serde(default)]
    description: Option<String>,
}

#[derive(Clone, Deserialize)]
struct DeliveryRequest {
    method: String,
    #[serde(default)]
    endpoint_url: Option<String>,
    #[serde(default)]
    authorization_header: Option<Zeroizing<String>>,
}

impl fmt::Debug for StreamRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamRequest").field("stream_id", &self.stream_id).finish_non_exhaustive()
    }
}

impl StreamRequest {
    /// Reads it.
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        json::strict(body).ok_or(Refusal::Invalid("the body is no stream configuration"))
    }

    /// Which stream is meant.
    pub fn stream_id(&self) -> Result<&str, Refusal> {
        self.stream_id.as_deref().ok_or(Refusal::Invalid("stream_id is missing"))
    }

    /// A new stream (§8.1.1.1). What is not the receiver's to say is ignored.
    pub fn create(self) -> Result<StreamConfig, Refusal> {
        Ok(StreamConfig {
            delivery: self.delivery.map_or(Ok(Delivery::Poll), Delivery::of)?,
            events_requested: self.events_requested.map_or(Ok(Vec::new()), checked)?,
            description: described(self.description),
        })
    }

    /// What changes, the rest stays (§8.1.1.3).
    pub fn update(self, supplied: Supplied<'_>, present: &StreamConfig) -> Result<StreamConfig, Refusal> {
        self.matches(supplied, present)?;
        let kept = present.clone();
        Ok(StreamConfig {
            delivery: self.delivery.map_or(Ok(kept.delivery), Delivery::of)?,
            events_requested: self.events_requested.map_or(Ok(kept.events_requested), checked)?,
            description: if self.description.is_some() { described(self.description) } else { kept.description },
        })
    }

    /// What it is from now on, what is missing is gone (§8.1.1.4).
    pub fn replace(self, supplied: Supplied<'_>, present: &StreamConfig) -> Result<StreamConfig, Refusal> {
        self.matches(supplied, present)?;
        self.create()
    }

    /// "Transmitter-Supplied properties … MAY be present, but they MUST match the expected value".
    fn matches(&self, supplied: Supplied<'_>, present: &StreamConfig) -> Result<(), Refusal> {
        let uris = |types: &[EventType]| types.iter().map(|event_type| event_type.uri().to_owned()).collect();
        let (all, delivered): (BTreeSet<String>, BTreeSet<String>) =
            (uris(EventType::ALL), uris(&present.events_delivered()));
        let aud = |aud: &Value| match aud {
            Value::Array(several) => matches!(&several[..], [only] if only == supplied.client_id),
            one => one == supplied.client_id,
        };
        let wrong = [
            (self.iss.as_ref().is_none_or(|iss| iss == supplied.issuer.as_str()), "iss is not the transmitter's"),
            (self.aud.as_ref().is_none_or(aud), "aud cannot be changed"),
            (self.events_supported.as_ref().is_none_or(|it| *it == all), "events_supported is not the transmitter's"),
            (
                self.events_delivered.as_ref().is_none_or(|it| *it == delivered),
                "events_delivered is not what it was before this change",
            ),
            (
                self.min_verification_interval.is_none_or(|it| it == MIN_VERIFICATION_INTERVAL_SECS),
                "min_verification_interval is not the transmitter's",
            ),
        ];
        match wrong.into_iter().find(|(right, _)| !right) {
            None => Ok(()),
            Some((_, why)) => Err(Refusal::Invalid(why)),
        }
    }
}

impl Delivery {
    fn of(request: DeliveryRequest) -> Result<Self, Refusal> {
        let DeliveryRequest { method, endpoint_url, authorization_header } = request;
        match method.as_str() {
            // Where to poll this side says.
            POLL => Ok(Self::Poll),
            PUSH => {
                let endpoint_url = endpoint_url.ok_or(Refusal::Invalid("endpoint_url is missing"))?;
                check_registration(&endpoint_url, ClientKind::Web)
                    .map_err(|_| Refusal::Invalid("endpoint_url must be an https URL without fragment"))?;
                if authorization_header.as_ref().is_some_and(|header| !is_header(header)) {
                    return Err(Refusal::Invalid("authorization_header is no value of a header"));
                }
                Ok(Self::Push { endpoint_url, authorization_header })
            }
            _ => Err(Refusal::Invalid("the delivery method is neither push (RFC 8935) nor poll (RFC 8936)")),
        }
    }
}

/// Printable ASCII (RFC 9110 §5.5), so that nothing can be put behind it.
fn is_header(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    (1..=MAX_HEADER_BYTES).contains(&text.len()) && text.bytes().all(inner) && text.trim() == text
}

fn checked(events: Vec<String>) -> Result<Vec<String>, Refusal> {
    if events.len() > MAX_EVENTS || events.iter().any(|event| event.len() > MAX_EVENT_BYTES) {
        return Err(Refusal::Invalid("events_requested is too long"));
    }
    Ok(events)
}

fn described(text: Option<String>) -> Option<String> {
    text.map(|text| shortened(&text, MAX_DESCRIPTION_CHARS)).filter(|text| !text.is_empty())
}

impl StreamConfig {
    /// The types it is told of: of those it asked for, those there are.
    #[must_use]
    pub fn events_delivered(&self) -> Vec<EventType> {
        let asked = |event_type: &EventType| self.events_requested.iter().any(|uri| uri == event_type.uri());
        EventType::ALL.iter().copied().filter(asked).collect()
    }

    /// What its receiver is shown of it.
    #[must_use]
    pub fn view(&self, supplied: Supplied<'_>, secrets: Secrets) -> StreamView {
        let (method, endpoint_url, authorization_header) = match &self.delivery {
            Delivery::Poll => (POLL, poll_endpoint(supplied.issuer, supplied.stream_id), None),
            Delivery::Push { endpoint_url, authorization_header } => {
                (PUSH, endpoint_url.clone(), authorization_header.clone())
            }
        };
        StreamView {
            stream_id: supplied.stream_id.to_owned(),
            iss: supplied.issuer.as_str().to_owned(),
            aud: supplied.client_id.to_owned(),
            events_supported: EventType::ALL,
            events_requested: self.events_requested.clone(),
            events_delivered: self.events_delivered(),
            delivery: DeliveryView {
                method,
                endpoint_url,
                authorization_header: authorization_header.filter(|_| secrets == Secrets::Shown),
            },
            min_verification_interval: MIN_VERIFICATION_INTERVAL_SECS,
            description: self.description.clone(),
        }
    }
}

/// Whether a receiver sees what it gave us to show at its endpoint: to write back what it read it has to, to read it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// It does not.
    Hidden,
    /// It does.
    Shown,
}

/// Where a stream is polled.
#[must_use]
pub fn poll_endpoint(issuer: &Issuer, stream_id: &str) -> String {
    issuer.endpoint(&format!("{}/{stream_id}", path::SSF_POLL))
}

/// A stream, as its receiver is shown it.
#[derive(Clone, Serialize)]
#[expect(missing_docs, reason = "every member is named and defined by Shared Signals Framework 1.0 §8.1.1")]
#[expect(missing_debug_implementations, reason = "it may hold the receiver's secret")]
pub struct StreamView {
    pub stream_id: String,
    pub iss: String,
    pub aud: String,
    pub events_supported: &'static [EventType],
    pub events_requested: Vec<String>,
    pub events_delivered: Vec<EventType>,
    pub delivery: DeliveryView,
    pub min_verification_interval: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// How its events get there, as its receiver is shown it.
#[derive(Clone, Serialize)]
#[expect(missing_docs, reason = "every member is named and defined by Shared Signals Framework 1.0 §6.1")]
#[expect(missing_debug_implementations, reason = "it may hold the receiver's secret")]
pub struct DeliveryView {
    pub method: &'static str,
    pub endpoint_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_header: Option<Zeroizing<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::issuer;
    use serde_json::json;

    const REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
    const PURGED: &str = "https://schemas.openid.net/secevent/risc/event-type/account-purged";

    fn request(body: &Value) -> Result<StreamRequest, Refusal> {
        StreamRequest::parse(body.to_string().as_bytes())
    }

    fn created(body: &Value) -> Result<StreamConfig, Refusal> {
        request(body)?.create()
    }

    fn supplied(issuer: &Issuer) -> Supplied<'_> {
        Supplied { issuer, client_id: "hub", stream_id: "st" }
    }

    fn push() -> Value {
        json!({
            "delivery": { "method": PUSH, "endpoint_url": "https://hub.example/events", "authorization_header": "Bearer x" },
            "events_requested": [REVOKED, "urn:of:somebody:else"],
            "description": "one",
        })
    }

    #[test]
    fn what_is_asked_for_and_there_is_is_delivered() {
        let issuer = issuer();
        let stream = created(&push()).unwrap();
        assert_eq!(stream.events_delivered(), [EventType::SessionRevoked]);
        let shown = serde_json::to_value(stream.view(supplied(&issuer), Secrets::Shown)).unwrap();
        assert_eq!(
            shown,
            json!({
                "stream_id": "st",
                "iss": "https://auth.example",
                "aud": "hub",
                "events_supported": EventType::ALL,
                "events_requested": [REVOKED, "urn:of:somebody:else"],
                "events_delivered": [REVOKED],
                "delivery": {
                    "method": PUSH, "endpoint_url": "https://hub.example/events", "authorization_header": "Bearer x",
                },
                "min_verification_interval": 10,
                "description": "one",
            })
        );
        let hidden = serde_json::to_value(stream.view(supplied(&issuer), Secrets::Hidden)).unwrap();
        assert!(!hidden.to_string().contains("Bearer x"));
        assert!(!format!("{stream:?}").contains("Bearer x"));
    }

    /// §8.1.1.1: "If the request does not contain the delivery property, then the Transmitter MUST assume … poll".
    #[test]
    fn a_stream_is_polled_unless_it_says_otherwise() {
        let issuer = issuer();
        for body in [json!({}), json!({ "delivery": { "method": POLL, "endpoint_url": "https://elsewhere.example/" } })]
        {
            let stream = created(&body).unwrap();
            let shown = serde_json::to_value(stream.view(supplied(&issuer), Secrets::Shown)).unwrap();
            assert_eq!(
                shown["delivery"],
                json!({ "method": POLL, "endpoint_url": "https://auth.example/ssf/poll/st" })
            );
            assert_eq!(shown["events_delivered"], json!([]));
        }
    }

    #[test]
    fn what_could_not_be_posted_to_is_refused() {
        for delivery in [
            json!({}),
            json!("push"),
            json!({ "method": PUSH }),
            json!({ "method": "urn:ietf:rfc:9999", "endpoint_url": "https://hub.example/" }),
            json!({ "method": PUSH, "endpoint_url": "" }),
            json!({ "method": PUSH, "endpoint_url": "http://hub.example/" }),
            json!({ "method": PUSH, "endpoint_url": "https://hub.example/#x" }),
            json!({ "method": PUSH, "endpoint_url": "https://u:p@hub.example/" }),
            json!({ "method": PUSH, "endpoint_url": "file:///etc/passwd" }),
            json!({ "method": PUSH, "endpoint_url": "https://hub.example/", "authorization_header": "" }),
            json!({ "method": PUSH, "endpoint_url": "https://hub.example/", "authorization_header": "a\r\nx: y" }),
            json!({ "method": PUSH, "endpoint_url": "https://hub.example/", "authorization_header": "ä" }),
            json!({ "method": PUSH, "endpoint_url": "https://hub.example/", "authorization_header": "x".repeat(5000) }),
        ] {
            let refused = created(&json!({ "delivery": delivery }));
            assert!(matches!(refused, Err(Refusal::Invalid(_))), "{delivery}");
        }
        assert!(created(&json!({ "events_requested": vec!["x"; 101] })).is_err());
        assert!(created(&json!({ "events_requested": ["x".repeat(301)] })).is_err());
        assert!(StreamRequest::parse(b"[]").is_err() && StreamRequest::parse(b"").is_err());
        let long = created(&json!({ "description": "ü".repeat(999) })).unwrap().description.unwrap();
        assert_eq!(long.chars().count(), 300);
    }

    #[test]
    fn an_update_keeps_what_it_does_not_name_and_a_replacement_does_not() {
        let issuer = issuer();
        let present = created(&push()).unwrap();
        let body = json!({ "stream_id": "st", "events_requested": [PURGED] });
        let updated = request(&body).unwrap().update(supplied(&issuer), &present).unwrap();
        assert_eq!(updated.events_delivered(), [EventType::AccountPurged]);
        assert_eq!((&updated.delivery, updated.description.as_deref()), (&present.delivery, Some("one")));
        let replaced = request(&body).unwrap().replace(supplied(&issuer), &present).unwrap();
        assert_eq!((replaced.delivery, replaced.description), (Delivery::Poll, None));
        let emptied = request(&json!({ "description": "" })).unwrap().update(supplied(&issuer), &present).unwrap();
        assert_eq!(emptied.description, None);
        // What was read can be written back.
        let shown = serde_json::to_value(present.view(supplied(&issuer), Secrets::Shown)).unwrap();
        assert_eq!(request(&shown).unwrap().replace(supplied(&issuer), &present).unwrap(), present);
    }

    #[test]
    fn what_is_not_the_receivers_cannot_be_changed() {
        let issuer = issuer();
        let present = created(&push()).unwrap();
        for (member, right, wrong) in [
            ("iss", json!("https://auth.example"), json!("https://evil.example")),
            ("aud", json!("hub"), json!("other")),
            ("aud", json!(["hub"]), json!(["hub", "other"])),
            ("events_supported", json!(EventType::ALL), json!([REVOKED])),
            ("events_delivered", json!([REVOKED]), json!([REVOKED, PURGED])),
            ("min_verification_interval", json!(10), json!(0)),
        ] {
            let with = |value: &Value| request(&json!({ "stream_id": "st", member: value })).unwrap();
            assert!(with(&right).update(supplied(&issuer), &present).is_ok(), "{member}");
            assert!(with(&wrong).update(supplied(&issuer), &present).is_err(), "{member}");
            assert!(with(&wrong).replace(supplied(&issuer), &present).is_err(), "{member}");
        }
        assert!(request(&json!({})).unwrap().stream_id().is_err());
    }
}
