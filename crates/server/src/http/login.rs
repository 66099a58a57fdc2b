//! `/login`: the sign-in page of a pending authorization request, and of the server's own pages.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::header::{RETRY_AFTER, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use symbolon_oauth::authorize::ValidRequest;
use symbolon_oauth::{OAuthError, Params, acr};
use symbolon_store::{Attempt, Session, User};

use super::authorize::{self, Arrival};
use super::browser::{self, Keep};
use super::entry::{self, Entry};
use super::meta::Meta;
use super::posted::{self, Posted};
use super::{check_session, consent, login_email, page, sign_up, twin, work};
use crate::account::factors::passkey;
use crate::account::password;
use crate::account::sign_in::{self, Brings, Outcome};
use crate::app::App;
use crate::effects::store_failure;
use crate::events;
use crate::interaction::{Interaction, Step};
use crate::metrics;
use crate::pages::error::ErrorWhat;
use crate::pages::login::{EmailLink, Keep as KeepBox, Login, LoginProblem, Reason, SignUpLink};
use crate::pages::passkey::PasskeyGet;
use crate::pages::{AccountView, Csp, WebUrl};
use crate::session::csrf::{self, Purpose};

/// What a sign-in page is filled with.
#[derive(Clone, Debug)]
pub(super) struct Form {
    /// The request that waits for the sign-in, if one does.
    pub interaction: Option<Interaction>,
    /// What stands in the user name field.
    pub username: String,
    /// Why the page is shown.
    pub reason: Reason,
    /// Who is signed in already, by the name they sign in with.
    pub signed_in: Option<String>,
    /// Who is signed in already, where the page offers to go on as them.
    pub choice: Option<AccountView>,
}

/// `GET /login`: sign in to the server's own pages, or a look at the page of a request that is pending in this browser.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    if params.get("interaction").is_some() {
        return look(&app, &meta, &headers, params).await;
    }
    match browser::signed_in(&app, &headers, meta.now).await {
        Ok(Some(_)) => return page::see_other("/"),
        Ok(None) => {}
        Err(error) => return page::protocol_error(&app, &meta, &error),
    }
    let (browser, cookie) = browser::ensure_pre_session(&app, &headers);
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    let form =
        Form { interaction: None, username: String::new(), reason: Reason::SignIn, signed_in: None, choice: None };
    match show(&arrival, None, &form, &browser, None) {
        Ok(response) => page::with_cookie(response, cookie),
        Err(error) => page::protocol_error(&app, &meta, &error),
    }
}

/// The page of a pending request once more, as after a choice of another language.
async fn look(app: &App, meta: &Meta, headers: &HeaderMap, params: Params) -> Response {
    let meta = &posted::carrying(app, meta, &params);
    let pending = authorize::open(app, &params, headers, meta.now).filter(|one| one.step == Step::SignIn);
    let Some(interaction) = pending else { return page::error(app, meta, ErrorWhat::PageExpired) };
    let arrival = Arrival { app, registry: app.registry(), meta, headers };
    let shown = Post { arrival, params }.again(Some(interaction), None).await;
    shown.unwrap_or_else(|error| page::protocol_error(app, meta, &error))
}

/// `POST /login`: checks the form, then the password, then goes on with what was pending.
pub(super) async fn post(State(app): State<Arc<App>>, form: Posted) -> Response {
    if let Some(refusal) = form.refusal(&app, Purpose::Login) {
        return refusal;
    }
    let Posted { params, headers, meta } = form;
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    let interaction = authorize::open(&app, &params, &headers, meta.now).filter(|one| one.step == Step::SignIn);
    let post = Post { arrival, params };
    match (post.answer(interaction.clone()).await, post.params.get("decision")) {
        (Ok(response), _) => response,
        // Who has typed a password can send the form again in a moment; at the client it would be lost.
        (Err(error @ OAuthError::TemporarilyUnavailable { .. }), None) => page::protocol_error(&app, &meta, &error),
        (Err(error), _) => post.arrival.refuse_pending(interaction.as_ref(), &error).await,
    }
}

/// Somebody whose password was right elsewhere enters: a session in this browser, then on to the request that waits for it.
pub(super) async fn enter(at: &Arrival<'_>, user: &User, interaction: Interaction) -> Result<Response, OAuthError> {
    let arrival = Arrival { app: at.app, registry: Arc::clone(&at.registry), meta: at.meta, headers: at.headers };
    Post { arrival, params: Params::default() }.enter(user, Some(interaction)).await
}

struct Post<'a> {
    arrival: Arrival<'a>,
    params: Params,
}

