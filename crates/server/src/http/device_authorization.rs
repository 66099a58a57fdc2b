//! `POST /oauth/device` (RFC 8628 §3.1): a device without a browser gets one code to keep and one to show.
//!
//! Anybody can ask in the name of a public client, and each request takes room until it expires: so those that nobody has allowed are
//! counted for each address.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::header::USER_AGENT;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use symbolon_oauth::OAuthError;
use symbolon_oauth::client_auth::AuthenticatedClient;
use symbolon_oauth::endpoint::device_authorization::{self, Started};
use symbolon_oauth::endpoint::elsewhere::{Device, Wanted};
use symbolon_store::{Artefact, Attempt, Conflict, Hash32, StoreError};

use super::answer;
use super::client::FromClient;
use super::meta::Meta;
use crate::app::App;
use crate::effects::store_failure;
use crate::events;
use crate::rng::SystemRng;

/// More of a `User-Agent` would not be read on a page.
const MAX_AGENT_CHARS: usize = 160;

/// What is kept with a user code: which device code it is the question of.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Question {
    /// SHA-256 of the device code.
    pub waiting: [u8; 32],
}

/// The device authorization endpoint.
pub(super) async fn start(State(app): State<Arc<App>>, asked: FromClient) -> Response {
    let outcome = match asked.client(&app).await {
        Ok(client) => {
            let started = begin(&app, &asked, client).await;
            events::device_started(&app, asked.credentials.client_id(), started.as_ref().err());
            started
        }
        Err(error) => Err(error),
    };
    asked.answered(match outcome {
        Ok(started) => answer::json(StatusCode::OK, &started.response(&app.issuer)),
        Err(error) => answer::error(&error),
    })
}

async fn begin(app: &App, asked: &FromClient, client: AuthenticatedClient<'_>) -> Result<Started, OAuthError> {
    let FromClient { registry, meta, headers, params, .. } = asked;
    let wanted = Wanted::parse(params)?;
    let device = Device { address: meta.address_text(), user_agent: agent(headers) };
    let mut counted = false;
    // A user code that is taken, which will hardly ever happen: once more, with another.
    for _ in 0..2 {
        let started = {
            let mut rng = SystemRng;
            let mut ctx = app.context(meta.now, &mut rng);
            device_authorization::decide(&mut ctx, client, &wanted, device.clone(), &**registry)?
        };
        if client.client().is_public() && !counted {
            count(app, meta).await?;
            counted = true;
        }
        match keep(app, meta, &started).await {
            Ok(()) => return Ok(started),
            Err(StoreError::Conflict(Conflict::Exists)) => {}
            Err(error) => return Err(store_failure(&error)),
        }
    }
    Err(OAuthError::TemporarilyUnavailable { retry_after_secs: 1 })
}

async fn count(app: &App, meta: &Meta) -> Result<(), OAuthError> {
    let key = app.throttle().device_start_key(address(meta));
    match app.attempts.begin(vec![key], meta.now).await.map_err(|error| store_failure(&error))? {
        Attempt::Allowed => Ok(()),
        Attempt::Wait { secs } => {
            app.metrics.limited("device");
            Err(OAuthError::DeviceStartsTooMany { retry_after_secs: u32::try_from(secs).unwrap_or(u32::MAX) })
        }
    }
}

/// A device has got its tokens: what it asked for does not count any more.
pub(super) async fn settled(app: &App, meta: &Meta) -> Result<(), OAuthError> {
    let key = app.throttle().device_start_key(address(meta)).key;
    app.attempts.forgive(Vec::new(), vec![key]).await.map_err(|error| store_failure(&error))
}

/// On a Unix socket without a forwarding proxy everybody is one neighbour.
pub(super) fn address(meta: &Meta) -> IpAddr {
    meta.address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

/// What waits is stored before the question that leads to it.
async fn keep(app: &App, meta: &Meta, started: &Started) -> Result<(), StoreError> {
    let waiting = Artefact {
        kind: Artefact::DEVICE_CODE.to_owned(),
        hash: Hash32(started.device_code.hash()),
        family: Some(started.grant.asked.family_id.clone()),
        client_id: Some(started.grant.asked.client_id.to_string()),
        user_id: None,
        sid: None,
        created_at: meta.now,
        expires_at: started.expires_at,
        redeemed_at: None,
        payload: serde_json::to_value(&started.grant).map_err(|error| StoreError::Internal(error.to_string()))?,
    };
    let question = Question { waiting: started.device_code.hash() };
    let question = Artefact {
        kind: Artefact::USER_CODE.to_owned(),
        hash: Hash32(started.user_code.hash()),
        family: None,
        payload: serde_json::to_value(question).map_err(|error| StoreError::Internal(error.to_string()))?,
        ..waiting.clone()
    };
    app.store.put_artefact(waiting).await?;
    app.store.put_artefact(question).await
}

pub(super) fn agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(USER_AGENT)?.to_str().ok()?.trim();
    (!text.is_empty()).then(|| text.chars().take(MAX_AGENT_CHARS).collect())
}
