//! How an authorization answer travels (OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode, JARM).
//!
//! Every answer, success and error, carries `iss` (RFC 9207 §2) and, if there was one, `state`. One file per mode, one for all that sign.

mod form_post;
mod fragment;
mod jwt;
mod query;
mod web_message;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::OAuthError;
use crate::ids::{ClientId, Issuer};
use crate::redirect_uri::RegisteredRedirectUri;
use crate::response_type::ResponseType;

pub use jwt::TYP as JWT_TYP;

/// A response mode, by its wire name in serde.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// A page that posts a form.
    FormPost,
    /// The same, signed.
    #[serde(rename = "form_post.jwt")]
    FormPostJwt,
    /// Behind the `#`.
    Fragment,
    /// The same, signed.
    #[serde(rename = "fragment.jwt")]
    FragmentJwt,
    /// Signed, in the default mode of the response type.
    Jwt,
    /// Behind the `?`.
    Query,
    /// The same, signed.
    #[serde(rename = "query.jwt")]
    QueryJwt,
    /// A page that posts a message to the window that waits for it.
    WebMessage,
    /// The same, signed.
    #[serde(rename = "web_message.jwt")]
    WebMessageJwt,
}

impl ResponseMode {
    /// Every mode.
    pub const ALL: &'static [Self] = &[
        Self::FormPost,
        Self::FormPostJwt,
        Self::Fragment,
        Self::FragmentJwt,
        Self::Jwt,
        Self::Query,
        Self::QueryJwt,
        Self::WebMessage,
        Self::WebMessageJwt,
    ];

    /// The wire value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FormPost => form_post::NAME,
            Self::FormPostJwt => jwt::FORM_POST,
            Self::Fragment => fragment::NAME,
            Self::FragmentJwt => jwt::FRAGMENT,
            Self::Jwt => jwt::NAME,
            Self::Query => query::NAME,
            Self::QueryJwt => jwt::QUERY,
            Self::WebMessage => web_message::NAME,
            Self::WebMessageJwt => jwt::WEB_MESSAGE,
        }
    }

    /// The mode of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|mode| mode.name() == name)
    }

    /// The mode that is meant for the response type: `jwt` is a short word for another (JARM §2.3.4).
    #[must_use]
    pub const fn resolved(self, response_type: ResponseType) -> Self {
        match (self, response_type.is_front_channel()) {
            (Self::Jwt, true) => Self::FragmentJwt,
            (Self::Jwt, false) => Self::QueryJwt,
            (mode, _) => mode,
        }
    }

    /// Whether an answer of the type may travel so to the URI. The one place that knows.
    ///
    /// Tokens are never in a query, which logs and histories keep (Multiple Response Types §5), signed or not: JARM §2.3.1 would allow an
    /// encrypted one. Forms and messages are for pages on the web.
    #[must_use]
    pub fn fits(self, response_type: ResponseType, uri: &RegisteredRedirectUri) -> bool {
        match self.plain() {
            Self::Query => !response_type.is_front_channel(),
            Self::FormPost | Self::WebMessage => uri.origin().is_some(),
            _ => true,
        }
    }

    /// Whether the answer is signed as a whole (JARM).
    #[must_use]
    pub const fn is_signed(self) -> bool {
        jwt::carrier(self).is_some()
    }

    /// Whether a page of the client receives it as a message.
    #[must_use]
    pub const fn is_message(self) -> bool {
        matches!(self, Self::WebMessage | Self::WebMessageJwt)
    }

    /// How it travels, signed or not.
    fn plain(self) -> Self {
        jwt::carrier(self).unwrap_or(self)
    }
}

/// Names and values of an answer.
type Fields = Vec<(&'static str, String)>;

/// An answer to an authorization request, on its way to a place that is proven.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizationResponse {
    redirect_uri: RegisteredRedirectUri,
    mode: ResponseMode,
    params: Fields,
}

/// What the shell does with an answer.
#[derive(Clone, PartialEq, Eq)]
pub enum Rendering {
    /// 303 to this URL.
    Redirect(String),
    /// A page with a form that posts these fields to `action`.
    FormPost {
        /// The redirect URI.
        action: String,
        /// Hidden fields, names and values.
        fields: Vec<(&'static str, String)>,
    },
    /// A page that posts `{type: "authorization_response", response}` to the window that opened or frames it.
    WebMessage {
        /// The only origin that may receive it.
        origin: String,
        /// The answer.
        response: Map<String, Value>,
    },
}

impl AuthorizationResponse {
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

