//! Userinfo (OpenID Connect Core §5.3) and the challenges of RFC 6750.

use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use symbolon_jose::base64url;

use crate::support::client::form;
use crate::support::flow::authorize_url;
use crate::support::{API, Answer, World};

const ADA: &str = "ada@example.com";

/// A refusal with its challenge and nothing about the user.
#[track_caller]
fn refused(answer: &Answer, status: u16, challenge: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    let said = answer.header("www-authenticate");
    assert!(said.starts_with("Bearer ") && said.contains(challenge), "{said}");
    assert!(!answer.body.contains("example.com"), "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
}

async fn with_scope(world: &World, scope: &str) -> Value {
    let code = world.browser().code("web", ADA, &[("scope", scope)]).await;
    world.redeem("web", &code).await.json()["access_token"].clone()
}

#[tokio::test]
async fn the_scope_decides_what_is_told() {
    let world = World::new().await;
    for (scope, there, absent) in [
        ("openid", &["sub"][..], &["email", "email_verified", "name", "updated_at"][..]),
        ("openid email", &["sub", "email", "email_verified"], &["name"]),
        ("openid profile", &["sub", "name", "updated_at"], &["email"]),
    ] {
        let token = with_scope(&world, scope).await;
        let answer = world.userinfo(token.as_str().unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
        assert_eq!(answer.header("cache-control"), "no-store");
        let said = answer.json();
        assert!(there.iter().all(|name| said.get(name).is_some()), "{scope}: {said}");
        assert!(absent.iter().all(|name| said.get(name).is_none()), "{scope}: {said}");
        assert!(said.as_object().unwrap().values().all(|value| !value.is_null() && value != ""), "{said}");
    }
}

/// Specs rule 7.
#[tokio::test]
async fn claims_have_the_right_json_type() {
    let world = World::new().await;
    let token = with_scope(&world, "openid profile email").await;
    let said = world.userinfo(token.as_str().unwrap()).await.json();
    assert_eq!((&said["email_verified"], &said["updated_at"]), (&json!(true), &json!(crate::support::NOW)));
}

/// RFC 6750 §2: header or form body, one of them.
#[tokio::test]
async fn the_token_comes_in_the_header_or_in_a_form_and_never_in_the_url() {
    let world = World::new().await;
    let token = with_scope(&world, "openid").await;
    let (token, bearer) = (token.as_str().unwrap(), format!("Bearer {}", token.as_str().unwrap()));
    let form_type = (CONTENT_TYPE, "application/x-www-form-urlencoded");
    let auth = (AUTHORIZATION, bearer.as_str());
    let body = Some(form(&[("access_token", token)]));
    let posted = world.send(Method::POST, "/userinfo", std::slice::from_ref(&auth), None).await;
    assert_eq!(posted.status, 200);
    assert_eq!(world.send(Method::POST, "/userinfo", std::slice::from_ref(&form_type), body.clone()).await.status, 200);
    let lower = bearer.replace("Bearer", "bearer");
    assert_eq!(world.send(Method::GET, "/userinfo", &[(AUTHORIZATION, &lower)], None).await.status, 200);

    let both = world.send(Method::POST, "/userinfo", &[auth.clone(), form_type.clone()], body).await;
    refused(&both, 400, "invalid_request");
    let twice = world.send(Method::GET, "/userinfo", &[auth.clone(), auth], None).await;
    refused(&twice, 400, "invalid_request");
    let repeated = Some(form(&[("access_token", token), ("access_token", token)]));
    refused(&world.send(Method::POST, "/userinfo", &[form_type], repeated).await, 400, "invalid_request");
    let in_url = world.browser().get(&format!("/userinfo?access_token={token}")).await;
    refused(&in_url, 401, "Bearer ");
    // RFC 6750 §3.1: without a token, no error code.
    assert!(!in_url.header("www-authenticate").contains("error="), "{in_url:?}");
    assert_eq!(in_url.body, "", "nor anything else about errors");
    let basic = crate::support::flow::basic("web", crate::support::SECRET);
    refused(&world.send(Method::GET, "/userinfo", &[(AUTHORIZATION, &basic)], None).await, 401, "Bearer ");
}

/// Security 54, 62, 70.
#[tokio::test]
async fn a_token_that_is_forged_or_of_another_kind_is_refused() {
    let world = World::new().await;
    let tokens = world.tokens("web", ADA).await;
    let token = tokens["access_token"].as_str().unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let none = base64url::encode(br#"{"alg":"none","typ":"at+jwt"}"#);
    let hmac = base64url::encode(br#"{"alg":"HS256","typ":"at+jwt"}"#);
    let other = base64url::encode(br#"{"alg":"RS256","typ":"at+jwt"}"#);
    let more = base64url::encode(
        String::from_utf8(base64url::decode(parts[1]).unwrap()).unwrap().replace("openid", "openid admin").as_bytes(),
    );
    for forged in [
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{hmac}.{}.{}", parts[1], parts[2]),
        format!("{other}.{}.{}", parts[1], parts[2]),
        format!("{}.{more}.{}", parts[0], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}", parts[0], parts[1]),
        format!("{token}x"),
        format!("{token}="),
        format!("{token}.{token}"),
        tokens["id_token"].as_str().unwrap().to_owned(),
        tokens["refresh_token"].as_str().unwrap().to_owned(),
        "x".to_owned(),
        "x".repeat(20_000),
    ] {
        refused(&world.userinfo(&forged).await, 401, "error=\"invalid_token\"");
        assert_eq!(world.introspect(&forged).await, json!({ "active": false }));
    }
}

#[tokio::test]
async fn a_token_without_openid_does_not_open_it() {
    let world = World::new().await;
    let for_api = with_scope(&world, "read").await;
    refused(&world.userinfo(for_api.as_str().unwrap()).await, 401, "invalid_token");
    let code = world.browser().code("web", ADA, &[("scope", "email"), ("audience", "")]).await;
    let for_nothing = world.redeem("web", &code).await.json()["access_token"].clone();
    refused(&world.userinfo(for_nothing.as_str().unwrap()).await, 403, "insufficient_scope");
}

#[tokio::test]
async fn it_ends_with_the_token_the_session_and_the_account() {
    let world = World::new().await;
    let mut browser = world.browser();
    let code = browser.code("spa", ADA, &[]).await;
    let tokens = world.redeem("spa", &code).await.json();
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(world.userinfo(token).await.status, 200);
    browser.get(&format!("/logout?id_token_hint={}", tokens["id_token"].as_str().unwrap())).await;
    refused(&world.userinfo(token).await, 401, "invalid_token");

    let bobs = world.tokens("web", "bob@example.com").await;
    world.block("bob@example.com").await;
    refused(&world.userinfo(bobs["access_token"].as_str().unwrap()).await, 401, "invalid_token");

    let adas = world.tokens("web", ADA).await;
    world.advance(600);
    refused(&world.userinfo(adas["access_token"].as_str().unwrap()).await, 401, "invalid_token");
}

/// Two users and two clients: nobody sees another's.
#[tokio::test]
async fn everyone_sees_only_themselves() {
    let world = World::new().await;
    let (adas, bobs) = (world.tokens("web", ADA).await, world.tokens("web", "bob@example.com").await);
    let [ada, bob] = [&adas, &bobs].map(|tokens| tokens["access_token"].as_str().unwrap());
    assert_eq!(world.userinfo(ada).await.json()["email"], ADA);
    assert_eq!(world.userinfo(bob).await.json()["email"], "bob@example.com");
    // The audience of the tokens names the API and this endpoint, nothing else.
    let audience = crate::support::protocol::claims(&adas["access_token"])["aud"].clone();
    assert_eq!(audience, json!([API, format!("{}/userinfo", crate::support::ISSUER)]));
    let page = world.browser().get(&authorize_url("web", &[])).await;
    assert!(!page.body.contains("Ada"));
}
