//! The facts of a refresh: token, family, user and session, and the successor that an answer repeats.

use symbolon_oauth::client_auth::AuthenticatedClient;
use symbolon_oauth::grant::refresh_token::{self, Request};
use symbolon_oauth::{ClientId, Confirmation, Issue, OAuthError, OpaqueToken, RefreshAnswer, SessionState};
use symbolon_store::{Family, RefreshFacts, RefreshState};

use super::{Asked, Decided};
use crate::app::App;
use crate::effects::store_failure;
use crate::facts;
use crate::http::{browser, page_cookies};
use crate::refresh::{self, Found};
use crate::rng::SystemRng;
use crate::seal;

/// Decides a refresh.
pub(super) async fn decide(
    at: &Asked<'_>,
    client: AuthenticatedClient<'_>,
    held: Option<&Confirmation>,
    request: &Request,
) -> Result<Decided, OAuthError> {
    let found = refresh::find(&*at.app.store, &request.refresh_token).await;
    let mut refresh = None;
    let facts = match found.map_err(|error| store_failure(&error))? {
        None => None,
        Some(Found::Forgotten(family)) => Some(of_forgotten(&family)?),
        Some(Found::OnRecord(found)) => Some(of_refresh(refresh.insert(*found), at.meta.now)?),
    };
    // Before anything is decided: a cookie that was planted, or used by a page that was not told of its session, ends nothing either.
    let client_id = &client.client().client_id;
    if let Some(facts) =
        facts.as_ref().filter(|facts| client.client().gets_cookies() && facts.family.client_id == *client_id)
    {
        page_cookies::check_token(at.app, client_id.as_str(), at.headers, facts.family.sid.as_deref())?;
    }
    let mut rng = SystemRng;
    let mut ctx = at.app.context(at.meta.now, &mut rng);
    let outcome = refresh_token::decide(&mut ctx, client, held, request, facts, at.registry);
    Ok(Decided { refresh, ..Decided::from(outcome) })
}

/// What is on record of a refresh token, for who only asks.
pub(in crate::http) async fn look_up(
    app: &App,
    token: &OpaqueToken,
    now: u64,
) -> Result<Option<refresh_token::Facts>, OAuthError> {
    match refresh::find(&*app.store, token).await.map_err(|error| store_failure(&error))? {
        None => Ok(None),
        Some(Found::Forgotten(family)) => of_forgotten(&family).map(Some),
        Some(Found::OnRecord(found)) => of_refresh(&found, now).map(Some),
    }
}

/// A refresh is use of the session that the family is bound to.
pub(super) async fn keep_session(at: &Asked<'_>, refresh: &RefreshFacts) -> Result<(), OAuthError> {
    match refresh {
        RefreshFacts { family, session: Some(session), .. } if family.session_bound => {
            browser::touch(at.app, session, at.meta.now).await.map(drop)
        }
        _ => Ok(()),
    }
}

/// What was found of a token, as decisions want it.
pub(super) fn of_refresh(found: &RefreshFacts, now: u64) -> Result<refresh_token::Facts, OAuthError> {
    let unused = found.successor.as_ref().filter(|successor| successor.state == RefreshState::Current);
    let successor = match unused {
        Some(successor) => refresh_token::Successor::Unused { hash: *successor.hash.as_bytes() },
        None => refresh_token::Successor::Used,
    };
    let state = match &found.token.state {
        RefreshState::Current => refresh_token::TokenState::Current,
        RefreshState::Dead => refresh_token::TokenState::Dead,
        RefreshState::Superseded { at, .. } => refresh_token::TokenState::Superseded { at: *at, successor },
    };
    Ok(refresh_token::Facts {
        state,
        expires_at: found.token.expires_at,
        family: of_family(&found.family)?,
        user: found.user.as_ref().map(facts::user),
        session: facts::session_state(found.session.as_ref(), now),
    })
}

/// As a token that has no successor to be had any more.
fn of_forgotten(family: &Family) -> Result<refresh_token::Facts, OAuthError> {
    Ok(refresh_token::Facts {
        state: refresh_token::TokenState::Dead,
        expires_at: family.absolute_expires_at,
        family: of_family(family)?,
        user: None,
        session: SessionState::Unknown,
    })
}

fn of_family(family: &Family) -> Result<refresh_token::FamilyFacts, OAuthError> {
    let corrupt = || {
        tracing::error!(family = family.id, "a stored token family cannot be read");
        OAuthError::ServerError
    };
    Ok(refresh_token::FamilyFacts {
        id: family.id.clone(),
        client_id: ClientId::parse(&family.client_id).map_err(|_| corrupt())?,
        sid: family.sid.clone(),
        session_bound: family.session_bound,
        absolute_expires_at: family.absolute_expires_at,
        ended_at: family.ended_at,
        grant: facts::family_grant(family).ok_or_else(corrupt)?,
    })
}

/// The successor that was sealed under the presented token, for the answer that repeats it.
pub(super) fn same_successor(
    issue: &Issue,
    presented: &str,
    refresh: Option<&RefreshFacts>,
) -> Result<Option<String>, OAuthError> {
    let (RefreshAnswer::SameSuccessor, Some(found)) = (&issue.refresh_token, refresh) else { return Ok(None) };
    let RefreshState::Superseded { sealed_successor, .. } = &found.token.state else {
        return Err(OAuthError::ServerError);
    };
    let successor = seal::open_successor(presented, sealed_successor).map_err(|error| {
        tracing::error!(%error, family = found.family.id, "a sealed successor does not open");
        OAuthError::ServerError
    })?;
    Ok(Some(successor.to_string()))
}
