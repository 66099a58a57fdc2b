//! Promises about request heads: `http.max_header` is the limit it says, for line and headers together.

use http::header::{ACCEPT, COOKIE};
use http::{HeaderName, Method, StatusCode};

use crate::support::World;

const LIMIT: usize = 16 * 1024;
const FILLER: HeaderName = HeaderName::from_static("x-filler");

#[tokio::test]
async fn a_head_beyond_the_limit_is_431_and_one_below_is_served() {
    let world = World::with(|config| config.http.max_header_bytes = LIMIT).await;
    let mut browser = world.browser();
    for (bytes, status) in [(LIMIT - 512, 200), (LIMIT, 431), (LIMIT + 1_000, 431)] {
        let answer = browser.send(Method::GET, "/login", &[(FILLER, &"x".repeat(bytes))], None).await;
        assert_eq!(answer.status, status, "{bytes}");
        assert!(answer.headers.contains_key("x-request-id") && answer.headers.contains_key("x-content-type-options"));
    }
    let line = format!("/login?{}", "x".repeat(LIMIT));
    assert_eq!(browser.get(&line).await.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
}

#[tokio::test]
async fn a_limit_below_what_http_1_buffers_holds_too() {
    let world = World::with(|config| config.http.max_header_bytes = 4_096).await;
    let answer = world.browser().send(Method::GET, "/livez", &[(FILLER, &"x".repeat(4_096))], None).await;
    assert_eq!(answer.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
}

#[tokio::test]
async fn a_person_sees_a_page_and_a_client_gets_json_without_what_was_sent() {
    let world = World::with(|config| config.http.max_header_bytes = LIMIT).await;
    let mut browser = world.browser();
    let cookies = format!("swordfish={}", "x".repeat(LIMIT));
    let page = browser.send(Method::GET, "/login", &[(ACCEPT, "text/html"), (COOKIE, &cookies)], None).await;
    assert_eq!(page.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert!(page.header("content-type").starts_with("text/html") && page.body.contains("too large"));
    assert!(!page.body.contains("swordfish"));
    let json = browser.send(Method::POST, "/oauth/token", &[(COOKIE, &cookies)], None).await;
    assert_eq!((json.status.as_u16(), &json.json()["error"]), (431, &"invalid_request".into()));
}
