//! Client authentication (RFC 6749 §2.3, RFC 7523, RFC 10070). One file per method.
//!
//! Refuses two methods at once, a secret from a public client (RFC 10017), credentials in a URL, and methods the client is not
//! registered for. The caller learns `invalid_client` and nothing more; the cause is for the log.

mod client_secret_basic;
mod client_secret_jwt;
mod client_secret_post;
pub(crate) mod failure;
mod none;
mod private_key_jwt;
mod self_signed_tls_client_auth;
mod tls_client_auth;

use std::fmt;

use symbolon_jose::VerifyingKeys;
use zeroize::Zeroizing;

use crate::certificate::ClientCertificate;
use crate::context::Context;
use crate::error::{ClientAuthFailure, OAuthError, Presented};
use crate::params::Params;
use crate::registration::{Api, AuthMethod, Client, matches_any};

pub use crate::shared_keys::{MAC_ALGS, SharedKeys};
pub use private_key_jwt::{FirstUse, PendingAssertion, SIGNING_ALGS, keys_of};

/// Parameters that client authentication reads; every endpoint with clients accepts them.
pub const PARAMETERS: &[&str] = &["client_id", "client_secret", "client_assertion", "client_assertion_type"];

impl AuthMethod {
    /// Every method.
    pub const ALL: &'static [Self] = &[
        Self::ClientSecretBasic,
        Self::ClientSecretJwt,
        Self::ClientSecretPost,
        Self::None,
        Self::PrivateKeyJwt,
        Self::SelfSignedTlsClientAuth,
        Self::TlsClientAuth,
    ];

    /// The registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => client_secret_basic::NAME,
            Self::ClientSecretJwt => client_secret_jwt::NAME,
            Self::ClientSecretPost => client_secret_post::NAME,
            Self::None => none::NAME,
            Self::PrivateKeyJwt => private_key_jwt::NAME,
            Self::SelfSignedTlsClientAuth => self_signed_tls_client_auth::NAME,
            Self::TlsClientAuth => tls_client_auth::NAME,
        }
    }
}

/// The certificate of the connection on which a request came: whoever sent the request holds its key.
#[derive(Clone, Copy, Debug)]
pub struct ShownCertificate<'c> {
    /// The certificate.
    pub certificate: &'c ClientCertificate,
    /// Whether an authority that the operator trusts has signed it.
    pub chain: Chain,
}

/// What is known of who signed a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// Nothing.
    Unverified,
    /// It leads to an authority of the operator's, for clients, at this time.
    Verified,
}

/// What a request presented, not yet believed. No `Debug` of secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    client_id: String,
    proof: Proof,
}

#[derive(Clone, PartialEq, Eq)]
enum Proof {
    Assertion(Zeroizing<String>),
    None,
    SecretInBody(Zeroizing<String>),
    SecretInHeader(Zeroizing<String>),
}

impl Credentials {
    /// Reads the credentials of a request: the `Authorization` header's value, if any, and the body's parameters.
    ///
    /// # Errors
    /// None at all, malformed ones, or two methods at once.
    pub fn from_request(authorization: Option<&str>, params: &Params) -> Result<Self, OAuthError> {
        let in_header = authorization.is_some();
        let in_body = params.get("client_secret").is_some();
        let assertion = params.get("client_assertion").is_some() || params.get("client_assertion_type").is_some();
        if [in_header, in_body, assertion].iter().filter(|used| **used).count() > 1 {
            return Err(OAuthError::TwoClientAuthMethods);
        }
        match authorization {
            Some(header) => client_secret_basic::read(header, params),
            None if assertion => private_key_jwt::read(params),
            None if in_body => client_secret_post::read(params),
            None => none::read(params),
        }
    }

    /// Whom to look up. Not proven yet.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The assertion, if one was presented. Nothing of it has been checked.
    #[must_use]
    pub fn assertion(&self) -> Option<&str> {
        match &self.proof {
            Proof::Assertion(assertion) => Some(assertion),
            Proof::None | Proof::SecretInBody(_) | Proof::SecretInHeader(_) => None,
        }
    }

    fn presented(&self) -> Presented {
        match self.proof {
            Proof::SecretInHeader(_) => Presented::AuthorizationHeader,
            Proof::Assertion(_) | Proof::None | Proof::SecretInBody(_) => Presented::Body,
        }
    }

