//! `/login/email/confirm?code=…`: the link in the letter. Looking at it changes nothing, as scanners of mail do that, too. In the browser that asked it
//! has a button; anywhere else it shows the code, to be typed where the sign-in began, and signs nobody in: whoever opens a link that a stranger has
//! asked for gives nothing away.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use symbolon_oauth::{OAuthError, OpaqueToken, Params, TokenKind};
use symbolon_store::Hash32;

use super::{enter, is_on};
use crate::account::email_code::{self, Found};
use crate::app::App;
use crate::effects::store_failure;
use crate::http::authorize::Arrival;
use crate::http::meta::Meta;
use crate::http::posted::Posted;
use crate::http::{browser, page};
use crate::interaction::{Interaction, OwnPage};
use crate::pages::Csp;
use crate::pages::login_email::{ConfirmWhat, LoginEmailConfirm};
use crate::session::csrf::{self, Purpose};

/// `GET /login/email/confirm`.
pub(in crate::http) async fn get(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    let params = Params::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let browser = browser::pre_session(&app, &headers).unwrap_or_default();
    let shown = match find(&arrival, &params).await {
        Ok(Some(found)) if found.mailed.is_of(browser) => {
            let link = params.get("code").unwrap_or_default().to_owned();
            let csrf = csrf::issue(&app.csrf, browser, Purpose::Login, meta.now);
            show_here(&arrival, browser, &found, ConfirmWhat::Here { link, csrf }).await
        }
        Ok(found) => Ok(answer_elsewhere(&arrival, found, StatusCode::OK)),
        Err(error) => Err(error),
    };
    shown.unwrap_or_else(|error| page::protocol_error(&app, &meta, &error))
}

/// `POST /login/email/confirm`.
pub(in crate::http) async fn post(State(app): State<Arc<App>>, form: Posted) -> Response {
    if let Some(refusal) = form.refusal(&app, Purpose::Login) {
        return refusal;
    }
    let Posted { params, headers, meta } = form;
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    let browser = browser::pre_session(&app, &headers).unwrap_or_default();
    let answer = match find(&arrival, &params).await {
        Ok(Some(found)) if found.mailed.is_of(browser) => accept(&arrival, browser, &found).await,
        Ok(found) => Ok(answer_elsewhere(&arrival, found, StatusCode::BAD_REQUEST)),
        Err(error) => Err(error),
    };
    answer.unwrap_or_else(|error| page::protocol_error(&app, &meta, &error))
}

async fn accept(arrival: &Arrival<'_>, browser: &str, found: &Found) -> Result<Response, OAuthError> {
    let Arrival { app, meta, .. } = arrival;
    if !found.redeem(app, meta.now).await? {
        return Ok(answer_elsewhere(arrival, None, StatusCode::GONE));
    }
    let names = found.mailed.counted.clone();
    app.attempts.forgive(Vec::new(), names).await.map_err(|error| store_failure(&error))?;
    let start = || Interaction::own_page_sign_in(&app.issuer, OwnPage::Start, browser, meta.now);
    let interaction = waiting(arrival, browser, found).unwrap_or_else(start);
    enter(arrival, &found.user, interaction, found.mailed.keep).await
}

/// What the link is of, while it can be used.
async fn find(arrival: &Arrival<'_>, params: &Params) -> Result<Option<Found>, OAuthError> {
    let Ok(link) = OpaqueToken::parse(TokenKind::EmailCode, params.get("code").unwrap_or_default()) else {
        return Ok(None);
    };
    let found = email_code::find(arrival.app, Hash32(link.hash()), arrival.meta.now).await?;
    Ok(found.filter(|found| is_on(arrival.app) && found.mailed.beside.is_none()))
}

/// What waits in this browser.
fn waiting(arrival: &Arrival<'_>, browser: &str, found: &Found) -> Option<Interaction> {
    let sealed = found.mailed.interaction.as_deref()?;
    arrival.app.interactions.open(sealed, browser, arrival.meta.now).ok()
}

/// Where no sign-in waits: the code, for whoever holds the letter, or that the link is over.
fn answer_elsewhere(arrival: &Arrival<'_>, found: Option<Found>, status: StatusCode) -> Response {
    let Arrival { app, meta, .. } = arrival;
    let (status, shell, what) = match found {
        Some(Found { user, mailed, .. }) => {
            let (first, second) = mailed.code.split_at(mailed.code.len() / 2);
            let code = format!("{first} {second}");
            (status, page::shell_for(app, meta, &user), ConfirmWhat::Elsewhere { code })
        }
        None => (StatusCode::GONE, page::shell(app, meta), ConfirmWhat::Over),
    };
    page::html(app, status, &LoginEmailConfirm { shell, what }, &Csp::strict())
}

/// In the browser in which the sign-in waits.
async fn show_here(
    arrival: &Arrival<'_>,
    browser: &str,
    found: &Found,
    what: ConfirmWhat,
) -> Result<Response, OAuthError> {
    let waiting = waiting(arrival, browser, found);
    let asks_for_none = waiting.as_ref().is_none_or(|one| one.locales.is_empty());
    let meta = arrival.meta.asking(waiting.as_ref().map_or(&[], |one| &one.locales));
    let asked = match waiting {
        Some(interaction) => arrival.resume(&interaction).await?,
        None => None,
    };
    let request = asked.as_ref().and_then(|asked| arrival.validate(&asked.request).ok());
    // The button ends in a redirect to the client, which browsers hold against the form's target, too.
    let csp = request.as_ref().map_or_else(Csp::strict, page::csp);
    let shell = page::shell_for(arrival.app, &meta, &found.user);
    // What waits here says in which language, if it does; that is not undone by a choice on the page of a link.
    let shell = match &what {
        ConfirmWhat::Here { link, .. } if asks_for_none => shell.carrying(email_code::LINK_PATH, &[("code", link)]),
        _ => shell,
    };
    let view = LoginEmailConfirm { shell, what };
    Ok(page::html(arrival.app, StatusCode::OK, &view, &csp))
}
