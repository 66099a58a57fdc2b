//! `/userinfo` (OpenID Connect Core §5.3): claims about the user an access token stands for, with the errors
//! of RFC 6750, and of RFC 9449 §7 for a token that is bound to a key.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::{Map, Value};
use symbolon_jose::jwt::{self, Policy};
use symbolon_oauth::access_token::{self, AccessTokenClaims};
use symbolon_oauth::claims_request::ClaimsRequest;
use symbolon_oauth::dpop::Proven;
use symbolon_oauth::endpoint::path;
use symbolon_oauth::endpoint::userinfo::{self, JtiState, Refused, TokenFacts};
use symbolon_oauth::registration::{AccessTokenType, UserinfoResponses};
use symbolon_oauth::{Client, Confirmation, DpopFailure, OAuthError, OpaqueToken, Params, SessionState, TokenKind};
use symbolon_store::{Family, FamilyWanted, TokenQuery};

use super::dpop::{self, Target};
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
    let Shown { token, scheme } = match shown(&app, &method, &headers, body).await {
        Ok(shown) => shown,
        Err(refusal) => return refuse(refusal, Scheme::Bearer),
    };
    let Known { claims, facts, asked } = match known(&app, &token, meta.now).await {
        Ok(Some(known)) => known,
        Ok(None) => return refuse(Refusal::InvalidToken, scheme),
        Err(error) => return answer::error(&error),
    };
    let registry = app.registry();
    let client = registry.client(&claims.client_id).map(AsRef::as_ref);
    let asked = asked.zip(client).map(|(asked, client)| asked.of_client(client));
    let target = Target { method: &method, path: path::USERINFO, now: meta.now };
    let proven = match (&claims.cnf, client, scheme) {
        // RFC 8705 §3: over a connection with the certificate that the token is bound to.
        (Some(cnf @ Confirmation::X5tS256(_)), _, Scheme::Bearer)
            if meta.certificate.as_deref().is_some_and(|shown| shown.certificate.is_of(cnf)) =>
        {
            Ok(None)
        }
        (Some(cnf @ Confirmation::Jkt(_)), Some(client), Scheme::Dpop) => {
            prove(&app, &headers, client, target, cnf, &token).map(Some)
        }
        (None, _, Scheme::Bearer) => Ok(None),
        // RFC 9449 §7.2: a bound token is no bearer's. And a proof for one that is not bound would prove nothing.
        _ => Err(Refusal::InvalidToken),
    };
    let decided = proven.and_then(|proven| {
        let said = userinfo::decide(&app.issuer, &claims, &facts, asked.as_ref())?;
        Ok((proven, said))
    });
    let mut response = match decided {
        Ok((proven, said)) => match remember(&app, proven.as_ref(), meta.now).await {
            Ok(()) => match told(&app, &registry, client, said, meta.now).await {
                Ok(response) => response,
                Err(error) => return answer::error(&error),
            },
            Err(OAuthError::Dpop(failure)) => refuse(Refusal::Dpop(failure), Scheme::Dpop),
            Err(error) => return answer::error(&error),
        },
        Err(refusal) => refuse(
            refusal,
            if matches!(claims.cnf, Some(Confirmation::Jkt(_))) { Scheme::Dpop } else { Scheme::Bearer },
        ),
    };
    dpop::offer_nonce(&app, client.filter(|_| scheme == Scheme::Dpop), &mut response, meta.now);
    answer::to_client(response, &claims.client_id)
}

/// The claims in the form the client is registered for (Core §5.3.2): "the content-type MUST be application/jwt" if
/// they are signed or encrypted.
async fn told(
    app: &App,
    registry: &Registry,
    client: Option<&Client>,
    said: Map<String, Value>,
    now: u64,
) -> Result<Response, OAuthError> {
    let Some(client) = client.filter(|client| client.userinfo != UserinfoResponses::default()) else {
        return Ok(answer::json(StatusCode::OK, &said));
    };
    app.fetch_encryption_keys(client, now).await;
    let fetched = app.keys_at_hand(client, now);
    match registry.sign_userinfo(client, &userinfo::as_jwt(&app.issuer, client, said), fetched.as_deref())? {
        Some(token) => Ok(answer::jwt(HeaderValue::from_static("application/jwt"), token)),
        None => Err(OAuthError::ServerError),
    }
}

