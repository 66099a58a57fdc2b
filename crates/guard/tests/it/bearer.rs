//! RFC 6750: which challenge for which mistake, and nothing said beyond it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Body, http::Request, routing::get};
use symbolon_guard::{
    Caller, Guard,
    testing::{AUDIENCE, TestIssuer},
};

use super::{app, bearer, offline, send, whoami};

const NO_TOKEN: &str = r#"Bearer realm="dragons""#;
const INVALID_TOKEN: &str = r#"Bearer realm="dragons", error="invalid_token""#;
const INVALID_REQUEST: &str = r#"Bearer realm="dragons", error="invalid_request""#;

fn request(headers: &[(&str, &[u8])]) -> Request<Body> {
    let mut request = Request::get("/me");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

/// Headers of a request, and the status and challenge that it gets.
type Case<'a> = (&'a [(&'a str, &'a [u8])], u16, Option<&'a str>);

#[tokio::test]
async fn conformance_table() {
    let (issuer, app) = offline();
    let good = format!("Bearer {}", issuer.token().sign());
    let expired = format!("Bearer {}", issuer.token().expired(Duration::from_mins(1)).sign());
    let table: &[Case<'_>] = &[
        (&[("authorization", good.as_bytes())], 200, None),
        (&[], 401, Some(NO_TOKEN)),
        (&[("authorization", b"")], 401, Some(NO_TOKEN)),
        (&[("authorization", b"Basic dTpw")], 401, Some(NO_TOKEN)),
        (&[("authorization", b"DPoP a.b.c")], 401, Some(NO_TOKEN)),
        (&[("authorization", b"Bearer")], 400, Some(INVALID_REQUEST)),
        (&[("authorization", b"Bearer ")], 400, Some(INVALID_REQUEST)),
        (&[("authorization", b"Bearer a b")], 400, Some(INVALID_REQUEST)),
        (&[("authorization", b"Bearer a, Bearer b")], 400, Some(INVALID_REQUEST)),
        (&[("authorization", b"Bearer \xc3\xa9")], 400, Some(INVALID_REQUEST)),
        (&[("authorization", good.as_bytes()), ("authorization", good.as_bytes())], 400, Some(INVALID_REQUEST)),
        (&[("authorization", b"Basic dTpw"), ("authorization", good.as_bytes())], 400, Some(INVALID_REQUEST)),
        (&[("authorization", b"Bearer x")], 401, Some(INVALID_TOKEN)),
        (&[("authorization", b"Bearer a.b.c")], 401, Some(INVALID_TOKEN)),
        (&[("authorization", expired.as_bytes())], 401, Some(INVALID_TOKEN)),
    ];
    for (headers, status, challenge) in table {
        let answer = send(&app, request(headers)).await;
        assert_eq!((answer.status.as_u16(), answer.challenge.as_deref()), (*status, *challenge), "{headers:?}");
    }
}

#[tokio::test]
async fn every_401_has_the_same_body_and_names_no_reason() {
    let (issuer, app) = offline();
    let other = TestIssuer::offline();
    let tokens = [
        issuer.token().expired(Duration::from_hours(1)).sign(),
        issuer.token().audience("https://other.example.com").sign(),
        issuer.token().issuer("https://other.example.com").sign(),
        issuer.token().typ("JWT").sign(),
        other.token().sign(),
        "x".to_owned(),
    ];
    let none = send(&app, request(&[])).await;
    for token in tokens {
        let answer = send(&app, bearer("/me", &token)).await;
        assert_eq!((answer.status.as_u16(), &answer.body), (401, &none.body));
        assert_eq!(answer.challenge.as_deref(), Some(INVALID_TOKEN));
    }
}

#[tokio::test]
async fn a_megabyte_of_header_is_refused_without_ado() {
    let (_issuer, app) = offline();
    let long = "a".repeat(1 << 20);
    for token in [long.clone(), format!("{long}.{long}.{long}"), ".".repeat(1 << 20)] {
        assert_eq!(send(&app, bearer("/me", &token)).await.challenge.as_deref(), Some(INVALID_TOKEN));
    }
}

#[tokio::test]
async fn unknown_paths_say_nothing_to_strangers() {
    let (issuer, app) = offline();
    assert_eq!(send(&app, Request::get("/nowhere").body(Body::empty()).unwrap()).await.status, 401);
    assert_eq!(send(&app, bearer("/nowhere", &issuer.token().sign())).await.status, 404);
}

#[tokio::test]
async fn the_owner_learns_the_reason_that_the_caller_does_not() {
    let issuer = TestIssuer::offline();
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&reasons);
    let guard = issuer.guard(AUDIENCE).on_reject(move |rejection| seen.lock().unwrap().push(rejection.to_string()));
    let app = app(&guard);
    let token = issuer.token().expired(Duration::from_hours(1)).sign();
    send(&app, bearer("/me", &token)).await;
    send(&app, request(&[])).await;
    let reasons = reasons.lock().unwrap();
    assert_eq!(reasons.len(), 2);
    assert!(reasons[0].contains("expired"), "{}", reasons[0]);
    assert!(!reasons.iter().any(|reason| reason.contains(&token)));
}

