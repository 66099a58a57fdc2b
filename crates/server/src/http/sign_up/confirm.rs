//! `/signup/confirm?code=…`: the link that was mailed.
//!
//! Looking at it changes nothing, since scanners of mail do that, too: the page has a button. In the browser that asked for the account it
//! leads on to what waits there. Elsewhere it wants the password that was chosen: whoever reads the mailbox without having asked for an account is
//! not to end up in one whose password somebody else knows.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use symbolon_oauth::authorize::begin_again;
use symbolon_oauth::{OAuthError, OpaqueToken, Params, TokenKind};
use symbolon_store::{Artefact, Attempt, Hash32};

use super::begin::address;
use super::code::{Found, finish, read};
use super::complete::{Completed, done};
use super::render;
use crate::account::password::{Password, Verdict};
use crate::account::sign_up;
use crate::account::throttle::{Guess, ThrottlePolicy};
use crate::app::App;
use crate::effects::store_failure;
use crate::http::authorize::Arrival;
use crate::http::meta::Meta;
use crate::http::posted::Posted;
use crate::http::{browser, page, setup};
use crate::interaction::Interaction;
use crate::pages::error::ErrorWhat;
use crate::pages::sign_up::{ConfirmProblem, ConfirmWith, SignUpConfirm};
use crate::pages::{Csp, WebUrl};
use crate::session::csrf::{self, Purpose};

/// Where the link leads.
pub(in crate::http) const PATH: &str = "/signup/confirm";

/// `GET /signup/confirm`.
pub(in crate::http) async fn get(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    let params = Params::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let (browser, cookie) = browser::ensure_pre_session(&app, &headers);
    let shown = match find(&arrival, &params).await {
        Ok(Some((link, found))) => show(&arrival, &browser, &link, &found, None).await,
        Ok(None) => Ok(page::error(&app, &meta, ErrorWhat::SignUpOver)),
        Err(error) => Err(error),
    };
    page::with_cookie(shown.unwrap_or_else(|error| page::protocol_error(&app, &meta, &error)), cookie)
}

/// `POST /signup/confirm`.
pub(in crate::http) async fn post(State(app): State<Arc<App>>, form: Posted) -> Response {
    if let Some(refusal) = form.refusal(&app, Purpose::SignUp) {
        return refusal;
    }
    let Posted { params, headers, meta } = form;
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    let browser = browser::pre_session(&app, &headers).unwrap_or_default();
    let answer = match find(&arrival, &params).await {
        Ok(Some((link, found))) => accept(&arrival, browser, &link, found, &params).await,
        Ok(None) => Ok(page::error(&app, &meta, ErrorWhat::SignUpOver)),
        Err(error) => Err(error),
    };
    answer.unwrap_or_else(|error| page::protocol_error(&app, &meta, &error))
}

/// The sign-up that the link is of, while it can be used.
async fn find(arrival: &Arrival<'_>, params: &Params) -> Result<Option<(OpaqueToken, Found)>, OAuthError> {
    let link = params.get("code").unwrap_or_default();
    let Ok(link) = OpaqueToken::parse(TokenKind::SignUp, link) else { return Ok(None) };
    let found = arrival.app.store.artefact(Artefact::SIGN_UP, Hash32(link.hash())).await;
    let found = found.map_err(|error| store_failure(&error))?;
    let usable = found.filter(|found| found.redeemed_at.is_none() && arrival.meta.now < found.expires_at);
    match usable {
        Some(artefact) => Ok(Some((link, read(arrival.app, artefact)?))),
        None => Ok(None),
    }
}

async fn accept(
    arrival: &Arrival<'_>,
    browser: &str,
    link: &OpaqueToken,
    found: Found,
    params: &Params,
) -> Result<Response, OAuthError> {
    let is_here = found.pending.is_of(browser);
    if !is_here && let Some(problem) = judge(arrival, &found, params.get("password").unwrap_or_default()).await? {
        return show(arrival, browser, link, &found, Some(problem)).await;
    }
    let waiting = waiting(arrival, browser, &found);
    let Found { artefact, pending, email } = found;
    let (shown, client) = (email.as_typed.clone(), artefact.client_id.clone());
    let here = waiting.as_ref().filter(|_| is_here);
    match finish(arrival, artefact, pending, email, here).await? {
        Completed::Done(newborn) if is_here => newborn.onward(arrival, waiting).await,
        Completed::Done(newborn) => {
            let client = client.and_then(|id| arrival.registry.client(&id));
            let begins = client.and_then(|client| begin_again(&arrival.app.issuer, client, None));
            let begins = begins.and_then(|begins| WebUrl::parse(&begins));
            let response = done(arrival, shown, client.map(|client| client.name.clone()), begins);
            match newborn.with_cookies(arrival, response) {
                Some(response) => Ok(response),
                None => newborn.onward(arrival, None).await,
            }
        }
        Completed::Over => Ok(page::error(arrival.app, arrival.meta, ErrorWhat::SignUpOver)),
        Completed::Taken => {
            let start = || Interaction::own_sign_up(&arrival.app.issuer, browser, arrival.meta.now);
            render(arrival, browser, super::Next::SignIn(Box::new((waiting.unwrap_or_else(start), shown)))).await
        }
    }
}

