//! `/login/factor`: the second step of a sign-in, and the set-up of a factor by who must have one (security 131 to 140).
//!
//! What is proven so far travels in the signed interaction; there is no session before all of it is (security 134).

pub(super) mod enrol;
mod mailed;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue, StatusCode};
use symbolon_factors::RecoveryCode;
use symbolon_oauth::second_factor::{Factor, Next, Remember};
use symbolon_oauth::{OAuthError, Params, acr};
use symbolon_store::{Hash32, User, UserStatus};

use self::enrol::Repeated;
use super::authorize::{self, Arrival};
use super::browser::{self, Keep};
use super::entry::{self, Entered, Entry};
use super::meta::Meta;
use super::posted::{self, Posted};
use super::twin::{self, GoesOn};
use super::{login, page, security};
use crate::account::email_code::StandIn;
use crate::account::factors::{self, Factors, Verdict, passkey};
use crate::account::locale;
use crate::account::normalize::EmailAddress;
use crate::app::App;
use crate::effects::store_failure;
use crate::events;
use crate::interaction::{FirstFactor, Interaction, Step};
use crate::mail::{self, FactorChange, Letter, To};
use crate::pages::Csp;
use crate::pages::error::ErrorWhat;
use crate::pages::factor::{FactorPage, FactorProblem, MailedCode, RecoveryUsed};
use crate::pages::passkey::PasskeyGet;
use crate::session::csrf::{self, Purpose};
use crate::words::Language;

/// Where the second step is posted.
pub(super) const PATH: &str = "/login/factor";

/// What is asked of whom.
pub(super) struct Asked<'a> {
    /// Who has proven a first factor.
    pub user: &'a User,
    /// Which will do now.
    pub factors: BTreeSet<Factor>,
    /// Whether this browser may be remembered.
    pub remember: Remember,
    /// Whether a code by mail is among them.
    pub by_mail: StandIn,
}

/// `GET /login/factor`: the page that was shown, once more, as after a choice of another language. Nothing is counted, sent or set up.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let meta = posted::carrying(&app, &meta, &params);
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    let shown = match authorize::open(&app, &params, &headers, meta.now) {
        Some(interaction) => look(&arrival, &params, interaction).await,
        None => Ok(None),
    };
    match shown {
        Ok(Some(response)) => response,
        Ok(None) => page::error(&app, &meta, ErrorWhat::PageExpired),
        Err(error) => page::protocol_error(&app, &meta, &error),
    }
}

async fn look(
    arrival: &Arrival<'_>,
    params: &Params,
    interaction: Interaction,
) -> Result<Option<Response>, OAuthError> {
    let Step::Factor(first) = interaction.step.clone() else { return Ok(None) };
    let Some(user) = holder(arrival.app, &first).await? else { return Ok(None) };
    let keep = if first.keep { Keep::Yes } else { Keep::No };
    let entry = Entry { arrival, user: &user, amr: first.amr.clone(), keep, interaction: Some(interaction.clone()) };
    let (next, by_mail) = entry.next().await?;
    match next {
        Next::Ask { factors, remember } => {
            let way = params.get("way").and_then(Factor::from_name).filter(|way| factors.contains(way));
            let asked = Asked { user: &user, factors, remember, by_mail };
            ask(arrival, &asked, (*first, interaction), way, None).await.map(Some)
        }
        Next::Enrol(factors) if first.setting_up.is_some() => {
            let way = params.get("way").and_then(Factor::from_name).filter(|way| factors.contains(way));
            enrol::show(arrival, (&user, &factors), (*first, interaction), (way, None)).await.map(Some)
        }
        Next::Enrol(_) | Next::SignIn => Ok(None),
    }
}

/// Whose first factor it is, while that counts: not of an account that was blocked, deleted, or given another password since.
async fn holder(app: &App, first: &FirstFactor) -> Result<Option<User>, OAuthError> {
    let user = app.store.user(&first.user_id).await.map_err(|error| store_failure(&error))?;
    Ok(user.filter(|user| user.status == UserStatus::Active && user.revocation_handle == first.handle))
}

