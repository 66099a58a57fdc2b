//! What a device gets that asks for the answer of its user (RFC 8628 §3.4).

use symbolon_oauth::client_auth::AuthenticatedClient;
use symbolon_oauth::endpoint::device_authorization::INTERVAL_SECS;
use symbolon_oauth::grant::device_code::{self, Request};
use symbolon_oauth::{Confirmation, OAuthError};
use symbolon_store::{Artefact, Hash32};

use super::{Asked, Decided, answered};
use crate::rng::SystemRng;

/// How long after a request the next one is too early, in seconds: a network may bring one late and the next one early.
const POLL_SECS: u64 = INTERVAL_SECS - 1;

/// Decides what a device gets.
pub(super) async fn decide(
    at: &Asked<'_>,
    client: AuthenticatedClient<'_>,
    held: Option<&Confirmation>,
    request: &Request,
) -> Result<Decided, OAuthError> {
    let place = (Artefact::DEVICE_CODE, Hash32(device_code::facts(request)));
    let facts = answered::load(at, client, place, ("device_poll", POLL_SECS)).await?;
    let mut rng = SystemRng;
    let mut ctx = at.app.context(at.meta.now, &mut rng);
    Ok(device_code::decide(&mut ctx, client, held, request, facts, at.registry).into())
}
