//! `POST /register` (RFC 7591 §3, OpenID Connect Dynamic Client Registration 1.0 §3) and `/register/{client_id}` (RFC 7592 §2): clients
//! register themselves and look after their registration. There only if `registration.mode` says so.
//!
//! Who registers shows an initial access token, or nothing where that is enough; who comes back shows the registration access token.
//! A token that is wrong, of another client, or of a client that is gone, all look alike: 401.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{AUTHORIZATION, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::json;
use symbolon_jose::{Algorithm, KeyManagement};
use symbolon_oauth::endpoint::discovery::Certificates;
use symbolon_oauth::registration::Client;
use symbolon_oauth::registration::dynamic::{
    Issued, RegistrationPolicy, RegistrationRefusal, Submission, Terms, answer as information,
};
use symbolon_oauth::{ClientId, OAuthError, OpaqueToken, TokenKind, random_id};
use symbolon_store::Attempt;

use super::meta::Meta;
use super::{answer, device_authorization, form};
use crate::admin::enrolment::{self, Enrolled};
use crate::admin::{AdminError, AdminErrorKind, control};
use crate::app::App;
use crate::config::RegistrationMode;
use crate::effects::store_failure;
use crate::registration::Invitation;
use crate::registry::Registry;
use crate::rng::SystemRng;

/// Who changes the registry, for the audit log.
const ACTOR: &str = "registration";

/// Why a request is not carried out.
enum Failure {
    /// Switched off by the operator: "the client does not have permission" (RFC 7592 §2.1).
    Forbidden,
    /// Nobody's registration that can be had.
    Refused(RegistrationRefusal),
    /// The server's trouble.
    Server(OAuthError),
    /// There are as many clients as there may be.
    Full,
    /// Too many from one address.
    TooMany { wait_secs: u64 },
    /// The token opens nothing.
    Unauthorized(Shown),
}

/// Whether a token was shown (RFC 6750 §3.1).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Nothing,
    Something,
}

impl From<RegistrationRefusal> for Failure {
    fn from(refusal: RegistrationRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        match error.kind {
            AdminErrorKind::Conflict | AdminErrorKind::InUse | AdminErrorKind::Unavailable => {
                Self::Server(OAuthError::TemporarilyUnavailable { retry_after_secs: 1 })
            }
            AdminErrorKind::Invalid => Self::Refused(RegistrationRefusal::InvalidClientMetadata(error.message)),
            _ => {
                tracing::error!(%error, "a registration could not be carried out");
                Self::Server(OAuthError::ServerError)
            }
        }
    }
}

fn respond(result: Result<Response, Failure>) -> Response {
    let (status, code, text) = match result {
        Ok(response) => return response,
        Err(Failure::Server(error)) => return answer::error(&error),
        Err(Failure::Unauthorized(shown)) => return challenge(shown),
        Err(Failure::Refused(refusal)) => (StatusCode::BAD_REQUEST, refusal.code(), refusal.description()),
        Err(Failure::Forbidden) => {
            (StatusCode::FORBIDDEN, "access_denied", "the operator has switched this client off".to_owned())
        }
        Err(Failure::Full) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "temporarily_unavailable",
            "no more clients can register: ask the operator".to_owned(),
        ),
        Err(Failure::TooMany { wait_secs }) => {
            let body = json!({
                "error": "temporarily_unavailable",
                "error_description": "too many registrations from here",
            });
            let mut response = answer::json(StatusCode::TOO_MANY_REQUESTS, &body);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait_secs));
            return response;
        }
    };
    answer::json(status, &json!({ "error": code, "error_description": text }))
}

fn challenge(shown: Shown) -> Response {
    let mut response = answer::json(StatusCode::UNAUTHORIZED, &json!({ "error": "invalid_token" }));
    let text = match shown {
        Shown::Nothing => "Bearer realm=\"symbolon\"",
        Shown::Something => "Bearer realm=\"symbolon\", error=\"invalid_token\"",
    };
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(text));
    response
}

/// Registers a client.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    respond(created(&app, &meta, &headers, body).await)
}

/// What the server has that a registration may name.
struct Offered {
    signing_algs: Vec<Algorithm>,
    decryption_algs: Vec<KeyManagement>,
    certificates: Certificates,
}

impl Offered {
    fn by(app: &App, registry: &Registry) -> Self {
        Self {
            signing_algs: registry.keys().algorithms().collect(),
            decryption_algs: registry.decryption_algorithms().collect(),
            certificates: app.config().certificates(),
        }
    }

