//! What a verdict asks: is this token revoked, and may the question be answered with what is known?

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use symbolon_revocation::{Entry, Fingerprint, IdKind, RuleKind};
use tokio::sync::{Semaphore, watch};
use url::Url;

use super::{
    Credentials, Options, Revocation, Revoked, WhenStale, introspect,
    knowledge::{Knowledge, Now},
    status::{FeedState, RevocationStatus},
    transport::Trouble,
};
use crate::{
    client::Http, clock::Clock, counter::Counter, error::Rejection, jwks::discovery::Discovered, seen::Proven,
};

/// How often the alarm is sounded while nothing changes.
const ALARM_EVERY: Duration = Duration::from_mins(1);
/// How many questions to the issuer may be open at once.
const MAX_QUESTIONS: usize = 64;
/// How long an answer of the issuer holds, in seconds.
const ANSWER_SECS: u64 = 5;
/// When to come again, told with a 503.
const RETRY_AFTER_SECS: u64 = 5;
/// What has to be remembered beyond the expiry: the largest leeway of a guard.
const LARGEST_LEEWAY_SECS: u64 = 300;

/// Of one guard.
#[derive(Debug)]
pub(crate) struct Watch {
    options: Options,
    /// The fingerprint of the audience that the guard is.
    api: Fingerprint,
    clock: Arc<dyn Clock>,
    pub(crate) knowledge: Knowledge,
    /// There has to be a feed: the owner said so, or the issuer has advertised one. Never taken back: an issuer that falls silent
    /// about its feed is no reason to trust what it has revoked.
    needed: AtomicBool,
    /// A [`FeedState`], for the hot path.
    state: AtomicU8,
    introspection: ArcSwapOption<Url>,
    questions: Semaphore,
    /// Good tokens that were accepted although the knowledge was too old.
    pub(crate) unchecked: Counter,
    alarm: Mutex<Alarm>,
    /// The version of the set that was told of last.
    told: AtomicU64,
    /// Wakes whoever waits for the first snapshot, or for revocations.
    changes: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Alarm {
    last_error: Option<String>,
    sounded_at: Option<Duration>,
    /// Since when it has been waiting.
    since: Option<Duration>,
}

/// What can be said about a token whose signature and times are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    Good,
    Revoked(Revoked),
    /// The issuer has to be asked.
    Ask,
    /// Nobody can tell.
    Unavailable,
}

impl Watch {
    pub(crate) fn new(options: Options, audience: &str, clock: Arc<dyn Clock>) -> Self {
        let needed = options.mode == Revocation::Required;
        let state = if needed { FeedState::Waiting } else { FeedState::Off };
        Self {
            options,
            api: Fingerprint::of(RuleKind::Api, audience),
            clock,
            knowledge: Knowledge::default(),
            needed: AtomicBool::new(needed),
            state: AtomicU8::new(state as u8),
            introspection: ArcSwapOption::empty(),
            questions: Semaphore::new(MAX_QUESTIONS),
            unchecked: Counter::default(),
            alarm: Mutex::default(),
            told: AtomicU64::new(0),
            changes: watch::Sender::new(()),
        }
    }

    /// The word on a token. No lock, no I/O, no allocation.
    pub(crate) fn word(&self, proven: &Proven, now: u64) -> Word {
        // Before the set is asked: whatever comes later has another number.
        let version = self.knowledge.set.version();
        if proven.checked.load(Ordering::Relaxed) != version {
            let set = &self.knowledge.set;
            if !set.is_empty()
                && let Some(kind) = set.refuses(&proven.ids.token_ids(&proven.claims, self.api))
            {
                return Word::Revoked(kind.into());
            }
            proven.checked.store(version, Ordering::Relaxed);
        }
        if FeedState::is_good_enough(self.state.load(Ordering::Relaxed)) {
            return Word::Good;
        }
        self.without_knowledge(proven, now)
    }

    #[cold]
    fn without_knowledge(&self, proven: &Proven, now: u64) -> Word {
        match self.options.when_stale {
            WhenStale::Accept => {
                self.unchecked.add_one();
                Word::Good
            }
            WhenStale::Refuse => Word::Unavailable,
            WhenStale::Introspect => {
                let until = proven.active_until.load(Ordering::Relaxed);
                // Not longer than an answer holds, should the clock have been put back.
                let holds = now < until && until <= now.saturating_add(ANSWER_SECS);
                if holds { Word::Good } else { Word::Ask }
            }
        }
    }

    /// Asks the issuer about a token (RFC 7662).
    pub(crate) async fn ask(&self, http: &Http, token: &str, proven: &Proven, now: u64) -> Word {
        let unavailable = |why: &str| {
            tracing::warn!(why, "a token could not be introspected");
            Word::Unavailable
        };
        let (Some(credentials), Some(url)) = (self.credentials(), self.introspection.load_full()) else {
            return unavailable("there are no credentials, or the issuer has no introspection endpoint");
        };
        let Ok(_permit) = self.questions.try_acquire() else { return unavailable("too many questions are open") };
        match introspect::is_active(http, &url, credentials, token).await {
            Ok(true) => {
                proven.active_until.store(now.saturating_add(ANSWER_SECS), Ordering::Relaxed);
                // It may have been revoked, and that heard of, in the meantime.
                match self.word(proven, now) {
                    Word::Revoked(why) => Word::Revoked(why),
                    _ => Word::Good,
                }
            }
            Ok(false) => {
                // So that it stays refused, also when the feed is back and says nothing of it.
                if let Some(jti) = &proven.claims.jti {
                    let forget_at = proven.claims.exp.saturating_add(LARGEST_LEEWAY_SECS);
                    let entry = Entry::new(IdKind::Jti, Fingerprint::of(IdKind::Jti, jti), now, forget_at);
                    self.knowledge.add(entry, now);
                }
                Word::Revoked(Revoked::Inactive)
            }
            Err(why) => unavailable(&why),
        }
    }

