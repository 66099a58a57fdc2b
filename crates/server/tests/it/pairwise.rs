//! Pairwise subjects (OpenID Connect Core §8): one name for a person in everything a client gets, another for every sector, and everything that takes
//! such a name back understands it.

use serde_json::{Value, json};
use symbolon_oauth::{Client, SubjectType};

use crate::support::client::form;
use crate::support::flow::{VERIFIER, authorize_url};
use crate::support::protocol::claims;
use crate::support::receiver::Receiver;
use crate::support::{ISSUER, World};

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";
const ELSEWHERE: &str = "https://elsewhere.example.com/callback";

fn pairwise(client: &mut Client) {
    client.subjects.subject_type = SubjectType::Pairwise;
}

/// `web` has pairwise subjects, and so has `other`, which is of another sector.
async fn world() -> World {
    let world = World::with(|config| config.outgoing.allow = vec!["127.0.0.0/8".parse().unwrap()]).await;
    world.change_client("web", pairwise).await;
    world
        .change_client("other", |client| {
            pairwise(client);
            client.redirect_uris = vec![ELSEWHERE.to_owned()];
        })
        .await;
    world
}

async fn local_id(world: &World, email: &str) -> String {
    let user = world.command(&json!({ "user": { "show": { "user": email } } })).await;
    user["user"]["id"].as_str().unwrap().to_owned()
}

async fn elsewhere(world: &World, email: &str) -> Value {
    let code = world.browser().code("other", email, &[("redirect_uri", ELSEWHERE)]).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", ELSEWHERE),
        ("code_verifier", VERIFIER),
    ];
    world.token("other", &fields).await.json()
}

