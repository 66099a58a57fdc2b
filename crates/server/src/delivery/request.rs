//! Messages that are HTTP requests: posted to others, whose answers are told to the operator.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};

use super::kind::Failure;
use crate::app::App;
use crate::outgoing::{Answer, Limits, Request};

/// How long an attempt may take, and how much of an answer is read: nothing hangs on what it says.
const LIMITS: Limits = Limits { time: Duration::from_secs(5), body_bytes: 1024 };
/// The longest text taken from an answer.
const MAX_WORDS: usize = 200;

/// Something to post.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) url: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Message {
    /// Posts it, and returns what was answered.
    pub(super) async fn post(self, app: &App) -> Result<Answer, Failure> {
        let Self { url, headers, body } = self;
        let answer = app.outgoing.send(Request { method: Method::POST, url, headers, body }, LIMITS).await;
        answer.map_err(|error| Failure::Unreachable(error.to_string()))
    }
}

/// What an answer says for itself, in the words of its body if there are any.
pub(super) fn answered(answer: &Answer, words: Option<&str>) -> String {
    let status = answer.status.as_u16();
    match words {
        Some(words) => format!("answered {status}: {}", printable(words)),
        None if answer.status.is_redirection() => format!("answered {status}, and redirects are not followed"),
        None => format!("answered {status}"),
    }
}

/// Somebody else's text on the operator's terminal.
fn printable(text: &str) -> String {
    let printable = text.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' });
    printable.take(MAX_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outgoing::Rest;
    use http::StatusCode;

    #[test]
    fn words_of_others_are_bounded_and_printable() {
        let status = StatusCode::BAD_REQUEST;
        let answer = Answer { status, headers: HeaderMap::new(), body: Bytes::new(), rest: Rest::Nothing };
        assert_eq!(answered(&answer, None), "answered 400");
        assert_eq!(answered(&answer, Some("a\u{1b}[2J\nb\u{202e} c")), "answered 400: a?[2J?b? c");
        assert_eq!(answered(&answer, Some(&"x".repeat(900))).len(), "answered 400: ".len() + MAX_WORDS);
        let moved = Answer { status: StatusCode::TEMPORARY_REDIRECT, ..answer };
        assert_eq!(answered(&moved, None), "answered 307, and redirects are not followed");
    }
}
