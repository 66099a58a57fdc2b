//! OpenID Connect Back-Channel Logout 1.0 as a relying party meets it: told of every end by a token that it can verify, once it is
//! there to be told, and never a stranger instead of it.

use serde_json::{Value, json};
use symbolon_jose::jwt::{self, Policy};
use symbolon_jose::{Algorithm, JwkSet, VerifyingKeys};
use symbolon_server::Config;
use symbolon_server::admin::{Command, DeliveryCommand, control};
use symbolon_store::{Delivery, NewDelivery};

use crate::support::client::form;
use crate::support::protocol::{claims, header};
use crate::support::receiver::{Arrived, Receiver};
use crate::support::{Browser, ISSUER, NOW, World};

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
const DAY: u64 = 24 * 3_600;

/// Relying parties of these tests are on loopback, which an operator allows.
fn loopback(config: &mut Config) {
    config.outgoing.allow = vec!["127.0.0.0/8".parse().unwrap()];
}

/// A world in which these clients take logout tokens at `/CLIENT?tenant=1` of the receiver.
async fn world(receiver: &Receiver, clients: &[&str]) -> World {
    let world = World::with(loopback).await;
    for client in clients {
        let uri = receiver.url(&format!("/{client}?tenant=1"));
        world.change_client(client, |client| client.backchannel_logout_uri = Some(uri)).await;
    }
    world
}

/// Signs in; gives the browser and the claims of the ID token, with the token itself as `token`.
async fn signed_in(world: &World, client: &str, email: &str) -> (Browser, Value) {
    let mut browser = world.browser();
    let id_token = sign_in_again(world, &mut browser, client, email).await;
    (browser, id_token)
}

/// At one more client, in the same session.
async fn sign_in_again(world: &World, browser: &mut Browser, client: &str, email: &str) -> Value {
    let code = browser.code(client, email, &[]).await;
    let tokens = world.redeem(client, &code).await.json();
    let mut claims = claims(&tokens["id_token"]);
    claims["token"] = tokens["id_token"].clone();
    claims
}

async fn sign_out(browser: &mut Browser, id_token: &Value) {
    let hint = id_token["token"].as_str().unwrap();
    let answer = browser.get(&format!("/logout?{}", form(&[("id_token_hint", hint)]))).await;
    assert!(answer.body.contains("You are signed out"), "{answer:?}");
}

/// What a relying party must do with it (§2.6): the signature, `iss`, `aud`, `exp`, `typ`, the event, no `nonce`. Gives the claims.
async fn verified(world: &World, arrived: &Arrived, client: &str) -> Value {
    let token = arrived.only("logout_token");
    let set = world.browser().get("/.well-known/jwks.json").await.body;
    let keys = VerifyingKeys::from_jwks(&JwkSet::from_slice(set.as_bytes()).unwrap(), Algorithm::ASYMMETRIC);
    let policy = Policy::new(ISSUER, client).accept_type("logout+jwt").leeway_secs(0).require("jti").require("iat");
    let claims = jwt::verify::<Value>(&token, &keys, &policy, world.clock.now()).unwrap().into_claims();
    assert_eq!(claims["events"], json!({ EVENT: {} }));
    assert_eq!(claims.get("nonce"), None);
    assert!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap() <= 120, "{claims}");
    claims
}

async fn deliveries(world: &World, which: &str) -> Vec<Value> {
    let command = json!({ "delivery": { "list": { "which": which, "after": null, "limit": 100 } } });
    world.command(&command).await["deliveries"].as_array().unwrap().clone()
}

