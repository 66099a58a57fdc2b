//! Tokens bound to a key (RFC 9449 §7): they count with a proof of that key, made for this one request.
//!
//! The checks of the proof are those of the authorization server (`symbolon-oauth`). The token itself is judged like any other, from memory if it
//! was seen before; its proof is new every time, and costs a signature.

pub(crate) mod memory;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use http::{HeaderValue, Uri, header::HeaderName};
use symbolon_jose::{Algorithm, Jwk};
use symbolon_oauth::{
    Confirmation, DpopFailure,
    dpop::{self, Expect, Nonces, Proven},
};

use crate::{
    error::{ConfigError, Rejection},
    extract::Head,
    jwks::discovery::checked_url,
    status::ProofStatus,
};
use memory::Memory;

pub(crate) const PROOF: HeaderName = HeaderName::from_static(dpop::HEADER);
pub(crate) const NONCE: HeaderName = HeaderName::from_static(dpop::NONCE_HEADER);
/// How many proofs are remembered unless told otherwise: those of 4,000 requests a second, about 12 MiB.
const DEFAULT_PROOFS: usize = 262_144;

/// Whether and how an API takes tokens that are bound to a key: for [`Guard::dpop`](crate::Guard::dpop).
///
/// ```
/// use symbolon_guard::{Dpop, Guard};
///
/// let guard = Guard::new("https://auth.example.com", "https://api.example.com")?
///     .dpop(Dpop::accept("https://api.example.com")?.nonces()?);
/// # Ok::<(), symbolon_guard::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Dpop(Arc<Inner>);

struct Inner {
    /// Without a slash at its end.
    base: String,
    need: Need,
    nonces: Option<Nonces>,
    most: usize,
    memory: Mutex<Memory>,
}

/// Whether other tokens are taken as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// Bearer tokens too.
    Accept,
    /// None but bound ones.
    Require,
}

impl Dpop {
    /// Takes tokens that are bound to a key, and plain ones as before.
    ///
    /// `public` is the address under which clients know this API, `https://api.example.com` or, where a proxy takes away the beginning of the path,
    /// `https://example.com/api`. A proof names the place of its request, and what the request itself says of it (`Host`) is no proof.
    pub fn accept(public: &str) -> Result<Self, ConfigError> {
        Self::new(public, Need::Accept)
    }

    /// Takes tokens that are bound to a key, and no others.
    pub fn require(public: &str) -> Result<Self, ConfigError> {
        Self::new(public, Need::Require)
    }

    fn new(public: &str, need: Need) -> Result<Self, ConfigError> {
        let url = checked_url("public address", public)?;
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self::build(base, need, None, DEFAULT_PROOFS))
    }

    /// Also wants a nonce of this API in every proof, so that none can have been made in advance (RFC 9449 §9). A client without one is given one
    /// and tries again.
    ///
    /// The nonces are this process's own: with several nodes a client would be told another one by each of them. See [`Dpop::shared_nonces`].
    pub fn nonces(self) -> Result<Self, ConfigError> {
        self.with_nonces(Jwk::generate(Algorithm::HS256).and_then(|key| Nonces::of(&key)))
    }

    /// The same with a secret that all nodes of the API share: 32 random bytes.
    ///
    /// The memory of used proofs is each node's own. Nonces bound what a proof can be repeated at other nodes to two minutes.
    pub fn shared_nonces(self, secret: &[u8; 32]) -> Result<Self, ConfigError> {
        self.with_nonces(Nonces::new(secret))
    }

    /// How many proofs are remembered, so that none counts twice: 262,144 unless changed, at about 50 bytes each. A proof is remembered for one to two
    /// minutes. Where there is no room the oldest are let go ([`ProofStatus::forgotten`]).
    #[must_use]
    pub fn remember(self, proofs: usize) -> Self {
        let Inner { base, need, nonces, .. } = &*self.0;
        Self::build(base.clone(), *need, nonces.clone(), proofs.max(1))
    }

    fn with_nonces(self, nonces: Result<Nonces, symbolon_jose::Error>) -> Result<Self, ConfigError> {
        let nonces = nonces.map_err(|_| ConfigError::NoNonces)?;
        Ok(Self::build(self.0.base.clone(), self.0.need, Some(nonces), self.0.most))
    }

    fn build(base: String, need: Need, nonces: Option<Nonces>, most: usize) -> Self {
        Self(Arc::new(Inner { base, need, nonces, most, memory: Mutex::default() }))
    }

    /// Whether a token that is bound so may be shown like this, in the scheme that has proofs.
    pub(crate) fn admit(&self, bound: &Confirmation, token: &str, shown: Shown<'_>) -> Result<(), Rejection> {
        let now = shown.now;
        let proven = self.check(token, shown).map_err(Rejection::Dpop)?;
        proven.is_key_of(bound).map_err(Rejection::Dpop)?;
        self.remember_use(&proven, now).map_err(Rejection::Dpop)
    }

    fn check(&self, token: &str, shown: Shown<'_>) -> Result<Proven, DpopFailure> {
        let mut lines = shown.head.headers.get_all(PROOF).iter();
        let line = lines.next().ok_or(DpopFailure::Missing)?;
        if lines.next().is_some() {
            return Err(DpopFailure::Several);
        }
        let proof = line.to_str().map_err(|_| DpopFailure::Malformed)?;
        let uri = format!("{}{}", self.0.base, shown.uri.path());
        let expect = Expect {
            method: shown.head.method.as_str(),
            uri: &uri,
            now: shown.now,
            access_token: Some(token),
            nonces: self.0.nonces.as_ref(),
        };
        dpop::check(proof, &expect)
    }

    fn remember_use(&self, proven: &Proven, now: u64) -> Result<(), DpopFailure> {
        let mut memory = self.0.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let first = memory.is_first(proven.once, proven.expires_at, now, self.0.most);
        if first { Ok(()) } else { Err(DpopFailure::Replayed) }
    }

    pub(crate) fn is_required(&self) -> bool {
        self.0.need == Need::Require
    }

    /// The nonce to use next, if there are any.
    pub(crate) fn next_nonce(&self, now: u64) -> Option<HeaderValue> {
        HeaderValue::try_from(self.0.nonces.as_ref()?.at(now).ok()?).ok()
    }

    pub(crate) fn status(&self) -> ProofStatus {
        let memory = self.0.memory.lock().unwrap_or_else(PoisonError::into_inner);
        ProofStatus { entries: memory.len(), forgotten: memory.forgotten }
    }
}

impl fmt::Debug for Dpop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { base, need, nonces, most, memory: _ } = &*self.0;
        f.debug_struct("Dpop")
            .field("base", base)
            .field("need", need)
            .field("nonces", &nonces.is_some())
            .field("most", most)
            .finish_non_exhaustive()
    }
}

/// How and when a token is shown.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'r> {
    pub(crate) head: Head<'r>,
    /// With the whole path, also within a nested router.
    pub(crate) uri: &'r Uri,
    pub(crate) now: u64,
}

/// What proofs may be signed with, for challenges (RFC 9449 §7.1) and metadata (RFC 9728 §2).
pub(crate) fn algorithms() -> impl Iterator<Item = &'static str> {
    dpop::ALGS.iter().map(|alg| alg.name())
}
