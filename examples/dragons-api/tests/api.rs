//! The sample API, tested as its users would test theirs: with tokens of a test issuer.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use axum::{
    Router,
    body::Body,
    http::{Request, Response, header},
};
use symbolon_guard::{
    SignedUrls,
    testing::{AUDIENCE, TestIssuer},
};
use tower::ServiceExt;

const SPA: &str = "http://localhost:4401";

fn world() -> (TestIssuer, Router) {
    let issuer = TestIssuer::offline();
    let guard = issuer.guard(AUDIENCE).signed_urls(SignedUrls::of_this_process().unwrap());
    let api = dragons_api::router(&guard, &[SPA.to_owned()]);
    (issuer, api)
}

async fn get(api: &Router, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    call(api, "GET", path, headers).await
}

async fn call(api: &Router, method: &str, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    api.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

#[tokio::test]
async fn each_route_asks_for_what_it_says() {
    let (issuer, api) = world();
    let nobody = issuer.token();
    let reader = issuer.token().scope("read:dragons");
    let admin = issuer.token().role("admin");
    let table =
        [("/api/dragons", [403, 200, 403]), ("/api/orders", [403, 403, 200]), ("/api/restricted", [200, 200, 200])];
    for (path, expected) in table {
        assert_eq!(get(&api, path, &[]).await.status(), 401, "{path}");
        for (token, status) in [&nobody, &reader, &admin].into_iter().zip(expected) {
            let authorization = format!("Bearer {}", token.sign());
            let response = get(&api, path, &[("authorization", &authorization)]).await;
            assert_eq!(response.status(), status, "{path}");
        }
    }
}

#[tokio::test]
async fn a_page_of_the_sample_app_may_send_the_token_and_read_the_challenge() {
    let (_issuer, api) = world();
    let asked = [("origin", SPA), ("access-control-request-method", "GET")];
    let preflight = call(&api, "OPTIONS", "/api/dragons", &asked).await;
    assert_eq!(preflight.status(), 204);
    assert_eq!(preflight.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], SPA);
    let allowed = preflight.headers()[header::ACCESS_CONTROL_ALLOW_HEADERS].to_str().unwrap();
    assert!(allowed.contains("Authorization"));

    let refused = get(&api, "/api/dragons", &[("origin", SPA)]).await;
    assert_eq!(refused.status(), 401);
    assert_eq!(refused.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], SPA);
    assert_eq!(refused.headers()[header::ACCESS_CONTROL_EXPOSE_HEADERS], "WWW-Authenticate, DPoP-Nonce");
    assert!(refused.headers().contains_key(header::WWW_AUTHENTICATE));
}

#[tokio::test]
async fn other_pages_may_not() {
    let (_issuer, api) = world();
    for origin in ["https://evil.example", "null", "http://localhost:44011", "http://localhost"] {
        let asked = [("origin", origin), ("access-control-request-method", "GET")];
        for response in [call(&api, "OPTIONS", "/api/dragons", &asked).await, get(&api, "/api/dragons", &asked).await] {
            assert!(!response.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), "{origin}");
            assert_eq!(response.headers()[header::VARY], "Origin");
        }
    }
}

#[tokio::test]
async fn anyone_may_ask_which_issuer_is_trusted() {
    let (_issuer, api) = world();
    let response = get(&api, "/.well-known/oauth-protected-resource", &[("origin", "https://tool.example")]).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
}

#[tokio::test]
async fn a_picture_is_for_whoever_has_a_url_that_the_api_has_signed() {
    let (issuer, api) = world();
    let picture = "/api/dragons/Shenlong/picture";
    let authorization = format!("Bearer {}", issuer.token().scope("read:dragons").sign());
    let token = [("authorization", authorization.as_str())];
    assert_eq!(get(&api, picture, &token).await.status(), 403);
    let answer = get(&api, &format!("{picture}-url"), &token).await;
    let body = axum::body::to_bytes(answer.into_body(), 4096).await.unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let shown = get(&api, answer["url"].as_str().unwrap(), &[]).await;
    assert_eq!(
        (shown.status().as_u16(), &shown.headers()[header::CONTENT_TYPE]),
        (200, &"image/svg+xml".parse().unwrap())
    );
    assert_eq!(shown.headers()[header::REFERRER_POLICY], "no-referrer");
    assert_eq!(get(&api, picture, &[]).await.status(), 401);
    let nobody = format!("Bearer {}", issuer.token().sign());
    assert_eq!(get(&api, &format!("{picture}-url"), &[("authorization", &nobody)]).await.status(), 403);
}
