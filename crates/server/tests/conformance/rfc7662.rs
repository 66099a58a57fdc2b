//! Token Introspection (RFC 7662).

use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::json;

use crate::flows::{ADA, both_tokens, text};
use crate::support::client::form;
use crate::support::flow::basic;
use crate::support::{API, OTHER_API, SECRET, World};

const INTROSPECT: &str = "/oauth/introspect";

/// Callers that are told nothing (§2.1: "the endpoint MUST also require some form of authorization").
macro_rules! not_told {
    ($($name:ident: $authorization:expr, $more:expr => $status:literal, $code:literal;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let world = World::new().await;
            let (token, _) = both_tokens(&world).await;
            let mut fields = vec![("token", token.as_str())];
            fields.extend::<[(&str, &str); _]>($more);
            let answer = world.post_with(&$authorization, INTROSPECT, &fields).await;
            answer.is_error($status, $code);
            assert!(!answer.body.contains("active"), "{}", answer.body);
        }
    )+};
}

not_told! {
    rfc7662_section_2_1_nobody_is_told_without_a_credential: "", [] => 401, "invalid_client";
    rfc7662_section_2_1_a_wrong_secret_is_refused: basic(API, "wrong"), [] => 401, "invalid_client";
    rfc7662_section_2_1_an_empty_secret_is_refused: basic(API, ""), [] => 401, "invalid_client";
    rfc7662_section_2_1_an_unknown_api_is_refused: basic("https://nobody.example", SECRET), [] => 401, "invalid_client";
    rfc7662_section_2_1_a_name_alone_is_refused: "", [("client_id", API)] => 401, "invalid_client";
    rfc7662_section_2_1_a_wrong_secret_in_the_body_is_refused:
        "", [("client_id", API), ("client_secret", "wrong")] => 401, "invalid_client";
    rfc7662_section_2_1_two_credentials_are_refused:
        basic(API, SECRET), [("client_id", API), ("client_secret", SECRET)] => 400, "invalid_request";
}

#[tokio::test]
async fn rfc7662_section_2_1_a_token_is_no_credential_for_itself() {
    let world = World::new().await;
    let (token, _) = both_tokens(&world).await;
    let bearer = format!("Bearer {token}");
    world.post_with(&bearer, INTROSPECT, &[("token", &token)]).await.is_error(401, "invalid_client");
}

#[tokio::test]
async fn rfc7662_section_2_1_a_public_client_is_told_nothing() {
    let world = World::new().await;
    let (token, _) = both_tokens(&world).await;
    let answer = world.post_as("spa", INTROSPECT, &[("token", &token)]).await;
    answer.is_error(401, "invalid_client");
    assert!(!answer.body.contains("active"), "{answer:?}");
}

#[tokio::test]
async fn rfc7662_section_2_1_a_token_is_required() {
    let world = World::new().await;
    world.post_with(&basic(API, SECRET), INTROSPECT, &[]).await.is_error(400, "invalid_request");
}

#[tokio::test]
async fn rfc7662_section_2_1_a_token_twice_is_refused() {
    let world = World::new().await;
    let fields = [("token", "a"), ("token", "b")];
    world.post_with(&basic(API, SECRET), INTROSPECT, &fields).await.is_error(400, "invalid_request");
}

#[tokio::test]
async fn rfc7662_section_2_1_get_is_not_allowed() {
    let world = World::new().await;
    let path = format!("{INTROSPECT}?token={}", both_tokens(&world).await.0);
    let own = basic(API, SECRET);
    assert_eq!(world.send(Method::GET, &path, &[(AUTHORIZATION, &own)], None).await.status, 405);
}

#[tokio::test]
async fn rfc7662_section_2_1_a_token_in_the_uri_does_not_count() {
    let world = World::new().await;
    let path = format!("{INTROSPECT}?token={}", both_tokens(&world).await.0);
    let own = basic(API, SECRET);
    let headers = [(AUTHORIZATION, &*own), (CONTENT_TYPE, "application/x-www-form-urlencoded")];
    world.send(Method::POST, &path, &headers, Some(String::new())).await.is_error(400, "invalid_request");
}

#[tokio::test]
async fn rfc7662_section_2_1_a_body_that_is_no_form_is_refused() {
    let world = World::new().await;
    let own = basic(API, SECRET);
    let headers = [(AUTHORIZATION, &*own), (CONTENT_TYPE, "application/json")];
    let answer = world.send(Method::POST, INTROSPECT, &headers, Some(form(&[("token", "x")]))).await;
    assert!(answer.status.is_client_error(), "{answer:?}");
}

