//! `POST /oauth/revoke` (RFC 7009): ends a refresh token's family. For a signed access token the honest answer
//! is `unsupported_token_type`.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::header::CACHE_CONTROL;
use http::{HeaderMap, StatusCode};
use symbolon_oauth::client_auth::AuthenticatedClient;
use symbolon_oauth::endpoint::revocation::{self, Facts, Request};
use symbolon_oauth::{ClientId, Effect, OAuthError, Params};
use symbolon_store::Hash32;

use super::meta::Meta;
use super::{answer, client, form};
use crate::app::App;
use crate::effects::{self, store_failure};
use crate::events;

/// The revocation endpoint.
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let registry = app.registry();
    let params = match form::params(&headers, query.as_deref(), body, app.config.http.max_body_bytes).await {
        Ok(params) => params,
        Err(error) => return answer::error(&error),
    };
    let credentials = match client::credentials(&headers, &params) {
        Ok(credentials) => credentials,
        Err(error) => return answer::error(&error),
    };
    let outcome = match client::authenticate(&app, &registry, &credentials, meta.now).await {
        Ok(client) => end(&app, &meta, client, &params).await,
        Err(error) => {
            events::client_refused(&app, credentials.client_id(), &error);
            Err(error)
        }
    };
    let response = match outcome {
        // Some clients take offence at a content type on an empty answer.
        Ok(()) => (StatusCode::OK, [(CACHE_CONTROL, "no-store")]).into_response(),
        Err(error) => answer::error(&error),
    };
    answer::to_client(response, credentials.client_id())
}

async fn end(app: &App, meta: &Meta, client: AuthenticatedClient<'_>, params: &Params) -> Result<(), OAuthError> {
    let facts = match Request::parse(params)? {
        Request::Unknown => None,
        Request::RefreshToken(token) => {
            let found = app.store.refresh_facts(Hash32(token.hash())).await.map_err(|error| store_failure(&error))?;
            found.and_then(|found| {
                Some(Facts { client_id: ClientId::parse(&found.family.client_id).ok()?, family_id: found.family.id })
            })
        }
    };
    let effect = revocation::decide(client, facts.as_ref())?;
    effects::apply_end(app, &effect, meta.now).await?;
    if let Effect::EndFamily { family_id, .. } = &effect {
        let recorded = events::revoked(app, meta, client.client().client_id.as_str(), family_id).await;
        recorded.map_err(|error| store_failure(&error))?;
    }
    Ok(())
}
