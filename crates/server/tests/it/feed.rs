//! The revocation feed (decision 6): what a guard learns, how soon, and what it is told when it was away.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, HOST, IF_NONE_MATCH, RETRY_AFTER};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use symbolon_jose::{Algorithm, JwkSet, VerifyingKeys};
use symbolon_revocation::{Event, Fingerprint, IdKind, Kind, Position, RuleKind, Snapshot, event};
use symbolon_server::admin::{Cause, Command, KeyCommand, control};
use symbolon_server::config::FeedAccess;
use symbolon_store::{NewRevocation, RevocationKind};
use tokio::net::TcpStream;

use crate::support::flow::basic;
use crate::support::protocol::claims;
use crate::support::{API, ISSUER, NOW, SECRET, World};

const ADA: &str = "ada@example.com";
const STREAM: &str = "/revocations/stream";
const SNAPSHOT: &str = "/revocations/snapshot";

async fn get(world: &World, path: &str, headers: &[(&str, &str)]) -> Response<Incoming> {
    let address = world.running.address.unwrap();
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut request = Request::get(path).header(HOST, address.to_string());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap()
}

/// Someone who follows and believes nothing that is not signed.
struct Follower {
    body: Incoming,
    text: String,
    keys: VerifyingKeys,
    now: u64,
    /// The number of the last entry it knows.
    known: u64,
}

impl Follower {
    async fn new(world: &World, query: &str) -> Self {
        let answer = get(world, &format!("{STREAM}{query}"), &[]).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()[CONTENT_TYPE], "text/event-stream");
        let known = query.strip_prefix("?after=").and_then(Position::parse).map_or(0, |position| position.seq);
        Self::of(world, answer, known).await
    }

    async fn of(world: &World, answer: Response<Incoming>, known: u64) -> Self {
        let (body, keys) = (answer.into_body(), keys(world).await);
        Self { body, text: String::new(), keys, now: world.clock.now(), known }
    }

    /// The next event; `None` when the stream ends.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let event: String = self.text.drain(..end + 2).collect();
                let field = |name: &str| {
                    let line = event.lines().find_map(|line| line.strip_prefix(name)).unwrap();
                    line.strip_prefix(": ").unwrap().to_owned()
                };
                assert_eq!(field("event"), "revocations");
                let read = event::verify(&field("data"), &self.keys, ISSUER, self.now).unwrap();
                assert_eq!(field("id"), read.position().to_string());
                return Some(read);
            }
            let frame = tokio::time::timeout(Duration::from_secs(20), self.body.frame()).await.expect("a word");
            let bytes = frame?.unwrap().into_data().unwrap();
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    /// The next event that says something new.
    async fn news(&mut self) -> Event {
        loop {
            let event = self.next().await.expect("the stream goes on");
            assert!(event.after <= self.known, "a hole: {event:?} after {}", self.known);
            if event.seq > self.known {
                self.known = event.seq;
                return event;
            }
        }
    }
}

async fn keys(world: &World) -> VerifyingKeys {
    let set = world.browser().get("/.well-known/jwks.json").await.body;
    VerifyingKeys::from_jwks(&JwkSet::from_slice(set.as_bytes()).unwrap(), Algorithm::ASYMMETRIC)
}

fn named(event: &Event) -> Vec<(Kind, Fingerprint)> {
    event.entries.iter().map(|entry| (entry.kind, entry.fingerprint)).collect()
}

fn sid(id: &str) -> (Kind, Fingerprint) {
    (IdKind::Sid.into(), Fingerprint::of(IdKind::Sid, id))
}

async fn log(world: &World, kind: RevocationKind, ids: &[&str]) {
    let entry = |id: &&str| NewRevocation { kind, id: (*id).to_owned(), revoked_at: NOW, expires_at: NOW + 600 };
    world.running.app.store.revoke(ids.iter().map(entry).collect()).await.unwrap();
}

