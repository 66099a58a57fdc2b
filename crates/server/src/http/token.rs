//! `POST /oauth/token` (RFC 6749 §3.2): authenticate the client, load the facts the grant asks for, let the
//! grant decide, make its effect durable, sign, answer.
//!
//! An effect that lost a race is decided again, once, on fresh facts: ten tabs that refresh at once all go on.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode};
use symbolon_jose::Algorithm;
use symbolon_oauth::client_auth::AuthenticatedClient;
use symbolon_oauth::confirmation;
use symbolon_oauth::endpoint::device_authorization::INTERVAL_SECS;
use symbolon_oauth::endpoint::path;
use symbolon_oauth::grant::device_code::Pace;
use symbolon_oauth::grant::{TokenRequest, authorization_code, client_credentials, device_code, refresh_token};
use symbolon_oauth::{
    AccessTokenClaims, AccessTokenForm, Beside, ClientAuthFailure, ClientId, Confirmation, Effect, Grant, Issue,
    OAuthError, Params, RefreshAnswer, Refusal, SessionState, TokenResponse,
};
use symbolon_store::{Artefact, Family, Hash32, RefreshFacts, RefreshState};

use super::meta::Meta;
use super::{answer, browser, client, device_authorization, dpop, form};
use crate::app::App;
use crate::effects::{self, Applied, store_failure};
use crate::events;
use crate::metrics::{self, Outcome};
use crate::refresh::{self, Found};
use crate::registry::Registry;
use crate::rng::SystemRng;
use crate::{facts, seal, status_list};

/// The token endpoint.
pub(super) async fn token(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let registry = app.registry();
    let media = form::media_type(&headers);
    let params = match form::params(&headers, query.as_deref(), body, app.config().http.max_body_bytes).await {
        Ok(params) => params,
        Err(error) => return answer::error(&error),
    };
    let credentials = match client::credentials(&headers, &params) {
        Ok(credentials) => credentials,
        // Nothing was sent at all: incomplete, rather than wrong (RFC 6749 §5.2).
        Err(OAuthError::ClientAuthentication { failure: ClientAuthFailure::Missing, .. })
            if ["client_id", "client_secret"].iter().all(|name| params.get(name).is_none()) =>
        {
            return answer::error(&OAuthError::ParameterMissing("client_id"));
        }
        Err(error) => return answer::error(&error),
    };
    let request = Request { app: &app, registry: &registry, meta: &meta, headers: &headers, params: &params };
    let outcome = match client::authenticate(&app, &registry, &credentials, &meta).await {
        Ok(client) if media == form::MediaType::Json && !client.client().json_requests => {
            Err(OAuthError::ParametersMalformed)
        }
        Ok(client) => request.answer(client).await,
        Err(error) => {
            events::client_refused(&app, credentials.client_id(), &error);
            Err(error)
        }
    };
    let grant = metrics::Grant(params.get("grant_type").and_then(Grant::from_name));
    let Outcome { outcome: result, error } = Outcome::of(outcome.as_ref().err().map(|error| error.wire().code));
    app.metrics.token_requests.get_or_create(&metrics::TokenRequest { grant, outcome: result, error }).inc();
    let mut response = match outcome {
        Ok(tokens) => answer::json(StatusCode::OK, &tokens),
        Err(error) => answer::error(&error),
    };
    let client = registry.client(credentials.client_id()).map(AsRef::as_ref);
    dpop::offer_nonce(&app, client, &mut response, meta.now);
    answer::to_client(response, credentials.client_id())
}

struct Request<'r> {
    app: &'r App,
    registry: &'r Registry,
    meta: &'r Meta,
    headers: &'r HeaderMap,
    params: &'r Params,
}

/// What a grant decided, with what is needed to carry it out.
struct Decided {
    outcome: Result<Issue, Refusal>,
    /// The facts of the presented refresh token, if there was one.
    refresh: Option<RefreshFacts>,
}

