//! `POST /oauth/bc-authorize` (CIBA Core 1.0 §7): a client asks for somebody by name, who answers wherever they are signed in.
//!
//! Only clients that prove who they are ask, and only a few requests wait for one person at a time, so that nobody is asked until they say
//! yes to be left in peace.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use symbolon_jose::base64url;
use symbolon_oauth::client_auth::AuthenticatedClient;
use symbolon_oauth::endpoint::backchannel_authentication::{self, Hint, Request, Started, Waiting};
use symbolon_oauth::endpoint::elsewhere::Device;
use symbolon_oauth::registration::DeliveryMode;
use symbolon_oauth::{OAuthError, Params};
use symbolon_store::{Artefact, Hash32, StoreError, User};

use super::client::FromClient;
use super::meta::Meta;
use super::{answer, device_authorization, hint};
use crate::account::normalize::Identifier;
use crate::app::App;
use crate::client_keys::PublicKeys;
use crate::effects::store_failure;
use crate::events;
use crate::facts;
use crate::known_as;
use crate::registry::Registry;
use crate::rng::SystemRng;

/// What the answer is sealed for.
pub(crate) const SEALED_FOR: &str = "ciba notification";
/// In the memory of what counts once.
const MEMORY: &str = "ciba_request";

/// What is kept with a question: which request it is about.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Question {
    /// SHA-256 of the request's id.
    pub waiting: [u8; 32],
}

/// What it takes to tell a client: secrets, kept sealed with the request.
#[derive(Deserialize, Serialize)]
pub(crate) struct Notification {
    /// The request's id, which the client knows it by.
    pub auth_req_id: String,
    /// By which the client knows us.
    pub token: String,
    /// 256 random bits from which what is pushed is made: the same at each attempt.
    pub seed: String,
}

/// The backchannel authentication endpoint.
pub(super) async fn start(State(app): State<Arc<App>>, asked: FromClient) -> Response {
    let outcome = match asked.client(&app).await {
        Ok(client) => {
            let FromClient { registry, meta, headers, params, credentials, .. } = &asked;
            let started = Asked { app: &app, registry, meta, client }.begin(headers, params.clone()).await;
            if let Err(error) = &started {
                events::ciba_refused(&app, credentials.client_id(), error);
            }
            started
        }
        Err(error) => Err(error),
    };
    match outcome {
        Ok(started) => answer::json(StatusCode::OK, &started.response()),
        Err(error) => answer::error(&error),
    }
}

struct Asked<'a> {
    app: &'a App,
    registry: &'a Registry,
    meta: &'a Meta,
    client: AuthenticatedClient<'a>,
}

