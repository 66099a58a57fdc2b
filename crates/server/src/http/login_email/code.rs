//! `/login/email/code`: the code that was mailed, typed in the browser that asked for it. Each guess is counted before anything is looked up, and what
//! is answered does not depend on whether there is a code at all.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use symbolon_oauth::{OAuthError, Params};
use symbolon_store::Attempt;

use super::{Form, Sent, Wish, client_view, enter, is_on, send};
use crate::account::throttle::{Effort, ThrottlePolicy};
use crate::account::{email_code, sign_up};
use crate::app::App;
use crate::effects::store_failure;
use crate::events;
use crate::http::authorize::{self, Arrival};
use crate::http::meta::Meta;
use crate::http::posted::{self, Posted};
use crate::http::{browser, entry, login, page, twin};
use crate::interaction::{Interaction, Step};
use crate::pages::Csp;
use crate::pages::error::ErrorWhat;
use crate::pages::login_email::{EmailTold, LoginEmailCode};
use crate::session::csrf::{self, Purpose};

/// Where the code goes.
pub(in crate::http) const PATH: &str = "/login/email/code";

/// `GET /login/email/code`: the question once more, as after a choice of another language. Nothing is counted or sent.
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
    let waiting = authorize::open(&app, &params, &headers, meta.now).filter(|_| is_on(&app));
    let answer = match waiting.filter(|one| matches!(one.step, Step::EmailCode { .. })) {
        Some(interaction) => show(&arrival, browser, interaction, None).await,
        None => Ok(page::error(&app, &meta, ErrorWhat::PageExpired)),
    };
    answer.unwrap_or_else(|error| page::protocol_error(&app, &meta, &error))
}

/// `POST /login/email/code`.
pub(in crate::http) async fn post(State(app): State<Arc<App>>, form: Posted) -> Response {
    if let Some(refusal) = form.refusal(&app, Purpose::Login) {
        return refusal;
    }
    let Posted { params, headers, meta } = form;
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    let browser = browser::pre_session(&app, &headers).unwrap_or_default();
    let waiting = authorize::open(&app, &params, &headers, meta.now).filter(|_| is_on(&app));
    let answer = match (waiting, params.get("decision")) {
        (None, _) => Ok(page::error(&app, &meta, ErrorWhat::PageExpired)),
        (Some(interaction), Some("deny")) => login::deny(&arrival, Some(interaction)).await,
        (Some(interaction), decision) => {
            let typed = params.get("code").unwrap_or_default();
            answer(&arrival, browser, interaction, decision, typed).await
        }
    };
    answer.unwrap_or_else(|error| page::protocol_error(&app, &meta, &error))
}

async fn answer(
    arrival: &Arrival<'_>,
    browser: &str,
    interaction: Interaction,
    decision: Option<&str>,
    typed: &str,
) -> Result<Response, OAuthError> {
    let now = arrival.meta.now;
    let Step::EmailCode { pending, identifier, keep } = interaction.step.clone() else {
        return Ok(page::error(arrival.app, arrival.meta, ErrorWhat::PageExpired));
    };
    match decision {
        Some("change") => {
            let interaction = Some(interaction.back(now));
            super::show(arrival, browser, Form { interaction, username: identifier, keep, problem: None }).await
        }
        Some("again") => {
            let wish = Wish { identifier, keep };
            match send(arrival, browser, &interaction, &wish, Effort::None).await? {
                Sent::As(pending) => {
                    let interaction = interaction.awaiting_code(pending, wish.identifier, keep, now);
                    show(arrival, browser, interaction, Some(EmailTold::SentAgain)).await
                }
                Sent::Wait { secs } => {
                    show(arrival, browser, interaction, Some(EmailTold::Throttled { wait_secs: secs })).await
                }
            }
        }
        _ => guess(arrival, browser, interaction, &pending, (typed, keep)).await,
    }
}

/// One guess, counted before anything is looked up.
async fn guess(
    arrival: &Arrival<'_>,
    browser: &str,
    interaction: Interaction,
    pending: &str,
    (typed, keep): (&str, bool),
) -> Result<Response, OAuthError> {
    let Arrival { app, meta, .. } = arrival;
    let failed = |error| store_failure(&error);
    let keys = app.throttle().passkey_keys(meta.address_or_unspecified());
    let mut names: Vec<String> = keys.iter().map(|key| key.key.clone()).collect();
    if let Attempt::Wait { secs } = app.attempts.begin(keys, meta.now).await.map_err(failed)? {
        app.metrics.limited("email_code");
        return show(arrival, browser, interaction, Some(EmailTold::Throttled { wait_secs: secs })).await;
    }
    let one = vec![ThrottlePolicy::one_code_key(pending)];
    if matches!(app.attempts.begin(one, meta.now).await.map_err(failed)?, Attempt::Wait { .. }) {
        return show(arrival, browser, interaction, Some(EmailTold::Spent)).await;
    }
    let found = match sign_up::hash(pending) {
        Some(hash) => email_code::find(app, hash, meta.now).await?,
        None => None,
    };
    let client_id = entry::client_id(&interaction.query);
    let user_id = found.as_ref().map(|found| found.user.id.clone());
    let right = found.filter(|found| found.signs_in(browser, typed));
    if let Some(right) = right
        && right.redeem(app, meta.now).await?
    {
        // What was asked for by whoever owns the mailbox keeps no neighbour waiting.
        names.extend_from_slice(&right.mailed.counted);
        app.attempts.forgive(Vec::new(), names).await.map_err(failed)?;
        return enter(arrival, &right.user, interaction, keep).await;
    }
    app.metrics.signed_in_by("email", "failure", "credentials");
    events::sign_in_failed(app, meta, user_id.as_deref(), client_id.as_deref(), "email_code").await;
    show(arrival, browser, interaction, Some(EmailTold::Wrong)).await
}

/// The page that asks.
pub(super) async fn show(
    arrival: &Arrival<'_>,
    browser: &str,
    interaction: Interaction,
    told: Option<EmailTold>,
) -> Result<Response, OAuthError> {
    let app = arrival.app;
    let asked = arrival.resume(&interaction).await?;
    let request = asked.as_ref().and_then(|asked| arrival.validate(&asked.request).ok());
    let client = client_view(arrival, request.as_ref());
    let logo = client.as_ref().and_then(|client| client.logo.clone());
    let sealed = app.interactions.seal(&interaction).map_err(|_| OAuthError::ServerError)?;
    let view = LoginEmailCode {
        shell: page::shell(app, arrival.meta).picking(PATH, &sealed).of_client(client.as_ref()),
        client,
        interaction: sealed,
        csrf: csrf::issue(&app.csrf, browser, Purpose::Login, arrival.meta.now),
        minutes: email_code::MINUTES,
        told,
    };
    let csp = request.as_ref().map_or_else(Csp::strict, page::csp).image(logo.as_ref());
    let (status, wait) = match told {
        None | Some(EmailTold::SentAgain) => (StatusCode::OK, None),
        Some(EmailTold::Spent | EmailTold::Wrong) => (StatusCode::BAD_REQUEST, None),
        Some(EmailTold::Throttled { wait_secs }) => (StatusCode::TOO_MANY_REQUESTS, Some(wait_secs)),
    };
    let response = twin::forms::login_email_code(&view).beside(page::html(app, status, &view, &csp));
    Ok(match wait {
        Some(secs) => page::retry_after(response, secs),
        None => response,
    })
}
