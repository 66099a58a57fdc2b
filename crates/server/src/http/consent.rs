//! `/consent`: asks whether a client may have what it asks for, and carries out the answer.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use symbolon_oauth::authorize::{
    self as decision, ConsentAnswer, ConsentOnRecord, ConsentPrompt, Decision, InteractionFacts, ValidRequest,
};
use symbolon_oauth::{Api, Client, OAuthError, Params, Scope};
use symbolon_store::Consent as Record;

use super::authorize::{self, Arrival};
use super::browser::{self, SignedIn};
use super::page;
use super::posted::Posted;
use crate::app::App;
use crate::effects::store_failure;
use crate::events;
use crate::interaction::{Interaction, Step};
use crate::metrics::Outcome;
use crate::pages::AccountView;
use crate::pages::consent::{Consent, DetailView, Freshness, ScopeView};
use crate::pages::error::ErrorWhat;
use crate::rng::SystemRng;
use crate::session::csrf::{self, Purpose};
use crate::words::{self, Language};

/// What was allowed before, at each of the APIs asked for.
pub(super) async fn all_on_record(
    app: &App,
    request: &ValidRequest<'_>,
    who: &SignedIn,
) -> Result<Vec<ConsentOnRecord>, OAuthError> {
    let mut all = Vec::new();
    for (audience, _) in request.consents(request.scope()) {
        let (client_id, audience) = (request.client_id().as_str(), audience.unwrap_or_default());
        let found = app.store.consent(&who.user.id, client_id, audience).await;
        all.extend(found.map_err(|error| store_failure(&error))?.and_then(on_record));
    }
    Ok(all)
}

/// What the record of a consent says to the decision; `None` when it cannot be read.
fn on_record(record: Record) -> Option<ConsentOnRecord> {
    let audience = Some(record.audience).filter(|audience| !audience.is_empty());
    Some(ConsentOnRecord { audience, scope: Scope::parse(&record.scope).ok()? })
}

/// An account as pages show it.
pub(super) fn account_view(who: &SignedIn) -> AccountView {
    let user = &who.user;
    let identifier = user.email.clone().or_else(|| user.username.clone()).unwrap_or_else(|| user.id.clone());
    AccountView { name: user.name.clone().unwrap_or_else(|| identifier.clone()), identifier }
}

/// What had happened on the pages of a request before the one that asks for consent.
pub(super) struct Before {
    /// When its sign-in page was shown, if it was.
    pub sign_in_since: Option<u64>,
    /// The session in which the person chose to go on, if they were asked.
    pub chosen: Option<String>,
}

impl Before {
    fn of(interaction: &Interaction) -> Self {
        Self { sign_in_since: interaction.sign_in_since, chosen: interaction.chosen().map(str::to_owned) }
    }
}

/// Renders the consent page.
pub(super) fn show(
    arrival: &Arrival<'_>,
    request: &ValidRequest<'_>,
    query: &str,
    prompt: &ConsentPrompt,
    who: &SignedIn,
    before: Before,
) -> Result<Response, OAuthError> {
    let app = arrival.app;
    let (browser, cookie) = browser::ensure_pre_session(app, arrival.headers);
    let binding = browser::session_binding(app, arrival.headers).unwrap_or_default();
    let shown =
        Step::Consent { sid: who.session.sid.clone(), scope: prompt.scope.clone(), audience: prompt.audience.clone() };
    let pending = Interaction::consent(&app.issuer, query, &browser, arrival.meta.now, before.sign_in_since, shown);
    let pending = pending.in_languages(arrival.meta.reads.asked());
    let pending = pending.from_source(request.source()).offering(before.chosen);
    let languages = arrival.meta.reads.languages();
    let client = page::client_view(request.client(), Some(request.redirect_uri().as_str()), &languages);
    let csp = page::csp(request).image(client.logo.as_ref());
    let shell = page::shell_for(app, arrival.meta, &who.user).of_client(Some(&client));
    let language = shell.language;
    let view = Consent {
        shell,
        client,
        account: account_view(who),
        switch_account: None,
        interaction: app.interactions.seal(&pending).map_err(|_| OAuthError::ServerError)?,
        csrf: csrf::issue(&app.csrf, binding, Purpose::Consent, arrival.meta.now),
        details: prompt.details.iter().map(DetailView::of).collect(),
        scopes: scopes(request, prompt, language),
        lifetime_days: lifetime_days(app, request.client(), &prompt.scope),
    };
    Ok(page::with_cookie(page::html(app, StatusCode::OK, &view, &csp), cookie))
}

fn scopes(request: &ValidRequest<'_>, prompt: &ConsentPrompt, language: Language) -> Vec<ScopeView> {
    let describe = |name: &str| {
        let freshness = if prompt.new_scope.contains(name) { Freshness::New } else { Freshness::Known };
        scope_view(request.apis().find(|api| api.has_scope(name)), name, freshness, language)
    };
    prompt.scope.iter().filter(|name| *name != "openid").map(describe).collect()
}

