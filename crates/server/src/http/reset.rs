//! `/reset?code=…`: a new password, by a one-time link that was mailed or that an operator made. Looking at it changes nothing, as
//! programs look at links, too. Ends every session and token of the
//! account (security 94).

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use symbolon_oauth::{OAuthError, OpaqueToken, Params, TokenKind};
use symbolon_store::{Artefact, Hash32, NewDelivery, User};

use super::forgot::way_back;
use super::meta::Meta;
use super::posted::{self, Posted};
use super::setup::{self, link, policy, problem_page, salt};
use super::twin::{self, GoesOn};
use super::{browser, page};
use crate::account::normalize::EmailAddress;
use crate::account::password::Password;
use crate::account::{email_code, not_me};
use crate::app::App;
use crate::effects::store_failure;
use crate::events;
use crate::mail::{self, Letter, To};
use crate::pages::done::{Done, DoneWhat};
use crate::pages::error::{AnotherLink, ErrorWhat};
use crate::pages::forgot::Back;
use crate::pages::reset::{Reset, ResetProblem};
use crate::pages::{ClientView, Csp};
use crate::rng::SystemRng;
use crate::session::csrf::{self, Purpose};

/// Where it is.
pub(super) const PATH: &str = "/reset";

/// `GET /reset`.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Ok(params) = Params::parse(query.unwrap_or_default().as_bytes()) else {
        // Damaged on the way, as by a mail program: a new link is what helps.
        return expired(&app, &meta);
    };
    let (user, interaction) = match account(&app, &params, meta.now).await {
        Ok(Some(found)) => found,
        Ok(None) => return expired(&app, &meta),
        Err(error) => return page::protocol_error(&app, &meta, &error),
    };
    let (browser, cookie) = browser::ensure_pre_session(&app, &headers);
    let client = client_of(&app, &meta, interaction.as_deref());
    let view = view(&app, &meta, &browser, &params, (&user, client), None);
    let response = page::html(&app, StatusCode::OK, &view, &csp(&app, view.client.as_ref()));
    page::with_cookie(twin::forms::reset(&view).beside(response), cookie)
}

/// `POST /reset`.
pub(super) async fn post(State(app): State<Arc<App>>, form: Posted) -> Response {
    if let Some(refusal) = form.refusal(&app, Purpose::Reset) {
        return refusal;
    }
    let Posted { params, headers, meta } = form;
    let (user, interaction) = match account(&app, &params, meta.now).await {
        Ok(Some(found)) => found,
        Ok(None) => return expired(&app, &meta),
        Err(error) => return page::protocol_error(&app, &meta, &error),
    };
    let lang = meta.language_of_letters(Some(&user));
    match change(&app, &meta, &params, &user, lang).await {
        Ok(Changed::Done) => {
            let reported = match not_me::reported(&app, &user.id, meta.now).await {
                Ok(reported) => reported,
                Err(error) => return page::protocol_error(&app, &meta, &error),
            };
            let client = client_of(&app, &meta, interaction.as_deref());
            let app_again = interaction.as_deref().and_then(|pending| posted::begins_again(&app, &meta, pending));
            let back = onward(&app, &headers, interaction, meta.now);
            let waits = back.as_ref().map(|back| format!("/login?interaction={}", back.interaction));
            let sign_in_again = GoesOn(waits.unwrap_or_else(|| "/login".to_owned()));
            let view = Done {
                shell: page::shell_for(&app, &meta, &user).of_client(client.as_ref()),
                what: DoneWhat::PasswordReset { back, reported, app: app_again },
            };
            let csp = Csp::strict().image(client.as_ref().and_then(|client| client.logo.as_ref()));
            let mut response = page::html(&app, StatusCode::OK, &view, &csp);
            response.extensions_mut().insert(sign_in_again);
            // A browser that the account knew goes on being known under the new password.
            let known = browser::known_device(&app, &headers, &user.id);
            let cookie = known.map(|device| browser::device_cookie_of(&app, &headers, device, &user.id, meta.now));
            page::with_cookie(response, cookie)
        }
        Ok(Changed::LinkExpired) => expired(&app, &meta),
        Ok(Changed::Problem(problem)) => {
            let browser = browser::pre_session(&app, &headers).unwrap_or_default();
            let client = client_of(&app, &meta, interaction.as_deref());
            let view = view(&app, &meta, browser, &params, (&user, client), Some(problem));
            let response = page::html(&app, StatusCode::BAD_REQUEST, &view, &csp(&app, view.client.as_ref()));
            problem_page(twin::forms::reset(&view).beside(response), problem == ResetProblem::Busy)
        }
        Err(error) => page::protocol_error(&app, &meta, &error),
    }
}

