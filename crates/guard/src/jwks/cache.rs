//! The key set in memory: read without a lock, fetched by one at a time, kept when the issuer is away.
//!
//! | When | What happens |
//! |---|---|
//! | first token | its request waits for the one fetch that all first requests share |
//! | set older than its time ([`DEFAULT_REFRESH`], or `max-age` within bounds) | fetched behind the scenes; requests go on with the old set |
//! | token with an unknown `kid` | one shared fetch, if the token bucket has one left ([`BURST`](super::limit::BURST), one more every [`REFILL`](super::limit::REFILL)) |
//! | that `kid` again | refused without a fetch for [`NEGATIVE`](super::limit::NEGATIVE) |
//! | fetch fails | the last good set holds for [`STALE`]; tries again after 1 s, 2 s, 4 s, … up to [`MAX_BACKOFF`] |
//! | no set at all, or too old | 503 with `Retry-After`: the tokens may be fine, so 401 would be a lie |

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use serde_json::Value;
use symbolon_jose::{Algorithm, JwkSet, VerifyingKeys};
use tokio::sync::watch;
use url::Url;

use super::{
    Current,
    discovery::{self, Discovered, Location},
    fetch::{self, Fetch, FetchError},
    limit::{Bucket, Missing},
};
use crate::clock::Clock;

/// How long a set is fresh if its server does not say.
const DEFAULT_REFRESH: Duration = Duration::from_mins(10);
/// The bounds of what its server may say.
const REFRESH_BOUNDS: (Duration, Duration) = (Duration::from_mins(1), Duration::from_hours(1));
/// How long the last good set holds while the issuer cannot be reached.
const STALE: Duration = Duration::from_hours(24);
/// How long an issuer without a revocation feed is not asked again whether it has one by now.
const REDISCOVERY: Duration = Duration::from_hours(1);
/// The longest pause between tries while the issuer is away.
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// A guard's keys from the network.
#[derive(Debug)]
pub(crate) struct Cache {
    location: Location,
    algorithms: Vec<Algorithm>,
    fetch: Arc<dyn Fetch>,
    clock: Arc<dyn Clock>,
    snapshot: ArcSwapOption<Snapshot>,
    /// The snapshot's, or 0 while there is none that counts. Outside it, for the hot path.
    generation: AtomicU64,
    /// What the issuer said of itself last.
    discovered: ArcSwapOption<Discovered>,
    /// When the next fetch behind the scenes is due: milliseconds of the steady clock. Outside the lock, for the hot path.
    due_at_ms: AtomicU64,
    /// Taken only off the hot path, and never across an await.
    state: Mutex<State>,
}

/// What the hot path reads.
#[derive(Debug)]
struct Snapshot {
    current: Arc<Current>,
    /// The published keys, to be compared with the next ones.
    published: Vec<Value>,
    /// When the set stops counting, by the steady clock.
    stale_at: Duration,
}

#[derive(Debug)]
struct State {
    /// The fetch under way; its value turns from `None` to whether it brought a set.
    flight: Option<watch::Receiver<Option<bool>>>,
    bucket: Bucket,
    missing: Missing,
    failures: u32,
    /// No try before this, after a failure.
    retry_at: Duration,
    /// Learned by discovery; forgotten when a fetch fails.
    known: Option<Known>,
}

/// What is asked without another discovery.
#[derive(Debug, Clone)]
struct Known {
    jwks: Url,
    until: Duration,
}

/// What became of the wish for a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// A fetch begun by this wish ended; whether it brought a set.
    Fetched(bool),
    /// A fetch that was already under way ended.
    Joined(bool),
    /// None was begun: the bucket is empty or the pause after a failure is not over.
    Refused,
}

/// Who wants a fetch, and so which limit holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// The set is missing or old: limited by the pause after failures.
    Due,
    /// A token names a key that is not in the set: limited by the bucket.
    UnknownKey,
}

/// No keys, and none to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unavailable {
    pub(crate) retry_after_secs: u64,
}

