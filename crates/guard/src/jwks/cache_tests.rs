//! The cache under a fetcher that counts, delays and fails, and a clock that is moved by hand. Nothing here sleeps.

use std::sync::atomic::AtomicUsize;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};
use symbolon_jose::Jwk;
use tokio::{sync::Semaphore, task::JoinSet};

use super::*;
use crate::{
    jwks::{
        fetch::{Document, Fetching},
        limit::{BURST, REFILL},
    },
    testing::TestClock,
};

const ISSUER: &str = "https://issuer.example.com";

/// An issuer made of documents.
#[derive(Debug)]
struct Fake {
    keys: Mutex<Vec<Value>>,
    down: Mutex<bool>,
    max_age: Option<u64>,
    metadata: Value,
    discoveries: AtomicUsize,
    fetches: AtomicUsize,
    /// Each answer needs a permit.
    gate: Semaphore,
}

impl Fake {
    fn new(keys: &[Value]) -> Self {
        Self {
            keys: Mutex::new(keys.to_vec()),
            down: Mutex::new(false),
            max_age: None,
            metadata: json!({ "issuer": ISSUER, "jwks_uri": format!("{ISSUER}/jwks") }),
            discoveries: AtomicUsize::new(0),
            fetches: AtomicUsize::new(0),
            gate: Semaphore::new(10_000),
        }
    }

