//! `/signup`: the page on which people make their own account, for a pending authorization request or the server's own pages
//! (OpenID Prompt Create 1.0; security 119–123).
//!
//! There is no account before its address is proven: the form leaves a pending sign-up behind and sends mail ([`begin`]), and the code
//! ([`code`]) or link ([`confirm`]) in it makes the account and its first session at once ([`complete`]). Whoever was invited has proven the
//! address already ([`invitation`]). What is answered does not depend on whether the address has an account.

pub(super) mod begin;
pub(super) mod code;
mod complete;
pub(super) mod confirm;
mod invitation;

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use symbolon_oauth::authorize::ValidRequest;
use symbolon_oauth::{OAuthError, Params};

use super::authorize::{self, Arrival};
use super::meta::Meta;
use super::posted::{self, Posted};
use super::{browser, login, page, setup, twin, work};
use crate::app::App;
use crate::interaction::{Interaction, Step};
use crate::pages::Csp;
use crate::pages::error::ErrorWhat;
use crate::pages::login::{Keep, LoginProblem, Reason};
use crate::pages::sign_up::{SignUp, SignUpProblem};
use crate::session::csrf::{self, Purpose};

/// Most characters of what is shown again.
const MAX_TYPED_CHARS: usize = 320;

/// What stands in the form, but for the password.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    /// The address.
    pub(super) email: String,
    /// Display name.
    pub(super) name: String,
}

impl Typed {
    fn of(params: &Params) -> Self {
        let typed = |name| params.get(name).unwrap_or_default().chars().take(MAX_TYPED_CHARS).collect();
        Self { email: typed("email"), name: typed("name") }
    }
}

/// The form, and what waits for it.
#[derive(Clone, Debug)]
pub(super) struct Form {
    /// What waits.
    pub(super) interaction: Interaction,
    /// What stands in it.
    pub(super) typed: Typed,
    /// What went wrong before.
    pub(super) problem: Option<SignUpProblem>,
}

/// What comes next.
pub(super) enum Next {
    /// Their account is there: on to what waited.
    Entered(Box<(complete::Newborn, Interaction)>),
    /// The question for the code.
    Code(Box<code::Question>),
    /// The form.
    Form(Box<Form>),
    /// Nothing more: why.
    Over(ErrorWhat),
    /// There is an account with this address, as whoever has proven it may know.
    SignIn(Box<(Interaction, String)>),
}

impl Next {
    /// The form as it is shown first.
    fn form(interaction: Interaction, typed: Typed) -> Self {
        Self::Form(Box::new(Form { interaction, typed, problem: None }))
    }
}

/// `GET /signup`: for the server's own pages, with an invitation, or once more for a request that is pending in this browser.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let pending = authorize::open(&app, &params, &headers, meta.now).filter(|one| one.step == Step::SignIn);
    let meta = posted::carrying(&app, &meta, &params);
    if pending.is_none() && params.get("interaction").is_some_and(|text| !text.is_empty()) {
        return page::error(&app, &meta, ErrorWhat::PageExpired);
    }
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    let (browser, cookie) = browser::ensure_pre_session(&app, &headers);
    let shown = if let Some(invitation) = params.get("invitation") {
        invitation::show(&arrival, &browser, invitation).await
    } else {
        let pending = pending.unwrap_or_else(|| Interaction::own_sign_up(&app.issuer, &browser, meta.now));
        render(&arrival, &browser, opened(&arrival, pending, Typed::default())).await
    };
    page::with_cookie(shown.unwrap_or_else(|error| page::protocol_error(&app, &meta, &error)), cookie)
}

/// `POST /signup`.
pub(super) async fn post(State(app): State<Arc<App>>, form: Posted) -> Response {
    if let Some(refusal) = form.refusal(&app, Purpose::SignUp) {
        return refusal;
    }
    let Posted { params, headers, meta } = form;
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    let browser = browser::pre_session(&app, &headers).unwrap_or_default();
    if let Some(invitation) = params.get("invitation") {
        let done = invitation::accept(&arrival, browser, invitation, &params).await;
        return done.unwrap_or_else(|error| page::protocol_error(&app, &meta, &error));
    }
    let waiting = authorize::open(&app, &params, &headers, meta.now).filter(|one| one.step == Step::SignIn);
    let Some(interaction) = waiting else { return page::error(&app, &meta, ErrorWhat::PageExpired) };
    let answer = match params.get("decision") {
        Some("deny") => login::deny(&arrival, Some(interaction)).await,
        Some("sign_in") => sign_in(&arrival, browser, interaction, Typed::of(&params).email, None).await,
        _ => match begin::begin(&arrival, browser, interaction, &params).await {
            Ok(next) => render(&arrival, browser, next).await,
            Err(error) => Err(error),
        },
    };
    answer.unwrap_or_else(|error| page::protocol_error(&app, &meta, &error))
}

