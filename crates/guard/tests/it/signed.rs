//! Signed URLs: one resource, one method, a short life.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, Request, StatusCode, Uri},
    routing::get,
};
use symbolon_guard::{
    Caller, Clock, Guard, NotSigned, SignedUrls, UrlToSign,
    testing::{AUDIENCE, TestClock, TestIssuer},
};
use tower::ServiceExt;

use super::{bearer, send, whoami};

/// Signs what stands in the query, for a minute.
async fn sign(State(guard): State<Guard>, caller: Caller, uri: Uri) -> String {
    guard.sign_url(&caller, UrlToSign::get(uri.query().unwrap())).unwrap()
}

struct World {
    issuer: TestIssuer,
    clock: TestClock,
    guard: Guard,
    app: Router,
}

fn world() -> World {
    let (issuer, clock) = (TestIssuer::offline(), TestClock::now());
    let guard = issuer.guard(AUDIENCE).clock(clock.clone()).signed_urls(SignedUrls::new(&[7; 32]));
    let app = app(&guard);
    World { issuer, clock, guard, app }
}

fn app(guard: &Guard) -> Router {
    let nested = Router::new().route("/picture", get(whoami));
    Router::new()
        .route("/sign", get(sign))
        .route("/picture", get(whoami).post(whoami))
        .route("/only", get(whoami).layer(guard.only_signed_urls()))
        .route("/scoped", get(whoami).layer(guard.scope("read:dragons")))
        .nest("/v1", nested)
        .layer(guard.layer())
        .with_state(guard.clone())
}

impl World {
    async fn signed(&self, target: &str) -> String {
        let token = self.issuer.token().scope("read:dragons").sign();
        send(&self.app, bearer(&format!("/sign?{target}"), &token)).await.body
    }

    async fn ask(&self, method: &str, url: &str) -> (StatusCode, HeaderMap) {
        let request = Request::builder().method(method).uri(url).body(Body::empty()).unwrap();
        let response = self.app.clone().oneshot(request).await.unwrap();
        (response.status(), response.headers().clone())
    }
}

#[tokio::test]
async fn a_signed_url_opens_its_resource_and_its_answer_is_not_kept() {
    let world = world();
    for target in ["/picture", "/picture?size=9&x=%20", "/v1/picture"] {
        let url = world.signed(target).await;
        assert!(url.starts_with(target), "{url}");
        let (status, headers) = world.ask("GET", &url).await;
        assert_eq!(status, 200, "{url}");
        assert_eq!(
            (&headers["cache-control"], &headers["referrer-policy"]),
            (&"private, no-store".parse().unwrap(), &"no-referrer".parse().unwrap())
        );
    }
    let url = world.signed("/picture").await;
    assert_eq!(send(&world.app, Request::get(url).body(Body::empty()).unwrap()).await.body, "u1");
}

#[tokio::test]
async fn it_opens_nothing_else() {
    let world = world();
    let url = world.signed("/picture?size=9").await;
    let (_, signature) = url.split_once("symbolon_signature=").unwrap();
    let flipped =
        format!("{}{}", &signature[..signature.len() - 2], if signature.ends_with("AA") { "BB" } else { "AA" });
    for (method, other, status) in [
        ("POST", url.clone(), 401),
        ("HEAD", url.clone(), 401),
        ("GET", url.replacen("size=9", "size=10", 1), 401),
        ("GET", url.replacen("size=9", "Size=9", 1), 401),
        ("GET", url.replacen("size=9&", "", 1), 401),
        ("GET", format!("{url}&x=y"), 400),
        ("GET", format!("{url}&symbolon_signature={signature}"), 400),
        ("GET", format!("/v1/picture?size=9&symbolon_signature={signature}"), 401),
        ("GET", format!("/v1/../picture?size=9&symbolon_signature={signature}"), 401),
        ("GET", format!("/picture?size=9&symbolon_signature={flipped}"), 401),
        ("GET", "/picture?size=9&symbolon_signature=".to_owned(), 401),
        ("GET", format!("/picture?size=9&access_token={signature}"), 401),
    ] {
        assert_eq!(world.ask(method, &other).await.0, status, "{method} {other}");
    }
    // And it is no token.
    assert_eq!(send(&world.app, bearer("/picture?size=9", signature)).await.status, 401);
}

#[tokio::test]
async fn it_lives_for_seconds_and_not_beyond_its_token() {
    let world = world();
    let url = world.signed("/picture").await;
    world.clock.advance(Duration::from_secs(59));
    assert_eq!(world.ask("GET", &url).await.0, 200);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.ask("GET", &url).await.0, 401);
    world.clock.advance(Duration::from_secs(525));
    // The token has fifteen seconds to live.
    let url = world.signed("/picture").await;
    world.clock.advance(Duration::from_secs(15));
    assert_eq!(world.ask("GET", &url).await.0, 401);
}

