//! Who counts attempts (security 124 and 125): the store; or Valkey, where `throttle.valkey` names one, and the store whenever that is away.
//!
//! Which of them it is, is nobody's concern: an attempt is never refused, nor let through uncounted, because Valkey is away.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use symbolon_jose::base64url;
use symbolon_store::{Attempt, Store, StoreError, ThrottleKey, Valkey, valkey};

use crate::app::AppError;
use crate::config::Config;

/// The counters of failed attempts.
pub struct Attempts {
    store: Arc<dyn Store>,
    valkey: Option<Valkey>,
}

impl fmt::Debug for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempts").field("valkey", &self.valkey).finish_non_exhaustive()
    }
}

impl Attempts {
    /// Connects to Valkey, where one is configured. One that does not answer stops nothing.
    pub async fn open(config: &Config, store: Arc<dyn Store>) -> Result<Self, AppError> {
        let invalid = |why: &str| AppError::Invalid(format!("throttle.valkey: {why}"));
        let valkey = match options(config) {
            Some(options) => Some(Valkey::open(options).await.map_err(invalid)?),
            None => None,
        };
        Ok(Self { store, valkey })
    }

    /// As [`Store::begin_attempt`].
    pub async fn begin(&self, keys: Vec<ThrottleKey>, now: u64) -> Result<Attempt, StoreError> {
        if let Some(valkey) = &self.valkey
            && let Ok(attempt) = valkey.begin_attempt(&keys, now).await
        {
            return Ok(attempt);
        }
        self.store.begin_attempt(keys, now).await
    }

    /// As [`Store::forgive`].
    pub async fn forgive(&self, forget: Vec<String>, give_back: Vec<String>) -> Result<(), StoreError> {
        if let Some(valkey) = &self.valkey
            && valkey.forgive(&forget, &give_back).await.is_ok()
        {
            return Ok(());
        }
        self.store.forgive(forget, give_back).await
    }

    /// Whether Valkey is away at this moment; nothing where none is configured.
    pub fn valkey_is_away(&self) -> Option<bool> {
        self.valkey.as_ref().map(Valkey::is_away)
    }
}

/// Where the counters are by this configuration, if not in the store. Deployments that share a server are told apart by their issuers.
pub(crate) fn options(config: &Config) -> Option<valkey::Options> {
    let url = config.throttle.valkey.as_ref()?.expose().to_owned();
    let issuer = symbolon_jose::sha256(config.issuer.as_bytes());
    // The braces keep the counters of an attempt together where keys are spread over a cluster.
    let prefix = format!("{{symbolon:{}}}:throttle:", base64url::encode(&issuer[..6]));
    let patience = Duration::from_millis(config.throttle.valkey_patience_ms);
    Some(valkey::Options { url, prefix, patience })
}
