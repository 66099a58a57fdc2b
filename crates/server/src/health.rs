//! Whether a node can do its work: its store answers, a key can sign, it is not about to stop.

use serde::Serialize;
use symbolon_jose::Algorithm;

use crate::app::App;

/// What health goes by. `/readyz` of the public listener tells the first reason only, that of the metrics listener all of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Health {
    /// Whether requests should come here.
    ready: bool,
    /// The store's own words when it does not answer.
    store_error: Option<String>,
    /// Algorithms that can sign.
    signing_algorithms: Vec<&'static str>,
    /// Version of the registry in memory.
    registry_version: u64,
    /// Version of the store's schema; absent where the store does not say.
    schema_version: Option<u32>,
    /// Seconds since the feed of revocations last said something; absent where there is none.
    feed_age_secs: Option<u64>,
    /// When the ordered certificate ends, Unix seconds; absent where there is none. It does not count for being ready: whoever proves
    /// the names to the authority must be reached before there is one.
    certificate_ends_at: Option<u64>,
    /// Why the last order of a certificate came to nothing.
    certificate_trouble: Option<String>,
    /// Told to stop: open requests finish, others should go elsewhere.
    draining: bool,
}

impl Health {
    pub(crate) fn is_ready(&self) -> bool {
        self.ready
    }

    /// Why it is not, for a caller who need not know more.
    pub(crate) fn reason(&self) -> Option<&'static str> {
        if self.draining {
            Some("stopping")
        } else if self.store_error.is_some() {
            Some("store unavailable")
        } else if self.signing_algorithms.is_empty() {
            Some("no signing key")
        } else {
            None
        }
    }
}

/// Looks at everything.
pub(crate) async fn examine(app: &App) -> Health {
    let store_error = app.store.ping().await.err().map(|error| error.to_string());
    // Whoever asks for health does not wait twice for a store that says nothing.
    let schema_version = match &store_error {
        None => app.store.schema_version().await.ok().flatten(),
        Some(_) => None,
    };
    let registry = app.registry();
    let ordered = registry.ordered();
    let mut health = Health {
        ready: false,
        store_error,
        signing_algorithms: registry.keys().algorithms().map(Algorithm::name).collect(),
        registry_version: registry.version(),
        schema_version,
        feed_age_secs: app.feed.age_secs(app.clock.now()),
        certificate_ends_at: ordered.certificate.as_ref().map(|certificate| certificate.ends_at),
        certificate_trouble: ordered.order.as_ref().and_then(|order| order.trouble.clone()),
        draining: app.is_draining(),
    };
    health.ready = health.reason().is_none();
    health
}