/// The newest delivery, once it is in this state.
async fn settled(world: &World, state: &str) -> Value {
    let wait = async {
        loop {
            if let Some(newest) = deliveries(world, "all").await.first()
                && newest["state"] == state
            {
                return newest.clone();
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), wait).await.expect(state)
}

/// §2.4 to §2.6, and discovery (§2.1).
#[tokio::test]
async fn a_client_is_told_of_a_sign_out_by_a_token_that_it_can_verify() {
    let mut receiver = Receiver::new().await;
    let world = world(&receiver, &["web"]).await;
    let metadata = world.browser().get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["backchannel_logout_supported"], true);
    assert_eq!(metadata["backchannel_logout_session_supported"], true);
    let (mut browser, id_token) = signed_in(&world, "web", ADA).await;
    sign_out(&mut browser, &id_token).await;

    let arrived = receiver.next().await;
    assert_eq!((arrived.method.as_str(), &*arrived.path), ("POST", "/web?tenant=1"));
    assert_eq!(arrived.headers["content-type"], "application/x-www-form-urlencoded");
    let told = verified(&world, &arrived, "web").await;
    assert_eq!((&told["sub"], &told["sid"]), (&id_token["sub"], &id_token["sid"]));
    assert_eq!(told["aud"], "web", "a string, as in ID tokens");
    let token = json!(arrived.only("logout_token"));
    let [logout, identity] = [&token, &id_token["token"]].map(header);
    assert_eq!((&logout["alg"], &logout["kid"]), (&identity["alg"], &identity["kid"]), "the keys of ID tokens");

    let delivered = settled(&world, "delivered").await;
    assert_eq!((&delivered["target"], &delivered["attempts"]), (&json!("web"), &json!(1)));
    assert_eq!(receiver.unread(), 0, "once");
    let trail = world.audit_trail().await;
    assert!(trail.iter().any(|(name, _)| name == "logout.delivered"), "{trail:?}");
}

/// §2.3: "the set of logged-in RPs" is remembered, so all with that session are told and no others.
#[tokio::test]
async fn every_client_of_the_session_is_told_and_nobody_else() {
    let mut receiver = Receiver::new().await;
    let world = world(&receiver, &["web", "other"]).await;
    let (mut browser, id_token) = signed_in(&world, "web", ADA).await;
    sign_in_again(&world, &mut browser, "other", ADA).await;
    let (_, elsewhere) = signed_in(&world, "other", BOB).await;
    let (_, second_session) = signed_in(&world, "web", ADA).await;
    sign_out(&mut browser, &id_token).await;
    let mut told = Vec::new();
    for _ in 0..2 {
        let arrived = receiver.next().await;
        let client = arrived.path[1..].split('?').next().unwrap().to_owned();
        let claims = verified(&world, &arrived, &client).await;
        assert_eq!(claims["sid"], id_token["sid"]);
        told.push(client);
    }
    told.sort();
    assert_eq!(told, ["other", "web"]);
    assert_eq!(deliveries(&world, "all").await.len(), 2, "neither {elsewhere} nor {second_session}");
}

/// Whatever ends a session tells of it.
#[tokio::test]
async fn every_end_is_told() {
    let user = |name: &str| json!({ "user": { name: { "user": ADA } } });
    for mut command in [
        json!({ "session": { "end": { "sid": "" } } }),
        json!({ "session": { "end-all": { "user": ADA } } }),
        user("sign-out"),
        user("block"),
        user("delete"),
    ] {
        let mut receiver = Receiver::new().await;
        let world = world(&receiver, &["web"]).await;
        world.add_user("eve@example.com", "Eve", &["admin"]).await;
        let (_, id_token) = signed_in(&world, "web", ADA).await;
        if let Some(sid) = command.pointer_mut("/session/end/sid") {
            *sid = id_token["sid"].clone();
        }
        let answer = world.command(&command).await;
        let told = verified(&world, &receiver.next().await, "web").await;
        assert_eq!((&told["sub"], &told["sid"]), (&id_token["sub"], &id_token["sid"]), "{command}: {answer}");
        settled(&world, "delivered").await;
        assert_eq!(receiver.unread(), 0, "{command}");
    }
}