#[tokio::test]
async fn another_secret_and_another_api_are_none_of_ours() {
    let world = world();
    let url = world.signed("/picture").await;
    let elsewhere = |guard: Guard| {
        let app = app(&guard);
        let request = Request::get(&*url).body(Body::empty()).unwrap();
        async move { send(&app, request).await.status }
    };
    let same = || world.issuer.guard(AUDIENCE);
    assert_eq!(elsewhere(same().signed_urls(SignedUrls::new(&[7; 32]))).await, 200, "another node");
    assert_eq!(elsewhere(same().signed_urls(SignedUrls::new(&[8; 32]))).await, 401);
    assert_eq!(elsewhere(same()).await, 401, "an API that takes none");
    let other = world.issuer.guard("https://other.example").signed_urls(SignedUrls::new(&[7; 32]));
    assert_eq!(elsewhere(other).await, 401);
}

#[tokio::test]
async fn what_the_url_allows_was_decided_when_it_was_signed() {
    let world = world();
    let url = world.signed("/scoped").await;
    assert_eq!(world.ask("GET", &url).await.0, 403, "its caller has no scopes");
    let url = world.signed("/only").await;
    assert_eq!(world.ask("GET", &url).await.0, 200);
    let refused = send(&world.app, bearer("/only", &world.issuer.token().sign())).await;
    assert_eq!(refused.status, 403, "a token is no signed URL");
    let mut request = bearer(&world.signed("/picture").await, &world.issuer.token().sign());
    assert_eq!(send(&world.app, request).await.status, 400, "two ways to say who asks");
    request = Request::get(world.signed("/picture").await).header("cookie", "a=b").body(Body::empty()).unwrap();
    assert_eq!(send(&world.app, request).await.status, 200);
}

#[tokio::test]
async fn a_url_of_a_single_use_is_used_once() {
    let world = world();
    let caller = world.guard.verify(&world.issuer.token().sign()).await.unwrap();
    let single = || world.guard.sign_url(&caller, UrlToSign::get("/picture").once()).unwrap();
    let (one, other) = (single(), single());
    assert_ne!(one, other);
    for (url, status) in [(&one, 200), (&one, 401), (&other, 200), (&other, 401)] {
        assert_eq!(world.ask("GET", url).await.0, status);
    }
}

#[tokio::test]
async fn mistakes_of_the_api_are_told_to_it() {
    let world = world();
    let caller = world.guard.verify(&world.issuer.token().sign()).await.unwrap();
    let sign = |url: UrlToSign<'_>| world.guard.sign_url(&caller, url);
    assert_eq!(sign(UrlToSign::get("picture")), Err(NotSigned::Target));
    assert_eq!(sign(UrlToSign::get("//evil.example/")), Err(NotSigned::Target));
    for lifetime in [Duration::ZERO, Duration::from_secs(301)] {
        assert_eq!(sign(UrlToSign::get("/picture").lifetime(lifetime)), Err(NotSigned::Lifetime));
    }
    assert!(sign(UrlToSign::head("/picture").lifetime(Duration::from_mins(5))).is_ok());
    let none = world.issuer.guard(AUDIENCE).sign_url(&caller, UrlToSign::get("/picture"));
    assert_eq!(none, Err(NotSigned::NoSecret));
    world.clock.advance(Duration::from_mins(11));
    assert_eq!(sign(UrlToSign::get("/picture")), Err(NotSigned::Expired));
}

/// A clock that stands where a signed URL of the other guard was made.
#[derive(Debug)]
struct At(u64);

impl Clock for At {
    fn unix_now(&self) -> u64 {
        self.0
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

/// Signed by the guard for Node (`sdk/node-guard/test/signed.test.js` has one of ours), good for a minute.
const OF_NODE: &str = "/picture?size=9&symbolon_signature=eyJhbGciOiJIUzI1NiIsInR5cCI6InVybCtqd3QifQ.eyJpc3MiOiJodHRwczovL2FwaS5leGFtcGxlLmNvbSIsImF1ZCI6Imh0dHBzOi8vYXBpLmV4YW1wbGUuY29tIiwic3ViIjoidTEiLCJleHAiOjE4MDAwMDAwNjAsImh0bSI6IkdFVCIsInRhcmdldCI6ImlQZWJiV3BHZkh0VUpyT0tHZWpXa0pER1NPd0hWQVM2M1RqVENwRDBkMW8iLCJjbGllbnRfaWQiOiJzcGEiLCJqdGkiOiJ0MSIsInNpZCI6InMxIiwicmgiOiJoMSIsInRva2VuX2lhdCI6MTc5OTk5OTk5MCwidG9rZW5fa2V5IjoiMDAwMDAwMDEwMDAwMDAwMiJ9.Wtflc_qkgxV17eDqw0S9sAiYc1q7BSZqkB15kjz8lGY";

#[tokio::test]
async fn what_the_guard_for_node_has_signed_counts() {
    let issuer = TestIssuer::offline();
    for (now, status) in [(1_800_000_000, 200), (1_800_000_059, 200), (1_800_000_060, 401)] {
        let guard = issuer.guard(AUDIENCE).clock(At(now)).signed_urls(SignedUrls::new(&[7; 32]));
        let answer = send(&app(&guard), Request::get(OF_NODE).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, status, "{now}");
    }
}