/// For how many days at most a client would have this; `None`: until the person signs out.
pub(super) fn lifetime_days(app: &App, client: &Client, scope: &Scope) -> Option<u32> {
    let days = client.refresh_absolute_secs(&app.lifetimes()) / 86_400;
    scope.contains("offline_access").then(|| u32::try_from(days).unwrap_or(u32::MAX))
}

/// A scope in words: the standard's, or those of the API that has it.
pub(super) fn scope_view(api: Option<&Api>, name: &str, freshness: Freshness, language: Language) -> ScopeView {
    let api = api.filter(|api| api.has_scope(name));
    let own = api.and_then(|api| api.scopes.iter().find(|scope| scope.name == name));
    let described = own.map(|scope| scope.description.as_str()).filter(|text| !text.is_empty());
    ScopeView {
        name: name.to_owned(),
        text: words::Consent::of(language).scope(name).or(described).unwrap_or(name).to_owned(),
        api: api.map(|api| api.name.clone()),
        freshness,
    }
}

/// `POST /consent`.
pub(super) async fn post(State(app): State<Arc<App>>, form: Posted) -> Response {
    if let Some(refusal) = form.refusal(&app, Purpose::Consent) {
        return refusal;
    }
    let Posted { params, headers, meta } = form;
    let Some(interaction) = authorize::open(&app, &params, &headers, meta.now) else {
        return page::error(&app, &meta, ErrorWhat::PageExpired);
    };
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    match answer(&arrival, &params, &interaction).await {
        Ok(response) => response,
        Err(error) => arrival.refuse_pending(Some(&interaction), &error).await,
    }
}

async fn answer(arrival: &Arrival<'_>, params: &Params, interaction: &Interaction) -> Result<Response, OAuthError> {
    let Arrival { app, meta, headers, .. } = arrival;
    let expired = || page::error(app, meta, ErrorWhat::PageExpired);
    let Some(pending) = arrival.resume(interaction).await? else { return Ok(expired()) };
    let Ok(request) = arrival.validate(&pending.request) else { return Ok(expired()) };
    let signed_in = browser::signed_in(app, headers, meta.now).await?;
    // The answer counts for the person the page was shown to (security requirement 18).
    let Step::Consent { sid, scope, audience } = &interaction.step else { return Ok(expired()) };
    let Some(who) = signed_in.filter(|who| who.session.sid == *sid) else { return Ok(expired()) };
    let consent = match params.get("decision") {
        Some("allow") => {
            ConsentAnswer::Allowed { user_id: who.user.id.clone(), scope: scope.clone(), audience: audience.clone() }
        }
        _ => ConsentAnswer::Denied,
    };
    let Before { sign_in_since, chosen } = Before::of(interaction);
    let facts = InteractionFacts { sign_in_since, consent: Some(consent), chosen };
    let facts = arrival.facts(&request, Some(&who), Some(facts)).await?;
    let decided = {
        let mut rng = SystemRng;
        decision::decide(&mut app.context(meta.now, &mut rng), &request, &facts)
    };
    match decided {
        Decision::Issue(granted) => {
            if let Some(scope) = &granted.record_consent {
                record(arrival, &request, &who, scope).await?;
            }
            arrival.issue(&request, *granted, &who).await
        }
        Decision::Error(error) => {
            let refused = Outcome::of(Some(error.error.wire().code));
            app.metrics.authorizations.get_or_create(&refused).inc();
            arrival.tell(&request, &error).await
        }
        // What is registered has changed since the page was shown, or `max_age` has passed meanwhile.
        Decision::Consent(prompt) => {
            show(arrival, &request, &interaction.query, &prompt, &who, Before::of(interaction))
        }
        Decision::SignIn(prompt) => arrival.sign_in(&request, &interaction.query, prompt, Some(&who)),
    }
}

async fn record(
    arrival: &Arrival<'_>,
    request: &ValidRequest<'_>,
    who: &SignedIn,
    scope: &Scope,
) -> Result<(), OAuthError> {
    let Arrival { app, meta, .. } = arrival;
    let failed = |error| store_failure(&error);
    let client_id = request.client_id().as_str();
    for (audience, scope) in request.consents(scope) {
        let consent = Record {
            user_id: who.user.id.clone(),
            client_id: client_id.to_owned(),
            audience: audience.unwrap_or_default().to_owned(),
            scope: scope.to_string(),
            granted_at: meta.now,
        };
        app.store.grant_consent(consent).await.map_err(failed)?;
    }
    events::account(app, meta, "consent.grant", &who.user.id, Some(client_id)).await.map_err(failed)
}
