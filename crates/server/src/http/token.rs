//! `POST /oauth/token` (RFC 6749 §3.2): authenticate the client, load the facts the grant asks for, let the
//! grant decide, make its effect durable, sign, answer. A grant's facts are in its own file of `token/`.
//!
//! An effect that lost a race is decided again, once, on fresh facts: ten tabs that refresh at once all go on.

pub(crate) mod answered;
mod authorization_code;
mod ciba;
mod client_credentials;
mod device_code;
mod jwt_bearer;
mod password_realm;
pub(super) mod refresh_token;
mod sign;
mod token_exchange;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode};
use symbolon_oauth::assertion::{Assertion, AssertionFailure};
use symbolon_oauth::client_auth::AuthenticatedClient;
use symbolon_oauth::confirmation;
use symbolon_oauth::endpoint::path;
use symbolon_oauth::grant::TokenRequest;
use symbolon_oauth::{ClientAuthFailure, Confirmation, Effect, Grant, Issue, OAuthError, Params, Refusal};
use symbolon_store::{Hash32, RefreshFacts};

use super::client::{FromClient, Unread};
use super::meta::Meta;
use super::{answer, assertion, device_authorization, dpop, form, page_cookies};
use crate::app::App;
use crate::effects::{self, Applied, store_failure};
use crate::events;
use crate::metrics::{self, Outcome};
use crate::registry::Registry;

pub(crate) use sign::access_token;
pub(super) use sign::sign;

/// The token endpoint.
pub(super) async fn token(State(app): State<Arc<App>>, asked: Result<FromClient, Unread>) -> Response {
    let asked = match asked {
        Ok(asked) => asked,
        Err(unread) => return answer::error(&incomplete(unread)),
    };
    let FromClient { registry, meta, headers, params, .. } = &asked;
    let request = Asked { app: &app, registry, meta, headers, params };
    let outcome = match asked.client(&app).await {
        Ok(client) if asked.media == form::MediaType::Json && !client.client().json_requests => {
            Err(OAuthError::ParametersMalformed)
        }
        Ok(client) if client.client().gets_cookies() => request.answer_page(client).await,
        Ok(client) => request.answer(client).await,
        Err(error) => Err(error),
    };
    let grant = metrics::Grant(params.get("grant_type").and_then(Grant::from_name));
    let Outcome { outcome: result, error } = Outcome::of(outcome.as_ref().err().map(|error| error.wire().code));
    app.metrics.token_requests.get_or_create(&metrics::TokenRequest { grant, outcome: result, error }).inc();
    let mut response = match outcome {
        Ok(response) => response,
        Err(error) => answer::error(&error),
    };
    dpop::offer_nonce(&app, asked.named(), &mut response, meta.now);
    asked.answered(response)
}

/// Where nothing was sent at all, the request is incomplete rather than wrong (RFC 6749 §5.2).
fn incomplete(Unread { error, params }: Unread) -> OAuthError {
    match error {
        OAuthError::ClientAuthentication { failure: ClientAuthFailure::Missing, .. }
            if ["client_id", "client_secret"].iter().all(|name| params.get(name).is_none()) =>
        {
            OAuthError::ParameterMissing("client_id")
        }
        error => error,
    }
}

/// A request to the token endpoint, and what is needed to decide it.
struct Asked<'r> {
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
    /// What may count only once.
    once: Option<Once>,
}

/// Something that was shown and counts once, on all nodes.
struct Once {
    kind: &'static str,
    key: Hash32,
    expires_at: u64,
    /// The refusal of whoever shows it again.
    replayed: OAuthError,
}

impl Once {
    fn of_assertion(assertion: &Assertion, refusal: fn(&'static str) -> OAuthError) -> Self {
        Self {
            kind: assertion::MEMORY,
            key: Hash32(assertion.key),
            expires_at: assertion.remember_until,
            replayed: refusal(AssertionFailure::REPLAYED.0),
        }
    }
}

impl From<Result<Issue, Refusal>> for Decided {
    fn from(outcome: Result<Issue, Refusal>) -> Self {
        Self { outcome, refresh: None, once: None }
    }
}

impl Asked<'_> {
    /// To a client whose tokens are cookies: a page of its must ask, and the refresh token comes in one.
    async fn answer_page(&self, client: AuthenticatedClient<'_>) -> Result<Response, OAuthError> {
        page_cookies::check_page(self.app, client.client(), self.headers)?;
        let client_id = client.client().client_id.as_str();
        let params = page_cookies::with_refresh_token(self.app, client_id, self.headers, self.params).await?;
        Asked { params: &params, ..*self }.answer(client).await
    }

