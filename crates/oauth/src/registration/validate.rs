//! What a registration must be before it is kept (RFC 9700 §2.6, RFC 8252 §8.4, RFC 7591 §2).
//!
//! Refuses redirect URIs that could send a code elsewhere, secrets for clients that cannot keep them, and combinations that no
//! endpoint would honour. Every fault is reported, not only the first.

use std::fmt;

use symbolon_jose::jwk::{PRIVATE_MEMBERS, Purpose};
use symbolon_jose::{Algorithm, Jwk, JwkSet, VerifyingKeys};
use url::Url;

use super::{Api, AuthMethod, Client, ClientKind, Role, metadata, responses};
use crate::context::LONGEST_TOKEN_SECS;
use crate::grant::{Grant, IMPLICIT};
use crate::ids::Subject;
use crate::plain_text::is_seen;
use crate::redirect_uri;
use crate::scope::{self, is_scope_name};

/// What is wrong with a registration, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationError {
    /// The member, such as `redirect_uris`.
    pub member: &'static str,
    /// The value at fault, where showing it helps.
    pub value: Option<String>,
    /// What is wrong, in words for the operator.
    pub problem: &'static str,
}

impl fmt::Display for RegistrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{} {value:?}: {}", self.member, self.problem),
            None => write!(f, "{}: {}", self.member, self.problem),
        }
    }
}

impl std::error::Error for RegistrationError {}

/// Collects faults.
#[derive(Default)]
pub(super) struct Faults(Vec<RegistrationError>);

impl Faults {
    pub(super) fn check(&mut self, ok: bool, member: &'static str, problem: &'static str) {
        if !ok {
            self.0.push(RegistrationError { member, value: None, problem });
        }
    }

    pub(super) fn check_value(&mut self, result: Result<(), &'static str>, member: &'static str, value: &str) {
        if let Err(problem) = result {
            self.0.push(RegistrationError { member, value: Some(value.to_owned()), problem });
        }
    }

    pub(super) fn none() -> Self {
        Self(Vec::new())
    }

    pub(super) fn done(self) -> Result<(), Vec<RegistrationError>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}

impl Client {
    /// Says everything that is wrong with it.
    ///
    /// # Errors
    /// All faults found.
    pub fn validate(&self) -> Result<(), Vec<RegistrationError>> {
        let mut faults = Faults(Vec::new());
        faults.check(is_name(&self.name), "name", NO_NAME);
        self.check_uris(&mut faults);
        self.check_authentication(&mut faults);
        self.check_grants(&mut faults);
        self.check_dpop(&mut faults);
        self.check_delivery(&mut faults);
        self.check_lifetimes(&mut faults);
        self.check_requests(&mut faults);
        self.check_in_browser(&mut faults);
        self.check_subjects(&mut faults);
        self.check_userinfo(&mut faults);
        self.check_certificate(&mut faults);
        self.check_security(&mut faults);
        self.check_grant_rules(&mut faults);
        self.check_backchannel(&mut faults);
        self.check_brand(&mut faults);
        metadata::check(self, &mut faults);
        faults.done()
    }

    fn check_uris(&self, faults: &mut Faults) {
        for uri in &self.redirect_uris {
            faults.check_value(redirect_uri::check_registration(uri, self.kind), "redirect_uris", uri);
        }
        for uri in &self.post_logout_redirect_uris {
            faults.check_value(redirect_uri::check_registration(uri, self.kind), "post_logout_redirect_uris", uri);
        }
        self.check_backchannel_logout(faults);
        for origin in &self.allowed_origins {
            faults.check_value(check_origin(origin), "allowed_origins", origin);
        }
        for (member, uri) in
            [("logo_uri", &self.logo_uri), ("policy_uri", &self.policy_uri), ("tos_uri", &self.tos_uri)]
        {
            if let Some(uri) = uri {
                faults.check_value(check_web_page(uri), member, uri);
            }
        }
    }

