//! `POST /authenticate`: `{"username", "password"}` → `{"token", …}`, for first-party clients that are allowed
//! it one by one. JSON only, so that no form on another site can send it (security 99).

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::header::{RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use symbolon_oauth::password_sign_in::{self, OwnSession, SignedIn, begins_session};
use symbolon_oauth::{Client, OAuthError, OpaqueToken, Scope, TokenKind, acr, json};
use symbolon_store::{Session, User};
use zeroize::Zeroizing;

use super::meta::Meta;
use super::{answer, browser, form, page_cookies, token};
use crate::account::factors;
use crate::account::new_device::{self, Place};
use crate::account::sign_in::{self, Brings, Outcome};
use crate::app::App;
use crate::effects::{self, Applied, store_failure};
use crate::registry::Registry;
use crate::rng::SystemRng;
use crate::{events, facts};

/// The request. Unknown members are ignored, as unknown parameters are.
#[derive(Deserialize)]
struct Request {
    username: Zeroizing<String>,
    password: Zeroizing<String>,
    /// Needed only when more than one client may sign in this way.
    #[serde(default)]
    client_id: Option<String>,
    #[serde(default)]
    audience: Option<String>,
    #[serde(default)]
    scope: Option<String>,
}

/// The answer.
#[derive(Serialize)]
struct Answer {
    /// The access token.
    token: String,
    token_type: &'static str,
    expires_in: u64,
    scope: Scope,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

/// The endpoint.
pub(super) async fn authenticate(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let request = match read(&app, &headers, body).await {
        Ok(request) => request,
        Err(error) => return answer::error(&error),
    };
    let registry = app.registry();
    let Some(client) = find_client(&registry, request.client_id.as_deref()) else {
        return answer::error(&OAuthError::GrantNotAllowed);
    };
    let of_its_page = if client.gets_cookies() { page_cookies::check_page(&app, client, &headers) } else { Ok(()) };
    let answered = match of_its_page {
        Ok(()) => sign_in(&app, &meta, &registry, client, &headers, &request).await,
        Err(error) => Err(error),
    };
    let response = answered.unwrap_or_else(|error| answer::error(&error));
    answer::to_client(response, client.client_id.as_str())
}

async fn read(app: &App, headers: &HeaderMap, body: Body) -> Result<Request, OAuthError> {
    if form::media_type(headers) != form::MediaType::Json {
        return Err(OAuthError::MediaType("application/json"));
    }
    let bytes =
        form::bytes(body, app.config().http.max_body_bytes).await.map_err(|_| OAuthError::ParametersTooLarge)?;
    json::strict(&bytes).ok_or_else(|| what_is_wrong(&bytes))
}

/// Which of the members that must be there are, whatever they hold.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Present {
    username: Option<IgnoredAny>,
    password: Option<IgnoredAny>,
}

/// A member left out is named, if the other is there; whatever else is wrong with the body is not repeated.
fn what_is_wrong(body: &[u8]) -> OAuthError {
    match json::strict(body).unwrap_or_default() {
        Present { username: Some(_), password: None } => OAuthError::ParameterMissing("password"),
        Present { username: None, password: Some(_) } => OAuthError::ParameterMissing("username"),
        Present { .. } => OAuthError::ParametersMalformed,
    }
}

/// The client named, or the only one that may sign in this way.
fn find_client<'r>(registry: &'r Registry, named: Option<&str>) -> Option<&'r Client> {
    if let Some(id) = named {
        return registry.client(id).map(AsRef::as_ref).filter(|client| password_sign_in::check_client(client).is_ok());
    }
    registry.only_password_sign_in().map(AsRef::as_ref)
}

