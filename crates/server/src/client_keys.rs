//! Clients' keys by reference (`jwks_uri`, RFC 7591 §2, OpenID Connect Core §10.1.1): fetched through the one way out, kept in memory, and
//! fetched again when a token names a key that is not there.
//!
//! | When | What happens |
//! | --- | --- |
//! | first use | the request waits for the one fetch that all first uses share |
//! | older than its time (`FRESH_SECS`, or `max-age` within bounds) | fetched behind the scenes; requests go on with the old set |
//! | a token names an unknown `kid` | one fetch, if there is one left (`throttle.client_keys.free` at once, one more every `throttle.client_keys.refill`) |
//! | a fetch fails | the last good set holds for `STALE_SECS`; tried again after 1 s, 2 s, 4 s, … up to `LONGEST_PAUSE_SECS` |
//!
//! Each node keeps its own. Refuses answers other than 200, redirects among them, sets that are too large or hold a private key, and
//! whatever [`Outgoing`] refuses. Anybody can send a token with an invented `kid`, so nothing here goes by how many come.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use symbolon_jose::jwk::Purpose;
use symbolon_jose::{Algorithm, Jwk, JwkSet, VerifyingKeys, jwt};
use symbolon_oauth::registration::Client;
use symbolon_oauth::request_object;
use tokio::sync::OwnedMutexGuard;

use crate::app::App;
use crate::config::KeyFetches;
use crate::outgoing::{Answer, Limits, Outgoing, Request, Rest};
use crate::registry::Registry;

const LIMITS: Limits = Limits { time: Duration::from_secs(5), body_bytes: 64 * 1024 };
/// How long a set is fresh if its server does not say.
const FRESH_SECS: u64 = 600;
/// The bounds of what its server may say.
const FRESH_BOUNDS: (u64, u64) = (60, 3600);
/// How long the last good set holds while no other is to be had.
const STALE_SECS: u64 = 86_400;
/// The longest pause between tries that fail.
const LONGEST_PAUSE_SECS: u64 = 60;
/// Sets that are kept.
const MAX_SETS: usize = 1000;

/// The sets of all clients, by address.
#[derive(Debug)]
pub struct ClientKeys {
    outgoing: Arc<Outgoing>,
    sets: Mutex<HashMap<String, Arc<Entry>>>,
}

/// A set as it was fetched.
#[derive(Debug)]
pub struct Fetched {
    set: JwkSet,
    verifying: VerifyingKeys,
    fresh_until: u64,
    stale_at: u64,
}

impl Fetched {
    /// What signatures are verified with.
    pub fn verifying(&self) -> &VerifyingKeys {
        &self.verifying
    }

    /// All of it.
    pub fn set(&self) -> &JwkSet {
        &self.set
    }

    fn has(&self, kid: &str) -> bool {
        self.verifying.iter().any(|key| key.kid() == Some(kid))
    }
}

#[derive(Debug)]
struct Entry {
    uri: String,
    fetched: ArcSwapOption<Fetched>,
    /// Held over a fetch, so that there is one at a time.
    pace: Arc<tokio::sync::Mutex<Pace>>,
    used_at: AtomicU64,
}

/// When the next fetch may be. Seconds.
#[derive(Debug)]
struct Pace {
    /// Fetches for unknown keys that are left.
    left: u64,
    /// Up to when the refill has been counted.
    since: u64,
    failures: u32,
    /// No try before this.
    retry_at: u64,
}

impl Pace {
    /// Takes a fetch for an unknown key, if one is left.
    fn take(&mut self, limit: KeyFetches, now: u64) -> bool {
        let gained = now.saturating_sub(self.since) / limit.refill_secs;
        // A clock that was turned back must not stop it for as long as it jumped.
        self.since = if now < self.since { now } else { self.since + gained * limit.refill_secs };
        self.left = self.left.saturating_add(gained).min(limit.free);
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }

    fn failed(&mut self, now: u64) {
        let pause = 1_u64.checked_shl(self.failures).unwrap_or(u64::MAX).min(LONGEST_PAUSE_SECS);
        self.failures = self.failures.saturating_add(1);
        self.retry_at = now.saturating_add(pause);
    }