/// What is inactive is `{"active":false}`, and nothing else (§2.2: "SHOULD NOT include any additional information").
macro_rules! inactive {
    ($($(#[$about:meta])* $name:ident: $change:expr;)+) => {$(
        $(#[$about])*
        #[tokio::test]
        async fn $name() {
            let world = World::new().await;
            let (token, id_token) = both_tokens(&world).await;
            let change: fn(&World, &str, &str) -> String = $change;
            let asked = change(&world, &token, &id_token);
            assert_eq!(world.introspect(&asked).await, json!({ "active": false }));
        }
    )+};
}

inactive! {
    rfc7662_section_4_an_expired_token_is_inactive: |world, token, _| { world.advance(600); token.to_owned() };
    rfc7662_section_4_a_token_whose_signature_is_wrong_is_inactive: |_, token, _| format!("{token}x");
    rfc7662_section_4_a_token_without_a_signature_is_inactive:
        |_, token, _| token.rsplit_once('.').unwrap().0.to_owned() + ".";
    rfc7662_section_2_2_an_unknown_text_is_inactive: |_, _, _| "unknown".to_owned();
    rfc7662_section_2_2_an_id_token_is_inactive: |_, _, id_token| id_token.to_owned();
}

#[tokio::test]
async fn rfc7662_section_4_a_revoked_token_is_inactive() {
    let world = World::new().await;
    let tokens = world.tokens("web", ADA).await;
    world.post_as("web", "/oauth/revoke", &[("token", tokens["refresh_token"].as_str().unwrap())]).await;
    assert_eq!(world.introspect(&text(&tokens["access_token"])).await, json!({ "active": false }));
}

#[tokio::test]
async fn rfc7662_section_4_a_token_of_a_blocked_user_is_inactive() {
    let world = World::new().await;
    let (token, _) = both_tokens(&world).await;
    world.block(ADA).await;
    assert_eq!(world.introspect(&token).await, json!({ "active": false }));
}

#[tokio::test]
async fn rfc7662_section_4_a_token_of_a_disabled_client_is_inactive() {
    let world = World::new().await;
    let (token, _) = both_tokens(&world).await;
    world.change_client("web", |client| client.disabled = true).await;
    assert_eq!(world.introspect(&token).await, json!({ "active": false }));
}

/// §4: "the authorization server MUST determine whether or not the token can be used at the resource server making the introspection call".
#[tokio::test]
async fn rfc7662_section_4_a_token_for_another_api_is_inactive() {
    let world = World::new().await;
    let (token, _) = both_tokens(&world).await;
    assert_eq!(world.introspect_as(OTHER_API, SECRET, &token).await.json(), json!({ "active": false }));
}

#[tokio::test]
async fn rfc7662_section_4_a_client_is_told_nothing_about_another_clients_token() {
    let world = World::new().await;
    let (token, _) = both_tokens(&world).await;
    assert_eq!(world.introspect_as("other", SECRET, &token).await.json(), json!({ "active": false }));
}

/// §2.1: the token parameter is "for refresh tokens, the refresh_token value"; who may use it is told.
#[tokio::test]
async fn rfc7662_section_2_1_a_client_is_told_of_its_own_refresh_token() {
    let world = World::new().await;
    let first = text(&world.tokens("web", ADA).await["refresh_token"]);
    let said = world.introspect_as("web", SECRET, &first).await.json();
    assert_eq!((&said["active"], &said["client_id"]), (&json!(true), &json!("web")), "{said}");
    assert!(said["scope"].as_str().unwrap().contains("openid") && said["sub"].is_string(), "{said}");
    assert!(said["exp"].as_u64().unwrap() > said["iat"].as_u64().unwrap_or_default(), "{said}");
    assert!(said.get("token_type").is_none() && said.get("aud").is_none(), "no API takes it: {said}");
    assert_eq!(world.introspect_as("other", SECRET, &first).await.json(), json!({ "active": false }));
    // Asking uses nothing up.
    let second = text(&world.refresh("web", &first).await.json()["refresh_token"]);
    assert_eq!(world.introspect_as("web", SECRET, &second).await.json()["active"], true);
    let third = text(&world.refresh("web", &second).await.json()["refresh_token"]);
    world.advance(60);
    assert_eq!(world.introspect_as("web", SECRET, &first).await.json(), json!({ "active": false }), "it was used up");
    assert_eq!(world.introspect_as("web", SECRET, &third).await.json()["active"], true, "and asking was no theft");
    world.post_as("web", "/oauth/revoke", &[("token", &third)]).await;
    assert_eq!(world.introspect_as("web", SECRET, &third).await.json(), json!({ "active": false }));
}

#[tokio::test]
async fn rfc7662_section_2_2_a_refresh_token_of_a_blocked_user_is_inactive() {
    let world = World::new().await;
    let token = text(&world.tokens("web", ADA).await["refresh_token"]);
    world.block(ADA).await;
    assert_eq!(world.introspect_as("web", SECRET, &token).await.json(), json!({ "active": false }));
}

#[tokio::test]
async fn rfc7662_section_4_a_refresh_token_is_inactive_for_an_api() {
    let world = World::new().await;
    let refresh = text(&world.tokens("web", ADA).await["refresh_token"]);
    assert_eq!(world.introspect(&refresh).await, json!({ "active": false }));
}

#[tokio::test]
async fn rfc7662_section_2_2_no_answer_is_stored() {
    let world = World::new().await;
    for token in ["x".to_owned(), both_tokens(&world).await.0] {
        let answer = world.introspect_as(API, SECRET, &token).await;
        assert_eq!((answer.header("cache-control"), answer.header("content-type")), ("no-store", "application/json"));
    }
}
