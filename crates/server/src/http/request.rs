//! What an authorization request asks, however it came: as a query, as a request object by value or by reference (RFC 9101, OpenID
//! Connect Core §6), or pushed before (RFC 9126).
//!
//! An object is opened once, when the browser arrives; then its parameters travel through the pages in the place of those it came beside.
//! A pushed request stays where it is, is read at each step, and is used up by the answer. Nothing is fetched but from addresses that
//! the client has registered.

use symbolon_oauth::authorize::{self, Effective, ObjectKind, Rejection, Source, ValidRequest};
use symbolon_oauth::pushed_request::{self, PushedRequest};
use symbolon_oauth::request_object::{Keys, Opener};
use symbolon_oauth::{Client, OAuthError, Params};
use symbolon_store::{Artefact, Hash32, Redeemed};

use super::authorize::Arrival;
use super::{form, request_uri};
use crate::effects::store_failure;
use crate::interaction::Interaction;

/// A request as it was read.
pub(super) struct Asked {
    /// What it asks.
    pub(super) request: Effective,
    /// What names a pushed one, as a query.
    reference: Option<String>,
}

impl Asked {
    /// What travels through the pages, if it is not too large for that.
    pub(super) fn query(&self) -> Result<String, OAuthError> {
        match &self.reference {
            Some(reference) => Ok(reference.clone()),
            None => form::query(&self.request.params),
        }
    }
}

/// A request that could not be read.
pub(super) struct Unread {
    /// Why.
    error: OAuthError,
    /// What came beside it.
    pub(super) beside: Params,
}

impl Arrival<'_> {
    /// Reads the request in a query; `interaction` is the pending one it comes from, if it does.
    pub(super) async fn read(&self, query: &str, interaction: Option<&Interaction>) -> Result<Asked, Box<Unread>> {
        let params = Params::parse_for_authorize(query.as_bytes())
            .map_err(|error| Box::new(Unread { error, beside: Params::default() }))?;
        // Wherever the answer is told, it may have to be encrypted.
        if let Some(client) = self.client(&params) {
            self.app.fetch_encryption_keys(client, self.meta.now).await;
        }
        match self.open(&params, interaction).await {
            Ok(Some(asked)) => Ok(asked),
            Ok(None) => {
                let source = Source { pushed: None, object: interaction.and_then(|pending| pending.object) };
                Ok(Asked { request: Effective { params, source }, reference: None })
            }
            Err(error) => Err(Box::new(Unread { error, beside: params })),
        }
    }

    /// Reads the request of a page that was shown for it; nothing if it is not to be had any more.
    pub(super) async fn resume(&self, interaction: &Interaction) -> Result<Option<Asked>, OAuthError> {
        match self.read(&interaction.query, Some(interaction)).await {
            Ok(asked) => Ok(Some(asked)),
            Err(unread) if unread.error.wire().status >= 500 => Err(unread.error),
            Err(_) => Ok(None),
        }
    }

    /// The request that stands elsewhere, if the parameters say that it does.
    async fn open(&self, params: &Params, interaction: Option<&Interaction>) -> Result<Option<Asked>, OAuthError> {
        let (object, uri) = (params.get("request"), params.get("request_uri"));
        if object.is_none() && uri.is_none() {
            return Ok(None);
        }
        for name in ["client_id", "request", "request_uri"] {
            if params.is_repeated(name) {
                return Err(OAuthError::ParameterRepeated(name.to_owned()));
            }
        }
        let client_id = params.require("client_id")?;
        let client = self.client(params).filter(|client| !client.disabled).ok_or(OAuthError::ClientUnknown)?;
        let (params, kind) = match (object, uri) {
            (Some(_), Some(_)) => return Err(OAuthError::RequestObjectTwice),
            (_, Some(uri)) => {
                if let Some(token) = pushed_request::reference(uri) {
                    let arrival = match interaction {
                        Some(_) => pushed_request::Arrival::Before,
                        None => pushed_request::Arrival::At(self.meta.now),
                    };
                    let request = self.pushed(token?.hash(), client_id, arrival).await?;
                    let reference = Params::from_pairs([("client_id", client_id), ("request_uri", uri)])?.to_query();
                    return Ok(Some(Asked { request, reference: Some(reference) }));
                }
                // Refused in any case: not after this server has asked somebody for it.
                if client.must_push() {
                    return Err(OAuthError::PushedRequestRequired);
                }
                let text = request_uri::fetch(self.app, client, uri, self.meta.now).await?;
                self.unfold(client, params, &text).await?
            }
            (Some(text), None) => self.unfold(client, params, text).await?,
            (None, None) => return Ok(None),
        };
        let source = Source { pushed: None, object: Some(kind) };
        Ok(Some(Asked { request: Effective { params, source }, reference: None }))
    }

    /// Opens a request object of the client.
    async fn unfold(&self, client: &Client, beside: &Params, text: &str) -> Result<(Params, ObjectKind), OAuthError> {
        let public = self.app.keys_of_request_object(&self.registry, client, text, self.meta.now).await;
        let keys = self.registry.request_keys(client.client_id.as_str());
        let keys = Keys { verifying: public.verifying(), ..keys };
        Opener { client, keys, issuer: &self.app.issuer, now: self.meta.now }.open(beside, text)
    }

    async fn pushed(
        &self,
        hash: [u8; 32],
        client_id: &str,
        arrival: pushed_request::Arrival,
    ) -> Result<Effective, OAuthError> {
        let found = self.app.store.artefact(Artefact::PUSHED_REQUEST, Hash32(hash)).await;
        let unused = found.map_err(|error| store_failure(&error))?.filter(|found| found.redeemed_at.is_none());
        let request = unused.ok_or(OAuthError::PushedRequestUnknown)?.payload;
        let request: PushedRequest = serde_json::from_value(request).map_err(|error| {
            tracing::error!(%error, "a stored pushed request cannot be read");
            OAuthError::ServerError
        })?;
        request.open(hash, client_id, arrival)
    }

    /// How it is told that a request could not be read.
    pub(super) fn refuse_unread(&self, unread: &Unread) -> Rejection {
        authorize::refuse(&unread.beside, self.client(&unread.beside), &self.app.issuer, unread.error.clone())
    }

    /// Uses a pushed request up, and stores the code that comes of it, if one does; not if somebody was faster.
    pub(super) async fn keep(&self, request: &ValidRequest<'_>, code: Option<Artefact>) -> Result<(), OAuthError> {
        let (store, now) = (&self.app.store, self.meta.now);
        let pushed = request.source().pushed.map(Hash32);
        let used = match (pushed, code) {
            (Some(hash), Some(code)) => store.exchange_artefact(Artefact::PUSHED_REQUEST, hash, code, now).await,
            (Some(hash), None) => store.redeem_artefact(Artefact::PUSHED_REQUEST, hash, now).await,
            (None, Some(code)) => store.put_artefact(code).await.map(|()| Redeemed::Done),
            (None, None) => Ok(Redeemed::Done),
        };
        match used.map_err(|error| store_failure(&error))? {
            Redeemed::Done => Ok(()),
            _ => Err(OAuthError::PushedRequestUnknown),
        }
    }
}