    fn succeeded(&mut self) {
        self.failures = 0;
        self.retry_at = 0;
    }
}

impl ClientKeys {
    /// Nothing fetched yet.
    pub fn new(outgoing: Arc<Outgoing>) -> Self {
        Self { outgoing, sets: Mutex::default() }
    }

    /// The set at `uri`, fetched if there is none that counts.
    pub async fn current(&self, uri: &str, now: u64) -> Option<Arc<Fetched>> {
        let entry = self.entry(uri, now);
        let Some(fetched) = entry.counting(now) else {
            let mut pace = Arc::clone(&entry.pace).lock_owned().await;
            // Whoever held the lock may have brought it.
            if entry.counting(now).is_none() && now >= pace.retry_at {
                entry.fetch(&self.outgoing, &mut pace, now).await;
            }
            return entry.counting(now);
        };
        if now >= fetched.fresh_until
            && let Ok(pace) = Arc::clone(&entry.pace).try_lock_owned()
            && now >= pace.retry_at
        {
            renew(Arc::clone(&self.outgoing), entry, pace, now);
        }
        Some(fetched)
    }

    /// The set at `uri` for the one who verifies `token`: with the key that its header names, if that is anywhere to be had.
    pub async fn for_token(&self, uri: &str, token: &str, limit: KeyFetches, now: u64) -> Option<Arc<Fetched>> {
        let fetched = self.current(uri, now).await?;
        // Untrusted, and only asked for the name.
        let Ok(parts) = jwt::decode_unverified(token) else { return Some(fetched) };
        let kid = parts.header.get("kid").and_then(serde_json::Value::as_str);
        let Some(kid) = kid.filter(|kid| !fetched.has(kid)) else { return Some(fetched) };
        let entry = self.entry(uri, now);
        let mut pace = Arc::clone(&entry.pace).lock_owned().await;
        match entry.counting(now) {
            Some(newer) if newer.has(kid) => return Some(newer),
            _ => {}
        }
        if pace.take(limit, now) {
            entry.fetch(&self.outgoing, &mut pace, now).await;
        }
        entry.counting(now).or(Some(fetched))
    }

    /// The set at `uri` if it is there; nothing is fetched.
    pub fn peek(&self, uri: &str, now: u64) -> Option<Arc<Fetched>> {
        let sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        sets.get(uri).and_then(|entry| entry.counting(now))
    }

    fn entry(&self, uri: &str, now: u64) -> Arc<Entry> {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = sets.get(uri) {
            entry.used_at.store(now, Ordering::Relaxed);
            return Arc::clone(entry);
        }
        if sets.len() >= MAX_SETS {
            let oldest = sets.values().min_by_key(|entry| entry.used_at.load(Ordering::Relaxed));
            if let Some(uri) = oldest.map(|entry| entry.uri.clone()) {
                sets.remove(&uri);
            }
        }
        // As many as the limit says when the first is taken.
        let pace = Pace { left: u64::MAX, since: now, failures: 0, retry_at: 0 };
        let entry = Arc::new(Entry {
            uri: uri.to_owned(),
            fetched: ArcSwapOption::empty(),
            pace: Arc::new(tokio::sync::Mutex::new(pace)),
            used_at: AtomicU64::new(now),
        });
        sets.insert(uri.to_owned(), Arc::clone(&entry));
        entry
    }
}

/// Fetches behind the scenes.
fn renew(outgoing: Arc<Outgoing>, entry: Arc<Entry>, mut pace: OwnedMutexGuard<Pace>, now: u64) {
    tokio::spawn(async move { entry.fetch(&outgoing, &mut pace, now).await });
}

impl Entry {
    fn counting(&self, now: u64) -> Option<Arc<Fetched>> {
        self.fetched.load_full().filter(|fetched| now < fetched.stale_at)
    }

    async fn fetch(&self, outgoing: &Outgoing, pace: &mut Pace, now: u64) {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/jwk-set+json, application/json"));
        let request = Request { method: Method::GET, url: self.uri.clone(), headers, body: Bytes::new() };
        let answer = outgoing.send(request, LIMITS).await.map_err(|error| error.to_string());
        match answer.and_then(|answer| read(&answer, now).map_err(str::to_owned)) {
            Ok(fetched) => {
                pace.succeeded();
                self.fetched.store(Some(Arc::new(fetched)));
            }
            Err(why) => {
                pace.failed(now);
                let held = self.counting(now).is_some();
                tracing::warn!(uri = self.uri, why, keys_held = held, "a client's keys could not be fetched");
            }
        }
    }
}

