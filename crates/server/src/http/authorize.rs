//! `/authorize` (RFC 6749 §3.1, OpenID Connect Core §3.1.2): validates the request, decides, and shows a
//! page or answers the client.
//!
//! The endpoint leaves nothing behind until someone has signed in: the pending request travels in a signed
//! value ([`crate::interaction`]), or lies pushed where its client has put it. A POST from another site comes without cookies: it becomes a GET,
//! or a POST of our own where it is too large for that (design §6).

mod answer;

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::HeaderMap;
use symbolon_oauth::authorize::{
    self, Decision, Effective, ErrorRedirect, Facts, InteractionFacts, Rejection, SignInPrompt, SignInWhy, ValidRequest,
};
use symbolon_oauth::endpoint::path;
use symbolon_oauth::registration::Client;
use symbolon_oauth::{OAuthError, Params};

use super::browser::{self, SignedIn};
use super::meta::{Meta, Refused};
use super::request::Asked;
use super::{co_authenticate, consent, form, hint, login, page, posted, sign_up};
use crate::app::App;
use crate::interaction::{Interaction, Step};
use crate::metrics::Outcome;
use crate::pages::error::ErrorWhat;
use crate::pages::login::Reason;
use crate::registry::Registry;
use crate::rng::SystemRng;

/// `GET /authorize`.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    arrival.answer(&query, None).await
}

/// `POST /authorize`: the same request by form (OpenID Connect Core §3.1.2.1). It may come from any site.
pub(super) async fn post(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let params = match posted(&app, &headers, body).await {
        Ok(params) => params,
        Err(error) => return page::protocol_error(&app, &meta, &error),
    };
    let target = format!("{}?{}", path::AUTHORIZE, params.to_query());
    if form::is_short(&target) {
        return page::see_other(&target);
    }
    let registry = app.registry();
    let Some(client) = params.get("client_id").and_then(|id| registry.client(id)) else {
        return page::protocol_error(&app, &meta, &OAuthError::ParametersTooLarge);
    };
    let fields = params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    page::hand_on(&app, &meta, Some(client), (AGAIN, fields), &client.redirect_uris)
}

/// Where a large request is posted again, by a page of ours.
pub(super) const AGAIN: &str = "/authorize/again";

/// `POST /authorize/again`: whoever posts here is answered as by `GET /authorize`, which changes nothing either.
pub(super) async fn again(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let params = match posted(&app, &headers, body).await {
        Ok(params) => params,
        Err(error) => return page::protocol_error(&app, &meta, &error),
    };
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    arrival.answer(&params.to_query(), None).await
}

async fn posted(app: &App, headers: &HeaderMap, body: Body) -> Result<Params, OAuthError> {
    form::posted(headers, body, app.config().http.max_body_bytes, Params::parse_for_authorize).await
}

/// Where a request goes on after a sign-in.
pub(super) const CONTINUE: &str = "/authorize/continue";

/// `GET /authorize/continue`: goes on after a sign-in, with the pending request from the URL.
pub(super) async fn go_on(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    arrival.go_on(Params::parse(query.unwrap_or_default().as_bytes())).await
}

/// `POST /authorize/continue`: the same, with one that is too large for a URL.
pub(super) async fn go_on_posted(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    arrival.go_on(posted(&app, &headers, body).await).await
}

/// The pending request in the field `interaction`, if it is this browser's and fresh. What step it is for, the
/// caller checks.
pub(super) fn open(app: &App, params: &Params, headers: &HeaderMap, now: u64) -> Option<Interaction> {
    let browser = browser::pre_session(app, headers)?;
    app.interactions.open(params.get("interaction")?, browser, now).ok()
}

/// The languages that a request names which has not been validated.
fn locales(query: &str) -> Vec<String> {
    let params = Params::parse_for_authorize(query.as_bytes()).unwrap_or_default();
    params.get("ui_locales").unwrap_or_default().split(' ').map(str::to_owned).collect()
}

/// A browser at the authorization endpoint.
pub(super) struct Arrival<'a> {
    /// The application.
    pub app: &'a App,
    /// What is registered, at one moment.
    pub registry: Arc<Registry>,
    /// The request's facts.
    pub meta: &'a Meta,
    /// Its headers.
    pub headers: &'a HeaderMap,
}

