//! The verdict on a token: seen before, or verified now.
//!
//! The hot path is [`Judge::look`]: one reading of the clock, one look-up. What has to be done from time to time (renewing the keys,
//! sweeping the memory) is done by the first request of each second, so that it happens also when every token was seen before.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::{
    clock::Clock,
    error::{InvalidToken, Rejection},
    jwks::KeySource,
    seen::{Proven, Seen},
    session::{self, Source},
    verify::{Sight, Verifier},
};

/// Everything that decides about the tokens of one guard.
#[derive(Debug)]
pub(crate) struct Judge {
    pub(crate) verifier: Verifier,
    pub(crate) keys: KeySource,
    pub(crate) seen: Seen,
    pub(crate) sessions: Option<Source>,
    pub(crate) clock: Arc<dyn Clock>,
    /// The last second for which there was a look at what is due.
    second: AtomicU64,
}

/// The verdict that can be given without waiting.
pub(crate) enum Look {
    Good(Arc<Proven>),
    Refused(InvalidToken),
    /// [`Judge::verify`] has to be asked.
    Wait,
}

impl Judge {
    pub(crate) fn new(
        verifier: Verifier,
        keys: KeySource,
        seen: Seen,
        sessions: Option<Source>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { verifier, keys, seen, sessions, clock, second: AtomicU64::new(0) }
    }

    /// Judges with what is at hand. No lock, no I/O, no waiting; no allocation for a token that was seen before.
    pub(crate) fn look(&self, token: &str) -> Look {
        let now = self.now();
        if let Some(sessions) = self.sessions_for(token) {
            return match sessions.seen.find(token, now, 0) {
                Some(proven) => {
                    sessions.seen.hits.add_one();
                    Look::Good(proven)
                }
                None => Look::Wait,
            };
        }
        if let Some(proven) = self.seen.find(token, now, self.keys.generation()) {
            self.seen.hits.add_one();
            return Look::Good(proven);
        }
        self.seen.misses.add_one();
        match self.verifier.look(token, &self.keys, now) {
            Sight::Good(proven) => Look::Good(self.passed(proven, token, now)),
            Sight::Refused(refused) => Look::Refused(refused),
            Sight::NeedsKeys => Look::Wait,
        }
    }

    /// Judges, and waits for what it takes.
    pub(crate) async fn verify(&self, token: &str) -> Result<Arc<Proven>, Rejection> {
        match self.look(token) {
            Look::Good(proven) => return Ok(proven),
            Look::Refused(refused) => return Err(Rejection::InvalidToken(refused)),
            Look::Wait => {}
        }
        if let Some(sessions) = self.sessions_for(token) {
            return self.look_up(sessions, token).await;
        }
        let now = self.now();
        let proven = self.verifier.verify(token, &self.keys, now).await?;
        Ok(self.passed(proven, token, now))
    }

    /// Where this token is looked up, if it is not one to verify.
    fn sessions_for(&self, token: &str) -> Option<&Source> {
        self.sessions.as_ref().filter(|_| session::is_value(token))
    }

    async fn look_up(&self, sessions: &Source, value: &str) -> Result<Arc<Proven>, Rejection> {
        sessions.seen.misses.add_one();
        let mut shared = sessions.ask(value, &*self.clock).await?;
        if let Some(proven) = Arc::get_mut(&mut shared) {
            sessions.seen.prepare(proven, value);
            sessions.seen.keep(&shared, self.now(), 0);
        }
        Ok(shared)
    }

    fn passed(&self, mut shared: Arc<Proven>, token: &str, now: u64) -> Arc<Proven> {
        if let Some(proven) = Arc::get_mut(&mut shared) {
            self.seen.prepare(proven, token);
        }
        self.seen.keep(&shared, now, shared.generation);
        shared
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
        self.seen.sweep(now, self.keys.generation());
        if let Some(sessions) = &self.sessions {
            sessions.seen.sweep(now, 0);
        }
    }
}
