//! The facts of a device code: what was asked for, what its user said, and how often the device asks.

use symbolon_oauth::client_auth::AuthenticatedClient;
use symbolon_oauth::endpoint::device_authorization::INTERVAL_SECS;
use symbolon_oauth::grant::device_code::{self, Facts, Pace, Request};
use symbolon_oauth::{Confirmation, OAuthError};
use symbolon_store::{Artefact, Hash32};

use super::{Asked, Decided};
use crate::effects::store_failure;
use crate::facts;
use crate::http::device_authorization;
use crate::rng::SystemRng;

/// How long after a request of a device the next one is too early, in seconds: a network may bring one late and the next one early.
const POLL_SECS: u64 = INTERVAL_SECS - 1;

/// Decides what a device gets.
pub(super) async fn decide(
    at: &Asked<'_>,
    client: AuthenticatedClient<'_>,
    held: Option<&Confirmation>,
    request: &Request,
) -> Result<Decided, OAuthError> {
    let facts = load(at, client, request).await?;
    let mut rng = SystemRng;
    let mut ctx = at.app.context(at.meta.now, &mut rng);
    Ok(device_code::decide(&mut ctx, client, held, request, facts, at.registry).into())
}

async fn load(at: &Asked<'_>, client: AuthenticatedClient<'_>, request: &Request) -> Result<Option<Facts>, OAuthError> {
    let (store, now) = (&at.app.store, at.meta.now);
    let hash = Hash32(device_code::facts(request));
    let found = store.code_facts(Artefact::DEVICE_CODE, hash).await.map_err(|error| store_failure(&error))?;
    let Some(found) = found else { return Ok(None) };
    let grant = device_authorization::grant(&found.code)?;
    let asks_in_vain = found.code.redeemed_at.is_none() && device_code::awaits_answer(client, &grant);
    let pace = if asks_in_vain {
        let first = store.remember_once("device_poll", hash, now.saturating_add(POLL_SECS), now).await;
        if first.map_err(|error| store_failure(&error))? { Pace::Kept } else { Pace::TooFast }
    } else {
        Pace::Kept
    };
    Ok(Some(Facts {
        grant,
        expires_at: found.code.expires_at,
        redeemed_at: found.code.redeemed_at,
        pace,
        user: found.user.as_ref().map(facts::user),
        session: facts::session_state(found.session.as_ref(), now),
        sid: found.code.sid.unwrap_or_default(),
        session_ends_at: found.session.map_or(0, |session| session.absolute_expires_at),
    }))
}
