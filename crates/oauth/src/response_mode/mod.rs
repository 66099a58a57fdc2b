//! How an authorization answer travels (OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode).
//!
//! Every answer, success and error, carries `iss` (RFC 9207 §2) and, if there was one, `state`. One file per mode.

mod form_post;
mod fragment;
mod query;

use serde::{Deserialize, Serialize};

use crate::error::OAuthError;
use crate::ids::Issuer;
use crate::redirect_uri::RegisteredRedirectUri;

/// A response mode, by its wire name in serde.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// A page that posts a form.
    FormPost,
    /// Behind the `#`.
    Fragment,
    /// Behind the `?`.
    Query,
}

impl ResponseMode {
    /// Every mode.
    pub const ALL: &'static [Self] = &[Self::FormPost, Self::Fragment, Self::Query];

    /// The wire value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FormPost => form_post::NAME,
            Self::Fragment => fragment::NAME,
            Self::Query => query::NAME,
        }
    }

    /// The mode of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|mode| mode.name() == name)
    }
}

/// An answer to an authorization request, on its way to a place that is proven.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizationResponse {
    redirect_uri: RegisteredRedirectUri,
    mode: ResponseMode,
    params: Vec<(&'static str, String)>,
}

/// What the shell does with an answer.
#[derive(Clone, PartialEq, Eq)]
pub enum Rendering<'a> {
    /// 303 to this URL.
    Redirect(String),
    /// A page with a form that posts these fields to `action`.
    FormPost {
        /// The redirect URI.
        action: &'a str,
        /// Hidden fields, names and values.
        fields: &'a [(&'static str, String)],
    },
}

impl AuthorizationResponse {
    pub(crate) fn success(
        redirect_uri: RegisteredRedirectUri,
        mode: ResponseMode,
        issuer: &Issuer,
        state: Option<&str>,
        code: &str,
    ) -> Self {
        Self::new(redirect_uri, mode, vec![("code", code.to_owned())], issuer, state)
    }

    pub(crate) fn error(
        redirect_uri: RegisteredRedirectUri,
        mode: ResponseMode,
        issuer: &Issuer,
        state: Option<&str>,
        error: &OAuthError,
    ) -> Self {
        let wire = error.wire();
        let params = vec![("error", wire.code.to_owned()), ("error_description", wire.description.into_owned())];
        Self::new(redirect_uri, mode, params, issuer, state)
    }

    fn new(
        redirect_uri: RegisteredRedirectUri,
        mode: ResponseMode,
        mut params: Vec<(&'static str, String)>,
        issuer: &Issuer,
        state: Option<&str>,
    ) -> Self {
        if let Some(state) = state {
            params.push(("state", state.to_owned()));
        }
        params.push(("iss", issuer.as_str().to_owned()));
        Self { redirect_uri, mode, params }
    }

    /// Where it goes.
    #[must_use]
    pub fn redirect_uri(&self) -> &RegisteredRedirectUri {
        &self.redirect_uri
    }

    /// How it travels.
    #[must_use]
    pub fn mode(&self) -> ResponseMode {
        self.mode
    }

    /// What it says.
    #[must_use]
    pub fn params(&self) -> &[(&'static str, String)] {
        &self.params
    }

    /// What to do with it.
    #[must_use]
    pub fn rendering(&self) -> Rendering<'_> {
        match self.mode {
            ResponseMode::FormPost => form_post::render(self),
            ResponseMode::Fragment => fragment::render(self),
            ResponseMode::Query => query::render(self),
        }
    }

    /// The URL to redirect to, for the modes that redirect.
    #[must_use]
    pub fn location(&self) -> Option<String> {
        match self.rendering() {
            Rendering::Redirect(url) => Some(url),
            Rendering::FormPost { .. } => None,
        }
    }

    fn encoded(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.params.iter().map(|(name, value)| (name, value.as_str())));
        query.finish()
    }
}

impl std::fmt::Debug for AuthorizationResponse {
    /// Names only: a code is a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { redirect_uri: _, mode, params } = self;
        let names: Vec<_> = params.iter().map(|(name, _)| name).collect();
        f.debug_struct("AuthorizationResponse").field("mode", mode).field("params", &names).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{issuer, registered};

    fn response(uri: &str, mode: ResponseMode, state: Option<&str>) -> AuthorizationResponse {
        AuthorizationResponse::success(registered(uri), mode, &issuer(), state, "c0de")
    }

    #[test]
    fn every_answer_says_who_answers_rfc_9207() {
        let ok = response("https://app.example/cb", ResponseMode::Query, None);
        let error = AuthorizationResponse::error(
            registered("https://app.example/cb"),
            ResponseMode::Query,
            &issuer(),
            Some("s"),
            &OAuthError::AccessDenied,
        );
        for answer in [ok, error] {
            assert_eq!(
                answer.params().iter().filter(|(name, value)| *name == "iss" && value == issuer().as_str()).count(),
                1
            );
        }
    }

    #[test]
    fn state_comes_back_byte_for_byte() {
        let all = "a b+c%20&=?#/\\\"'<>äöü\u{1F409}\r\n\t";
        let location = response("https://app.example/cb", ResponseMode::Query, Some(all)).location().unwrap();
        let url = url::Url::parse(&location).unwrap();
        assert_eq!(
            url.query_pairs().find(|(name, _)| name == "state").map(|(_, value)| value.into_owned()).as_deref(),
            Some(all)
        );
        assert!(!location.contains(['\r', '\n', ' ', '"', '<']));
    }

    #[test]
    fn a_hostile_state_cannot_add_parameters() {
        let location =
            response("https://app.example/cb", ResponseMode::Fragment, Some("x&code=evil#y")).location().unwrap();
        assert_eq!(location.matches("code=").count(), 1);
        assert_eq!(location.matches('#').count(), 1);
    }

    #[test]
    fn names_are_the_wire_values() {
        for mode in ResponseMode::ALL {
            assert_eq!(ResponseMode::from_name(mode.name()), Some(*mode));
            assert_eq!(serde_json::to_value(mode).unwrap(), mode.name());
        }
        assert_eq!(ResponseMode::from_name("Query"), None);
    }

    #[test]
    fn debug_shows_no_code() {
        assert!(!format!("{:?}", response("https://app.example/cb", ResponseMode::Query, None)).contains("c0de"));
    }
}
