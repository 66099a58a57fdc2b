//! `POST /oauth/introspect` (RFC 7662): an API asks, with its own credential, whether a token still counts; a
//! confidential client may ask about its own. Signed if the caller accepts that (RFC 9701).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::header::ACCEPT;
use http::{HeaderValue, StatusCode};
use symbolon_oauth::endpoint::introspection::{self, Answer, Caller, Request, SignedAnswer};
use symbolon_oauth::{OAuthError, OpaqueToken, Params, TokenKind};

use super::client::FromClient;
use super::{answer, session, token, userinfo};
use crate::app::App;
use crate::metrics::Active;
use crate::registry::Registry;
use crate::rng::SystemRng;

/// The introspection endpoint.
pub(super) async fn introspect(State(app): State<Arc<App>>, asked: FromClient) -> Response {
    match handle(&app, &asked).await {
        Ok(response) => response,
        Err(error) => answer::error(&error),
    }
}

async fn handle(app: &App, asked: &FromClient) -> Result<Response, OAuthError> {
    let FromClient { registry, meta, headers, params, credentials, .. } = asked;
    let caller = match registry.api(credentials.client_id()) {
        Some(_) => Caller::Api(asked.api(app)?),
        None => Caller::Client(asked.client(app).await?),
    };
    let found = decide(app, registry, caller, params, meta.now).await?;
    let active = found.is_active();
    app.metrics.introspections.get_or_create(&Active { active }).inc();
    let accepts: Vec<&str> = headers.get_all(ACCEPT).iter().filter_map(|accept| accept.to_str().ok()).collect();
    if introspection::wants_jwt(&accepts.join(",")) {
        signed(app, registry, caller, &found, meta.now).await
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
