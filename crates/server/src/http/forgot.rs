//! `/forgot`: a link for a new password, by mail.
//!
//! Whether there is such an account is looked up when the letter is made (`account/reset.rs`), never here: so status, page and time are the
//! same for everybody (security 123), and nobody waits for a mail server. The sign-in that waited goes on after the new password, in the
//! browser in which it began.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use symbolon_oauth::{OAuthError, Params};
use symbolon_store::Attempt;

use super::meta::Meta;
use super::posted::{self, Posted};
use super::{authorize, browser, device_authorization, page, twin, work};
use crate::account::normalize::MAX_IDENTIFIER_CHARS;
use crate::account::reset::LINK_MINUTES;
use crate::account::throttle::Effort;
use crate::app::App;
use crate::effects::store_failure;
use crate::interaction::{OwnPage, Step};
use crate::mail::{self, ResetAsked};
use crate::pages::Csp;
use crate::pages::forgot::{Back, Forgot, ForgotProblem, ForgotWhat};
use crate::session::csrf::{self, Purpose};
use crate::session::device;

/// Where it is.
pub(super) const PATH: &str = "/forgot";
/// What was answered, once more in another language.
pub(super) const SENT: &str = "/forgot/sent";

/// `GET /.well-known/change-password` (W3C): where people change their password. Who is not signed in does that first, or says there that
/// they have forgotten it.
pub(super) async fn change_password() -> Response {
    let fixed = HeaderValue::from_static;
    (StatusCode::FOUND, [(LOCATION, fixed(OwnPage::Password.path())), (CACHE_CONTROL, fixed("no-store"))])
        .into_response()
}

/// `GET /forgot`, and once more for a sign-in that is pending in this browser.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    look(&app, &meta, query.as_deref(), &headers, Looked::Form)
}

/// `GET /forgot/sent`: says again what everybody was told, and does nothing.
pub(super) async fn sent(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    look(&app, &meta, query.as_deref(), &headers, Looked::Sent)
}

/// What somebody looks at.
#[derive(Clone, Copy)]
enum Looked {
    Form,
    Sent,
}

fn look(app: &App, meta: &Meta, query: Option<&str>, headers: &HeaderMap, looked: Looked) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let meta = posted::carrying(app, meta, &params);
    let (browser, cookie) = browser::ensure_pre_session(app, headers);
    let interaction = waiting(app, &meta, headers, &params);
    let asking = Asking { app, meta: &meta, browser: &browser, device: None, interaction };
    let shown = match looked {
        Looked::Form => asking.ask("", None),
        Looked::Sent => asking.sent(),
    };
    page::with_cookie(shown, cookie)
}

/// The sign-in that waits in this browser. One that is over is no reason to keep somebody from their password.
fn waiting(app: &App, meta: &Meta, headers: &HeaderMap, params: &Params) -> Option<String> {
    let waits = authorize::open(app, params, headers, meta.now).is_some_and(|one| one.step == Step::SignIn);
    params.get("interaction").filter(|_| waits).map(str::to_owned)
}

/// `POST /forgot`: from the sign-in page without `username`, which shows the form; with it, the wish itself.
pub(super) async fn post(State(app): State<Arc<App>>, form: Posted) -> Response {
    if let Some(refusal) = form.refusal(&app, Purpose::Forgot) {
        return refusal;
    }
    let Posted { params, headers, meta } = form;
    let interaction = waiting(&app, &meta, &headers, &params);
    let browser = browser::pre_session(&app, &headers).unwrap_or_default();
    let device = browser::device(&app, &headers);
    let asking = Asking { app: &app, meta: &meta, browser, device, interaction };
    match asking.answer(&params).await {
        Ok(response) => response,
        Err(error) => page::protocol_error(&app, &meta, &error),
    }
}

/// Somebody before the form.
struct Asking<'a> {
    app: &'a App,
    meta: &'a Meta,
    browser: &'a str,
    /// The cookie that says which accounts know it.
    device: Option<&'a str>,
    /// What waits for the sign-in.
    interaction: Option<String>,
}