impl Asked<'_> {
    async fn begin(&self, headers: &HeaderMap, params: Params) -> Result<Started, OAuthError> {
        let Self { app, registry, meta, client } = *self;
        let keys = match params.get("request") {
            Some(object) => app.public_keys(registry, client.client(), object, meta.now).await,
            None => PublicKeys::None,
        };
        let mut rng = SystemRng;
        let signed = backchannel_authentication::open(
            &app.context(meta.now, &mut rng),
            client.client(),
            keys.verifying(),
            &params,
        )?;
        let (params, once) = match signed {
            Some(signed) => (signed.params, Some((signed.key, signed.remember_until))),
            None => (params, None),
        };
        let request = Request::parse(&params)?;
        backchannel_authentication::admit(client.client(), &request)?;
        let user = self.meant(&request.hint).await?;
        let waiting = match &user {
            Some(user) => waiting(app, &user.id, meta.now).await?.len(),
            None => 0,
        };
        let at_most = usize::try_from(app.config().throttle.backchannel_waiting).unwrap_or(usize::MAX);
        let from = Device { address: meta.address_text(), user_agent: device_authorization::agent(headers) };
        let known = user.as_ref().map(facts::user);
        let mut started = backchannel_authentication::decide(
            &mut app.context(meta.now, &mut rng),
            client,
            &request,
            (known.as_ref(), Waiting { now: waiting, at_most }),
            from,
            registry,
        )?;
        if let Some((key, until)) = once {
            let first = app.store.remember_once(MEMORY, Hash32(key), until, meta.now).await;
            if !first.map_err(|error| store_failure(&error))? {
                return Err(OAuthError::SignedRequestInvalid("the request was sent before"));
            }
        }
        if started.grant.mode != DeliveryMode::Poll {
            started.grant.notification = Some(self.sealed(&started, request.notification_token)?);
        }
        self.keep(&started).await.map_err(|error| store_failure(&error))?;
        // Channels by which a person hears of it without looking at the page begin here.
        events::ciba_started(app, meta, &started.grant).await;
        Ok(started)
    }

    /// Whom the hint means, if that is anybody.
    async fn meant(&self, hint: &Hint) -> Result<Option<User>, OAuthError> {
        let failed = |error| store_failure(&error);
        let (app, client) = (self.app, self.client.client());
        match hint {
            Hint::IdToken(token) => {
                // For this client only (§7.1): anybody else's says nothing about whom it knows.
                let claims = hint::read(app, self.registry, token, Some(client.client_id.as_str()), self.meta.now);
                let claims = claims.filter(|claims| client.client_id == claims.aud.as_str());
                let claims = claims.ok_or(OAuthError::IdTokenHintInvalid)?;
                known_as::user(app, client, &claims.sub).await.map_err(failed)
            }
            Hint::Login(name) => {
                if let Some(user) = known_as::user(app, client, name).await.map_err(failed)? {
                    return Ok(Some(user));
                }
                let Ok(identifier) = Identifier::parse(name) else { return Ok(None) };
                app.store.user_by_identifier(identifier.as_str()).await.map_err(failed)
            }
        }
    }

    fn sealed(&self, started: &Started, token: Option<String>) -> Result<String, OAuthError> {
        let mut seed = [0_u8; 32];
        symbolon_oauth::Rng::fill(&mut SystemRng, &mut seed);
        let notification = Notification {
            auth_req_id: started.auth_req_id.reveal().to_owned(),
            token: token.unwrap_or_default(),
            seed: base64url::encode(&seed),
        };
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(&notification).map_err(|_| OAuthError::ServerError)?);
        Ok(self.app.sealer.seal(SEALED_FOR, &plain))
    }

    /// What waits is stored before the question that leads to it.
    async fn keep(&self, started: &Started) -> Result<(), StoreError> {
        let internal = |error: serde_json::Error| StoreError::Internal(error.to_string());
        let hash = started.auth_req_id.hash();
        let waiting = Artefact {
            kind: Artefact::AUTH_REQ_ID.to_owned(),
            hash: Hash32(hash),
            family: Some(started.grant.asked.family_id.clone()),
            client_id: Some(started.grant.asked.client_id.to_string()),
            user_id: None,
            sid: None,
            created_at: self.meta.now,
            expires_at: started.expires_at,
            redeemed_at: None,
            payload: serde_json::to_value(&started.grant).map_err(internal)?,
        };
        let question = Artefact {
            kind: Artefact::CIBA_QUESTION.to_owned(),
            hash: Hash32(symbolon_jose::sha256(&hash)),
            family: None,
            user_id: Some(started.grant.user_id.clone()),
            payload: serde_json::to_value(Question { waiting: hash }).map_err(internal)?,
            ..waiting.clone()
        };
        self.app.store.put_artefact(waiting).await?;
        self.app.store.put_artefact(question).await
    }
}

/// The questions that wait for a person.
pub(super) async fn waiting(app: &App, user_id: &str, now: u64) -> Result<Vec<Artefact>, OAuthError> {
    let limit = app.config().throttle.backchannel_waiting;
    let found = app.store.usable_artefacts(Artefact::CIBA_QUESTION, user_id, limit, now).await;
    found.map_err(|error| store_failure(&error))
}
