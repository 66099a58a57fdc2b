//! Introspection (RFC 7662): an API asks about tokens that are for it, and learns nothing about others.

use http::Method;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use symbolon_oauth::SecretHash;

use crate::support::client::form;
use crate::support::flow::basic;
use crate::support::protocol::claims;
use crate::support::{API, ISSUER, NOW, OTHER_API, SECRET, World};

const ADA: &str = "ada@example.com";

fn inactive() -> Value {
    json!({ "active": false })
}

#[tokio::test]
async fn an_api_learns_what_is_in_a_live_token_that_is_for_it() {
    let world = World::new().await;
    let tokens = world.tokens("web", ADA).await;
    let answer = world.introspect_as(API, SECRET, tokens["access_token"].as_str().unwrap()).await;
    assert_eq!((answer.header("cache-control"), answer.header("content-type")), ("no-store", "application/json"));
    let said = answer.json();
    let token = claims(&tokens["access_token"]);
    for member in ["iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "sid", "rh", "roles", "auth_time"] {
        assert_eq!(said[member], token[member], "{member}");
    }
    assert_eq!((&said["active"], &said["token_type"], &said["iss"]), (&json!(true), &json!("Bearer"), &json!(ISSUER)));
    let own = world.introspect_as("web", SECRET, tokens["access_token"].as_str().unwrap()).await.json();
    assert!(own.get("rh").is_none(), "the revocation handle is between us and the guard");
}

/// Security 51; RFC 7662 §4.
#[tokio::test]
async fn tokens_for_others_look_like_none() {
    let world = World::new().await;
    let tokens = world.tokens("web", ADA).await;
    let token = tokens["access_token"].as_str().unwrap();
    let elsewhere = world.introspect_as(OTHER_API, SECRET, token).await;
    assert_eq!((elsewhere.status.as_u16(), elsewhere.json()), (200, inactive()));
    // A client may ask about its own, and about no other's.
    assert_eq!(world.introspect_as("web", SECRET, token).await.json()["active"], true);
    assert_eq!(world.introspect_as("other", SECRET, token).await.json(), inactive());
    // ID tokens and refresh tokens are no access tokens.
    for other in ["id_token", "refresh_token"] {
        assert_eq!(world.introspect(tokens[other].as_str().unwrap()).await, inactive(), "{other}");
    }
    for garbage in ["x", "a.b.c", "..", "' OR 1=1", &"x".repeat(20_000)] {
        assert_eq!(world.introspect(garbage).await, inactive());
    }
}

#[tokio::test]
async fn an_expired_token_is_inactive_to_the_second() {
    let world = World::new().await;
    let tokens = world.tokens("web", ADA).await;
    world.advance(599);
    world.assert_alive(&tokens["access_token"]).await;
    world.advance(1);
    world.assert_dead(&tokens["access_token"]).await;
}

/// A client that is switched off holds nothing any more, a machine's tokens included.
#[tokio::test]
async fn the_tokens_of_a_disabled_client_are_inactive() {
    let world = World::new().await;
    let people = world.tokens("web", ADA).await["access_token"].clone();
    let machine = world.token("machine", &[("grant_type", "client_credentials")]).await.json()["access_token"].clone();
    for client in ["web", "machine"] {
        world.change_client(client, |client| client.disabled = true).await;
    }
    world.assert_dead(&people).await;
    world.assert_dead(&machine).await;
    world.change_client("web", |client| client.disabled = false).await;
    world.assert_alive(&people).await;
}

/// Security 33, 51; RFC 7662 §2.1.
#[tokio::test]
async fn who_does_not_prove_itself_is_told_nothing() {
    let world = World::new().await;
    let tokens = world.tokens("web", ADA).await;
    let token = tokens["access_token"].as_str().unwrap();
    for (id, secret) in [(API, "wrong"), ("https://nobody.example", SECRET), ("web", "wrong"), (API, ""), ("spa", "x")]
    {
        let answer = world.introspect_as(id, secret, token).await;
        answer.is_error(401, "invalid_client");
        assert!(answer.header("www-authenticate").starts_with("Basic "), "{answer:?}");
    }
    let bearer = format!("Bearer {token}");
    world.post_with(&bearer, "/oauth/introspect", &[("token", token)]).await.is_error(401, "invalid_client");
    world.post_with("", "/oauth/introspect", &[("token", token)]).await.is_error(401, "invalid_client");
    let by_name = world.post_with("", "/oauth/introspect", &[("token", token), ("client_id", API)]).await;
    by_name.is_error(401, "invalid_client");
    let public = world.post_with("", "/oauth/introspect", &[("token", token), ("client_id", "spa")]).await;
    assert!(public.status.is_client_error() && !public.body.contains("active"), "{public:?}");
}

#[tokio::test]
async fn an_apis_secret_can_be_in_the_body_and_be_rotated() {
    let world = World::new().await;
    let tokens = world.tokens("web", ADA).await;
    let token = tokens["access_token"].as_str().unwrap();
    let in_body = [("token", token), ("client_id", API), ("client_secret", SECRET)];
    assert_eq!(world.post_with("", "/oauth/introspect", &in_body).await.json()["active"], true);
    world
        .change_api(API, |api| {
            api.secrets[0].expires_at = Some(NOW + 10);
            api.secrets.push(SecretHash::of("the-next-one", NOW));
        })
        .await;
    for (secret, status) in [(SECRET, 200), ("the-next-one", 200)] {
        assert_eq!(world.introspect_as(API, secret, token).await.status, status);
    }
    world.advance(10);
    world.introspect_as(API, SECRET, token).await.is_error(401, "invalid_client");
    world.change_api(API, |api| api.disabled = true).await;
    world.introspect_as(API, "the-next-one", token).await.is_error(401, "invalid_client");
}

#[tokio::test]
async fn it_takes_a_form_by_post_and_nothing_else() {
    let world = World::new().await;
    let tokens = world.tokens("web", ADA).await;
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(world.browser().get(&format!("/oauth/introspect?token={token}")).await.status, 405);
    let own = basic(API, SECRET);
    let headers = [(http::header::AUTHORIZATION, own.as_str()), (CONTENT_TYPE, "application/x-www-form-urlencoded")];
    let in_url = format!("/oauth/introspect?token={token}");
    world.send(Method::POST, &in_url, &headers, Some(String::new())).await.is_error(400, "invalid_request");
    world.post_with(&own, "/oauth/introspect", &[]).await.is_error(400, "invalid_request");
    let twice = form(&[("token", token), ("token", token)]);
    world.send(Method::POST, "/oauth/introspect", &headers, Some(twice)).await.is_error(400, "invalid_request");
    // Hints are only hints (RFC 7662 §2.1).
    for hint in ["refresh_token", "access_token", "nonsense"] {
        let fields = [("token", token), ("token_type_hint", hint)];
        assert_eq!(world.post_with(&own, "/oauth/introspect", &fields).await.json()["active"], true, "{hint}");
    }
}

/// Introspection is between servers: no page may call it.
#[tokio::test]
async fn it_has_no_cors() {
    let world = World::new().await;
    let own = basic(API, SECRET);
    let headers = [
        (http::header::ORIGIN, crate::support::SPA_ORIGIN),
        (http::header::AUTHORIZATION, own.as_str()),
        (CONTENT_TYPE, "application/x-www-form-urlencoded"),
    ];
    let answer = world.send(Method::POST, "/oauth/introspect", &headers, Some(form(&[("token", "x")]))).await;
    assert_eq!(answer.status, 200);
    assert!(answer.headers.get("access-control-allow-origin").is_none(), "{answer:?}");
}
