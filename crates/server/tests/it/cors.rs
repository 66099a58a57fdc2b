//! Cross-origin access: what a client's own pages may read, and nobody else's (security 15, 108).

use http::header::{AUTHORIZATION, CONTENT_TYPE, ORIGIN};
use http::{HeaderName, Method};
use serde_json::json;

use crate::support::client::form;
use crate::support::flow::VERIFIER;
use crate::support::{Answer, PASSWORD, SPA_CALLBACK, SPA_ORIGIN, World};

const ADA: &str = "ada@example.com";
const FOREIGN: &str = "https://foreign.example.com";
const FORM: (HeaderName, &str) = (CONTENT_TYPE, "application/x-www-form-urlencoded");
const REQUEST_METHOD: HeaderName = HeaderName::from_static("access-control-request-method");
const REQUEST_HEADERS: HeaderName = HeaderName::from_static("access-control-request-headers");

/// What `Access-Control-Allow-Origin` says; the answer never allows credentials and always varies.
#[track_caller]
fn allowed(answer: &Answer) -> &str {
    assert!(answer.headers.get("access-control-allow-credentials").is_none(), "{answer:?}");
    let allowed = answer.header("access-control-allow-origin");
    let varies = answer.headers.get_all("vary").iter().any(|value| value.to_str().unwrap().contains("Origin"));
    assert!(varies || allowed == "*", "{answer:?}");
    allowed
}

async fn post(world: &World, origin: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
    world.send(Method::POST, path, &[(ORIGIN, origin), FORM], Some(form(fields))).await
}

async fn preflight(world: &World, origin: &str, path: &str) -> Answer {
    let headers = [(ORIGIN, origin), (REQUEST_METHOD, "POST"), (REQUEST_HEADERS, "authorization,content-type,dpop")];
    world.send(Method::OPTIONS, path, &headers, None).await
}

#[tokio::test]
async fn a_clients_own_origin_reads_its_tokens_and_no_other_does() {
    let world = World::new().await;
    for (origin, expected) in [
        (SPA_ORIGIN, SPA_ORIGIN),
        (FOREIGN, ""),
        ("null", ""),
        ("https://spa.example.com.evil.example", ""),
        ("https://SPA.example.com", ""),
        ("https://spa.example.com:443", ""),
        ("https://spa.example.com/", ""),
        ("http://spa.example.com", ""),
        ("https://evil-spa.example.com", ""),
        ("*", ""),
    ] {
        let code = world.browser().code("spa", ADA, &[]).await;
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", "spa"),
            ("code", &*code),
            ("redirect_uri", SPA_CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        let answer = post(&world, origin, "/oauth/token", &fields).await;
        assert_eq!((answer.status.as_u16(), allowed(&answer)), (200, expected), "{origin}");
    }
}

#[tokio::test]
async fn a_client_can_read_why_it_was_refused_and_what_time_it_is() {
    let world = World::new().await;
    let fields = [("grant_type", "refresh_token"), ("client_id", "spa"), ("refresh_token", "sym_rt_x")];
    for (answer, code) in [
        (post(&world, SPA_ORIGIN, "/oauth/token", &fields).await, "invalid_grant"),
        (post(&world, SPA_ORIGIN, "/oauth/token", &[("client_id", "spa")]).await, "invalid_request"),
        (post(&world, SPA_ORIGIN, "/oauth/token", &[("a", "b"), ("a", "b")]).await, "invalid_request"),
        (post(&world, SPA_ORIGIN, "/oauth/revoke", &[("client_id", "nobody")]).await, "invalid_client"),
        (post(&world, SPA_ORIGIN, "/oauth/token?client_id=spa", &fields).await, "invalid_request"),
    ] {
        assert_eq!(answer.json()["error"], code);
        assert_eq!(allowed(&answer), SPA_ORIGIN, "{answer:?}");
        let exposed = answer.header("access-control-expose-headers");
        for header in ["Date", "WWW-Authenticate", "Retry-After"] {
            assert!(exposed.contains(header), "{exposed}");
        }
        assert!(answer.headers.get("date").is_some());
    }
    assert_eq!(allowed(&post(&world, FOREIGN, "/oauth/token", &fields).await), "");
}

/// The answer to one client is not for another client's pages.
#[tokio::test]
async fn one_clients_origin_does_not_read_another_clients_answers() {
    let world = World::new().await;
    world.change_client("other", |client| client.allowed_origins = vec![FOREIGN.to_owned()]).await;
    let tokens = world.tokens("spa", ADA).await;
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    for (origin, expected) in [(SPA_ORIGIN, SPA_ORIGIN), (FOREIGN, "")] {
        let headers = [(ORIGIN, origin), (AUTHORIZATION, bearer.as_str())];
        let userinfo = world.send(Method::GET, "/userinfo", &headers, None).await;
        assert_eq!((userinfo.status.as_u16(), allowed(&userinfo)), (200, expected));
        let fields = [("client_id", "spa"), ("token", "x")];
        let revoked = post(&world, origin, "/oauth/revoke", &fields).await;
        assert_eq!((revoked.status.as_u16(), allowed(&revoked)), (200, expected));
    }
    // Without a token nobody can tell whose page asks: every registered origin may read the challenge.
    for (origin, expected) in [(SPA_ORIGIN, SPA_ORIGIN), (FOREIGN, FOREIGN), ("https://nobody.example", "")] {
        let refused = world.send(Method::GET, "/userinfo", &[(ORIGIN, origin)], None).await;
        assert_eq!((refused.status.as_u16(), allowed(&refused)), (401, expected));
    }
}

#[tokio::test]
async fn a_disabled_clients_origin_reads_nothing() {
    let world = World::new().await;
    world.change_client("spa", |client| client.disabled = true).await;
    let refused = world.send(Method::GET, "/userinfo", &[(ORIGIN, SPA_ORIGIN)], None).await;
    assert_eq!(allowed(&refused), "");
    assert_eq!(allowed(&preflight(&world, SPA_ORIGIN, "/oauth/token").await), "");
}

#[tokio::test]
async fn a_preflight_says_what_a_browser_program_needs() {
    let world = World::new().await;
    for path in ["/oauth/token", "/oauth/revoke", "/userinfo", "/authenticate"] {
        let answer = preflight(&world, SPA_ORIGIN, path).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (204, ""), "{path}");
        assert_eq!(allowed(&answer), SPA_ORIGIN);
        assert!(answer.header("access-control-allow-methods").contains("POST"));
        let headers = answer.header("access-control-allow-headers").to_ascii_lowercase();
        assert!(["authorization", "content-type"].iter().all(|name| headers.contains(name)), "{headers}");
        assert!(answer.header("access-control-max-age").parse::<u32>().unwrap() > 0);
        for origin in [FOREIGN, "null"] {
            assert_eq!(allowed(&preflight(&world, origin, path).await), "", "{path} {origin}");
        }
    }
}

