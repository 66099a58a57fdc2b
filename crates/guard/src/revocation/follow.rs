//! The task that keeps the knowledge fresh: a snapshot, the stream from there on, and again after a cut.
//!
//! After a cut it goes on by number; if the issuer no longer has what is missing, or if something is missing in the stream, with
//! another snapshot, which is added to what is there. Between tries it pauses, longer each time and by chance, so that not all
//! guards come back at once.

use std::{sync::Arc, time::Duration};

use symbolon_jose::{VerifyingKey, jws::compact::Unverified};
use symbolon_revocation::{Error, Event, Fingerprint, RuleKind, Snapshot, TokenIds, event};

use super::{
    knowledge::Heard,
    transport::{Ask, Trouble},
    watch::Watch,
};
use crate::{
    client::Http,
    jwks::{
        Current, KeySource,
        cache::Unavailable,
        discovery::{self, Discovered, Feed},
    },
    rng,
};

/// The longest pause between tries.
const MAX_PAUSE: Duration = Duration::from_secs(30);
/// The first one.
const MIN_PAUSE: Duration = Duration::from_millis(200);
/// Failures in a row before the issuer's discovery document is read anew.
const REDISCOVER_AFTER: u32 = 4;
/// How often what is due is forgotten.
const FORGET_EVERY: Duration = Duration::from_mins(2);
/// Bounds of the patience with a silent stream. It is half of what the knowledge may be old, so that there is time to come back.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(2), Duration::from_mins(5));

/// All that the task needs.
#[derive(Debug, Clone)]
pub(crate) struct Follower {
    pub(crate) issuer: String,
    pub(crate) http: Arc<Http>,
    pub(crate) keys: KeySource,
    pub(crate) watch: Arc<Watch>,
}

/// What a follower remembers from try to try.
#[derive(Debug, Default)]
struct Run {
    /// Tries that brought nothing, since the last word that did.
    failures: u32,
    /// A snapshot is needed although there is one already.
    hole: bool,
    /// Taken since the last word that did.
    snapshots: u32,
    /// Caches on the way are not good enough.
    anew: bool,
    forgot_at: Duration,
}

impl Follower {
    /// Follows until the guard is gone.
    pub(crate) async fn run(self) {
        let mut run = Run::default();
        loop {
            let trouble = self.follow(&mut run).await;
            let is_hole = matches!(trouble, Trouble::SnapshotRequired | Trouble::Hole);
            run.hole |= is_hole;
            self.watch.trouble(&trouble);
            let pause = if is_hole && run.snapshots == 0 {
                Duration::ZERO
            } else {
                run.failures = run.failures.saturating_add(1);
                pause(run.failures, if let Trouble::Busy(asked) = trouble { asked } else { None })
            };
            self.watch.assess();
            tokio::time::sleep(pause).await;
            self.forget(&mut run).await;
        }
    }

    /// Follows until something keeps it from going on.
    async fn follow(&self, run: &mut Run) -> Trouble {
        match self.try_follow(run).await {
            Ok(()) => Trouble::Ended,
            Err(trouble) => trouble,
        }
    }

    async fn try_follow(&self, run: &mut Run) -> Result<(), Trouble> {
        let feed = self.feed(run.failures).await?;
        let ask = Ask { http: &self.http, credentials: self.watch.credentials() };
        let position = match self.watch.knowledge.position() {
            Some(position) if !run.hole => position,
            _ => self.snapshot(ask, &feed, run).await?,
        };
        let mut stream = ask.stream(&feed.stream, &position).await?;
        let patience = (self.watch.max_staleness() / 2).clamp(PATIENCE.0, PATIENCE.1);
        while let Some(jws) = stream.next(patience).await? {
            let event = self.event(&jws).await?;
            let heard = self.watch.knowledge.hear(&event, self.watch.now());
            match heard {
                Heard::Known => {
                    (run.failures, run.snapshots, run.anew) = (0, 0, false);
                    self.watch.fine();
                }
                // Also what a server sends first that has nothing newer to say.
                Heard::Older => {}
                Heard::Hole => return Err(Trouble::Hole),
            }
            self.watch.assess();
            self.forget(run).await;
        }
        Ok(())
    }

