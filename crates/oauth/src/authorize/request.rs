//! An authorization request after every check: nothing in it needs another look.

use std::collections::BTreeSet;

use crate::authorization_details::AuthorizationDetails;
use crate::claims_request::Asked;
use crate::error::OAuthError;
use crate::extent::Extent;
use crate::ids::{ClientId, Issuer};
use crate::issue::{Beside, TokenResponse};
use crate::pkce::CodeChallenge;
use crate::redirect_uri::RegisteredRedirectUri;
use crate::registration::{Api, Client, ClientKind};
use crate::response_mode::{AuthorizationResponse, ResponseMode};
use crate::response_type::ResponseType;
use crate::scope::Scope;
use crate::second_factor::Wanted;
use crate::token_format::OpaqueToken;

use super::{ErrorRedirect, Source};

/// A value of `prompt` (OpenID Connect Core §3.1.2.1, OpenID Prompt Create 1.0 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Prompt {
    /// Ask for consent even if it is on record.
    Consent,
    /// Begin with making an account.
    Create,
    /// Ask to sign in even if signed in.
    Login,
    /// Show no page at all.
    None,
    /// Let the person choose an account.
    SelectAccount,
}

impl Prompt {
    /// Every value that is known; whether people can make accounts is a matter of configuration.
    pub const ALL: &'static [Self] = &[Self::Consent, Self::Create, Self::Login, Self::None, Self::SelectAccount];

    /// The wire value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Create => "create",
            Self::Login => "login",
            Self::None => "none",
            Self::SelectAccount => "select_account",
        }
    }
}

/// A checked authorization request. Only [`super::validate`] makes one.
#[derive(Clone, Debug)]
pub struct ValidRequest<'a> {
    pub(super) client: &'a Client,
    pub(super) source: Source,
    pub(super) issuer: &'a Issuer,
    pub(super) api: Option<&'a Api>,
    /// Those beside the first.
    pub(super) more_apis: Vec<&'a Api>,
    pub(super) details: AuthorizationDetails,
    pub(super) redirect_uri: RegisteredRedirectUri,
    pub(super) response_type: ResponseType,
    pub(super) response_mode: ResponseMode,
    pub(super) scope: Scope,
    pub(super) claims: Asked,
    pub(super) state: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) code_challenge: Option<CodeChallenge>,
    pub(super) dpop_jkt: Option<String>,
    pub(super) prompt: BTreeSet<Prompt>,
    pub(super) max_age: Option<u64>,
    pub(super) acr_values: Vec<String>,
    pub(super) login_hint: Option<String>,
    pub(super) ui_locales: Vec<String>,
    pub(super) id_token_hint: Option<String>,
}