#[tokio::test]
async fn pages_and_introspection_are_not_for_other_origins() {
    let world = World::new().await;
    // What a client may read of a form that it may draw itself is in `twin.rs`; of the page nothing.
    for path in ["/login", "/reset", "/forgot"] {
        let page = world.send(Method::GET, path, &[(ORIGIN, SPA_ORIGIN)], None).await;
        assert!(page.headers.keys().all(|name| !name.as_str().starts_with("access-control")), "{path}: {page:?}");
    }
    for path in ["/", "/authorize", "/logout", "/consent", "/setup", "/oauth/introspect", "/livez"] {
        for answer in [
            preflight(&world, SPA_ORIGIN, path).await,
            world.send(Method::GET, path, &[(ORIGIN, SPA_ORIGIN)], None).await,
        ] {
            let any = answer.headers.keys().any(|name| name.as_str().starts_with("access-control"));
            assert!(!any, "{path}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn discovery_and_keys_are_for_everybody() {
    let world = World::new().await;
    for path in
        ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/.well-known/jwks.json"]
    {
        for origin in [SPA_ORIGIN, FOREIGN, "null"] {
            let answer = world.send(Method::GET, path, &[(ORIGIN, origin)], None).await;
            assert_eq!((answer.status.as_u16(), allowed(&answer)), (200, "*"), "{path} {origin}");
            let asked = world.send(Method::OPTIONS, path, &[(ORIGIN, origin), (REQUEST_METHOD, "GET")], None).await;
            assert_eq!((asked.status.as_u16(), allowed(&asked)), (204, "*"), "{path} {origin}");
        }
    }
}

#[tokio::test]
async fn password_sign_in_answers_the_origin_of_its_client_only() {
    let world = World::new().await;
    for (password, status) in [(PASSWORD, 200), ("wrong horse battery", 401)] {
        let body = json!({ "username": ADA, "password": password });
        let own = world.post_json("/authenticate", &[(ORIGIN, SPA_ORIGIN)], &body).await;
        assert_eq!((own.status.as_u16(), allowed(&own)), (status, SPA_ORIGIN), "{}", own.body);
        let foreign = world.post_json("/authenticate", &[(ORIGIN, FOREIGN)], &body).await;
        assert_eq!(allowed(&foreign), "");
    }
}
