//! `/authorize` (RFC 6749 §3.1, OpenID Connect Core §3.1.2): validates the request, decides, and shows a
//! page or answers the client.
//!
//! The endpoint leaves nothing behind until someone has signed in: the pending request travels in a signed
//! value ([`crate::interaction`]), or lies pushed where its client has put it. A POST from another site changes nothing, it becomes a GET (design §6).

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
use symbolon_oauth::registration::Client;
use symbolon_oauth::{OAuthError, Params};

use super::browser::{self, SignedIn};
use super::meta::{Meta, Refused};
use super::{consent, form, hint, login, page};
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

/// `POST /authorize`: the same request by form. It may come from any site, so it only leads to the GET.
pub(super) async fn post(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Ok(body) = form::bytes(body, app.config().http.max_body_bytes).await else {
        return page::protocol_error(&app, &meta, &OAuthError::ParametersTooLarge);
    };
    if form::media_type(&headers) != form::MediaType::Form {
        return page::protocol_error(&app, &meta, &OAuthError::ParametersMalformed);
    }
    match Params::parse_for_authorize(&body) {
        Ok(params) => match form::query(&params) {
            Ok(query) => page::see_other(&format!("/authorize?{query}")),
            Err(error) => page::protocol_error(&app, &meta, &error),
        },
        Err(error) => page::protocol_error(&app, &meta, &error),
    }
}

/// `GET /authorize/continue`: goes on after a sign-in, with the pending request from the URL.
pub(super) async fn go_on(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    let interaction = params.ok().and_then(|params| open(&app, &params, &headers, meta.now));
    let Some(interaction) = interaction.filter(|interaction| matches!(interaction.step, Step::GoOn { .. })) else {
        return page::error(&app, &meta, ErrorWhat::PageExpired);
    };
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    arrival.answer(&interaction.query, Some(&interaction)).await
}

/// The pending request in the field `interaction`, if it is this browser's and fresh. What step it is for, the
/// caller checks.
pub(super) fn open(app: &App, params: &Params, headers: &HeaderMap, now: u64) -> Option<Interaction> {
    let browser = browser::pre_session(app, headers)?;
    app.interactions.open(params.get("interaction")?, browser, now).ok()
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
    /// Validates, decides and answers an authorization request.
    pub(super) async fn answer(&self, query: &str, interaction: Option<&Interaction>) -> Response {
        let response = self.respond(query, interaction).await;
        if let Some(refused) = response.extensions().get::<Refused>() {
            self.app.metrics.authorizations.get_or_create(&Outcome::of(Some(refused.error()))).inc();
        }
        response
    }

    async fn respond(&self, query: &str, interaction: Option<&Interaction>) -> Response {
        let asked = match self.read(query, interaction).await {
            Ok(asked) => asked,
            Err(unread) => return self.reject(&unread.beside, self.refuse_unread(&unread)),
        };
        let request = match self.validate(&asked.request) {
            Ok(request) => request,
            Err(rejection) => return self.reject(&asked.request.params, rejection),
        };
        let decided = match asked.query() {
            Ok(query) => self.decide(&request, &query, interaction).await,
            Err(error) => Err(error),
        };
        match decided {
            Ok(response) => response,
            Err(error @ (OAuthError::ServerError | OAuthError::TemporarilyUnavailable { .. })) => {
                page::protocol_error(self.app, self.meta, &error)
            }
            Err(error) => {
                let response = self.send(request.client(), &request.error(error.clone()).response);
                Refused::note(response, &error)
            }
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
        query: &str,
        interaction: Option<&Interaction>,
    ) -> Result<Response, OAuthError> {
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
            (Decision::SignIn(prompt), who) => self.sign_in(request, query, prompt, who.as_ref()),
            (Decision::Consent(prompt), Some(who)) => {
                let before = consent::Before { sign_in_since, chosen };
                consent::show(self, request, query, &prompt, &who, before)
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
        let reason = match prompt.why {
            SignInWhy::Acr | SignInWhy::MaxAge | SignInWhy::PromptLogin => Reason::Again,
            SignInWhy::SelectAccount => Reason::SelectAccount,
            SignInWhy::NoSession | SignInWhy::OtherUser => Reason::SignIn,
        };
        let (browser, cookie) = browser::ensure_pre_session(self.app, self.headers);
        let pending = Interaction::sign_in(&self.app.issuer, query, &browser, self.meta.now);
        let choice = signed_in.filter(|_| reason == Reason::SelectAccount);
        let pending = pending.from_source(request.source()).offering(choice.map(|who| who.session.sid.clone()));
        let choice = choice.map(consent::account_view);
        // Asked to confirm who they are, people need not type it again.
        let signed_in = signed_in.filter(|_| reason == Reason::Again).map(|who| consent::account_view(who).identifier);
        let username = prompt.login_hint.or_else(|| signed_in.clone()).unwrap_or_default();
        let form = login::Form { interaction: Some(pending), username, reason, signed_in, choice };
        Ok(page::with_cookie(login::show(self, Some(request), &form, &browser, None)?, cookie))
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
        if let Some(refusal) = self.keep(request, None).await? {
            return Ok(refusal);
        }
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
