//! Clients (applications), in the words of RFC 7591 §2 where it has one.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use symbolon_jose::Algorithm;

use super::{
    Backchannel, Brand, CertificateRules, ClientMetadata, GrantRules, InBrowser, RequestRules, Responses, SecretHash,
    Security, Subjects, TokenDelivery, UserinfoResponses,
};
use crate::context::Lifetimes;
use crate::grant::Grant;
use crate::ids::ClientId;
use crate::scope::Scope;
use crate::sign_up::SignUpRule;

/// What kind of program a client is; it decides what it can keep secret and where it may be redirected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientKind {
    /// A service that acts for itself.
    Machine,
    /// An app on a device (RFC 8252).
    Native,
    /// A program in a browser (RFC 10017).
    Spa,
    /// A program on a server, which can keep a secret.
    Web,
}

/// How a client proves who it is (RFC 7591 §2 `token_endpoint_auth_method`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// Secret in the `Authorization` header.
    ClientSecretBasic,
    /// An assertion under a key made of the secret (RFC 7523, OpenID Connect Core §9).
    ClientSecretJwt,
    /// Secret in the form.
    ClientSecretPost,
    /// It cannot: a public client.
    None,
    /// A signed assertion (RFC 7523).
    PrivateKeyJwt,
    /// A certificate that stands in its key set (RFC 8705 §2.2).
    SelfSignedTlsClientAuth,
    /// A certificate of an authority, with its name (RFC 8705 §2.1).
    TlsClientAuth,
}

/// What the access tokens of a client are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessTokenFormat {
    /// A signed statement that an API checks by itself (RFC 9068).
    #[default]
    Jwt,
    /// An opaque value that the API looks up at the session endpoint: alive as long as the session it was born in.
    Session,
}

/// Where the claims of `profile`, `email`, `phone` and `address` go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProfileClaims {
    /// Into the ID token as well, for clients that never ask userinfo.
    IdTokenToo,
    /// To userinfo only (OpenID Connect Core §5.4).
    #[default]
    UserinfoOnly,
}

/// An API a client may ask for, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientApi {
    /// The API's identifier.
    pub audience: String,
    /// The scopes the client may ask for there.
    #[serde(default)]
    pub scopes: Scope,
}