#[tokio::test]
async fn whoever_follows_hears_of_a_logout_at_once_and_nothing_but_hashes() {
    let world = World::new().await;
    let metadata = world.browser().get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["symbolon_revocation_stream_endpoint"], format!("{ISSUER}{STREAM}"));
    assert_eq!(metadata["symbolon_revocation_snapshot_endpoint"], format!("{ISSUER}{SNAPSHOT}"));

    let tokens = world.tokens("web", ADA).await;
    let claims = claims(&tokens["access_token"]);
    let id = claims["sid"].as_str().unwrap();
    let mut follower = Follower::new(&world, "").await;
    let first = follower.next().await.unwrap();
    assert_eq!((first.after, first.seq, first.iat), (0, 0, NOW));
    world.running.app.store.end_session(id, "test", NOW).await.unwrap();
    let news = follower.news().await;
    assert_eq!(named(&news), [sid(id)]);
    assert_eq!((news.after, news.seq), (0, 1));
    assert_eq!(news.entries[0].forget_at, claims["exp"].as_u64().unwrap() + 300, "as long as a guard may need it");
    assert!(!follower.text.contains(id));
}

#[tokio::test]
async fn every_kind_of_entry_has_its_fingerprint() {
    let world = World::new().await;
    let mut follower = Follower::new(&world, "").await;
    let expected: [(RevocationKind, &str, Kind); 7] = [
        (RevocationKind::Jti, "j", IdKind::Jti.into()),
        (RevocationKind::Sid, "s", IdKind::Sid.into()),
        (RevocationKind::UserHandle, "h", IdKind::Handle.into()),
        (RevocationKind::Client, "web", RuleKind::Client.into()),
        (RevocationKind::Api, API, RuleKind::Api.into()),
        (RevocationKind::Key, "kid", RuleKind::Key.into()),
        (RevocationKind::All, "", RuleKind::All.into()),
    ];
    for (kind, id, on_the_wire) in expected {
        log(&world, kind, &[id]).await;
        assert_eq!(named(&follower.news().await), [(on_the_wire, Fingerprint::of(on_the_wire, id))]);
    }
}

#[tokio::test]
async fn a_follower_that_was_away_goes_on_where_it_was_also_after_a_restart() {
    let world = World::new().await;
    let mut follower = Follower::new(&world, "").await;
    let here = Position { epoch: follower.next().await.unwrap().epoch, seq: 2 };
    log(&world, RevocationKind::Jti, &["a", "b"]).await;
    while follower.known < 2 {
        follower.news().await;
    }
    drop(follower);
    log(&world, RevocationKind::Jti, &["c"]).await;
    log(&world, RevocationKind::Jti, &["d", "e"]).await;
    let jti = |id: &str| (Kind::from(IdKind::Jti), Fingerprint::of(IdKind::Jti, id));
    let mut heard = Vec::new();
    let mut follower = Follower::new(&world, &format!("?after={here}")).await;
    while heard.len() < 3 {
        heard.extend(named(&follower.news().await));
    }
    assert_eq!(heard, [jti("c"), jti("d"), jti("e")]);
    drop(follower);

    // Another process that has published nothing of this knows it from the store.
    let world = world.restart().await;
    let answer = get(&world, STREAM, &[("last-event-id", &here.to_string())]).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let mut follower = Follower::of(&world, answer, here.seq).await;
    assert_eq!(named(&follower.news().await), [jti("c"), jti("d"), jti("e")]);
    log(&world, RevocationKind::Jti, &["f"]).await;
    assert_eq!(named(&follower.news().await), [jti("f")]);
}