    /// Where the feed is. After some failures the issuer is asked again: it may have moved.
    async fn feed(&self, failures: u32) -> Result<Feed, Trouble> {
        let discovered = match &self.keys {
            KeySource::Remote(cache) if failures < REDISCOVER_AFTER => {
                self.current().await?;
                cache.discovered()
            }
            KeySource::Remote(_) | KeySource::Fixed(_) => None,
        };
        let discovered = match discovered {
            Some(discovered) => discovered,
            // Or the keys come from elsewhere.
            None => Arc::new(self.discover().await?),
        };
        self.watch.learn(&discovered);
        match &discovered.feed {
            Some(Ok(feed)) => Ok(feed.clone()),
            Some(Err(error)) => Err(Trouble::Issuer(error.to_string())),
            None => Err(Trouble::Issuer("the issuer advertises no revocation feed".to_owned())),
        }
    }

    async fn discover(&self) -> Result<Discovered, Trouble> {
        let discovery = discovery::discover(self.http.as_ref(), &self.issuer);
        match tokio::time::timeout(crate::jwks::fetch::TIMEOUT, discovery).await {
            Ok(discovered) => discovered.map_err(|error| Trouble::Issuer(error.to_string())),
            Err(_) => Err(Trouble::Silent),
        }
    }

    /// Takes a snapshot in; the stream goes on from there.
    async fn snapshot(
        &self,
        ask: Ask<'_>,
        feed: &Feed,
        run: &mut Run,
    ) -> Result<symbolon_revocation::Position, Trouble> {
        // Whatever goes wrong with this one, the next try is for a fresh one.
        let anew = std::mem::replace(&mut run.anew, true);
        let bytes = Arc::new(ask.snapshot(&feed.snapshot, anew).await?);
        let mut keys = self.current().await?;
        let mut heard = self.take(&bytes, &keys).await?;
        if let Err(error) = &heard
            && error.is_unknown_key()
        {
            keys = self.look_for(head_of(&bytes), *error).await?;
            heard = self.take(&bytes, &keys).await?;
        }
        match heard.map_err(Trouble::Refused)? {
            Heard::Known => {}
            Heard::Older | Heard::Hole => return Err(Trouble::Older),
        }
        run.hole = false;
        run.snapshots = run.snapshots.saturating_add(1);
        self.watch.fine();
        self.watch.assess();
        self.watch.knowledge.position().ok_or(Trouble::Hole)
    }

    /// Verifying and merging millions of entries is not for a thread that answers requests.
    async fn take(&self, bytes: &Arc<Vec<u8>>, keys: &Arc<Current>) -> Result<Result<Heard, Error>, Trouble> {
        self.check_key(head_of(bytes), keys)?;
        let (bytes, keys, follower) = (Arc::clone(bytes), Arc::clone(keys), self.clone());
        let work = move || {
            let now = follower.watch.now();
            let snapshot = Snapshot::verify(&bytes, &keys.all, &follower.issuer, now.unix)?;
            Ok(follower.watch.knowledge.take(&snapshot, now))
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Trouble::Ended)
    }

    async fn event(&self, jws: &str) -> Result<Event, Trouble> {
        let verify = |keys: &Current| event::verify(jws, &keys.all, &self.issuer, self.watch.now().unix);
        let mut keys = self.current().await?;
        let mut verified = verify(&keys);
        if let Err(error) = verified
            && error.is_unknown_key()
        {
            keys = self.look_for(Some(jws), error).await?;
            verified = verify(&keys);
        }
        let event = verified.map_err(Trouble::Refused)?;
        self.check_key(Some(jws), &keys)?;
        Ok(event)
    }

    /// A key that was revoked signs no news either: whoever stole it could hide what is revoked.
    fn check_key(&self, jws: Option<&str>, keys: &Current) -> Result<(), Trouble> {
        // By the key's own name: a header need not say it where only one key is possible.
        let key = jws.and_then(|jws| with_header(jws, |header| keys.all.find(header.kid(), header.alg())));
        let Some(kid) = key.and_then(VerifyingKey::kid) else { return Ok(()) };
        let key =
            TokenIds { key: Some(Fingerprint::of(RuleKind::Key, kid)), iat: Some(u64::MAX), ..TokenIds::default() };
        if self.watch.knowledge.set.refuses(&key).is_some() { Err(Trouble::RevokedKey) } else { Ok(()) }
    }

