//! `/check-session` (OpenID Connect Session Management 1.0 §3.2), and the cookie its script reads.
//!
//! The cookie tells sessions apart and opens nothing. It is set only in browsers that have met a client whose pages watch the session, so that
//! nobody else is sent one that pages can read.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use symbolon_oauth::authorize::ValidRequest;
use symbolon_oauth::endpoint::check_session;

use super::browser::SignedIn;
use super::meta::Meta;
use super::{home, page};
use crate::app::App;
use crate::pages::check_session::CheckSession;
use crate::rng::SystemRng;
use crate::session::cookie::{CookieKind, Lifetime};

/// `GET /check-session`; there is none where discovery has none.
pub(super) async fn get(State(app): State<Arc<App>>, meta: Extension<Meta>) -> Response {
    let registry = app.registry();
    if registry.watching_origins().next().is_none() {
        return home::not_found(State(app), meta).await;
    }
    let view = CheckSession {
        cookie: CookieKind::BrowserState.name(app.transport).into_owned(),
        origins: registry.watching_origins().collect::<Vec<_>>().join(" "),
    };
    let csp = CheckSession::csp(registry.watching_origins());
    let mut response = page::html(&app, StatusCode::OK, &view, &csp);
    // It is for frames in pages of other sites, which `frame-ancestors` names.
    let policy = HeaderName::from_static("cross-origin-resource-policy");
    response.headers_mut().insert(policy, HeaderValue::from_static("cross-origin"));
    response
}

/// The `session_state` of an answer, for a client that watches: it gets one with every ID token.
pub(super) fn state_for(app: &App, request: &ValidRequest<'_>, who: &SignedIn) -> Option<String> {
    let origin = request.redirect_uri().origin().filter(|_| request.scope().contains("openid"))?;
    let state = app.browser_states.state(&who.session.sid);
    check_session::session_state(request.client(), &origin, &state, &mut SystemRng)
}

/// Gives the browser the state of its session with an answer that speaks of it.
pub(super) fn with_state(app: &App, mut response: Response, who: &SignedIn) -> Response {
    response.headers_mut().append(SET_COOKIE, set(app, &who.session.sid, who.session.persistent));
    response
}

/// The cookie of another session in a browser that has one.
pub(super) fn moved_on(app: &App, headers: &HeaderMap, sid: &str, persistent: bool) -> Option<HeaderValue> {
    let has_one = !matches!(CookieKind::BrowserState.read(headers, app.transport), Ok(None));
    has_one.then(|| set(app, sid, persistent))
}

fn set(app: &App, sid: &str, persistent: bool) -> HeaderValue {
    let lifetime = if persistent {
        Lifetime::Persistent { max_age_secs: app.config().session.remember_absolute_secs }
    } else {
        Lifetime::BrowserSession
    };
    CookieKind::BrowserState.set(&app.browser_states.state(sid), lifetime, app.transport)
}
