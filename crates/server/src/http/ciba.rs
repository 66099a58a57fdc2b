//! `/ciba`: where a person sees which clients ask for them over the back channel (CIBA Core 1.0), and answers.
//!
//! Nothing is told to somebody who is not signed in, and nobody sees or answers what others are asked.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::json;
use symbolon_jose::base64url;
use symbolon_oauth::acr::Performed;
use symbolon_oauth::authorize::SessionFacts;
use symbolon_oauth::endpoint::backchannel_authentication::{CibaGrant, Level};
use symbolon_oauth::registration::DeliveryMode;
use symbolon_oauth::second_factor::Wanted;
use symbolon_oauth::{Grant, OAuthError, Params, Scope};
use symbolon_store::{Artefact, Delivery, Hash32, NewDelivery};

use super::answering::{Given, Waiting, asks, is_open, kept};
use super::authorize::{self, Arrival};
use super::browser::{self, SignedIn};
use super::login;
use super::meta::Meta;
use super::posted::Posted;
use super::{bc_authorize, consent, page};
use crate::app::App;
use crate::effects::store_failure;
use crate::events;
use crate::interaction::{Interaction, Step};
use crate::pages::Csp;
use crate::pages::ciba::{Ciba, CibaProblem, CibaRequest};
use crate::pages::done::{Done, DoneWhat};
use crate::pages::error::ErrorWhat;
use crate::pages::login::Reason;
use crate::session::csrf::{self, Purpose};

/// Where an answer goes.
pub(super) const ANSWER: &str = "/ciba/answer";

/// `GET /ciba`: what waits for whoever is signed in.
pub(super) async fn get(State(app): State<Arc<App>>, Extension(meta): Extension<Meta>, headers: HeaderMap) -> Response {
    let visit = Visit { app: &app, meta: &meta, headers: &headers };
    visit.come().await.unwrap_or_else(|error| page::protocol_error(&app, &meta, &error))
}

/// `POST /ciba/answer`.
pub(super) async fn answer(State(app): State<Arc<App>>, form: Posted) -> Response {
    if let Some(refusal) = form.refusal(&app, Purpose::CibaAnswer) {
        return refusal;
    }
    let Posted { params, headers, meta } = form;
    let visit = Visit { app: &app, meta: &meta, headers: &headers };
    visit.answer(&params).await.unwrap_or_else(|error| page::protocol_error(&app, &meta, &error))
}

/// The level that somebody who signs in for this page must come by, so that a yes of theirs counts: of the first question that what is proven of them
/// is not enough for.
pub(super) async fn wanted(arrival: &Arrival<'_>, user_id: &str, amr: &[String]) -> Result<Wanted, OAuthError> {
    let Arrival { app, meta, headers, .. } = *arrival;
    let visit = Visit { app, meta, headers };
    for question in bc_authorize::waiting(app, user_id, meta.now).await? {
        let Some(waiting) = visit.waiting(&question).await? else { continue };
        let wanted = waiting.grant.acr_values;
        let reached = app.levels.first_of(&wanted, Performed { amr, age_secs: Some(0) }).is_some();
        if !wanted.is_empty() && !reached {
            return Ok(Wanted::Essential(wanted));
        }
    }
    Ok(Wanted::Nothing)
}

/// A browser at this page.
struct Visit<'a> {
    app: &'a App,
    meta: &'a Meta,
    headers: &'a HeaderMap,
}