/// An access token of ours.
pub(super) struct Known {
    /// What it says.
    pub(super) claims: AccessTokenClaims,
    /// What became of its user and session.
    pub(super) facts: TokenFacts,
    /// Claims that were asked for by name when it was granted.
    pub(super) asked: Option<ClaimsRequest>,
}

/// The proof of the key that the token is bound to.
fn prove(
    app: &App,
    headers: &HeaderMap,
    client: &Client,
    target: Target<'_>,
    cnf: &Confirmation,
    token: &str,
) -> Result<Proven, Refusal> {
    let proven = dpop::check(app, headers, client, target, Some(token)).map_err(Refusal::Dpop)?;
    let proven = proven.ok_or(Refusal::Dpop(DpopFailure::Missing))?;
    proven.is_key_of(cnf).map_err(Refusal::Dpop)?;
    Ok(proven)
}

async fn remember(app: &App, proven: Option<&Proven>, now: u64) -> Result<(), OAuthError> {
    match proven {
        Some(proven) => dpop::remember(app, proven, now).await,
        None => Ok(()),
    }
}

/// What an access token of ours says, signed or looked up, and what became of it.
pub(super) async fn known(app: &App, token: &str, now: u64) -> Result<Option<Known>, OAuthError> {
    let registry = app.registry();
    if let Ok(value) = OpaqueToken::parse(TokenKind::SessionValue, token) {
        let found = session::find(app, &registry, &value, now).await?;
        return Ok(found.map(|found| Known { claims: found.claims, facts: found.facts, asked: found.asked }));
    }
    let Some(mut claims) = own_access_token(app, &registry, token, now) else { return Ok(None) };
    let found = look(app, &registry, &mut claims, FamilyWanted::Yes).await?;
    // Of a family that cannot be read nothing was asked for.
    let asked = found.family.as_ref().and_then(facts::family_grant).and_then(|grant| grant.claims);
    Ok(Some(Known { facts: facts::token_facts(&found), claims, asked }))
}

/// The claims of an access token that this server signed for a client that is registered and enabled still
/// (security requirement 143), whatever became of its user since.
pub(super) fn own_access_token(app: &App, registry: &Registry, token: &str, now: u64) -> Option<AccessTokenClaims> {
    let policy = Policy::danger_any_audience(app.issuer.as_str()).leeway_secs(0);
    let policy = policy.accept_type(AccessTokenType::AtJwt.name()).accept_type(AccessTokenType::Jwt.name());
    let verified = jwt::verify::<AccessTokenClaims>(token, registry.keys().verifying(), &policy, now).ok()?;
    if !access_token::is_called(verified.claims(), verified.typ()?, registry) {
        return None;
    }
    let claims = verified.into_claims();
    let client = registry.client(&claims.client_id)?;
    (!client.disabled).then_some(claims)
}

/// What became of a token's user, session and id. Of a token with a pairwise subject it finds out first whose it is.
pub(super) async fn token_facts(
    app: &App,
    registry: &Registry,
    claims: &mut AccessTokenClaims,
) -> Result<TokenFacts, OAuthError> {
    let found = look(app, registry, claims, FamilyWanted::No).await?;
    Ok(facts::token_facts(&found))
}

pub(super) async fn look(
    app: &App,
    registry: &Registry,
    claims: &mut AccessTokenClaims,
    family: FamilyWanted,
) -> Result<symbolon_store::TokenFacts, OAuthError> {
    let failed = |error| store_failure(&error);
    let query = TokenQuery { family, ..query(claims) };
    // A client's own token names nobody.
    let pairwise =
        registry.client(&claims.client_id).filter(|client| client.is_pairwise() && claims.sub != claims.client_id);
    let Some(client) = pairwise else { return app.store.token_facts(query).await.map_err(failed) };
    let by_id = TokenQuery { sub: None, family: FamilyWanted::Yes, ..query.clone() };
    let found = app.store.token_facts(by_id).await.map_err(failed)?;
    // The registration may have changed since: then the token says the user's own id, or one that counts no more.
    let theirs = |family: &Family| app.pairwise.subject(client, &family.user_id) == claims.sub;
    let Some(family) = found.family.filter(theirs) else { return app.store.token_facts(query).await.map_err(failed) };
    claims.user_id = Some(family.user_id);
    let unwritten = claims.rh.is_none();
    if unwritten {
        claims.sid = family.sid.filter(|_| family.session_bound);
    }
    let query = TokenQuery { sub: Some(claims.user().to_owned()), sid: claims.sid.clone(), ..query };
    let found = app.store.token_facts(query).await.map_err(failed)?;
    // Whatever ends all tokens of a user ends their families.
    if unwritten && family.ended_at.is_none() {
        claims.rh = found.user.as_ref().map(|user| user.revocation_handle.clone());
    }
    Ok(found)
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

/// Why no claims are given (RFC 6750 §3.1, RFC 9449 §7.1).
#[derive(Clone, Copy)]
enum Refusal {
    Dpop(DpopFailure),
    InsufficientScope,
    InvalidToken,
    Malformed,
    NoToken,
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::InsufficientScope => Self::InsufficientScope,
            Refused::InvalidToken => Self::InvalidToken,
        }
    }
}

