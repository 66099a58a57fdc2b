//! The facts of a backchannel authentication request: what was asked for, what its user said, and how often the client asks.

use symbolon_oauth::client_auth::AuthenticatedClient;
use symbolon_oauth::endpoint::backchannel_authentication::INTERVAL_SECS;
use symbolon_oauth::grant::ciba::{self, Facts, Request};
use symbolon_oauth::grant::device_code::Pace;
use symbolon_oauth::{Confirmation, OAuthError};
use symbolon_store::{Artefact, CodeFacts, Hash32};

use super::{Asked, Decided};
use crate::effects::store_failure;
use crate::facts;
use crate::http::bc_authorize;
use crate::rng::SystemRng;

/// How long after a request of a client the next one is too early, in seconds: a network may bring one late and the next one early.
const POLL_SECS: u64 = INTERVAL_SECS - 1;

/// Decides what a client gets that has asked for somebody.
pub(super) async fn decide(
    at: &Asked<'_>,
    client: AuthenticatedClient<'_>,
    held: Option<&Confirmation>,
    request: &Request,
) -> Result<Decided, OAuthError> {
    let facts = load(at, client, request).await?;
    let mut rng = SystemRng;
    let mut ctx = at.app.context(at.meta.now, &mut rng);
    Ok(ciba::decide(&mut ctx, client, held, facts, at.registry).into())
}

async fn load(at: &Asked<'_>, client: AuthenticatedClient<'_>, request: &Request) -> Result<Option<Facts>, OAuthError> {
    let (store, now) = (&at.app.store, at.meta.now);
    let hash = Hash32(ciba::facts(request));
    let found = store.code_facts(Artefact::AUTH_REQ_ID, hash).await.map_err(|error| store_failure(&error))?;
    let Some(found) = found else { return Ok(None) };
    let facts = of(found, now)?;
    let asks_in_vain = facts.redeemed_at.is_none() && ciba::awaits_answer(client, &facts.grant);
    if !asks_in_vain {
        return Ok(Some(facts));
    }
    let first = store.remember_once("ciba_poll", hash, now.saturating_add(POLL_SECS), now).await;
    let pace = if first.map_err(|error| store_failure(&error))? { Pace::Kept } else { Pace::TooFast };
    Ok(Some(Facts { pace, ..facts }))
}

/// What was found, as the decision wants it.
pub(crate) fn of(found: CodeFacts, now: u64) -> Result<Facts, OAuthError> {
    Ok(Facts {
        hash: *found.code.hash.as_bytes(),
        grant: bc_authorize::grant(&found.code)?,
        expires_at: found.code.expires_at,
        redeemed_at: found.code.redeemed_at,
        pace: Pace::Kept,
        user: found.user.as_ref().map(facts::user),
        session: facts::session_state(found.session.as_ref(), now),
        sid: found.code.sid.unwrap_or_default(),
        session_ends_at: found.session.map_or(0, |session| session.absolute_expires_at),
    })
}