    async fn current(&self) -> Result<Arc<Current>, Trouble> {
        match &self.keys {
            KeySource::Fixed(current) => Ok(Arc::clone(current)),
            KeySource::Remote(cache) => cache
                .load()
                .await
                .map_err(|Unavailable { .. }| Trouble::Issuer("the issuer's keys could not be fetched".to_owned())),
        }
    }

    /// The keys with the one that signed this, if the issuer has published it by now.
    async fn look_for(&self, jws: Option<&str>, error: Error) -> Result<Arc<Current>, Trouble> {
        let found = match (&self.keys, jws.and_then(kid_of)) {
            (KeySource::Remote(cache), Some(kid)) => cache.look_for(&kid, |current| &current.all).await,
            _ => None,
        };
        found.ok_or(Trouble::Refused(error))
    }

    /// Forgets what is due, now and then.
    async fn forget(&self, run: &mut Run) {
        let now = self.watch.now();
        if now.steady.saturating_sub(run.forgot_at) < FORGET_EVERY {
            return;
        }
        run.forgot_at = now.steady;
        let watch = Arc::clone(&self.watch);
        // If the process is stopping, nobody needs it.
        drop(tokio::task::spawn_blocking(move || while !watch.knowledge.forget(now) {}).await);
    }
}

/// The name of the key in the header of a compact JWS.
fn kid_of(jws: &str) -> Option<String> {
    with_header(jws, |header| header.kid().map(ToOwned::to_owned))
}

/// Reads the header of a compact JWS of any length.
fn with_header<T>(jws: &str, read: impl FnOnce(&Unverified<'_>) -> Option<T>) -> Option<T> {
    let ((header, _), (_, signature)) = (jws.split_once('.')?, jws.rsplit_once('.')?);
    let detached = [header, "..", signature].concat();
    read(&Unverified::parse(&detached).ok()?)
}

/// The head of a snapshot, unverified.
fn head_of(bytes: &[u8]) -> Option<&str> {
    let (len, rest) = bytes.get(8..)?.split_first_chunk()?;
    let len = usize::try_from(u32::from_be_bytes(*len)).ok()?;
    std::str::from_utf8(rest.get(..len)?).ok()
}

/// Twice as long each time, the last half of it by chance.
fn pause(failures: u32, asked: Option<Duration>) -> Duration {
    let longest = MIN_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(MAX_PAUSE);
    let [chance] = rng::seed::<1>();
    let share = u32::try_from(chance % 1000).unwrap_or_default();
    let pause = longest / 2 + longest / 2 * share / 1000;
    asked.map_or(pause, |asked| asked.max(MIN_PAUSE) + pause / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_are_not_all_the_same() {
        let bounds = |failures| {
            (0..100)
                .map(|_| pause(failures, None))
                .fold((MAX_PAUSE, Duration::ZERO), |(low, high), it| (low.min(it), high.max(it)))
        };
        for (failures, longest) in [(1, 200), (2, 400), (5, 3200), (40, 30_000), (u32::MAX, 30_000)] {
            let (low, high) = bounds(failures);
            assert!(low >= Duration::from_millis(longest / 2) && high <= Duration::from_millis(longest), "{failures}");
            assert!(low < high);
        }
        assert!(pause(1, Some(Duration::from_secs(10))) >= Duration::from_secs(10));
    }

    #[test]
    fn the_name_of_a_key_is_read_from_anything_or_not_at_all() {
        for nonsense in ["", ".", "..", "a.b.c", "SYMREVO1"] {
            assert_eq!(kid_of(nonsense), None);
        }
        for nonsense in [&b""[..], b"SYMREVO1", b"SYMREVO1\xff\xff\xff\xff", b"SYMREVO1\0\0\0\x01\xff"] {
            assert_eq!(head_of(nonsense), None);
        }
        assert_eq!(head_of(b"SYMREVO1\0\0\0\x03abcdef"), Some("abc"));
    }
}
