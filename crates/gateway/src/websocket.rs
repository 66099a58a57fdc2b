//! WebSockets to the APIs (RFC 6455 §4): the handshake goes on with the access token in the place of the cookie, and from then on bytes go both ways,
//! unread.
//!
//! Browsers send cookies with a handshake from every page and ask nobody whether it may, so `Origin` must be the gateway's own or one of `origins`. A
//! connection ends with its session, whatever ended that, and is no use that keeps one. How long a token counts on it is the API's to say, which
//! sees the token; a page then opens another one. So many may be open at once, of a session and of all.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::header::{
    CONNECTION, CONTENT_LENGTH, ORIGIN, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version};
use hyper::upgrade::{OnUpgrade, on};
use hyper_util::rt::TokioIo;
use symbolon_server::listen::Activity;
use tokio::io::copy_bidirectional;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::config::Api;
use crate::forward;
use crate::gateway::Gateway;
use crate::headers::to_the_browser;
use crate::problem::Problem;
use crate::{path, tokens};

/// Open at once, of everybody. The door counts requests, and these are none any more.
pub(crate) const MOST: usize = 4_096;
/// Open at once, of one session: some for each of many tabs.
pub(crate) const MOST_OF_A_SESSION: usize = 32;

/// Whether a request asks for a WebSocket.
pub(crate) fn is_asked_for(head: &Parts) -> bool {
    let named = head.headers.get(UPGRADE).is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket"));
    named && head.method == Method::GET && head.version == Version::HTTP_11
}

/// Opens one, if the API does.
pub(crate) async fn open(gateway: &Arc<Gateway>, api: &Api, mut head: Parts) -> Result<Response, Problem> {
    if !is_from_a_page_of_ours(&head.headers, &gateway.allowed) {
        return Err(Problem::CrossSite);
    }
    // A handshake has no body (RFC 9112 §6): what says otherwise would let the API wait for one, on a connection that others use next.
    if announces_a_body(&head.headers) {
        return Err(Problem::Malformed);
    }
    let session = gateway.signed_in(&head.method, &head.uri, &head.headers)?.session;
    let url = path::target(api, head.uri.path(), head.uri.query()).map_err(|path::Ambiguous| Problem::Path)?;
    let places = [place(&gateway.sockets)?, place(&session.sockets)?];
    let token = tokens::for_api(gateway, &session, api).await?;
    let browser = head.extensions.remove::<OnUpgrade>().ok_or(Problem::Malformed)?;
    let mut call = forward::call(gateway, &head, url.as_str(), &token, Body::empty())?;
    for name in [SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_EXTENSIONS] {
        for value in head.headers.get_all(&name) {
            call.headers_mut().append(name.clone(), value.clone());
        }
    }
    call.headers_mut().remove(CONTENT_LENGTH);
    switch(call.headers_mut());
    let mut answer = forward::send(gateway, &session, api, call).await?;
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        let time = Duration::from_secs(gateway.config.upstream.timeout_secs);
        return Ok(forward::passed_on(api, answer, head.extensions.get::<Activity>(), time));
    }
    tokio::spawn(relay(browser, on(&mut answer), session.ended(), places));
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *response.headers_mut() = to_the_browser(answer.headers());
    switch(response.headers_mut());
    Ok(response)
}

/// One origin, and exactly one of these (security 98).
fn is_from_a_page_of_ours(headers: &HeaderMap, allowed: &[String]) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    let (Some(origin), None) = (origins.next(), origins.next()) else { return false };
    allowed.iter().any(|ours| ours.as_bytes() == origin.as_bytes())
}

fn announces_a_body(headers: &HeaderMap) -> bool {
    headers.contains_key(TRANSFER_ENCODING) || headers.get_all(CONTENT_LENGTH).iter().any(|length| length != "0")
}

fn place(of: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Problem> {
    Arc::clone(of).try_acquire_owned().map_err(|_| Problem::TooManySockets)
}

/// What is about one connection, and of this one.
fn switch(headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
}

/// Carries bytes until one side ends, or the session does.
async fn relay(
    browser: OnUpgrade,
    api: OnUpgrade,
    mut ended: watch::Receiver<bool>,
    places: [OwnedSemaphorePermit; 2],
) {
    let both = async {
        let (browser, api) = tokio::try_join!(browser, api)?;
        copy_bidirectional(&mut TokioIo::new(browser), &mut TokioIo::new(api)).await?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    };
    let over = async {
        // An error means that the session is gone with all who could end it.
        let _ = ended.wait_for(|ended| *ended).await;
    };
    tokio::select! {
        done = both => {
            if let Err(error) = done {
                tracing::debug!(%error, "a WebSocket ended early");
            }
        }
        () = over => tracing::info!("a WebSocket ended with its session"),
    }
    drop(places);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_of_a_page_of_no_named_origin_is_none_of_ours() {
        let allowed = ["https://app.example.com".to_owned()];
        let from = |origins: &[&str]| {
            let mut headers = HeaderMap::new();
            for origin in origins {
                headers.append(ORIGIN, HeaderValue::from_str(origin).unwrap());
            }
            is_from_a_page_of_ours(&headers, &allowed)
        };
        assert!(from(&["https://app.example.com"]));
        for others in [
            &[][..],
            &["null"],
            &["http://app.example.com"],
            &["https://app.example.com.evil.test"],
            &["https://app.example.com", "https://app.example.com"],
        ] {
            assert!(!from(others), "{others:?}");
        }
    }
}
