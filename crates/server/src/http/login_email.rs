//! `/login/email`: signing in by a code that is mailed, where `factors.email` is `first` (security 119, 121, 123).
//!
//! Whether there is such an account is looked up when the letter is made (`account/email_code.rs`), never here: so status, page and work are the same
//! for everybody. The code is typed in the browser that asked ([`code`]); the link in the letter works there, too, by a button ([`confirm`]).

pub(super) mod code;
pub(super) mod confirm;

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use symbolon_oauth::authorize::ValidRequest;
use symbolon_oauth::{OAuthError, OpaqueToken, Params, TokenKind, acr};
use symbolon_store::{Attempt, Hash32, User};

use super::authorize::{self, Arrival};
use super::browser::{self, Keep};
use super::entry::Entry;
use super::meta::Meta;
use super::posted::{self, Posted};
use super::{page, twin, work};
use crate::account::email_code;
use crate::account::normalize::MAX_IDENTIFIER_CHARS;
use crate::account::sign_up;
use crate::account::throttle::Effort;
use crate::app::App;
use crate::config::MailedCodes;
use crate::effects::store_failure;
use crate::interaction::{Interaction, OwnPage, Step, fingerprint};
use crate::mail::{self, SignInAsked};
use crate::pages::error::ErrorWhat;
use crate::pages::login::Keep as KeepBox;
use crate::pages::login_email::{EmailProblem, LoginEmail};
use crate::pages::{ClientView, Csp};
use crate::rng::SystemRng;
use crate::session::csrf::{self, Purpose};
use crate::session::device;

/// Where it is.
pub(super) const PATH: &str = "/login/email";

/// Whether people sign in so here.
pub(super) fn is_on(app: &App) -> bool {
    app.config().factors.email == MailedCodes::First && app.mail.is_on()
}

/// `GET /login/email`: for the server's own pages, or once more for a request that is pending in this browser, as after a choice of another language.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if !is_on(&app) {
        return page::error(&app, &meta, ErrorWhat::NotFound);
    }
    let params = Params::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let meta = posted::carrying(&app, &meta, &params);
    let interaction = authorize::open(&app, &params, &headers, meta.now).filter(|one| one.step == Step::SignIn);
    if interaction.is_none() && params.get("interaction").is_some_and(|sealed| !sealed.is_empty()) {
        return page::error(&app, &meta, ErrorWhat::PageExpired);
    }
    let (browser, cookie) = browser::ensure_pre_session(&app, &headers);
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    let shown = show(&arrival, &browser, Form { interaction, ..Form::default() }).await;
    page::with_cookie(shown.unwrap_or_else(|error| page::protocol_error(&app, &meta, &error)), cookie)
}

/// `POST /login/email`: from the sign-in page without `username`, which shows the form; with it, the wish itself.
pub(super) async fn post(State(app): State<Arc<App>>, form: Posted) -> Response {
    if let Some(refusal) = form.refusal(&app, Purpose::Login) {
        return refusal;
    }
    let Posted { params, headers, meta } = form;
    if !is_on(&app) {
        return page::error(&app, &meta, ErrorWhat::NotFound);
    }
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    let browser = browser::pre_session(&app, &headers).unwrap_or_default();
    let interaction = authorize::open(&app, &params, &headers, meta.now).filter(|one| one.step == Step::SignIn);
    if interaction.is_none() && params.get("interaction").is_some_and(|sealed| !sealed.is_empty()) {
        return page::error(&app, &meta, ErrorWhat::PageExpired);
    }
    let answer = ask(&arrival, browser, interaction, &params).await;
    answer.unwrap_or_else(|error| page::protocol_error(&app, &meta, &error))
}

/// The form, and what waits for it.
#[derive(Clone, Debug, Default)]
struct Form {
    interaction: Option<Interaction>,
    username: String,
    keep: bool,
    problem: Option<EmailProblem>,
}

async fn ask(
    arrival: &Arrival<'_>,
    browser: &str,
    interaction: Option<Interaction>,
    params: &Params,
) -> Result<Response, OAuthError> {
    let keep = params.get("keep").is_some();
    let Some(typed) = params.get("username") else {
        return show(arrival, browser, Form { interaction, ..Form::default() }).await;
    };
    let username: String = typed.trim().chars().take(MAX_IDENTIFIER_CHARS).collect();
    if username.is_empty() {
        let problem = Some(EmailProblem::Incomplete);
        return show(arrival, browser, Form { interaction, keep, problem, ..Form::default() }).await;
    }
    let wish = Wish { identifier: username, keep };
    let start = || Interaction::own_page_sign_in(&arrival.app.issuer, OwnPage::Start, browser, arrival.meta.now);
    let waiting = interaction.clone().unwrap_or_else(start);
    let effort = work::made(arrival.app, browser, params, arrival.meta.now).await?;
    match send(arrival, browser, &waiting, &wish, effort).await? {
        Sent::Wait { secs } => {
            let problem = Some(EmailProblem::Throttled { wait_secs: secs });
            show(arrival, browser, Form { interaction, username: wish.identifier, keep, problem }).await
        }
        Sent::As(pending) => {
            let interaction = waiting.awaiting_code(pending, wish.identifier, keep, arrival.meta.now);
            code::show(arrival, browser, interaction, None).await
        }
    }
}