/// How a token is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    /// Without more ado, in the header or in the form.
    Bearer,
    /// With a proof beside it (RFC 9449 §7.1).
    Dpop,
}

struct Shown {
    token: String,
    scheme: Scheme,
}

/// The token, from the header or, in a form post, from the body (RFC 6750 §2.1, §2.2); never both.
async fn shown(app: &App, method: &Method, headers: &HeaderMap, body: Body) -> Result<Shown, Refusal> {
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
            let scheme = match scheme.to_ascii_lowercase().as_str() {
                "bearer" => Scheme::Bearer,
                "dpop" => Scheme::Dpop,
                _ => return Err(Refusal::NoToken),
            };
            Some(Shown { token: token.trim_start().to_owned(), scheme })
        }
    };
    let in_body = if method == Method::POST && form::media_type(headers) == form::MediaType::Form {
        let bytes = form::bytes(body, app.config().http.max_body_bytes).await.map_err(|_| Refusal::Malformed)?;
        let params = Params::parse(&bytes).map_err(|_| Refusal::Malformed)?;
        params.get("access_token").map(|token| Shown { token: token.to_owned(), scheme: Scheme::Bearer })
    } else {
        None
    };
    match (in_header, in_body) {
        (Some(_), Some(_)) => Err(Refusal::Malformed),
        (Some(shown), None) | (None, Some(shown)) => Ok(shown),
        (None, None) => Err(Refusal::NoToken),
    }
}

/// A refusal in the scheme in which the token should have been shown; with no token at all, in both.
fn refuse(refusal: Refusal, scheme: Scheme) -> Response {
    let (status, error, more) = match refusal {
        Refusal::Dpop(failure) => {
            (StatusCode::UNAUTHORIZED, failure.code(), format!(", error_description=\"{}\"", failure.text()))
        }
        Refusal::InsufficientScope => (StatusCode::FORBIDDEN, "insufficient_scope", ", scope=\"openid\"".to_owned()),
        Refusal::InvalidToken => (StatusCode::UNAUTHORIZED, "invalid_token", String::new()),
        Refusal::Malformed => (StatusCode::BAD_REQUEST, "invalid_request", String::new()),
        Refusal::NoToken => (StatusCode::UNAUTHORIZED, "", String::new()),
    };
    // RFC 6750 §3.1: "the resource server SHOULD NOT include an error code or other error information" where there is no token.
    let (said, mut response) = if matches!(refusal, Refusal::NoToken) {
        (String::new(), answer::empty(status))
    } else {
        (format!(", error=\"{error}\"{more}"), answer::json(status, &serde_json::json!({ "error": error })))
    };
    let mut challenge = |scheme| {
        let text = match scheme {
            Scheme::Bearer => format!("Bearer realm=\"symbolon\"{said}"),
            Scheme::Dpop => format!("DPoP realm=\"symbolon\"{said}, algs=\"{}\"", algs()),
        };
        if let Ok(text) = HeaderValue::try_from(text) {
            response.headers_mut().append(WWW_AUTHENTICATE, text);
        }
    };
    challenge(scheme);
    if matches!(refusal, Refusal::NoToken) {
        challenge(Scheme::Dpop);
    }
    response
}

/// RFC 9449 §7.1: what proofs may be signed with.
fn algs() -> String {
    symbolon_oauth::dpop::ALGS.iter().map(|alg| alg.name()).collect::<Vec<_>>().join(" ")
}