/// A registered client.
#[expect(clippy::struct_excessive_bools, reason = "a document of switches, each with a name of its own")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Client {
    /// Its identifier.
    pub client_id: ClientId,
    /// What people call it.
    pub name: String,
    /// What kind of program it is.
    pub kind: ClientKind,
    /// Ours: no consent is asked.
    #[serde(default)]
    pub first_party: bool,
    /// Switched off: nothing works.
    #[serde(default)]
    pub disabled: bool,
    /// Compared as exact text (RFC 9700 §2.1); only a native client's loopback port may vary.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// Where to after signing out, exact text too.
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    /// Where it is told that a session has ended (OpenID Connect Back-Channel Logout 1.0 §2.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    /// Whether it cannot do without the `sid` there.
    #[serde(default)]
    pub backchannel_logout_session_required: bool,
    /// Origins of its pages, for CORS.
    #[serde(default)]
    pub allowed_origins: Vec<String>,
    /// Its pages send the browser's cookies along, which nobody looks at; the browser gives them the answer all the same (Fetch §3.3.5).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_credentials: bool,
    /// The grants it may use, by wire name.
    #[serde(default)]
    pub grant_types: BTreeSet<String>,
    /// What it may ask the authorization endpoint to answer with.
    #[serde(flatten)]
    pub responses: Responses,
    /// How it proves who it is.
    pub token_endpoint_auth_method: AuthMethod,
    /// Its secrets' hashes; more than one while rotating.
    #[serde(default)]
    pub secrets: Vec<SecretHash>,
    /// Its public keys, for `private_key_jwt` and `self_signed_tls_client_auth`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    /// Its assertions may be what clients older than RFC 10070 make: for an endpoint of ours, for as long as its profile lets them live.
    #[serde(default)]
    pub legacy_assertion_audience: bool,
    /// May send JSON to the token and revocation endpoints.
    #[serde(default)]
    pub json_requests: bool,
    /// What its ID tokens are signed with.
    pub id_token_signed_response_alg: Algorithm,
    /// Where profile claims go.
    #[serde(default)]
    pub profile_claims: ProfileClaims,
    /// Must send a `code_challenge`; always so for public clients.
    pub require_pkce: bool,
    /// Gets access tokens only with a proof of the key they are bound to (RFC 9449 §5.2).
    #[serde(default)]
    pub dpop_bound_access_tokens: bool,
    /// Its proofs must have a nonce of ours, so that none can have been made in advance (RFC 9449 §8).
    #[serde(default)]
    pub dpop_nonce_required: bool,
    /// May send the user's password to `POST /authenticate`.
    #[serde(default)]
    pub password_sign_in: bool,
    /// Whether people may make their own accounts on their way to it; without it as the server's setting says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_up: Option<SignUpRule>,
    /// What its access tokens are. With sessions it has no refresh tokens: use keeps a session alive.
    #[serde(default)]
    pub access_token_format: AccessTokenFormat,
    /// How its tokens reach it.
    #[serde(default, skip_serializing_if = "TokenDelivery::is_body")]
    pub token_delivery: TokenDelivery,
    /// The APIs it may ask for. For `client_credentials` there are no others; for a user, an entry limits the scopes, and a
    /// third-party client may ask for no other API.
    #[serde(default)]
    pub apis: Vec<ClientApi>,
    /// The API meant when the request names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_audience: Option<String>,
    /// The standard scopes it may ask for; `None` means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Scope>,
    /// Shown on the pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// Linked from the pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    /// Linked from the pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    /// Life of its access tokens; the API's own limit wins when shorter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token_lifetime_secs: Option<u64>,
    /// Life of an unused refresh token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_idle_secs: Option<u64>,
    /// Life of a refresh token and all its descendants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_absolute_secs: Option<u64>,
    /// How it must send its authorization requests.
    #[serde(flatten)]
    pub requests: RequestRules,
    /// What it wants of the end of a session in the browser itself.
    #[serde(flatten)]
    pub in_browser: InBrowser,
    /// What users are called in what it gets.
    #[serde(flatten)]
    pub subjects: Subjects,
    /// In what form it gets claims from userinfo.
    #[serde(flatten)]
    pub userinfo: UserinfoResponses,
    /// Its certificate, and what is bound to it.
    #[serde(flatten)]
    pub certificate: CertificateRules,
    /// How strict all of this is.
    #[serde(flatten)]
    pub security: Security,
    /// What it may turn the tokens and assertions of others into.
    #[serde(flatten)]
    pub grant_rules: GrantRules,
    /// How it learns the answer of people it has asked on another device.
    #[serde(flatten)]
    pub backchannel: Backchannel,
    /// How the pages look on which people sign in to it.
    #[serde(flatten)]
    pub brand: Brand,
    /// Where its keys are, who made it, and what else it says of itself.
    #[serde(flatten)]
    pub metadata: ClientMetadata,
    /// Unix seconds.
    #[serde(default)]
    pub created_at: u64,
    /// Members a newer version wrote: kept, so that writing the document back loses nothing (CVE-2026-107623).
    #[serde(flatten)]
    pub extra: BTreeMap<String, Value>,
}

impl Client {
    /// A program in a browser: public, code with PKCE and refresh tokens.
    #[must_use]
    pub fn spa(client_id: ClientId, name: impl Into<String>) -> Self {
        Self::new(client_id, name, ClientKind::Spa)
    }

    /// An app on a device: public, code with PKCE and refresh tokens.
    #[must_use]
    pub fn native(client_id: ClientId, name: impl Into<String>) -> Self {
        Self::new(client_id, name, ClientKind::Native)
    }

    /// A program on a server: with a secret, code with PKCE and refresh tokens.
    #[must_use]
    pub fn web(client_id: ClientId, name: impl Into<String>) -> Self {
        Self::new(client_id, name, ClientKind::Web)
    }

    /// A service that acts for itself: with a secret, `client_credentials` only.
    #[must_use]
    pub fn machine(client_id: ClientId, name: impl Into<String>) -> Self {
        Self::new(client_id, name, ClientKind::Machine)
    }

    fn new(client_id: ClientId, name: impl Into<String>, kind: ClientKind) -> Self {
        let grants: &[Grant] = match kind {
            ClientKind::Machine => &[Grant::ClientCredentials],
            ClientKind::Native | ClientKind::Spa | ClientKind::Web => &[Grant::AuthorizationCode, Grant::RefreshToken],
        };
        Self {
            client_id,
            name: name.into(),
            kind,
            first_party: false,
            disabled: false,
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            backchannel_logout_uri: None,
            backchannel_logout_session_required: false,
            allowed_origins: Vec::new(),
            allow_credentials: false,
            grant_types: grants.iter().map(|grant| grant.name().to_owned()).collect(),
            responses: Responses::default(),
            token_endpoint_auth_method: match kind {
                ClientKind::Native | ClientKind::Spa => AuthMethod::None,
                ClientKind::Machine | ClientKind::Web => AuthMethod::ClientSecretBasic,
            },
            secrets: Vec::new(),
            jwks: None,
            legacy_assertion_audience: false,
            json_requests: false,
            id_token_signed_response_alg: Algorithm::RS256,
            profile_claims: ProfileClaims::UserinfoOnly,
            require_pkce: true,
            dpop_bound_access_tokens: false,
            dpop_nonce_required: false,
            password_sign_in: false,
            sign_up: None,
            access_token_format: AccessTokenFormat::Jwt,
            token_delivery: TokenDelivery::Body,
            apis: Vec::new(),
            default_audience: None,
            scopes: None,
            logo_uri: None,
            policy_uri: None,
            tos_uri: None,
            access_token_lifetime_secs: None,
            refresh_idle_secs: None,
            refresh_absolute_secs: None,
            requests: RequestRules::default(),
            in_browser: InBrowser::default(),
            subjects: Subjects::default(),
            userinfo: UserinfoResponses::default(),
            certificate: CertificateRules::default(),
            security: Security::default(),
            grant_rules: GrantRules::default(),
            backchannel: Backchannel::default(),
            brand: Brand::default(),
            metadata: ClientMetadata::default(),
            created_at: 0,
            extra: BTreeMap::new(),
        }
    }