impl Arrival<'_> {
    async fn go_on(&self, params: Result<Params, OAuthError>) -> Response {
        let params = params.unwrap_or_default();
        let interaction = open(self.app, &params, self.headers, self.meta.now);
        match interaction.filter(|interaction| matches!(interaction.step, Step::GoOn { .. })) {
            Some(interaction) => self.answer(&interaction.query, Some(&interaction)).await,
            None => page::error(self.app, &posted::carrying(self.app, self.meta, &params), ErrorWhat::PageExpired),
        }
    }

    /// Validates, decides and answers an authorization request.
    pub(super) async fn answer(&self, query: &str, interaction: Option<&Interaction>) -> Response {
        let response = self.respond(query, interaction).await;
        if let Some(refused) = response.extensions().get::<Refused>() {
            self.app.metrics.authorizations.get_or_create(&Outcome::of(Some(refused.error()))).inc();
        }
        response
    }

    async fn respond(&self, query: &str, interaction: Option<&Interaction>) -> Response {
        // What a page says of a request that is not to be read, it says in the language that stands in it nevertheless.
        let meta = self.meta.asking(&interaction.map_or_else(|| locales(query), |one| one.locales.clone()));
        let arrival = self.with(&meta);
        let asked = match arrival.read(query, interaction).await {
            Ok(asked) => asked,
            Err(unread) => return arrival.reject(&unread.beside, arrival.refuse_unread(&unread)),
        };
        let request = match arrival.validate(&asked.request) {
            Ok(request) => request,
            Err(rejection) => return arrival.reject(&asked.request.params, rejection),
        };
        let meta = meta.asking(request.ui_locales());
        match self.with(&meta).decide(&request, &asked, interaction).await {
            Ok(response) => response,
            Err(error) => arrival.refuse(&request, &error),
        }
    }

    /// The same arrival, of which more is known.
    fn with<'m>(&'m self, meta: &'m Meta) -> Arrival<'m> {
        Arrival { app: self.app, registry: Arc::clone(&self.registry), meta, headers: self.headers }
    }

    /// Tells the client of a proven request why there is no answer, also when the fault is ours: `server_error` and
    /// `temporarily_unavailable` exist because no status can be sent there (RFC 6749 §4.1.2.1).
    fn refuse(&self, request: &ValidRequest<'_>, error: &OAuthError) -> Response {
        Refused::note(self.send(request.client(), &request.error(error.clone()).response), error)
    }

    /// The same, of the request that a page was shown for; a page if that cannot be proven any more.
    pub(super) async fn refuse_pending(&self, interaction: Option<&Interaction>, error: &OAuthError) -> Response {
        let asked = match interaction {
            Some(interaction) => self.resume(interaction).await.ok().flatten(),
            None => None,
        };
        match asked.as_ref().map(|asked| self.validate(&asked.request)) {
            Some(Ok(request)) => {
                self.app.metrics.authorizations.get_or_create(&Outcome::of(Some(error.wire().code))).inc();
                self.refuse(&request, error)
            }
            Some(Err(_)) | None => page::protocol_error(self.app, self.meta, error),
        }
    }

    /// Proves client, redirect URI and everything else of a request.
    pub(super) fn validate<'r>(&'r self, request: &Effective) -> Result<ValidRequest<'r>, Rejection> {
        authorize::validate(request, self.client(&request.params), &*self.registry, &self.app.issuer)
    }

    pub(super) fn client(&self, params: &Params) -> Option<&Client> {
        params.get("client_id").and_then(|id| self.registry.client(id)).map(AsRef::as_ref)
    }

    async fn decide(
        &self,
        request: &ValidRequest<'_>,
        asked: &Asked,
        interaction: Option<&Interaction>,
    ) -> Result<Response, OAuthError> {
        // Only on arrival: what went on from there has the session that the ticket brought, or asks for it.
        if let (None, Some(ticket)) = (interaction, asked.request.params.get("login_ticket"))
            && let Some(entered) = co_authenticate::redeem(self, request, &asked.query()?, ticket).await?
        {
            return Ok(entered);
        }
        let signed_in = browser::signed_in(self.app, self.headers, self.meta.now).await?;
        // The sign-in that the pending request waited for counts only in the session it made.
        let sid = signed_in.as_ref().map(|who| who.session.sid.as_str());
        let sign_in_since = interaction.and_then(|one| match &one.step {
            Step::GoOn { sid: made } if Some(made.as_str()) == sid => one.sign_in_since,
            _ => None,
        });
        let chosen = interaction.and_then(Interaction::chosen).map(str::to_owned);
        let interaction_facts = InteractionFacts { sign_in_since, consent: None, chosen: chosen.clone() };
        let facts = self.facts(request, signed_in.as_ref(), Some(interaction_facts)).await?;
        let decision = {
            let mut rng = SystemRng;
            authorize::decide(&mut self.app.context(self.meta.now, &mut rng), request, &facts)
        };
        match (decision, signed_in) {
            (Decision::SignIn(mut prompt), who) => {
                if prompt.login_hint.is_none() {
                    prompt.login_hint = hint::login_name(self.app, request, &facts.id_token_hint).await?;
                }
                self.sign_in(request, &asked.query()?, prompt, who.as_ref())
            }
            (Decision::Consent(prompt), Some(who)) => {
                let before = consent::Before { sign_in_since, chosen };
                consent::show(self, request, &asked.query()?, &prompt, &who, before)
            }
            (Decision::Issue(granted), Some(who)) => self.issue(request, *granted, &who).await,
            (Decision::Error(error), _) => self.tell(request, &error).await,
            // A decision that presupposes somebody is never taken about nobody.
            (Decision::Consent(_) | Decision::Issue(_), None) => Err(OAuthError::ServerError),
        }
    }

    /// Shows the sign-in page.
    pub(super) fn sign_in(
        &self,
        request: &ValidRequest<'_>,
        query: &str,
        prompt: SignInPrompt,
        signed_in: Option<&SignedIn>,
    ) -> Result<Response, OAuthError> {
        if prompt.why == SignInWhy::PromptCreate {
            return self.sign_up(request, query, prompt.login_hint);
        }
        let reason = match prompt.why {
            SignInWhy::Acr | SignInWhy::MaxAge | SignInWhy::PromptLogin => Reason::Again,
            SignInWhy::SelectAccount => Reason::SelectAccount,
            SignInWhy::NoSession | SignInWhy::OtherUser | SignInWhy::PromptCreate => Reason::SignIn,
        };
        let (browser, cookie) = browser::ensure_pre_session(self.app, self.headers);
        let pending = Interaction::sign_in(&self.app.issuer, query, &browser, self.meta.now);
        let choice = signed_in.filter(|_| reason == Reason::SelectAccount);
        let pending = pending.in_languages(self.meta.reads.asked());
        let pending = pending.from_source(request.source()).offering(choice.map(|who| who.session.sid.clone()));
        let choice = choice.map(consent::account_view);
        // Asked to confirm who they are, people need not type it again.
        let signed_in = signed_in.filter(|_| reason == Reason::Again).map(|who| consent::account_view(who).identifier);
        let username = prompt.login_hint.or_else(|| signed_in.clone()).unwrap_or_default();
        let form = login::Form { interaction: Some(pending), username, reason, signed_in, choice };
        Ok(page::with_cookie(login::show(self, Some(request), &form, &browser, None)?, cookie))
    }

    /// Shows the page for making an account.
    fn sign_up(
        &self,
        request: &ValidRequest<'_>,
        query: &str,
        login_hint: Option<String>,
    ) -> Result<Response, OAuthError> {
        let (browser, cookie) = browser::ensure_pre_session(self.app, self.headers);
        let pending = Interaction::sign_in(&self.app.issuer, query, &browser, self.meta.now);
        let typed = sign_up::Typed { email: login_hint.unwrap_or_default(), ..sign_up::Typed::default() };
        let pending = pending.in_languages(self.meta.reads.asked());
        let form = sign_up::Form { interaction: pending.from_source(request.source()), typed, problem: None };
        Ok(page::with_cookie(sign_up::show(self, Some(request), &browser, &form)?, cookie))
    }

    /// What the decision must know besides the request.
    pub(super) async fn facts(
        &self,
        request: &ValidRequest<'_>,
        signed_in: Option<&SignedIn>,
        interaction: Option<InteractionFacts>,
    ) -> Result<Facts, OAuthError> {
        let consent_on_record = match signed_in {
            Some(who) if request.may_need_consent() => consent::all_on_record(self.app, request, who).await?,
            _ => Vec::new(),
        };
        Ok(Facts {
            session: signed_in.map(|who| who.facts(self.app, self.meta.now)),
            user: signed_in
                .filter(|_| request.response_type().is_front_channel())
                .map(|who| crate::facts::user(&who.user)),
            interaction,
            consent_on_record,
            id_token_hint: hint::for_authorize(self.app, &self.registry, request, self.meta.now),
        })
    }

    /// Tells the client a refusal, which uses a pushed request up as a code does: one answer each (RFC 9126 §4).
    pub(super) async fn tell(&self, request: &ValidRequest<'_>, error: &ErrorRedirect) -> Result<Response, OAuthError> {
        self.keep(request, None).await?;
        Ok(Refused::note(self.send(request.client(), &error.response), &error.error))
    }

    /// Tells the person, or the client, why the request is refused. A pushed one is not used up by that. Redirects only to what is proven.
    fn reject(&self, params: &Params, rejection: Rejection) -> Response {
        let error = match rejection {
            Rejection::Redirect(redirect) => {
                let Some(client) = self.client(params).filter(|client| !client.is_unvetted()) else {
                    return page::protocol_error(self.app, self.meta, &redirect.error);
                };
                return Refused::note(self.send(client, &redirect.response), &redirect.error);
            }
            Rejection::Page(error) => error,
        };
        let received = |name| params.get(name).unwrap_or_default().chars().take(512).collect::<String>();
        let response = match (&error, self.client(params)) {
            (OAuthError::ClientUnknown, _) => {
                page::error(self.app, self.meta, ErrorWhat::UnknownClient { received: received("client_id") })
            }
            (OAuthError::RedirectUriNotRegistered, Some(client)) => {
                let what = ErrorWhat::RedirectUri {
                    client: client.name.clone(),
                    received: received("redirect_uri"),
                    registered: client.redirect_uris.len(),
                };
                page::error(self.app, self.meta, what)
            }
            _ => page::protocol_error(self.app, self.meta, &error),
        };
        Refused::note(response, &error)
    }
}