#[tokio::test]
async fn who_knows_another_log_or_too_little_is_sent_to_the_snapshot() {
    let world = World::new().await;
    log(&world, RevocationKind::Jti, &["a"]).await;
    let mut follower = Follower::new(&world, "").await;
    let here = Position { epoch: follower.next().await.unwrap().epoch, seq: 1 };
    let other = Position { epoch: "another".to_owned(), seq: 1 };
    let ahead = Position { seq: here.seq + 1, ..here.clone() };
    for unknown in [other, ahead] {
        let answer = get(&world, &format!("{STREAM}?after={unknown}"), &[]).await;
        assert_eq!(answer.status(), StatusCode::GONE);
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, r#"{"error":"snapshot_required"}"#);
    }
    // What was swept cannot be told any more.
    world.advance(10_000);
    let sweep = symbolon_store::Sweep { now: world.clock.now(), limit: 100, keep_secs: 0, audit_keep_secs: None };
    assert_eq!(world.running.app.store.sweep(sweep).await.unwrap().revocations, 1);
    let world = world.restart().await;
    let beginning = Position { seq: 0, ..here };
    assert_eq!(get(&world, &format!("{STREAM}?after={beginning}"), &[]).await.status(), StatusCode::GONE);
    for nonsense in ["?after=x", "?after=a.01", "?after=a.1&after=a.2"] {
        assert_eq!(get(&world, &format!("{STREAM}{nonsense}"), &[]).await.status(), StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn a_snapshot_has_everything_and_is_sent_once() {
    let world = World::new().await;
    log(&world, RevocationKind::Sid, &["s"]).await;
    log(&world, RevocationKind::Client, &["web"]).await;
    let answer = get(&world, SNAPSHOT, &[]).await;
    assert_eq!(answer.headers()[CONTENT_TYPE], "application/vnd.symbolon.revocations");
    let tag = answer.headers()[ETAG].to_str().unwrap().to_owned();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    let snapshot = Snapshot::verify(&bytes, &keys(&world).await, ISSUER, NOW).unwrap();
    assert_eq!(snapshot.seq(), 2);
    let ids: Vec<_> = snapshot.ids(IdKind::Sid).map(|(fingerprint, _)| fingerprint).collect();
    assert_eq!(ids, [Fingerprint::of(IdKind::Sid, "s")]);
    assert_eq!(snapshot.rules().count(), 1);
    for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
        let again = get(&world, SNAPSHOT, &[(IF_NONE_MATCH.as_str(), &known)]).await;
        assert_eq!(
            (again.status(), again.headers()[ETAG].to_str().unwrap()),
            (StatusCode::NOT_MODIFIED, &*tag),
            "{known}"
        );
    }

    // Signed at another time it is another file.
    world.advance(100);
    let later = loop {
        // The one that was made is kept for some moments in any case.
        let answer = get(&world, SNAPSHOT, &[(IF_NONE_MATCH.as_str(), &tag)]).await;
        if answer.status() == StatusCode::OK {
            break answer;
        }
    };
    assert_ne!(later.headers()[ETAG].to_str().unwrap(), tag);

    // The stream goes on from it.
    let mut follower = Follower::new(&world, &format!("?after={}", snapshot.position())).await;
    log(&world, RevocationKind::Sid, &["t"]).await;
    assert_eq!(named(&follower.news().await), [sid("t")]);
}

#[tokio::test]
async fn a_closed_feed_is_for_apis_with_their_secret_and_one_that_is_off_is_not_there() {
    let world = World::with(|config| config.revocation.feed = FeedAccess::Authenticated).await;
    for path in [STREAM, SNAPSHOT] {
        assert_eq!(get(&world, path, &[]).await.status(), StatusCode::UNAUTHORIZED);
        for (id, secret) in [(API, "wrong"), ("web", SECRET), ("nobody", SECRET)] {
            let refused = get(&world, path, &[(AUTHORIZATION.as_str(), &basic(id, secret))]).await;
            assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{id}");
        }
        let answer = get(&world, path, &[(AUTHORIZATION.as_str(), &basic(API, SECRET))]).await;
        assert_eq!(answer.status(), StatusCode::OK);
    }
    let world = World::with(|config| config.revocation.feed = FeedAccess::Off).await;
    for path in [STREAM, SNAPSHOT] {
        assert_eq!(get(&world, path, &[]).await.status(), StatusCode::NOT_FOUND);
    }
    let metadata = world.browser().get("/.well-known/openid-configuration").await.body;
    assert!(!metadata.contains("symbolon_revocation"));
}

#[tokio::test]
async fn followers_are_bounded_and_a_place_is_free_when_one_goes() {
    let world = World::with(|config| config.revocation.max_followers = 1).await;
    let mut follower = Follower::new(&world, "").await;
    follower.next().await.unwrap();
    let refused = get(&world, STREAM, &[]).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()[RETRY_AFTER], "10");
    drop(follower);
    // Until the server has noticed.
    while get(&world, STREAM, &[]).await.status() != StatusCode::OK {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn strangers_leave_places_to_apis_that_show_their_secret() {
    let world = World::with(|config| config.revocation.max_followers = 4).await;
    let mut strangers = Vec::new();
    for _ in 0..3 {
        strangers.push(Follower::new(&world, "").await);
    }
    assert_eq!(get(&world, STREAM, &[]).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    let wrong = get(&world, STREAM, &[(AUTHORIZATION.as_str(), &basic(API, "wrong"))]).await;
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED, "better said than found out");
    let api = get(&world, STREAM, &[(AUTHORIZATION.as_str(), &basic(API, SECRET))]).await;
    assert_eq!(api.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_stream_outlives_every_time_out_of_requests() {
    let world = World::with(|config| {
        (config.http.header_timeout_secs, config.http.request_timeout_secs) = (1, 1);
        config.revocation.heartbeat_secs = 1;
    })
    .await;
    let mut follower = Follower::new(&world, "").await;
    // Beats of a second each: an answer without an end would be cut after three.
    for beat in 0..7 {
        assert!(follower.next().await.is_some(), "cut after {beat} s");
    }
}

#[tokio::test]
async fn no_event_is_signed_by_a_key_that_is_gone() {
    let world = World::with(|config| config.revocation.heartbeat_secs = 1).await;
    log(&world, RevocationKind::Jti, &["a"]).await;
    let mut follower = Follower::new(&world, "").await;
    let here = Position { epoch: follower.next().await.unwrap().epoch, seq: 0 };
    drop(follower);
    let before = get(&world, SNAPSHOT, &[]).await.headers()[ETAG].clone();
    let kid = world.running.app.registry().keys().signing(Algorithm::RS256).unwrap().kid().unwrap().to_owned();
    let retire = KeyCommand::Retire { kid: kid.clone(), cause: Cause::Compromised };
    control::run(&world.running.app, Command::Key(retire), "test").await.unwrap();

    // `Follower` verifies with the keys that are published now.
    let mut follower = Follower::new(&world, &format!("?after={here}")).await;
    let mut heard = Vec::new();
    while heard.len() < 2 {
        heard.extend(named(&follower.news().await));
    }
    assert_eq!(heard[1], (RuleKind::Key.into(), Fingerprint::of(RuleKind::Key, &kid)));
    let snapshot = get(&world, SNAPSHOT, &[]).await;
    assert_ne!(snapshot.headers()[ETAG], before);
    let bytes = snapshot.into_body().collect().await.unwrap().to_bytes();
    Snapshot::verify(&bytes, &keys(&world).await, ISSUER, NOW).expect("signed by a key that is published");
}

#[tokio::test]
async fn without_news_a_heartbeat_says_so() {
    let world = World::with(|config| config.revocation.heartbeat_secs = 1).await;
    let mut follower = Follower::new(&world, "").await;
    let first = follower.next().await.unwrap();
    world.advance(7);
    follower.now += 7;
    let beat = loop {
        let event = follower.next().await.unwrap();
        if event.iat > first.iat {
            break event;
        }
    };
    assert_eq!((beat.after, beat.seq, beat.iat), (0, 0, NOW + 7));
}

#[tokio::test]
async fn a_server_that_stops_does_not_wait_for_streams() {
    let world = World::with(|config| config.http.drain_timeout_secs = 600).await;
    let mut follower = Follower::new(&world, "").await;
    follower.next().await.unwrap();
    let stopped = tokio::time::timeout(Duration::from_secs(30), world.stop());
    let (_, ()) =
        tokio::join!(async { stopped.await.expect("it stops") }, async { while follower.next().await.is_some() {} });
}
