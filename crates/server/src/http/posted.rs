//! Forms that pages of ours post: same origin, well formed, with an anti-forgery token bound to a cookie
//! (security requirement 98).

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};
use symbolon_oauth::authorize::begin_again;
use symbolon_oauth::{OAuthError, Params};

use super::meta::Meta;
use super::{browser, form, page};
use crate::app::App;
use crate::interaction::LIFETIME_SECS;
use crate::pages::error::ErrorWhat;
use crate::pages::{ClientView, WebUrl};
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
        Ok(Self { meta: carrying(app, &meta, &params), params, headers: parts.headers })
    }
}

impl Posted {
    /// Whether this is a form of ours for `purpose` in this browser whose time is over, and nothing else is wrong with it.
    pub(super) fn is_late(&self, app: &App, purpose: Purpose) -> bool {
        let (Some(binding), Some(token)) = (self.binding(app, purpose), self.params.get("csrf")) else { return false };
        let judged = csrf::check(&app.csrf, token, binding, purpose, self.meta.now, LIFETIME_SECS);
        judged == Err(CsrfProblem::Expired) && csrf::same_origin_check(&self.headers, app.issuer.origin()).is_ok()
    }

    /// The cookie that the forms for this purpose rely on.
    fn binding(&self, app: &App, purpose: Purpose) -> Option<&str> {
        match purpose {
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
        }
    }

    /// The page that refuses this form, if it came from another site or its token is not one for `purpose` in
    /// this browser.
    pub(super) fn refusal(&self, app: &App, purpose: Purpose) -> Option<Response> {
        if let Err(why) = csrf::same_origin_check(&self.headers, app.issuer.origin()) {
            tracing::info!(?why, "a form post came from another site");
            return Some(page::error(app, &self.meta, ErrorWhat::Forgery));
        }
        let binding = self.binding(app, purpose);
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
                return Some(page::error(app, &self.meta, ErrorWhat::CookiesNeeded));
            }
            _ => ErrorWhat::PageExpired,
        };
        Some(page::error(app, &self.meta, what))
    }
}

/// The facts of a request that carries a pending one: in which languages that is spoken, and from which app people came. It may be too old to go
/// on: that is said in words, too, and with a way back.
pub(super) fn carrying(app: &App, meta: &Meta, params: &Params) -> Meta {
    let Some(pending) = params.get("interaction").and_then(|text| app.interactions.open_late(text).ok()) else {
        return meta.clone();
    };
    let meta = meta.asking(&pending.locales);
    let came_from = came_from(app, &meta, &pending.query);
    Meta { came_from, ..meta }
}

/// The client of a pending request as pages show it: one that was good when it was sealed. `interaction` may be of another browser, and late. Not one
/// that nobody has looked at: a stranger may have asked for the link to this page, to have its name and logo there.
pub(super) fn client_of(app: &App, meta: &Meta, interaction: &str) -> Option<ClientView> {
    let pending = app.interactions.open_late(interaction).ok()?;
    let params = Params::parse_for_authorize(pending.query.as_bytes()).ok()?;
    let registry = app.registry();
    let client =
        registry.client(params.get("client_id")?).filter(|client| !client.disabled && !client.is_unvetted())?;
    let redirect_uri = params.get("redirect_uri").filter(|uri| client.redirect_uris.iter().any(|one| one == uri));
    Some(page::client_view(client, redirect_uri, &meta.reads.languages()))
}

/// Where people begin anew at the client of a pending request, in whatever browser: its name, and an address it has registered.
pub(super) fn begins_again(app: &App, meta: &Meta, interaction: &str) -> Option<(String, WebUrl)> {
    came_from(app, meta, &app.interactions.open_late(interaction).ok()?.query)
}

/// The client that asked, by an address it has registered.
fn came_from(app: &App, meta: &Meta, query: &str) -> Option<(String, WebUrl)> {
    let params = Params::parse_for_authorize(query.as_bytes()).ok()?;
    let registry = app.registry();
    let client = registry.client(params.get("client_id")?)?;
    let begins = begin_again(&app.issuer, client, params.get("redirect_uri"))?;
    Some((page::client_view(client, None, &meta.reads.languages()).name, WebUrl::parse(&begins)?))
}
