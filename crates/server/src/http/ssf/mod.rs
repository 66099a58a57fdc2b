//! Shared Signals over HTTP (OpenID Shared Signals Framework 1.0): the transmitter's metadata, the management of streams, polling.
//!
//! Receivers show an access token of their own (RFC 6750 §2.1, in the header only). What is another receiver's does not exist.

pub(super) mod poll;
pub(super) mod status;
pub(super) mod streams;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::json;
use symbolon_oauth::json::holds_nul;
use symbolon_oauth::shared_signals::{self, MANAGE, READ, Receiver, Refusal, api_identifier};
use symbolon_oauth::{Client, OAuthError, Params};
use symbolon_store::{EventStream, StoreError};

use super::meta::Meta;
use super::{answer, form, userinfo};
use crate::app::App;
use crate::effects::store_failure;

/// Receivers may keep the document this long.
const CACHE: &str = "public, max-age=300";

/// The metadata, where the operator has opened the door: without the API nobody can get a token.
pub(super) async fn configuration(State(app): State<Arc<App>>) -> Response {
    if app.registry().api(&api_identifier(&app.issuer)).is_none_or(|api| api.disabled) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let mut response = answer::json(StatusCode::OK, &shared_signals::transmitter(&app.issuer));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(CACHE));
    response
}

/// Why a request is not carried out.
enum Failure {
    /// The token does not open this.
    Access(Access),
    /// The server's trouble.
    Server(OAuthError),
    /// What is asked for cannot be.
    Refused(Refusal),
}

/// Why a token opens nothing (RFC 6750 §3.1).
#[derive(Clone, Copy)]
enum Access {
    InsufficientScope(&'static str),
    InvalidToken,
    NoToken,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<OAuthError> for Failure {
    fn from(error: OAuthError) -> Self {
        Self::Server(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(_) => Self::Refused(Refusal::Unknown),
            StoreError::Conflict(_) => Self::Refused(Refusal::Conflict),
            other => Self::Server(store_failure(&other)),
        }
    }
}

fn respond(result: Result<Response, Failure>) -> Response {
    match result {
        Ok(response) => response,
        Err(Failure::Server(error)) => answer::error(&error),
        Err(Failure::Refused(refusal)) => {
            let body = json!({ "error": refusal.code(), "error_description": refusal.description() });
            let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
            let mut response = answer::json(status, &body);
            if let Refusal::TooSoon { wait_secs } = refusal {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait_secs));
            }
            response
        }
        Err(Failure::Access(access)) => challenge(access),
    }
}

fn challenge(access: Access) -> Response {
    let (status, error, challenge) = match access {
        Access::InsufficientScope(scope) => (
            StatusCode::FORBIDDEN,
            "insufficient_scope",
            format!("Bearer realm=\"symbolon\", error=\"insufficient_scope\", scope=\"{scope}\""),
        ),
        Access::InvalidToken => {
            (StatusCode::UNAUTHORIZED, "invalid_token", "Bearer realm=\"symbolon\", error=\"invalid_token\"".to_owned())
        }
        Access::NoToken => (StatusCode::UNAUTHORIZED, "invalid_token", "Bearer realm=\"symbolon\"".to_owned()),
    };
    let mut response = answer::json(status, &json!({ "error": error }));
    if let Ok(challenge) = HeaderValue::try_from(challenge) {
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

/// Nothing to say, and done.
fn no_content() -> Response {
    (StatusCode::NO_CONTENT, [(CACHE_CONTROL, "no-store")]).into_response()
}

/// A receiver at the door.
struct Caller<'a> {
    app: &'a App,
    meta: &'a Meta,
    client: Arc<Client>,
    may: Receiver,
}

impl<'a> Caller<'a> {
    /// Whoever may read.
    async fn reader(app: &'a App, meta: &'a Meta, headers: &HeaderMap) -> Result<Self, Failure> {
        let token = bearer(headers).ok_or(Failure::Access(Access::NoToken))?;
        let registry = app.registry();
        let invalid = Failure::Access(Access::InvalidToken);
        let Some(mut claims) = userinfo::own_access_token(app, &registry, token, meta.now) else { return Err(invalid) };
        let Some(client) = registry.client(&claims.client_id) else { return Err(invalid) };
        let facts = userinfo::token_facts(app, &registry, &mut claims).await?;
        let api = registry.api(&api_identifier(&app.issuer)).map(AsRef::as_ref);
        match shared_signals::decide_access(&app.issuer, &claims, &facts, client, api) {
            Ok(may) => Ok(Self { app, meta, client: Arc::clone(client), may }),
            Err(shared_signals::Refused::InsufficientScope) => Err(Failure::Access(Access::InsufficientScope(READ))),
            Err(shared_signals::Refused::InvalidToken) => Err(invalid),
        }
    }

    /// Whoever may change.
    async fn manager(app: &'a App, meta: &'a Meta, headers: &HeaderMap) -> Result<Self, Failure> {
        let caller = Self::reader(app, meta, headers).await?;
        match caller.may {
            Receiver::Manager => Ok(caller),
            Receiver::Reader => Err(Failure::Access(Access::InsufficientScope(MANAGE))),
        }
    }

    fn client_id(&self) -> &str {
        self.client.client_id.as_str()
    }

    /// A stream of theirs.
    async fn stream(&self, id: &str) -> Result<EventStream, Failure> {
        let stream = self.app.store.stream(id).await?;
        stream.filter(|stream| stream.client_id == self.client_id()).ok_or(Failure::Refused(Refusal::Unknown))
    }

    async fn body(&self, headers: &HeaderMap, body: Body) -> Result<bytes::Bytes, Failure> {
        let bytes = form::bytes(body, self.app.config().http.max_body_bytes).await;
        let bytes = bytes.map_err(|_| Failure::Server(OAuthError::ParametersTooLarge))?;
        // The specification's own examples have no Content-Type.
        let is_json = !headers.contains_key(CONTENT_TYPE) || form::media_type(headers) == form::MediaType::Json;
        if !is_json {
            return Err(Refusal::Invalid("the body must be application/json").into());
        }
        if holds_nul(&bytes) {
            return Err(Refusal::Invalid("the body holds U+0000, which cannot be kept; leave it out").into());
        }
        Ok(bytes)
    }
}

/// The token of the one `Authorization` header.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let line = lines.next()?.to_str().ok()?;
    let (scheme, token) = line.split_once(' ')?;
    (lines.next().is_none() && scheme.eq_ignore_ascii_case("bearer")).then(|| token.trim_start())
}

/// `stream_id` of a query.
fn stream_id(query: Option<&str>) -> Result<Option<String>, Failure> {
    let params = Params::parse(query.unwrap_or_default().as_bytes())
        .map_err(|_| Failure::Refused(Refusal::Invalid("the query cannot be read")))?;
    Ok(params.get("stream_id").map(str::to_owned))
}

/// The same, where there must be one.
fn named_stream(query: Option<&str>) -> Result<String, Failure> {
    stream_id(query)?.ok_or(Failure::Refused(Refusal::Invalid("stream_id is missing")))
}