impl Asking<'_> {
    async fn answer(&self, params: &Params) -> Result<Response, OAuthError> {
        let Self { app, meta, .. } = self;
        let Some(username) = params.get("username").filter(|_| app.mail.is_on()) else { return Ok(self.ask("", None)) };
        let username: String = username.trim().chars().take(MAX_IDENTIFIER_CHARS).collect();
        if username.is_empty() {
            return Ok(self.ask("", Some(ForgotProblem::Incomplete)));
        }
        let asked = ResetAsked {
            interaction: self.interaction.clone(),
            device: self.device.map(str::to_owned),
            ..ResetAsked::of(username)
        };
        let effort = work::made(app, self.browser, params, meta.now).await?;
        Ok(match wish(app, meta, asked.clone(), effort).await? {
            Attempt::Wait { secs } => self.ask(&asked.identifier, Some(ForgotProblem::Throttled { wait_secs: secs })),
            Attempt::Allowed => self.sent(),
        })
    }

    fn ask(&self, username: &str, problem: Option<ForgotProblem>) -> Response {
        if !self.app.mail.is_on() {
            return self.show(StatusCode::OK, ForgotWhat::AskAdministrator);
        }
        let csrf = self.csrf();
        let status = match problem {
            None => StatusCode::OK,
            Some(ForgotProblem::Incomplete) => StatusCode::BAD_REQUEST,
            Some(ForgotProblem::Throttled { .. }) => StatusCode::TOO_MANY_REQUESTS,
        };
        let mut response = self.show(status, ForgotWhat::Ask { csrf, username: username.to_owned(), problem });
        if let Some(ForgotProblem::Throttled { wait_secs }) = problem {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait_secs));
        }
        response
    }

    /// The same for everybody.
    fn sent(&self) -> Response {
        if !self.app.mail.is_on() {
            return self.show(StatusCode::OK, ForgotWhat::AskAdministrator);
        }
        let csrf = self.interaction.as_ref().map(|_| self.csrf());
        self.show(StatusCode::OK, ForgotWhat::Sent { minutes: LINK_MINUTES, csrf })
    }

    fn csrf(&self) -> String {
        csrf::issue(&self.app.csrf, self.browser, Purpose::Forgot, self.meta.now)
    }

    fn show(&self, status: StatusCode, what: ForgotWhat) -> Response {
        let interaction = self.interaction.as_deref().unwrap_or_default();
        let client = posted::client_of(self.app, self.meta, interaction);
        let back =
            self.interaction.clone().map(|interaction| way_back(self.app, self.browser, interaction, self.meta.now));
        let asks_for_work = matches!(what, ForgotWhat::Ask { problem: Some(ForgotProblem::Throttled { .. }), .. });
        let work = work::ask(self.app, self.browser, self.meta.now).filter(|_| asks_for_work);
        let page = if matches!(what, ForgotWhat::Sent { .. }) { SENT } else { PATH };
        let shell =
            page::shell(self.app, self.meta).picking(page, interaction).of_client(client.as_ref()).with_work(work);
        let csp = Csp::strict().image(client.as_ref().and_then(|client| client.logo.as_ref()));
        let csp = work::allow(self.app, csp, &shell);
        let view = Forgot { shell, client, what, back };
        twin::forms::forgot(&view).beside(page::html(self.app, status, &view, &csp))
    }
}

/// Has a link mailed to whoever has the account, if somebody has; not after too many wishes of one address, or of one browser that an account knows.
pub(super) async fn wish(app: &App, meta: &Meta, asked: ResetAsked, effort: Effort) -> Result<Attempt, OAuthError> {
    let failed = |error| store_failure(&error);
    let address = device_authorization::address(meta);
    let device = asked.device.as_deref().and_then(|cookie| device::of_anybody(&app.device, cookie));
    let keys = app.throttle().reset_asked_keys(address, device, effort);
    let counted = app.attempts.begin(keys, meta.now).await.map_err(failed)?;
    if let Attempt::Wait { .. } = counted {
        app.metrics.limited("reset");
        return Ok(counted);
    }
    let lang = meta.language_of_letters(None);
    let letter = mail::reset_asked(app, asked, lang, meta.now);
    app.store.put_deliveries(vec![letter], meta.now).await.map_err(failed)?;
    Ok(counted)
}

/// The way back to a sign-in that waits in this browser.
pub(super) fn way_back(app: &App, browser: &str, interaction: String, now: u64) -> Back {
    Back { interaction, csrf: csrf::issue(&app.csrf, browser, Purpose::Login, now) }
}