/// A link that cannot be used. Where mail is sent, people get another one by themselves.
fn expired(app: &App, meta: &Meta) -> Response {
    let another = if app.mail.is_on() { AnotherLink::ByMail } else { AnotherLink::OfOperator };
    page::error(app, meta, ErrorWhat::ResetLinkExpired(another))
}

/// The app from whose sign-in page the link was asked for, in whatever browser that was.
fn client_of(app: &App, meta: &Meta, interaction: Option<&str>) -> Option<ClientView> {
    posted::client_of(app, meta, interaction?)
}

fn csp(app: &App, client: Option<&ClientView>) -> Csp {
    page::typed_password(app).image(client.and_then(|client| client.logo.as_ref()))
}

/// The account the link is for, while the link can be used, and the sign-in that waited when it was asked for.
async fn account(app: &App, params: &Params, now: u64) -> Result<Option<(User, Option<String>)>, OAuthError> {
    let code = params.get("code").unwrap_or_default();
    let Some(link) = link(app, Artefact::PASSWORD_RESET, TokenKind::PasswordReset, code, now).await? else {
        return Ok(None);
    };
    let Some(user_id) = link.user_id else { return Ok(None) };
    let interaction = link.payload.get("interaction").and_then(Value::as_str).map(str::to_owned);
    let user = app.store.user(&user_id).await.map_err(|error| store_failure(&error))?;
    Ok(user.map(|user| (user, interaction)))
}

/// Back to the sign-in that waits, if it is this browser's and fresh still.
fn onward(app: &App, headers: &HeaderMap, interaction: Option<String>, now: u64) -> Option<Back> {
    let browser = browser::pre_session(app, headers)?;
    let interaction = interaction.filter(|text| app.interactions.open(text, browser, now).is_ok())?;
    Some(way_back(app, browser, interaction, now))
}

enum Changed {
    Done,
    LinkExpired,
    Problem(ResetProblem),
}

async fn change(app: &App, meta: &Meta, params: &Params, user: &User, lang: &str) -> Result<Changed, OAuthError> {
    let typed = params.get("password").unwrap_or_default();
    if params.get("password_confirm").is_some_and(|again| again != typed) {
        return Ok(Changed::Problem(ResetProblem::PasswordsDiffer));
    }
    let password = match Password::parse(typed) {
        Ok(password) => password,
        Err(problem) => return Ok(Changed::Problem(ResetProblem::Password(problem))),
    };
    let words = [&user.email, &user.username, &user.name].map(|word| word.as_deref().unwrap_or_default());
    if let Err(problem) = app.passwords.judge(policy(app), &password, &words).await {
        return Ok(Changed::Problem(ResetProblem::Password(problem)));
    }
    let Ok(hash) = app.passwords.hash(password, salt()).await else {
        return Ok(Changed::Problem(ResetProblem::Busy));
    };
    let Ok(code) = OpaqueToken::parse(TokenKind::PasswordReset, params.get("code").unwrap_or_default()) else {
        return Ok(Changed::LinkExpired);
    };
    let handle = symbolon_oauth::random_id(&mut SystemRng);
    let failed = |error| store_failure(&error);
    let tell = told(app, user, lang, meta.now).await?;
    email_code::note_link(app, &user.id, meta.now).await.map_err(failed)?;
    let reset = app.store.reset_password(Hash32(code.hash()), &hash, &handle, tell, meta.now);
    if reset.await.map_err(failed)?.is_none() {
        return Ok(Changed::LinkExpired);
    }
    events::account(app, meta, "user.password.reset", &user.id, None).await.map_err(failed)?;
    Ok(Changed::Done)
}

/// Whoever owns the account hears of it, most of all if it was not them.
async fn told(app: &App, user: &User, lang: &str, now: u64) -> Result<Vec<NewDelivery>, OAuthError> {
    let address = user.email.as_deref().and_then(|email| EmailAddress::parse(email).ok()).filter(|_| app.mail.is_on());
    let Some(address) = address else { return Ok(Vec::new()) };
    let not_me = not_me::link(app, user, now).await.map_err(|error| store_failure(&error))?;
    let to = To { address: &address, user_id: Some(&user.id), lang };
    Ok(vec![mail::delivery(app, &to, &Letter::PasswordChanged { not_me: Some(not_me) }, now)])
}

fn view(
    app: &App,
    meta: &Meta,
    browser: &str,
    params: &Params,
    (user, client): (&User, Option<ClientView>),
    problem: Option<ResetProblem>,
) -> Reset {
    let code = params.get("code").unwrap_or_default();
    Reset {
        shell: page::shell_for(app, meta, user).carrying(PATH, &[("code", code)]).of_client(client.as_ref()),
        client,
        code: code.to_owned(),
        csrf: csrf::issue(&app.csrf, browser, Purpose::Reset, meta.now),
        username: user.email.clone().or_else(|| user.username.clone()).unwrap_or_default(),
        password_min_chars: setup::policy(app).min_chars,
        problem,
    }
}
