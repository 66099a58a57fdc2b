//! `/userinfo` (OpenID Connect Core §5.3): claims about the user an access token stands for, with the errors
//! of RFC 6750.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use symbolon_jose::jwt::{self, Policy};
use symbolon_oauth::access_token::{self, AccessTokenClaims};
use symbolon_oauth::claims_request::ClaimsRequest;
use symbolon_oauth::endpoint::userinfo::{self, JtiState, Refused, TokenFacts};
use symbolon_oauth::{OAuthError, OpaqueToken, Params, SessionState, TokenKind};
use symbolon_store::{FamilyWanted, TokenQuery};

use super::meta::Meta;
use super::{answer, form, session};
use crate::app::App;
use crate::effects::store_failure;
use crate::facts;
use crate::registry::Registry;

/// `GET` and `POST /userinfo`.
pub(super) async fn userinfo(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    method: Method,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let token = match bearer(&app, &method, &headers, body).await {
        Ok(token) => token,
        Err(refusal) => return refuse(refusal),
    };
    let Known { claims, facts, asked } = match known(&app, &token, meta.now).await {
        Ok(Some(known)) => known,
        Ok(None) => return refuse(Refusal::InvalidToken),
        Err(error) => return answer::error(&error),
    };
    let response = match userinfo::decide(&app.issuer, &claims, &facts, asked.as_ref()) {
        Ok(claims) => answer::json(StatusCode::OK, &claims),
        Err(Refused::InvalidToken) => refuse(Refusal::InvalidToken),
        Err(Refused::InsufficientScope) => refuse(Refusal::InsufficientScope),
    };
    answer::to_client(response, &claims.client_id)
}

/// An access token of ours.
struct Known {
    claims: AccessTokenClaims,
    facts: TokenFacts,
    /// Claims that were asked for by name when it was granted.
    asked: Option<ClaimsRequest>,
}

/// What an access token of ours says, signed or looked up, and what became of it.
async fn known(app: &App, token: &str, now: u64) -> Result<Option<Known>, OAuthError> {
    let registry = app.registry();
    if let Ok(value) = OpaqueToken::parse(TokenKind::SessionValue, token) {
        let found = session::find(app, &registry, &value, now).await?;
        return Ok(found.map(|found| Known { claims: found.claims, facts: found.facts, asked: found.asked }));
    }
    let Some(claims) = own_access_token(app, &registry, token, now) else { return Ok(None) };
    let query = TokenQuery { family: FamilyWanted::Yes, ..query(&claims) };
    let found = app.store.token_facts(query).await.map_err(|error| store_failure(&error))?;
    // Of a family that cannot be read nothing was asked for.
    let asked = found.family.as_ref().and_then(facts::family_grant).and_then(|grant| grant.claims);
    Ok(Some(Known { facts: facts::token_facts(&found), claims, asked }))
}

/// The claims of an access token that this server signed for a client that is registered and enabled still
/// (security requirement 143), whatever became of its user since.
pub(super) fn own_access_token(app: &App, registry: &Registry, token: &str, now: u64) -> Option<AccessTokenClaims> {
    let policy = Policy::danger_any_audience(app.issuer.as_str()).accept_type(access_token::TYP).leeway_secs(0);
    let verified = jwt::verify::<AccessTokenClaims>(token, registry.keys().verifying(), &policy, now).ok()?;
    let claims = verified.into_claims();
    let client = registry.client(&claims.client_id)?;
    (!client.disabled).then_some(claims)
}

/// What became of a token's user, session and id.
pub(super) async fn token_facts(app: &App, claims: &AccessTokenClaims) -> Result<TokenFacts, OAuthError> {
    let found = app.store.token_facts(query(claims)).await.map_err(|error| store_failure(&error))?;
    Ok(facts::token_facts(&found))
}

fn query(claims: &AccessTokenClaims) -> TokenQuery {
    TokenQuery {
        sub: Some(claims.sub.clone()),
        sid: claims.sid.clone(),
        jti: Some(claims.jti.clone()),
        client_id: Some(claims.client_id.clone()),
        audience: claims.aud.iter().map(str::to_owned).collect(),
        family: FamilyWanted::No,
    }
}

/// The facts about a token that is none of ours.
pub(super) fn nothing_known() -> TokenFacts {
    TokenFacts { user: None, session: SessionState::Unknown, jti: JtiState::Live, revoked_until: None }
}

/// Why no claims are given (RFC 6750 §3.1).
#[derive(Clone, Copy)]
enum Refusal {
    InsufficientScope,
    InvalidToken,
    Malformed,
    NoToken,
}

/// The token, from the header or, in a form post, from the body (RFC 6750 §2.1, §2.2); never both.
async fn bearer(app: &App, method: &Method, headers: &HeaderMap, body: Body) -> Result<String, Refusal> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let header = lines.next();
    if lines.next().is_some() {
        return Err(Refusal::Malformed);
    }
    let in_header = match header {
        None => None,
        Some(line) => {
            let text = line.to_str().map_err(|_| Refusal::Malformed)?;
            let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
            if !scheme.eq_ignore_ascii_case("bearer") {
                return Err(Refusal::NoToken);
            }
            Some(token.trim_start().to_owned())
        }
    };
    let in_body = if method == Method::POST && form::media_type(headers) == form::MediaType::Form {
        let bytes = form::bytes(body, app.config().http.max_body_bytes).await.map_err(|_| Refusal::Malformed)?;
        let params = Params::parse(&bytes).map_err(|_| Refusal::Malformed)?;
        params.get("access_token").map(str::to_owned)
    } else {
        None
    };
    match (in_header, in_body) {
        (Some(_), Some(_)) => Err(Refusal::Malformed),
        (Some(token), None) | (None, Some(token)) => Ok(token),
        (None, None) => Err(Refusal::NoToken),
    }
}

fn refuse(refusal: Refusal) -> Response {
    let (status, challenge) = match refusal {
        Refusal::InsufficientScope => {
            (StatusCode::FORBIDDEN, "Bearer realm=\"symbolon\", error=\"insufficient_scope\", scope=\"openid\"")
        }
        Refusal::InvalidToken => (StatusCode::UNAUTHORIZED, "Bearer realm=\"symbolon\", error=\"invalid_token\""),
        Refusal::Malformed => (StatusCode::BAD_REQUEST, "Bearer realm=\"symbolon\", error=\"invalid_request\""),
        Refusal::NoToken => (StatusCode::UNAUTHORIZED, "Bearer realm=\"symbolon\""),
    };
    let error = match refusal {
        Refusal::InsufficientScope => "insufficient_scope",
        Refusal::InvalidToken | Refusal::NoToken => "invalid_token",
        Refusal::Malformed => "invalid_request",
    };
    let mut response = answer::json(status, &serde_json::json!({ "error": error }));
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    response
}