impl<'a> ValidRequest<'a> {
    /// The client.
    #[must_use]
    pub fn client(&self) -> &'a Client {
        self.client
    }

    /// Its identifier.
    #[must_use]
    pub fn client_id(&self) -> &'a ClientId {
        &self.client.client_id
    }

    /// What level of authentication is wanted: an essential claim before a wish (OpenID Connect Core §5.5.1.1, §3.1.2.1).
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        match &self.claims.acr {
            Some(levels) => Wanted::Essential(levels.clone()),
            None if self.acr_values.is_empty() => Wanted::Nothing,
            None => Wanted::Wish(self.acr_values.clone()),
        }
    }

    /// Where the request came from.
    #[must_use]
    pub fn source(&self) -> Source {
        self.source
    }

    /// The API asked for, if any: the first, if several are.
    #[must_use]
    pub fn api(&self) -> Option<&'a Api> {
        self.api
    }

    /// Every API asked for (RFC 8707 §2.1).
    pub fn apis(&self) -> impl Iterator<Item = &'a Api> {
        self.api.into_iter().chain(self.more_apis.iter().copied())
    }

    /// What is asked for in detail (RFC 9396).
    #[must_use]
    pub fn details(&self) -> &AuthorizationDetails {
        &self.details
    }

    /// What consent to `scope` comes to at each API: what the standard knows counts everywhere, the rest where it is known.
    #[must_use]
    pub fn consents(&self, scope: &Scope) -> Vec<(Option<&'a str>, Scope)> {
        if self.api.is_none() {
            return vec![(None, scope.clone())];
        }
        let at = |api: &'a Api| {
            let counts = |name: &str| crate::scope::STANDARD.contains(&name) || api.has_scope(name);
            (Some(api.identifier.as_str()), scope.filtered(counts))
        };
        self.apis().map(at).collect()
    }

    /// What is kept with what is granted.
    pub(super) fn extent(&self) -> Extent {
        let resources = match self.more_apis.as_slice() {
            [] => Vec::new(),
            _ => self.apis().map(|api| api.identifier.clone()).collect(),
        };
        Extent { resources, authorization_details: self.details.clone() }
    }

    /// Whether consent could matter: always for third parties, for first parties if the API insists or the answer goes to
    /// whoever listens on the device.
    #[must_use]
    pub fn may_need_consent(&self) -> bool {
        !self.client.first_party
            || self.apis().any(|api| !api.skip_consent_for_first_party)
            || self.goes_to_any_listener()
    }

    /// Whether any program of the device could take the answer (RFC 8252 §8.6). A first-party web page on loopback is a
    /// developer's; only a native app's redirect says nothing about who listens.
    pub(super) fn goes_to_any_listener(&self) -> bool {
        let unproven = !self.client.first_party || self.client.kind == ClientKind::Native;
        unproven && self.redirect_uri.is_on_device()
    }

    /// What can be granted: the asked scope without what is unknown or not for this client.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// What people are asked for: the scope, and what single claims come to (OpenID Connect Core §5.5).
    #[must_use]
    pub fn scope_to_allow(&self) -> Scope {
        self.scope.union(&self.claims.claims.as_scope())
    }

    /// Where the answer goes.
    #[must_use]
    pub fn redirect_uri(&self) -> &RegisteredRedirectUri {
        &self.redirect_uri
    }

    /// What to answer with.
    #[must_use]
    pub fn response_type(&self) -> ResponseType {
        self.response_type
    }

    /// How the answer travels.
    #[must_use]
    pub fn response_mode(&self) -> ResponseMode {
        self.response_mode
    }

    /// Whether that `prompt` was asked for.
    #[must_use]
    pub fn has_prompt(&self, prompt: Prompt) -> bool {
        self.prompt.contains(&prompt)
    }

    /// The longest time since authentication, in seconds.
    #[must_use]
    pub fn max_age(&self) -> Option<u64> {
        self.max_age
    }

    /// What to write into the user-name field.
    #[must_use]
    pub fn login_hint(&self) -> Option<&str> {
        self.login_hint.as_deref()
    }

    /// Languages the client would like, best first.
    #[must_use]
    pub fn ui_locales(&self) -> &[String] {
        &self.ui_locales
    }

    /// The hint as sent; the shell verifies it and brings [`super::IdTokenHint`].
    #[must_use]
    pub fn id_token_hint(&self) -> Option<&str> {
        self.id_token_hint.as_deref()
    }

    /// What the ID token of this answer is bound to.
    #[must_use]
    pub fn beside<'b>(&'b self, code: Option<&'b str>, access_token: Option<&'b str>) -> Beside<'b> {
        Beside { access_token, code, state: self.state.as_deref() }
    }

    /// The answer that carries what was granted (RFC 6749 §4.1.2, §4.2.2; OpenID Connect Core §3.2.2.5, §3.3.2.5).
    #[must_use]
    pub fn success(
        &self,
        code: Option<&OpaqueToken>,
        access_token: Option<&TokenResponse>,
        id_token: Option<String>,
    ) -> AuthorizationResponse {
        let mut params = Vec::new();
        if let Some(code) = code {
            params.push(("code", code.reveal().to_owned()));
        }
        if let Some(token) = access_token {
            params.push(("access_token", token.access_token.clone()));
            params.push(("token_type", token.token_type.to_owned()));
            params.push(("expires_in", token.expires_in.to_string()));
            params.extend((!token.scope.is_empty()).then(|| ("scope", token.scope.to_string())));
        }
        params.extend(id_token.map(|id_token| ("id_token", id_token)));
        let (uri, state) = (self.redirect_uri.clone(), self.state.as_deref());
        AuthorizationResponse::new(uri, self.response_mode, params, self.issuer, state)
    }

    /// The answer that carries a refusal.
    #[must_use]
    pub fn error(&self, error: OAuthError) -> ErrorRedirect {
        let response = AuthorizationResponse::error(
            self.redirect_uri.clone(),
            self.response_mode,
            self.issuer,
            self.state.as_deref(),
            &error,
        );
        ErrorRedirect { error, response }
    }
}