    /// Back-Channel Logout §2.2: "an absolute URI … MAY include an application/x-www-form-urlencoded formatted query component
    /// … MUST NOT include a fragment component". Plain http beyond loopback would show who signed out to the whole way.
    fn check_backchannel_logout(&self, faults: &mut Faults) {
        const URI: &str = "backchannel_logout_uri";
        let Some(uri) = &self.backchannel_logout_uri else {
            let idle = "needs a backchannel_logout_uri";
            return faults.check(
                !self.backchannel_logout_session_required,
                "backchannel_logout_session_required",
                idle,
            );
        };
        // A server receives it, whatever kind of program the client is: no private-use schemes.
        faults.check_value(redirect_uri::check_registration(uri, ClientKind::Web), URI, uri);
        faults.check(self.kind != ClientKind::Machine, URI, "a machine client has no users to sign out");
    }

    fn check_authentication(&self, faults: &mut Faults) {
        let public = self.is_public();
        let in_browser_or_device = matches!(self.kind, ClientKind::Native | ClientKind::Spa);
        faults.check(
            public || self.kind != ClientKind::Spa,
            "token_endpoint_auth_method",
            "a browser program cannot keep a secret: use none",
        );
        faults.check(
            !public || in_browser_or_device,
            "token_endpoint_auth_method",
            "a web or machine client must prove who it is",
        );
        faults.check(!public || self.require_pkce, "require_pkce", "a public client must use PKCE");
        faults.check(!public || self.secrets.is_empty(), "secrets", "a public client has none");
        self.check_alg(Some(self.id_token_signed_response_alg), "id_token_signed_response_alg", faults);
        faults.check(
            self.jwks.as_ref().is_none_or(is_public_key_set),
            "jwks",
            "must be a key set with at least one usable key, and public keys only",
        );
        let needs_jwks = self.token_endpoint_auth_method == AuthMethod::PrivateKeyJwt;
        let can_sign = self.jwks_uri().is_some() || self.jwks.as_ref().is_some_and(has_verifying_key);
        faults.check(!needs_jwks || can_sign, "jwks", "private_key_jwt needs the client's public keys");
        let shows_own = self.token_endpoint_auth_method == AuthMethod::SelfSignedTlsClientAuth;
        faults.check(
            !shows_own || self.jwks.is_some(),
            "jwks",
            "self_signed_tls_client_auth needs the client's certificates (x5c) or keys",
        );
    }

    /// OpenID Connect Core §10.1: a MAC is under the client's secret, which a public client has not.
    pub(super) fn check_alg(&self, alg: Option<Algorithm>, member: &'static str, faults: &mut Faults) {
        let fits = alg.is_none_or(|alg| !alg.is_symmetric() || self.can_share_keys());
        faults.check(fits, member, "HMAC needs a client with a secret, and the profile oidc: choose a signature");
    }