#[tokio::test]
async fn optional_lets_nobody_pass_but_not_a_bad_token() {
    async fn greet(caller: Option<Caller>) -> String {
        caller.map_or_else(|| "stranger".to_owned(), |caller| caller.sub.clone())
    }
    let issuer = TestIssuer::offline();
    let guard = issuer.guard(AUDIENCE).realm("dragons").optional();
    let app = Router::new()
        .route("/", get(greet))
        .route("/me", get(whoami))
        .route("/admin", get(|| async {}).layer(guard.role("admin")))
        .layer(guard.layer());
    assert_eq!(send(&app, Request::get("/").body(Body::empty()).unwrap()).await.body, "stranger");
    assert_eq!(send(&app, bearer("/", &issuer.token().sign())).await.body, "u1");
    assert_eq!(send(&app, bearer("/", "x")).await.challenge.as_deref(), Some(INVALID_TOKEN));
    for path in ["/me", "/admin"] {
        let answer = send(&app, Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.challenge.as_deref()), (401, Some(NO_TOKEN)));
    }
}

#[tokio::test]
async fn a_handler_under_no_guard_is_our_mistake_not_the_callers() {
    async fn maybe(caller: Option<Caller>) -> String {
        format!("{caller:?}")
    }
    let issuer = TestIssuer::offline();
    let app = Router::new().route("/me", get(whoami)).route("/maybe", get(maybe));
    for path in ["/me", "/maybe"] {
        let answer = send(&app, bearer(path, &issuer.token().sign())).await;
        assert_eq!((answer.status.as_u16(), answer.challenge), (500, None), "{path}");
    }
}

#[tokio::test]
async fn rfc9728_section_5_1_the_metadata_is_open_and_named_by_the_challenges() {
    let guard = Guard::new("https://issuer.example.com", "https://api.example.com/v1/").unwrap().query();
    let app = app(&guard).merge(guard.metadata());
    let path = "/.well-known/oauth-protected-resource/v1";
    let answer = send(&app, Request::get(path).body(Body::empty()).unwrap()).await;
    let document: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    let expected = serde_json::json!({
        "resource": "https://api.example.com/v1/",
        "authorization_servers": ["https://issuer.example.com"],
        "bearer_methods_supported": ["header", "query"],
    });
    assert_eq!((answer.status.as_u16(), document), (200, expected));
    let challenge = send(&app, request(&[])).await.challenge.unwrap();
    let named = format!(r#"resource_metadata="https://api.example.com{path}""#);
    assert!(challenge.ends_with(&named), "{challenge}");
}

/// "The resource value returned MUST be identical to the protected resource's resource identifier value into which the well-known URI path
/// suffix was inserted".
#[tokio::test]
async fn rfc9728_section_3_3_the_resource_is_the_audience_of_tokens_byte_by_byte() {
    let issuer = TestIssuer::offline();
    for (audience, path) in [
        ("https://api.example.com", "/.well-known/oauth-protected-resource"),
        ("https://api.example.com/", "/.well-known/oauth-protected-resource"),
        ("https://api.example.com/v1", "/.well-known/oauth-protected-resource/v1"),
        ("https://api.example.com/v1/", "/.well-known/oauth-protected-resource/v1"),
    ] {
        let guard = issuer.guard(audience);
        let app = app(&guard).merge(guard.metadata());
        let answer = send(&app, Request::get(path).body(Body::empty()).unwrap()).await;
        let document: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(document["resource"], audience);
        let resource = document["resource"].as_str().unwrap();
        let nearly = resource.strip_suffix('/').map_or_else(|| format!("{resource}/"), str::to_owned);
        for (aud, status) in [(resource, 200), (&*nearly, 401)] {
            let token = issuer.token().claim("aud", aud).sign();
            assert_eq!(send(&app, bearer("/me", &token)).await.status, status, "{audience}: {aud}");
        }
    }
}
