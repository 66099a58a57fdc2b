//! Revocation (RFC 7009): a client gives up what it holds.

use http::Method;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use crate::support::client::form;
use crate::support::flow::authorize_url;
use crate::support::protocol::claims;
use crate::support::{API, Answer, World};

const ADA: &str = "ada@example.com";

async fn revoke(world: &World, client: &str, fields: &[(&str, &str)]) -> Answer {
    world.post_as(client, "/oauth/revoke", fields).await
}

fn refresh_token(tokens: &Value) -> &str {
    tokens["refresh_token"].as_str().unwrap()
}

/// Security 49.
#[tokio::test]
async fn revoking_a_refresh_token_ends_everything_of_the_grant_and_nothing_else() {
    let world = World::new().await;
    for client in ["web", "spa"] {
        let mut browser = world.browser();
        let code = browser.code(client, ADA, &[]).await;
        let first = world.redeem(client, &code).await.json();
        let second = world.refresh(client, refresh_token(&first)).await.json();
        let other_grant = world.tokens(client, ADA).await;
        let answer = revoke(&world, client, &[("token", refresh_token(&second))]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["revoked"], true);
        let last_expiry = &claims(&second["access_token"])["exp"];
        assert_eq!(&answer.json()["access_tokens_until"], last_expiry, "where nobody follows the feed");
        assert_eq!(answer.header("cache-control"), "no-store");
        for dead in [&first, &second] {
            world.assert_dead(&dead["access_token"]).await;
            world.refresh(client, refresh_token(dead)).await.is_error(400, "invalid_grant");
        }
        world.assert_alive(&other_grant["access_token"]).await;
        assert_eq!(world.refresh(client, refresh_token(&other_grant)).await.status, 200);
        // The person stays signed in: revocation is about the client's grant.
        let silent = browser.get(&authorize_url(client, &[("prompt", "none")])).await;
        assert!(silent.param("code").is_some(), "{silent:?}");
    }
}

/// RFC 7009 §2.1, §2.2.
#[tokio::test]
async fn wrong_hints_are_ignored_and_unknown_tokens_are_already_gone() {
    let world = World::new().await;
    let tokens = world.tokens("web", ADA).await;
    for unknown in ["x", "sym_rt_", "sym_rt_unknown", "' OR 1=1 --", &"x".repeat(10_000)] {
        let answer = revoke(&world, "web", &[("token", unknown)]).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, r#"{"revoked":false}"#), "{unknown}");
    }
    for hint in ["access_token", "nonsense"] {
        let fields = [("token", refresh_token(&tokens)), ("token_type_hint", hint)];
        assert_eq!(revoke(&world, "web", &fields).await.status, 200);
    }
    world.refresh("web", refresh_token(&tokens)).await.is_error(400, "invalid_grant");
    // Twice is as good as once, also with a token that had its day.
    assert_eq!(revoke(&world, "web", &[("token", refresh_token(&tokens))]).await.status, 200);
}

#[tokio::test]
async fn a_superseded_token_revokes_the_grant_too() {
    let world = World::new().await;
    let first = world.tokens("web", ADA).await;
    let second = world.refresh("web", refresh_token(&first)).await.json();
    assert_eq!(revoke(&world, "web", &[("token", refresh_token(&first))]).await.status, 200);
    world.refresh("web", refresh_token(&second)).await.is_error(400, "invalid_grant");
    world.assert_dead(&second["access_token"]).await;
}

/// Security 46.
#[tokio::test]
async fn nobody_revokes_what_is_another_clients() {
    let world = World::new().await;
    let tokens = world.tokens("web", ADA).await;
    for client in ["other", "spa"] {
        let refused = revoke(&world, client, &[("token", refresh_token(&tokens))]).await;
        assert!(refused.status.is_client_error(), "{refused:?}");
    }
    world.assert_alive(&tokens["access_token"]).await;
    assert_eq!(world.refresh("web", refresh_token(&tokens)).await.status, 200);
}

