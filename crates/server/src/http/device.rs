//! `/device`: where a person enters the code that a device shows, and says whether it may have their account (RFC 8628 §3.3).
//!
//! A code is looked up only for somebody who is signed in, and each guess counts against them wherever they are (§5.1). Before that it
//! travels through the sign-in page in the signed interaction, and nothing is stored.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue, StatusCode};
use symbolon_oauth::endpoint::device_authorization::DeviceGrant;
use symbolon_oauth::endpoint::path;
use symbolon_oauth::{Grant, OAuthError, Params, Scope, UserCode};
use symbolon_store::{Artefact, Attempt, Hash32};

use super::answering::{Given, Waiting, asks, is_open, kept};
use super::authorize::{self, Arrival};
use super::browser::{self, SignedIn};
use super::device_authorization as started;
use super::login;
use super::meta::Meta;
use super::posted::Posted;
use super::{consent, page};
use crate::app::App;
use crate::effects::store_failure;
use crate::events;
use crate::interaction::{Interaction, Step};
use crate::pages::Csp;
use crate::pages::device::{CodeProblem, DeviceCode, DeviceQuestion, Place, QuestionProblem};
use crate::pages::done::{Done, DoneWhat};
use crate::pages::error::ErrorWhat;
use crate::pages::login::Reason;
use crate::session::csrf::{self, Purpose};

/// Where the answer goes.
pub(super) const ANSWER: &str = "/device/answer";

/// `GET /device`: the form, with the code of the link that led here (§3.3.1), or what goes on after a sign-in.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let visit = Visit { app: &app, meta: &meta, headers: &headers };
    let Ok(params) = Params::parse(query.unwrap_or_default().as_bytes()) else {
        return page::protocol_error(&app, &meta, &OAuthError::ParametersMalformed);
    };
    visit.come(&params).await.unwrap_or_else(|error| page::protocol_error(&app, &meta, &error))
}

/// `POST /device`: the code, as it was typed.
pub(super) async fn post(State(app): State<Arc<App>>, form: Posted) -> Response {
    if let Some(refusal) = form.refusal(&app, Purpose::Device) {
        return refusal;
    }
    let Posted { params, headers, meta } = form;
    let visit = Visit { app: &app, meta: &meta, headers: &headers };
    visit.enter(&params).await.unwrap_or_else(|error| page::protocol_error(&app, &meta, &error))
}

/// `POST /device/answer`.
pub(super) async fn answer(State(app): State<Arc<App>>, form: Posted) -> Response {
    if let Some(refusal) = form.refusal(&app, Purpose::DeviceAnswer) {
        return refusal;
    }
    let Posted { params, headers, meta } = form;
    let visit = Visit { app: &app, meta: &meta, headers: &headers };
    visit.answer(&params).await.unwrap_or_else(|error| page::protocol_error(&app, &meta, &error))
}

/// A browser at one of these pages.
struct Visit<'a> {
    app: &'a App,
    meta: &'a Meta,
    headers: &'a HeaderMap,
}

/// A device that waits.
struct Device {
    user_code: UserCode,
    waiting: Waiting<DeviceGrant>,
}