    /// What the rejection for [`Word::Unavailable`] says.
    pub(crate) fn unavailable() -> Rejection {
        Rejection::RevocationsUnavailable { retry_after_secs: RETRY_AFTER_SECS }
    }

    /// Takes note of what the issuer says it has; whether a feed is news. Cheap, and asked before a token is accepted for the first
    /// time.
    pub(crate) fn learn(&self, discovered: &Discovered) -> bool {
        if self.options.mode == Revocation::Off {
            return false;
        }
        if let Some(url) = &discovered.introspection
            && self.introspection.load().as_deref() != Some(url)
        {
            self.introspection.store(Some(Arc::new(url.clone())));
        }
        let is_news = discovered.feed.is_some() && !self.is_needed();
        if is_news {
            self.needed.store(true, Ordering::Relaxed);
            self.assess();
        }
        is_news
    }

    /// Whether there has to be a feed.
    pub(crate) fn is_needed(&self) -> bool {
        self.needed.load(Ordering::Relaxed)
    }

    /// Judges how good the knowledge is, and sounds the alarm if it is not good enough. After each word of the issuer, and by the
    /// first request of each second.
    pub(crate) fn assess(&self) -> FeedState {
        // One at a time from here on, so that no older judgement takes the place of a newer one.
        let mut alarm = self.alarm.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now();
        let state = match self.knowledge.staleness(now) {
            _ if !self.is_needed() => FeedState::Off,
            None => FeedState::Waiting,
            Some(staleness) if staleness <= self.options.max_staleness => FeedState::Fresh,
            Some(_) => FeedState::Stale,
        };
        let before = self.state.swap(state as u8, Ordering::Relaxed);
        let version = self.knowledge.set.version();
        if before != state as u8 || self.told.swap(version, Ordering::Relaxed) != version {
            self.changes.send_replace(());
        }
        self.sound(&mut alarm, state, now);
        state
    }

    fn sound(&self, alarm: &mut Alarm, state: FeedState, now: Now) {
        if matches!(state, FeedState::Off | FeedState::Fresh) {
            alarm.since = None;
            if alarm.sounded_at.take().is_some() {
                tracing::info!("the knowledge of revocations is fresh again");
            }
            return;
        }
        let since = *alarm.since.get_or_insert(now.steady);
        // The first snapshot may take a moment.
        let too_long = state == FeedState::Stale || now.steady.saturating_sub(since) > self.options.max_staleness;
        let again = alarm.sounded_at.is_none_or(|at| now.steady.saturating_sub(at) >= ALARM_EVERY);
        if too_long && again {
            alarm.sounded_at = Some(now.steady);
            let (staleness, when_stale) = (self.knowledge.staleness(now), self.options.when_stale);
            let why = alarm.last_error.as_deref().unwrap_or("nothing came");
            tracing::error!(?staleness, ?when_stale, why, "the knowledge of revocations is older than it may be");
        }
    }

    /// Notes why the feed cannot be followed just now.
    pub(crate) fn trouble(&self, trouble: &Trouble) {
        tracing::debug!(%trouble, "the revocation feed is interrupted");
        self.alarm.lock().unwrap_or_else(PoisonError::into_inner).last_error = Some(trouble.to_string());
    }

    /// Notes that it is followed.
    pub(crate) fn fine(&self) {
        self.alarm.lock().unwrap_or_else(PoisonError::into_inner).last_error = None;
    }

    /// Waits until the state is no longer [`FeedState::Waiting`] or [`FeedState::Stale`].
    pub(crate) async fn until_good_enough(&self) {
        let mut changes = self.changes.subscribe();
        while !FeedState::is_good_enough(self.assess() as u8) {
            // The sender is ours, so it is there.
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Is woken when something was revoked, or when it has changed how well that is known.
    #[cfg(feature = "ws")]
    pub(crate) fn news(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.options.credentials.as_ref()
    }

    pub(crate) fn max_staleness(&self) -> Duration {
        self.options.max_staleness
    }

    pub(crate) fn now(&self) -> Now {
        Now { unix: self.clock.unix_now(), steady: self.clock.elapsed() }
    }

    pub(crate) fn status(&self) -> RevocationStatus {
        let (state, head, set) = (self.assess(), self.knowledge.head(), &self.knowledge.set);
        RevocationStatus {
            state,
            entries: set.len(),
            memory_bytes: set.memory_bytes(),
            lag: head.lag(),
            staleness: head.staleness(self.now()),
            position: head.position.map(|position| position.to_string()),
            accepted_unchecked: self.unchecked.value(),
            ignored: head.unknown.saturating_add(set.rules_left_out()),
            set_back: head.set_back,
            last_error: self.alarm.lock().unwrap_or_else(PoisonError::into_inner).last_error.clone(),
        }
    }
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
