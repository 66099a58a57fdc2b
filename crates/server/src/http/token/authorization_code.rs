//! The facts of an authorization code: what was kept with it, its user, its session.

use symbolon_oauth::client_auth::AuthenticatedClient;
use symbolon_oauth::grant::authorization_code::{self, Facts, Request};
use symbolon_oauth::{Confirmation, OAuthError};
use symbolon_store::{Artefact, Hash32};

use super::{Asked, Decided};
use crate::effects::store_failure;
use crate::facts;
use crate::http::browser;
use crate::rng::SystemRng;

/// Decides the redemption of a code.
pub(super) async fn decide(
    at: &Asked<'_>,
    client: AuthenticatedClient<'_>,
    held: Option<&Confirmation>,
    request: &Request,
) -> Result<Decided, OAuthError> {
    let mut facts = load(at, request).await?;
    if let Some(facts) = facts.as_mut().filter(|_| client.client().gets_cookies()) {
        facts.here = browser::signed_in(at.app, at.headers, at.meta.now).await?.map(|who| who.session.sid);
    }
    let mut rng = SystemRng;
    let mut ctx = at.app.context(at.meta.now, &mut rng);
    Ok(authorization_code::decide(&mut ctx, client, held, request, facts, at.registry).into())
}

async fn load(at: &Asked<'_>, request: &Request) -> Result<Option<Facts>, OAuthError> {
    let hash = Hash32(authorization_code::facts(request));
    let found = at.app.store.code_facts(Artefact::AUTHORIZATION_CODE, hash).await;
    let Some(found) = found.map_err(|error| store_failure(&error))? else { return Ok(None) };
    let grant = serde_json::from_value(found.code.payload).map_err(|error| {
        tracing::error!(%error, "a stored authorization code cannot be read");
        OAuthError::ServerError
    })?;
    Ok(Some(Facts {
        grant,
        expires_at: found.code.expires_at,
        redeemed_at: found.code.redeemed_at,
        user: found.user.as_ref().map(facts::user),
        session: facts::session_state(found.session.as_ref(), at.meta.now),
        session_ends_at: found.session.map_or(0, |session| session.absolute_expires_at),
        here: None,
    }))
}