    fn fail(&self, failure: ClientAuthFailure) -> OAuthError {
        OAuthError::client_auth(failure, self.presented())
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { client_id, proof } = self;
        let method = match proof {
            Proof::Assertion(_) => private_key_jwt::NAME,
            Proof::None => none::NAME,
            Proof::SecretInBody(_) => client_secret_post::NAME,
            Proof::SecretInHeader(_) => client_secret_basic::NAME,
        };
        f.debug_struct("Credentials").field("client_id", client_id).field("method", &method).finish_non_exhaustive()
    }
}

/// A client that has proven who it is, or that need not. Only this module makes one.
#[derive(Clone, Copy, Debug)]
pub struct AuthenticatedClient<'c> {
    client: &'c Client,
}

impl<'c> AuthenticatedClient<'c> {
    /// The client.
    #[must_use]
    pub fn client(self) -> &'c Client {
        self.client
    }
}

#[cfg(test)]
impl<'c> AuthenticatedClient<'c> {
    /// For tests of what comes after.
    pub(crate) fn believed(client: &'c Client) -> Self {
        Self { client }
    }
}

/// An API that has proven who it is, for introspection.
#[derive(Clone, Copy, Debug)]
pub struct AuthenticatedApi<'a> {
    api: &'a Api,
}

impl<'a> AuthenticatedApi<'a> {
    /// The API.
    #[must_use]
    pub fn api(self) -> &'a Api {
        self.api
    }
}

/// What authentication came to.
#[derive(Clone, Debug)]
#[must_use]
pub enum Authentication<'c> {
    /// It is who it says.
    Done(AuthenticatedClient<'c>),
    /// It is, if its assertion has not been used before: the shell remembers it once and calls [`PendingAssertion::remembered`].
    Once(PendingAssertion<'c>),
}

/// What a client's assertions are verified with, so that the shell can prepare it once.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClientKeys<'k> {
    /// Its public keys ([`keys_of`]), for `private_key_jwt`.
    pub public: Option<&'k VerifyingKeys>,
    /// Its secrets, for `client_secret_jwt`.
    pub shared: &'k [SharedKeys],
}

/// Checks credentials against the client they name. `shown` is the connection's certificate, if it has one.
///
/// # Errors
/// [`OAuthError::ClientAuthentication`], whatever the cause.
pub fn authenticate<'c>(
    ctx: &Context<'_>,
    client: Option<&'c Client>,
    keys: ClientKeys<'_>,
    shown: Option<ShownCertificate<'_>>,
    credentials: &Credentials,
) -> Result<Authentication<'c>, OAuthError> {
    let client = client
        .filter(|client| client.client_id == credentials.client_id())
        .ok_or_else(|| credentials.fail(ClientAuthFailure::ClientUnknown))?;
    if client.disabled {
        return Err(credentials.fail(ClientAuthFailure::ClientDisabled));
    }
    // The registration refuses it; a document that says otherwise is not believed.
    if !client.profile().allows_auth_method(client.token_endpoint_auth_method) {
        return Err(credentials.fail(ClientAuthFailure::MethodNotRegistered));
    }
    let done = |result: Result<(), ClientAuthFailure>| match result {
        Ok(()) => Ok(Authentication::Done(AuthenticatedClient { client })),
        Err(failure) => Err(credentials.fail(failure)),
    };
    match &credentials.proof {
        Proof::Assertion(assertion) => {
            let verified = match client.token_endpoint_auth_method {
                AuthMethod::ClientSecretJwt => client_secret_jwt::verify(ctx, client, keys.shared, assertion),
                _ => private_key_jwt::verify(ctx, client, keys.public, assertion),
            };
            verified.map(Authentication::Once).map_err(|failure| credentials.fail(failure))
        }
        Proof::None => done(verify_connection(client, shown)),
        Proof::SecretInBody(secret) | Proof::SecretInHeader(secret) => done(verify_secret(ctx, client, secret)),
    }
}

