//! Sessions: who is signed in, and the tokens of theirs, which never leave the gateway but towards an API.
//!
//! All of them are in memory, and every change is in the store before it counts; what is read is never waited for. A browser holds a random
//! value, of which only the hash is kept. One ends by sign-out here or elsewhere, when it is idle for too long, at its absolute end, when the issuer
//! refuses to renew, or when another sign-in in the same browser takes its place.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use symbolon_jose::{base64url, sha256};
use symbolon_oauth::Rng as _;
use symbolon_server::Clock;
use symbolon_server::rng::SystemRng;
use tokio::sync::{Semaphore, watch};
use zeroize::Zeroizing;

use crate::config;
use crate::store::{Hash, Store, StoreError};
use crate::websocket::MOST_OF_A_SESSION;

/// What a session consists of; sealed in the store.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Content {
    /// The person.
    pub(crate) sub: String,
    /// The session at the issuer.
    pub(crate) sid: Option<String>,
    /// What is known of the person.
    pub(crate) claims: Map<String, Value>,
    /// What the sign-in allows.
    pub(crate) scope: String,
    /// For signing out at the issuer.
    pub(crate) id_token: Zeroizing<String>,
    /// For renewing; absent if the issuer gave none.
    pub(crate) refresh_token: Option<Zeroizing<String>>,
    /// One for each audience; that of no audience is under "".
    pub(crate) access: BTreeMap<String, Access>,
    /// When it began, Unix seconds.
    pub(crate) began_at: u64,
}

/// An access token.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Access {
    pub(crate) token: Zeroizing<String>,
    pub(crate) got_at: u64,
    /// From here on there should be a newer one.
    pub(crate) renew_at: u64,
    pub(crate) expires_at: u64,
    /// What it says, where it is one of the issuer's signed tokens.
    pub(crate) claims: Option<Map<String, Value>>,
}

impl Access {
    /// One that was got now and lives for `expires_in` seconds.
    pub(crate) fn new(token: Zeroizing<String>, claims: Option<Map<String, Value>>, now: u64, expires_in: u64) -> Self {
        /// A call has to be on its way and judged before the token ends.
        const BEFORE_SECS: u64 = 30;
        let expires_at = now.saturating_add(expires_in);
        Self { token, got_at: now, renew_at: expires_at - BEFORE_SECS.min(expires_in / 4), expires_at, claims }
    }
}

/// One session.
pub(crate) struct Session {
    pub(crate) hash: Hash,
    content: Mutex<Content>,
    used_at: AtomicU64,
    stored_used_at: AtomicU64,
    /// Held by whoever renews its tokens, or ends it: one at a time. Says whether it still lives, and when renewing failed last.
    pub(crate) turn: tokio::sync::Mutex<Turn>,
    /// Places for its WebSockets.
    pub(crate) sockets: Arc<Semaphore>,
    ended: watch::Sender<bool>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session(…)")
    }
}

/// What whoever has the turn needs to know.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    /// It ended while others waited.
    pub(crate) ended: bool,
    /// When the issuer could not be asked, Unix seconds.
    pub(crate) failed_at: Option<u64>,
}

impl Session {
    fn new(hash: Hash, content: Content, used_at: u64) -> Self {
        Self {
            hash,
            content: Mutex::new(content),
            used_at: AtomicU64::new(used_at),
            stored_used_at: AtomicU64::new(used_at),
            turn: tokio::sync::Mutex::default(),
            sockets: Arc::new(Semaphore::new(MOST_OF_A_SESSION)),
            ended: watch::Sender::new(false),
        }
    }

    /// What it consists of now.
    pub(crate) fn content(&self) -> MutexGuard<'_, Content> {
        // Nothing panics while it is held: values are read and replaced.
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Turns true when it has ended.
    pub(crate) fn ended(&self) -> watch::Receiver<bool> {
        self.ended.subscribe()
    }