/// `POST /login/factor`.
pub(super) async fn post(State(app): State<Arc<App>>, form: Posted) -> Response {
    let is_late = form.is_late(&app, Purpose::Login);
    if let Some(refusal) = form.refusal(&app, Purpose::Login).filter(|_| !is_late) {
        return refusal;
    }
    let Posted { params, headers, meta } = form;
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    let expired = || page::error(&app, &meta, ErrorWhat::PageExpired);
    let pending = authorize::open(&app, &params, &headers, meta.now).filter(|_| !is_late);
    let Some(interaction) = pending else {
        return match enrol::late(&arrival, &params).await {
            Ok(response) => response.unwrap_or_else(expired),
            Err(error) => page::protocol_error(&app, &meta, &error),
        };
    };
    let Step::Factor(first) = interaction.step.clone() else { return expired() };
    if params.get("decision") == Some("deny") {
        return login::deny_second_step(arrival, interaction).await;
    }
    match step(&arrival, &params, interaction, *first).await {
        Ok(Some(response)) => response,
        Ok(None) => expired(),
        Err(error) => page::protocol_error(&app, &meta, &error),
    }
}

async fn step(
    arrival: &Arrival<'_>,
    params: &Params,
    interaction: Interaction,
    first: FirstFactor,
) -> Result<Option<Response>, OAuthError> {
    let app = arrival.app;
    let Some(user) = holder(app, &first).await? else { return Ok(None) };
    let keep = if first.keep { Keep::Yes } else { Keep::No };
    let amr = first.amr.clone();
    let entry = Entry { arrival, user: &user, amr, keep, interaction: Some(interaction.clone()) };
    let (next, by_mail) = entry.next().await?;
    match next {
        Next::Ask { factors, remember } => match enrol::repeated(&entry, params, &first).await? {
            Repeated::Lately(made) => enrol::enter(entry, made).await,
            Repeated::LongAgo => Ok(Some(enrol::codes_shown(arrival, &user))),
            Repeated::Not => {
                let asked = Asked { user: &user, factors, remember, by_mail };
                answered(entry, &asked, params, (first, interaction)).await
            }
        },
        Next::Enrol(factors) if first.setting_up.is_some() => {
            enrol::answered(entry, &factors, params, (first, interaction)).await
        }
        Next::Enrol(_) | Next::SignIn => entry.proceed().await,
    }
}

/// A factor was shown, or another way chosen.
async fn answered(
    mut entry: Entry<'_>,
    asked: &Asked<'_>,
    params: &Params,
    pending: (FirstFactor, Interaction),
) -> Result<Option<Response>, OAuthError> {
    let Arrival { app, meta, headers, .. } = entry.arrival;
    let way = params.get("way").and_then(Factor::from_name).filter(|way| asked.factors.contains(way));
    let typed = params.get("code").unwrap_or_default();
    let Some(way) = way.filter(|_| params.get("decision") != Some("switch")) else {
        if way == Some(Factor::Email) {
            return mailed::send(entry.arrival, asked, pending).await.map(Some);
        }
        return ask(entry.arrival, asked, pending, way, None).await.map(Some);
    };
    let client_id = entry::client_id(&pending.1.query);
    let shown = if way == Factor::Passkey {
        let binding = browser::pre_session(app, headers).unwrap_or_default();
        match passkey::shown(app, Some(asked.user), params, binding, meta.now).await? {
            Ok(shown) => Ok(shown.enrolled),
            Err(refused) => Err((FactorProblem::Passkey, refused.cause())),
        }
    } else {
        let device = browser::known_device(app, headers, &asked.user.id);
        let verdict = if way == Factor::Email {
            mailed::check(entry.arrival, asked.user, device, (&pending.0, typed)).await?
        } else {
            factors::check(app, meta, asked.user, device, (way, typed)).await?
        };
        match verdict {
            Verdict::Right(enrolled) => Ok(enrolled.clone()),
            Verdict::Throttled { wait_secs } => Err((FactorProblem::Throttled { wait_secs }, "throttled".to_owned())),
            Verdict::Wrong => Err((FactorProblem::Wrong, way.name().to_owned())),
        }
    };
    let enrolled = match shown {
        Ok(enrolled) => enrolled,
        Err((problem, cause)) => {
            events::sign_in_failed(app, meta, Some(&asked.user.id), client_id.as_deref(), &cause).await;
            warn(entry.arrival, asked.user, &pending.0).await?;
            return ask(entry.arrival, asked, pending, Some(way), Some(problem)).await.map(Some);
        }
    };
    entry.amr = enrolled.after(&entry.amr);
    let arrival = entry.arrival;
    // What a level takes is set up by who has shown what there is.
    if let (Next::Enrol(factors), _) = entry.next().await? {
        if way == Factor::RecoveryCode {
            security::tell(arrival, asked.user, FactorChange::RecoveryCodeUsed).await?;
        }
        return entry.enrol(&factors).await.map(Some);
    }
    let remembers = remembers(asked.remember, way) && params.get("remember").is_some();
    let entered = if remembers { entry.enter_and_remember().await? } else { entry.enter().await? };
    match entered {
        Some(entered) if way == Factor::RecoveryCode => after_recovery(arrival, asked.user, entered).await.map(Some),
        Some(entered) => entered.onward(arrival).map(Some),
        None => Ok(None),
    }
}

