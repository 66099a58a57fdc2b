//! The verdict on a token: seen before, or verified now; revoked, or not.
//!
//! The hot path is [`Judge::look`]: one reading of the clock, one look-up, one comparison with the set of revocations. What has to be
//! done from time to time (renewing the keys, following the feed, sweeping the memory) is done by the first request of each second,
//! so that it happens also when every token was seen before.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use tokio::{runtime::Handle, task::JoinHandle};

use crate::{
    clock::Clock,
    error::{InvalidToken, Rejection},
    jwks::{KeySource, cache::Unavailable},
    revocation::{Follower, Watch, Word},
    seen::{Proven, Seen},
    session::{self, Source},
    verify::{Sight, Verifier},
};

/// Everything that decides about the tokens of one guard.
#[derive(Debug)]
pub(crate) struct Judge {
    verifier: Verifier,
    keys: KeySource,
    pub(crate) seen: Seen,
    pub(crate) sessions: Option<Source>,
    pub(crate) watch: Arc<Watch>,
    clock: Arc<dyn Clock>,
    follower: Follower,
    following: Mutex<Option<JoinHandle<()>>>,
    /// The last second for which there was a look at what is due.
    second: AtomicU64,
}

/// How a token that was judged good before stands now.
#[cfg(feature = "ws")]
pub(crate) enum Standing {
    Good,
    /// Only the issuer can tell.
    Unknown,
    /// It has expired, was revoked, or was verified by keys that do not count any more.
    Gone,
}

/// The verdict that can be given without waiting.
pub(crate) enum Look {
    Good(Arc<Proven>),
    Refused(Rejection),
    /// [`Judge::verify`] has to be asked.
    Wait,
}

impl Judge {
    pub(crate) fn new(
        verifier: Verifier,
        seen: Seen,
        sessions: Option<Source>,
        follower: Follower,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (keys, watch) = (follower.keys.clone(), Arc::clone(&follower.watch));
        let (following, second) = (Mutex::default(), AtomicU64::new(0));
        Self { verifier, keys, seen, sessions, watch, clock, follower, following, second }
    }

    /// Judges with what is at hand. No lock, no I/O, no waiting; no allocation for a token that was seen before.
    pub(crate) fn look(&self, token: &str) -> Look {
        let now = self.now();
        if let Some(sessions) = self.sessions_for(token) {
            return self.look_at(sessions, token, now);
        }
        if let Some(proven) = self.seen.find(token, now, self.keys.generation()) {
            self.seen.hits.add_one();
            return match self.watch.word(&proven, now) {
                Word::Good => Look::Good(proven),
                other => refused(other),
            };
        }
        self.seen.misses.add_one();
        match self.verifier.look(token, &self.keys, now) {
            Sight::Good(proven) => match self.weigh(&proven, now) {
                Word::Good => Look::Good(self.kept(proven, token, now)),
                other => refused(other),
            },
            Sight::Refused(refused) => Look::Refused(Rejection::InvalidToken(refused)),
            Sight::NeedsKeys => Look::Wait,
        }
    }

    /// Judges, and waits for what it takes.
    pub(crate) async fn verify(&self, token: &str) -> Result<Arc<Proven>, Rejection> {
        match self.look(token) {
            Look::Good(proven) => return Ok(proven),
            Look::Refused(rejection) => return Err(rejection),
            Look::Wait => {}
        }
        if let Some(sessions) = self.sessions_for(token) {
            return self.look_up(sessions, token).await;
        }
        let now = self.now();
        let proven = match self.seen.find(token, now, self.keys.generation()) {
            Some(proven) => proven,
            None => self.verifier.verify(token, &self.keys, now).await?,
        };
        let word = match self.weigh(&proven, now) {
            Word::Ask => self.watch.ask(&self.follower.http, token, &proven, now).await,
            word => word,
        };
        match word {
            Word::Good => Ok(self.kept(proven, token, now)),
            Word::Revoked(why) => Err(Rejection::InvalidToken(InvalidToken::Revoked(why))),
            Word::Ask | Word::Unavailable => Err(Watch::unavailable()),
        }
    }

    /// How a token stands, as far as that can be told at once: a few comparisons.
    #[cfg(feature = "ws")]
    pub(crate) fn standing(&self, token: &str, proven: &Proven, now: u64) -> Standing {
        let generation = if self.sessions_for(token).is_some() { 0 } else { self.keys.generation() };
        if !proven.counts(now, generation) {
            return Standing::Gone;
        }
        match self.watch.word(proven, now) {
            Word::Good => Standing::Good,
            Word::Ask => Standing::Unknown,
            Word::Revoked(_) | Word::Unavailable => Standing::Gone,
        }
    }

    /// The second, and what is due in it is seen to: for whoever judges without a request.
    #[cfg(feature = "ws")]
    pub(crate) fn second(&self) -> u64 {
        self.now()
    }

    /// Where this token is looked up, if it is not one to verify.
    fn sessions_for(&self, token: &str) -> Option<&Source> {
        self.sessions.as_ref().filter(|_| session::is_value(token))
    }

    /// What is known of a session value without asking. Where revocations are not known well enough, the issuer is asked anew; and also where
    /// what is kept was revoked, because the session may go on with other roles.
    fn look_at(&self, sessions: &Source, value: &str, now: u64) -> Look {
        let Some(proven) = sessions.seen.find(value, now, 0) else { return Look::Wait };
        match self.watch.word(&proven, now) {
            Word::Good => {
                sessions.seen.hits.add_one();
                Look::Good(proven)
            }
            Word::Revoked(_) | Word::Ask | Word::Unavailable => Look::Wait,
        }
    }