/// Checks an API's credentials: its identifier as user name, one of its secrets as password.
///
/// # Errors
/// [`OAuthError::ClientAuthentication`], whatever the cause.
pub fn authenticate_api<'a>(
    ctx: &Context<'_>,
    api: Option<&'a Api>,
    credentials: &Credentials,
) -> Result<AuthenticatedApi<'a>, OAuthError> {
    let api = api
        .filter(|api| api.identifier == credentials.client_id())
        .ok_or_else(|| credentials.fail(ClientAuthFailure::ClientUnknown))?;
    if api.disabled {
        return Err(credentials.fail(ClientAuthFailure::ClientDisabled));
    }
    match &credentials.proof {
        Proof::SecretInBody(secret) | Proof::SecretInHeader(secret) if matches_any(&api.secrets, secret, ctx.now) => {
            Ok(AuthenticatedApi { api })
        }
        Proof::SecretInBody(_) | Proof::SecretInHeader(_) => Err(credentials.fail(ClientAuthFailure::SecretWrong)),
        Proof::Assertion(_) => Err(credentials.fail(ClientAuthFailure::MethodNotRegistered)),
        Proof::None => Err(credentials.fail(ClientAuthFailure::Missing)),
    }
}

/// The request itself proves nothing: perhaps the connection does.
fn verify_connection(client: &Client, shown: Option<ShownCertificate<'_>>) -> Result<(), ClientAuthFailure> {
    match client.token_endpoint_auth_method {
        AuthMethod::SelfSignedTlsClientAuth => self_signed_tls_client_auth::verify(client, shown),
        AuthMethod::TlsClientAuth => tls_client_auth::verify(client, shown),
        AuthMethod::ClientSecretBasic
        | AuthMethod::ClientSecretJwt
        | AuthMethod::ClientSecretPost
        | AuthMethod::None
        | AuthMethod::PrivateKeyJwt => none::verify(client),
    }
}

/// Header or body: a client registered for one secret method may use the other. It is the same secret over the same connection,
/// and common libraries send it in the body whatever they were told.
fn verify_secret(ctx: &Context<'_>, client: &Client, secret: &str) -> Result<(), ClientAuthFailure> {
    match client.token_endpoint_auth_method {
        AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost
            if matches_any(&client.secrets, secret, ctx.now) =>
        {
            Ok(())
        }
        AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost => Err(ClientAuthFailure::SecretWrong),
        AuthMethod::None => Err(ClientAuthFailure::PublicClientWithSecret),
        AuthMethod::ClientSecretJwt
        | AuthMethod::PrivateKeyJwt
        | AuthMethod::SelfSignedTlsClientAuth
        | AuthMethod::TlsClientAuth => Err(ClientAuthFailure::MethodNotRegistered),
    }
}

#[cfg(test)]
mod certificate_tests;
#[cfg(test)]
mod tests {
    use super::*;
    use crate::registration::SecretHash;
    use crate::testing::{NOW, apis, at, machine, spa, third_party};

    const BASIC_MACHINE: &str = "Basic bWFjaGluZTpzM2NyZXQ="; // machine:s3cret

    fn form(text: &str) -> Params {
        Params::parse(text.as_bytes()).unwrap()
    }

    fn authenticated(client: &Client, header: Option<&str>, body: &str) -> Result<(), OAuthError> {
        let credentials = Credentials::from_request(header, &form(body))?;
        at(NOW, |ctx| authenticate(ctx, Some(client), ClientKeys::default(), None, &credentials).map(|_| ()))
    }

    #[track_caller]
    fn fails(result: &Result<(), OAuthError>, failure: ClientAuthFailure, presented: Presented) {
        assert_eq!(*result, Err(OAuthError::client_auth(failure, presented)));
    }

    #[test]
    fn each_client_by_its_own_method() {
        assert_eq!(authenticated(&spa(), None, "client_id=spa"), Ok(()));
        assert_eq!(authenticated(&machine(), Some(BASIC_MACHINE), ""), Ok(()));
        assert_eq!(authenticated(&machine(), None, "client_id=machine&client_secret=s3cret"), Ok(()));
    }

    #[test]
    fn two_methods_at_once_are_refused_rfc_6749_2_3() {
        let two = Err(OAuthError::TwoClientAuthMethods);
        assert_eq!(authenticated(&machine(), Some(BASIC_MACHINE), "client_secret=s3cret"), two);
        assert_eq!(authenticated(&machine(), Some(BASIC_MACHINE), "client_assertion=x"), two);
        assert_eq!(
            authenticated(&machine(), None, "client_id=machine&client_secret=s3cret&client_assertion_type=x"),
            two
        );
    }

