//! What a client gets that asks for the answer of somebody (CIBA Core 1.0 §10.1).

use symbolon_oauth::client_auth::AuthenticatedClient;
use symbolon_oauth::endpoint::backchannel_authentication::INTERVAL_SECS;
use symbolon_oauth::grant::ciba::{self, Request};
use symbolon_oauth::{Confirmation, OAuthError};
use symbolon_store::{Artefact, Hash32};

use super::{Asked, Decided, answered};
use crate::rng::SystemRng;

/// How long after a request the next one is too early, in seconds: a network may bring one late and the next one early.
const POLL_SECS: u64 = INTERVAL_SECS - 1;

/// Decides what a client that has asked for somebody gets.
pub(super) async fn decide(
    at: &Asked<'_>,
    client: AuthenticatedClient<'_>,
    held: Option<&Confirmation>,
    request: &Request,
) -> Result<Decided, OAuthError> {
    let place = (Artefact::AUTH_REQ_ID, Hash32(ciba::facts(request)));
    let facts = answered::load(at, client, place, ("ciba_poll", POLL_SECS)).await?;
    let mut rng = SystemRng;
    let mut ctx = at.app.context(at.meta.now, &mut rng);
    Ok(ciba::decide(&mut ctx, client, held, request, facts, at.registry).into())
}
