//! Token exchange (RFC 8693) over HTTP: a service trades what it was called with for what it calls on with.

use serde_json::{Value, json};
use symbolon_server::admin::{ClientChange, ClientCommand, Command, IssuerChange, IssuerCommand};

use crate::support::exchange::{ACCESS_TOKEN, EXCHANGE, ID_TOKEN, JWT, PARTNER};
use crate::support::protocol::claims;
use crate::support::{OTHER_API, SECRET, World};

const ADA: &str = "ada@example.com";

async fn exchanged(world: &World, token: &Value) -> Value {
    let answer = world.exchange(token, ACCESS_TOKEN, &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

async fn is_active(world: &World, token: &Value) -> bool {
    let answer = world.introspect_as(OTHER_API, SECRET, token.as_str().unwrap()).await;
    answer.json()["active"] == true
}

#[tokio::test]
async fn rfc8693_section_2_2_1_a_token_for_the_next_api_that_says_who_acts() {
    let (world, _) = World::with_exchange("delegation").await;
    let tokens = world.tokens("web", ADA).await;
    let answer = exchanged(&world, &tokens["access_token"]).await;
    assert_eq!((&answer["issued_token_type"], &answer["token_type"]), (&json!(ACCESS_TOKEN), &json!("Bearer")));
    assert_eq!((&answer["scope"], answer.get("refresh_token"), answer.get("id_token")), (&json!("read"), None, None));
    let (before, after) = (claims(&tokens["access_token"]), claims(&answer["access_token"]));
    for same in ["sub", "sid", "rh", "auth_time", "iss"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    assert_eq!((&after["aud"], &after["client_id"]), (&json!(OTHER_API), &json!("other")));
    assert_eq!(after["act"], json!({"sub": "other"}));
    let told = world.introspect_as(OTHER_API, SECRET, answer["access_token"].as_str().unwrap()).await.json();
    assert_eq!((&told["active"], &told["act"]), (&json!(true), &json!({"sub": "other"})));
    let trail = world.audit_trail().await;
    let (_, detail) = trail.iter().rev().find(|(name, _)| name == "token.issue").unwrap();
    assert_eq!((&detail["grant"], &detail["act"]["sub"]), (&json!(EXCHANGE), &json!("other")));
}

#[tokio::test]
async fn rfc8693_section_1_1_impersonation_where_the_rule_says_so() {
    let (world, _) = World::with_exchange("impersonation").await;
    let tokens = world.tokens("web", ADA).await;
    let answer = world.exchange(&tokens["access_token"], ACCESS_TOKEN, &[("requested_token_type", JWT)]).await;
    let answer = answer.json();
    assert_eq!(answer["issued_token_type"], JWT);
    assert_eq!(claims(&answer["access_token"]).get("act"), None);
    // A second service in the chain, with an actor token of its own.
    let actor = world.tokens("other", "bob@example.com").await["access_token"].clone();
    let more = [("actor_token", actor.as_str().unwrap()), ("actor_token_type", ACCESS_TOKEN)];
    let acted = world.exchange(&tokens["access_token"], ACCESS_TOKEN, &more).await.json();
    assert_eq!(claims(&acted["access_token"])["act"]["sub"], claims(&actor)["sub"]);
}

#[tokio::test]
async fn what_ends_the_presented_token_ends_the_new_one() {
    let (world, _) = World::with_exchange("delegation").await;
    // Its refresh token is revoked.
    let tokens = world.tokens("web", ADA).await;
    let new = exchanged(&world, &tokens["access_token"]).await["access_token"].clone();
    assert!(is_active(&world, &new).await);
    world.post_as("web", "/oauth/revoke", &[("token", tokens["refresh_token"].as_str().unwrap())]).await;
    assert!(!is_active(&world, &new).await);
    world.exchange(&tokens["access_token"], ACCESS_TOKEN, &[]).await.is_error(400, "invalid_request");
    // The session ends.
    let mut browser = world.browser();
    let code = browser.code("web", ADA, &[("scope", "openid read")]).await;
    let tokens = world.redeem("web", &code).await.json();
    let new = exchanged(&world, &tokens["access_token"]).await["access_token"].clone();
    let by_id_token = world.exchange(&tokens["id_token"], ID_TOKEN, &[]).await.json()["access_token"].clone();
    assert!(is_active(&world, &new).await && is_active(&world, &by_id_token).await);
    let csrf = browser.get("/").await.field("csrf");
    browser.post("/logout", &[("csrf", &csrf)]).await;
    assert!(!is_active(&world, &new).await && !is_active(&world, &by_id_token).await);
    for (token, kind) in [("access_token", ACCESS_TOKEN), ("id_token", ID_TOKEN)] {
        world.exchange(&tokens[token], kind, &[]).await.is_error(400, "invalid_request");
    }
    // The user is blocked.
    let tokens = world.tokens("web", ADA).await;
    let new = exchanged(&world, &tokens["access_token"]).await["access_token"].clone();
    world.block(ADA).await;
    assert!(!is_active(&world, &new).await);
}

#[tokio::test]
async fn rfc7009_section_2_1_giving_the_new_token_back_ends_it_and_nobodys_sign_in() {
    let (world, _) = World::with_exchange("delegation").await;
    let tokens = world.tokens("web", ADA).await;
    let new = exchanged(&world, &tokens["access_token"]).await["access_token"].clone();
    world.post_as("web", "/oauth/revoke", &[("token", new.as_str().unwrap())]).await.is_error(400, "invalid_grant");
    let answer = world.post_as("other", "/oauth/revoke", &[("token", new.as_str().unwrap())]).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["revoked"]), (200, &json!(true)));
    assert!(!is_active(&world, &new).await);
    world.assert_alive(&tokens["access_token"]).await;
    assert_eq!(world.refresh("web", tokens["refresh_token"].as_str().unwrap()).await.status, 200);
}

#[tokio::test]
async fn the_new_token_ends_no_later_than_the_presented_one() {
    let (world, _) = World::with_exchange("delegation").await;
    let tokens = world.tokens("web", ADA).await;
    world.advance(500);
    let answer = exchanged(&world, &tokens["access_token"]).await;
    assert_eq!(answer["expires_in"], 100);
    assert_eq!(claims(&answer["access_token"])["exp"], claims(&tokens["access_token"])["exp"]);
    world.advance(100);
    world.exchange(&tokens["access_token"], ACCESS_TOKEN, &[]).await.is_error(400, "invalid_request");
}

#[tokio::test]
async fn nothing_is_exchanged_without_grant_and_rule() {
    let (world, _) = World::with_exchange("delegation").await;
    let tokens = world.tokens("web", ADA).await;
    let fields = [
        ("grant_type", EXCHANGE),
        ("subject_token", tokens["access_token"].as_str().unwrap()),
        ("subject_token_type", ACCESS_TOKEN),
    ];
    for client in ["web", "spa", "machine"] {
        world.token(client, &fields).await.is_error(400, "unauthorized_client");
    }
    let of_another = world.tokens("spa", ADA).await;
    world.exchange(&of_another["access_token"], ACCESS_TOKEN, &[]).await.is_error(400, "invalid_request");
    let token = &tokens["access_token"];
    for (name, value, error) in [
        ("audience", "https://api.example.com", "invalid_target"),
        ("resource", "https://elsewhere.example", "invalid_target"),
        ("scope", "write", "invalid_scope"),
        ("scope", "openid", "invalid_scope"),
        ("actor_token_type", ACCESS_TOKEN, "invalid_request"),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:saml2", "invalid_request"),
    ] {
        world.exchange(token, ACCESS_TOKEN, &[(name, value)]).await.is_error(400, error);
    }
    for (token, kind) in [
        (&tokens["refresh_token"], "urn:ietf:params:oauth:token-type:refresh_token"),
        (&tokens["refresh_token"], ACCESS_TOKEN),
        (&tokens["id_token"], ACCESS_TOKEN),
        (&tokens["access_token"], ID_TOKEN),
        (&tokens["access_token"], JWT),
        (&json!("nonsense"), ACCESS_TOKEN),
    ] {
        world.exchange(token, kind, &[]).await.is_error(400, "invalid_request");
    }
    world.change_client("web", |client| client.disabled = true).await;
    world.exchange(token, ACCESS_TOKEN, &[]).await.is_error(400, "invalid_request");
}

#[tokio::test]
async fn rfc8693_section_2_1_audience_may_be_named_twice_and_other_parameters_not() {
    let (world, _) = World::with_exchange("delegation").await;
    let token = world.tokens("web", ADA).await["access_token"].clone();
    let twice = [("audience", OTHER_API), ("audience", OTHER_API), ("resource", OTHER_API)];
    assert_eq!(world.exchange(&token, ACCESS_TOKEN, &twice).await.status, 200);
    let scope = [("scope", "read"), ("scope", "read")];
    world.exchange(&token, ACCESS_TOKEN, &scope).await.is_error(400, "invalid_request");
}

#[tokio::test]
async fn rfc8693_section_3_a_token_of_a_trusted_issuer_is_exchanged_once() {
    let (world, partner) = World::with_exchange("delegation").await;
    let assertion = json!(partner.says("j1", &json!({"may_act": {"sub": "other"}, "scope": "read"})));
    let answer = world.exchange(&assertion, JWT, &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let token = answer.json()["access_token"].clone();
    assert_eq!((claims(&token).get("sid"), &claims(&token)["act"]["sub"]), (None, &json!("other")));
    assert!(is_active(&world, &token).await);
    world.exchange(&assertion, JWT, &[]).await.is_error(400, "invalid_request");
    let named = json!(partner.says("j2", &json!({"may_act": {"sub": "web"}})));
    world.exchange(&named, JWT, &[]).await.is_error(400, "invalid_request");
    let nobody = json!(partner.says("j3", &json!({"sub": "nobody@example.com"})));
    world.exchange(&nobody, JWT, &[]).await.is_error(400, "invalid_request");
    let change = IssuerChange { disabled: Some(true), ..IssuerChange::default() };
    world.carry_out(Command::Issuer(IssuerCommand::Set { issuer: PARTNER.to_owned(), change })).await;
    let late = json!(partner.says("j4", &json!({})));
    world.exchange(&late, JWT, &[]).await.is_error(400, "invalid_request");
}

#[tokio::test]
async fn a_rule_that_is_taken_away_takes_the_tokens_with_it() {
    let (world, _) = World::with_exchange("delegation").await;
    let tokens = world.tokens("web", ADA).await;
    let new = exchanged(&world, &tokens["access_token"]).await["access_token"].clone();
    assert!(is_active(&world, &new).await);
    let change = ClientChange { metadata: Some(json!({ "token_exchange": [] })), ..ClientChange::default() };
    let command = ClientCommand::Set { client: "other".to_owned(), change: Box::new(change) };
    world.carry_out(Command::Client(command)).await;
    assert!(!is_active(&world, &new).await);
    world.assert_alive(&tokens["access_token"]).await;
}

/// What came of a client's tokens ends with them, in whosever hands it is, and what came of others' goes on.
#[tokio::test]
async fn what_revokes_a_clients_tokens_reaches_what_they_were_exchanged_for() {
    let (world, partner) = World::with_exchange("impersonation").await;
    let tokens = world.tokens("web", ADA).await;
    let of_access = exchanged(&world, &tokens["access_token"]).await["access_token"].clone();
    let of_id = world.exchange(&tokens["id_token"], ID_TOKEN, &[]).await.json()["access_token"].clone();
    let others = json!(partner.says("j1", &json!({})));
    let others = world.exchange(&others, JWT, &[]).await.json()["access_token"].clone();
    for token in [&of_access, &of_id, &others] {
        assert!(is_active(&world, token).await);
    }
    world.command(&json!({ "token": { "revoke": { "target": { "client": "web" } } } })).await;
    for (token, active) in [(&of_access, false), (&of_id, false), (&others, true)] {
        assert_eq!(is_active(&world, token).await, active);
    }
    world.advance(1);
    let tokens = world.tokens("web", ADA).await;
    let later = exchanged(&world, &tokens["access_token"]).await["access_token"].clone();
    assert!(is_active(&world, &later).await);
}

/// RFC 8693 §3: a refresh token says what its client could have, and is not used up.
#[tokio::test]
async fn rfc8693_section_3_a_client_exchanges_its_own_refresh_token() {
    let (world, _) = World::with_exchange("delegation").await;
    let rules = json!([{ "audience": OTHER_API, "scopes": "read write", "subject_clients": ["web"] }]);
    world
        .change_client("web", |client| {
            client.grant_types.insert(EXCHANGE.to_owned());
            client.grant_rules.token_exchange = serde_json::from_value(rules).unwrap();
        })
        .await;
    let tokens = world.tokens("web", ADA).await;
    let first = tokens["refresh_token"].as_str().unwrap();
    let exchange = async |client: &str, token: &str| {
        let fields = [
            ("grant_type", EXCHANGE),
            ("subject_token", token),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:refresh_token"),
        ];
        world.token(client, &fields).await
    };
    let answer = exchange("web", first).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let token = answer.json()["access_token"].clone();
    assert_eq!((&claims(&token)["aud"], &claims(&token)["scope"]), (&json!(OTHER_API), &json!("read")));
    assert!(is_active(&world, &token).await);
    exchange("other", first).await.is_error(400, "invalid_request");
    exchange("web", &format!("{first}x")).await.is_error(400, "invalid_request");
    // It was not used up; and once it is, it brings nothing.
    let next = world.refresh("web", first).await.json();
    exchange("web", first).await.is_error(400, "invalid_request");
    let next = next["refresh_token"].as_str().unwrap();
    assert_eq!(exchange("web", next).await.status, 200);
    world.block(ADA).await;
    exchange("web", next).await.is_error(400, "invalid_request");
    assert!(!is_active(&world, &token).await);
}