    fn check_grants(&self, faults: &mut Faults) {
        for grant in &self.grant_types {
            let is_known = grant == IMPLICIT || Grant::from_name(grant).is_some();
            faults.check_value(if is_known { Ok(()) } else { Err("is not a supported grant") }, "grant_types", grant);
        }
        responses::check(self, faults);
        let code = self.may_use(Grant::AuthorizationCode);
        faults.check(
            !code || self.kind != ClientKind::Machine,
            "grant_types",
            "a machine client has no users to sign in",
        );
        let redirects = code || self.grant_types.contains(IMPLICIT);
        faults.check(!redirects || !self.redirect_uris.is_empty(), "redirect_uris", "signing in needs at least one");
        let device = self.may_use(Grant::DeviceCode);
        // RFC 8628 is for devices without a browser; whatever runs in one can open the sign-in page itself.
        faults.check(
            !device || matches!(self.kind, ClientKind::Native | ClientKind::Web),
            "grant_types",
            "device_code is for native and web clients",
        );
        faults.check(
            !self.may_use(Grant::RefreshToken) || code || device || self.may_use(Grant::Ciba) || self.password_sign_in,
            "grant_types",
            "refresh_token needs a grant that signs users in",
        );
        faults.check(
            !self.may_use(Grant::ClientCredentials) || !self.is_public(),
            "grant_types",
            "client_credentials needs a confidential client",
        );
        faults.check(
            !self.password_sign_in || self.first_party,
            "password_sign_in",
            "only a first-party client may see passwords",
        );
        faults.check(
            !self.may_use(Grant::PasswordRealm) || self.password_sign_in && !self.gets_sessions(),
            "grant_types",
            "password-realm is for clients with password_sign_in whose access tokens are signed",
        );
        faults.check(
            !self.gets_sessions() || !self.may_use(Grant::ClientCredentials),
            "access_token_format",
            "a session is a user's: with client_credentials use jwt",
        );
        if let Some(scopes) = &self.scopes {
            let standard = scopes.iter().all(|name| scope::STANDARD.contains(&name));
            faults.check(standard, "scopes", "only standard scopes; scopes of an API are listed under apis");
        }
        for (at, api) in self.apis.iter().enumerate() {
            let first = self.apis.iter().position(|other| other.audience == api.audience) == Some(at);
            faults.check_value(if first { Ok(()) } else { Err("is listed twice") }, "apis", &api.audience);
        }
    }

    fn check_dpop(&self, faults: &mut Faults) {
        let bound = self.dpop_bound_access_tokens;
        let member = "dpop_bound_access_tokens";
        faults.check(!bound || !self.gets_sessions(), member, "session values cannot be bound to a key: use jwt");
        faults.check(!bound || !self.password_sign_in, member, "password sign-in takes no proof of a key");
    }

    fn check_lifetimes(&self, faults: &mut Faults) {
        let within_day = |secs: Option<u64>| secs.is_none_or(|secs| (1..=LONGEST_TOKEN_SECS).contains(&secs));
        let within_years = |secs: Option<u64>| secs.is_none_or(|secs| (1..=10 * 365 * 86_400).contains(&secs));
        faults.check(
            within_day(self.access_token_lifetime_secs),
            "access_token_lifetime_secs",
            "must be 1 second to 1 day",
        );
        faults.check(within_years(self.refresh_idle_secs), "refresh_idle_secs", "must be 1 second to 10 years");
        faults.check(within_years(self.refresh_absolute_secs), "refresh_absolute_secs", "must be 1 second to 10 years");
    }
}

impl Api {
    /// Says everything that is wrong with it.
    ///
    /// # Errors
    /// All faults found.
    pub fn validate(&self) -> Result<(), Vec<RegistrationError>> {
        let mut faults = Faults(Vec::new());
        faults.check(is_name(&self.name), "name", NO_NAME);
        faults.check_value(check_identifier(&self.identifier), "identifier", &self.identifier);
        for (at, entry) in self.scopes.iter().enumerate() {
            let result = if !is_scope_name(&entry.name) {
                Err("has characters a scope cannot have")
            } else if scope::STANDARD.contains(&entry.name.as_str()) {
                Err("is a standard scope")
            } else if self.scopes.iter().position(|other| other.name == entry.name) != Some(at) {
                Err("is listed twice")
            } else {
                Ok(())
            };
            faults.check_value(result, "scopes", &entry.name);
        }
        self.check_details_types(&mut faults);
        faults.check(
            !self.introspection_alg().is_symmetric(),
            "introspection_signed_response_alg",
            "HMAC would need a shared secret; choose a signature",
        );
        self.check_introspection_encryption(&mut faults);
        faults.check(
            !self.signing_alg.is_symmetric(),
            "signing_alg",
            "HMAC would need a shared secret; choose a signature",
        );
        faults.check(
            self.token_lifetime_secs.is_none_or(|secs| (1..=LONGEST_TOKEN_SECS).contains(&secs)),
            "token_lifetime_secs",
            "must be 1 second to 1 day",
        );
        faults.done()
    }
}

