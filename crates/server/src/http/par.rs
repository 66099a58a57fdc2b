//! `POST /oauth/par` (RFC 9126): a client pushes an authorization request and gets a `request_uri` for the browser.
//!
//! Anybody can push in the name of a public client, and each request takes room until it expires: so those that brought nothing are counted
//! for each address.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{Method, StatusCode};
use symbolon_oauth::OAuthError;
use symbolon_oauth::client_auth::AuthenticatedClient;
use symbolon_oauth::dpop::Proven;
use symbolon_oauth::endpoint::path;
use symbolon_oauth::pushed_request::{self, Push};
use symbolon_oauth::request_object::Keys;
use symbolon_store::{Artefact, Attempt, Hash32};

use super::client::{FromClient, Unread};
use super::device_authorization::address;
use super::meta::Meta;
use super::{answer, dpop, form};
use crate::app::App;
use crate::client_keys::PublicKeys;
use crate::effects::store_failure;
use crate::interaction::{GO_ON_SECS, LIFETIME_SECS};
use crate::rng::SystemRng;

/// How long a request that was begun in time is kept after that: one sign-in page and one consent page left open for as long as they may be.
/// Attempts give a sign-in page its hour again, but keep no request for longer: whoever takes more than that begins anew at the app.
const KEPT_SECS: u64 = 2 * LIFETIME_SECS + GO_ON_SECS;

/// The endpoint for pushed authorization requests.
pub(super) async fn push(State(app): State<Arc<App>>, asked: Result<FromClient, Unread>) -> Response {
    let asked = match asked {
        Ok(asked) if asked.media == form::MediaType::Form => asked,
        Ok(_) => return answer::error(&OAuthError::ParametersMalformed),
        Err(unread) => return refusal(&unread.error),
    };
    let outcome = match asked.client(&app).await {
        Ok(client) => keep(&app, &asked, client).await,
        Err(error) => Err(error),
    };
    let mut response = match outcome {
        Ok(push) => answer::json(StatusCode::CREATED, &push.answer()),
        Err(error) => refusal(&error),
    };
    dpop::offer_nonce(&app, asked.named(), &mut response, asked.meta.now);
    asked.answered(response)
}

/// RFC 9126 §2.3: too large a request has a status of its own.
fn refusal(error: &OAuthError) -> Response {
    let mut response = answer::error(error);
    if *error == OAuthError::ParametersTooLarge {
        *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
    }
    response
}

async fn keep(app: &App, asked: &FromClient, client: AuthenticatedClient<'_>) -> Result<Push, OAuthError> {
    let FromClient { registry, meta, headers, params, .. } = asked;
    let client_id = client.client().client_id.as_str();
    let target = dpop::Target { method: &Method::POST, path: path::PUSHED_AUTHORIZATION, now: meta.now };
    let proven = dpop::check(app, headers, client.client(), target, None).map_err(OAuthError::Dpop)?;
    let held = proven.as_ref().map(Proven::confirmation);
    let keys = match params.get("request") {
        Some(object) => app.keys_of_request_object(registry, client.client(), object, meta.now).await,
        None => PublicKeys::None,
    };
    let push = {
        let mut rng = SystemRng;
        let keys = Keys { verifying: keys.verifying(), ..registry.request_keys(client_id) };
        pushed_request::decide(&mut app.context(meta.now, &mut rng), client, held.as_ref(), params, keys, &**registry)?
    };
    if client.client().is_public() {
        count(app, meta).await?;
    }
    if let Some(proven) = proven {
        dpop::remember(app, &proven, meta.now).await?;
    }
    let artefact = Artefact {
        kind: Artefact::PUSHED_REQUEST.to_owned(),
        hash: Hash32(push.token.hash()),
        family: None,
        client_id: Some(client_id.to_owned()),
        user_id: None,
        sid: None,
        created_at: meta.now,
        expires_at: push.request.begin_until.saturating_add(KEPT_SECS),
        redeemed_at: None,
        payload: serde_json::to_value(&push.request).map_err(|_| OAuthError::ServerError)?,
    };
    app.store.put_artefact(artefact).await.map_err(|error| store_failure(&error))?;
    Ok(push)
}

async fn count(app: &App, meta: &Meta) -> Result<(), OAuthError> {
    let key = app.throttle().push_key(address(meta));
    match app.attempts.begin(vec![key], meta.now).await.map_err(|error| store_failure(&error))? {
        Attempt::Allowed => Ok(()),
        Attempt::Wait { secs } => {
            app.metrics.limited("push");
            Err(OAuthError::PushesTooMany { retry_after_secs: u32::try_from(secs).unwrap_or(u32::MAX) })
        }
    }
}

/// Somebody has signed in with a pushed request, and it brought what it asked for: it does not count any more. A refusal gives nothing back,
/// since anybody can have one at once.
pub(super) async fn settled(app: &App, meta: &Meta) {
    let key = app.throttle().push_key(address(meta)).key;
    if let Err(error) = app.attempts.forgive(Vec::new(), vec![key]).await {
        // What was granted stands; that the count stays too high for a while is the smaller harm.
        store_failure(&error);
    }
}
