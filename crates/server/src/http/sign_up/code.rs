//! `/signup/code`: the code that was mailed, typed in the browser that asked for it.
//!
//! Each guess is counted before it is looked at: five at one code, some more at all codes for one mailbox, the first at each code apart from the others. A new code is a new letter, counted as
//! such.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use symbolon_oauth::{OAuthError, Params};
use symbolon_store::{Artefact, Attempt};

use super::begin::{self, address};
use super::complete::{Completed, Newcomer, Proof, complete};
use super::{Form, Next, Typed, render};
use crate::account::normalize::EmailAddress;
use crate::account::sign_up::{self, Pending};
use crate::account::throttle::{Effort, Guess, ThrottlePolicy};
use crate::app::App;
use crate::effects::store_failure;
use crate::http::authorize::{self, Arrival};
use crate::http::meta::Meta;
use crate::http::posted::{self, Posted};
use crate::http::{browser, login, page, twin};
use crate::interaction::{Interaction, Step};
use crate::pages::Csp;
use crate::pages::error::ErrorWhat;
use crate::pages::sign_up::{CodeTold, SignUpCode, SignUpProblem};
use crate::session::csrf::{self, Purpose};

/// Where the code goes.
pub(in crate::http) const PATH: &str = "/signup/code";

/// The question for a code.
#[derive(Clone, Debug)]
pub(in crate::http) struct Question {
    /// What waits, and by what name the sign-up is kept.
    pub(super) interaction: Interaction,
    /// Where the letter went.
    pub(super) email: String,
    /// What came of the answer before.
    pub(super) told: Option<CodeTold>,
}

/// `GET /signup/code`: the question once more, as after a choice of another language. Nothing is counted, sent or made.
pub(in crate::http) async fn get(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let meta = posted::carrying(&app, &meta, &params);
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    let browser = browser::pre_session(&app, &headers).unwrap_or_default();
    let answer = match authorize::open(&app, &params, &headers, meta.now) {
        Some(interaction) => look(&arrival, browser, interaction).await,
        None => Ok(page::error(&app, &meta, ErrorWhat::PageExpired)),
    };
    answer.unwrap_or_else(|error| page::protocol_error(&app, &meta, &error))
}

async fn look(arrival: &Arrival<'_>, browser: &str, interaction: Interaction) -> Result<Response, OAuthError> {
    let Arrival { app, meta, .. } = arrival;
    let hash = match &interaction.step {
        Step::SignUp { pending } => sign_up::hash(pending),
        _ => None,
    };
    let found = match hash {
        Some(hash) => app.store.artefact(Artefact::SIGN_UP, hash).await.map_err(|error| store_failure(&error))?,
        None => None,
    };
    match found.filter(|found| found.redeemed_at.is_none() && meta.now < found.expires_at) {
        Some(artefact) => {
            let email = read(app, artefact)?.pending.email;
            show(arrival, browser, Question { interaction, email, told: None }).await
        }
        None => Ok(page::error(app, meta, ErrorWhat::PageExpired)),
    }
}

/// `POST /signup/code`.
pub(in crate::http) async fn post(State(app): State<Arc<App>>, form: Posted) -> Response {
    if let Some(refusal) = form.refusal(&app, Purpose::SignUp) {
        return refusal;
    }
    let Posted { params, headers, meta } = form;
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    let browser = browser::pre_session(&app, &headers).unwrap_or_default();
    let waiting = authorize::open(&app, &params, &headers, meta.now);
    let answer = match (waiting, params.get("decision")) {
        (Some(interaction), Some("deny")) => login::deny(&arrival, Some(interaction)).await,
        (Some(interaction), decision) => {
            let typed = params.get("code").unwrap_or_default();
            match next(&arrival, interaction, decision, typed).await {
                Ok(next) => render(&arrival, browser, next).await,
                Err(error) => Err(error),
            }
        }
        (None, _) => Ok(page::error(&app, &meta, ErrorWhat::PageExpired)),
    };
    answer.unwrap_or_else(|error| page::protocol_error(&app, &meta, &error))
}