impl Role {
    /// Says everything that is wrong with it.
    ///
    /// # Errors
    /// All faults found.
    pub fn validate(&self) -> Result<(), Vec<RegistrationError>> {
        let mut faults = Faults(Vec::new());
        let plain = (1..=100).contains(&self.name.len())
            && self.name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',' && byte != b'"');
        faults.check(plain, "name", "must be 1 to 100 printable ASCII characters without spaces, commas and quotes");
        faults.done()
    }
}

/// What [`is_name`] wants.
pub(super) const NO_NAME: &str = "must be 1 to 200 characters on one line, none of them hidden";

pub(super) fn is_name(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= 200 && is_seen(text)
}

/// At least one key can verify or be encrypted to, and none is private: also not one that we would not understand and skip.
pub(super) fn is_public_key_set(jwks: &serde_json::Value) -> bool {
    let keys = jwks.get("keys").and_then(serde_json::Value::as_array).map_or(&[][..], Vec::as_slice);
    if keys.iter().any(|key| PRIVATE_MEMBERS.iter().any(|name| key.get(name).is_some())) {
        return false;
    }
    let encrypts = |key: &Jwk| key.purpose() == Some(Purpose::Encryption);
    JwkSet::from_value(jwks).is_ok_and(|set| {
        let usable = has_verifying_key(jwks) || set.keys().iter().any(encrypts);
        usable && set.keys().iter().all(|key| !key.is_private())
    })
}

fn has_verifying_key(jwks: &serde_json::Value) -> bool {
    JwkSet::from_value(jwks).is_ok_and(|set| !VerifyingKeys::from_jwks(&set, Algorithm::ASYMMETRIC).is_empty())
}

/// RFC 8707 §2: "an absolute URI … MUST NOT include a fragment component". Names without a scheme are let through, because APIs
/// registered elsewhere often have such.
fn check_identifier(text: &str) -> Result<(), &'static str> {
    if text.is_empty() || text.len() > 512 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("must be 1 to 512 printable ASCII characters without spaces");
    }
    if text.contains('#') {
        return Err("must not have a fragment");
    }
    if text.starts_with(Subject::PREFIX) {
        return Err("must not start like a user's identifier");
    }
    Ok(())
}

/// An origin as browsers send it: scheme, host, port, nothing else.
fn check_origin(text: &str) -> Result<(), &'static str> {
    let url = Url::parse(text).map_err(|_| "is not an origin such as https://app.example.com")?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("must be http or https");
    }
    if url.scheme() == "http" && !crate::ids::is_loopback(&url) {
        return Err("plain http is for loopback only");
    }
    if url.origin().ascii_serialization() == text {
        Ok(())
    } else {
        Err("must be scheme, host and port only, in lower case, without a slash at the end")
    }
}