    #[test]
    fn rfc10017_section_6_3_3_1_a_public_client_with_a_secret_is_refused() {
        fails(
            &authenticated(&spa(), None, "client_id=spa&client_secret=x"),
            ClientAuthFailure::PublicClientWithSecret,
            Presented::Body,
        );
        fails(
            &authenticated(&spa(), Some("Basic c3BhOng="), ""),
            ClientAuthFailure::PublicClientWithSecret,
            Presented::AuthorizationHeader,
        );
    }

    #[test]
    fn a_confidential_client_without_proof_is_refused() {
        fails(&authenticated(&machine(), None, "client_id=machine"), ClientAuthFailure::Missing, Presented::Body);
        fails(&authenticated(&machine(), None, ""), ClientAuthFailure::Missing, Presented::Body);
        fails(&authenticated(&machine(), None, "client_secret=s3cret"), ClientAuthFailure::Missing, Presented::Body);
    }

    #[test]
    fn wrong_and_expired_secrets_are_refused_in_the_scheme_they_came() {
        fails(
            &authenticated(&machine(), None, "client_id=machine&client_secret=S3cret"),
            ClientAuthFailure::SecretWrong,
            Presented::Body,
        );
        let expired = SecretHash { expires_at: Some(NOW), ..SecretHash::of("s3cret", 0) };
        let client = Client { secrets: vec![expired], ..machine() };
        fails(
            &authenticated(&client, Some(BASIC_MACHINE), ""),
            ClientAuthFailure::SecretWrong,
            Presented::AuthorizationHeader,
        );
    }

    #[test]
    fn unknown_other_and_disabled_clients_are_refused() {
        fails(
            &authenticated(&third_party(), Some(BASIC_MACHINE), ""),
            ClientAuthFailure::ClientUnknown,
            Presented::AuthorizationHeader,
        );
        let off = Client { disabled: true, ..machine() };
        fails(
            &authenticated(&off, Some(BASIC_MACHINE), ""),
            ClientAuthFailure::ClientDisabled,
            Presented::AuthorizationHeader,
        );
        let credentials = Credentials::from_request(None, &form("client_id=nobody")).unwrap();
        assert!(at(NOW, |ctx| authenticate(ctx, None, ClientKeys::default(), None, &credentials).is_err()));
    }

    #[test]
    fn a_secret_does_not_replace_a_key() {
        let client = Client { token_endpoint_auth_method: AuthMethod::PrivateKeyJwt, ..machine() };
        fails(
            &authenticated(&client, Some(BASIC_MACHINE), ""),
            ClientAuthFailure::MethodNotRegistered,
            Presented::AuthorizationHeader,
        );
        fails(&authenticated(&client, None, "client_id=machine"), ClientAuthFailure::Missing, Presented::Body);
    }

    #[test]
    fn a_secret_that_is_a_key_is_never_sent_itself_rfc_7591_2() {
        let client = Client { token_endpoint_auth_method: AuthMethod::ClientSecretJwt, ..machine() };
        fails(
            &authenticated(&client, Some(BASIC_MACHINE), ""),
            ClientAuthFailure::MethodNotRegistered,
            Presented::AuthorizationHeader,
        );
        fails(
            &authenticated(&client, None, "client_id=machine&client_secret=s3cret"),
            ClientAuthFailure::MethodNotRegistered,
            Presented::Body,
        );
    }

    #[test]
    fn an_api_proves_itself_by_its_own_secret_only() {
        let mut api = apis().remove(0);
        api.secrets = vec![SecretHash::of("ap1", 0)];
        let asks = |api: &Api, body: &str| {
            let credentials = Credentials::from_request(None, &form(body)).unwrap();
            at(NOW, |ctx| authenticate_api(ctx, Some(api), &credentials).map(|_| ()).is_ok())
        };
        let id = "client_id=http%3A%2F%2Flocalhost%3A4402";
        assert!(asks(&api, &format!("{id}&client_secret=ap1")));
        assert!(!asks(&api, &format!("{id}&client_secret=s3cret")) && !asks(&api, id));
        assert!(!asks(&api, "client_id=machine&client_secret=ap1"));
        assert!(!asks(&Api { disabled: true, ..api }, &format!("{id}&client_secret=ap1")));
    }

    #[test]
    fn debug_shows_no_secret() {
        let credentials = Credentials::from_request(Some(BASIC_MACHINE), &form("")).unwrap();
        assert!(!format!("{credentials:?}").contains("s3cret"));
    }
}
