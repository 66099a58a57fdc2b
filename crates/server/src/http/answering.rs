//! What the two pages share on which a person answers a client that asks from elsewhere: a device (RFC 8628 §3.3), or over the back channel
//! (CIBA Core 1.0).

use axum::response::Response;
use symbolon_oauth::OAuthError;
use symbolon_oauth::endpoint::elsewhere::{Asked, Question};
use symbolon_store::{AnswerArtefact, AnsweredBy, Artefact, Hash32, NewDelivery, Redeemed};

use super::browser::SignedIn;
use super::consent;
use crate::app::App;
use crate::effects::store_failure;
use crate::pages::asks::Asks;
use crate::pages::consent::{DetailView, Freshness};
use crate::words::Language;

/// A client that waits for an answer.
pub(super) struct Waiting<G> {
    /// Where the question is kept: kind and hash.
    pub question: (&'static str, Hash32),
    /// Where the request is kept.
    pub request: (&'static str, Hash32),
    /// What is kept there.
    pub grant: G,
    /// Since when.
    pub asked_at: u64,
}

/// What became of an answer.
pub(super) enum Given {
    /// The user changed meanwhile: look again.
    Changed,
    /// It counts.
    Done(Response),
    /// The session or the user is over.
    Gone,
    /// It was answered before, or the request has expired.
    Late,
}

impl<G: serde::Serialize + serde::de::DeserializeOwned + AsRef<Asked>> Waiting<G> {
    /// What waits under this hash, if it still does.
    pub(super) async fn find(
        app: &App,
        question: (&'static str, Hash32),
        request: (&'static str, Hash32),
        now: u64,
    ) -> Result<Option<Self>, OAuthError> {
        let found = app.store.artefact(request.0, request.1).await.map_err(|error| store_failure(&error))?;
        let Some(found) = found.filter(|found| is_open(found, now)) else { return Ok(None) };
        let grant: G = kept(&found)?;
        let is_pending = grant.as_ref().is_pending();
        Ok(is_pending.then_some(Self { question, request, grant, asked_at: found.created_at }))
    }

    /// Makes an answer durable, and with it that the client is told. `by` is who allows it, and nobody if it is a no.
    pub(super) async fn settle(
        &self,
        app: &App,
        answered: &G,
        by: Option<&SignedIn>,
        tell: Vec<NewDelivery>,
        now: u64,
    ) -> Result<Result<(), Given>, OAuthError> {
        let by = by.map(|who| AnsweredBy {
            user_id: who.user.id.clone(),
            revocation_handle: who.user.revocation_handle.clone(),
            sid: who.session.sid.clone(),
        });
        let place = |(kind, hash): (&str, Hash32)| (kind.to_owned(), hash);
        let answer = AnswerArtefact {
            question: place(self.question),
            waiting: place(self.request),
            by,
            payload: serde_json::to_value(answered).map_err(|_| OAuthError::ServerError)?,
            tell,
            now,
        };
        Ok(match app.store.answer_artefact(answer).await.map_err(|error| store_failure(&error))? {
            Redeemed::Done => Ok(()),
            Redeemed::Changed => Err(Given::Changed),
            Redeemed::Gone => Err(Given::Gone),
            Redeemed::AlreadyRedeemed | Redeemed::Expired | Redeemed::Unknown => Err(Given::Late),
        })
    }
}

/// Whether an artefact can be used still.
pub(super) fn is_open(artefact: &Artefact, now: u64) -> bool {
    artefact.redeemed_at.is_none() && now < artefact.expires_at
}

/// What is kept with an artefact.
pub(crate) fn kept<T: serde::de::DeserializeOwned>(artefact: &Artefact) -> Result<T, OAuthError> {
    serde_json::from_value(artefact.payload.clone()).map_err(|error| {
        tracing::error!(%error, kind = artefact.kind, "what is stored cannot be read");
        OAuthError::ServerError
    })
}

/// Everything that is asked for, whatever was allowed before.
pub(super) fn asks(app: &App, question: &Question<'_>, language: Language) -> Asks {
    let names = question.scope.iter().filter(|name| *name != "openid");
    let view = |name: &str| {
        let api = question.apis.iter().copied().find(|api| api.has_scope(name));
        consent::scope_view(api, name, Freshness::New, language)
    };
    Asks {
        details: question.details.iter().map(DetailView::of).collect(),
        scopes: names.map(view).collect(),
        lifetime_days: consent::lifetime_days(app, question.client, &question.scope),
    }
}