async fn sign_in(
    app: &App,
    meta: &Meta,
    registry: &Registry,
    client: &Client,
    headers: &HeaderMap,
    request: &Request,
) -> Result<Response, OAuthError> {
    let client_id = Some(client.client_id.as_str());
    match sign_in::check(app, meta, &request.username, &request.password, Brings::default()).await? {
        Outcome::SignedIn(user) => {
            // What a second factor is asked for by a page cannot be had without one (security part 3, row 88).
            if factors::are_needed(app, &user).await? {
                events::sign_in_failed(app, meta, Some(&user.id), client_id, "second_factor").await;
                let text = "This account signs in with a second factor; send the person to the sign-in page";
                return Ok(refusal(StatusCode::FORBIDDEN, "mfa_required", text));
            }
            let amr = [acr::PWD.to_owned()];
            tell_of_new_network(app, meta, headers, &user).await?;
            // A session of its own: this sign-in has no browser whose session it could share, and nobody gets the cookie.
            let cookie = OpaqueToken::generate(TokenKind::Session, &mut SystemRng);
            let session = begins_session(client)
                .then(|| browser::fresh(app, headers, meta, (&user, &amr), browser::Keep::No, &cookie));
            issue(app, meta, registry, client, request, (&user, session)).await
        }
        Outcome::Busy => Err(OAuthError::TemporarilyUnavailable { retry_after_secs: 1 }),
        Outcome::Throttled { wait_secs } => {
            events::sign_in_throttled(app, client_id);
            let text = format!("Too many attempts. Try again in {wait_secs} seconds");
            let mut response = refusal(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", &text);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait_secs));
            Ok(response)
        }
        Outcome::Wrong { user_id } => {
            events::sign_in_failed(app, meta, user_id.as_deref(), client_id, "credentials").await;
            Ok(refusal(StatusCode::UNAUTHORIZED, "invalid_grant", "Wrong user or password"))
        }
    }
}

/// A program that signs people in keeps no cookie for them: their network is what may be new.
pub(super) async fn tell_of_new_network(
    app: &App,
    meta: &Meta,
    headers: &HeaderMap,
    user: &User,
) -> Result<(), OAuthError> {
    let failed = |error| store_failure(&error);
    if !new_device::is_new_network(app, &user.id, meta.address_or_unspecified(), meta.now).await.map_err(failed)? {
        return Ok(());
    }
    let place = Place {
        user_agent: headers.get(USER_AGENT).and_then(|value| value.to_str().ok()),
        address: &meta.address_text(),
        lang: meta.language_of_letters(Some(user)),
    };
    new_device::tell(app, user, &place, meta.now).await.map_err(failed)
}

fn refusal(status: StatusCode, code: &str, text: &str) -> Response {
    answer::json(status, &serde_json::json!({ "error": code, "error_description": text, "message": text }))
}

async fn issue(
    app: &App,
    meta: &Meta,
    registry: &Registry,
    client: &Client,
    request: &Request,
    (user, session): (&User, Option<Session>),
) -> Result<Response, OAuthError> {
    let scope = request.scope.as_deref().map(Scope::parse).transpose()?;
    let asked = password_sign_in::Request { audience: request.audience.clone(), scope };
    let own = session.as_ref().map(|it| OwnSession { sid: it.sid.clone(), ends_at: it.absolute_expires_at });
    let signed_in = SignedIn { session: own, amr: vec![acr::PWD.to_owned()], held: None };
    let mut issue = {
        let mut rng = SystemRng;
        let mut context = app.context(meta.now, &mut rng);
        password_sign_in::decide(&mut context, client, &asked, &facts::user(user), &signed_in, registry)?
    };
    if effects::begin(app, &issue, session.clone()).await? == Applied::LostRace {
        // Blocked, deleted or given another password between the check and here.
        return Ok(refusal(StatusCode::UNAUTHORIZED, "invalid_grant", "Wrong user or password"));
    }
    if let Some(session) = &session {
        let recorded = events::signed_in(app, meta, session, Some(client.client_id.as_str())).await;
        recorded.map_err(|error| store_failure(&error))?;
    }
    events::password_sign_in(app, meta, client, &issue).await;
    let tokens = token::sign(app, registry, &mut issue, None).await?;
    if client.gets_cookies() {
        return page_cookies::deliver(app, client, &issue, tokens, meta.now).await;
    }
    let answer = Answer {
        token: tokens.access_token,
        token_type: tokens.token_type,
        expires_in: tokens.expires_in,
        scope: tokens.scope,
        id_token: tokens.id_token,
        refresh_token: tokens.refresh_token,
    };
    Ok(answer::json(StatusCode::OK, &answer))
}