    fn terms<'a>(&'a self, policy: &'a RegistrationPolicy, now: u64) -> Terms<'a> {
        let Self { signing_algs, decryption_algs, certificates } = self;
        Terms { policy, signing_algs, decryption_algs, certificates, now }
    }
}

async fn created(app: &App, meta: &Meta, headers: &HeaderMap, body: Body) -> Result<Response, Failure> {
    let token = bearer(headers)?;
    let first = app.registry();
    let invited = admit(app, &first, meta, token.as_ref()).await?;
    let body = read(app, headers, body).await?;
    let mut registry = first;
    let mut invitation = invited;
    for last in [false, true] {
        let offered = Offered::by(app, &registry);
        let policy = registry.registration_policy();
        let terms = offered.terms(policy, meta.now);
        let id = format!("dyn_{}", random_id(&mut SystemRng));
        let id = ClientId::parse(&id).map_err(|_| Failure::Server(OAuthError::ServerError))?;
        let client = Submission::parse(&body)?.vouched(&terms)?.register(id, &terms)?;
        let lifetime = policy.client_secret_lifetime_secs;
        let outcome = {
            let (config, mut rng) = (app.config(), SystemRng);
            let mut context = control::context(app, &config, &mut rng, ACTOR);
            context.origin = meta.origin();
            enrolment::add(&mut context, client, invitation.as_ref(), lifetime).await
        };
        match outcome {
            Ok(enrolled) => {
                app.take_up().await.map_err(AdminError::from)?;
                return Ok(answer::json(StatusCode::CREATED, &shown(app, &enrolled)));
            }
            // Somebody used the same token meanwhile: perhaps it is still good for another.
            Err(error) if error.kind == AdminErrorKind::Conflict || error.kind == AdminErrorKind::NotFound => {
                app.take_up().await.map_err(AdminError::from)?;
                registry = app.registry();
                invitation = match &token {
                    Some(token) => Some(invitation_of(&registry, token, meta.now)?),
                    None => None,
                };
                if last {
                    return Err(error.into());
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::Server(OAuthError::TemporarilyUnavailable { retry_after_secs: 1 }))
}

/// Whether somebody may register, and by which invitation.
async fn admit(
    app: &App,
    registry: &Registry,
    meta: &Meta,
    token: Option<&OpaqueToken>,
) -> Result<Option<Invitation>, Failure> {
    if let Some(token) = token {
        return invitation_of(registry, token, meta.now).map(Some);
    }
    if app.config().registration != RegistrationMode::Open {
        return Err(Failure::Unauthorized(Shown::Nothing));
    }
    let policy = registry.registration_policy();
    let address = device_authorization::address(meta);
    let key = app.throttle().registration_key(address, policy.registrations_per_hour);
    match app.attempts.begin(vec![key], meta.now).await {
        Ok(Attempt::Allowed) => {}
        Ok(Attempt::Wait { secs }) => {
            app.metrics.limited("registration");
            return Err(Failure::TooMany { wait_secs: secs });
        }
        Err(error) => return Err(Failure::Server(store_failure(&error))),
    }
    let room = usize::try_from(policy.max_clients).unwrap_or(usize::MAX);
    if registry.registered_themselves() >= room { Err(Failure::Full) } else { Ok(None) }
}

fn invitation_of(registry: &Registry, token: &OpaqueToken, now: u64) -> Result<Invitation, Failure> {
    let known = registry.invitation(&token.hash()).filter(|invitation| invitation.token.counts(now));
    let known = known.filter(|_| token.kind() == TokenKind::InitialAccessToken);
    known.cloned().ok_or(Failure::Unauthorized(Shown::Something))
}

/// Shows a registration.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    Path(client_id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let found = own(&app.registry(), &client_id, &headers, meta.now).map(|(client, token)| {
        let issued = Issued { client_secret: None, registration_access_token: token.reveal() };
        answer::json(StatusCode::OK, &information(&client, &app.issuer, issued))
    });
    respond(found)
}

