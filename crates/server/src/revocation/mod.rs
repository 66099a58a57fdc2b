//! The revocation feed (decision 6): what the log of the store says, signed once and sent to everybody who follows.
//!
//! - `publish`: the one task that reads the log after each commit, signs what is new, and says now and then that nothing is.
//! - `ring`: the events of the last while, shared by all followers.
//! - `follow`: one follower, the body of an answer that does not end.
//! - `places`: how many there may be, and of whom.
//! - `snapshot`: everything at once, for whoever begins or was away too long.

pub(crate) mod follow;
pub(crate) mod places;
pub(crate) mod publish;
mod ring;
pub(crate) mod snapshot;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use symbolon_jose::{Algorithm, SigningKey};
use symbolon_revocation::{Entry, EventToSign, Fingerprint, IdKind, Kind, Position, RuleKind, event};
use symbolon_store::{Revocation, RevocationKind, StoreError};
use tokio::sync::{Semaphore, watch};

use crate::app::{App, AppError};
use crate::registry::Registry;
use places::Places;
use ring::Ring;
use snapshot::Cached;

/// Guards allow clocks to differ by at most this much, so an entry is needed that long after the last `exp`.
const LARGEST_LEEWAY_SECS: u64 = crate::keys::LARGEST_LEEWAY_SECS;

/// Entries in one event, and read from the store at once.
const EVENT_ENTRIES: u32 = 4096;

/// How many followers at once get from the store what they missed; the others wait.
const CATCHING_UP: usize = 2;

/// A clock that was put back by more is believed again, seconds: what is signed would be from the future to those who read it.
const LARGEST_STEP_BACK_SECS: u64 = 30;

/// What all followers share.
pub struct Feed {
    epoch: String,
    ring: Mutex<Ring>,
    /// The index after the newest event; wakes the followers.
    news: watch::Sender<u64>,
    places: Places,
    catching_up: Semaphore,
    snapshot: Arc<tokio::sync::Mutex<Option<Cached>>>,
    /// The newest time that was signed.
    newest_iat: AtomicU64,
}

/// Why nothing can be told.
#[derive(Debug)]
pub(crate) enum FeedError {
    /// No key signs, or the entries cannot be signed.
    Signing(symbolon_revocation::Error),
    /// The key is missing.
    NoKey,
    /// The keys could not be read again.
    Registry(AppError),
    /// The store.
    Store(StoreError),
    /// The process is stopping.
    Stopped,
}

impl fmt::Display for FeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signing(error) => error.fmt(f),
            Self::NoKey => f.write_str("no active key signs with RS256"),
            Self::Registry(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
            Self::Stopped => f.write_str("the process is stopping"),
        }
    }
}

impl From<StoreError> for FeedError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<symbolon_revocation::Error> for FeedError {
    fn from(error: symbolon_revocation::Error) -> Self {
        Self::Signing(error)
    }
}

impl Feed {
    /// The feed of the log with this epoch.
    pub(crate) fn new(epoch: String, max_followers: usize) -> Self {
        Self {
            epoch,
            ring: Mutex::default(),
            news: watch::Sender::new(0),
            places: Places::new(max_followers),
            catching_up: Semaphore::new(CATCHING_UP),
            snapshot: Arc::default(),
            newest_iat: AtomicU64::new(0),
        }
    }

    /// What the log of this installation is known by.
    pub(crate) fn epoch(&self) -> &str {
        &self.epoch
    }

    /// How long ago something was last said, in seconds; absent before the first word.
    pub(crate) fn age_secs(&self, now: u64) -> Option<u64> {
        let newest = self.newest_iat.load(Ordering::Relaxed);
        (newest > 0).then(|| now.saturating_sub(newest))
    }

    /// How many streams are open.
    pub(crate) fn followers(&self) -> usize {
        self.places.taken()
    }

    /// Ends every stream: whoever follows comes back and goes on where it was.
    pub(crate) fn close(&self) {
        let end = self.ring().close();
        self.news.send_replace(end);
    }

    /// The time to sign, by the clock or, if that was put back a little, by what was signed before: followers count only what is newer.
    fn iat(&self, now: u64) -> u64 {
        let iat =
            |newest: u64| if newest <= now.saturating_add(LARGEST_STEP_BACK_SECS) { newest.max(now) } else { now };
        let update = self.newest_iat.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |newest| Some(iat(newest)));
        iat(update.unwrap_or(now))
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        // The lock is never held while something can fail, so a poisoned ring is a whole one.
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

/// Where in the log an event stands.
#[derive(Clone, Copy)]
struct Span {
    after: u64,
    seq: u64,
}

/// The key that signs the feed: RS256 is always there, and quick to verify.
fn signing_key(registry: &Registry) -> Result<&SigningKey, FeedError> {
    registry.keys().signing(Algorithm::RS256).ok_or(FeedError::NoKey)
}

/// Before entries are signed: a key that they revoke must not sign them. Nobody could verify the news of its own end.
async fn let_go_of_revoked_key(app: &App, entries: &[Revocation]) -> Result<(), FeedError> {
    let registry = app.registry();
    let kid = signing_key(&registry)?.kid();
    let ends_it = |entry: &Revocation| entry.kind == RevocationKind::Key && Some(entry.id.as_str()) == kid;
    if entries.iter().any(ends_it) {
        app.reload_registry().await.map_err(FeedError::Registry)?;
    }
    Ok(())
}

/// A server-sent event, and which key signed it.
struct Signed {
    frame: Bytes,
    kid: Option<String>,
}

/// One server-sent event (HTML standard §9.2): an id to go on from, and the signed text.
fn sign(app: &App, span: Span, entries: &[Entry], now: u64) -> Result<Signed, FeedError> {
    let registry = app.registry();
    let key = signing_key(&registry)?;
    let Span { after, seq } = span;
    let (iat, epoch) = (app.feed.iat(now), app.feed.epoch.as_str());
    let jws = event::sign(key, &EventToSign { iss: app.issuer.as_str(), iat, epoch, after, seq, entries })?;
    let id = Position { epoch: epoch.to_owned(), seq };
    let frame = Bytes::from(format!("id: {id}\nevent: revocations\ndata: {jws}\n\n"));
    Ok(Signed { frame, kid: key.kid().map(str::to_owned) })
}

/// An entry as it travels: the fingerprint instead of the id.
fn entry(from: &Revocation) -> Entry {
    let kind: Kind = match from.kind {
        RevocationKind::Jti => IdKind::Jti.into(),
        RevocationKind::Sid => IdKind::Sid.into(),
        RevocationKind::UserHandle => IdKind::Handle.into(),
        RevocationKind::Client => RuleKind::Client.into(),
        RevocationKind::Api => RuleKind::Api.into(),
        RevocationKind::Key => RuleKind::Key.into(),
        RevocationKind::All => RuleKind::All.into(),
    };
    let forget_at = from.expires_at.saturating_add(LARGEST_LEEWAY_SECS);
    Entry::new(kind, Fingerprint::of(kind, &from.id), from.revoked_at, forget_at)
}