impl Cache {
    pub(crate) fn new(
        location: Location,
        algorithms: Vec<Algorithm>,
        fetch: Arc<dyn Fetch>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let state = State {
            flight: None,
            bucket: Bucket::new(clock.elapsed()),
            missing: Missing::default(),
            failures: 0,
            retry_at: Duration::ZERO,
            known: None,
        };
        let (generation, due_at_ms) = (AtomicU64::new(0), AtomicU64::new(0));
        let (snapshot, discovered, state) = (ArcSwapOption::empty(), ArcSwapOption::empty(), Mutex::new(state));
        Self { location, algorithms, fetch, clock, snapshot, generation, discovered, due_at_ms, state }
    }

    /// The set as it is, if it still counts; begins a fetch behind the scenes when one is due.
    pub(crate) fn current(self: &Arc<Self>) -> Option<Arc<Current>> {
        let snapshot = self.snapshot.load();
        let snapshot = snapshot.as_ref()?;
        let now = self.clock.elapsed();
        if now >= snapshot.stale_at {
            self.generation.store(0, Ordering::Relaxed);
            return None;
        }
        let due = self.due_at_ms.load(Ordering::Relaxed);
        // Whoever moves the date begins the fetch; its end sets the right one.
        if millis(now) >= due && self.set_due(due, now + fetch::TIMEOUT * 2) {
            drop(self.begin(Wish::Due));
        }
        // A look at the old set may have come to its verdict after the new one was there.
        let (set, unset) = (Ordering::Relaxed, Ordering::Relaxed);
        let _ = self.generation.compare_exchange(0, snapshot.current.generation, set, unset);
        Some(Arc::clone(&snapshot.current))
    }

    /// What the issuer said of itself; `None` before the first fetch, and where the set's address was given.
    pub(crate) fn discovered(&self) -> Option<Arc<Discovered>> {
        self.discovered.load_full()
    }

    /// The generation of the set in use, or 0.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }

    /// The set, fetched if there is none.
    pub(crate) async fn load(self: &Arc<Self>) -> Result<Arc<Current>, Unavailable> {
        if let Some(keys) = self.current() {
            return Ok(keys);
        }
        self.wish(Wish::Due).await;
        self.current().ok_or_else(|| {
            let wait = self.lock().retry_at.saturating_sub(self.clock.elapsed());
            Unavailable { retry_after_secs: wait.as_secs().max(1) }
        })
    }

    /// The set after a look for `kid`, which is not in the `keys` that the caller has. `None`: it is nowhere to be found.
    pub(crate) async fn look_for(
        self: &Arc<Self>,
        kid: &str,
        keys: impl Fn(&Current) -> &VerifyingKeys,
    ) -> Option<Arc<Current>> {
        for last in [false, true] {
            if self.lock().missing.contains(kid, self.clock.elapsed()) {
                return None;
            }
            let outcome = self.wish(Wish::UnknownKey).await;
            let current = self.current()?;
            if keys(&current).iter().any(|key| key.kid() == Some(kid)) {
                return Some(current);
            }
            match outcome {
                // The fetch joined may have been answered before the key was published: one more look of our own.
                Outcome::Joined(true) if !last => {}
                Outcome::Fetched(true) | Outcome::Joined(true) => {
                    self.lock().missing.insert(kid, self.clock.elapsed());
                }
                Outcome::Fetched(false) | Outcome::Joined(false) | Outcome::Refused => return None,
            }
        }
        None
    }

    fn set_due(&self, expected: u64, next: Duration) -> bool {
        let (set, unset) = (Ordering::Relaxed, Ordering::Relaxed);
        self.due_at_ms.compare_exchange(expected, millis(next), set, unset).is_ok()
    }

    async fn wish(self: &Arc<Self>, wish: Wish) -> Outcome {
        let Some((mut flight, joined)) = self.begin(wish) else { return Outcome::Refused };
        // An error means that the task is gone with its runtime: a fetch that failed.
        let brought = flight.wait_for(Option::is_some).await.is_ok_and(|brought| *brought == Some(true));
        if joined { Outcome::Joined(brought) } else { Outcome::Fetched(brought) }
    }