/// What an answer brings, or why it brings nothing.
fn read(answer: &Answer, now: u64) -> Result<Fetched, &'static str> {
    if answer.status != StatusCode::OK {
        return Err("the answer is not 200");
    }
    if answer.rest != Rest::Nothing {
        return Err("the key set is larger than 64 KiB");
    }
    let set = JwkSet::from_slice(&answer.body).map_err(|_| "the answer is no key set")?;
    if set.keys().iter().any(Jwk::is_private) {
        return Err("the key set holds a private or shared key");
    }
    let verifying = VerifyingKeys::from_jwks(&set, Algorithm::ASYMMETRIC);
    // A set without keys is more likely a server in trouble than a client without any: the last good one holds.
    if verifying.is_empty() && !set.keys().iter().any(|key| key.purpose() == Some(Purpose::Encryption)) {
        return Err("no key of the set can be used");
    }
    let (least, most) = FRESH_BOUNDS;
    let fresh = max_age(&answer.headers).map_or(FRESH_SECS, |secs| secs.clamp(least, most));
    let (fresh_until, stale_at) = (now.saturating_add(fresh), now.saturating_add(STALE_SECS));
    Ok(Fetched { set, verifying, fresh_until, stale_at })
}

/// RFC 9111 §5.2.2: seconds the answer may be kept.
fn max_age(headers: &HeaderMap) -> Option<u64> {
    let lines = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut age = None;
    for directive in lines.flat_map(|line| line.split(',')).map(str::trim) {
        if directive.eq_ignore_ascii_case("no-store") || directive.eq_ignore_ascii_case("no-cache") {
            return Some(0);
        }
        let value = directive.split_once('=').filter(|(name, _)| name.eq_ignore_ascii_case("max-age"));
        age = value.and_then(|(_, secs)| secs.trim_matches('"').parse().ok()).or(age);
    }
    age
}

/// The public keys of one client: those that are registered, or those that were fetched.
#[derive(Clone, Debug)]
pub enum PublicKeys<'r> {
    /// From its `jwks_uri`.
    Fetched(Arc<Fetched>),
    /// It has none, or none were to be had.
    None,
    /// From its registration.
    Registered(&'r VerifyingKeys),
}

impl PublicKeys<'_> {
    /// What its signatures are verified with.
    pub fn verifying(&self) -> Option<&VerifyingKeys> {
        match self {
            Self::Fetched(fetched) => Some(fetched.verifying()),
            Self::None => None,
            Self::Registered(keys) => Some(keys),
        }
    }
}

