//! `POST /oauth/introspect` (RFC 7662): an API asks, with its own credential, whether a token still counts; a
//! confidential client may ask about its own. Signed if the caller accepts that (RFC 9701).

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, StatusCode};
use symbolon_oauth::client_auth::{self, Credentials};
use symbolon_oauth::endpoint::introspection::{self, Answer, Caller, Request, SignedAnswer};
use symbolon_oauth::{OAuthError, OpaqueToken, Params, TokenKind};

use super::meta::Meta;
use super::{answer, client, form, session, token, userinfo};
use crate::app::App;
use crate::events;
use crate::metrics::Active;
use crate::registry::Registry;
use crate::rng::SystemRng;

/// The introspection endpoint.
pub(super) async fn introspect(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match handle(&app, &meta, &headers, query.as_deref(), body).await {
        Ok(response) => response,
        Err(error) => answer::error(&error),
    }
}

async fn handle(
    app: &App,
    meta: &Meta,
    headers: &HeaderMap,
    query: Option<&str>,
    body: Body,
) -> Result<Response, OAuthError> {
    let registry = app.registry();
    let params = form::params(headers, query, body, app.config().http.max_body_bytes).await?;
    let credentials = client::credentials(headers, &params)?;
    let caller = caller(app, &registry, &credentials, meta)
        .await
        .inspect_err(|error| events::client_refused(app, credentials.client_id(), error))?;
    let found = decide(app, &registry, caller, &params, meta.now).await?;
    let active = found.is_active();
    app.metrics.introspections.get_or_create(&Active { active }).inc();
    let wanted = headers.get_all(ACCEPT).iter().filter_map(|accept| accept.to_str().ok()).any(introspection::wants_jwt);
    if wanted {
        signed(app, &registry, caller, &found, meta.now).await
    } else {
        Ok(answer::json(StatusCode::OK, &found))
    }
}

/// RFC 9701 §5: the same answer, signed for the one who asked, and encrypted if it is registered so.
async fn signed(
    app: &App,
    registry: &Registry,
    caller: Caller<'_>,
    found: &Answer,
    now: u64,
) -> Result<Response, OAuthError> {
    let (aud, alg) = caller.signature();
    let claims = SignedAnswer { iss: app.issuer.as_str(), aud, iat: now, token_introspection: found };
    let jwt = match caller.encryption() {
        None => registry.sign(alg, introspection::JWT_TYP, &claims)?,
        Some(encryption) => {
            let fetched = app.encryption_keys(registry, aud, now).await;
            let registered = caller.encrypting_key(encryption);
            let recipient = registry.recipient(aud, encryption, fetched.as_deref(), registered);
            registry.sign_then_encrypt((aud, alg), recipient.as_ref(), introspection::JWT_TYP, &claims)?
        }
    };
    Ok(answer::jwt(HeaderValue::from_static("application/token-introspection+jwt"), jwt))
}

async fn caller<'r>(
    app: &App,
    registry: &'r Registry,
    credentials: &Credentials,
    meta: &Meta,
) -> Result<Caller<'r>, OAuthError> {
    match registry.api(credentials.client_id()) {
        Some(api) => client_auth::authenticate_api(&app.context(meta.now, &mut SystemRng), Some(api), credentials)
            .map(Caller::Api),
        None => client::authenticate(app, registry, credentials, meta).await.map(Caller::Client),
    }
}

async fn decide(
    app: &App,
    registry: &Registry,
    caller: Caller<'_>,
    params: &Params,
    now: u64,
) -> Result<Answer, OAuthError> {
    let request = Request::parse(params)?;
    if let Ok(value) = OpaqueToken::parse(TokenKind::SessionValue, &request.token) {
        return session::look_up(app, registry, caller, Some(&value), now).await;
    }
    if let Ok(token) = OpaqueToken::parse(TokenKind::RefreshToken, &request.token) {
        let facts = token::refresh_token::look_up(app, &token, now).await?;
        let mut rng = SystemRng;
        return introspection::decide_refresh_token(&app.context(now, &mut rng), caller, facts.as_ref());
    }
    let Some(mut claims) = userinfo::own_access_token(app, registry, &request.token, now) else {
        let nothing = userinfo::nothing_known();
        return introspection::decide(caller, None, &nothing);
    };
    let facts = userinfo::token_facts(app, registry, &mut claims).await?;
    introspection::decide(caller, Some(&claims), &facts)
}
