//! What is at a client's `sector_identifier_uri` (OpenID Connect Registration §5): fetched when the client is registered and when its redirect URIs
//! change, so that nobody can claim to be of a sector that does not list them.

use std::time::Duration;

use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use symbolon_oauth::registration::Client;

use crate::outgoing::{Limits, Outgoing, Request, Rest};

const LIMITS: Limits = Limits { time: Duration::from_secs(5), body_bytes: 64 * 1024 };

/// Says what is wrong with a client's sector, in words for whoever registers it; nothing if it names none.
pub(crate) async fn check(outgoing: &Outgoing, client: &Client) -> Result<(), String> {
    let Some(uri) = &client.subjects.sector_identifier_uri else { return Ok(()) };
    let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
    let request = Request { method: Method::GET, url: uri.clone(), headers, body: Bytes::new() };
    let answer = outgoing
        .send(request, LIMITS)
        .await
        .map_err(|why| format!("sector_identifier_uri {uri} could not be fetched: {why}"))?;
    if answer.status != StatusCode::OK {
        return Err(format!("sector_identifier_uri {uri} answered {}", answer.status.as_u16()));
    }
    if answer.rest == Rest::Unread {
        return Err(format!("what is at sector_identifier_uri {uri} is longer than {} bytes", LIMITS.body_bytes));
    }
    client.check_sector_list(&answer.body)
}
