//! The JWT bearer grant (RFC 7523 §2.1) over HTTP: a trusted issuer says who somebody is.

use serde_json::{Value, json};
use symbolon_oauth::registration::SubjectRule;
use symbolon_server::admin::{Command, IssuerChange, IssuerCommand};

use crate::support::exchange::{BEARER, PARTNER, Partner};
use crate::support::protocol::claims;
use crate::support::{API, ISSUER, NOW, World};

async fn is_active(world: &World, token: &Value) -> bool {
    world.introspect(token.as_str().unwrap()).await["active"] == true
}

#[tokio::test]
async fn rfc7523_section_2_1_an_assertion_brings_a_token_of_its_user() {
    let (world, partner) = World::with_exchange("delegation").await;
    let answer = world.assert_grant(&partner.says("j1", &json!({})), &[("scope", "read")]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    let tokens = answer.json();
    assert_eq!((tokens.get("refresh_token"), tokens.get("id_token"), &tokens["scope"]), (None, None, &json!("read")));
    let access = claims(&tokens["access_token"]);
    assert_eq!((&access["aud"], &access["client_id"]), (&json!(API), &json!("machine")));
    assert!(access["sub"].as_str().unwrap().starts_with("usr_"), "{access}");
    assert!(access.get("sid").is_none() && access.get("auth_time").is_none(), "{access}");
    assert!(is_active(&world, &tokens["access_token"]).await);
    // It ends with everything else the user has, and when it is given back.
    world.block("ada@example.com").await;
    assert!(!is_active(&world, &tokens["access_token"]).await);
    world.assert_grant(&partner.says("j2", &json!({})), &[]).await.is_error(400, "invalid_grant");
    let bob = world.assert_grant(&partner.says("j3", &json!({"sub": "bob@example.com"})), &[]).await.json();
    let token = bob["access_token"].as_str().unwrap();
    assert_eq!(world.post_as("machine", "/oauth/revoke", &[("token", token)]).await.status, 200);
    assert!(!is_active(&world, &bob["access_token"]).await);
}

#[tokio::test]
async fn rfc7523_section_3_point_7_an_assertion_counts_once_and_only_if_it_brought_something() {
    let (world, partner) = World::with_exchange("delegation").await;
    let assertion = partner.says("j1", &json!({}));
    world.assert_grant(&assertion, &[("scope", "admin")]).await.is_error(400, "invalid_scope");
    assert_eq!(world.assert_grant(&assertion, &[]).await.status, 200);
    world.assert_grant(&assertion, &[]).await.is_error(400, "invalid_grant");
    let again = partner.says("j1", &json!({"sub": "bob@example.com"}));
    world.assert_grant(&again, &[]).await.is_error(400, "invalid_grant");
}

#[tokio::test]
async fn rfc7523_section_3_1_what_is_wrong_with_an_assertion_is_invalid_grant() {
    let (world, partner) = World::with_exchange("delegation").await;
    let wrong: [Value; 12] = [
        json!({"iss": "https://elsewhere.example"}),
        json!({"iss": null}),
        json!({"sub": null}),
        json!({"sub": "nobody@example.com"}),
        json!({"aud": null}),
        json!({"aud": format!("{ISSUER}/oauth/token")}),
        json!({"aud": [ISSUER, "https://elsewhere.example"]}),
        json!({"exp": null}),
        json!({"exp": NOW - 60}),
        json!({"exp": NOW + 3_600}),
        json!({"nbf": NOW + 60}),
        json!({"jti": null}),
    ];
    for changes in wrong {
        let answer = world.assert_grant(&partner.says("j", &changes), &[]).await;
        answer.is_error(400, "invalid_grant");
    }
    for text in ["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
        world.assert_grant(text, &[]).await.is_error(400, "invalid_grant");
    }
    world.token("machine", &[("grant_type", BEARER)]).await.is_error(400, "invalid_request");
    let fields = [("grant_type", BEARER), ("assertion", "a.b.c")];
    world.token("web", &fields).await.is_error(400, "unauthorized_client");
    world.token("spa", &fields).await.is_error(400, "unauthorized_client");
    world
        .assert_grant(&partner.says("j", &json!({})), &[("audience", "https://other.example.com")])
        .await
        .is_error(400, "invalid_target");
}

#[tokio::test]
async fn an_issuer_that_is_switched_off_or_has_new_keys_says_nothing_any_more() {
    let (world, partner) = World::with_exchange("delegation").await;
    let set = |change| Command::Issuer(IssuerCommand::Set { issuer: PARTNER.to_owned(), change });
    let off = |disabled| set(IssuerChange { disabled: Some(disabled), ..IssuerChange::default() });
    world.carry_out(off(true)).await;
    world.assert_grant(&partner.says("j1", &json!({})), &[]).await.is_error(400, "invalid_grant");
    world.carry_out(off(false)).await;
    assert_eq!(world.assert_grant(&partner.says("j1", &json!({})), &[]).await.status, 200);
    world.carry_out(Command::Issuer(IssuerCommand::Delete { issuer: PARTNER.to_owned() })).await;
    world.assert_grant(&partner.says("j2", &json!({})), &[]).await.is_error(400, "invalid_grant");
    let new = Partner::trusted(&world, SubjectRule::LoginIdentifier).await;
    world.assert_grant(&partner.says("j3", &json!({})), &[]).await.is_error(400, "invalid_grant");
    assert_eq!(world.assert_grant(&new.says("j3", &json!({})), &[]).await.status, 200);
}

#[tokio::test]
async fn a_service_account_is_the_client_itself() {
    let (world, partner) = World::with_exchange("delegation").await;
    let change = IssuerChange { subject: Some(SubjectRule::ClientId), ..IssuerChange::default() };
    world.carry_out(Command::Issuer(IssuerCommand::Set { issuer: PARTNER.to_owned(), change })).await;
    let answer = world.assert_grant(&partner.says("j1", &json!({"sub": "machine"})), &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(claims(&answer.json()["access_token"])["sub"], "machine");
    assert!(is_active(&world, &answer.json()["access_token"]).await);
    for sub in ["web", "ada@example.com"] {
        world.assert_grant(&partner.says(sub, &json!({"sub": sub})), &[]).await.is_error(400, "invalid_grant");
    }
    // By the user's own id.
    let change = IssuerChange { subject: Some(SubjectRule::UserId), ..IssuerChange::default() };
    world.carry_out(Command::Issuer(IssuerCommand::Set { issuer: PARTNER.to_owned(), change })).await;
    let ada = claims(&world.tokens("web", "ada@example.com").await["access_token"])["sub"].clone();
    let answer = world.assert_grant(&partner.says("j2", &json!({"sub": ada})), &[]).await;
    assert_eq!(claims(&answer.json()["access_token"])["sub"], ada);
}
