//! `/not-me?code=…`: "This wasn't me", from a letter about a sign-in or a change (`account/not_me.rs`).
//!
//! Looking at it changes nothing, since scanners of mail do that, too; a form behind it does. It works in any browser, asks for no sign-in and makes
//! none.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use symbolon_oauth::{OAuthError, Params};

use super::meta::Meta;
use super::posted::Posted;
use super::{browser, page};
use crate::account::not_me::{self, Shut};
use crate::account::reset::LINK_MINUTES;
use crate::app::App;
use crate::effects::store_failure;
use crate::events;
use crate::pages::Csp;
use crate::pages::not_me::{NotMe, NotMeNext, NotMeProblem, NotMeWhat};
use crate::session::csrf::{self, Purpose};

/// `GET /not-me`.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let code = params.get("code").unwrap_or_default();
    let (browser, cookie) = browser::ensure_pre_session(&app, &headers);
    let visit = Visit { app: &app, meta: &meta, browser: &browser };
    let shown = match not_me::find(&app, code, meta.now).await {
        Ok(Some(_)) => visit.ask(code, None),
        Ok(None) => visit.show(StatusCode::GONE, NotMeWhat::Over),
        Err(error) => page::protocol_error(&app, &meta, &error),
    };
    page::with_cookie(shown, cookie)
}

/// `POST /not-me`.
pub(super) async fn post(State(app): State<Arc<App>>, form: Posted) -> Response {
    if let Some(refusal) = form.refusal(&app, Purpose::NotMe) {
        return refusal;
    }
    let Posted { params, headers, meta } = form;
    let browser = browser::pre_session(&app, &headers).unwrap_or_default();
    let visit = Visit { app: &app, meta: &meta, browser };
    let answered = visit.shut(params.get("code").unwrap_or_default()).await;
    answered.unwrap_or_else(|error| page::protocol_error(&app, &meta, &error))
}

/// Somebody who has followed the link.
struct Visit<'a> {
    app: &'a App,
    meta: &'a Meta,
    browser: &'a str,
}

impl Visit<'_> {
    async fn shut(&self, code: &str) -> Result<Response, OAuthError> {
        let Self { app, meta, .. } = self;
        let Some(link) = not_me::find(app, code, meta.now).await? else {
            return Ok(self.show(StatusCode::GONE, NotMeWhat::Over));
        };
        let lang = meta.language_of_letters(Some(&link.user));
        let user_id = link.user.id.clone();
        let next = match not_me::shut(app, link, lang, meta.now).await? {
            Shut::AndMailed => NotMeNext::Mail { minutes: LINK_MINUTES },
            Shut::Done => NotMeNext::SignIn,
            Shut::Elsewhere => NotMeNext::Elsewhere,
            Shut::Over => return Ok(self.show(StatusCode::GONE, NotMeWhat::Over)),
            Shut::Busy => {
                let page = self.ask(code, Some(NotMeProblem::Busy));
                return Ok(page::retry_after(page, 1));
            }
        };
        let told = events::account(app, meta, "user.not_me", &user_id, None).await;
        told.map_err(|error| store_failure(&error))?;
        Ok(self.show(StatusCode::OK, NotMeWhat::Done { next }))
    }

    fn ask(&self, code: &str, problem: Option<NotMeProblem>) -> Response {
        let what = NotMeWhat::Ask {
            code: code.to_owned(),
            csrf: csrf::issue(&self.app.csrf, self.browser, Purpose::NotMe, self.meta.now),
            problem,
        };
        self.show(if problem.is_some() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }, what)
    }

    fn show(&self, status: StatusCode, what: NotMeWhat) -> Response {
        let shell = page::shell(self.app, self.meta);
        // What is done is not to be had again.
        let shell = match &what {
            NotMeWhat::Ask { code, .. } => shell.carrying(not_me::PATH, &[("code", code)]),
            NotMeWhat::Done { .. } | NotMeWhat::Over => shell,
        };
        page::html(self.app, status, &NotMe { shell, what }, &Csp::strict())
    }
}
