//! Session values: opaque tokens of the issuer (`sym_sv_…`), each looked up at its session endpoint with the API's own secret.
//!
//! An answer is kept for a bounded time ([`Sessions::keep`]) in a bounded table, and never past the end the issuer named. Refusals are
//! not kept. What is kept is asked of the revocation set at every use, like a token's.
//!
//! - [`lookup`]: one question to the issuer, and what counts as an answer.
//! - [`cookie`]: how a browser is told to keep a value.

pub(crate) mod cookie;
mod lookup;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::Semaphore;
use url::Url;

use crate::{
    client::Http,
    clock::Clock,
    error::{InvalidToken, Rejection},
    revocation::Credentials,
    seen::{Proven, Seen},
};

/// The cookie that is read unless [`Guard::cookie`](crate::Guard::cookie) names another.
pub(crate) const DEFAULT_COOKIE: &str = "__Host-session";

/// How session values begin.
const PREFIX: &str = "sym_sv_";
/// No value is longer.
const MAX_BYTES: usize = 128;
const DEFAULT_KEEP: Duration = Duration::from_secs(30);
/// The issuer's revocation log remembers an ended session for five minutes; an answer must be over by then.
const MAX_KEEP: Duration = Duration::from_mins(1);
/// How many questions are under way at once; the others wait.
const MAX_QUESTIONS: usize = 64;
/// How long a question may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// After how many seconds it is worth while to ask again.
pub(crate) const RETRY_AFTER_SECS: u64 = 1;
/// How long the endpoint's address holds.
const ADDRESS_HOLDS: Duration = Duration::from_hours(1);

/// That an API takes the issuer's session values, and how: see [`Guard::sessions`](crate::Guard::sessions).
///
/// ```
/// use std::time::Duration;
/// use symbolon_guard::{Guard, Sessions};
///
/// # let secret = "sym_as_x";
/// let guard = Guard::new("https://auth.example.com", "https://api.example.com")?
///     .sessions(Sessions::new(secret).keep(Duration::from_secs(10)));
/// # Ok::<(), symbolon_guard::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Sessions {
    secret: String,
    keep: Duration,
}

impl Sessions {
    /// With the API's secret: what `symbolon api secret rotate` printed. The API's name is the guard's audience.
    pub fn new(secret: impl Into<String>) -> Self {
        Self { secret: secret.into(), keep: DEFAULT_KEEP }
    }

    /// How long an answer may be used again without asking: 30 seconds unless changed, 60 at most, 0 to ask every time.
    ///
    /// So long can an ended session still pass, unless the guard follows the revocation feed.
    #[must_use]
    pub fn keep(self, keep: Duration) -> Self {
        Self { keep: keep.min(MAX_KEEP), ..self }
    }
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions").field("keep", &self.keep).finish_non_exhaustive()
    }
}

/// Whether this is for the session endpoint. Only its look: the issuer knows.
pub(crate) fn is_value(token: &str) -> bool {
    token.starts_with(PREFIX) && token.len() <= MAX_BYTES
}

/// The sessions of one guard: what is known, and how to ask.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) seen: Seen,
    issuer: String,
    audience: String,
    credentials: Credentials,
    keep_secs: u64,
    http: Http,
    questions: Semaphore,
    address: Mutex<Option<Address>>,
}

/// The session endpoint, and until when by the steady clock that holds.
#[derive(Debug, Clone)]
struct Address {
    url: Url,
    until: Duration,
}

impl Source {
    pub(crate) fn new(sessions: &Sessions, issuer: &str, audience: &str, remember: usize) -> Self {
        let keep_secs = sessions.keep.as_secs();
        Self {
            seen: Seen::new(if keep_secs == 0 { 0 } else { remember }),
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            credentials: Credentials::new(audience, &sessions.secret),
            keep_secs,
            http: Http::default(),
            questions: Semaphore::new(MAX_QUESTIONS),
            address: Mutex::new(None),
        }
    }

    /// Asks the issuer, unless something that `counts` is kept by now. The answer is not kept yet: revocation has a word, too.
    pub(crate) async fn ask(
        &self,
        value: &str,
        clock: &dyn Clock,
        counts: impl Fn(&Proven, u64) -> bool,
    ) -> Result<Arc<Proven>, Rejection> {
        let unavailable = |why: String| {
            tracing::warn!(why, "a session could not be looked up");
            Rejection::SessionsUnavailable { retry_after_secs: RETRY_AFTER_SECS }
        };
        let permit = tokio::time::timeout(TIMEOUT, self.questions.acquire()).await;
        let _permit = permit.map_err(|_| unavailable("too many look-ups are under way".to_owned()))?;
        // Who waited may find that somebody else asked.
        let now = clock.unix_now();
        if let Some(proven) = self.seen.find(value, now, 0).filter(|kept| counts(kept, now)) {
            return Ok(proven);
        }
        let asked = async {
            let address = self.address(clock).await?;
            let answer = lookup::ask(&self.http, &address, self.credentials.header(), value).await;
            if answer.is_err() {
                *self.known() = None;
            }
            answer
        };
        let answer = tokio::time::timeout(TIMEOUT, asked).await;
        let answer = answer.unwrap_or_else(|_| Err("no answer in time".to_owned())).map_err(unavailable)?;
        let claims = lookup::read(&answer, &self.issuer, &self.audience, now).map_err(unavailable)?;
        let claims = claims.ok_or(Rejection::InvalidToken(InvalidToken::SessionEnded))?;
        // From when the question was sent, however long the answer took.
        let expires = claims.exp.min(now.saturating_add(self.keep_secs.max(1)));
        // No key signed it; what else can be revoked of it, its claims say.
        let mut proven = Proven::new(claims);
        (proven.begins, proven.expires) = (now, expires);
        Ok(Arc::new(proven))
    }

    async fn address(&self, clock: &dyn Clock) -> Result<Url, String> {
        let now = clock.elapsed();
        if let Some(known) = self.known().as_ref().filter(|known| now < known.until) {
            return Ok(known.url.clone());
        }
        let url = lookup::discover(&self.http, &self.issuer).await?;
        *self.known() = Some(Address { url: url.clone(), until: now.saturating_add(ADDRESS_HOLDS) });
        Ok(url)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Option<Address>> {
        self.address.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