    fn set_down(&self, down: bool) {
        *self.down.lock().unwrap() = down;
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

impl Fetch for Fake {
    fn get<'a>(&'a self, url: &'a Url) -> Fetching<'a> {
        Box::pin(async move {
            let body = if url.path().ends_with("/jwks") {
                self.fetches.fetch_add(1, Ordering::SeqCst);
                // Read before the gate: what a slow server says is old when it arrives.
                json!({ "keys": *self.keys.lock().unwrap() })
            } else {
                self.discoveries.fetch_add(1, Ordering::SeqCst);
                self.metadata.clone()
            };
            self.gate.acquire().await.unwrap().forget();
            if *self.down.lock().unwrap() {
                return Err(FetchError::Status(StatusCode::BAD_GATEWAY));
            }
            Ok(Document { body: Bytes::from(body.to_string()), max_age: self.max_age })
        })
    }
}

fn key(kid: &str) -> Value {
    Jwk::generate(Algorithm::ES256).unwrap().with_kid(kid).public_value().unwrap()
}

fn cache(fake: Fake) -> (Arc<Cache>, Arc<Fake>, TestClock) {
    let (fake, clock) = (Arc::new(fake), TestClock::now());
    let fetch: Arc<dyn Fetch> = fake.clone();
    let location = Location::Issuer(ISSUER.to_owned());
    let cache = Cache::new(location, vec![Algorithm::ES256], fetch, Arc::new(clock.clone()));
    (Arc::new(cache), fake, clock)
}

async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

fn kids(current: &Current) -> Vec<&str> {
    current.keys.iter().filter_map(|key| key.kid()).collect()
}

#[tokio::test]
async fn nothing_is_fetched_before_the_first_use() {
    let (cache, fake, _) = cache(Fake::new(&[key("a")]));
    assert!(cache.current().is_none());
    settle().await;
    assert_eq!(fake.fetches(), 0);
}

#[tokio::test]
async fn first_requests_share_one_fetch() {
    let (cache, fake, _) = cache(Fake::new(&[key("a")]));
    let mut tasks = JoinSet::new();
    for _ in 0..50 {
        let cache = cache.clone();
        tasks.spawn(async move { cache.load().await.is_ok() });
    }
    assert!(tasks.join_all().await.into_iter().all(|loaded| loaded));
    assert_eq!((fake.discoveries.load(Ordering::SeqCst), fake.fetches()), (1, 1));
}

#[tokio::test]
async fn a_flood_of_unknown_kids_causes_a_bounded_number_of_fetches() {
    let (cache, fake, clock) = cache(Fake::new(&[key("a")]));
    cache.load().await.unwrap();
    let flood = |round: usize| {
        let cache = cache.clone();
        async move {
            let mut tasks = JoinSet::new();
            for task in 0..8 {
                let cache = cache.clone();
                tasks.spawn(async move {
                    for n in 0..25 {
                        assert!(
                            cache.look_for(&format!("no-such-key-{round}-{task}-{n}"), |it| &it.keys).await.is_none()
                        );
                    }
                });
            }
            tasks.join_all().await;
        }
    };
    flood(0).await;
    assert!(fake.fetches() <= 1 + BURST as usize, "{}", fake.fetches());
    let before = fake.fetches();
    clock.advance(REFILL);
    flood(1).await;
    assert_eq!(fake.fetches(), before + 1);
}

#[tokio::test]
async fn a_kid_that_was_not_found_is_not_looked_for_again_at_once() {
    let (cache, fake, clock) = cache(Fake::new(&[key("a")]));
    cache.load().await.unwrap();
    for _ in 0..10 {
        assert!(cache.look_for("b", |it| &it.keys).await.is_none());
    }
    assert_eq!(fake.fetches(), 2);
    clock.advance(crate::jwks::limit::NEGATIVE);
    fake.keys.lock().unwrap().push(key("b"));
    assert_eq!(kids(&cache.look_for("b", |it| &it.keys).await.unwrap()), ["a", "b"]);
}

#[tokio::test]
async fn a_key_published_while_a_fetch_was_under_way_is_found() {
    let (cache, fake, _) = cache(Fake::new(&[key("a")]));
    cache.load().await.unwrap();
    fake.gate.forget_permits(usize::MAX >> 4);
    let searching = [cache.clone(), cache.clone()]
        .map(|cache| tokio::spawn(async move { cache.look_for("x", |it| &it.keys).await }));
    settle().await;
    // The answer under way was written before this.
    fake.keys.lock().unwrap().push(key("b"));
    let late = tokio::spawn({
        let cache = cache.clone();
        async move { cache.look_for("b", |it| &it.keys).await.is_some() }
    });
    settle().await;
    fake.gate.add_permits(100);
    assert!(late.await.unwrap());
    for search in searching {
        assert!(search.await.unwrap().is_none());
    }
    assert!(fake.fetches() <= 4);
}

#[tokio::test]
async fn a_set_past_its_time_is_renewed_behind_the_scenes() {
    let (cache, fake, clock) = cache(Fake::new(&[key("a")]));
    cache.load().await.unwrap();
    *fake.keys.lock().unwrap() = vec![key("b")];
    clock.advance(DEFAULT_REFRESH);
    // The request that notices is served with the old set.
    assert_eq!(kids(&cache.current().unwrap()), ["a"]);
    assert_eq!(kids(&cache.current().unwrap()), ["a"]);
    settle().await;
    assert_eq!(kids(&cache.current().unwrap()), ["b"]);
    assert_eq!(fake.fetches(), 2);
}

#[tokio::test]
async fn max_age_counts_within_bounds() {
    for (max_age, expected) in [(0, 60), (90, 90), (1_000_000, 3600)] {
        let (cache, fake, clock) = cache(Fake { max_age: Some(max_age), ..Fake::new(&[key("a")]) });
        cache.load().await.unwrap();
        clock.advance(Duration::from_secs(expected - 1));
        cache.current();
        settle().await;
        assert_eq!(fake.fetches(), 1, "max-age={max_age}");
        clock.advance(Duration::from_secs(1));
        cache.current();
        settle().await;
        assert_eq!(fake.fetches(), 2, "max-age={max_age}");
    }
}

#[tokio::test]
async fn the_last_good_set_holds_for_a_day_and_no_longer() {
    let (cache, fake, clock) = cache(Fake::new(&[key("a")]));
    cache.load().await.unwrap();
    fake.set_down(true);
    for _ in 0..23 {
        clock.advance(Duration::from_hours(1));
        assert!(cache.current().is_some());
        settle().await;
    }
    assert!(fake.discoveries.load(Ordering::SeqCst) > 1, "it went on trying");
    clock.advance(Duration::from_hours(1));
    assert!(cache.current().is_none());
    assert!(cache.load().await.is_err());
    fake.set_down(false);
    clock.advance(MAX_BACKOFF);
    assert!(cache.load().await.is_ok());
}

#[tokio::test]
async fn an_empty_set_does_not_replace_a_good_one() {
    let (cache, fake, clock) = cache(Fake::new(&[key("a")]));
    cache.load().await.unwrap();
    fake.keys.lock().unwrap().clear();
    clock.advance(DEFAULT_REFRESH);
    cache.current();
    settle().await;
    assert_eq!((fake.fetches(), kids(&cache.current().unwrap())), (2, vec!["a"]));
}

#[tokio::test]
async fn without_any_keys_the_pause_between_tries_grows() {
    let (cache, fake, clock) = cache(Fake::new(&[key("a")]));
    fake.set_down(true);
    for (tries, pause) in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 30), (7, 30)] {
        for _ in 0..3 {
            assert_eq!(cache.load().await.unwrap_err(), Unavailable { retry_after_secs: pause });
        }
        assert_eq!(fake.discoveries.load(Ordering::SeqCst), tries);
        clock.advance(Duration::from_secs(pause));
    }
    fake.set_down(false);
    assert!(cache.load().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_given_up_after_five_seconds() {
    let (cache, fake, _) = cache(Fake::new(&[key("a")]));
    fake.gate.forget_permits(usize::MAX >> 4);
    let begun = tokio::time::Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let cache = cache.clone();
        tasks.spawn(async move { cache.load().await.is_err() });
    }
    assert!(tasks.join_all().await.into_iter().all(|failed| failed));
    assert_eq!(begun.elapsed(), fetch::TIMEOUT);
    assert_eq!(fake.discoveries.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn unknown_kids_wait_five_seconds_at_most_for_a_slow_server() {
    let (cache, fake, _) = cache(Fake::new(&[key("a")]));
    cache.load().await.unwrap();
    fake.gate.forget_permits(usize::MAX >> 4);
    let begun = tokio::time::Instant::now();
    let mut tasks = JoinSet::new();
    for n in 0..200 {
        let cache = cache.clone();
        tasks.spawn(async move { cache.look_for(&format!("x{n}"), |it| &it.keys).await.is_none() });
    }
    settle().await;
    assert!(cache.current().is_some(), "known keys do not wait");
    assert!(tasks.join_all().await.into_iter().all(|refused| refused));
    assert_eq!(begun.elapsed(), fetch::TIMEOUT);
    assert_eq!(fake.fetches(), 2);
}

#[tokio::test]
async fn a_caller_that_hangs_up_does_not_stop_the_fetch() {
    let (cache, fake, _) = cache(Fake::new(&[key("a")]));
    fake.gate.forget_permits(usize::MAX >> 4);
    let caller = tokio::spawn({
        let cache = cache.clone();
        async move { cache.load().await.is_ok() }
    });
    settle().await;
    caller.abort();
    fake.gate.add_permits(10);
    assert!(cache.load().await.is_ok());
    assert_eq!(fake.fetches(), 1);
}

#[tokio::test]
async fn a_discovery_document_that_does_not_fit_brings_no_keys() {
    let jwks = format!("{ISSUER}/jwks");
    for metadata in [
        json!({ "issuer": format!("{ISSUER}/"), "jwks_uri": jwks }),
        json!({ "issuer": "https://ISSUER.example.com", "jwks_uri": jwks }),
        json!({ "issuer": ISSUER, "jwks_uri": "http://issuer.example.com/jwks" }),
        json!({ "issuer": ISSUER, "jwks_uri": "http://localhost/jwks" }),
        json!({ "issuer": ISSUER, "jwks_uri": "file:///jwks" }),
        json!({ "issuer": ISSUER }),
        json!({ "jwks_uri": jwks }),
        json!([]),
    ] {
        let (cache, fake, _) = cache(Fake { metadata: metadata.clone(), ..Fake::new(&[key("a")]) });
        assert!(cache.load().await.is_err(), "{metadata}");
        assert_eq!(fake.fetches(), 0, "{metadata}");
    }
}

#[tokio::test]
async fn shared_secrets_and_unreadable_keys_in_a_set_are_left_out() {
    let secret =
        json!({ "kty": "oct", "kid": "s", "alg": "HS256", "k": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" });
    let broken = json!({ "kty": "EC", "crv": "P-256", "kid": "x", "x": "AA", "y": "AA" });
    let (cache, _, _) = cache(Fake::new(&[secret, broken, json!({ "kty": "new" }), json!(7), key("a")]));
    assert_eq!(kids(&cache.load().await.unwrap()), ["a"]);
}