/// A sign-up that waits, as it was found.
pub(super) struct Found {
    pub(super) artefact: Artefact,
    pub(super) pending: Pending,
    pub(super) email: EmailAddress,
}

/// Reads what is kept of a sign-up.
pub(super) fn read(app: &App, artefact: Artefact) -> Result<Found, OAuthError> {
    let pending = Pending::open(&app.sealer, &artefact).map_err(|_| {
        tracing::error!("a pending sign-up cannot be read");
        OAuthError::ServerError
    })?;
    let email = EmailAddress::parse(&pending.email).map_err(|_| OAuthError::ServerError)?;
    Ok(Found { artefact, pending, email })
}

async fn next(
    arrival: &Arrival<'_>,
    interaction: Interaction,
    decision: Option<&str>,
    typed: &str,
) -> Result<Next, OAuthError> {
    let Arrival { app, meta, .. } = arrival;
    let Step::SignUp { pending: name } = &interaction.step else { return Ok(Next::Over(ErrorWhat::PageExpired)) };
    let Some(hash) = sign_up::hash(name) else { return Ok(Next::Over(ErrorWhat::PageExpired)) };
    let found = app.store.artefact(Artefact::SIGN_UP, hash).await.map_err(|error| store_failure(&error))?;
    let Some(artefact) = found else {
        return Ok(form(interaction, meta.now, Typed::default(), Some(SignUpProblem::CodeOver)));
    };
    let found = read(app, artefact)?;
    let shown = Typed { email: found.pending.email.clone(), name: found.pending.name.clone().unwrap_or_default() };
    if found.artefact.redeemed_at.is_some() {
        // In another tab, or by the link.
        return Ok(Next::SignIn(Box::new((interaction, found.pending.email))));
    }
    match decision {
        Some("change") => return Ok(form(interaction, meta.now, shown, None)),
        Some("again") => return again(arrival, interaction, found).await,
        _ => {}
    }
    if found.artefact.expires_at <= meta.now {
        return Ok(form(interaction, meta.now, shown, Some(SignUpProblem::CodeOver)));
    }
    guess(arrival, interaction, found, typed).await
}

fn form(interaction: Interaction, now: u64, typed: Typed, problem: Option<SignUpProblem>) -> Next {
    Next::Form(Box::new(Form { interaction: interaction.back(now), typed, problem }))
}

/// One guess, counted before it is looked at.
async fn guess(arrival: &Arrival<'_>, interaction: Interaction, found: Found, typed: &str) -> Result<Next, OAuthError> {
    let Arrival { app, meta, .. } = arrival;
    let failed = |error| store_failure(&error);
    let Found { artefact, pending, email } = found;
    let question = |interaction, told| {
        Ok(Next::Code(Box::new(Question { interaction, email: email.as_typed.clone(), told: Some(told) })))
    };
    let (policy, name) = (app.throttle(), sign_up::name(artefact.hash));
    let first = ThrottlePolicy::first_guess_key(&name);
    let guess = match app.attempts.begin(vec![first.clone()], meta.now).await.map_err(failed)? {
        Attempt::Allowed => Guess::First,
        Attempt::Wait { .. } => Guess::Later,
    };
    let keys = policy.sign_up_code_keys(&email.identifier, address(arrival), guess);
    if let Attempt::Wait { secs } = app.attempts.begin(keys, meta.now).await.map_err(failed)? {
        app.metrics.limited("sign_up_code");
        // Nothing was looked at: the first is still to come.
        let forget = if guess == Guess::First { vec![first.key] } else { Vec::new() };
        app.attempts.forgive(forget, Vec::new()).await.map_err(failed)?;
        return question(interaction, CodeTold::Throttled { wait_secs: secs });
    }
    let one = vec![ThrottlePolicy::one_code_key(&name)];
    if matches!(app.attempts.begin(one, meta.now).await.map_err(failed)?, Attempt::Wait { .. }) {
        return question(interaction, CodeTold::Spent);
    }
    if !pending.fits(typed) {
        app.metrics.sign_up("wrong_code");
        return question(interaction, CodeTold::Wrong);
    }
    let given_back = policy.right_code_keys(&email.identifier, address(arrival), guess);
    app.attempts.forgive(Vec::new(), given_back).await.map_err(failed)?;
    let shown = email.as_typed.clone();
    match finish(arrival, artefact, pending, email, Some(&interaction)).await? {
        Completed::Done(newborn) => Ok(Next::Entered(Box::new((*newborn, interaction)))),
        Completed::Over | Completed::Taken => Ok(Next::SignIn(Box::new((interaction, shown)))),
    }
}

