//! What the handlers of hosted pages share: the shell around a page, error pages, redirects, cookies on
//! answers.

use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE};
use http::{HeaderValue, StatusCode};
use symbolon_oauth::authorize::ValidRequest;
use symbolon_oauth::registration::Client;
use symbolon_oauth::{Languages, OAuthError};
use symbolon_store::User;

use super::meta::{Meta, Refused};
use super::twin::Twin;
use crate::account::locale;
use crate::app::App;
use crate::pages::error::{ErrorPage, ErrorWhat, SignOutAnyway};
use crate::pages::form_post::FormPost;
use crate::pages::{ClientView, Csp, Mode, PageShell, respond};
use crate::words::Language;

/// What surrounds every page of this server.
pub(super) fn shell(app: &App, meta: &Meta) -> PageShell {
    shell_in(app, meta.language())
}

/// The same for whoever is known to have this account.
pub(super) fn shell_for(app: &App, meta: &Meta, user: &User) -> PageShell {
    shell_in(app, meta.reads.with_account(locale(user)).language())
}

/// The same in a language that is known.
pub(super) fn shell_in(app: &App, language: Language) -> PageShell {
    let mode = if app.config().dev { Mode::Development } else { Mode::Production };
    let config = app.config();
    PageShell::new(app.issuer.as_str(), mode, language).supported_by(config.pages.support.as_ref())
}

/// A client as pages show it, to somebody who reads these languages.
pub(super) fn client_view(client: &Client, redirect_uri: Option<&str>, languages: &Languages) -> ClientView {
    let told = |member, otherwise| client.told_in(languages, member, otherwise);
    let name = told("client_name", Some(&client.name)).unwrap_or_default();
    ClientView::new(name, redirect_uri)
        .with_links(
            told("logo_uri", client.logo_uri.as_deref()),
            told("policy_uri", client.policy_uri.as_deref()),
            told("tos_uri", client.tos_uri.as_deref()),
        )
        .branded(client.brand.brand_accent.as_deref(), client.brand.welcome(languages))
}

/// The policy of a page whose form ends, by redirects, in the answer to this request.
pub(super) fn csp(request: &ValidRequest<'_>) -> Csp {
    let csp = Csp::strict().form_may_reach(request.redirect_uri().as_str());
    // A message goes to the window that opened this one, which must not be lost on the way.
    if request.response_mode().is_message() { csp.keep_opener() } else { csp }
}

/// The policy of a page of ours into which passwords are typed.
pub(super) fn typed_password(app: &App) -> Csp {
    Csp::strict().password_script(app.issuer.origin())
}

/// An HTML page with its security headers.
pub(super) fn html<V: askama::Template>(app: &App, status: StatusCode, view: &V, csp: &Csp) -> Response {
    respond(status, view, csp, app.transport)
}

/// `HEAD`, where `GET` hands something out or ends something: whoever only looks (a preview, a scanner of links) must not do that
/// (RFC 9110 §9.2.1, safe methods), and no body is to be made up for them.
pub(super) async fn head() -> Response {
    let fixed = HeaderValue::from_static;
    (StatusCode::OK, [(CACHE_CONTROL, fixed("no-store")), (CONTENT_TYPE, fixed("text/html; charset=utf-8"))])
        .into_response()
}

/// An error page. Whoever had too little time for a sign-in, or no cookie, gets back to the app they came from.
pub(super) fn error(app: &App, meta: &Meta, what: ErrorWhat) -> Response {
    error_in(app, meta, what, shell(app, meta), None)
}

/// The same, in this shell, and for whoever wanted to sign out with a form that does it anyway.
pub(super) fn error_in(
    app: &App,
    meta: &Meta,
    what: ErrorWhat,
    shell: PageShell,
    sign_out: Option<SignOutAnyway>,
) -> Response {
    let begins_anew = matches!(what, ErrorWhat::CookiesNeeded | ErrorWhat::PageExpired);
    let back = meta.came_from.clone().filter(|_| begins_anew);
    let wait = match what {
        ErrorWhat::TooMany { wait_secs } => Some(wait_secs),
        ErrorWhat::Unavailable => Some(2),
        _ => None,
    };
    let twin = Twin::of_error(&what);
    let page = ErrorPage { shell, what, request_id: Some(meta.request_id.to_string()), back, sign_out };
    let mut response = twin.beside(html(app, page.status(), &page, &Csp::strict()));
    if let Some(seconds) = wait {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The page for a protocol error that may not be sent anywhere (RFC 6749 §4.1.2.1).
pub(super) fn protocol_error(app: &App, meta: &Meta, error: &OAuthError) -> Response {
    Refused::note(self::error(app, meta, what_of(error)), error)
}

/// What a page says of a protocol error.
pub(super) fn what_of(error: &OAuthError) -> ErrorWhat {
    let wire = error.wire();
    match error {
        OAuthError::TemporarilyUnavailable { .. } => ErrorWhat::Unavailable,
        OAuthError::ServerError => ErrorWhat::Internal,
        _ => ErrorWhat::Protocol { code: wire.code.to_owned(), description: wire.description.into_owned() },
    }
}

/// A redirect that turns a POST into a GET (RFC 9110 §15.4.4) and leaves no trace in caches or referrers.
pub(super) fn see_other(location: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(location) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let fixed = HeaderValue::from_static;
    let headers = [(LOCATION, location), (CACHE_CONTROL, fixed("no-store")), (REFERRER_POLICY, fixed("no-referrer"))];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// Sends the browser on with what no URL takes: by a form of ours, to a path with fields. It may end in a redirect to one of `reached`, which the
/// client that asks has registered.
pub(super) fn hand_on(
    app: &App,
    meta: &Meta,
    client: Option<&Client>,
    (path, params): (&str, Vec<(String, String)>),
    reached: &[String],
) -> Response {
    let shell = shell(app, meta);
    let name = client.map_or_else(|| shell.host.clone(), |client| client.name.clone());
    let view = FormPost { shell, client: name, action: path.to_owned(), params };
    let csp = reached.iter().fold(view.csp().keep_opener(), |csp, uri| csp.form_may_reach(uri));
    html(app, StatusCode::OK, &view, &csp)
}

/// Says when to try again.
pub(super) fn retry_after(mut response: Response, secs: u64) -> Response {
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(secs));
    response
}

/// Adds a cookie to an answer.
pub(super) fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
