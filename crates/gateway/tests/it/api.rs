//! Calls to APIs that are away, slow or silent, of pages of other origins, and what is too long.

use crate::world::World;

#[tokio::test]
async fn an_api_that_does_not_answer_is_told_as_such_and_nothing_more() {
    let world = World::new().await;
    let browser = world.sign_in().await;
    for (path, status, error) in [("/gone/x", 502, "api_away"), ("/api/hang", 504, "api_slow")] {
        let answer = world.get(&browser, path).await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (status, Some(error)), "{path}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert!(!answer.body.contains("127.0.0.1") && !answer.body.contains("access-"), "{}", answer.body);
    }
    let silent = world.get(&browser, "/api/silent").await;
    assert_eq!((silent.status, silent.body.as_str()), (200, "(cut)"));
}

#[tokio::test]
async fn too_long_a_body_is_refused_whether_it_says_so_or_not() {
    let world = World::new().await;
    let browser = world.sign_in().await;
    let origin = world.origin();
    let headers = [("cookie", browser.cookie.as_str()), ("x-csrf-token", &browser.token), ("origin", &origin)];
    assert_eq!(world.send("POST", "/api/x", &headers, "x".repeat(4_096)).await.status, 200);
    let heard = world.heard.lock().unwrap().len();
    assert_eq!(world.send("POST", "/api/x", &headers, "x".repeat(4_097)).await.status, 413);
    assert_eq!(world.heard.lock().unwrap().len(), heard, "its length was told");
    let unsaid = http_body_util::BodyExt::map_frame(axum::body::Body::from("x".repeat(4_097)), |frame| frame);
    let unsaid = axum::body::Body::new(http_body_util::BodyExt::boxed_unsync(Unsized(unsaid)));
    assert_eq!(world.send("POST", "/api/x", &headers, unsaid).await.status, 413);
}

/// A body that does not tell its length.
struct Unsized<B>(B);

impl<B: hyper::body::Body + Unpin> hyper::body::Body for Unsized<B> {
    type Data = B::Data;
    type Error = B::Error;
    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<B::Data>, B::Error>>> {
        std::pin::Pin::new(&mut self.0).poll_frame(cx)
    }
}

#[tokio::test]
async fn pages_of_a_named_origin_may_call_and_read_and_of_no_other() {
    let world = World::new().await;
    let browser = world.sign_in().await;
    let origin = |origin| {
        [
            ("cookie", browser.cookie.as_str()),
            ("origin", origin),
            ("sec-fetch-site", "same-site"),
            ("x-csrf-token", &browser.token),
        ]
    };
    let named = world.send("POST", "/api/x", &origin("http://localhost:4200"), "").await;
    assert_eq!(
        (named.status, named.headers["access-control-allow-origin"].to_str().unwrap()),
        (200, "http://localhost:4200")
    );
    assert_eq!(named.headers["access-control-allow-credentials"], "true");
    for other in ["http://localhost:4201", "https://localhost:4200", "null", "http://localhost:4200.evil.example"] {
        let answer = world.send("POST", "/api/x", &origin(other), "").await;
        assert_eq!((answer.status, answer.headers.get("access-control-allow-origin")), (403, None), "{other}");
    }
    let preflight = [
        ("origin", "http://localhost:4200"),
        ("access-control-request-method", "DELETE"),
        ("access-control-request-headers", "x-csrf-token"),
    ];
    let answer = world.send("OPTIONS", "/api/x", &preflight, "").await;
    assert_eq!(
        (answer.status, answer.headers["access-control-allow-headers"].to_str().unwrap()),
        (204, "x-csrf-token")
    );
}

#[tokio::test]
async fn a_cookie_that_came_twice_is_nobodys() {
    let world = World::new().await;
    let (mine, planted) = (world.sign_in().await, world.sign_in().await);
    let both = format!("{}; {}", mine.cookie, planted.cookie);
    assert_eq!(world.send("GET", "/session", &[("cookie", &both)], "").await.status, 401);
    assert_eq!(world.send("GET", "/api/x", &[("cookie", &both)], "").await.status, 401);
    assert!(world.heard.lock().unwrap().is_empty());
}

#[tokio::test]
async fn rfc9110_section_7_6_1_the_connection_of_the_browser_ends_here() {
    let world = World::new().await;
    let browser = world.sign_in().await;
    let headers = [
        ("cookie", browser.cookie.as_str()),
        ("connection", "x-secret"),
        ("x-secret", "1"),
        ("authorization", "Bearer planted"),
        ("x-forwarded-for", "6.6.6.6"),
    ];
    assert_eq!(world.send("GET", "/api/x?a=%2e%2e", &headers, "").await.status, 200);
    let (path, heard) = world.heard.lock().unwrap()[0].clone();
    assert_eq!((path.as_str(), heard["authorization"].to_str().unwrap()), ("/x?a=%2e%2e", "Bearer access-1"));
    assert_eq!(
        (heard["x-forwarded-for"].to_str().unwrap(), heard["x-forwarded-proto"].to_str().unwrap()),
        ("127.0.0.1", "http")
    );
    assert!(!heard.contains_key("x-secret") && !heard.contains_key("cookie"));
}