impl App {
    /// The keys with which `token` of this client is verified.
    pub async fn public_keys<'r>(
        &self,
        registry: &'r Registry,
        client: &Client,
        token: &str,
        now: u64,
    ) -> PublicKeys<'r> {
        match client.jwks_uri() {
            Some(uri) => match self.client_keys.for_token(uri, token, self.config().throttle.client_keys, now).await {
                Some(fetched) => PublicKeys::Fetched(fetched),
                None => PublicKeys::None,
            },
            None => registry.assertion_keys(client.client_id.as_str()).map_or(PublicKeys::None, PublicKeys::Registered),
        }
    }

    /// The keys with which a request object of this client is verified: one that is encrypted says inside which it is.
    pub async fn keys_of_request_object<'r>(
        &self,
        registry: &'r Registry,
        client: &Client,
        text: &str,
        now: u64,
    ) -> PublicKeys<'r> {
        let inside = request_object::inside(registry.request_keys(client.client_id.as_str()), text);
        self.public_keys(registry, client, inside.as_ref().map_or(text, |inside| inside.as_str()), now).await
    }

    /// Fetches the keys to which something may have to be encrypted for this client, so that [`App::keys_at_hand`] has them.
    pub async fn fetch_encryption_keys(&self, client: &Client, now: u64) {
        let all = [
            client.id_token_encryption(),
            client.authorization_encryption(),
            client.userinfo_encryption(),
            client.introspection_encryption(),
        ];
        // Of what is encrypted with its secret, the key is here.
        let encrypts = all.iter().flatten().any(|(alg, _)| !alg.is_symmetric());
        if let Some(uri) = client.jwks_uri().filter(|_| encrypts) {
            self.client_keys.current(uri, now).await;
        }
    }

    /// Both at once, for what is sent to the client with this id.
    pub async fn encryption_keys(&self, registry: &Registry, client_id: &str, now: u64) -> Option<Arc<Fetched>> {
        let client = registry.client(client_id)?;
        self.fetch_encryption_keys(client, now).await;
        self.keys_at_hand(client, now)
    }

    /// The keys of a client that were fetched, if they were.
    pub fn keys_at_hand(&self, client: &Client, now: u64) -> Option<Arc<Fetched>> {
        self.client_keys.peek(client.jwks_uri()?, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(body: &str) -> Answer {
        let body = Bytes::copy_from_slice(body.as_bytes());
        Answer { status: StatusCode::OK, headers: HeaderMap::new(), body, rest: Rest::Nothing }
    }

    fn keys() -> String {
        json!({ "keys": [Jwk::generate(Algorithm::ES256).unwrap().public_value().unwrap()] }).to_string()
    }

    #[test]
    fn only_a_whole_public_key_set_is_one() {
        assert!(read(&answer(&keys()), 0).is_ok());
        let jwk = json!({ "kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0" });
        let shared = json!({ "keys": [jwk] }).to_string();
        for body in ["", "[]", "<html>", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"future"}]}"#, shared.as_str()] {
            assert!(read(&answer(body), 0).is_err(), "{body}");
        }
        for status in [StatusCode::FOUND, StatusCode::NOT_FOUND, StatusCode::NO_CONTENT] {
            assert!(read(&Answer { status, ..answer(&keys()) }, 0).is_err(), "{status}");
        }
        assert!(read(&Answer { rest: Rest::Unread, ..answer(&keys()) }, 0).is_err());
    }

    #[test]
    fn how_long_a_set_is_fresh_is_its_servers_word_within_bounds() {
        let fresh = |cache: &str| {
            let headers = HeaderMap::from_iter([(CACHE_CONTROL, HeaderValue::from_str(cache).unwrap())]);
            read(&Answer { headers, ..answer(&keys()) }, 100).unwrap().fresh_until - 100
        };
        for (cache, secs) in [
            ("max-age=900", 900),
            ("public, Max-Age=\"900\"", 900),
            ("max-age=5", 60),
            ("max-age=999999", 3600),
            ("no-store", 60),
            ("max-age=soon", 600),
            ("public", 600),
        ] {
            assert_eq!(fresh(cache), secs, "{cache}");
        }
        assert_eq!(read(&answer(&keys()), 100).unwrap().stale_at, 100 + STALE_SECS);
    }

    #[test]
    fn unknown_keys_cause_a_burst_and_then_one_fetch_in_ten_seconds() {
        const LIMIT: KeyFetches = KeyFetches { free: 5, refill_secs: 10 };
        let mut pace = Pace { left: u64::MAX, since: 0, failures: 0, retry_at: 0 };
        assert_eq!((0..20).filter(|_| pace.take(LIMIT, 0)).count(), 5);
        assert!(!pace.take(LIMIT, 9) && pace.take(LIMIT, 10) && !pace.take(LIMIT, 19) && pace.take(LIMIT, 20));
        assert_eq!((0..20).filter(|_| pace.take(LIMIT, 1_000)).count(), 5, "no more than the burst is saved up");
        assert!(!pace.take(LIMIT, 3) && pace.take(LIMIT, 13), "the clock went back");
    }

    #[test]
    fn failures_wait_longer_every_time() {
        let mut pace = Pace { left: u64::MAX, since: 0, failures: 0, retry_at: 0 };
        let waits: Vec<u64> = (0..8)
            .map(|_| {
                pace.failed(100);
                pace.retry_at - 100
            })
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        pace.failures = u32::MAX;
        pace.failed(100);
        assert_eq!(pace.retry_at, 160);
        pace.succeeded();
        assert_eq!(pace.retry_at, 0);
    }
}