    /// Whether it cannot keep a secret (RFC 6749 §2.1).
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.token_endpoint_auth_method == AuthMethod::None
    }

    /// Whether it proves itself with its secret, one way or another.
    #[must_use]
    pub fn has_secret(&self) -> bool {
        match self.token_endpoint_auth_method {
            AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretJwt | AuthMethod::ClientSecretPost => true,
            AuthMethod::None
            | AuthMethod::PrivateKeyJwt
            | AuthMethod::SelfSignedTlsClientAuth
            | AuthMethod::TlsClientAuth => false,
        }
    }

    /// Whether the secret itself is a key, so that its hash is not enough (OpenID Connect Core §10.1).
    #[must_use]
    pub fn needs_readable_secret(&self) -> bool {
        self.token_endpoint_auth_method == AuthMethod::ClientSecretJwt || self.shares_keys()
    }

    /// Whether it is registered for the grant. A client of sessions has nothing to refresh, whatever is registered.
    #[must_use]
    pub fn may_use(&self, grant: Grant) -> bool {
        let nothing_to_refresh = grant == Grant::RefreshToken && self.gets_sessions();
        self.grant_types.contains(grant.name()) && !nothing_to_refresh
    }

    /// Whether its access tokens are session values.
    #[must_use]
    pub fn gets_sessions(&self) -> bool {
        self.access_token_format == AccessTokenFormat::Session
    }

    /// Whether signing out of the session ends its refresh tokens too: so for browser programs (RFC 10017).
    #[must_use]
    pub fn is_session_bound(&self) -> bool {
        self.kind == ClientKind::Spa
    }

    /// The entry of an API in its registration.
    #[must_use]
    pub fn api(&self, audience: &str) -> Option<&ClientApi> {
        self.apis.iter().find(|api| api.audience == audience)
    }

    /// How long an unused refresh token of this client lives, in seconds.
    #[must_use]
    pub fn refresh_idle_secs(&self, lifetimes: &Lifetimes) -> u64 {
        self.refresh_idle_secs.unwrap_or(lifetimes.refresh_idle_secs)
    }

    /// How long a refresh token and its descendants live, in seconds.
    #[must_use]
    pub fn refresh_absolute_secs(&self, lifetimes: &Lifetimes) -> u64 {
        self.refresh_absolute_secs.unwrap_or(lifetimes.refresh_absolute_secs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ClientId {
        ClientId::parse(text).unwrap()
    }

    #[test]
    fn browser_and_device_clients_are_public_and_need_pkce() {
        for client in [Client::spa(id("a"), "A"), Client::native(id("b"), "B")] {
            assert!(client.is_public() && client.require_pkce && !client.first_party);
        }
        assert!(!Client::web(id("c"), "C").is_public());
    }

    #[test]
    fn a_machine_may_use_client_credentials_and_nothing_else() {
        let machine = Client::machine(id("m"), "M");
        assert!(
            machine.may_use(Grant::ClientCredentials)
                && !machine.may_use(Grant::AuthorizationCode)
                && !machine.may_use(Grant::RefreshToken)
        );
    }

    #[test]
    fn members_of_a_newer_version_survive_cve_2026_107623() {
        let mut body = serde_json::to_value(Client::spa(id("a"), "A")).unwrap();
        body["tomorrow"] = serde_json::json!({"strict": true});
        let client: Client = serde_json::from_value(body.clone()).unwrap();
        assert_eq!(serde_json::to_value(client).unwrap(), body);
    }

    #[test]
    fn a_document_without_its_safety_settings_is_refused_rather_than_guessed() {
        let mut body = serde_json::to_value(Client::spa(id("a"), "A")).unwrap();
        body.as_object_mut().unwrap().remove("require_pkce");
        assert!(serde_json::from_value::<Client>(body).is_err());
    }
}