impl Request<'_> {
    async fn answer(&self, client: AuthenticatedClient<'_>) -> Result<TokenResponse, OAuthError> {
        let request = TokenRequest::parse(self.params)?;
        let target = dpop::Target { method: &Method::POST, path: path::TOKEN, now: self.meta.now };
        let mut proven =
            dpop::check(self.app, self.headers, client.client(), target, None).map_err(OAuthError::Dpop)?;
        let certificate = self.meta.certificate.as_deref().map(|shown| &shown.certificate);
        let held = confirmation::held(client.client(), proven.as_ref(), certificate)?;
        for _ in 0..2 {
            let Decided { outcome, refresh } = self.decide(client, held.as_ref(), &request).await?;
            if changes_something(&outcome)
                && let Some(proven) = proven.take()
            {
                dpop::remember(self.app, &proven, self.meta.now).await?;
            }
            let mut issue = match outcome {
                Ok(issue) => issue,
                Err(refusal) => return Err(self.refuse(client, refusal).await?),
            };
            let presented = presented(&request);
            if effects::apply(self.app, &issue, presented, self.meta.now).await? == Applied::Done {
                self.keep_session(refresh.as_ref()).await?;
                if request.grant() == Grant::DeviceCode {
                    device_authorization::settled(self.app, self.meta).await?;
                }
                let successor = same_successor(&issue, presented, refresh.as_ref())?;
                events::issued(self.app, self.meta, client.client(), request.grant(), &issue).await;
                return sign(self.app, self.registry, &mut issue, successor).await;
            }
        }
        Err(OAuthError::TemporarilyUnavailable { retry_after_secs: 1 })
    }

    async fn decide(
        &self,
        client: AuthenticatedClient<'_>,
        held: Option<&Confirmation>,
        request: &TokenRequest,
    ) -> Result<Decided, OAuthError> {
        let mut refresh = None;
        let mut rng = SystemRng;
        let outcome = match request {
            TokenRequest::AuthorizationCode(request) => {
                let facts = self.code_facts(request).await?;
                let mut ctx = self.app.context(self.meta.now, &mut rng);
                authorization_code::decide(&mut ctx, client, held, request, facts, self.registry)
            }
            TokenRequest::ClientCredentials(request) => {
                let mut ctx = self.app.context(self.meta.now, &mut rng);
                client_credentials::decide(&mut ctx, client, held, request, self.registry)
            }
            TokenRequest::DeviceCode(request) => {
                let facts = self.device_facts(client, request).await?;
                let mut ctx = self.app.context(self.meta.now, &mut rng);
                device_code::decide(&mut ctx, client, held, request, facts, self.registry)
            }
            TokenRequest::RefreshToken(request) => {
                let found = refresh::find(&*self.app.store, &request.refresh_token).await;
                let facts = match found.map_err(|error| store_failure(&error))? {
                    None => None,
                    Some(Found::Forgotten(family)) => Some(of_forgotten(&family)?),
                    Some(Found::OnRecord(found)) => Some(of_refresh(refresh.insert(*found), self.meta.now)?),
                };
                let mut ctx = self.app.context(self.meta.now, &mut rng);
                refresh_token::decide(&mut ctx, client, held, request, facts, self.registry)
            }
        };
        Ok(Decided { outcome, refresh })
    }

    /// A refresh is use of the session that the family is bound to.
    async fn keep_session(&self, refresh: Option<&RefreshFacts>) -> Result<(), OAuthError> {
        match refresh {
            Some(RefreshFacts { family, session: Some(session), .. }) if family.session_bound => {
                browser::touch(self.app, session, self.meta.now).await.map(drop)
            }
            _ => Ok(()),
        }
    }

    async fn refuse(&self, client: AuthenticatedClient<'_>, refusal: Refusal) -> Result<OAuthError, OAuthError> {
        // What must end ends before the refusal is told; a failure to end it is an error, never "done".
        effects::apply_end(self.app, &refusal.effect, self.meta.now).await?;
        events::refused(self.app, self.meta, client.client(), &refusal).await;
        Ok(refusal.error)
    }

    async fn code_facts(
        &self,
        request: &authorization_code::Request,
    ) -> Result<Option<authorization_code::Facts>, OAuthError> {
        let hash = Hash32(authorization_code::facts(request));
        let Some(found) = self
            .app
            .store
            .code_facts(Artefact::AUTHORIZATION_CODE, hash)
            .await
            .map_err(|error| store_failure(&error))?
        else {
            return Ok(None);
        };
        let grant = serde_json::from_value(found.code.payload).map_err(|error| {
            tracing::error!(%error, "a stored authorization code cannot be read");
            OAuthError::ServerError
        })?;
        Ok(Some(authorization_code::Facts {
            grant,
            expires_at: found.code.expires_at,
            redeemed_at: found.code.redeemed_at,
            user: found.user.as_ref().map(facts::user),
            session: facts::session_state(found.session.as_ref(), self.meta.now),
            session_ends_at: found.session.map_or(0, |session| session.absolute_expires_at),
        }))
    }
}