    /// When it ends if nothing happens, Unix seconds.
    pub(crate) fn ends_at(&self, lives: config::Session) -> u64 {
        let idle = self.used_at.load(Ordering::Relaxed).saturating_add(lives.idle_secs);
        idle.min(self.content().began_at.saturating_add(lives.absolute_secs))
    }
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Sessions {
    all: RwLock<HashMap<Hash, Arc<Session>>>,
    store: Store,
    lives: config::Session,
    clock: Clock,
}

impl Sessions {
    /// Those of the store.
    pub(crate) fn open(store: Store, lives: config::Session, clock: Clock) -> Result<Self, StoreError> {
        let mut all = HashMap::new();
        for row in store.sessions()? {
            let content = serde_json::from_slice(&row.plain).map_err(|_| StoreError::Sealed)?;
            all.insert(row.hash, Arc::new(Session::new(row.hash, content, row.used_at)));
        }
        Ok(Self { all: RwLock::new(all), store, lives, clock })
    }

    /// The one that a cookie's value opens, if it lives. That is use of it.
    pub(crate) fn find(&self, value: &str) -> Option<Arc<Session>> {
        let session = Arc::clone(self.read().get(&hash_of(value))?);
        let now = self.clock.now();
        if now >= session.ends_at(self.lives) {
            return None;
        }
        session.used_at.fetch_max(now, Ordering::Relaxed);
        Some(session)
    }

    /// The one of this hash, whether it has run out or not.
    pub(crate) fn by_hash(&self, hash: &Hash) -> Option<Arc<Session>> {
        self.read().get(hash).cloned()
    }

    /// A new session, in the place of one that this browser had; gives what the browser has to hold, and its hash.
    pub(crate) async fn begin(
        &self,
        content: Content,
        replaces: Option<Hash>,
    ) -> Result<(Zeroizing<String>, Hash), StoreError> {
        let mut secret = Zeroizing::new([0; 32]);
        SystemRng.fill(secret.as_mut_slice());
        let value = Zeroizing::new(base64url::encode(secret.as_slice()));
        let (hash, now) = (hash_of(&value), self.clock.now());
        self.store.add(hash, plain(&content), now, replaces).await?;
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = replaces {
            gone(all.remove(&old));
        }
        all.insert(hash, Arc::new(Session::new(hash, content, now)));
        Ok((value, hash))
    }

    /// Puts what a session consists of by now into the store.
    pub(crate) async fn keep(&self, session: &Session) -> Result<(), StoreError> {
        let plain = plain(&session.content());
        self.store.change(session.hash, plain).await
    }

    /// Ends these: from the moment this is called nobody finds them, and when it returns no restart brings them back.
    pub(crate) async fn end(&self, hashes: Vec<Hash>) -> Result<(), StoreError> {
        {
            let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
            for hash in &hashes {
                gone(all.remove(hash));
            }
        }
        self.store.remove(hashes).await
    }

    /// Those of which `is_meant` says so by person and session at the issuer.
    pub(crate) fn of(&self, is_meant: impl Fn(&str, Option<&str>) -> bool) -> Vec<Arc<Session>> {
        let meant = |session: &&Arc<Session>| {
            let content = session.content();
            is_meant(&content.sub, content.sid.as_deref())
        };
        self.read().values().filter(meant).cloned().collect()
    }

    /// Ends what is over, and gives it for what it leaves behind; notes what was used. Called every minute.
    pub(crate) async fn tidy(&self) -> Vec<Arc<Session>> {
        let now = self.clock.now();
        let is_over = |session: &&Arc<Session>| now >= session.ends_at(self.lives);
        let over: Vec<Arc<Session>> = self.read().values().filter(is_over).cloned().collect();
        if !over.is_empty()
            && let Err(error) = self.end(over.iter().map(|session| session.hash).collect()).await
        {
            tracing::warn!(%error, "sessions that are over could not be removed");
        }
        self.note_used().await;
        over
    }

