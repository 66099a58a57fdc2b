//! Client authentication at the HTTP door: credentials out of header and parameters, judged by `oauth`, with
//! the replay window of assertions kept in the store.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use symbolon_oauth::client_auth::{
    self, AuthenticatedClient, Authentication, Chain, ClientKeys, Credentials, FirstUse, ShownCertificate,
};
use symbolon_oauth::{AuthMethod, Client, ClientAuthFailure, OAuthError, Params, Presented};
use symbolon_store::Hash32;

use super::meta::Meta;
use crate::app::App;
use crate::client_keys::PublicKeys;
use crate::effects::store_failure;
use crate::registry::Registry;
use crate::rng::SystemRng;

const ASSERTION: &str = "client_assertion";

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