/// Whether tokens are issued, or something ends with the refusal. A request that is merely refused needs no memory.
fn changes_something(outcome: &Result<Issue, Refusal>) -> bool {
    outcome.as_ref().map_or_else(|refusal| *refusal.effect != Effect::None, |_| true)
}

/// How long after a request of a device the next one is too early, in seconds: a network may bring one late and the next one early.
const POLL_SECS: u64 = INTERVAL_SECS - 1;

impl Request<'_> {
    async fn device_facts(
        &self,
        client: AuthenticatedClient<'_>,
        request: &device_code::Request,
    ) -> Result<Option<device_code::Facts>, OAuthError> {
        let (store, now) = (&self.app.store, self.meta.now);
        let hash = Hash32(device_code::facts(request));
        let found = store.code_facts(Artefact::DEVICE_CODE, hash).await.map_err(|error| store_failure(&error))?;
        let Some(found) = found else { return Ok(None) };
        let grant = device_authorization::grant(&found.code)?;
        let asks_in_vain = found.code.redeemed_at.is_none() && device_code::awaits_answer(client, &grant);
        let pace = if asks_in_vain {
            let first = store.remember_once("device_poll", hash, now.saturating_add(POLL_SECS), now).await;
            if first.map_err(|error| store_failure(&error))? { Pace::Kept } else { Pace::TooFast }
        } else {
            Pace::Kept
        };
        Ok(Some(device_code::Facts {
            grant,
            expires_at: found.code.expires_at,
            redeemed_at: found.code.redeemed_at,
            pace,
            user: found.user.as_ref().map(facts::user),
            session: facts::session_state(found.session.as_ref(), now),
            sid: found.code.sid.unwrap_or_default(),
            session_ends_at: found.session.map_or(0, |session| session.absolute_expires_at),
        }))
    }
}

fn of_refresh(found: &RefreshFacts, now: u64) -> Result<refresh_token::Facts, OAuthError> {
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

/// The refresh token that was shown, if one was.
fn presented(request: &TokenRequest) -> &str {
    match request {
        TokenRequest::RefreshToken(request) => request.refresh_token.reveal(),
        _ => "",
    }
}

/// The successor that was sealed under the presented token, for the answer that repeats it.
fn same_successor(
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

/// Signs what was decided.
pub(super) async fn sign(
    app: &App,
    registry: &Registry,
    issue: &mut Issue,
    successor: Option<String>,
) -> Result<TokenResponse, OAuthError> {
    let access_token = access_token(app, registry, issue).await?;
    let id_token = match &issue.id_token {
        Some(plan) => {
            let beside = Beside { access_token: Some(&access_token), ..Beside::default() };
            Some(registry.sign_id_token(plan, &beside)?)
        }
        None => None,
    };
    Ok(issue.response(access_token, id_token, successor))
}

/// The access token as it is handed out.
pub(super) async fn access_token(app: &App, registry: &Registry, issue: &mut Issue) -> Result<String, OAuthError> {
    match &issue.access_token.form {
        AccessTokenForm::Session(value) => Ok(value.reveal().to_owned()),
        AccessTokenForm::Signed(alg) => {
            let alg = *alg;
            status_list::assign(app, registry, &mut issue.access_token.claims).await?;
            sign_access_token(app, registry, alg, &issue.access_token.claims.written(&app.issuer))
        }
    }
}

/// An access token beyond `tokens.max_size` is refused here, where it can be told, rather than break headers and cookies further on.
fn sign_access_token(
    app: &App,
    registry: &Registry,
    alg: Algorithm,
    claims: &AccessTokenClaims,
) -> Result<String, OAuthError> {
    let access_token = registry.sign(alg, symbolon_oauth::access_token::TYP, claims)?;
    let (bytes, limit, sub) = (access_token.len(), app.config().tokens.max_bytes, &claims.sub);
    if bytes > limit {
        tracing::error!(
            bytes,
            limit,
            sub,
            "access token over tokens.max_size: grant fewer roles or scopes, or raise the limit"
        );
        return Err(OAuthError::ServerError);
    }
    Ok(access_token)
}
