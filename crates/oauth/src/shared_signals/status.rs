//! The status of a stream (Shared Signals Framework 1.0 §8.1.2).

use serde::{Deserialize, Serialize};

use super::{Refusal, shortened};
use crate::json;

/// The longest reason that is kept.
const MAX_REASON_CHARS: usize = 300;

/// What a stream does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nothing is transmitted or kept.
    Disabled,
    /// Events are transmitted.
    Enabled,
    /// Events are kept.
    Paused,
}

/// A status, as asked for and as answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamStatus {
    /// The stream.
    pub stream_id: String,
    /// What it does.
    pub status: Status,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl StreamStatus {
    /// Reads a request for another status.
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let asked: Self =
            json::strict(body).ok_or(Refusal::Invalid("the body must have a stream_id and a status that is known"))?;
        let reason = asked.reason.map(|reason| shortened(&reason, MAX_REASON_CHARS)).filter(|it| !it.is_empty());
        Ok(Self { reason, ..asked })
    }
}

/// A request for a verification event (§8.1.4.2).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct VerificationRequest {
    /// The stream.
    pub stream_id: String,
    /// Comes back in the event.
    #[serde(default)]
    pub state: Option<String>,
}

/// The longest `state` that comes back.
const MAX_STATE_BYTES: usize = 1024;

/// How often a verification may be asked for, in seconds.
pub const MIN_VERIFICATION_INTERVAL_SECS: u64 = 10;

impl VerificationRequest {
    /// Reads it.
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let request: Self = json::strict(body).ok_or(Refusal::Invalid("the body must have a stream_id"))?;
        if request.state.as_ref().is_some_and(|state| state.len() > MAX_STATE_BYTES) {
            return Err(Refusal::Invalid("state is longer than 1024 bytes"));
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_one_of_three() {
        let read = |text: &str| StreamStatus::parse(text.as_bytes());
        assert_eq!(read(r#"{"stream_id":"a","status":"paused"}"#).unwrap().status, Status::Paused);
        for wrong in [
            "",
            "{}",
            "[]",
            r#"{"stream_id":"a"}"#,
            r#"{"status":"paused"}"#,
            r#"{"stream_id":"a","status":"PAUSED"}"#,
            r#"{"stream_id":"a","status":"deleted"}"#,
            r#"{"stream_id":1,"status":"paused"}"#,
            r#"{"stream_id":"a","status":"paused","status":"enabled"}"#,
        ] {
            assert!(matches!(read(wrong), Err(Refusal::Invalid(_))), "{wrong}");
        }
        let long = format!(r#"{{"stream_id":"a","status":"paused","reason":"\u001b[2J{}"}}"#, "x".repeat(999));
        let reason = read(&long).unwrap().reason.unwrap();
        assert_eq!((reason.len(), reason.starts_with("[2J")), (300, true));
    }

    #[test]
    fn a_state_is_bounded() {
        let read =
            |state: &str| VerificationRequest::parse(format!(r#"{{"stream_id":"a","state":"{state}"}}"#).as_bytes());
        assert_eq!(read("x").unwrap().state.as_deref(), Some("x"));
        assert!(read(&"x".repeat(1024)).is_ok());
        assert!(read(&"x".repeat(1025)).is_err());
        assert!(VerificationRequest::parse(b"{\"state\":\"x\"}").is_err());
    }
}
