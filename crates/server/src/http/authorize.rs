//! `/authorize` (RFC 6749 §3.1, OpenID Connect Core §3.1.2): validates the request, decides, and shows a
//! page or answers the client.
//!
//! The endpoint leaves nothing behind until someone has signed in: the pending request travels in a signed
//! value ([`crate::interaction`]), or lies pushed where its client has put it. A POST from another site changes nothing, it becomes a GET (design §6).

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use symbolon_oauth::authorize::{
    self, Decision, Effective, ErrorRedirect, Facts, InteractionFacts, IssueCode, Rejection, SignInPrompt, SignInWhy,
    ValidRequest,
};
use symbolon_oauth::registration::Client;
use symbolon_oauth::response_mode::{AuthorizationResponse, Rendering};
use symbolon_oauth::{OAuthError, Params};
use symbolon_store::{Artefact, Hash32};

use super::browser::{self, SignedIn};
use super::meta::{Meta, Refused};
use super::{answer, consent, form, hint, login, page};
use crate::app::App;
use crate::effects::store_failure;
use crate::interaction::{Interaction, Step};
use crate::metrics::Outcome;
use crate::pages::error::ErrorWhat;
use crate::pages::form_post::FormPost;
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
        let interaction_facts = InteractionFacts { sign_in_since, consent: None };
        let facts = self.facts(request, signed_in.as_ref(), Some(interaction_facts)).await?;
        let decision = {
            let mut rng = SystemRng;
            authorize::decide(&mut self.app.context(self.meta.now, &mut rng), request, &facts)
        };
        match (decision, signed_in) {
            (Decision::SignIn(prompt), who) => self.sign_in(request, query, prompt, who.as_ref()),
            (Decision::Consent(prompt), Some(who)) => consent::show(self, request, query, &prompt, &who, sign_in_since),
            (Decision::Issue(code), Some(who)) => self.issue(request, &code, &who).await,
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
            SignInWhy::MaxAge | SignInWhy::PromptLogin => Reason::Again,
            SignInWhy::NoSession | SignInWhy::OtherUser | SignInWhy::SelectAccount => Reason::SignIn,
        };
        let (browser, cookie) = browser::ensure_pre_session(self.app, self.headers);
        let pending = Interaction::sign_in(&self.app.issuer, query, &browser, self.meta.now);
        let pending = pending.from_source(request.source());
        // Asked to confirm who they are, people need not type it again.
        let signed_in = signed_in.filter(|_| reason == Reason::Again).map(|who| consent::account_view(who).identifier);
        let username = prompt.login_hint.or_else(|| signed_in.clone()).unwrap_or_default();
        let form = login::Form { interaction: Some(pending), username, reason, signed_in };
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
            Some(who) if request.may_need_consent() => {
                let (client_id, audience) = (request.client_id().as_str(), consent::audience(request));
                let found = self.app.store.consent(&who.user.id, client_id, audience).await;
                found.map_err(|error| store_failure(&error))?.and_then(consent::on_record)
            }
            _ => None,
        };
        Ok(Facts {
            session: signed_in.map(SignedIn::facts),
            interaction,
            consent_on_record,
            id_token_hint: hint::for_authorize(self.app, &self.registry, request, self.meta.now),
        })
    }

    /// Stores the code, and with it that a pushed request is used up, then hands it out.
    pub(super) async fn issue(
        &self,
        request: &ValidRequest<'_>,
        issue: &IssueCode,
        who: &SignedIn,
    ) -> Result<Response, OAuthError> {
        let grant = &issue.grant;
        let artefact = Artefact {
            kind: Artefact::AUTHORIZATION_CODE.to_owned(),
            hash: Hash32(issue.code.hash()),
            family: Some(grant.family_id.clone()),
            client_id: Some(grant.client_id.to_string()),
            user_id: Some(who.user.id.clone()),
            sid: Some(who.session.sid.clone()),
            created_at: self.meta.now,
            expires_at: issue.expires_at,
            redeemed_at: None,
            payload: serde_json::to_value(grant).map_err(|_| OAuthError::ServerError)?,
        };
        if let Some(refusal) = self.keep(request, Some(artefact)).await? {
            return Ok(refusal);
        }
        self.app.metrics.authorizations.get_or_create(&Outcome::of(None)).inc();
        Ok(self.send(request.client(), &issue.response))
    }

    /// Tells the client a refusal, which uses a pushed request up as a code does: one answer each (RFC 9126 §4).
    pub(super) async fn tell(&self, request: &ValidRequest<'_>, error: &ErrorRedirect) -> Result<Response, OAuthError> {
        if let Some(refusal) = self.keep(request, None).await? {
            return Ok(refusal);
        }
        Ok(Refused::note(self.send(request.client(), &error.response), &error.error))
    }

    /// Sends an answer to the client, in the response mode it asked for.
    pub(super) fn send(&self, client: &Client, response: &AuthorizationResponse) -> Response {
        let answer = match response.rendering() {
            Rendering::Redirect(location) => page::see_other(&location),
            Rendering::FormPost { action, fields } => {
                let view = FormPost {
                    shell: page::shell(self.app),
                    client: client.name.clone(),
                    action: action.to_owned(),
                    params: fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
                };
                page::html(self.app, StatusCode::OK, &view, &view.csp())
            }
        };
        answer::to_client(answer, client.client_id.as_str())
    }

    /// Tells the person, or the client, why the request is refused. A pushed one is not used up by that. Redirects only to what is proven.
    fn reject(&self, params: &Params, rejection: Rejection) -> Response {
        let error = match rejection {
            Rejection::Redirect(redirect) => {
                let Some(client) = self.client(params) else {
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