/// Who wants a code.
struct Wish {
    identifier: String,
    keep: bool,
}

/// What became of a wish.
enum Sent {
    /// It is queued, and the code will be found by this name, if there is ever one.
    As(String),
    /// Too many came from this address.
    Wait {
        /// Seconds until the next one counts.
        secs: u64,
    },
}

/// Queues the wish; the same for every name.
async fn send(
    arrival: &Arrival<'_>,
    browser: &str,
    waiting: &Interaction,
    wish: &Wish,
    effort: Effort,
) -> Result<Sent, OAuthError> {
    let Arrival { app, meta, headers, .. } = arrival;
    let failed = |error| store_failure(&error);
    let (policy, address) = (app.throttle(), meta.address_or_unspecified());
    let cookie = browser::device(app, headers);
    let device = cookie.and_then(|cookie| device::of_anybody(&app.device, cookie));
    let keys = policy.email_code_asked_keys(address, device, effort);
    let counted = keys.iter().map(|key| key.key.clone()).collect();
    if let Attempt::Wait { secs } = app.attempts.begin(keys, meta.now).await.map_err(failed)? {
        app.metrics.limited("email_code");
        return Ok(Sent::Wait { secs });
    }
    let link = OpaqueToken::generate(TokenKind::EmailCode, &mut SystemRng);
    let back = waiting.clone().back(meta.now);
    let asked = SignInAsked {
        identifier: wish.identifier.clone(),
        link: link.reveal().to_owned(),
        browser: fingerprint(browser),
        interaction: Some(app.interactions.seal(&back).map_err(|_| OAuthError::ServerError)?),
        keep: wish.keep,
        device: cookie.map(str::to_owned),
        counted,
    };
    let letter = mail::sign_in_asked(app, asked, meta.language_of_letters(None), meta.now);
    app.store.put_deliveries(vec![letter], meta.now).await.map_err(failed)?;
    Ok(Sent::As(sign_up::name(Hash32(link.hash()))))
}

/// Whoever has proven a mailbox goes on: to a second factor, if one is asked for, or to what waits.
async fn enter(
    arrival: &Arrival<'_>,
    user: &User,
    interaction: Interaction,
    keep: bool,
) -> Result<Response, OAuthError> {
    let Arrival { app, meta, .. } = arrival;
    app.metrics.signed_in_by("email", "success", "");
    let entry = Entry {
        arrival,
        user,
        amr: vec![acr::EMAIL.to_owned()],
        keep: if keep { Keep::Yes } else { Keep::No },
        interaction: Some(interaction.back(meta.now)),
    };
    let entered = entry.proceed().await?;
    Ok(entered.unwrap_or_else(|| page::error(app, meta, ErrorWhat::PageExpired)))
}

/// The form.
async fn show(arrival: &Arrival<'_>, browser: &str, form: Form) -> Result<Response, OAuthError> {
    let app = arrival.app;
    let asked = match &form.interaction {
        Some(pending) => arrival.resume(pending).await?,
        None => None,
    };
    let request = asked.as_ref().and_then(|asked| arrival.validate(&asked.request).ok());
    let client = client_view(arrival, request.as_ref());
    let logo = client.as_ref().and_then(|client| client.logo.clone());
    let sealed = form.interaction.as_ref().map(|pending| app.interactions.seal(pending)).transpose();
    let interaction = sealed.map_err(|_| OAuthError::ServerError)?.unwrap_or_default();
    let asks_for_work = matches!(form.problem, Some(EmailProblem::Throttled { .. }));
    let work = work::ask(app, browser, arrival.meta.now).filter(|_| asks_for_work);
    let view = LoginEmail {
        shell: page::shell(app, arrival.meta).picking(PATH, &interaction).of_client(client.as_ref()).with_work(work),
        client,
        interaction,
        csrf: csrf::issue(&app.csrf, browser, Purpose::Login, arrival.meta.now),
        username: form.username,
        keep: if form.keep { KeepBox::On } else { KeepBox::Off },
        minutes: email_code::MINUTES,
        problem: form.problem,
    };
    let csp = request.as_ref().map_or_else(Csp::strict, page::csp).image(logo.as_ref());
    let csp = work::allow(app, csp, &view.shell);
    let (status, wait) = match form.problem {
        None => (StatusCode::OK, None),
        Some(EmailProblem::Incomplete) => (StatusCode::BAD_REQUEST, None),
        Some(EmailProblem::Throttled { wait_secs }) => (StatusCode::TOO_MANY_REQUESTS, Some(wait_secs)),
    };
    let response = twin::forms::login_email(&view).beside(page::html(app, status, &view, &csp));
    Ok(match wait {
        Some(secs) => page::retry_after(response, secs),
        None => response,
    })
}

fn client_view(arrival: &Arrival<'_>, request: Option<&ValidRequest<'_>>) -> Option<ClientView> {
    let languages = arrival.meta.reads.languages();
    request.map(|request| page::client_view(request.client(), Some(request.redirect_uri().as_str()), &languages))
}