/// Security 49, 53.
#[tokio::test]
async fn revoking_an_access_token_ends_its_grant() {
    let world = World::new().await;
    let tokens = world.tokens("web", ADA).await;
    let other_grant = world.tokens("web", ADA).await;
    let token = ("token", tokens["access_token"].as_str().unwrap());
    let answer = revoke(&world, "web", &[token, ("token_type_hint", "refresh_token")]).await.json();
    assert_eq!(answer["revoked"], true);
    world.assert_dead(&tokens["access_token"]).await;
    world.refresh("web", refresh_token(&tokens)).await.is_error(400, "invalid_grant");
    world.assert_alive(&other_grant["access_token"]).await;
    let again = revoke(&world, "web", &[token]).await;
    assert_eq!((again.status.as_u16(), again.body.as_str()), (200, r#"{"revoked":false}"#));
}

#[tokio::test]
async fn a_machines_own_token_is_revoked_by_itself() {
    let world = World::new().await;
    let fields = [("grant_type", "client_credentials"), ("audience", API)];
    let one = world.token("machine", &fields).await.json();
    let other = world.token("machine", &fields).await.json();
    let text = |tokens: &Value| tokens["access_token"].as_str().unwrap().to_owned();
    let answer = revoke(&world, "machine", &[("token", &text(&one))]).await.json();
    assert_eq!(answer["revoked"], true);
    assert_eq!(answer["access_tokens_until"], claims(&one["access_token"])["exp"]);
    assert_eq!(world.introspect(&text(&one)).await, serde_json::json!({ "active": false }));
    assert_eq!(world.introspect(&text(&other)).await["active"], true);
}

/// Security 46.
#[tokio::test]
async fn nobody_revokes_an_access_token_of_another_client() {
    let world = World::new().await;
    let tokens = world.tokens("web", ADA).await;
    for client in ["other", "spa", "machine"] {
        let refused = revoke(&world, client, &[("token", tokens["access_token"].as_str().unwrap())]).await;
        refused.is_error(400, "invalid_grant");
    }
    world.assert_alive(&tokens["access_token"]).await;
}

/// Security 33, 34.
#[tokio::test]
async fn it_needs_the_client_and_a_form_by_post() {
    let world = World::new().await;
    let tokens = world.tokens("web", ADA).await;
    let token = ("token", refresh_token(&tokens));
    world.post_with("", "/oauth/revoke", &[token]).await.is_error(401, "invalid_client");
    world.post_with("", "/oauth/revoke", &[token, ("client_id", "web")]).await.is_error(401, "invalid_client");
    let wrong = crate::support::flow::basic("web", "wrong");
    world.post_with(&wrong, "/oauth/revoke", &[token]).await.is_error(401, "invalid_client");
    revoke(&world, "web", &[]).await.is_error(400, "invalid_request");
    revoke(&world, "web", &[token, token]).await.is_error(400, "invalid_request");
    let query = form(&[token, ("client_id", "web")]);
    assert_eq!(world.browser().get(&format!("/oauth/revoke?{query}")).await.status, 405);
    let headers = [(CONTENT_TYPE, "application/x-www-form-urlencoded")];
    let in_url = world.send(Method::POST, &format!("/oauth/revoke?{query}"), &headers, None).await;
    in_url.is_error(400, "invalid_request");
    assert_eq!(world.refresh("web", refresh_token(&tokens)).await.status, 200);
}

/// Security 50, CVE-2020-15223.
#[tokio::test]
async fn a_revocation_that_failed_is_never_called_done_cve_2020_15223() {
    let world = World::new().await;
    let tokens = world.tokens("web", ADA).await;
    let engine = rusqlite::Connection::open(world.running.app.config().database()).unwrap();
    engine.execute_batch("ALTER TABLE revocation RENAME TO out_of_reach").unwrap();
    for token in ["access_token", "refresh_token"] {
        let failed = revoke(&world, "web", &[("token", tokens[token].as_str().unwrap())]).await;
        assert!(failed.status.is_server_error(), "{failed:?}");
    }
    engine.execute_batch("ALTER TABLE out_of_reach RENAME TO revocation").unwrap();
    world.assert_alive(&tokens["access_token"]).await;
    let done = revoke(&world, "web", &[("token", refresh_token(&tokens))]).await;
    assert_eq!(done.json()["revoked"], true);
    world.assert_dead(&tokens["access_token"]).await;
}
