//! Client authentication at the HTTP door: credentials out of header and parameters, judged by `oauth`, with
//! the replay window of assertions kept in the store.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use symbolon_oauth::client_auth::{
    self, AuthenticatedApi, AuthenticatedClient, Authentication, Chain, ClientKeys, Credentials, FirstUse,
    ShownCertificate,
};
use symbolon_oauth::{AuthMethod, Client, ClientAuthFailure, OAuthError, Params, Presented};
use symbolon_store::Hash32;

use super::answer;
use super::form::{self, MediaType};
use super::meta::Meta;
use crate::app::App;
use crate::client_keys::PublicKeys;
use crate::effects::store_failure;
use crate::events;
use crate::registry::Registry;
use crate::rng::SystemRng;

const ASSERTION: &str = "client_assertion";

/// A request to an endpoint that clients, or APIs, call with their credentials: read whole, and nobody proven yet.
pub(super) struct FromClient {
    /// What is registered, at one moment.
    pub(super) registry: Arc<Registry>,
    /// The request's facts.
    pub(super) meta: Meta,
    /// Its headers.
    pub(super) headers: HeaderMap,
    /// What its body was.
    pub(super) media: MediaType,
    /// Its parameters.
    pub(super) params: Params,
    /// Who it says to be from.
    pub(super) credentials: Credentials,
}

/// A request that could not be read, or says nothing of who sent it.
pub(super) struct Unread {
    /// Why.
    pub(super) error: OAuthError,
    /// What of it could be read.
    pub(super) params: Params,
}

impl From<OAuthError> for Unread {
    fn from(error: OAuthError) -> Self {
        Self { error, params: Params::default() }
    }
}

impl IntoResponse for Unread {
    fn into_response(self) -> Response {
        answer::error(&self.error)
    }
}

impl FromRequest<Arc<App>> for FromClient {
    type Rejection = Unread;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Unread> {
        let (parts, body) = request.into_parts();
        // The router's outermost layer adds it.
        let meta = parts.extensions.get::<Meta>().cloned().ok_or(OAuthError::ServerError)?;
        let media = form::media_type(&parts.headers);
        let headers = parts.headers;
        let params = form::params(&headers, parts.uri.query(), body, app.config().http.max_body_bytes).await?;
        match credentials(&headers, &params) {
            Ok(credentials) => Ok(Self { registry: app.registry(), meta, headers, media, params, credentials }),
            Err(error) => Err(Unread { error, params }),
        }
    }
}

impl FromClient {
    /// The client it is from. Whoever cannot prove it is noted.
    pub(super) async fn client(&self, app: &App) -> Result<AuthenticatedClient<'_>, OAuthError> {
        let proven = authenticate(app, &self.registry, &self.credentials, &self.meta).await;
        proven.inspect_err(|error| self.refused(app, error))
    }

    /// The API it is from. Whoever cannot prove it is noted.
    pub(super) fn api(&self, app: &App) -> Result<AuthenticatedApi<'_>, OAuthError> {
        let api = self.registry.api(self.credentials.client_id()).map(AsRef::as_ref);
        let proven = client_auth::authenticate_api(&app.context(self.meta.now, &mut SystemRng), api, &self.credentials);
        proven.inspect_err(|error| self.refused(app, error))
    }

    /// The client it says to be from, proven or not.
    pub(super) fn named(&self) -> Option<&Client> {
        self.registry.client(self.credentials.client_id()).map(AsRef::as_ref)
    }

    /// The answer to it, which pages of that client may read.
    pub(super) fn answered(&self, response: Response) -> Response {
        answer::to_client(response, self.credentials.client_id())
    }

    fn refused(&self, app: &App, error: &OAuthError) {
        events::client_refused(app, self.credentials.client_id(), error);
    }
}

/// The credentials of a request. Two `Authorization` headers are two methods.
pub(super) fn credentials(headers: &HeaderMap, params: &Params) -> Result<Credentials, OAuthError> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let header = lines.next();
    if lines.next().is_some() {
        return Err(OAuthError::TwoClientAuthMethods);
    }
    let malformed = || OAuthError::client_auth(ClientAuthFailure::HeaderMalformed, Presented::AuthorizationHeader);
    let text = header.map(|line| line.to_str().map_err(|_| malformed())).transpose()?;
    Credentials::from_request(text, params)
}

/// The client these credentials prove.
pub(super) async fn authenticate<'r>(
    app: &App,
    registry: &'r Registry,
    credentials: &Credentials,
    meta: &Meta,
) -> Result<AuthenticatedClient<'r>, OAuthError> {
    let client = registry.client(credentials.client_id()).map(AsRef::as_ref);
    let now = meta.now;
    let public = match (client, credentials.assertion()) {
        // Nothing is fetched for whom it could not prove.
        (Some(client), Some(assertion))
            if client.token_endpoint_auth_method == AuthMethod::PrivateKeyJwt && !client.disabled =>
        {
            app.public_keys(registry, client, assertion, now).await
        }
        _ => PublicKeys::None,
    };
    let shared = registry.shared_keys(credentials.client_id());
    let keys = ClientKeys { public: public.verifying(), shared };
    let shown = shown(app, client, meta);
    let outcome = client_auth::authenticate(&app.context(now, &mut SystemRng), client, keys, shown, credentials)?;
    match outcome {
        Authentication::Done(client) => Ok(client),
        Authentication::Once(pending) => {
            let once = app.store.remember_once(ASSERTION, Hash32(pending.key), pending.expires_at, now).await;
            let first = once.map_err(|error| store_failure(&error))?;
            pending.remembered(if first { FirstUse::Yes } else { FirstUse::No })
        }
    }
}

/// The connection's certificate. Who signed it is asked for those only whom it proves.
fn shown<'m>(app: &App, client: Option<&Client>, meta: &'m Meta) -> Option<ShownCertificate<'m>> {
    let shown = meta.certificate.as_deref()?;
    let by_name = client.is_some_and(|client| client.token_endpoint_auth_method == AuthMethod::TlsClientAuth);
    let chain = if by_name { app.authorities.judge(shown, meta.now) } else { Chain::Unverified };
    Some(ShownCertificate { certificate: &shown.certificate, chain })
}
