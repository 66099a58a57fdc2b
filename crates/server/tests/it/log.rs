//! Promises of the request log: one line each, with id, route, status and milliseconds, and never a secret
//! (security 100, 149; experience §9).

use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex};

use serde_json::Value;
use tracing::Dispatch;
use tracing::subscriber::DefaultGuard;

use crate::support::flow::authorize_url;
use crate::support::{PASSWORD, SECRET, World};

/// One that is always there. Were a test's the only one, `tracing` would ask the thread that comes to a line first, which may be
/// another test's without any, and then nobody would get that line.
static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(tracing_subscriber::registry()));

/// What this test's thread logs, at every level. The server of a test runs on the test's thread.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn capture() -> (Self, DefaultGuard) {
        LazyLock::force(&ANOTHER);
        let lines = Self::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .finish();
        (lines, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn requests(&self) -> Vec<Value> {
        let lines: Vec<Value> = self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        lines.into_iter().filter(|line| line["target"] == "symbolon::request").collect()
    }
}

#[tokio::test]
async fn every_request_leaves_one_line_with_route_and_no_query() {
    let (lines, _guard) = Lines::capture();
    let world = World::new().await;
    let mut browser = world.browser();
    let answer = browser.get(&authorize_url("web", &[("state", "swordfish"), ("login_hint", "ada@example.com")])).await;
    browser.get("/assets/nothing.css?swordfish").await;
    browser.get("/a/b/swordfish").await;
    browser.post("/oauth/token?swordfish=1", &[("code", "swordfish")]).await;
    for path in ["/livez", "/readyz", "/healthz"] {
        browser.get(path).await;
    }
    let requests = lines.requests();
    let seen: Vec<_> =
        requests.iter().map(|line| (line["route"].as_str().unwrap(), line["status"].as_u64().unwrap())).collect();
    assert_eq!(seen, [("/authorize", 200), ("/assets/{file}", 404), ("-", 404), ("/oauth/token", 400)]);
    assert_eq!(requests[0]["id"], answer.header("x-request-id"));
    assert_eq!(requests[0]["method"], "GET");
    assert!(requests.iter().all(|line| line["ms"].is_u64() && line["level"] == "INFO"));
    assert!(!lines.text().contains("swordfish"), "{}", lines.text());
}

/// 149: at the most talkative level, through everything that handles secrets.
#[tokio::test]
async fn no_line_at_any_level_holds_a_secret() {
    let (lines, _guard) = Lines::capture();
    let world = World::new().await;
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[])).await;
    browser.clone().sign_in(&page, "ada@example.com", "wrong swordfish").await;
    let code = browser.sign_in(&page, "ada@example.com", PASSWORD).await.param("code").unwrap();
    let tokens = world.redeem("web", &code).await.json();
    let refresh = tokens["refresh_token"].as_str().unwrap().to_owned();
    let fresh = world.refresh("web", &refresh).await.json()["refresh_token"].as_str().unwrap().to_owned();
    world.redeem("web", &code).await;
    world.refresh("web", &format!("{fresh}x")).await;
    world.userinfo(tokens["access_token"].as_str().unwrap()).await;
    world.introspect(&fresh).await;
    let reset = world.reset_link("bob@example.com").await;
    browser.get(&reset).await;
    let body = r#"{"username":"bob@example.com","password":"json swordfish","client_id":"spa"}"#;
    let headers = [(http::header::CONTENT_TYPE, "application/json")];
    browser.send(http::Method::POST, "/authenticate", &headers, Some(body.to_owned())).await;
    let text = lines.text();
    assert!(lines.requests().len() > 10);
    for secret in [
        PASSWORD,
        SECRET,
        "swordfish",
        &code,
        &refresh,
        &fresh,
        tokens["access_token"].as_str().unwrap(),
        tokens["id_token"].as_str().unwrap(),
        &browser.cookies["symbolon-session-4400"],
        &browser.cookies["symbolon-pre-4400"],
        &page.field("csrf"),
        &page.field("interaction"),
        reset.split_once("code=").unwrap().1,
    ] {
        assert!(!text.contains(secret), "{secret} stands in the log");
    }
}

/// What failed is in the one line of its request, under the request's id, and only there (security 150).
#[tokio::test]
async fn a_refusal_is_one_line_with_id_cause_and_client() {
    let (lines, _guard) = Lines::capture();
    let world = World::new().await;
    let answer = world.redeem("web", "nonsense").await;
    assert_eq!(answer.json()["error"], "invalid_grant");
    let page = world.browser().get(&authorize_url("swordfish", &[])).await;
    let redirect = world.browser().get(&authorize_url("web", &[("scope", "openid \"")])).await;
    let unknown = world.browser().post("/oauth/token", &[("client_id", "swordfish")]).await;
    let requests = lines.requests();
    let expected = [
        (&answer, "CodeUnknown", "invalid_grant", "web"),
        (&page, "ClientUnknown", "invalid_client", ""),
        (&redirect, "ScopeMalformed", "invalid_scope", "web"),
        (&unknown, "ClientAuthentication.ClientUnknown", "invalid_client", ""),
    ];
    assert_eq!(requests.len(), expected.len());
    for (line, (answer, cause, error, client)) in requests.iter().zip(expected) {
        assert_eq!(line["id"], answer.header("x-request-id"));
        assert_eq!((&line["cause"], &line["error"]), (&cause.into(), &error.into()), "{line}");
        assert_eq!(line["client"].as_str().unwrap_or_default(), client, "an id that nobody has is not repeated");
        assert_eq!(line["level"], "INFO");
    }
    let others: Vec<_> = lines.text().lines().filter(|line| line.contains("refused")).map(str::to_owned).collect();
    assert!(others.is_empty(), "{others:?}");
    assert!(!lines.text().contains("swordfish"), "{}", lines.text());
}