/// The form, where people may sign up on their way to what waits.
pub(super) fn opened(arrival: &Arrival<'_>, interaction: Interaction, typed: Typed) -> Next {
    if is_open(arrival, &interaction) { Next::form(interaction, typed) } else { Next::Over(ErrorWhat::SignUpClosed) }
}

/// Whether people may sign up on their way to what waits.
fn is_open(arrival: &Arrival<'_>, interaction: &Interaction) -> bool {
    let client_id = super::entry::client_id(&interaction.query);
    let client = client_id.and_then(|id| arrival.registry.client(&id));
    arrival.app.sign_up().is_open_to(client.map(AsRef::as_ref))
}

/// Shows what comes next.
pub(super) async fn render(arrival: &Arrival<'_>, browser: &str, next: Next) -> Result<Response, OAuthError> {
    match next {
        Next::Code(question) => code::show(arrival, browser, *question).await,
        Next::Entered(entered) => {
            let (newborn, interaction) = *entered;
            newborn.onward(arrival, Some(interaction)).await
        }
        Next::Form(form) => {
            let asked = arrival.resume(&form.interaction).await?;
            let request = asked.as_ref().and_then(|asked| arrival.validate(&asked.request).ok());
            show(arrival, request.as_ref(), browser, &form)
        }
        Next::Over(what) => Ok(page::error(arrival.app, arrival.meta, what)),
        Next::SignIn(exists) => {
            let (interaction, email) = *exists;
            sign_in(arrival, browser, interaction, email, Some(LoginProblem::AccountExists)).await
        }
    }
}

/// The sign-in page, for whoever has an account.
async fn sign_in(
    arrival: &Arrival<'_>,
    browser: &str,
    interaction: Interaction,
    email: String,
    problem: Option<LoginProblem>,
) -> Result<Response, OAuthError> {
    let asked = arrival.resume(&interaction).await?;
    let request = asked.as_ref().and_then(|asked| arrival.validate(&asked.request).ok());
    let reason = if interaction.user_code.is_some() { Reason::Device } else { Reason::SignIn };
    let pending = Some(interaction.back(arrival.meta.now));
    let form = login::Form { interaction: pending, username: email, reason, signed_in: None, choice: None };
    login::show(arrival, request.as_ref(), &form, browser, problem.map(|problem| (problem, Keep::Off)))
}

/// The page with the form.
pub(super) fn show(
    arrival: &Arrival<'_>,
    request: Option<&ValidRequest<'_>>,
    browser: &str,
    form: &Form,
) -> Result<Response, OAuthError> {
    let app = arrival.app;
    let languages = arrival.meta.reads.languages();
    let client =
        request.map(|request| page::client_view(request.client(), Some(request.redirect_uri().as_str()), &languages));
    let logo = client.as_ref().and_then(|client| client.logo.clone());
    // Whoever is still at it gets the whole time once more.
    let pending = form.interaction.clone().back(arrival.meta.now);
    let interaction = app.interactions.seal(&pending).map_err(|_| OAuthError::ServerError)?;
    let asks_for_work = matches!(form.problem, Some(SignUpProblem::Throttled { .. }));
    let work = work::ask(app, browser, arrival.meta.now).filter(|_| asks_for_work);
    let view = SignUp {
        shell: page::shell(app, arrival.meta)
            .picking("/signup", &interaction)
            .of_client(client.as_ref())
            .with_work(work),
        client,
        interaction,
        csrf: csrf::issue(&app.csrf, browser, Purpose::SignUp, arrival.meta.now),
        invitation: None,
        email: form.typed.email.clone(),
        name: form.typed.name.clone(),
        password_min_chars: setup::policy(app).min_chars,
        problem: form.problem,
    };
    // Making an account ends in a redirect to the client, which browsers hold against the form's target, too.
    let csp = request.map_or_else(Csp::strict, page::csp).image(logo.as_ref());
    let csp = work::allow(app, csp.password_script(app.issuer.origin()), &view.shell);
    let response = page::html(app, status(form.problem), &view, &csp);
    Ok(waiting(twin::forms::sign_up(&view).beside(response), form.problem))
}

fn status(problem: Option<SignUpProblem>) -> StatusCode {
    match problem {
        None => StatusCode::OK,
        Some(SignUpProblem::Busy) => StatusCode::SERVICE_UNAVAILABLE,
        Some(SignUpProblem::Throttled { .. }) => StatusCode::TOO_MANY_REQUESTS,
        Some(_) => StatusCode::BAD_REQUEST,
    }
}

/// Says when to try again.
fn waiting(response: Response, problem: Option<SignUpProblem>) -> Response {
    match problem {
        Some(SignUpProblem::Busy) => page::retry_after(response, 1),
        Some(SignUpProblem::Throttled { wait_secs }) => page::retry_after(response, wait_secs),
        _ => response,
    }
}