    /// Joins the fetch under way or begins one, in a task of its own: a caller that hangs up does not stop it for the others.
    fn begin(self: &Arc<Self>, wish: Wish) -> Option<(watch::Receiver<Option<bool>>, bool)> {
        let mut state = self.lock();
        if let Some(flight) = &state.flight
            // A sender that is gone left without a word: its task was dropped.
            && flight.has_changed().is_ok()
            && flight.borrow().is_none()
        {
            return Some((flight.clone(), true));
        }
        let now = self.clock.elapsed();
        let allowed = match wish {
            Wish::Due => now >= state.retry_at,
            Wish::UnknownKey => state.bucket.take(now),
        };
        // Outside a runtime nothing can be fetched; what is there goes on to hold.
        let runtime = tokio::runtime::Handle::try_current().ok().filter(|_| allowed)?;
        let (sender, receiver) = watch::channel(None);
        state.flight = Some(receiver.clone());
        let known = state.known.clone().filter(|known| now < known.until).map(|known| known.jwks);
        let cache = Arc::clone(self);
        drop(state);
        runtime.spawn(async move {
            let brought = cache.refresh(known).await;
            sender.send_replace(Some(brought));
        });
        Some((receiver, false))
    }

    /// One fetch, and what it changes. Returns whether it brought a set.
    async fn refresh(&self, known: Option<Url>) -> bool {
        let result = tokio::time::timeout(fetch::TIMEOUT, self.fetch_set(known)).await;
        let result = result.unwrap_or(Err(FetchError::Timeout));
        let now = self.clock.elapsed();
        let mut state = self.lock();
        match result {
            Ok((set, fresh_for, jwks)) => {
                state.failures = 0;
                state.retry_at = Duration::ZERO;
                let until = match &state.known {
                    Some(known) if now < known.until => known.until,
                    _ if self.discovered.load().as_ref().is_some_and(|it| it.feed.is_none()) => now + REDISCOVERY,
                    _ => Duration::MAX,
                };
                state.known = Some(Known { jwks, until });
                self.due_at_ms.store(millis(now + fresh_for), Ordering::Relaxed);
                self.replace(&set, now + STALE);
                true
            }
            Err(error) => {
                let pause = Duration::from_secs(1 << state.failures.min(5)).min(MAX_BACKOFF);
                state.failures = state.failures.saturating_add(1);
                state.retry_at = now + pause;
                state.known = None;
                drop(state);
                self.due_at_ms.store(millis(now + pause), Ordering::Relaxed);
                let held = self.snapshot.load().is_some();
                tracing::warn!(%error, retry_secs = pause.as_secs(), keys_held = held, "the issuer's keys could not be fetched");
                false
            }
        }
    }

    /// Puts another set in the place of the one before. Called under the lock.
    fn replace(&self, set: &JwkSet, stale_at: Duration) {
        let published: Vec<Value> = set.keys().iter().filter_map(|key| key.public_value().ok()).collect();
        let before = self.snapshot.load();
        let generation = match before.as_deref() {
            None => 1,
            // The same keys, or more of them: what they have signed is as good as before.
            Some(before) if before.published.iter().all(|key| published.contains(key)) => before.current.generation,
            Some(before) => before.current.generation + 1,
        };
        let current = Arc::new(Current::new(set, &self.algorithms, generation));
        self.snapshot.store(Some(Arc::new(Snapshot { current, published, stale_at })));
        self.generation.store(generation, Ordering::Relaxed);
    }

    async fn fetch_set(&self, known: Option<Url>) -> Result<(JwkSet, Duration, Url), FetchError> {
        let fetch = self.fetch.as_ref();
        let jwks = match (&self.location, known) {
            (Location::Jwks(url), _) => url.clone(),
            (Location::Issuer(_), Some(url)) => url,
            (Location::Issuer(issuer), None) => {
                let discovered = Arc::new(discovery::discover(fetch, issuer).await?);
                self.discovered.store(Some(Arc::clone(&discovered)));
                discovered.jwks.clone()
            }
        };
        let (set, max_age) = fetch::key_set(fetch, &jwks).await?;
        // An empty set is more likely a server in trouble than an issuer without keys: the last good one holds.
        if VerifyingKeys::from_jwks(&set, &self.algorithms).is_empty() {
            return Err(FetchError::NoUsableKey);
        }
        let (least, most) = REFRESH_BOUNDS;
        let fresh_for = max_age.map_or(DEFAULT_REFRESH, |secs| Duration::from_secs(secs).clamp(least, most));
        Ok((set, fresh_for, jwks))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under this lock can leave the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
