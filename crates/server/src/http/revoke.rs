//! `POST /oauth/revoke` (RFC 7009): ends what a refresh token, an access token or a session value belongs to, and says until when the access
//! tokens it revoked can live on where nobody follows the revocation feed.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use symbolon_oauth::client_auth::AuthenticatedClient;
use symbolon_oauth::endpoint::revocation::{self, Answer, Facts, Request};
use symbolon_oauth::{AccessTokenClaims, ClientId, OAuthError};
use symbolon_store::{Family, FamilyWanted, Hash32, TokenQuery};

use super::client::FromClient;
use super::{answer, userinfo};
use crate::app::App;
use crate::effects::{self, store_failure};
use crate::events;
use crate::refresh;

/// The revocation endpoint.
pub(super) async fn revoke(State(app): State<Arc<App>>, asked: FromClient) -> Response {
    let outcome = match asked.client(&app).await {
        Ok(client) => end(&app, &asked, client).await,
        Err(error) => Err(error),
    };
    asked.answered(match outcome {
        Ok(revoked) => answer::json(StatusCode::OK, &revoked),
        Err(error) => answer::error(&error),
    })
}

async fn end(app: &App, asked: &FromClient, client: AuthenticatedClient<'_>) -> Result<Answer, OAuthError> {
    let FromClient { registry, meta, params, .. } = asked;
    let access_token;
    let facts = match Request::parse(params)? {
        Request::Unknown => Facts::Nothing,
        Request::RefreshToken(token) => {
            let found = refresh::find(&*app.store, &token).await.map_err(|error| store_failure(&error))?;
            found.and_then(|found| family(found.into_family())).unwrap_or(Facts::Nothing)
        }
        Request::SessionValue(value) => {
            let hash = Hash32(value.hash());
            let found = app.store.session_value_facts(hash).await.map_err(|error| store_failure(&error))?;
            found.and_then(|found| family(found.family)).unwrap_or(Facts::Nothing)
        }
        Request::AccessToken(token) => {
            access_token = userinfo::own_access_token(app, registry, &token, meta.now);
            match &access_token {
                None => Facts::Nothing,
                Some(claims) if is_exchanged(app, claims).await? => Facts::Exchanged(claims),
                Some(claims) => Facts::AccessToken(claims),
            }
        }
    };
    let effect = revocation::decide(client, &facts)?;
    let ended = effects::apply_end(app, &effect, meta.now).await?;
    let answer =
        Answer { revoked: ended.families > 0 || ended.tokens_until.is_some(), access_tokens_until: ended.tokens_until };
    if answer.revoked {
        let recorded = events::revoked(app, meta, client.client().client_id.as_str(), &effect).await;
        recorded.map_err(|error| store_failure(&error))?;
    }
    Ok(answer)
}

/// Whether the family that goes on with it is another client's.
async fn is_exchanged(app: &App, claims: &AccessTokenClaims) -> Result<bool, OAuthError> {
    let query = TokenQuery { jti: Some(claims.jti.clone()), family: FamilyWanted::Yes, ..TokenQuery::default() };
    let found = app.store.token_facts(query).await.map_err(|error| store_failure(&error))?;
    Ok(found.family.is_some_and(|family| family.client_id != claims.client_id))
}

fn family(found: Family) -> Option<Facts<'static>> {
    Some(Facts::Family { client_id: ClientId::parse(&found.client_id).ok()?, id: found.id })
}