/// The account of whoever has proven the address.
pub(super) async fn finish(
    arrival: &Arrival<'_>,
    artefact: Artefact,
    pending: Pending,
    email: EmailAddress,
    waiting: Option<&Interaction>,
) -> Result<Completed, OAuthError> {
    let proof = Proof { kind: Artefact::SIGN_UP, hash: artefact.hash };
    let Pending { name, password_hash, user_id: id, .. } = pending;
    let newcomer = Newcomer { id, email, name, password_hash, roles: [].into(), client_id: artefact.client_id };
    complete(arrival, proof, newcomer, waiting).await
}

/// Another letter, with another code; what was mailed before works by its link only.
async fn again(arrival: &Arrival<'_>, interaction: Interaction, found: Found) -> Result<Next, OAuthError> {
    let Found { artefact, pending, email } = found;
    let told = match begin::count(arrival, &email, Effort::None).await? {
        Attempt::Wait { secs } => {
            arrival.app.metrics.limited("sign_up");
            return Ok(Next::Code(Box::new(Question {
                interaction,
                email: email.as_typed,
                told: Some(CodeTold::NotAgain { wait_secs: secs }),
            })));
        }
        Attempt::Allowed => CodeTold::SentAgain,
    };
    let name = begin::send(arrival, &email, pending, artefact.client_id).await?;
    let interaction = interaction.proving(name, arrival.meta.now);
    Ok(Next::Code(Box::new(Question { interaction, email: email.as_typed, told: Some(told) })))
}

/// The page that asks.
pub(super) async fn show(arrival: &Arrival<'_>, browser: &str, question: Question) -> Result<Response, OAuthError> {
    let app = arrival.app;
    let asked = arrival.resume(&question.interaction).await?;
    let request = asked.as_ref().and_then(|asked| arrival.validate(&asked.request).ok());
    let languages = arrival.meta.reads.languages();
    let client = request
        .as_ref()
        .map(|request| page::client_view(request.client(), Some(request.redirect_uri().as_str()), &languages));
    let logo = client.as_ref().and_then(|client| client.logo.clone());
    let interaction = app.interactions.seal(&question.interaction).map_err(|_| OAuthError::ServerError)?;
    let view = SignUpCode {
        shell: page::shell(app, arrival.meta).picking(PATH, &interaction).of_client(client.as_ref()),
        client,
        interaction,
        csrf: csrf::issue(&app.csrf, browser, Purpose::SignUp, arrival.meta.now),
        email: question.email,
        minutes: sign_up::MINUTES,
        told: question.told,
    };
    let csp = request.as_ref().map_or_else(Csp::strict, page::csp).image(logo.as_ref());
    let (status, wait) = match question.told {
        None | Some(CodeTold::SentAgain) => (StatusCode::OK, None),
        Some(CodeTold::Wrong | CodeTold::Spent) => (StatusCode::BAD_REQUEST, None),
        Some(CodeTold::Throttled { wait_secs } | CodeTold::NotAgain { wait_secs }) => {
            (StatusCode::TOO_MANY_REQUESTS, Some(wait_secs))
        }
    };
    let response = twin::forms::code(&view).beside(page::html(app, status, &view, &csp));
    Ok(match wait {
        Some(secs) => page::retry_after(response, secs),
        None => response,
    })
}
