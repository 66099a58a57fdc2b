//! What is said about the token on an open connection: a message of the client and its answers, and how a connection ends.
//!
//! ```text
//! → {"type":"authenticate","token":"…"}                  first, and again to renew; with "dpop":"<proof>" for a bound token
//! ← {"type":"authenticated","expires_in":300}
//! ← {"type":"refused","error":"use_dpop_nonce","nonce":"…"}     try again; the connection goes on
//! ```

use serde::{Deserialize, Serialize};

use crate::error::{InvalidToken, Rejection};

/// The longest message that is looked at for a token, and the longest that is read before there was one.
pub(super) const MAX_BYTES: usize = 16 * 1024;

/// A client shows a token.
#[derive(Deserialize)]
pub(super) struct Authenticate {
    pub(super) token: String,
    /// A proof of the key that the token is bound to, for the address of the connection and `GET` (RFC 9449 §4.2).
    pub(super) dpop: Option<String>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum FromClient {
    Authenticate(Authenticate),
}

impl Authenticate {
    /// Reads it; `None`: this is a message for the API.
    pub(super) fn read(text: &str) -> Option<Self> {
        // Most messages are not: nothing is parsed for them.
        if text.len() > MAX_BYTES || !text.contains("\"authenticate\"") {
            return None;
        }
        serde_json::from_str(text).ok().map(|FromClient::Authenticate(shown)| shown)
    }
}

/// What the client is told of its token.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Told<'t> {
    Authenticated {
        /// Seconds until it has to be another.
        expires_in: u64,
    },
    Refused {
        error: &'t str,
        #[serde(skip_serializing_if = "Option::is_none")]
        nonce: Option<&'t str>,
    },
}

impl Told<'_> {
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).expect("two short texts and a number are JSON")
    }
}

/// How a connection ends, as the closing frame says it (RFC 6455 §7.4.2: 4000 to 4999 are the application's).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) code: u16,
    pub(crate) reason: &'static str,
}

impl Ending {
    /// The API's own, and the end of its handler.
    pub(super) const NORMAL: Self = Self { code: 1000, reason: "" };
    pub(super) const TOO_BIG: Self = Self { code: 1009, reason: "message_too_big" };
    /// No token came in time.
    pub(super) const TOKEN_MISSING: Self = Self { code: 4401, reason: "token_missing" };
    /// A renewal with the token of somebody else.
    pub(super) const OTHER_SUBJECT: Self = Self { code: 4403, reason: "other_subject" };

    /// The one table from cause to closing frame. Of a token that does not count no more is told than that it has expired, was
    /// revoked, or neither: that helps its owner, who can renew, and nobody else.
    pub(crate) fn of(rejection: &Rejection) -> Self {
        let (code, reason) = match rejection {
            Rejection::NoToken => (4401, "token_missing"),
            Rejection::InvalidToken(InvalidToken::Jose(symbolon_jose::Error::Expired)) => (4401, "token_expired"),
            Rejection::InvalidToken(InvalidToken::Revoked(_) | InvalidToken::SessionEnded) => (4401, "token_revoked"),
            Rejection::InsufficientAuthentication(_) => (4401, "insufficient_user_authentication"),
            Rejection::Dpop(failure) if failure.code() != "invalid_token" => (4401, failure.code()),
            Rejection::InsufficientScope { .. } | Rejection::MissingRole { .. } => (4403, "insufficient_scope"),
            Rejection::CrossSite => (4403, "cross_site"),
            // RFC 6455's registry: try again later.
            Rejection::KeysUnavailable { .. }
            | Rejection::RevocationsUnavailable { .. }
            | Rejection::SessionsUnavailable { .. } => (1013, "temporarily_unavailable"),
            Rejection::NotGuarded => (1011, "server_error"),
            Rejection::Malformed(_)
            | Rejection::NoSignedUrl
            | Rejection::Dpop(_)
            | Rejection::InvalidToken(_)
            | Rejection::BodyTooLarge
            | Rejection::BodyUnreadable => (4401, "token_invalid"),
        };
        Self { code, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_message_of_this_shape_shows_a_token() {
        let read = |text: &str| Authenticate::read(text).map(|shown| (shown.token, shown.dpop));
        assert_eq!(read(r#"{"type":"authenticate","token":"t"}"#), Some(("t".to_owned(), None)));
        assert_eq!(read(r#"{"dpop":"p","token":"t","type":"authenticate"}"#), Some(("t".into(), Some("p".into()))));
        for other in [
            "",
            "authenticate",
            r#"{"type":"authenticate"}"#,
            r#"{"type":"authenticate","token":7}"#,
            r#"{"type":"authenticated","token":"t"}"#,
            r#"{"kind":"authenticate","token":"t"}"#,
            r#"[{"type":"authenticate","token":"t"}]"#,
        ] {
            assert_eq!(read(other), None, "{other}");
        }
        let long = "t".repeat(MAX_BYTES);
        assert_eq!(read(&format!(r#"{{"type":"authenticate","token":"{long}"}}"#)), None);
    }

    #[test]
    fn reasons_fit_into_a_closing_frame_and_tell_no_token() {
        assert_eq!(Told::Authenticated { expires_in: 3 }.text(), r#"{"type":"authenticated","expires_in":3}"#);
        let refused = Told::Refused { error: "use_dpop_nonce", nonce: Some("n") };
        assert_eq!(refused.text(), r#"{"type":"refused","error":"use_dpop_nonce","nonce":"n"}"#);
        let expired = Rejection::InvalidToken(InvalidToken::Jose(symbolon_jose::Error::Expired));
        assert_eq!(Ending::of(&expired), Ending { code: 4401, reason: "token_expired" });
        let role = Rejection::MissingRole { required: "admin".to_owned() };
        assert_eq!(Ending::of(&role).code, 4403);
    }
}