/// And so does a theft: a refresh token that comes back when it must not.
#[tokio::test]
async fn an_end_by_a_stolen_token_is_told() {
    let mut receiver = Receiver::new().await;
    let world = world(&receiver, &["web"]).await;
    let tokens = world.tokens("web", BOB).await;
    let first = tokens["refresh_token"].as_str().unwrap();
    let second = world.refresh("web", first).await.json()["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(world.refresh("web", &second).await.status, 200);
    world.advance(3_600);
    assert_eq!(world.refresh("web", first).await.status, 400);
    let told = verified(&world, &receiver.next().await, "web").await;
    assert_eq!(told["sid"], claims(&tokens["id_token"])["sid"]);
    settled(&world, "delivered").await;
    assert_eq!(receiver.unread(), 0);
}

#[tokio::test]
async fn a_client_that_fails_is_told_again_by_a_token_of_its_own() {
    let mut receiver = Receiver::new().await;
    let world = world(&receiver, &["web"]).await;
    let (mut browser, id_token) = signed_in(&world, "web", ADA).await;
    receiver.answer(503, "");
    sign_out(&mut browser, &id_token).await;
    let first = verified(&world, &receiver.next().await, "web").await;
    let failing = settled(&world, "failing").await;
    assert_eq!(failing["last_error"], "answered 503");
    assert!(failing["next_at"].as_u64().unwrap() > NOW, "{failing}");
    let facts = world.command(&json!("doctor")).await;
    assert_eq!(facts["deliveries"], json!({ "failing": 1, "given_up": 0 }));

    receiver.answer(204, "");
    world.advance(121);
    let second = verified(&world, &receiver.next().await, "web").await;
    assert_eq!(second["sid"], first["sid"]);
    assert_ne!(second["jti"], first["jti"]);
    assert_eq!(second["iat"], NOW + 121);
    let delivered = settled(&world, "delivered").await;
    assert_eq!((&delivered["attempts"], &delivered["last_error"]), (&json!(2), &Value::Null));
}

/// §2.8: what a client says of its refusal is shown, and no other message suffers from it.
#[tokio::test]
async fn a_refusal_is_shown_with_its_reason() {
    let mut receiver = Receiver::new().await;
    let world = world(&receiver, &["web"]).await;
    let (mut browser, id_token) = signed_in(&world, "web", ADA).await;
    receiver.answer(400, r#"{"error":"invalid_request","error_description":"no such session"}"#);
    sign_out(&mut browser, &id_token).await;
    receiver.next().await;
    assert_eq!(settled(&world, "failing").await["last_error"], "answered 400: invalid_request: no such session");
    receiver.answer(200, "");
    let (mut browser, id_token) = signed_in(&world, "web", BOB).await;
    sign_out(&mut browser, &id_token).await;
    let told = verified(&world, &receiver.next().await, "web").await;
    assert_eq!(told["sub"], id_token["sub"]);
    settled(&world, "delivered").await;
    assert_eq!(deliveries(&world, "failed").await.len(), 1);
}

#[tokio::test]
async fn one_that_is_never_there_is_given_up_after_a_day_and_told_when_asked_to() {
    let mut receiver = Receiver::new().await;
    let world = world(&receiver, &["web"]).await;
    let (mut browser, id_token) = signed_in(&world, "web", ADA).await;
    receiver.answer(500, "");
    sign_out(&mut browser, &id_token).await;
    receiver.next().await;
    let failing = settled(&world, "failing").await;
    world.advance(DAY);
    settled(&world, "given_up").await;
    let facts = world.command(&json!("doctor")).await;
    assert_eq!(facts["deliveries"], json!({ "failing": 0, "given_up": 1 }));
    let trail = world.audit_trail().await;
    assert!(trail.iter().any(|(name, _)| name == "logout.delivery_given_up"), "{trail:?}");

    receiver.answer(200, "");
    receiver.unread();
    world.command(&json!({ "delivery": { "retry": { "id": failing["id"] } } })).await;
    let told = verified(&world, &receiver.next().await, "web").await;
    assert_eq!(told["sid"], id_token["sid"]);
    settled(&world, "delivered").await;
}

#[tokio::test]
async fn what_waits_is_delivered_after_a_restart() {
    let mut receiver = Receiver::new().await;
    let world = world(&receiver, &["web"]).await;
    let (mut browser, id_token) = signed_in(&world, "web", ADA).await;
    receiver.answer(503, "");
    sign_out(&mut browser, &id_token).await;
    receiver.next().await;
    settled(&world, "failing").await;
    let stopped = world.stop().await;
    receiver.answer(200, "");
    receiver.unread();
    stopped.clock.advance(3_600);
    let world = stopped.start(loopback).await.unwrap_or_else(|(why, _)| panic!("{why}"));
    let told = verified(&world, &receiver.next().await, "web").await;
    assert_eq!((&told["sub"], &told["sid"]), (&id_token["sub"], &id_token["sid"]));
    settled(&world, "delivered").await;
}

/// Security 112: registering an address makes nobody a way into the operator's network.
#[tokio::test]
async fn an_address_that_is_not_public_is_not_called_unless_the_operator_allows_it() {
    let mut receiver = Receiver::new().await;
    let world = World::new().await;
    let uri = receiver.url("/web");
    world.change_client("web", |client| client.backchannel_logout_uri = Some(uri)).await;
    let (mut browser, id_token) = signed_in(&world, "web", ADA).await;
    sign_out(&mut browser, &id_token).await;
    let failing = settled(&world, "failing").await;
    assert!(failing["last_error"].as_str().unwrap().contains("outgoing.allow"), "{failing}");
    assert_eq!(receiver.unread(), 0);
}

/// §2.7: offline access goes on after the session, and when it ends the client hears of that as well.
#[tokio::test]
async fn the_end_of_what_outlived_the_session_is_told_too() {
    let mut receiver = Receiver::new().await;
    let world = world(&receiver, &["web"]).await;
    let (mut browser, id_token) = signed_in(&world, "web", ADA).await;
    sign_out(&mut browser, &id_token).await;
    receiver.next().await;
    world.command(&json!({ "user": { "sign-out": { "user": ADA } } })).await;
    let told = verified(&world, &receiver.next().await, "web").await;
    assert_eq!((&told["sub"], &told["sid"]), (&id_token["sub"], &id_token["sid"]));
}

/// A client that has given its tokens back may still have a session of its own.
#[tokio::test]
async fn a_client_without_tokens_is_told_of_its_users_end() {
    let mut receiver = Receiver::new().await;
    let world = world(&receiver, &["web"]).await;
    let tokens = world.tokens("web", ADA).await;
    let given_back = [("token", tokens["refresh_token"].as_str().unwrap())];
    assert_eq!(world.post_as("web", "/oauth/revoke", &given_back).await.status, 200);
    assert_eq!(deliveries(&world, "all").await, Vec::<Value>::new(), "the session goes on");
    world.command(&json!({ "user": { "sign-out": { "user": ADA } } })).await;
    let told = verified(&world, &receiver.next().await, "web").await;
    assert_eq!(told["sid"], claims(&tokens["id_token"])["sid"]);
}

#[tokio::test]
async fn a_client_that_takes_none_any_more_is_forgotten() {
    let mut receiver = Receiver::new().await;
    let world = world(&receiver, &["web"]).await;
    let (mut browser, id_token) = signed_in(&world, "web", ADA).await;
    receiver.answer(503, "");
    sign_out(&mut browser, &id_token).await;
    receiver.next().await;
    settled(&world, "failing").await;
    world.change_client("web", |client| client.backchannel_logout_uri = None).await;
    world.advance(3_600);
    let gone = async { while !deliveries(&world, "all").await.is_empty() {} };
    tokio::time::timeout(std::time::Duration::from_secs(20), gone).await.expect("it is forgotten");
    assert_eq!(receiver.unread(), 0);
}

/// What nobody can make anything of waits for nothing.
#[tokio::test]
async fn a_message_that_cannot_be_read_is_given_up_at_once() {
    let mut receiver = Receiver::new().await;
    let world = world(&receiver, &["web"]).await;
    let kind = Delivery::BACKCHANNEL_LOGOUT.to_owned();
    let broken = NewDelivery { kind, target: "web".to_owned(), payload: json!({ "sub": 7 }) };
    world.running.app.store.put_deliveries(vec![broken], NOW).await.unwrap();
    let given_up = settled(&world, "given_up").await;
    assert!(given_up["last_error"].as_str().unwrap().contains("cannot be read"), "{given_up}");
    assert_eq!((&given_up["attempts"], receiver.unread()), (&json!(1), 0));
}

#[tokio::test]
async fn what_has_arrived_is_not_sent_again() {
    let mut receiver = Receiver::new().await;
    let world = world(&receiver, &["web"]).await;
    let (mut browser, id_token) = signed_in(&world, "web", ADA).await;
    sign_out(&mut browser, &id_token).await;
    receiver.next().await;
    let delivered = settled(&world, "delivered").await;
    let retry = DeliveryCommand::Retry { id: delivered["id"].as_u64().unwrap() };
    let refused = control::run(&world.running.app, Command::Delivery(retry), "test").await.unwrap_err();
    assert!(refused.to_string().contains("has arrived"), "{refused}");
    assert_eq!(settled(&world, "delivered").await, delivered);
}
