//! The revocation feed for guards (decision 6): `/revocations/stream`, server-sent events that go on where the follower was, and
//! `/revocations/snapshot`, everything at once. Open to all, or to APIs with their own secret, as `revocation.feed` says.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use symbolon_oauth::{OAuthError, Params, client_auth};
use symbolon_revocation::{Position, snapshot::MEDIA_TYPE};

use super::meta::Meta;
use super::{answer, client};
use crate::app::App;
use crate::config::FeedAccess;
use crate::events;
use crate::listen::Activity;
use crate::revocation::follow::{Refused, follow};
use crate::revocation::places::Who;
use crate::revocation::snapshot;
use crate::rng::SystemRng;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Keeps nginx from holding events back.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// When to come again after a refusal for want of room, in seconds.
const RETRY_SECS: &str = "10";

/// The stream.
pub(super) async fn stream(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    Extension(activity): Extension<Activity>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let who = match may_read(&app, &headers, &meta) {
        Ok(who) => who,
        Err(error) => return answer::error(&error),
    };
    let from = match position(query.as_deref(), &headers) {
        Ok(from) => from,
        Err(error) => return answer::error(&error),
    };
    match follow(&app, from.as_ref(), who, activity).await {
        Ok(follower) => {
            let headers = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store"), (ACCEL_BUFFERING, "no")];
            (headers, Body::new(follower)).into_response()
        }
        Err(Refused::SnapshotRequired) => {
            answer::json(StatusCode::GONE, &serde_json::json!({ "error": "snapshot_required" }))
        }
        Err(Refused::Full) => come_again("too many follow the feed"),
        Err(Refused::Failed(error)) => {
            tracing::error!(%error, "a follower could not be served");
            come_again("the feed is not available")
        }
    }
}

/// The snapshot.
pub(super) async fn snapshot(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    headers: HeaderMap,
) -> Response {
    if let Err(error) = may_read(&app, &headers, &meta) {
        return answer::error(&error);
    }
    let current = match snapshot::current(&app).await {
        Ok(current) => current,
        Err(error) => {
            tracing::error!(%error, "no snapshot of the revocations could be made");
            return come_again("no snapshot is available");
        }
    };
    let tag = format!("\"{}\"", current.tag);
    let keep = match app.config().revocation.feed {
        FeedAccess::Open => "public, max-age=5",
        FeedAccess::Authenticated | FeedAccess::Off => "private, max-age=5",
    };
    let known = headers.get_all(IF_NONE_MATCH).iter().any(|known| knows(known, &tag));
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(CONTENT_TYPE, MEDIA_TYPE)], current.bytes).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(keep));
    headers.insert(VARY, HeaderValue::from_static("Authorization"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(ETAG, tag);
    }
    response
}

/// Whether an `If-None-Match` names the tag (RFC 9110 §13.1.2, by weak comparison).
fn knows(header: &HeaderValue, tag: &str) -> bool {
    let mut tags = header.to_str().unwrap_or_default().split(',').map(str::trim);
    tags.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// Who the caller is, if they may follow: where the feed is closed, an API that shows its own secret. Where it is open an API may show it
/// as well, and has places that strangers cannot take.
fn may_read(app: &App, headers: &HeaderMap, meta: &Meta) -> Result<Who, OAuthError> {
    if app.config().revocation.feed == FeedAccess::Open && !headers.contains_key(AUTHORIZATION) {
        let config = app.config();
        let proxies = &config.http.trusted_proxies;
        let shares = |address: &IpAddr| !proxies.iter().any(|network| network.contains(*address));
        return Ok(Who::Stranger(meta.address.filter(shares)));
    }
    let credentials = client::credentials(headers, &Params::default())?;
    let registry = app.registry();
    let mut rng = SystemRng;
    let context = app.context(meta.now, &mut rng);
    let api = registry.api(credentials.client_id()).map(AsRef::as_ref);
    client_auth::authenticate_api(&context, api, &credentials)
        .map(|_| Who::Api)
        .inspect_err(|error| events::client_refused(app, credentials.client_id(), error))
}

/// What the follower has: from the header when it comes back, else from the query.
fn position(query: Option<&str>, headers: &HeaderMap) -> Result<Option<Position>, OAuthError> {
    let in_header = match headers.get(LAST_EVENT_ID) {
        Some(value) => Some(value.to_str().map_err(|_| OAuthError::ParametersMalformed)?.to_owned()),
        None => None,
    };
    let params = Params::parse(query.unwrap_or_default().as_bytes())?;
    let Some(text) = in_header.as_deref().or_else(|| params.get("after")) else { return Ok(None) };
    Position::parse(text).map(Some).ok_or(OAuthError::ParametersMalformed)
}

fn come_again(why: &str) -> Response {
    let body = serde_json::json!({ "error": "temporarily_unavailable", "error_description": why });
    let mut response = answer::json(StatusCode::SERVICE_UNAVAILABLE, &body);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_SECS));
    response
}