    /// With `state` and `iss` behind what the answer is about.
    pub(crate) fn new(
        redirect_uri: RegisteredRedirectUri,
        mode: ResponseMode,
        mut params: Fields,
        issuer: &Issuer,
        state: Option<&str>,
    ) -> Self {
        if let Some(state) = state {
            params.push(("state", state.to_owned()));
        }
        params.push(("iss", issuer.as_str().to_owned()));
        Self { redirect_uri, mode, params }
    }

    /// The same, with what the client's pages watch the session by (OpenID Connect Session Management 1.0 §2).
    #[must_use]
    pub fn with_session_state(mut self, session_state: Option<String>) -> Self {
        self.params.extend(session_state.map(|value| ("session_state", value)));
        self
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

    /// What is signed for the client where the mode signs (JARM §2.1).
    #[must_use]
    pub fn claims(&self, client_id: &ClientId, now: u64) -> Map<String, Value> {
        jwt::claims(self, client_id, now)
    }

    /// What to do with it. `sign` makes the JWT of [`AuthorizationResponse::claims`]; it is called where the mode signs, and nowhere else.
    ///
    /// # Errors
    /// That of `sign`: an answer that cannot be signed is not sent.
    pub fn rendering<E>(&self, sign: impl FnOnce(&Self) -> Result<String, E>) -> Result<Rendering, E> {
        let (mode, fields) = match jwt::carrier(self.mode) {
            Some(carrier) => (carrier, jwt::fields(sign(self)?)),
            None => (self.mode, self.params.clone()),
        };
        let uri = &self.redirect_uri;
        Ok(match mode {
            ResponseMode::FormPost => form_post::render(uri, fields),
            ResponseMode::Query => query::render(uri, &fields),
            ResponseMode::WebMessage => web_message::render(uri, fields),
            _ => fragment::render(uri, &fields),
        })
    }

    /// The URL to redirect to, for the plain modes that redirect.
    #[must_use]
    pub fn location(&self) -> Option<String> {
        match self.rendering(|_| Err(())) {
            Ok(Rendering::Redirect(url)) => Some(url),
            Ok(Rendering::FormPost { .. } | Rendering::WebMessage { .. }) | Err(()) => None,
        }
    }
}

fn encoded(fields: &Fields) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(fields.iter().map(|(name, value)| (name, value.as_str())));
    query.finish()
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
        AuthorizationResponse::new(registered(uri), mode, vec![("code", "c0de".to_owned())], &issuer(), state)
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
    fn every_mode_and_type_together_multiple_response_types_5() {
        let (web, app) = (registered("https://app.example/cb"), registered("com.example.app:/cb"));
        for response_type in ResponseType::ALL.iter().copied() {
            for mode in ResponseMode::ALL.iter().map(|mode| mode.resolved(response_type)) {
                let in_query = matches!(mode, ResponseMode::Query | ResponseMode::QueryJwt);
                let tokens = response_type.name().contains("token");
                assert_eq!(mode.fits(response_type, &web), !(in_query && tokens), "{mode:?} {response_type:?}");
                let pages_only = !in_query && !matches!(mode, ResponseMode::Fragment | ResponseMode::FragmentJwt);
                let fits_app = !(pages_only || in_query && tokens);
                assert_eq!(mode.fits(response_type, &app), fits_app, "{mode:?} {response_type:?}");
                assert_ne!(mode, ResponseMode::Jwt, "it stands for another");
            }
        }
    }

    #[test]
    fn jwt_alone_is_the_default_of_the_type_jarm_2_3_4() {
        for response_type in ResponseType::ALL.iter().copied() {
            let plain = response_type.default_mode();
            assert_eq!(ResponseMode::Jwt.resolved(response_type).name(), format!("{}.jwt", plain.name()));
            assert_eq!(plain.resolved(response_type), plain);
        }
    }

    #[test]
    fn debug_shows_no_code() {
        assert!(!format!("{:?}", response("https://app.example/cb", ResponseMode::Query, None)).contains("c0de"));
    }
}
