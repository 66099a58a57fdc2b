//! Where the issuer's keys come from: its discovery document, a JWK set's address, or the configuration itself.
//!
//! - [`discovery`]: what the issuer says of itself, and which addresses may be asked.
//! - [`fetch`]: one document, bounded in size and time.
//! - [`cache`]: when to fetch, who waits for it, and what holds when the issuer is away.
//! - [`limit`]: how often tokens with invented keys may cause a fetch.

pub(crate) mod cache;
pub(crate) mod discovery;
pub(crate) mod fetch;
mod limit;

use std::sync::Arc;

use symbolon_jose::{Algorithm, Jwk, JwkSet, VerifyingKey, VerifyingKeys};
use symbolon_revocation::Fingerprint;
use url::Url;

use crate::{client::Http, clock::Clock, error::ConfigError, revocation::key_print};
use cache::Cache;
use discovery::Location;
use fetch::Fetch;

/// Where a guard gets the issuer's keys.
#[derive(Debug, Clone)]
pub struct Keys(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Discover,
    Url(Url),
    Fixed(JwkSet),
    Secret(VerifyingKey),
}

impl Keys {
    /// The issuer's discovery document names the JWK set (OpenID Connect Discovery §4). The default.
    ///
    /// Nothing is fetched until the first token comes. The document must name exactly the guard's issuer.
    pub fn discover() -> Self {
        Self(Kind::Discover)
    }

    /// The JWK set at this address: `https`, or plain `http` on loopback.
    pub fn jwks_url(url: &str) -> Result<Self, ConfigError> {
        discovery::checked_url("jwks url", url).map(|url| Self(Kind::Url(url)))
    }

    /// These keys and no network. Shared secrets in the set are left out.
    pub fn fixed(keys: JwkSet) -> Self {
        Self(Kind::Fixed(keys))
    }

    /// One secret of 256 bits or more that this API shares with the issuer, for `HS256`, `HS384` or `HS512`. No network.
    ///
    /// The algorithm is thereby allowed; no other is.
    pub fn shared_secret(secret: &[u8], algorithm: Algorithm) -> Result<Self, symbolon_jose::Error> {
        let key = VerifyingKey::from_jwk(&Jwk::oct(secret, algorithm)?, algorithm)?;
        Ok(Self(Kind::Secret(key)))
    }

    pub(crate) fn are_shared_secret(&self) -> bool {
        matches!(self.0, Kind::Secret(_))
    }

    /// Fetches the JWK set of `issuer` once, by discovery: for tools that are handed a token or check an issuer. A guard fetches
    /// by itself, and keeps what it fetched. The error is for the operator.
    pub async fn fetch_once(issuer: &str) -> Result<JwkSet, String> {
        let fetch = Http::default();
        let both = async {
            let discovered = discovery::discover(&fetch, issuer).await?;
            fetch::key_set(&fetch, &discovered.jwks).await
        };
        match tokio::time::timeout(fetch::TIMEOUT, both).await {
            Ok(Ok((set, _))) => Ok(set),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(fetch::FetchError::Timeout.to_string()),
        }
    }
}

/// Keys that may be used now.
#[derive(Debug, Clone)]
pub(crate) struct Current {
    /// For the algorithms that the guard accepts.
    pub(crate) keys: VerifyingKeys,
    /// For every algorithm that the issuer publishes a key for: its own statements are signed as it likes.
    pub(crate) all: VerifyingKeys,
    /// Grows whenever a key of the set is gone or changed: what was verified under an older one has to be verified anew.
    pub(crate) generation: u64,
    /// The fingerprints of the names of `keys`, and that of none.
    prints: Vec<(String, Fingerprint)>,
    nameless: Fingerprint,
}

impl Current {
    fn new(set: &JwkSet, algorithms: &[Algorithm], generation: u64) -> Self {
        // `VerifyingKeys::from_jwks` takes no shared secret from a set: what a set shows is public.
        let of = |algorithms| VerifyingKeys::from_jwks(set, algorithms);
        Self::of(of(algorithms), of(Algorithm::ASYMMETRIC), generation)
    }

    fn of(keys: VerifyingKeys, all: VerifyingKeys, generation: u64) -> Self {
        let print = |kid: &str| (kid.to_owned(), key_print(Some(kid)));
        let prints = keys.iter().filter_map(|key| key.kid().map(print)).collect();
        Self { keys, all, generation, prints, nameless: key_print(None) }
    }

    /// The fingerprint of the key of this name, which is one of `keys`.
    pub(crate) fn key_print(&self, kid: Option<&str>) -> Fingerprint {
        let found = self.prints.iter().find(|(name, _)| Some(name.as_str()) == kid);
        found.map_or(self.nameless, |(_, print)| *print)
    }
}

/// The keys of one guard: fixed, or kept fresh.
#[derive(Debug, Clone)]
pub(crate) enum KeySource {
    Fixed(Arc<Current>),
    Remote(Arc<Cache>),
}

impl KeySource {
    pub(crate) fn new(
        keys: &Keys,
        issuer: &str,
        algorithms: &[Algorithm],
        http: Arc<Http>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let location = match &keys.0 {
            Kind::Fixed(set) => return Self::Fixed(Arc::new(Current::new(set, algorithms, 1))),
            Kind::Secret(key) => {
                // Statements of the issuer cannot be checked with a secret that is not its alone.
                let (keys, all) = (VerifyingKeys::single(key.clone()), VerifyingKeys::default());
                return Self::Fixed(Arc::new(Current::of(keys, all, 1)));
            }
            Kind::Discover => Location::Issuer(issuer.to_owned()),
            Kind::Url(url) => Location::Jwks(url.clone()),
        };
        let fetch: Arc<dyn Fetch> = http;
        Self::Remote(Arc::new(Cache::new(location, algorithms.to_vec(), fetch, clock)))
    }

    /// What verification may use right now, without waiting and without a lock. None: nothing has been fetched yet, or too long ago.
    pub(crate) fn current(&self) -> Option<Arc<Current>> {
        match self {
            Self::Fixed(current) => Some(Arc::clone(current)),
            Self::Remote(cache) => cache.current(),
        }
    }

    /// The generation of [`KeySource::current`], at no more than the cost of reading it; 0 if there is none.
    pub(crate) fn generation(&self) -> u64 {
        match self {
            Self::Fixed(current) => current.generation,
            Self::Remote(cache) => cache.generation(),
        }
    }
}