    async fn look_up(&self, sessions: &Source, value: &str) -> Result<Arc<Proven>, Rejection> {
        sessions.seen.misses.add_one();
        // With the keys comes whether there is a feed, by which what is kept can be revoked. Without, it is kept all the same.
        if let KeySource::Remote(cache) = &self.keys {
            drop(cache.load().await);
        }
        let counts = |kept: &Proven, now| matches!(self.watch.word(kept, now), Word::Good);
        let mut shared = sessions.ask(value, &*self.clock, counts).await?;
        // What the issuer said a moment ago is as good as its feed; only if the feed knows better it does not count.
        if let Word::Revoked(why) = self.weigh(&shared, self.now()) {
            return Err(Rejection::InvalidToken(InvalidToken::Revoked(why)));
        }
        if let Some(proven) = Arc::get_mut(&mut shared) {
            sessions.seen.prepare(proven, value);
            sessions.seen.keep(&shared, self.now(), 0);
        }
        Ok(shared)
    }

    /// Whether what a signed URL stands for was revoked; `None`: it is not known yet where revocations are told, so [`Judge::inform`] comes
    /// first.
    pub(crate) fn weigh_signed(&self, proven: &Proven) -> Option<Result<(), Rejection>> {
        let now = self.now();
        if let KeySource::Remote(cache) = &self.keys
            && cache.discovered().is_none()
        {
            return None;
        }
        Some(match self.weigh(proven, now) {
            Word::Good => Ok(()),
            Word::Revoked(why) => Err(Rejection::InvalidToken(InvalidToken::Revoked(why))),
            // The issuer knows tokens, and no URLs of ours.
            Word::Ask | Word::Unavailable => Err(Watch::unavailable()),
        })
    }

    /// Fetches what the issuer says of itself.
    pub(crate) async fn inform(&self) -> Result<(), Rejection> {
        let KeySource::Remote(cache) = &self.keys else { return Ok(()) };
        let loaded = cache.load().await;
        loaded.map(drop).map_err(|Unavailable { retry_after_secs }| Rejection::KeysUnavailable { retry_after_secs })
    }

    /// Sees to it that the feed is followed, if there has to be one and there is a runtime to do it on.
    fn follow(&self) {
        let Some(runtime) = Handle::try_current().ok().filter(|_| self.watch.is_needed()) else { return };
        let mut following = self.following.lock().unwrap_or_else(PoisonError::into_inner);
        // It ends with the runtime it was begun on.
        if following.as_ref().is_none_or(JoinHandle::is_finished) {
            *following = Some(runtime.spawn(self.follower.clone().run()));
        }
    }

    /// Fetches the keys, if there are none, and waits until revocations are known, if there is a feed.
    pub(crate) async fn ready(&self) {
        self.follow();
        if let KeySource::Remote(cache) = &self.keys {
            // What keeps it from coming is in the log.
            while let Err(unavailable) = cache.load().await {
                tokio::time::sleep(std::time::Duration::from_secs(unavailable.retry_after_secs.max(1))).await;
            }
        }
        self.learn();
        self.watch.until_good_enough().await;
    }

    /// The word on a token whose signature, policy and times have just proved good.
    fn weigh(&self, proven: &Proven, now: u64) -> Word {
        self.learn();
        self.watch.word(proven, now)
    }

    /// Keeps a token that passed everything.
    fn kept(&self, mut shared: Arc<Proven>, token: &str, now: u64) -> Arc<Proven> {
        if let Some(proven) = Arc::get_mut(&mut shared) {
            self.seen.prepare(proven, token);
        }
        self.seen.keep(&shared, now, shared.generation);
        shared
    }

    /// What came with the keys: before the first token is accepted it is known whether there is a feed.
    fn learn(&self) {
        if let KeySource::Remote(cache) = &self.keys
            && let Some(discovered) = cache.discovered()
            && self.watch.learn(&discovered)
        {
            self.follow();
        }
    }

    /// The second in which this request is judged.
    fn now(&self) -> u64 {
        let now = self.clock.unix_now();
        // Also when the clock was put back. Whoever moves the number sees to what is due.
        if now != self.second.load(Ordering::Relaxed) && now != self.second.swap(now, Ordering::Relaxed) {
            self.tend(now);
        }
        now
    }

    #[cold]
    fn tend(&self, now: u64) {
        // Begins a fetch if one is due, and finds out when the last set has become too old.
        drop(self.keys.current());
        self.learn();
        self.follow();
        self.watch.assess();
        self.seen.sweep(now, self.keys.generation());
        if let Some(sessions) = &self.sessions {
            sessions.seen.sweep(now, 0);
        }
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        if let Some(following) = self.following.get_mut().unwrap_or_else(PoisonError::into_inner) {
            following.abort();
        }
    }
}

fn refused(word: Word) -> Look {
    match word {
        Word::Revoked(why) => Look::Refused(Rejection::InvalidToken(InvalidToken::Revoked(why))),
        Word::Unavailable => Look::Refused(Watch::unavailable()),
        Word::Good | Word::Ask => Look::Wait,
    }
}
