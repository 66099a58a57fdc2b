//! `POST /session`: an API looks up, with its own secret, whom a session value stands for. The introspection endpoint answers the
//! same for such a value.
//!
//! A look-up by the API the value was made for is use of the session and puts off its idle expiry; anybody else learns and
//! changes nothing.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use symbolon_oauth::claims_request::ClaimsRequest;
use symbolon_oauth::endpoint::introspection::{self, Answer, Caller};
use symbolon_oauth::endpoint::session::{self, Request};
use symbolon_oauth::endpoint::userinfo::TokenFacts;
use symbolon_oauth::{AccessTokenClaims, OAuthError, OpaqueToken};
use symbolon_store::{Hash32, Session};

use super::client::FromClient;
use super::{answer, browser, page_cookies, userinfo};
use crate::app::App;
use crate::effects::store_failure;
use crate::facts;
use crate::registry::Registry;
use crate::rng::SystemRng;

/// The session endpoint.
pub(super) async fn session(State(app): State<Arc<App>>, asked: FromClient) -> Response {
    answer::to_api(match handle(&app, &asked).await {
        Ok(found) => answer::json(StatusCode::OK, &found),
        Err(error) => answer::error(&error),
    })
}

async fn handle(app: &App, asked: &FromClient) -> Result<Answer, OAuthError> {
    let proven = asked.api(app)?;
    let request = Request::parse(&asked.params)?;
    look_up(app, &asked.registry, Caller::Api(proven), request.value.as_ref(), asked.meta.now).await
}

/// What a session value says to this caller.
pub(super) async fn look_up(
    app: &App,
    registry: &Registry,
    caller: Caller<'_>,
    value: Option<&OpaqueToken>,
    now: u64,
) -> Result<Answer, OAuthError> {
    let found = match value {
        Some(value) => find(app, registry, value, now).await?,
        None => None,
    };
    let Some(Found { claims, facts, session, ends_at, asked: _ }) = found else {
        return introspection::decide(caller, None, &userinfo::nothing_known());
    };
    let mut answer = introspection::decide(caller, Some(&claims), &facts)?;
    // Use that cannot be noted lets the session end sooner. That is no reason to turn the user away now.
    if let (Answer::Active(active), Caller::Api(_)) = (&mut answer, caller)
        && let Ok(idle_expires_at) = browser::touch(app, &session, now).await
    {
        active.exp = idle_expires_at.min(ends_at);
    }
    Ok(answer)
}

/// A session value that counts.
pub(super) struct Found {
    /// What it says, in the words of a signed token.
    pub claims: AccessTokenClaims,
    /// What became of its user and session.
    pub facts: TokenFacts,
    /// Claims that were asked for by name when it was granted.
    pub asked: Option<ClaimsRequest>,
    /// The session it was born in.
    pub session: Session,
    /// When it ends however much it is used.
    pub ends_at: u64,
}

/// Finds a session value, if it counts now and its client is registered and enabled still.
pub(super) async fn find(
    app: &App,
    registry: &Registry,
    value: &OpaqueToken,
    now: u64,
) -> Result<Option<Found>, OAuthError> {
    let found = app.store.session_value_facts(Hash32(value.hash())).await.map_err(|error| store_failure(&error))?;
    let Some(found) = found else { return Ok(None) };
    let Some(client) = registry.client(&found.family.client_id) else { return Ok(None) };
    let Some(known) = facts::session_value(&found, now) else {
        tracing::error!(family = found.family.id, "a stored session value cannot be read");
        return Err(OAuthError::ServerError);
    };
    let mut claims = session::claims(&app.context(now, &mut SystemRng), client, registry, &known);
    if let Some(claims) = &mut claims {
        page_cookies::mark(app, Some(client), claims);
    }
    Ok(claims.zip(found.token.session).map(|(claims, session)| Found {
        ends_at: known.absolute_expires_at.min(session.absolute_expires_at),
        claims,
        facts: known.token,
        asked: known.grant.claims,
        session,
    }))
}