pub(super) fn check_web_page(text: &str) -> Result<(), &'static str> {
    let url = Url::parse(text).map_err(|_| "is not a URL")?;
    let loopback_http = url.scheme() == "http" && crate::ids::is_loopback(&url);
    if url.scheme() == "https" || loopback_http { Ok(()) } else { Err("must be https") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ClientId;
    use crate::registration::AccessTokenFormat;

    fn spa() -> Client {
        let mut client = Client::spa(ClientId::parse("spa").unwrap(), "App");
        client.redirect_uris = vec!["http://localhost:4401/".to_owned()];
        client.allowed_origins = vec!["http://localhost:4401".to_owned()];
        client
    }

    fn web() -> Client {
        let mut client = Client::web(ClientId::parse("web").unwrap(), "Site");
        client.redirect_uris = vec!["https://site.example/cb".to_owned()];
        client
    }

    #[track_caller]
    fn faulty(client: &Client, member: &str) {
        let faults = client.validate().expect_err("must be refused");
        assert!(faults.iter().any(|fault| fault.member == member), "{faults:?}");
    }

    #[test]
    fn what_cannot_be_bound_is_not_registered_as_bound_rfc_9449_5_2() {
        let bound = |client: Client| Client { dpop_bound_access_tokens: true, ..client };
        assert_eq!(bound(spa()).validate(), Ok(()));
        let sessions = Client { access_token_format: AccessTokenFormat::Session, ..spa() };
        faulty(&bound(sessions), "dpop_bound_access_tokens");
        faulty(&bound(Client { first_party: true, password_sign_in: true, ..spa() }), "dpop_bound_access_tokens");
    }

    #[test]
    fn the_usual_registrations_are_accepted() {
        assert_eq!(spa().validate(), Ok(()));
        assert_eq!(web().validate(), Ok(()));
        assert_eq!(Client::machine(ClientId::parse("m").unwrap(), "M").validate(), Ok(()));
        assert_eq!(
            Api::new("http://localhost:4402", "Dragons").with_scope("read:dragons", "See dragons").validate(),
            Ok(())
        );
        assert_eq!(Role::new("admin", "").validate(), Ok(()));
    }

    #[test]
    fn a_public_client_must_use_pkce_and_has_no_secret() {
        faulty(&Client { require_pkce: false, ..spa() }, "require_pkce");
        faulty(&Client { secrets: vec![crate::registration::SecretHash::of("x", 0)], ..spa() }, "secrets");
        faulty(
            &Client { token_endpoint_auth_method: AuthMethod::ClientSecretBasic, ..spa() },
            "token_endpoint_auth_method",
        );
        faulty(&Client { token_endpoint_auth_method: AuthMethod::None, ..web() }, "token_endpoint_auth_method");
    }

    #[test]
    fn redirect_uris_that_leak_codes_are_refused() {
        for uri in ["http://app.example/", "https://app.example/#x", "https://*.example/", "javascript:alert(1)"] {
            faulty(&Client { redirect_uris: vec![uri.to_owned()], ..spa() }, "redirect_uris");
            faulty(&Client { post_logout_redirect_uris: vec![uri.to_owned()], ..spa() }, "post_logout_redirect_uris");
        }
        faulty(&Client { redirect_uris: Vec::new(), ..spa() }, "redirect_uris");
    }

    #[test]
    fn a_backchannel_logout_uri_is_https_or_loopback_and_has_no_fragment() {
        let with = |uri: &str| Client { backchannel_logout_uri: Some(uri.to_owned()), ..web() };
        for uri in ["https://site.example/logout", "https://site.example:8443/logout?tenant=1", "http://127.0.0.1:9/x"]
        {
            assert_eq!(with(uri).validate(), Ok(()), "{uri}");
        }
        for uri in [
            "",
            "/logout",
            "site.example/logout",
            "http://site.example/logout",
            "http://10.0.0.7/logout",
            "http://localhost.evil.example/",
            "https://site.example/logout#top",
            "https://user:pw@site.example/",
            "https://*.example/",
            "https://site.example/a b",
            "com.example.app:/logout",
            "file:///etc/passwd",
            "javascript:alert(1)",
        ] {
            faulty(&with(uri), "backchannel_logout_uri");
        }
        let native = Client::native(ClientId::parse("n").unwrap(), "N");
        let app = Client { backchannel_logout_uri: Some("com.example.app:/logout".to_owned()), ..native };
        faulty(&app, "backchannel_logout_uri");
        let machine = Client::machine(ClientId::parse("m").unwrap(), "M");
        faulty(
            &Client { backchannel_logout_uri: Some("https://m.example/".into()), ..machine },
            "backchannel_logout_uri",
        );
        faulty(&Client { backchannel_logout_session_required: true, ..web() }, "backchannel_logout_session_required");
    }

    #[test]
    fn origins_must_be_origins() {
        for origin in [
            "*",
            "null",
            "https://app.example/",
            "https://APP.example",
            "http://app.example",
            "https://app.example:443",
            "app.example",
            "javascript:x",
        ] {
            faulty(&Client { allowed_origins: vec![origin.to_owned()], ..spa() }, "allowed_origins");
        }
    }

    #[test]
    fn grants_that_do_not_fit_the_client_are_refused() {
        let with = |grant: &str, mut client: Client| {
            client.grant_types.insert(grant.to_owned());
            client
        };
        faulty(&with("password", web()), "grant_types");
        faulty(&with("client_credentials", spa()), "grant_types");
        faulty(&with("authorization_code", Client::machine(ClientId::parse("m").unwrap(), "M")), "grant_types");
        faulty(&with("refresh_token", Client::machine(ClientId::parse("m").unwrap(), "M")), "grant_types");
        faulty(&Client { password_sign_in: true, ..spa() }, "password_sign_in");
        let realm = Grant::PasswordRealm.name();
        let trusted = || Client { password_sign_in: true, first_party: true, ..web() };
        faulty(&with(realm, web()), "grant_types");
        assert_eq!(with(realm, trusted()).validate(), Ok(()));
        faulty(&with(realm, Client { access_token_format: AccessTokenFormat::Session, ..trusted() }), "grant_types");
        let of_sessions = |client| Client { access_token_format: AccessTokenFormat::Session, ..client };
        assert_eq!(of_sessions(web()).validate(), Ok(()));
        faulty(&of_sessions(with("client_credentials", web())), "access_token_format");
        faulty(&of_sessions(Client::machine(ClientId::parse("m").unwrap(), "M")), "access_token_format");
    }

    #[test]
    fn hmac_without_a_secret_private_keys_and_missing_keys_are_refused() {
        let hmac = symbolon_jose::Algorithm::HS256;
        let without_secret = Client { token_endpoint_auth_method: AuthMethod::PrivateKeyJwt, ..web() };
        faulty(&Client { id_token_signed_response_alg: hmac, ..without_secret }, "id_token_signed_response_alg");
        faulty(&Client { token_endpoint_auth_method: AuthMethod::PrivateKeyJwt, ..web() }, "jwks");
        faulty(&Client { jwks: Some(serde_json::json!({"keys": []})), ..web() }, "jwks");
        faulty(&Client { jwks: Some(serde_json::json!("https://evil.example/jwks")), ..web() }, "jwks");
        // Also beside a good key, and where we would skip the private one: it must not lie in the registry.
        let good = symbolon_jose::Jwk::generate(symbolon_jose::Algorithm::ES256).unwrap().public_value().unwrap();
        for skipped in [
            serde_json::json!({"kty": "RSA", "n": "AQAB", "e": "AQAB", "d": "AQAB"}),
            serde_json::json!({"kty": "future", "priv": "AA"}),
        ] {
            faulty(&Client { jwks: Some(serde_json::json!({"keys": [good, skipped]})), ..web() }, "jwks");
        }
        // A client that only reads what is encrypted to it has no key to sign with, and cannot prove itself by one.
        let agreeing = symbolon_jose::Jwk::generate(symbolon_jose::KeyManagement::EcdhEs).unwrap();
        let agreeing = agreeing.with_purpose(Purpose::Encryption).unwrap().public_value().unwrap();
        let reading = Client { jwks: Some(serde_json::json!({ "keys": [agreeing] })), ..web() };
        assert_eq!(reading.validate(), Ok(()));
        faulty(&Client { token_endpoint_auth_method: AuthMethod::PrivateKeyJwt, ..reading }, "jwks");
        let with_future = serde_json::json!({"keys": [good, {"kty": "future", "pub": "AA"}]});
        assert!(Client { jwks: Some(with_future), ..web() }.validate().is_ok());
    }

    #[test]
    fn apis_with_doubtful_names_are_refused() {
        for identifier in ["", "a b", "https://api.example/#x", "usr_1", "\u{e4}"] {
            assert!(Api::new(identifier, "A").validate().is_err(), "{identifier}");
        }
        assert!(Api::new("a", "A").with_scope("openid", "").validate().is_err());
        assert!(Api::new("a", "A").with_scope("a b", "").validate().is_err());
        assert!(Api::new("a", "A").with_scope("x", "").with_scope("x", "").validate().is_err());
        assert!(Role::new("ad min", "").validate().is_err());
    }
}