    /// Notes what was used, for after a restart.
    pub(crate) async fn note_used(&self) {
        let mut used = Vec::new();
        for session in self.read().values() {
            let at = session.used_at.load(Ordering::Relaxed);
            if at > session.stored_used_at.swap(at, Ordering::Relaxed) {
                used.push((session.hash, at));
            }
        }
        if !used.is_empty()
            && let Err(error) = self.store.used(used).await
        {
            tracing::warn!(%error, "it could not be noted when sessions were used");
        }
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, HashMap<Hash, Arc<Session>>> {
        self.all.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells those who wait for the end of a session.
fn gone(session: Option<Arc<Session>>) {
    if let Some(session) = session {
        session.ended.send_replace(true);
    }
}

fn hash_of(value: &str) -> Hash {
    sha256(value.as_bytes())
}

fn plain(content: &Content) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(serde_json::to_vec(content).expect("it has only string keys"))
}

#[cfg(test)]
mod tests {
    use symbolon_server::seal::MasterKey;

    use super::*;

    const LIVES: config::Session = config::Session { idle_secs: 100, absolute_secs: 250 };

    fn content(sub: &str, began_at: u64) -> Content {
        Content {
            sub: sub.to_owned(),
            sid: Some(format!("sid-{sub}")),
            claims: Map::new(),
            scope: String::new(),
            id_token: Zeroizing::default(),
            refresh_token: None,
            access: BTreeMap::new(),
            began_at,
        }
    }

    fn sessions(folder: &std::path::Path, clock: &Clock) -> Sessions {
        let key = MasterKey::from_text(&base64url::encode(&[1; 32]), "test").unwrap();
        Sessions::open(Store::open(folder, key.sealer()).unwrap(), LIVES, clock.clone()).unwrap()
    }

    #[tokio::test]
    async fn use_keeps_a_session_up_to_its_absolute_end() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::fixed(1_000);
        let all = sessions(folder.path(), &clock);
        let (value, _) = all.begin(content("ada", 1_000), None).await.unwrap();
        assert!(all.find("other").is_none());
        for _ in 0..2 {
            clock.advance(99);
            assert!(all.find(&value).is_some());
        }
        clock.advance(51);
        assert!(all.find(&value).is_some(), "second 249");
        clock.advance(1);
        assert!(all.find(&value).is_none(), "second 250");
        assert_eq!(all.tidy().await.len(), 1);
        assert!(all.of(|_, _| true).is_empty());
    }

    #[tokio::test]
    async fn a_session_outlives_the_process_with_when_it_was_used() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::fixed(1_000);
        let all = sessions(folder.path(), &clock);
        let (value, _) = all.begin(content("ada", 1_000), None).await.unwrap();
        clock.advance(60);
        all.find(&value).unwrap().content().scope = "changed".to_owned();
        all.keep(&all.find(&value).unwrap()).await.unwrap();
        all.note_used().await;
        drop(all);
        clock.advance(99);
        let all = sessions(folder.path(), &clock);
        assert_eq!(all.find(&value).unwrap().content().scope, "changed");
        let (again, _) = all.begin(content("ada", 1_159), Some(hash_of(&value))).await.unwrap();
        assert!(all.find(&value).is_none() && all.find(&again).is_some());
        let meant = all.of(|sub, sid| sub == "ada" && sid == Some("sid-ada"));
        all.end(meant.iter().map(|session| session.hash).collect()).await.unwrap();
        drop(all);
        assert!(sessions(folder.path(), &clock).find(&again).is_none());
    }

    #[test]
    fn a_token_is_renewed_before_it_ends() {
        let access = |expires_in| Access::new(Zeroizing::default(), None, 1_000, expires_in).renew_at;
        assert_eq!([access(600), access(60), access(0)], [1_570, 1_045, 1_000]);
    }
}