impl Post<'_> {
    async fn answer(&self, interaction: Option<Interaction>) -> Result<Response, OAuthError> {
        let Arrival { app, meta, headers, .. } = &self.arrival;
        if interaction.is_none() && self.params.get("interaction").is_some() {
            return Ok(page::error(app, meta, ErrorWhat::PageExpired));
        }
        match self.params.get("decision") {
            Some("deny") => return deny(&self.arrival, interaction).await,
            Some("create") => return self.create(interaction).await,
            Some("continue") => return self.go_on(interaction).await,
            Some("again") => return self.again(interaction, None).await,
            _ => {}
        }
        let username = self.params.get("username").unwrap_or_default();
        let password = self.params.get("password").unwrap_or_default();
        if username.is_empty() || password.is_empty() {
            return self.again(interaction, Some(LoginProblem::Incomplete)).await;
        }
        let client_id = interaction.as_ref().and_then(|one| entry::client_id(&one.query));
        let browser = browser::pre_session(app, headers).unwrap_or_default();
        let effort = work::made(app, browser, &self.params, meta.now).await?;
        let brings = Brings { device: browser::device(app, headers), effort };
        match sign_in::check(app, meta, username, password, brings).await? {
            Outcome::SignedIn(user) => self.enter(&user, interaction).await,
            Outcome::Busy => self.again(interaction, Some(LoginProblem::Busy)).await,
            Outcome::Throttled { wait_secs } => {
                events::sign_in_throttled(app, client_id.as_deref());
                self.again(interaction, Some(LoginProblem::Throttled { wait_secs })).await
            }
            Outcome::Wrong { user_id } => {
                events::sign_in_failed(app, meta, user_id.as_deref(), client_id.as_deref(), "credentials").await;
                self.again(interaction, Some(LoginProblem::WrongCredentials)).await
            }
        }
    }

    /// Nobody is named before the passkey is shown, so nothing is told about whose it is, or that it is anybody's (security 140).
    async fn by_passkey(&self, interaction: Option<Interaction>) -> Result<Response, OAuthError> {
        let Arrival { app, meta, headers, .. } = &self.arrival;
        if interaction.is_none() && self.params.get("interaction").is_some_and(|sealed| !sealed.is_empty()) {
            return Ok(page::error(app, meta, ErrorWhat::PageExpired));
        }
        let failed = |error| store_failure(&error);
        let keys = app.throttle().passkey_keys(meta.address_or_unspecified());
        let names = keys.iter().map(|key| key.key.clone()).collect();
        let client_id = interaction.as_ref().and_then(|one| entry::client_id(&one.query));
        if let Attempt::Wait { secs } = app.attempts.begin(keys, meta.now).await.map_err(failed)? {
            events::sign_in_throttled(app, client_id.as_deref());
            return self.again(interaction, Some(LoginProblem::Throttled { wait_secs: secs })).await;
        }
        let binding = browser::pre_session(app, headers).unwrap_or_default();
        match passkey::shown(app, None, &self.params, binding, meta.now).await? {
            // Whoever reported a sign-in has shut everybody out, a thief with a passkey of their own among them.
            Ok(shown) if password::is_shut(&shown.user) => {
                app.metrics.signed_in("failure", "shut");
                events::sign_in_failed(app, meta, Some(&shown.user.id), client_id.as_deref(), "shut").await;
                self.again(interaction, Some(LoginProblem::Shut)).await
            }
            Ok(shown) => {
                app.attempts.forgive(Vec::new(), names).await.map_err(failed)?;
                app.metrics.signed_in("success", "");
                let keep = if self.params.get("keep").is_some() { Keep::Yes } else { Keep::No };
                let amr = shown.enrolled.after(&[]);
                let entry =
                    Entry { arrival: &self.arrival, user: &shown.user, amr, keep, interaction: interaction.clone() };
                match entry.proceed().await? {
                    Some(response) => Ok(response),
                    None => self.again(interaction, Some(LoginProblem::Passkey)).await,
                }
            }
            Err(refused) => {
                app.metrics.signed_in("failure", "passkey");
                events::sign_in_failed(app, meta, None, client_id.as_deref(), &refused.cause()).await;
                self.again(interaction, Some(LoginProblem::Passkey)).await
            }
        }
    }

    /// The second factor, if one is asked for; then a fresh session, and on to what was pending.
    async fn enter(&self, user: &User, interaction: Option<Interaction>) -> Result<Response, OAuthError> {
        let keep = if self.params.get("keep").is_some() { Keep::Yes } else { Keep::No };
        let amr = vec![acr::PWD.to_owned()];
        let entry = Entry { arrival: &self.arrival, user, amr, keep, interaction: interaction.clone() };
        match entry.proceed().await? {
            Some(response) => Ok(response),
            // Blocked, deleted or given another password between the check and here.
            None => self.again(interaction, Some(LoginProblem::WrongCredentials)).await,
        }
    }

    /// The person goes on as whom the page offered, if that is who is signed in still.
    async fn go_on(&self, interaction: Option<Interaction>) -> Result<Response, OAuthError> {
        let Arrival { app, meta, headers, .. } = &self.arrival;
        let who = browser::signed_in(app, headers, meta.now).await?;
        let chosen = interaction.and_then(|one| one.after_choice(meta.now));
        match (chosen, who) {
            (Some(chosen), Some(who)) if chosen.chosen() == Some(&who.session.sid) => {
                entry::onward(&self.arrival, &chosen)
            }
            _ => Ok(page::error(app, meta, ErrorWhat::PageExpired)),
        }
    }

    /// The person wants to make an account first.
    async fn create(&self, interaction: Option<Interaction>) -> Result<Response, OAuthError> {
        let Arrival { app, meta, headers, .. } = &self.arrival;
        let browser = browser::pre_session(app, headers).unwrap_or_default();
        let pending = interaction.unwrap_or_else(|| Interaction::own_sign_up(&app.issuer, browser, meta.now));
        sign_up::render(&self.arrival, browser, sign_up::opened(&self.arrival, pending, sign_up::Typed::default()))
            .await
    }

    /// The same page again, saying what went wrong, if anything did.
    async fn again(
        &self,
        interaction: Option<Interaction>,
        problem: Option<LoginProblem>,
    ) -> Result<Response, OAuthError> {
        let browser = browser::pre_session(self.arrival.app, self.arrival.headers).unwrap_or_default();
        let asked = match &interaction {
            Some(pending) => self.arrival.resume(pending).await?,
            None => None,
        };
        let request = asked.as_ref().and_then(|asked| self.arrival.validate(&asked.request).ok());
        let offered = interaction.as_ref().and_then(|one| one.offered.clone());
        let who = match &offered {
            Some(_) => browser::signed_in(self.arrival.app, self.arrival.headers, self.arrival.meta.now).await?,
            None => None,
        };
        let choice =
            who.filter(|who| offered.as_ref() == Some(&who.session.sid)).map(|who| consent::account_view(&who));
        let reason = match &interaction {
            Some(one) if one.user_code.is_some() => Reason::Device,
            Some(_) if choice.is_some() => Reason::SelectAccount,
            _ => Reason::SignIn,
        };
        let form = Form {
            // Whoever is still at it gets the whole time once more.
            interaction: interaction.map(|one| one.back(self.arrival.meta.now)),
            username: self.params.get("username").unwrap_or_default().chars().take(320).collect(),
            reason,
            signed_in: None,
            choice,
        };
        let keep = if self.params.get("keep").is_some() { KeepBox::On } else { KeepBox::Off };
        show(&self.arrival, request.as_ref(), &form, browser, problem.map(|problem| (problem, keep)))
    }
}