/// How often people are told that somebody knows their password, in seconds: once a day.
const WARN_SECS: u64 = 86_400;
/// Under which name it is remembered that they were.
const WARNED: &str = "factor_refused";

/// Tells the owner of the account that somebody knows the password and not the rest, unless it is in a browser of theirs, where people mistype.
async fn warn(arrival: &Arrival<'_>, user: &User, first: &FirstFactor) -> Result<(), OAuthError> {
    let Arrival { app, meta, headers, .. } = arrival;
    let known = browser::known_device(app, headers, &user.id).is_some();
    if known || !app.mail.is_on() || !first.amr.iter().any(|method| method == acr::PWD) {
        return Ok(());
    }
    let Some(address) = user.email.as_deref().and_then(|email| EmailAddress::parse(email).ok()) else { return Ok(()) };
    let failed = |error| store_failure(&error);
    let key = Hash32(symbolon_jose::sha256(user.id.as_bytes()));
    let until = meta.now.saturating_add(WARN_SECS);
    if !app.store.remember_once(WARNED, key, until, meta.now).await.map_err(failed)? {
        return Ok(());
    }
    // Not in the language of whoever guesses: it is their browser that asks.
    let language = locale(user).and_then(Language::of_tag).unwrap_or(app.config().pages.language);
    let to = To { address: &address, user_id: Some(&user.id), lang: language.tag() };
    let letter = mail::delivery(app, &to, &Letter::FactorRefused, meta.now);
    app.store.put_deliveries(vec![letter], meta.now).await.map_err(failed)
}

/// Whether the browser may be remembered: not for a code by mail, which is no factor to be spared from later.
fn remembers(remember: Remember, way: Factor) -> bool {
    remember == Remember::Offer && way != Factor::Email
}

/// Who used a recovery code is told how many are left, and where to set up a factor anew, before anything goes on.
async fn after_recovery(arrival: &Arrival<'_>, user: &User, entered: Entered) -> Result<Response, OAuthError> {
    let Arrival { app, meta, .. } = arrival;
    security::tell(arrival, user, FactorChange::RecoveryCodeUsed).await?;
    let view = RecoveryUsed {
        shell: page::shell_for(app, meta, user),
        left: Factors::of(app, &user.id).await?.codes_left(),
        onward: entered.target(app)?,
    };
    let mut response = page::html(app, StatusCode::OK, &view, &Csp::strict());
    response.extensions_mut().insert(GoesOn(view.onward));
    Ok(entered.with_cookies(response))
}