/// Replaces a registration.
pub(super) async fn replace(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    Path(client_id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    respond(replaced(&app, &meta, &client_id, &headers, body).await)
}

async fn replaced(
    app: &App,
    meta: &Meta,
    client_id: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let registry = app.registry();
    let (present, _) = own(&registry, client_id, headers, meta.now)?;
    let body = read(app, headers, body).await?;
    let offered = Offered::by(app, &registry);
    let policy = registry.registration_policy();
    let terms = offered.terms(policy, meta.now);
    let client = Submission::parse(&body)?.vouched(&terms)?.replace(&present, &terms)?;
    let (config, mut rng) = (app.config(), SystemRng);
    let mut context = control::context(app, &config, &mut rng, ACTOR);
    context.origin = meta.origin();
    let lifetime = policy.client_secret_lifetime_secs;
    let outcome = enrolment::replace(&mut context, client_id, &present, client, lifetime).await;
    let rules = std::mem::take(&mut context.rules);
    control::take_up(app, rules, &outcome).await?;
    Ok(answer::json(StatusCode::OK, &shown(app, &outcome?)))
}

/// Deletes a client (RFC 7592 §2.3): "a successful delete action will invalidate the "client_id" … and "registration_access_token"",
/// and with them what was issued.
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    Path(client_id): Path<String>,
    headers: HeaderMap,
) -> Response {
    respond(deleted(&app, &meta, &client_id, &headers).await)
}

async fn deleted(app: &App, meta: &Meta, client_id: &str, headers: &HeaderMap) -> Result<Response, Failure> {
    own(&app.registry(), client_id, headers, meta.now)?;
    let (config, mut rng) = (app.config(), SystemRng);
    let mut context = control::context(app, &config, &mut rng, ACTOR);
    context.origin = meta.origin();
    let outcome = enrolment::remove(&mut context, client_id).await;
    let rules = std::mem::take(&mut context.rules);
    control::take_up(app, rules, &outcome).await?;
    outcome?;
    Ok((StatusCode::NO_CONTENT, [(CACHE_CONTROL, "no-store")]).into_response())
}

/// The client whose registration the shown token opens, and the token.
fn own(
    registry: &Registry,
    client_id: &str,
    headers: &HeaderMap,
    now: u64,
) -> Result<(Arc<Client>, OpaqueToken), Failure> {
    let token = bearer(headers)?.ok_or(Failure::Unauthorized(Shown::Nothing))?;
    let opens = |client: &&Arc<Client>| {
        let dynamic = client.metadata.dynamic.as_ref();
        token.kind() == TokenKind::RegistrationAccessToken
            && dynamic.is_some_and(|dynamic| dynamic.opens_with(token.reveal(), now))
    };
    let client = registry.client(client_id).filter(opens).ok_or(Failure::Unauthorized(Shown::Something))?;
    if client.disabled { Err(Failure::Forbidden) } else { Ok((Arc::clone(client), token)) }
}

/// The token of the one `Authorization` header; nothing, if there is no header. What is no token of this endpoint's opens nothing.
fn bearer(headers: &HeaderMap) -> Result<Option<OpaqueToken>, Failure> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    let wrong = || Failure::Unauthorized(Shown::Something);
    if lines.next().is_some() {
        return Err(wrong());
    }
    let (scheme, text) = line.to_str().ok().and_then(|line| line.split_once(' ')).ok_or_else(wrong)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Failure::Unauthorized(Shown::Nothing));
    }
    let text = text.trim_start();
    let kinds = [TokenKind::InitialAccessToken, TokenKind::RegistrationAccessToken];
    let token = kinds.into_iter().find_map(|kind| OpaqueToken::parse(kind, text).ok());
    token.map(Some).ok_or_else(wrong)
}

/// RFC 7591 §3.1: "The client sends an HTTP POST to the client registration endpoint with a content type of "application/json"".
async fn read(app: &App, headers: &HeaderMap, body: Body) -> Result<bytes::Bytes, Failure> {
    let refused = |why: &str| Failure::Refused(RegistrationRefusal::InvalidClientMetadata(why.to_owned()));
    if form::media_type(headers) != form::MediaType::Json {
        return Err(refused("the body must be application/json"));
    }
    let bytes = form::bytes(body, app.config().http.max_body_bytes).await;
    bytes.map_err(|_| refused("the body is too large, or was cut off"))
}

fn shown(app: &App, enrolled: &Enrolled) -> serde_json::Map<String, serde_json::Value> {
    let newest = enrolled.client.secrets.last().and_then(|secret| secret.expires_at);
    let client_secret = enrolled.client_secret.as_ref().map(|secret| (secret.reveal(), newest));
    let issued = Issued { client_secret, registration_access_token: enrolled.registration_access_token.reveal() };
    information(&enrolled.client, &app.issuer, issued)
}
