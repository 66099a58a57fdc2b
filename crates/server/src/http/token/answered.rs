//! The facts of a client that waits for somebody's answer: what was asked for, what its user said, and how often the client asks.

use serde::de::DeserializeOwned;
use symbolon_oauth::OAuthError;
use symbolon_oauth::client_auth::AuthenticatedClient;
use symbolon_oauth::endpoint::elsewhere::Asked as Question;
use symbolon_oauth::grant::answered::{Facts, Pace, awaits_answer};
use symbolon_store::{CodeFacts, Hash32};

use super::Asked;
use crate::effects::store_failure;
use crate::facts;
use crate::http::answering::kept;

/// What was found under a hash, if anything. `poll_secs` is how long after a request of a client the next one is too early.
pub(super) async fn load<G: DeserializeOwned + AsRef<Question>>(
    at: &Asked<'_>,
    client: AuthenticatedClient<'_>,
    (kind, hash): (&str, Hash32),
    (memory, poll_secs): (&str, u64),
) -> Result<Option<Facts<G>>, OAuthError> {
    let (store, now) = (&at.app.store, at.meta.now);
    let found = store.code_facts(kind, hash).await.map_err(|error| store_failure(&error))?;
    let Some(found) = found else { return Ok(None) };
    let facts: Facts<G> = of(found, now)?;
    if facts.redeemed_at.is_some() || !awaits_answer(client, facts.grant.as_ref()) {
        return Ok(Some(facts));
    }
    let first = store.remember_once(memory, hash, now.saturating_add(poll_secs), now).await;
    let pace = if first.map_err(|error| store_failure(&error))? { Pace::Kept } else { Pace::TooFast };
    Ok(Some(Facts { pace, ..facts }))
}

/// What was found, as the decision wants it.
pub(crate) fn of<G: DeserializeOwned>(found: CodeFacts, now: u64) -> Result<Facts<G>, OAuthError> {
    Ok(Facts {
        hash: *found.code.hash.as_bytes(),
        grant: kept(&found.code)?,
        expires_at: found.code.expires_at,
        redeemed_at: found.code.redeemed_at,
        pace: Pace::Kept,
        user: found.user.as_ref().map(facts::user),
        session: facts::session_state(found.session.as_ref(), now),
        sid: found.code.sid.unwrap_or_default(),
        session_ends_at: found.session.map_or(0, |session| session.absolute_expires_at),
    })
}