/// What waits in this browser, if it is the one that asked and not too much time has passed.
fn waiting(arrival: &Arrival<'_>, browser: &str, found: &Found) -> Option<Interaction> {
    let sealed = found.pending.interaction.as_deref()?;
    arrival.app.interactions.open(sealed, browser, arrival.meta.now).ok()
}

/// What is wrong with the password, as far as it was looked at.
async fn judge(arrival: &Arrival<'_>, found: &Found, typed: &str) -> Result<Option<ConfirmProblem>, OAuthError> {
    let Arrival { app, meta, .. } = arrival;
    let failed = |error| store_failure(&error);
    let policy = app.throttle();
    // Five at each link, whatever strangers guess at codes: whoever has it reads that mailbox.
    let keys = policy.sign_up_code_keys(&found.email.identifier, address(arrival), Guess::First);
    if let Attempt::Wait { secs } = app.attempts.begin(keys, meta.now).await.map_err(failed)? {
        app.metrics.limited("sign_up_code");
        return Ok(Some(ConfirmProblem::Throttled { wait_secs: secs }));
    }
    let one = vec![ThrottlePolicy::one_code_key(&sign_up::name(found.artefact.hash))];
    if matches!(app.attempts.begin(one, meta.now).await.map_err(failed)?, Attempt::Wait { .. }) {
        return Ok(Some(ConfirmProblem::Spent));
    }
    let Ok(password) = Password::parse(typed) else { return Ok(Some(ConfirmProblem::WrongPassword)) };
    let stored = Some(found.pending.password_hash.clone());
    match app.passwords.verify(password, stored, setup::salt()).await {
        Err(_) => {
            // Nothing was looked at.
            let mut given_back = policy.right_code_keys(&found.email.identifier, address(arrival), Guess::First);
            given_back.push(ThrottlePolicy::one_code_key(&sign_up::name(found.artefact.hash)).key);
            app.attempts.forgive(Vec::new(), given_back).await.map_err(failed)?;
            Ok(Some(ConfirmProblem::Busy))
        }
        Ok(Verdict::NoMatch) => Ok(Some(ConfirmProblem::WrongPassword)),
        Ok(Verdict::Match | Verdict::MatchNeedsRehash(_)) => {
            let given_back = policy.right_code_keys(&found.email.identifier, address(arrival), Guess::First);
            app.attempts.forgive(Vec::new(), given_back).await.map_err(failed)?;
            Ok(None)
        }
    }
}

async fn show(
    arrival: &Arrival<'_>,
    browser: &str,
    link: &OpaqueToken,
    found: &Found,
    problem: Option<ConfirmProblem>,
) -> Result<Response, OAuthError> {
    let app = arrival.app;
    let waiting = waiting(arrival, browser, found);
    let asked = match &waiting {
        Some(interaction) => arrival.resume(interaction).await?,
        None => None,
    };
    let request = asked.as_ref().and_then(|asked| arrival.validate(&asked.request).ok());
    let view = SignUpConfirm {
        shell: page::shell(app, arrival.meta).carrying(PATH, &[("code", link.reveal())]),
        code: link.reveal().to_owned(),
        csrf: csrf::issue(&app.csrf, browser, Purpose::SignUp, arrival.meta.now),
        email: found.pending.email.clone(),
        with: if found.pending.is_of(browser) { ConfirmWith::Button } else { ConfirmWith::Password },
        problem,
    };
    let csp = request.as_ref().map_or_else(Csp::strict, page::csp);
    let csp = match view.with {
        ConfirmWith::Button => csp,
        ConfirmWith::Password => csp.password_script(app.issuer.origin()),
    };
    let (status, wait) = match problem {
        None => (StatusCode::OK, None),
        Some(ConfirmProblem::Busy) => (StatusCode::SERVICE_UNAVAILABLE, Some(1)),
        Some(ConfirmProblem::Throttled { wait_secs }) => (StatusCode::TOO_MANY_REQUESTS, Some(wait_secs)),
        Some(ConfirmProblem::Spent | ConfirmProblem::WrongPassword) => (StatusCode::BAD_REQUEST, None),
    };
    let response = page::html(app, status, &view, &csp);
    Ok(match wait {
        Some(secs) => page::retry_after(response, secs),
        None => response,
    })
}
