//! Where a token may stand, end to end: the places that are off by default, and two tokens at once.

use axum::{
    Form, Router,
    body::Body,
    http::{Request, header},
    routing::post,
};
use serde::Deserialize;
use symbolon_guard::{
    Scoped, scopes,
    testing::{AUDIENCE, TestIssuer},
};
use tower::ServiceExt;

use super::{app, bearer, offline, send};

scopes! { Write = "write" }

fn form(body: String) -> Request<Body> {
    let request = Request::post("/me").header("content-type", "application/x-www-form-urlencoded");
    request.body(Body::from(body)).unwrap()
}

#[tokio::test]
async fn cookie_form_and_query_are_off_by_default() {
    let (issuer, app) = offline();
    let token = issuer.token().sign();
    let query = Request::get(format!("/me?access_token={token}")).body(Body::empty()).unwrap();
    let cookie = Request::get("/me").header("cookie", format!("access_token={token}; __Host-at={token}"));
    for request in [query, cookie.body(Body::empty()).unwrap(), form(format!("access_token={token}"))] {
        let answer = send(&app, request).await;
        assert_eq!((answer.status.as_u16(), answer.challenge.as_deref()), (401, Some(r#"Bearer realm="dragons""#)));
    }
    // What is not read does not count as a second token either.
    let both = bearer(&format!("/me?access_token={token}"), &token);
    assert_eq!(send(&app, both).await.status, 200);
}

#[tokio::test]
async fn query_by_choice_keeps_the_answer_out_of_shared_caches() {
    let issuer = TestIssuer::offline();
    let app = app(&issuer.guard(AUDIENCE).query());
    let token = issuer.token().sign();
    let request = Request::get(format!("/me?a=1&access_token={token}")).body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()[header::CACHE_CONTROL], "private");
    let both = bearer(&format!("/me?access_token={token}"), &token);
    assert_eq!(send(&app, both).await.status, 400);
}

#[tokio::test]
async fn form_by_choice_and_the_handler_still_sees_the_body() {
    #[derive(Deserialize)]
    struct Input {
        name: String,
    }
    async fn create(caller: Scoped<Write>, Form(input): Form<Input>) -> String {
        format!("{} by {}", input.name, caller.sub)
    }
    let issuer = TestIssuer::start().await;
    let guard = issuer.guard(AUDIENCE).form_body();
    let app = Router::new().route("/me", post(create)).layer(guard.layer());
    let token = issuer.token().scope("read write").sign();

    let answer = send(&app, form(format!("name=Smaug&access_token={token}"))).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "Smaug by u1"));

    assert_eq!(send(&app, form("name=Smaug".to_owned())).await.status, 401);
    assert_eq!(send(&app, form(format!("access_token={token}&access_token={token}"))).await.status, 400);
    assert_eq!(send(&app, form(format!("name={}&access_token={token}", "x".repeat(1 << 20)))).await.status, 413);
    let mut both = form(format!("name=Smaug&access_token={token}"));
    both.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    assert_eq!(send(&app, both).await.status, 400);
    // Another content type is not searched.
    let mut json = form(format!("access_token={token}"));
    json.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(send(&app, json).await.status, 401);
}

#[tokio::test]
async fn a_cookie_by_choice_needs_its_own_pages_to_change_anything() {
    let issuer = TestIssuer::offline();
    let guard = issuer.guard(AUDIENCE).realm("dragons").cookie("__Host-at");
    let app = app(&guard.cookie_origins(["https://app.example.com"]));
    let cookie = format!("__Host-at={}", issuer.token().sign());
    let request = |method: &str, headers: &[(&str, &str)]| {
        let mut request = Request::builder().method(method).uri("/me").header("cookie", &cookie);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::empty()).unwrap()
    };
    assert_eq!(send(&app, request("GET", &[("sec-fetch-site", "cross-site")])).await.status, 200);
    assert_eq!(send(&app, request("POST", &[("sec-fetch-site", "same-origin")])).await.status, 200);
    let allowed = [("sec-fetch-site", "same-site"), ("origin", "https://app.example.com")];
    assert_eq!(send(&app, request("POST", &allowed)).await.status, 200);
    for headers in [&[][..], &[("sec-fetch-site", "cross-site")], &[("origin", "https://evil.example")]] {
        let answer = send(&app, request("POST", headers)).await;
        assert_eq!((answer.status.as_u16(), answer.challenge.as_deref()), (403, Some(r#"Bearer realm="dragons""#)));
    }
    // A token sent on purpose needs no such proof.
    let mut header = request("POST", &[("sec-fetch-site", "cross-site")]);
    let token = issuer.token().sub("u2").sign();
    header.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    assert_eq!(send(&app, header).await.body, "u2");
}

/// The issuer itself put the token into the cookie, and told its page a token of the session.
#[tokio::test]
async fn a_token_that_was_issued_into_the_cookie_needs_the_token_of_its_page_as_well() {
    // SHA-256 of "page", in base64url.
    const HASH: &str = "NmAxWprz3yVdjxmrB35Hl4IrQUiKDioEvGr3EhPCMnQ";
    let issuer = TestIssuer::offline();
    let app = app(&issuer.guard(AUDIENCE).cookie("__Host-at"));
    let ask = async |method: &str, token: &str, headers: &[(&str, &str)]| {
        let mut request = Request::builder().method(method).uri("/me").header("cookie", format!("__Host-at={token}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        send(&app, request.body(Body::empty()).unwrap()).await.status.as_u16()
    };
    let own = ("sec-fetch-site", "same-origin");
    let token = issuer.token().claim("csrf#S256", HASH).sign();
    assert_eq!(ask("GET", &token, &[]).await, 200);
    for _ in ["first seen", "seen before"] {
        assert_eq!(ask("POST", &token, &[own, ("x-csrf-token", "page")]).await, 200);
        for headers in [
            &[own][..],
            &[own, ("x-csrf-token", "")],
            &[own, ("x-csrf-token", "another's")],
            &[own, ("x-csrf-token", HASH)],
            &[own, ("x-csrf-token", "page"), ("x-csrf-token", "page")],
            // The token alone is not enough: the request must come from the right place, too.
            &[("x-csrf-token", "page"), ("sec-fetch-site", "cross-site")],
            &[("x-csrf-token", "page")],
        ] {
            assert_eq!(ask("POST", &token, headers).await, 403, "{headers:?}");
        }
    }
    let odd = issuer.token().claim("csrf#S256", 1).sign();
    assert_eq!(ask("POST", &odd, &[own, ("x-csrf-token", "page")]).await, 403);
    // Sent on purpose it is a token like any other.
    assert_eq!(send(&app, bearer("/me", &token)).await.status, 200);
}