    async fn answer(&self, client: AuthenticatedClient<'_>) -> Result<Response, OAuthError> {
        let request = TokenRequest::parse(self.params)?;
        let target = dpop::Target { method: &Method::POST, path: path::TOKEN, now: self.meta.now };
        let mut proven =
            dpop::check(self.app, self.headers, client.client(), target, None).map_err(OAuthError::Dpop)?;
        let certificate = self.meta.certificate.as_deref().map(|shown| &shown.certificate);
        let held = confirmation::held(client.client(), proven.as_ref(), certificate)?;
        let mut remembered = false;
        for _ in 0..2 {
            let Decided { outcome, refresh, once } = self.decide(client, held.as_ref(), &request).await?;
            if changes_something(&outcome)
                && let Some(proven) = proven.take()
            {
                dpop::remember(self.app, &proven, self.meta.now).await?;
            }
            let mut issue = match outcome {
                Ok(issue) => issue,
                Err(refusal) => return Err(self.refuse(client, refusal).await?),
            };
            if let Some(once) = once.filter(|_| !remembered) {
                let first = self.app.store.remember_once(once.kind, once.key, once.expires_at, self.meta.now).await;
                if !first.map_err(|error| store_failure(&error))? {
                    return Err(self.refuse(client, once.replayed.into()).await?);
                }
                remembered = true;
            }
            let presented = presented(&request);
            if effects::apply(self.app, &issue, presented, self.meta.now).await? == Applied::Done {
                if let Some(refresh) = &refresh {
                    refresh_token::keep_session(self, refresh).await?;
                }
                if request.grant() == Grant::DeviceCode {
                    device_authorization::settled(self.app, self.meta).await?;
                }
                let successor = refresh_token::same_successor(&issue, presented, refresh.as_ref())?;
                events::issued(self.app, self.meta, client.client(), request.grant(), &issue).await;
                let mut response = sign(self.app, self.registry, &mut issue, successor).await?;
                if let TokenRequest::TokenExchange(request) = &request {
                    response.issued_token_type = Some(request.requested.name());
                }
                if client.client().gets_cookies() {
                    return page_cookies::deliver(self.app, client.client(), &issue, response, self.meta.now).await;
                }
                return Ok(answer::json(StatusCode::OK, &response));
            }
        }
        Err(OAuthError::TemporarilyUnavailable { retry_after_secs: 1 })
    }

    /// One line for each grant: its file loads the facts and asks for the decision.
    async fn decide(
        &self,
        client: AuthenticatedClient<'_>,
        held: Option<&Confirmation>,
        request: &TokenRequest,
    ) -> Result<Decided, OAuthError> {
        match request {
            TokenRequest::AuthorizationCode(request) => authorization_code::decide(self, client, held, request).await,
            TokenRequest::Ciba(request) => ciba::decide(self, client, held, request).await,
            TokenRequest::ClientCredentials(request) => Ok(client_credentials::decide(self, client, held, request)),
            TokenRequest::DeviceCode(request) => device_code::decide(self, client, held, request).await,
            TokenRequest::JwtBearer(request) => jwt_bearer::decide(self, client, held, request).await,
            TokenRequest::PasswordRealm(request) => password_realm::decide(self, client, held, request).await,
            TokenRequest::RefreshToken(request) => refresh_token::decide(self, client, held, request).await,
            TokenRequest::TokenExchange(request) => token_exchange::decide(self, client, held, request).await,
        }
    }

    async fn refuse(&self, client: AuthenticatedClient<'_>, refusal: Refusal) -> Result<OAuthError, OAuthError> {
        // What must end ends before the refusal is told; a failure to end it is an error, never "done".
        effects::apply_end(self.app, &refusal.effect, self.meta.now).await?;
        events::refused(self.app, self.meta, client.client(), &refusal).await;
        Ok(refusal.error)
    }
}

/// Whether tokens are issued, or something ends with the refusal. A request that is merely refused needs no memory.
fn changes_something(outcome: &Result<Issue, Refusal>) -> bool {
    outcome.as_ref().map_or_else(|refusal| *refusal.effect != Effect::None, |_| true)
}

/// The refresh token that was shown, if one was.
fn presented(request: &TokenRequest) -> &str {
    match request {
        TokenRequest::RefreshToken(request) => request.refresh_token.reveal(),
        _ => "",
    }
}
