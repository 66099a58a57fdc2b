//! Request objects by reference (RFC 9101 §5.2, OpenID Connect Core §6.2): fetched from an address the client has registered, exactly
//! that, and from nowhere else.
//!
//! Who fails too often waits, so that nobody can have this server knock at a client's door by asking for pages.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use symbolon_jose::{base64url, ct_eq, sha256};
use symbolon_oauth::OAuthError;
use symbolon_oauth::registration::Client;
use symbolon_oauth::request_object::TYP;
use symbolon_store::{Attempt, ThrottleKey};

use crate::app::App;
use crate::effects::store_failure;
use crate::outgoing::{Answer, Limits, Request, Rest};

const LIMITS: Limits = Limits { time: Duration::from_secs(5), body_bytes: 64 * 1024 };

/// The request object at `uri`.
pub(super) async fn fetch(app: &App, client: &Client, uri: &str, now: u64) -> Result<String, OAuthError> {
    if !client.requests.request_uris.iter().any(|registered| registered == uri) {
        return Err(OAuthError::RequestUriInvalid("request_uri is not registered for this client"));
    }
    let key = format!("request_uri:{}", client.client_id);
    // Those that fail, or are under way.
    let limit = app.config().throttle.request_uri;
    let counted = ThrottleKey {
        key: key.clone(),
        free: limit.free,
        base_delay_secs: limit.base_delay_secs,
        max_delay_secs: limit.max_delay_secs,
        window_secs: limit.window_secs,
    };
    match app.attempts.begin(vec![counted], now).await.map_err(|error| store_failure(&error))? {
        Attempt::Allowed => {}
        Attempt::Wait { secs } => {
            let retry_after_secs = u32::try_from(secs).unwrap_or(u32::MAX);
            return Err(OAuthError::TemporarilyUnavailable { retry_after_secs });
        }
    }
    let (address, hash) = uri.split_once('#').map_or((uri, None), |(address, hash)| (address, Some(hash)));
    let object = ask(app, client, address).await?;
    // Core §6.2: the fragment is "the base64url-encoded SHA-256 hash of the referenced resource contents".
    if hash.is_some_and(|hash| !ct_eq(base64url::encode(&sha256(&object)).as_bytes(), hash.as_bytes())) {
        return Err(OAuthError::RequestUriInvalid("what is at request_uri is not what its fragment says"));
    }
    app.attempts.forgive(Vec::new(), vec![key]).await.map_err(|error| store_failure(&error))?;
    String::from_utf8(object.to_vec()).map_err(|_| NONE_THERE)
}

const NONE_THERE: OAuthError = OAuthError::RequestUriInvalid("there is no request object at request_uri");

async fn ask(app: &App, client: &Client, address: &str) -> Result<Bytes, OAuthError> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/oauth-authz-req+jwt, application/jwt"));
    let request = Request { method: Method::GET, url: address.to_owned(), headers, body: Bytes::new() };
    let answer = app.outgoing.send(request, LIMITS).await.map_err(|error| {
        tracing::warn!(%error, client = %client.client_id, "a request object could not be fetched");
        OAuthError::RequestUriInvalid("request_uri could not be fetched")
    })?;
    if is_request_object(&answer) { Ok(answer.body) } else { Err(NONE_THERE) }
}

/// RFC 9101 §5.2.3: the answer has the status 200 and the media type of request objects; `application/jwt` is what older servers send.
fn is_request_object(answer: &Answer) -> bool {
    let media = answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media.split(';').next().unwrap_or_default().trim();
    let subtype = essence.get(.."application/".len()).filter(|start| start.eq_ignore_ascii_case("application/"));
    let subtype = subtype.map(|start| &essence[start.len()..]).unwrap_or_default();
    let named = [TYP, "jwt"].iter().any(|known| subtype.eq_ignore_ascii_case(known));
    answer.status == StatusCode::OK && answer.rest == Rest::Nothing && named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_request_object_is_one_rfc_9101_5_2_3() {
        let is_one = |status, media: &str, rest| {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_str(media).unwrap())]);
            is_request_object(&Answer { status, headers, body: Bytes::new(), rest })
        };
        for media in ["application/oauth-authz-req+jwt", "Application/JWT; charset=utf-8"] {
            assert!(is_one(StatusCode::OK, media, Rest::Nothing), "{media}");
            assert!(!is_one(StatusCode::FOUND, media, Rest::Nothing));
            assert!(!is_one(StatusCode::OK, media, Rest::Unread));
        }
        for media in ["text/html", "application/json", "application/", "", "jwt", "text/jwt"] {
            assert!(!is_one(StatusCode::OK, media, Rest::Nothing), "{media}");
        }
    }
}
