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
use symbolon_oauth::endpoint::device_authorization::{Answer, DeviceGrant, Question};
use symbolon_oauth::{OAuthError, Params, Scope, UserCode};
use symbolon_store::{AnswerArtefact, AnsweredBy, Artefact, Attempt, Hash32, Redeemed};

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
use crate::pages::consent::{Freshness, ScopeView};
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
struct Waiting {
    user_code: UserCode,
    hash: Hash32,
    grant: DeviceGrant,
    asked_at: u64,
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
    async fn waiting(&self, user_code: &UserCode) -> Result<Option<Waiting>, OAuthError> {
        let failed = |error| store_failure(&error);
        let (store, now) = (&self.app.store, self.meta.now);
        let is_open = |artefact: &Artefact| artefact.redeemed_at.is_none() && now < artefact.expires_at;
        let asked = store.artefact(Artefact::USER_CODE, Hash32(user_code.hash())).await.map_err(failed)?;
        let Some(asked) = asked.filter(is_open) else { return Ok(None) };
        let question: started::Question = serde_json::from_value(asked.payload).map_err(|error| {
            tracing::error!(%error, "a stored user code cannot be read");
            OAuthError::ServerError
        })?;
        let hash = Hash32(question.waiting);
        let Some(code) = store.artefact(Artefact::DEVICE_CODE, hash).await.map_err(failed)?.filter(is_open) else {
            return Ok(None);
        };
        let grant = started::grant(&code)?;
        let is_pending = grant.answer == Answer::Pending;
        Ok(is_pending.then(|| Waiting { user_code: user_code.clone(), hash, grant, asked_at: code.created_at }))
    }

    /// The page that asks.
    fn ask(&self, who: &SignedIn, waiting: &Waiting, problem: Option<QuestionProblem>) -> Result<Response, OAuthError> {
        let Self { app, meta, headers } = *self;
        let registry = app.registry();
        let client = registry.client(waiting.grant.client_id.as_str()).map(AsRef::as_ref);
        let (question, scope) = waiting.grant.question(&app.issuer, client, &*registry)?;
        let (browser, cookie) = browser::ensure_pre_session(app, headers);
        let binding = browser::session_binding(app, headers).unwrap_or_default();
        let user_code = waiting.user_code.to_string();
        let shown = Step::Device { sid: who.session.sid.clone(), user_code: user_code.clone(), scope: scope.clone() };
        let pending = Interaction::own_question(&app.issuer, &browser, meta.now, shown);
        let device = &waiting.grant.device;
        let lifetime_secs = question.client.refresh_absolute_secs(&app.lifetimes());
        let view = DeviceQuestion {
            shell: page::shell(app),
            client: page::client_view(question.client, None),
            account: consent::account_view(who),
            user_code,
            asked_secs_ago: meta.now.saturating_sub(waiting.asked_at),
            address: device.address.clone(),
            place: Place::of(&device.address, &meta.address_text()),
            user_agent: device.user_agent.clone(),
            scopes: scopes(&question, &scope),
            lifetime_days: scope
                .contains("offline_access")
                .then(|| u32::try_from(lifetime_secs / 86_400).unwrap_or(u32::MAX)),
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
    async fn give(&self, who: &SignedIn, waiting: &Waiting, yes_to: Option<&Scope>) -> Result<Given, OAuthError> {
        let Self { app, meta, .. } = *self;
        let registry = app.registry();
        let client = registry.client(waiting.grant.client_id.as_str()).map(AsRef::as_ref);
        let name = client.map(|client| client.name.clone()).unwrap_or_default();
        let (grant, event, what) = match yes_to {
            Some(scope) => {
                waiting.grant.question(&app.issuer, client, &*registry)?;
                (
                    waiting.grant.allowed(scope, &who.facts(app, meta.now)),
                    "device.allow",
                    DoneWhat::DeviceAllowed { client: name },
                )
            }
            None => (waiting.grant.denied(), "device.deny", DoneWhat::DeviceDenied { client: name }),
        };
        let by = AnsweredBy {
            user_id: who.user.id.clone(),
            revocation_handle: who.user.revocation_handle.clone(),
            sid: who.session.sid.clone(),
        };
        let answer = AnswerArtefact {
            question: (Artefact::USER_CODE.to_owned(), Hash32(waiting.user_code.hash())),
            waiting: (Artefact::DEVICE_CODE.to_owned(), waiting.hash),
            by: yes_to.map(|_| by),
            payload: serde_json::to_value(&grant).map_err(|_| OAuthError::ServerError)?,
            tell: Vec::new(),
            now: meta.now,
        };
        match app.store.answer_artefact(answer).await.map_err(|error| store_failure(&error))? {
            Redeemed::Done => {}
            Redeemed::Changed => return Ok(Given::Changed),
            Redeemed::Gone => return Ok(Given::Gone),
            Redeemed::AlreadyRedeemed | Redeemed::Expired | Redeemed::Unknown => return Ok(Given::Late),
        }
        let recorded = events::device_answered(app, meta, event, &who.session, &grant).await;
        recorded.map_err(|error| store_failure(&error))?;
        let view = Done { shell: page::shell(app), what };
        Ok(Given::Done(page::html(app, StatusCode::OK, &view, &Csp::strict())))
    }

    /// The page where a code is entered.
    fn form(&self, user_code: &str, problem: Option<CodeProblem>) -> Response {
        let Self { app, meta, headers } = *self;
        let (browser, cookie) = browser::ensure_pre_session(app, headers);
        let view = DeviceCode {
            shell: page::shell(app),
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

/// What became of an answer.
enum Given {
    /// The user changed meanwhile: look again.
    Changed,
    /// It counts.
    Done(Response),
    /// The session or the user is over.
    Gone,
    /// Somebody answered before, or the code has expired.
    Late,
}

/// Everything that is asked for, whatever was allowed before.
fn scopes(question: &Question<'_>, scope: &Scope) -> Vec<ScopeView> {
    let names = scope.iter().filter(|name| *name != "openid");
    names.map(|name| consent::scope_view(question.api, name, Freshness::New)).collect()
}
