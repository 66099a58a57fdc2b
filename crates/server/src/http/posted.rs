//! Forms that pages of ours post: same origin, well formed, with an anti-forgery token bound to a cookie
//! (security requirement 98).

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};
use symbolon_oauth::{OAuthError, Params};

use super::meta::Meta;
use super::{browser, form, page};
use crate::app::App;
use crate::interaction::LIFETIME_SECS;
use crate::pages::WebUrl;
use crate::pages::error::ErrorWhat;
use crate::session::csrf::{self, CsrfProblem, Purpose};

/// A well-formed form. Whether a page of this server posted it, [`Posted::refusal`] tells: every handler asks
/// that first.
pub(super) struct Posted {
    /// The fields.
    pub(super) params: Params,
    /// The request's headers.
    pub(super) headers: HeaderMap,
    /// The request's facts.
    pub(super) meta: Meta,
}

impl FromRequest<Arc<App>> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let Some(meta) = parts.extensions.get::<Meta>().cloned() else {
            return Err(StatusCode::INTERNAL_SERVER_ERROR.into_response()); // the router's outermost layer adds it
        };
        let malformed = || page::protocol_error(app, &meta, &OAuthError::ParametersMalformed);
        if form::media_type(&parts.headers) != form::MediaType::Form {
            return Err(malformed());
        }
        let body = form::bytes(body, app.config().http.max_body_bytes).await.map_err(|_| malformed())?;
        let params = Params::parse(&body).map_err(|_| malformed())?;
        // The languages that the pending request asks for, though it may be too old to go on: that is said in words, too.
        let pending = params.get("interaction").and_then(|text| app.interactions.open_anywhere(text, meta.now).ok());
        let meta = pending.map_or_else(|| meta.clone(), |pending| meta.asking(&pending.locales));
        Ok(Self { params, headers: parts.headers, meta })
    }
}

impl Posted {
    /// The page that refuses this form, if it came from another site or its token is not one for `purpose` in
    /// this browser.
    pub(super) fn refusal(&self, app: &App, purpose: Purpose) -> Option<Response> {
        if let Err(why) = csrf::same_origin_check(&self.headers, app.issuer.origin()) {
            tracing::info!(?why, "a form post came from another site");
            return Some(page::error(app, &self.meta, ErrorWhat::Forgery));
        }
        let binding = match purpose {
            Purpose::Device
            | Purpose::EmailUndo
            | Purpose::Forgot
            | Purpose::Login
            | Purpose::NotMe
            | Purpose::Reset
            | Purpose::Setup
            | Purpose::SignUp => browser::pre_session(app, &self.headers),
            Purpose::Account
            | Purpose::CibaAnswer
            | Purpose::Consent
            | Purpose::DeviceAnswer
            | Purpose::Logout
            | Purpose::Security
            | Purpose::SignOut => browser::session_binding(app, &self.headers),
        };
        let what = match (binding, self.params.get("csrf")) {
            (Some(binding), Some(token)) => {
                match csrf::check(&app.csrf, token, binding, purpose, self.meta.now, LIFETIME_SECS) {
                    Ok(()) => return None,
                    Err(CsrfProblem::Expired) => ErrorWhat::PageExpired,
                    Err(CsrfProblem::Forged) => ErrorWhat::Forgery,
                }
            }
            // The browser keeps no cookies, or they were cleared meanwhile.
            (None, _) if matches!(purpose, Purpose::Login | Purpose::SignUp) => {
                return Some(page::error_with_way_back(app, &self.meta, ErrorWhat::CookiesNeeded, self.way_back(app)));
            }
            _ => ErrorWhat::PageExpired,
        };
        Some(page::error(app, &self.meta, what))
    }

    /// The client of the pending request in the form, by an address it has registered.
    fn way_back(&self, app: &App) -> Option<(String, WebUrl)> {
        let pending = app.interactions.open_anywhere(self.params.get("interaction")?, self.meta.now).ok()?;
        let params = Params::parse_for_authorize(pending.query.as_bytes()).ok()?;
        let registry = app.registry();
        let client = registry.client(params.get("client_id")?)?;
        Some((client.name.clone(), WebUrl::parse(client.post_logout_redirect_uris.first()?)?))
    }
}
