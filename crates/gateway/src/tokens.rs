//! The access token for an API: the one at hand, or a new one. However many ask at once, one of them renews and the others wait for it.
//!
//! What is renewed is in the store before it is used. If the issuer says that it is over, so is the session; if it cannot be asked, the token at
//! hand is good for as long as it lives.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::config::Api;
use crate::gateway::Gateway;
use crate::problem::Problem;
use crate::provider::ProviderError;
use crate::sessions::{Access, Session};

/// After the issuer could not be asked, nobody else asks for this long, seconds: those who wait would wait for one another.
const PAUSE_SECS: u64 = 3;
/// A token that an API refused is renewed before its time, unless it is as young as this, seconds: a new one would be no better.
const YOUNG_SECS: u64 = 10;

/// The token to call `api` with.
pub(crate) async fn for_api(
    gateway: &Arc<Gateway>,
    session: &Arc<Session>,
    api: &Api,
) -> Result<Zeroizing<String>, Problem> {
    if let Some(token) = at_hand(gateway, session, api) {
        return Ok(token);
    }
    // Goes on if the caller goes away: a refresh token that was used and whose successor nobody kept is lost.
    let (gateway, session, api) = (Arc::clone(gateway), Arc::clone(session), api.clone());
    let renewed = tokio::spawn(async move { renew(&gateway, &session, &api).await }).await;
    renewed.unwrap_or(Err(Problem::Internal))
}

/// The API has refused the token: it may have been revoked. The next call has a new one, or learns that all is over.
pub(crate) fn refused(gateway: &Gateway, session: &Session, api: &Api) {
    let now = gateway.clock.now();
    if let Some(access) = session.content().access.get_mut(key(api))
        && now >= access.got_at.saturating_add(YOUNG_SECS)
    {
        access.renew_at = 0;
    }
}

/// Under what a token for an API is kept.
pub(crate) fn key(api: &Api) -> &str {
    api.audience.as_deref().unwrap_or_default()
}

fn at_hand(gateway: &Gateway, session: &Session, api: &Api) -> Option<Zeroizing<String>> {
    let now = gateway.clock.now();
    session.content().access.get(key(api)).filter(|access| now < access.renew_at).map(|access| access.token.clone())
}

async fn renew(gateway: &Arc<Gateway>, session: &Arc<Session>, api: &Api) -> Result<Zeroizing<String>, Problem> {
    let mut turn = session.turn.lock().await;
    if turn.ended {
        return Err(Problem::SignInNeeded);
    }
    // Whoever had the turn before may have done it.
    if let Some(token) = at_hand(gateway, session, api) {
        return Ok(token);
    }
    let now = gateway.clock.now();
    let still_good =
        || session.content().access.get(key(api)).filter(|access| now < access.expires_at).map(|it| it.token.clone());
    if turn.failed_at.is_some_and(|at| now < at.saturating_add(PAUSE_SECS)) {
        return still_good().ok_or(Problem::IssuerAway);
    }
    let refresh_token = session.content().refresh_token.clone();
    let Some(refresh_token) = refresh_token else {
        return match still_good() {
            Some(token) => Ok(token),
            None => over(gateway, session, &mut turn, "there is nothing to renew it with").await,
        };
    };
    match gateway.provider.refresh(&refresh_token, api.audience.as_deref(), api.scope.as_deref()).await {
        Ok(tokens) => {
            turn.failed_at = None;
            let claims = gateway.provider.says(&tokens.access_token, api.audience.as_deref()).await;
            let access = Access::new(tokens.access_token, claims, now, tokens.expires_in);
            let token = access.token.clone();
            {
                let mut content = session.content();
                content.access.insert(key(api).to_owned(), access);
                if let Some(refresh_token) = tokens.refresh_token {
                    content.refresh_token = Some(refresh_token);
                }
            }
            gateway.sessions.keep(session).await.map_err(|error| {
                tracing::error!(%error, "renewed tokens could not be stored");
                Problem::Internal
            })?;
            Ok(token)
        }
        // RFC 6749 §5.2: the refresh token "is invalid, expired, revoked".
        Err(ProviderError::Refused(code)) if code == "invalid_grant" => {
            over(gateway, session, &mut turn, "the issuer ended it").await
        }
        Err(error) => {
            turn.failed_at = Some(now);
            tracing::warn!(%error, audience = key(api), "a token could not be renewed");
            still_good().ok_or(Problem::IssuerAway)
        }
    }
}

async fn over(
    gateway: &Gateway,
    session: &Session,
    turn: &mut crate::sessions::Turn,
    why: &str,
) -> Result<Zeroizing<String>, Problem> {
    turn.ended = true;
    tracing::info!(why, "a session is over");
    if let Err(error) = gateway.sessions.end(vec![session.hash]).await {
        tracing::error!(%error, "a session that is over could not be removed");
    }
    Err(Problem::SignInNeeded)
}
