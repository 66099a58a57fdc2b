//! The issuer, as its client talks to it: where its endpoints are, its keys, and requests that prove who the gateway is.

mod form;
mod metadata;
mod proof;
mod requests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode, header};
use symbolon_jose::{Algorithm, JwkSet, VerifyingKeys};
use symbolon_oauth::Issuer;
use symbolon_oauth::relying_party::{IdTokenRefused, LogoutRefused};
use symbolon_server::Clock;
use tokio::sync::Mutex;

use crate::http::{Http, HttpError};
use form::Form;
pub(crate) use metadata::Metadata;
pub(crate) use proof::Proof;
pub(crate) use requests::{Questioned, Tokens, bearer};

/// How long the issuer may take for one answer.
const TIME: Duration = Duration::from_secs(10);
/// Endpoints and keys are fetched again after this long, seconds.
const FRESH_SECS: u64 = 600;
/// While they cannot be, the old ones stay in use for this long.
const STALE_SECS: u64 = 24 * 3_600;
/// How soon after the last fetch a key nobody knows may cause another.
const AGAIN_SECS: u64 = 10;

/// The issuer.
pub(crate) struct Provider {
    issuer: Issuer,
    client_id: String,
    proof: Proof,
    http: Http,
    clock: Clock,
    known: Mutex<Known>,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// What the issuer said of itself, and when it was last asked.
#[derive(Default)]
struct Known {
    facts: Option<Arc<Facts>>,
    asked_at: u64,
}

/// What the issuer says of itself.
pub(crate) struct Facts {
    /// Its document.
    pub(crate) metadata: Metadata,
    /// What it signs with.
    pub(crate) keys: VerifyingKeys,
    fetched_at: u64,
}

/// Why the issuer did not give what was asked for. For the log.
#[derive(Debug)]
pub(crate) enum ProviderError {
    /// No answer, or one that says that it cannot answer now.
    Away(String),
    /// It answered no, with this code.
    Refused(String),
    /// Its answer makes no sense.
    Malformed(&'static str),
    /// The ID token does not count.
    IdToken(IdTokenRefused),
    /// The logout token does not count.
    LogoutToken(LogoutRefused),
}

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away(why) => write!(f, "the issuer does not answer: {why}"),
            Self::Refused(code) => write!(f, "the issuer refused: {code}"),
            Self::Malformed(what) => write!(f, "the issuer's {what} cannot be read"),
            Self::IdToken(why) => why.fmt(f),
            Self::LogoutToken(why) => why.fmt(f),
        }
    }
}

impl From<HttpError> for ProviderError {
    fn from(error: HttpError) -> Self {
        Self::Away(error.to_string())
    }
}

impl Provider {
    /// Nothing is asked yet.
    pub(crate) fn new(issuer: Issuer, client_id: String, proof: Proof, http: Http, clock: Clock) -> Self {
        Self { issuer, client_id, proof, http, clock, known: Mutex::default() }
    }

    /// Its exact name.
    pub(crate) fn issuer(&self) -> &str {
        self.issuer.as_str()
    }

    /// What the gateway is registered as.
    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The public half of the gateway's key, if it has one.
    pub(crate) fn jwks(&self) -> JwkSet {
        self.proof.jwks()
    }

    /// What it says of itself: as last read, or read now.
    pub(crate) async fn facts(&self) -> Result<Arc<Facts>, ProviderError> {
        self.facts_after(FRESH_SECS).await
    }

    /// The same, because a key is missing: read anew, unless that was done just now.
    async fn facts_anew(&self) -> Result<Arc<Facts>, ProviderError> {
        self.facts_after(AGAIN_SECS).await
    }

    async fn facts_after(&self, fresh_secs: u64) -> Result<Arc<Facts>, ProviderError> {
        let mut known = self.known.lock().await;
        let now = self.clock.now();
        let usable = |facts: &Arc<Facts>| now < facts.fetched_at.saturating_add(STALE_SECS);
        // Who has no facts asks each time; who has old ones not more often than every few seconds.
        let wait = if known.facts.is_some() { AGAIN_SECS } else { 0 };
        let due = known.facts.as_ref().is_none_or(|facts| now >= facts.fetched_at.saturating_add(fresh_secs));
        if due && now >= known.asked_at.saturating_add(wait) {
            known.asked_at = now;
            match read(&self.http, &self.issuer, now).await {
                Ok(facts) => known.facts = Some(Arc::new(facts)),
                Err(error) if known.facts.as_ref().is_some_and(usable) => {
                    tracing::warn!(%error, "what the issuer says of itself could not be read again; what it said before stays in use");
                }
                Err(error) => return Err(error),
            }
        }
        let facts = known.facts.as_ref().filter(|facts| usable(facts));
        facts.cloned().ok_or_else(|| ProviderError::Away("its document is too old".to_owned()))
    }
}

/// Asks the issuer what it says of itself.
pub(crate) async fn read(http: &Http, issuer: &Issuer, now: u64) -> Result<Facts, ProviderError> {
    let document = get(http, &issuer.endpoint("/.well-known/openid-configuration")).await?;
    let metadata = Metadata::read(&document, issuer)?;
    let set =
        JwkSet::from_slice(&get(http, &metadata.jwks_uri).await?).map_err(|_| ProviderError::Malformed("key set"))?;
    Ok(Facts { metadata, keys: VerifyingKeys::from_jwks(&set, Algorithm::ASYMMETRIC), fetched_at: now })
}

async fn get(http: &Http, url: &str) -> Result<bytes::Bytes, ProviderError> {
    let request = Request::get(url).header(header::ACCEPT, "application/json").body(Body::empty());
    let request = request.map_err(|_| ProviderError::Malformed("address"))?;
    match http.exchange(request, TIME).await? {
        // Redirects included: what the configuration names is what is asked.
        (StatusCode::OK, body) => Ok(body),
        (status, _) => Err(ProviderError::Away(format!("{url} answered {status}"))),
    }
}
