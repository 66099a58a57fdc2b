//! Shared Signals (OpenID Shared Signals Framework 1.0): streams as they are stored, the events on them as signed tokens, and those who
//! wait for events.
//!
//! What is told is written by the store with what has happened; here it is only taken, judged and signed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use symbolon_oauth::shared_signals::set::{self, Telling};
use symbolon_oauth::shared_signals::stream::{Delivery as Transport, StreamConfig};
use symbolon_oauth::shared_signals::{Happened, TYP, api_identifier, is_receiver};
use symbolon_oauth::{Client, OAuthError};
use symbolon_store::{Delivery, EventStream, Transmission};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use zeroize::Zeroizing;

use crate::app::App;
use crate::registry::Registry;

/// Receivers that wait for events.
#[derive(Debug)]
pub struct Signals {
    pollers: Arc<Semaphore>,
    max_pollers: usize,
    closing: watch::Sender<bool>,
}

impl Signals {
    /// So many may wait at once.
    pub(crate) fn new(max_pollers: usize) -> Self {
        Self { pollers: Arc::new(Semaphore::new(max_pollers)), max_pollers, closing: watch::Sender::new(false) }
    }

    /// A place to wait, if there is one.
    pub(crate) fn wait(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.pollers).try_acquire_owned().ok()
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.max_pollers.saturating_sub(self.pollers.available_permits())
    }

    /// Nobody waits any longer.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Ends when nobody should wait any longer.
    pub(crate) async fn closed(&self) {
        // An error means the sender is gone, and with it the node.
        let _ = self.closing.subscribe().wait_for(|closing| *closing).await;
    }
}

/// The configuration as the store keeps it: what the receiver gave us to show is sealed.
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    endpoint_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed_authorization_header: Option<String>,
    events_requested: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

fn purpose(stream_id: &str) -> String {
    format!("event_stream/{stream_id}")
}

/// How events get there, as the store tells it apart.
pub(crate) fn transmission(config: &StreamConfig) -> Transmission {
    match config.delivery {
        Transport::Poll => Transmission::Poll,
        Transport::Push { .. } => Transmission::Push,
    }
}

/// A configuration for the store.
pub(crate) fn stored(app: &App, stream_id: &str, config: &StreamConfig) -> Value {
    let (endpoint_url, header) = match &config.delivery {
        Transport::Poll => (None, None),
        Transport::Push { endpoint_url, authorization_header } => {
            let seal = |header: &Zeroizing<String>| app.sealer.seal(&purpose(stream_id), header.as_bytes());
            (Some(endpoint_url.clone()), authorization_header.as_ref().map(seal))
        }
    };
    json!(Stored {
        endpoint_url,
        sealed_authorization_header: header,
        events_requested: config.events_requested.clone(),
        description: config.description.clone(),
    })
}

/// A configuration from the store.
pub(crate) fn config(app: &App, stream: &EventStream) -> Result<StreamConfig, OAuthError> {
    let corrupt = |why: &dyn std::fmt::Display| {
        tracing::error!(%why, stream = stream.id, "a stored event stream cannot be read");
        OAuthError::ServerError
    };
    let stored = Stored::deserialize(&stream.configuration).map_err(|why| corrupt(&why))?;
    let open = |sealed: String| {
        let opened = app.sealer.open(&purpose(&stream.id), &sealed).map_err(|why| corrupt(&why))?;
        String::from_utf8(opened.to_vec()).map(Zeroizing::new).map_err(|_| corrupt(&"the header is no text"))
    };
    let delivery = match (stream.transmission, stored.endpoint_url) {
        (Transmission::Poll, _) => Transport::Poll,
        (Transmission::Push, Some(endpoint_url)) => {
            let authorization_header = stored.sealed_authorization_header.map(open).transpose()?;
            Transport::Push { endpoint_url, authorization_header }
        }
        (Transmission::Push, None) => return Err(corrupt(&"it is pushed nowhere")),
    };
    Ok(StreamConfig { delivery, events_requested: stored.events_requested, description: stored.description })
}

/// The receiver of a stream, if the operator still lets it in.
pub(crate) fn receiver<'r>(app: &App, registry: &'r Registry, stream: &EventStream) -> Option<&'r Arc<Client>> {
    let api = registry.api(&api_identifier(&app.issuer)).map(AsRef::as_ref);
    registry.client(&stream.client_id).filter(|client| is_receiver(client, api))
}

/// What has happened, as the store has it.
pub(crate) fn happened(delivery: &Delivery) -> Result<Happened, serde_json::Error> {
    Happened::deserialize(&delivery.payload)
}

/// Whether it is for this stream: the receiver may hear of it, and still wants to.
pub(crate) fn is_wanted(client: &Client, stream: &EventStream, happened: &Happened) -> bool {
    let asked = happened.event.event_type().is_none_or(|event_type| stream.events.contains(event_type.name()));
    asked && happened.is_for(client)
}

/// The token that tells it.
pub(crate) fn sign(
    app: &App,
    registry: &Registry,
    client: &Client,
    stream: &EventStream,
    happened: &Happened,
) -> Result<String, OAuthError> {
    let (issuer, pairwise) = (&app.issuer, &app.pairwise);
    let telling = Telling { issuer, client, pairwise, stream_id: &stream.id, epoch: app.feed.epoch() };
    registry.sign(set::ALG, TYP, &set::plan(telling, happened))
}