/// What a browser is answered whose session has begun: its cookies, and the way on to what was pending.
pub(super) fn entered(
    arrival: &Arrival<'_>,
    session: &Session,
    cookie: HeaderValue,
    interaction: Option<Interaction>,
) -> Result<Response, OAuthError> {
    let Arrival { app, meta, headers, .. } = arrival;
    let mut response = match interaction {
        None => page::see_other("/"),
        Some(interaction) => entry::onward(arrival, &interaction.after_sign_in(&session.sid, meta.now))?,
    };
    with_cookies(app, headers, session, cookie, &mut response);
    Ok(response)
}

/// The cookies of a session that has begun.
pub(super) fn with_cookies(
    app: &App,
    headers: &HeaderMap,
    session: &Session,
    cookie: HeaderValue,
    response: &mut Response,
) {
    response.headers_mut().append(SET_COOKIE, cookie);
    if let Some(state) = check_session::moved_on(app, headers, &session.sid, session.persistent) {
        response.headers_mut().append(SET_COOKIE, state);
    }
    response
        .headers_mut()
        .append(SET_COOKIE, browser::device_cookie(app, headers, &session.user_id, session.last_seen_at));
}

/// The person said no: the client hears `access_denied`.
pub(super) async fn deny(arrival: &Arrival<'_>, interaction: Option<Interaction>) -> Result<Response, OAuthError> {
    let Some(interaction) = interaction else { return Ok(page::see_other("/")) };
    // A device, or who asks over the back channel, is told by whoever is signed in: anybody could type a code here to end what
    // somebody else has begun.
    if interaction.user_code.is_some() || interaction.own_page.is_some() {
        return Ok(page::see_other("/"));
    }
    let expired = || page::error(arrival.app, arrival.meta, ErrorWhat::PageExpired);
    let Some(asked) = arrival.resume(&interaction).await? else { return Ok(expired()) };
    let Ok(request) = arrival.validate(&asked.request) else { return Ok(expired()) };
    let answer = arrival.tell(&request, &request.error(OAuthError::AccessDenied)).await?;
    let refused = metrics::Outcome::of(Some(OAuthError::AccessDenied.wire().code));
    arrival.app.metrics.authorizations.get_or_create(&refused).inc();
    Ok(answer)
}

