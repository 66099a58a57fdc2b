//! `client_credentials`: a service acts for itself, at the APIs it is registered for.

use serde_json::json;
use symbolon_jose::Algorithm;
use symbolon_oauth::{ClientApi, Scope};

use crate::support::protocol::{claims, header};
use crate::support::{API, Answer, ISSUER, NOW, OTHER_API, World};

async fn ask(world: &World, more: &[(&str, &str)]) -> Answer {
    let mut fields = vec![("grant_type", "client_credentials")];
    fields.extend(more);
    world.token("machine", &fields).await
}

#[tokio::test]
async fn a_machine_gets_one_small_token_for_its_api() {
    let world = World::new().await;
    let answer = ask(&world, &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let tokens = answer.json();
    assert_eq!((tokens.get("refresh_token"), tokens.get("id_token")), (None, None));
    assert_eq!((&tokens["scope"], &tokens["expires_in"]), (&json!("read write"), &json!(600)));
    let access = claims(&tokens["access_token"]);
    assert_eq!(access["iss"], ISSUER);
    assert_eq!((&access["sub"], &access["client_id"]), (&json!("machine"), &json!("machine")));
    assert_eq!((&access["aud"], &access["iat"], &access["exp"]), (&json!(API), &json!(NOW), &json!(NOW + 600)));
    for of_people in ["sid", "rh", "auth_time", "roles", "acr"] {
        assert!(access.get(of_people).is_none(), "{of_people}");
    }
    assert_eq!(world.introspect(tokens["access_token"].as_str().unwrap()).await["active"], true);
    assert!(tokens["access_token"].as_str().unwrap().len() < 600, "{tokens}");
}

#[tokio::test]
async fn the_token_is_signed_the_way_its_api_wants_it() {
    let world = World::new().await;
    assert_eq!(header(&ask(&world, &[]).await.json()["access_token"])["alg"], "ES256");
    for alg in [Algorithm::EdDSA, Algorithm::Ed25519, Algorithm::MlDsa65] {
        world.change_api(API, |api| api.signing_alg = alg).await;
        let token = ask(&world, &[]).await.json()["access_token"].clone();
        assert_eq!((&header(&token)["alg"], &header(&token)["typ"]), (&json!(alg.name()), &json!("at+jwt")));
        assert_eq!(world.introspect(token.as_str().unwrap()).await["active"], true, "{alg}");
    }
    let discovery = world.browser().get("/.well-known/openid-configuration").await;
    assert_eq!(discovery.status, 200);
}

#[tokio::test]
async fn the_shortest_of_api_and_client_limits_the_life() {
    let world = World::new().await;
    world.change_api(API, |api| api.token_lifetime_secs = Some(120)).await;
    world.change_client("machine", |client| client.access_token_lifetime_secs = Some(300)).await;
    let token = ask(&world, &[]).await.json()["access_token"].clone();
    assert_eq!(claims(&token)["exp"], NOW + 120);
    world.advance(120);
    assert_eq!(world.introspect(token.as_str().unwrap()).await, json!({ "active": false }));
}

/// Security 37.
#[tokio::test]
async fn scopes_beyond_the_registration_are_refused() {
    let world = World::new().await;
    assert_eq!(ask(&world, &[("scope", "read")]).await.json()["scope"], "read");
    for scope in ["read admin", "openid", "offline_access", "READ"] {
        ask(&world, &[("scope", scope)]).await.is_error(400, "invalid_scope");
    }
    for scope in ["a\"b", "a\\b", "ä", &"x".repeat(60_000)] {
        ask(&world, &[("scope", scope)]).await.is_error(400, "invalid_scope");
    }
    // What the API no longer has is no longer granted, whatever the client was registered for.
    world.change_api(API, |api| api.scopes.retain(|scope| scope.name == "read")).await;
    assert_eq!(ask(&world, &[]).await.json()["scope"], "read");
    ask(&world, &[("scope", "write")]).await.is_error(400, "invalid_scope");
}

/// Security 38; RFC 8707.
#[tokio::test]
async fn apis_beyond_the_registration_are_invalid_targets() {
    let world = World::new().await;
    for good in [("audience", API), ("resource", API)] {
        assert_eq!(ask(&world, &[good]).await.status, 200, "{good:?}");
    }
    assert_eq!(ask(&world, &[("audience", API), ("resource", API), ("resource", API)]).await.status, 200);
    for wrong in [OTHER_API, "https://nobody.example", "https://api.example.com/", "HTTPS://api.example.com", ISSUER] {
        ask(&world, &[("audience", wrong)]).await.is_error(400, "invalid_target");
        ask(&world, &[("resource", wrong)]).await.is_error(400, "invalid_target");
    }
    ask(&world, &[("resource", API), ("resource", OTHER_API)]).await.is_error(400, "invalid_target");
    ask(&world, &[("audience", API), ("audience", API)]).await.is_error(400, "invalid_request");
    world.change_api(API, |api| api.disabled = true).await;
    ask(&world, &[]).await.is_error(400, "invalid_target");
}

#[tokio::test]
async fn with_several_apis_one_must_be_named() {
    let world = World::new().await;
    let other = ClientApi { audience: OTHER_API.to_owned(), scopes: Scope::parse("read").unwrap() };
    world.change_client("machine", |client| client.apis.push(other)).await;
    ask(&world, &[]).await.is_error(400, "invalid_target");
    let token = ask(&world, &[("audience", OTHER_API)]).await.json()["access_token"].clone();
    assert_eq!((&claims(&token)["aud"], &claims(&token)["scope"]), (&json!(OTHER_API), &json!("read")));
    assert_eq!(header(&token)["alg"], "RS256");
}

#[tokio::test]
async fn a_public_client_cannot_act_for_itself() {
    let world = World::new().await;
    world.change_client("spa", |client| client.grant_types.extend(["client_credentials".to_owned()])).await;
    world.token("spa", &[("grant_type", "client_credentials")]).await.is_error(400, "unauthorized_client");
}

#[tokio::test]
async fn a_machines_token_is_nobody_at_userinfo() {
    let world = World::new().await;
    let token = ask(&world, &[]).await.json()["access_token"].clone();
    assert_eq!(world.userinfo(token.as_str().unwrap()).await.status, 401);
}