/// The page that asks for a factor: the one that was chosen, or the one that people should use first.
pub(super) async fn ask(
    arrival: &Arrival<'_>,
    asked: &Asked<'_>,
    (first, interaction): (FirstFactor, Interaction),
    way: Option<Factor>,
    problem: Option<FactorProblem>,
) -> Result<Response, OAuthError> {
    let Arrival { app, meta, headers, .. } = arrival;
    let browser = browser::pre_session(app, headers).unwrap_or_default();
    // What needs no script first, unless there is nothing else.
    let preferred = [Factor::Totp, Factor::Passkey, Factor::RecoveryCode, Factor::Email];
    let way = way.or_else(|| preferred.into_iter().find(|it| asked.factors.contains(it)));
    let Some(way) = way else { return Err(OAuthError::ServerError) };
    let passkey = if way == Factor::Passkey {
        let factors = Factors::of(app, &asked.user.id).await?;
        let ids = factors.passkeys().filter_map(|one| one.key.as_deref()).map(symbolon_jose::base64url::encode);
        Some(PasskeyGet {
            challenge: passkey::challenge(app, passkey::Ceremony::Factor, browser, meta.now).text(),
            rp_id: passkey::rp(app).id().to_owned(),
            allow: ids.collect::<Vec<_>>().join(" "),
        })
    } else {
        None
    };
    let mailed = match asked.by_mail {
        StandIn::Later => MailedCode::Withheld,
        StandIn::Never | StandIn::Now if first.mailed.is_none() => MailedCode::NotYet,
        StandIn::Never | StandIn::Now => MailedCode::Sent,
    };
    let shown = shown(arrival, first, interaction).await?;
    let view = FactorPage {
        shell: page::shell_for(app, meta, asked.user)
            .carrying(PATH, &[("interaction", &shown.sealed), ("way", way.name())])
            .of_client(shown.client.as_ref()),
        client: shown.client,
        interaction: shown.sealed,
        csrf: csrf::issue(&app.csrf, browser, Purpose::Login, meta.now),
        account: name_of(asked.user),
        way,
        others: asked.factors.iter().copied().filter(|other| *other != way).collect(),
        remember_days: entry::remember_days(asked.remember).filter(|_| remembers(asked.remember, way)),
        mailed,
        passkey,
        problem,
    };
    let csp = if view.passkey.is_some() { shown.csp.passkey_script(app.issuer.origin()) } else { shown.csp };
    Ok(twin::forms::factor(&view).beside(answer(app, &view, problem, &csp)))
}

fn answer<V: askama::Template>(app: &App, view: &V, problem: Option<FactorProblem>, csp: &Csp) -> Response {
    match problem {
        None => page::html(app, StatusCode::OK, view, csp),
        Some(FactorProblem::Throttled { wait_secs }) => {
            let mut response = page::html(app, StatusCode::TOO_MANY_REQUESTS, view, csp);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait_secs));
            response
        }
        Some(_) => page::html(app, StatusCode::BAD_REQUEST, view, csp),
    }
}

/// What a page of the second step shows of what waits.
struct Shown {
    client: Option<crate::pages::ClientView>,
    sealed: String,
    csp: Csp,
}

async fn shown(arrival: &Arrival<'_>, first: FirstFactor, interaction: Interaction) -> Result<Shown, OAuthError> {
    let Arrival { app, meta, .. } = arrival;
    let asked = if interaction.own_page.is_none() && interaction.user_code.is_none() {
        arrival.resume(&interaction).await?
    } else {
        None
    };
    let request = asked.as_ref().and_then(|asked| arrival.validate(&asked.request).ok());
    let languages = meta.reads.languages();
    let client = request
        .as_ref()
        .map(|request| page::client_view(request.client(), Some(request.redirect_uri().as_str()), &languages));
    let csp = request.as_ref().map_or_else(Csp::strict, page::csp);
    let csp = csp.image(client.as_ref().and_then(|client| client.logo.as_ref()));
    let sealed = app.interactions.seal(&interaction.after_first_factor(first, meta.now));
    Ok(Shown { client, sealed: sealed.map_err(|_| OAuthError::ServerError)?, csp })
}

/// Codes as they are shown.
pub(super) fn texts(codes: &[RecoveryCode]) -> Vec<String> {
    codes.iter().map(ToString::to_string).collect()
}

/// What people sign in with, by which an app tells their accounts apart.
pub(super) fn name_of(user: &User) -> String {
    user.email.clone().or_else(|| user.username.clone()).unwrap_or_else(|| user.id.clone())
}

/// Under which name an app keeps the account.
pub(super) fn host(app: &App) -> String {
    page::shell_in(app, Language::En).host
}