impl Visit<'_> {
    async fn come(&self, params: &Params) -> Result<Response, OAuthError> {
        let interaction = authorize::open(self.app, params, self.headers, self.meta.now);
        if let Some(Interaction { user_code: Some(code), step: Step::GoOn { .. }, .. }) = interaction
            && let Some(code) = UserCode::parse(&code)
            && let Some(who) = browser::signed_in(self.app, self.headers, self.meta.now).await?
        {
            return self.look_up(&who, code).await;
        }
        let code = params.get("user_code").and_then(UserCode::parse);
        Ok(self.form(&code.map(|code| code.to_string()).unwrap_or_default(), None))
    }

    async fn enter(&self, params: &Params) -> Result<Response, OAuthError> {
        let typed = params.get("user_code").unwrap_or_default();
        let Some(code) = UserCode::parse(typed) else { return Ok(self.form(typed, Some(CodeProblem::NotACode))) };
        match browser::signed_in(self.app, self.headers, self.meta.now).await? {
            Some(who) => self.look_up(&who, code).await,
            None => self.sign_in(&code),
        }
    }

    /// Whoever is not signed in learns nothing about a code.
    fn sign_in(&self, code: &UserCode) -> Result<Response, OAuthError> {
        let Self { app, meta, headers } = *self;
        let (browser, cookie) = browser::ensure_pre_session(app, headers);
        let interaction = Interaction::device_sign_in(&app.issuer, code, &browser, meta.now);
        let form = login::Form {
            interaction: Some(interaction),
            username: String::new(),
            reason: Reason::Device,
            signed_in: None,
            choice: None,
        };
        let arrival = Arrival { app, registry: app.registry(), meta, headers };
        let response = login::show(&arrival, None, &form, &browser, None)?;
        Ok(page::with_cookie(response, cookie))
    }

    /// Counted before it is looked up, so that parallel guesses cannot overtake the count.
    async fn look_up(&self, who: &SignedIn, code: UserCode) -> Result<Response, OAuthError> {
        let Self { app, meta, .. } = *self;
        let keys = app.throttle().user_code_keys(&who.user.id, started::address(meta));
        let names = keys.iter().map(|key| key.key.clone()).collect();
        let attempt = app.attempts.begin(keys, meta.now).await.map_err(|error| store_failure(&error))?;
        if let Attempt::Wait { secs } = attempt {
            app.metrics.limited("user_code");
            return Ok(self.form(&code.to_string(), Some(CodeProblem::Throttled { wait_secs: secs })));
        }
        let Some(waiting) = self.waiting(&code).await? else {
            events::user_code_unknown(app, meta, &who.session).await;
            return Ok(self.form(&code.to_string(), Some(CodeProblem::Unknown)));
        };
        app.attempts.forgive(Vec::new(), names).await.map_err(|error| store_failure(&error))?;
        self.ask(who, &waiting, None)
    }

    /// The device that waits with this code, if one still does.
    async fn waiting(&self, user_code: &UserCode) -> Result<Option<Device>, OAuthError> {
        let now = self.meta.now;
        let place = (Artefact::USER_CODE, Hash32(user_code.hash()));
        let asked = self.app.store.artefact(place.0, place.1).await.map_err(|error| store_failure(&error))?;
        let Some(asked) = asked.filter(|asked| is_open(asked, now)) else { return Ok(None) };
        let question: started::Question = kept(&asked)?;
        let waiting = Waiting::find(self.app, place, (Artefact::DEVICE_CODE, Hash32(question.waiting)), now).await?;
        Ok(waiting.map(|waiting| Device { user_code: user_code.clone(), waiting }))
    }

    /// The page that asks.
    fn ask(&self, who: &SignedIn, device: &Device, problem: Option<QuestionProblem>) -> Result<Response, OAuthError> {
        let Self { app, meta, headers } = *self;
        let registry = app.registry();
        let Waiting { grant, asked_at, .. } = &device.waiting;
        let client = registry.client(grant.asked.client_id.as_str()).map(AsRef::as_ref);
        let question = grant.asked.question(Grant::DeviceCode, &app.issuer, client, &*registry)?;
        let (browser, cookie) = browser::ensure_pre_session(app, headers);
        let binding = browser::session_binding(app, headers).unwrap_or_default();
        let user_code = device.user_code.to_string();
        let shown =
            Step::Device { sid: who.session.sid.clone(), user_code: user_code.clone(), scope: question.scope.clone() };
        let pending = Interaction::own_question(&app.issuer, &browser, meta.now, shown);
        let device = &grant.device;
        let view = DeviceQuestion {
            shell: page::shell_for(app, meta, &who.user),
            client: page::client_view(question.client, None, &meta.reads.languages()),
            account: consent::account_view(who),
            user_code,
            asked_secs_ago: meta.now.saturating_sub(*asked_at),
            address: device.address.clone(),
            place: Place::of(&device.address, &meta.address_text()),
            user_agent: device.user_agent.clone(),
            asks: asks(app, &question, page::shell_for(app, meta, &who.user).language),
            interaction: app.interactions.seal(&pending).map_err(|_| OAuthError::ServerError)?,
            csrf: csrf::issue(&app.csrf, binding, Purpose::DeviceAnswer, meta.now),
            problem,
        };
        let csp = Csp::strict().image(view.client.logo.as_ref());
        let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        Ok(page::with_cookie(page::html(app, status, &view, &csp), cookie))
    }

    async fn answer(&self, params: &Params) -> Result<Response, OAuthError> {
        let Self { app, meta, headers } = *self;
        let expired = || page::error(app, meta, ErrorWhat::PageExpired);
        let interaction = authorize::open(app, params, headers, meta.now);
        let Some(Step::Device { sid, user_code, scope }) = interaction.map(|interaction| interaction.step) else {
            return Ok(expired());
        };
        // Twice, because the user's roles may change in between, and with them the revocation handle.
        for _ in 0..2 {
            // The answer counts for the person the page was shown to (security requirement 18).
            let signed_in = browser::signed_in(app, headers, meta.now).await?;
            let Some(who) = signed_in.filter(|who| who.session.sid == sid) else { return Ok(expired()) };
            let Some(code) = UserCode::parse(&user_code) else { return Ok(expired()) };
            let Some(waiting) = self.waiting(&code).await? else {
                return Ok(self.form(&user_code, Some(CodeProblem::Unknown)));
            };
            let allows = params.get("decision") == Some("allow");
            if allows && params.get("compared").is_none() {
                return self.ask(&who, &waiting, Some(QuestionProblem::NotCompared));
            }
            match self.give(&who, &waiting, allows.then_some(&scope)).await? {
                Given::Done(response) => return Ok(response),
                Given::Gone => return Ok(expired()),
                Given::Late => return Ok(self.form(&user_code, Some(CodeProblem::Unknown))),
                Given::Changed => {}
            }
        }
        Err(OAuthError::TemporarilyUnavailable { retry_after_secs: 1 })
    }

    /// Makes the answer durable: yes to the scope that was shown, or no.
    async fn give(&self, who: &SignedIn, device: &Device, yes_to: Option<&Scope>) -> Result<Given, OAuthError> {
        let Self { app, meta, .. } = *self;
        let registry = app.registry();
        let waiting = &device.waiting;
        let grant = waiting.grant.clone();
        let client = registry.client(grant.asked.client_id.as_str()).map(AsRef::as_ref);
        let name = client.map(|client| client.name.clone()).unwrap_or_default();
        let (grant, event, what) = match yes_to {
            Some(scope) => {
                grant.asked.question(Grant::DeviceCode, &app.issuer, client, &*registry)?;
                let grant = grant.allowed(scope, &who.facts(app, meta.now));
                (grant, "device.allow", DoneWhat::DeviceAllowed { client: name })
            }
            None => (grant.denied(), "device.deny", DoneWhat::DeviceDenied { client: name }),
        };
        if let Err(given) = waiting.settle(app, &grant, yes_to.map(|_| who), Vec::new(), meta.now).await? {
            return Ok(given);
        }
        let recorded = events::device_answered(app, meta, event, &who.session, &grant).await;
        recorded.map_err(|error| store_failure(&error))?;
        let view = Done { shell: page::shell_for(app, meta, &who.user), what };
        Ok(Given::Done(page::html(app, StatusCode::OK, &view, &Csp::strict())))
    }

    /// The page where a code is entered.
    fn form(&self, user_code: &str, problem: Option<CodeProblem>) -> Response {
        let Self { app, meta, headers } = *self;
        let (browser, cookie) = browser::ensure_pre_session(app, headers);
        let view = DeviceCode {
            shell: page::shell(app, meta).carrying(path::DEVICE, &[("user_code", user_code)]),
            csrf: csrf::issue(&app.csrf, &browser, Purpose::Device, meta.now),
            user_code: user_code.chars().take(64).collect(),
            problem,
        };
        let status = match problem {
            None => StatusCode::OK,
            Some(CodeProblem::Throttled { .. }) => StatusCode::TOO_MANY_REQUESTS,
            Some(CodeProblem::NotACode | CodeProblem::Unknown) => StatusCode::BAD_REQUEST,
        };
        let mut response = page::html(app, status, &view, &Csp::strict());
        if let Some(CodeProblem::Throttled { wait_secs }) = problem {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait_secs));
        }
        page::with_cookie(response, cookie)
    }
}
