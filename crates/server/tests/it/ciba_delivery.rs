//! CIBA's ping and push modes (CIBA Core 1.0 §10.2, §10.3, §12) as a client's notification endpoint meets them.

use serde_json::{Value, json};
use symbolon_jose::{Algorithm, left_half_hash};
use symbolon_server::Config;

use crate::support::protocol::claims;
use crate::support::receiver::{Arrived, Receiver};
use crate::support::{Browser, World};

const ADA: &str = "ada@example.com";
const TOKEN: &str = "8d67dc78-7faa-4d41-aabd-67707b374255";

/// Clients of these tests are on loopback, which an operator allows.
fn loopback(config: &mut Config) {
    config.outgoing.allow = vec!["127.0.0.0/8".parse().unwrap()];
}

async fn world(receiver: &Receiver, mode: &str) -> World {
    let world = World::with(loopback).await;
    let endpoint = receiver.url("/cb");
    let members = json!({
        "backchannel_token_delivery_mode": mode, "backchannel_client_notification_endpoint": endpoint
    });
    world.asking(members).await;
    world
}

async fn ask(world: &World) -> String {
    world.ask_for(&[("client_notification_token", TOKEN)]).await
}

fn told(arrived: &Arrived) -> Value {
    assert_eq!((arrived.method.as_str(), &*arrived.path), ("POST", "/cb"));
    assert_eq!(arrived.headers["authorization"], format!("Bearer {TOKEN}"));
    assert_eq!(arrived.headers["content-type"], "application/json");
    serde_json::from_str(&arrived.body).unwrap()
}

/// Waits until the newest message is known not to have been taken.
async fn failed_once(world: &World) {
    let command = json!({ "delivery": { "list": { "which": "all", "after": null, "limit": 1 } } });
    let wait = async { while world.command(&command).await["deliveries"][0]["state"] != "failing" {} };
    tokio::time::timeout(std::time::Duration::from_secs(20), wait).await.expect("it fails");
}

#[tokio::test]
async fn ciba_section_10_2_a_ping_says_that_there_is_an_answer_and_no_more() {
    let mut receiver = Receiver::new().await;
    let world = world(&receiver, "ping").await;
    world.ask_for_as("web", &[]).await.is_error(400, "invalid_request");
    let id = ask(&world).await;
    Browser::signed_in(&world, ADA).await.allow_ciba().await;
    assert_eq!(told(&receiver.next().await), json!({ "auth_req_id": id }));
    assert_eq!(world.poll_ciba("web", &id).await.status, 200);
    // No is an answer, too.
    let id = ask(&world).await;
    let mut phone = Browser::signed_in(&world, ADA).await;
    let page = phone.get("/ciba").await;
    phone.answer_ciba(&page, "deny").await;
    assert_eq!(told(&receiver.next().await)["auth_req_id"], id);
    world.poll_ciba("web", &id).await.is_error(400, "access_denied");
}

#[tokio::test]
async fn a_ping_that_is_not_taken_comes_again_and_secrets_stand_nowhere() {
    let mut receiver = Receiver::new().await;
    let world = world(&receiver, "ping").await;
    receiver.answer(503, "");
    let id = ask(&world).await;
    Browser::signed_in(&world, ADA).await.allow_ciba().await;
    told(&receiver.next().await);
    receiver.answer(204, "");
    failed_once(&world).await;
    world.advance(2);
    assert_eq!(told(&receiver.next().await)["auth_req_id"], id);
    let command = json!({ "delivery": { "list": { "which": "all", "after": null, "limit": 100 } } });
    let listed = world.command(&command).await.to_string();
    assert!(listed.contains("ciba") && !listed.contains(&id) && !listed.contains(TOKEN), "{listed}");
}

#[tokio::test]
async fn ciba_section_10_3_1_what_is_pushed_is_bound_together_and_the_same_each_time() {
    let mut receiver = Receiver::new().await;
    let world = world(&receiver, "push").await;
    let answer = world.ask_for_as("web", &[("client_notification_token", TOKEN)]).await.json();
    assert_eq!(answer.get("interval"), None);
    let id = answer["auth_req_id"].as_str().unwrap();
    world.poll_ciba("web", id).await.is_error(400, "unauthorized_client");
    receiver.answer(500, "");
    Browser::signed_in(&world, ADA).await.allow_ciba().await;
    let first = told(&receiver.next().await);
    receiver.answer(204, "");
    failed_once(&world).await;
    world.advance(2);
    let pushed = told(&receiver.next().await);
    assert_eq!((&pushed["auth_req_id"], &pushed["token_type"]), (&json!(id), &json!("Bearer")));
    let id_token = claims(&pushed["id_token"]);
    assert_eq!(id_token["urn:openid:params:jwt:claim:auth_req_id"], id);
    let hash = |name: &str| left_half_hash(Algorithm::RS256, pushed[name].as_str().unwrap().as_bytes());
    assert_eq!(id_token["at_hash"], hash("access_token"));
    assert_eq!(id_token["urn:openid:params:jwt:claim:rt_hash"], hash("refresh_token"));
    assert_eq!(pushed["refresh_token"], first["refresh_token"]);
    assert_eq!(claims(&pushed["access_token"])["jti"], claims(&first["access_token"])["jti"]);
    assert_eq!(pushed["expires_in"], 598);
    world.assert_alive(&pushed["access_token"]).await;
    assert_eq!(world.refresh("web", pushed["refresh_token"].as_str().unwrap()).await.status, 200);
}

#[tokio::test]
async fn ciba_section_12_a_refusal_is_pushed_as_one() {
    let mut receiver = Receiver::new().await;
    let world = world(&receiver, "push").await;
    let id = ask(&world).await;
    let mut phone = Browser::signed_in(&world, ADA).await;
    let page = phone.get("/ciba").await;
    phone.answer_ciba(&page, "deny").await;
    let refused = told(&receiver.next().await);
    assert_eq!((&refused["auth_req_id"], &refused["error"]), (&json!(id), &json!("access_denied")));
    assert_eq!(refused.get("access_token"), None);
    // Allowed, and ended before it arrived.
    receiver.answer(500, "");
    ask(&world).await;
    phone.allow_ciba().await;
    let pushed = told(&receiver.next().await);
    failed_once(&world).await;
    world.block(ADA).await;
    world.assert_dead(&pushed["access_token"]).await;
    receiver.answer(204, "");
    world.advance(2);
    assert_eq!(told(&receiver.next().await)["error"], "transaction_failed");
}