fn sub(tokens: &Value) -> String {
    claims(&tokens["id_token"])["sub"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn core_section_8_everything_a_client_gets_has_its_own_name_for_the_person() {
    let world = world().await;
    let ada = local_id(&world, ADA).await;
    let tokens = world.tokens("web", ADA).await;
    let known_as = sub(&tokens);
    assert!(known_as != ada && known_as.starts_with("usr_"), "{known_as}");
    let access_token = tokens["access_token"].as_str().unwrap();
    assert_eq!(claims(&tokens["access_token"])["sub"], known_as);
    assert_eq!(world.userinfo(access_token).await.json()["sub"], known_as);
    let seen = world.introspect(access_token).await;
    assert_eq!((&seen["active"], &seen["sub"]), (&json!(true), &json!(known_as)));
    // Nowhere is the id that others know, nor is there a member that we keep for ourselves.
    for text in [claims(&tokens["id_token"]), claims(&tokens["access_token"]), seen] {
        assert!(!text.to_string().contains(&ada) && text.get("user_id").is_none(), "{text}");
    }
    let renewed = world.refresh("web", tokens["refresh_token"].as_str().unwrap()).await.json();
    assert_eq!((sub(&renewed), &claims(&renewed["access_token"])["sub"]), (known_as.clone(), &json!(known_as)));
    assert_ne!(sub(&world.tokens("web", BOB).await), known_as);
    // The operator's log tells of people by the ids that the operator knows.
    let issued = world.audit().await.into_iter().filter(|event| event.name == "token.issue");
    assert!(issued.clone().count() >= 3 && issued.clone().all(|event| event.user_id.as_deref() != Some(&known_as)));
}

#[tokio::test]
async fn core_section_8_1_distinct_sectors_cannot_be_compared_and_nothing_changes_with_a_restart() {
    let world = world().await;
    let (here, there) = (world.tokens("web", ADA).await, elsewhere(&world, ADA).await);
    assert_ne!(sub(&here), sub(&there));
    // Neither by the session: two clients of one browser session.
    let mut browser = world.browser();
    let code = browser.code("web", ADA, &[]).await;
    let here_too = world.redeem("web", &code).await.json();
    let code = browser.code("other", ADA, &[("redirect_uri", ELSEWHERE)]).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", ELSEWHERE),
        ("code_verifier", VERIFIER),
    ];
    let there_too = world.token("other", &fields).await.json();
    assert_ne!(claims(&here_too["id_token"])["sid"], claims(&there_too["id_token"])["sid"]);
    let world = world.restart().await;
    assert_eq!((sub(&world.tokens("web", ADA).await), sub(&elsewhere(&world, ADA).await)), (sub(&here), sub(&there)));
}

#[tokio::test]
async fn a_token_with_such_a_name_ends_as_every_other() {
    let world = world().await;
    let tokens = world.tokens("web", ADA).await;
    world.assert_alive(&tokens["access_token"]).await;
    let revoked = world.post_as("web", "/oauth/revoke", &[("token", tokens["access_token"].as_str().unwrap())]).await;
    assert_eq!(revoked.status, 200);
    world.assert_dead(&tokens["access_token"]).await;
    let tokens = world.tokens("web", BOB).await;
    world.block(BOB).await;
    world.assert_dead(&tokens["access_token"]).await;
}

/// A token for userinfo alone has nothing in it that tokens of other clients have, too; and ends as every other.
#[tokio::test]
async fn what_a_client_could_compare_is_not_in_a_token_for_userinfo() {
    let world = world().await;
    let for_userinfo = [("scope", "openid email"), ("audience", "")];
    let mut browser = world.browser();
    let code = browser.code("web", ADA, &for_userinfo).await;
    let tokens = world.redeem("web", &code).await.json();
    let token = tokens["access_token"].as_str().unwrap();
    let said = claims(&tokens["access_token"]);
    assert!(said.get("rh").is_none() && said.get("sid").is_none(), "{said}");
    assert_eq!(world.userinfo(token).await.json()["sub"], said["sub"]);
    let own = world.introspect_as("web", crate::support::SECRET, token).await.json();
    assert_eq!((&own["active"], own.get("sid"), own.get("rh")), (&json!(true), None, None));

    let hint = tokens["id_token"].as_str().unwrap();
    browser.get(&format!("/logout?{}", form(&[("id_token_hint", hint)]))).await;
    assert_eq!(world.userinfo(token).await.status, 401, "its session has ended");
    for end in ["revoke", "block", "sign-out"] {
        let code = world.browser().code("web", BOB, &for_userinfo).await;
        let tokens = world.redeem("web", &code).await.json();
        let token = tokens["access_token"].as_str().unwrap();
        assert_eq!(world.userinfo(token).await.status, 200, "{end}");
        match end {
            "revoke" => drop(world.post_as("web", "/oauth/revoke", &[("token", token)]).await),
            "block" => {
                world.block(BOB).await;
                assert_eq!(world.userinfo(token).await.status, 401, "{end}");
                world.command(&json!({ "user": { "unblock": { "user": BOB } } })).await;
            }
            _ => drop(world.command(&json!({ "user": { "sign-out": { "user": BOB } } })).await),
        }
        assert_eq!(world.userinfo(token).await.status, 401, "{end}");
        assert_eq!(world.introspect_as("web", crate::support::SECRET, token).await.json(), json!({ "active": false }));
    }
}

/// The name in an `id_token_hint` and in a `claims` request is the client's own (Core §3.1.2.1, §5.5.1).
#[tokio::test]
async fn hints_and_requests_speak_of_people_as_the_client_knows_them() {
    let world = world().await;
    let mut browser = world.browser();
    let code = browser.code("web", ADA, &[]).await;
    let tokens = world.redeem("web", &code).await.json();
    let hint = tokens["id_token"].as_str().unwrap();
    let bobs = world.tokens("web", BOB).await;
    let silent = async |browser: &mut crate::support::Browser, name: &str, value: &str| {
        browser.get(&authorize_url("web", &[("prompt", "none"), (name, value)])).await
    };
    assert!(silent(&mut browser, "id_token_hint", hint).await.param("code").is_some());
    let other = silent(&mut browser, "id_token_hint", bobs["id_token"].as_str().unwrap()).await;
    other.is_redirected_error("login_required");
    let asked = |sub: &str| json!({ "id_token": { "sub": { "value": sub } } }).to_string();
    assert!(silent(&mut browser, "claims", &asked(&sub(&tokens))).await.param("code").is_some());
    let ada = local_id(&world, ADA).await;
    for unknown in [sub(&bobs), ada] {
        silent(&mut browser, "claims", &asked(&unknown)).await.is_redirected_error("login_required");
    }
    // And signing out at once: the hint means this browser's session.
    let out = browser.get(&format!("/logout?{}", form(&[("id_token_hint", hint)]))).await;
    assert!(out.body.contains("You are signed out"), "{out:?}");
}

/// Back-Channel Logout §2.4: `sub` and `sid` are those of the client's ID tokens.
#[tokio::test]
async fn a_logout_token_names_user_and_session_as_the_id_token_did() {
    let mut receiver = Receiver::new().await;
    let world = world().await;
    let uri = receiver.url("/logout");
    world.change_client("web", |client| client.backchannel_logout_uri = Some(uri)).await;
    let mut browser = world.browser();
    let code = browser.code("web", ADA, &[]).await;
    let tokens = world.redeem("web", &code).await.json();
    let hint = tokens["id_token"].as_str().unwrap();
    browser.get(&format!("/logout?{}", form(&[("id_token_hint", hint)]))).await;
    let told = claims(&json!(receiver.next().await.only("logout_token")));
    let known = claims(&tokens["id_token"]);
    assert_eq!((&told["sub"], &told["sid"], &told["iss"]), (&known["sub"], &known["sid"], &json!(ISSUER)));
}

async fn register(world: &World, metadata: Value) -> (u16, Value) {
    let command = json!({ "client": { "set": { "client": "web", "change": { "metadata": metadata } } } });
    let (status, answer) = world.try_command(&command).await;
    (status.as_u16(), answer)
}

/// OpenID Connect Registration §5: "The values registered in redirect_uris MUST be included in the elements of the array".
#[tokio::test]
async fn registration_section_5_a_sector_lists_the_redirect_uris_of_its_clients() {
    let receiver = Receiver::new().await;
    let world = world().await;
    let uri = receiver.url("/sector.json");
    let joined = json!({
        "sector_identifier_uri": uri, "redirect_uris": [crate::support::CALLBACK, "https://second.example.com/cb"],
    });
    let before = sub(&world.tokens("web", ADA).await);
    for (status, body) in [
        (200, json!([crate::support::CALLBACK]).to_string()),
        (200, json!({ "redirect_uris": [] }).to_string()),
        (200, "<html>".to_owned()),
        (404, json!([crate::support::CALLBACK, "https://second.example.com/cb"]).to_string()),
        (200, format!("[{}\"x\"]", "\"https://x.example/\",".repeat(4_000))),
    ] {
        receiver.answer_as(status, "application/json", &body);
        let (refused, answer) = register(&world, joined.clone()).await;
        assert!(refused >= 400 && answer.to_string().contains("sector_identifier_uri"), "{body:.80}: {answer}");
    }
    assert_eq!(sub(&world.tokens("web", ADA).await), before, "a refusal changes nothing");
    receiver.answer_as(
        200,
        "application/json",
        &json!([crate::support::CALLBACK, "https://second.example.com/cb", ELSEWHERE]).to_string(),
    );
    assert_eq!(register(&world, joined).await.0, 200);
    // The other client joins the same sector, and knows people by the same names.
    let join = json!({ "client": { "set": { "client": "other", "change": { "metadata": { "sector_identifier_uri": uri } } } } });
    world.command(&join).await;
    let (here, there) = (sub(&world.tokens("web", ADA).await), sub(&elsewhere(&world, ADA).await));
    assert_eq!(here, there);
    assert_ne!(here, before, "the sector is another");
}

/// Core §8.1: "If there are multiple hostnames in the registered redirect_uris, the Client MUST register a sector_identifier_uri."
#[tokio::test]
async fn core_section_8_1_several_hosts_without_a_sector_are_not_registered() {
    let world = world().await;
    let two = json!({ "redirect_uris": [crate::support::CALLBACK, ELSEWHERE] });
    let (status, answer) = register(&world, two).await;
    assert!(status >= 400 && answer.to_string().contains("several hosts"), "{answer}");
}

/// Tokens that name people as the client may know them no longer count no longer.
#[tokio::test]
async fn turning_pairwise_revokes_what_says_the_common_name() {
    let world = World::new().await;
    let tokens = world.tokens("web", ADA).await;
    let answer = world
        .command(&json!({ "client": { "set": { "client": "web", "change": { "metadata": { "subject_type": "pairwise" } } } } }))
        .await;
    assert!(answer["tokens_until"].is_u64(), "{answer}");
    world.assert_dead(&tokens["access_token"]).await;
}

#[tokio::test]
async fn discovery_lists_both_types() {
    let document = World::new().await.browser().get("/.well-known/openid-configuration").await.json();
    assert_eq!(document["subject_types_supported"], json!(["pairwise", "public"]));
}

/// CIBA Core 1.0 §7.1: whom a client knows by a name of its sector it can ask for by that name, and by no other.
#[tokio::test]
async fn ciba_section_7_1_a_hint_is_resolved_in_the_clients_sector() {
    let world = world().await;
    world.asking(json!({ "backchannel_token_delivery_mode": "poll" })).await;
    let ask = async |name: &str, value: &str| world.ask_for_as("web", &[("login_hint", ""), (name, value)]).await;
    let stranger = sub(&elsewhere(&world, ADA).await);
    let tokens = world.tokens("web", ADA).await;
    let (known_as, id_token) = (sub(&tokens), tokens["id_token"].as_str().unwrap());
    assert_eq!(ask("login_hint", &known_as).await.status, 200);
    assert_eq!(ask("id_token_hint", id_token).await.status, 200);
    // What they are called elsewhere, and here, is no name of theirs to this client.
    for other in [&stranger, &local_id(&world, ADA).await] {
        ask("login_hint", other).await.is_error(400, "unknown_user_id");
    }
    let set = json!({ "user": { "set": { "user": ADA, "change": { "password": "another lion in the rain", "claims": {} } } } });
    world.command(&set).await;
    assert_eq!(ask("id_token_hint", id_token).await.status, 200, "a new password makes nobody somebody else");
}