impl Visit<'_> {
    async fn come(&self) -> Result<Response, OAuthError> {
        match browser::signed_in(self.app, self.headers, self.meta.now).await? {
            Some(who) => self.list(&who, None).await,
            None => self.sign_in(None),
        }
    }

    /// For whoever is not signed in, or `again` for who is.
    fn sign_in(&self, again: Option<&SignedIn>) -> Result<Response, OAuthError> {
        let Self { app, meta, headers } = *self;
        let (browser, cookie) = browser::ensure_pre_session(app, headers);
        let interaction = Interaction::ciba_sign_in(&app.issuer, &browser, meta.now);
        let form = login::Form {
            interaction: Some(interaction),
            username: again.map(|who| consent::account_view(who).identifier).unwrap_or_default(),
            reason: if again.is_some() { Reason::Again } else { Reason::SignIn },
            signed_in: again.map(|who| consent::account_view(who).identifier),
            choice: None,
        };
        let arrival = Arrival { app, registry: app.registry(), meta, headers };
        let response = login::show(&arrival, None, &form, &browser, None)?;
        Ok(page::with_cookie(response, cookie))
    }

    /// The page with all that waits.
    async fn list(&self, who: &SignedIn, problem: Option<CibaProblem>) -> Result<Response, OAuthError> {
        let Self { app, meta, headers } = *self;
        let (browser, cookie) = browser::ensure_pre_session(app, headers);
        let mut requests = Vec::new();
        for question in bc_authorize::waiting(app, &who.user.id, meta.now).await? {
            if let Some(waiting) = self.waiting(&question).await?
                && let Some(view) = self.view(who, &browser, &waiting)?
            {
                requests.push(view);
            }
        }
        let binding = browser::session_binding(app, headers).unwrap_or_default();
        let view = Ciba {
            shell: page::shell_for(app, meta, &who.user),
            account: consent::account_view(who),
            csrf: csrf::issue(&app.csrf, binding, Purpose::CibaAnswer, meta.now),
            requests,
            problem,
        };
        let csp = view.requests.iter().fold(Csp::strict(), |csp, request| csp.image(request.client.logo.as_ref()));
        let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        Ok(page::with_cookie(page::html(app, status, &view, &csp), cookie))
    }

    /// The request behind a question, if it waits still.
    async fn waiting(&self, question: &Artefact) -> Result<Option<Waiting<CibaGrant>>, OAuthError> {
        let asked: bc_authorize::Question = kept(question)?;
        let request = (Artefact::AUTH_REQ_ID, Hash32(asked.waiting));
        Waiting::find(self.app, (Artefact::CIBA_QUESTION, question.hash), request, self.meta.now).await
    }

    /// One request as the page shows it; nothing of one that cannot be had any more.
    fn view(
        &self,
        who: &SignedIn,
        browser: &str,
        waiting: &Waiting<CibaGrant>,
    ) -> Result<Option<CibaRequest>, OAuthError> {
        let Self { app, meta, .. } = *self;
        let registry = app.registry();
        let grant = &waiting.grant;
        let client = registry.client(grant.asked.client_id.as_str()).map(AsRef::as_ref);
        let Ok(question) = grant.asked.question(Grant::Ciba, &app.issuer, client, &*registry) else { return Ok(None) };
        let shown = Step::Ciba {
            sid: who.session.sid.clone(),
            question: base64url::encode(waiting.question.1.as_bytes()),
            scope: question.scope.clone(),
        };
        let pending = Interaction::own_question(&app.issuer, browser, meta.now, shown);
        Ok(Some(CibaRequest {
            client: page::client_view(question.client, None, &meta.reads.languages()),
            binding_message: grant.binding_message.clone(),
            asked_secs_ago: meta.now.saturating_sub(waiting.asked_at),
            address: grant.from.address.clone(),
            asks: asks(app, &question, page::shell_for(app, meta, &who.user).language),
            interaction: app.interactions.seal(&pending).map_err(|_| OAuthError::ServerError)?,
        }))
    }

    async fn answer(&self, params: &Params) -> Result<Response, OAuthError> {
        let Self { app, meta, headers } = *self;
        let expired = || page::error(app, meta, ErrorWhat::PageExpired);
        let interaction = authorize::open(app, params, headers, meta.now);
        let Some(Step::Ciba { sid, question, scope }) = interaction.map(|interaction| interaction.step) else {
            return Ok(expired());
        };
        let hash = base64url::decode(&question).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let Some(hash) = hash.map(Hash32) else { return Ok(expired()) };
        // Twice, because the user's roles may change in between, and with them the revocation handle.
        for _ in 0..2 {
            // The answer counts for the person the page was shown to (security requirement 18).
            let signed_in = browser::signed_in(app, headers, meta.now).await?;
            let Some(who) = signed_in.filter(|who| who.session.sid == sid) else { return Ok(expired()) };
            let found = app.store.artefact(Artefact::CIBA_QUESTION, hash).await;
            let found = found.map_err(|error| store_failure(&error))?;
            let own =
                found.filter(|question| question.user_id.as_ref() == Some(&who.user.id) && is_open(question, meta.now));
            let waiting = match &own {
                Some(question) => self.waiting(question).await?,
                None => None,
            };
            let Some(waiting) = waiting else { return self.list(&who, Some(CibaProblem::Over)).await };
            let allows = params.get("decision") == Some("allow");
            if allows
                && waiting.grant.binding_message.is_some()
                && !params.iter().any(|(name, _)| name.starts_with("compared"))
            {
                return self.list(&who, Some(CibaProblem::NotCompared)).await;
            }
            let facts = who.facts(app, meta.now);
            let said = match waiting.grant.level(&app.levels, &facts, (waiting.asked_at, meta.now)) {
                _ if !allows => Said::No,
                Level::Met(acr) => Said::Yes { scope: &scope, session: SessionFacts { acr, ..facts } },
                Level::SignInAgain => return self.sign_in(Some(&who)),
                Level::Unmet => Said::Unmet,
            };
            match self.give(&who, &waiting, said).await? {
                Given::Done(response) => return Ok(response),
                Given::Gone => return Ok(expired()),
                Given::Late => return self.list(&who, Some(CibaProblem::Over)).await,
                Given::Changed => {}
            }
        }
        Err(OAuthError::TemporarilyUnavailable { retry_after_secs: 1 })
    }

    /// Makes the answer durable, and with it that the client is told.
    async fn give(&self, who: &SignedIn, waiting: &Waiting<CibaGrant>, said: Said<'_>) -> Result<Given, OAuthError> {
        let Self { app, meta, .. } = *self;
        let registry = app.registry();
        let grant = waiting.grant.clone();
        let client = registry.client(grant.asked.client_id.as_str()).map(AsRef::as_ref);
        let name = client.map(|client| client.name.clone()).unwrap_or_default();
        let by = matches!(said, Said::Yes { .. }).then_some(who);
        let (grant, event, what) = match said {
            Said::Yes { scope, session } => {
                grant.asked.question(Grant::Ciba, &app.issuer, client, &*registry)?;
                let grant = grant.allowed(scope, &session, meta.now);
                (grant, "ciba.allow", DoneWhat::CibaAllowed { client: name })
            }
            Said::No => (grant.denied(meta.now), "ciba.deny", DoneWhat::CibaDenied { client: name }),
            Said::Unmet => (grant.unmet(meta.now), "ciba.unmet", DoneWhat::CibaUnmet { client: name }),
        };
        if let Err(given) = waiting.settle(app, &grant, by, news(waiting), meta.now).await? {
            return Ok(given);
        }
        let recorded = events::ciba_answered(app, meta, event, &who.session, &grant).await;
        recorded.map_err(|error| store_failure(&error))?;
        let view = Done { shell: page::shell_for(app, meta, &who.user), what };
        Ok(Given::Done(page::html(app, StatusCode::OK, &view, &Csp::strict())))
    }
}

/// What a person said.
enum Said<'a> {
    /// No.
    No,
    /// Yes, but their sign-in is of no level that the client asked for.
    Unmet,
    /// Yes, to the scope that was shown.
    Yes { scope: &'a Scope, session: SessionFacts },
}

/// What tells the client, unless it asks by itself.
fn news(waiting: &Waiting<CibaGrant>) -> Vec<NewDelivery> {
    if waiting.grant.mode == DeliveryMode::Poll {
        return Vec::new();
    }
    let payload = json!({ "waiting": base64url::encode(waiting.request.1.as_bytes()), "sub": waiting.grant.user_id });
    vec![NewDelivery { kind: Delivery::CIBA.to_owned(), target: waiting.grant.asked.client_id.to_string(), payload }]
}