/// Whoever says no at the second step says no to all of it.
pub(super) async fn deny_second_step(arrival: Arrival<'_>, interaction: Interaction) -> Response {
    match deny(&arrival, Some(interaction.clone())).await {
        Ok(response) => response,
        Err(error) => arrival.refuse_pending(Some(&interaction), &error).await,
    }
}

/// `POST /login/passkey`: a passkey instead of name and password.
pub(super) async fn passkey(State(app): State<Arc<App>>, form: Posted) -> Response {
    if let Some(refusal) = form.refusal(&app, Purpose::Login) {
        return refusal;
    }
    let Posted { params, headers, meta } = form;
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    let interaction = authorize::open(&app, &params, &headers, meta.now).filter(|one| one.step == Step::SignIn);
    let post = Post { arrival, params };
    match post.by_passkey(interaction).await {
        Ok(response) => response,
        Err(error) => page::protocol_error(&app, &meta, &error),
    }
}

/// Renders the sign-in page. `problem` is what went wrong before, with the state of the "keep" box.
pub(super) fn show(
    arrival: &Arrival<'_>,
    request: Option<&ValidRequest<'_>>,
    form: &Form,
    browser: &str,
    problem: Option<(LoginProblem, KeepBox)>,
) -> Result<Response, OAuthError> {
    let app = arrival.app;
    let redirect_uri = request.map(|request| request.redirect_uri().as_str());
    let languages = arrival.meta.reads.languages();
    let client = request.map(|request| page::client_view(request.client(), redirect_uri, &languages));
    let sealed = form.interaction.as_ref().map(|interaction| app.interactions.seal(interaction)).transpose();
    let logo: Option<WebUrl> = client.as_ref().and_then(|client| client.logo.clone());
    let interaction = sealed.map_err(|_| OAuthError::ServerError)?.unwrap_or_default();
    let asks_for_work = matches!(problem, Some((LoginProblem::Throttled { .. }, _)));
    let work = work::ask(app, browser, arrival.meta.now).filter(|_| asks_for_work);
    let view = Login {
        shell: page::shell(app, arrival.meta)
            .picking("/login", &interaction)
            .of_client(client.as_ref())
            .with_work(work),
        client,
        interaction,
        csrf: csrf::issue(&app.csrf, browser, Purpose::Login, arrival.meta.now),
        forgot: app.mail.is_on().then(|| csrf::issue(&app.csrf, browser, Purpose::Forgot, arrival.meta.now)),
        username: form.username.clone(),
        keep: problem.map_or(KeepBox::Off, |(_, keep)| keep),
        reason: form.reason,
        signed_in: form.signed_in.clone(),
        choice: form.choice.clone(),
        sign_up: if app.sign_up().is_open_to(request.map(ValidRequest::client)) {
            SignUpLink::Shown
        } else {
            SignUpLink::Hidden
        },
        by_email: if login_email::is_on(app) { EmailLink::Shown } else { EmailLink::Hidden },
        passkey: PasskeyGet {
            challenge: passkey::challenge(app, passkey::Ceremony::SignIn, browser, arrival.meta.now).text(),
            rp_id: passkey::rp(app).id().to_owned(),
            allow: String::new(),
        },
        problem: problem.map(|(problem, _)| problem),
    };
    // The sign-in ends in a redirect to the client, which browsers hold against the form's target too.
    let csp = request.map_or_else(Csp::strict, page::csp).image(logo.as_ref());
    let csp = csp.passkey_script(app.issuer.origin()).password_script(app.issuer.origin());
    let csp = work::allow(app, csp, &view.shell);
    let (status, wait) = match problem.map(|(problem, _)| problem) {
        None => (StatusCode::OK, None),
        Some(LoginProblem::Busy) => (StatusCode::SERVICE_UNAVAILABLE, Some(1)),
        Some(LoginProblem::Throttled { wait_secs }) => (StatusCode::TOO_MANY_REQUESTS, Some(wait_secs)),
        Some(_) => (StatusCode::BAD_REQUEST, None),
    };
    let mut response = twin::forms::login(&view).beside(page::html(app, status, &view, &csp));
    if let Some(seconds) = wait {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}
