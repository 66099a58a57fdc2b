//! Shared Signals: events posted to a receiver (RFC 8935), until it has them.

use serde_json::{Value, json};
use symbolon_server::Config;
use symbolon_server::admin::{Command, UserCommand};

use crate::support::receiver::{Arrived, Receiver};
use crate::support::signals::{ALL, DISABLED, Hub, PURGED, PUSH, SESSION_REVOKED, VERIFICATION, event};
use crate::support::{ISSUER, NOW, World};

const BOB: &str = "bob@example.com";

/// Receivers of these tests are on loopback, which an operator allows.
fn loopback(config: &mut Config) {
    config.outgoing.allow = vec!["127.0.0.0/8".parse().unwrap()];
}

async fn world() -> World {
    let world = World::with(loopback).await;
    world.open_signals().await;
    world
}

fn pushed_to(receiver: &Receiver, events: &[&str]) -> Value {
    json!({
        "delivery": {
            "method": PUSH, "endpoint_url": receiver.url("/events?tenant=1"), "authorization_header": "Bearer of-the-hub",
        },
        "events_requested": events,
    })
}

/// What a receiver must see (RFC 8935 §2.1); gives the claims.
async fn read(world: &World, arrived: &Arrived, client: &str) -> Value {
    assert_eq!((arrived.method.as_str(), &*arrived.path), ("POST", "/events?tenant=1"));
    assert_eq!(arrived.headers["content-type"], "application/secevent+jwt");
    assert_eq!(arrived.headers["accept"], "application/json");
    assert_eq!(arrived.headers["authorization"], "Bearer of-the-hub");
    world.read_set(&arrived.body, client).await
}

async fn deliveries(world: &World, which: &str) -> Vec<Value> {
    let command = json!({ "delivery": { "list": { "which": which, "after": null, "limit": 100 } } });
    world.command(&command).await["deliveries"].as_array().unwrap().clone()
}

/// Until a delivery has this state.
async fn until(world: &World, state: &str) -> Value {
    loop {
        if let Some(found) = deliveries(world, "all").await.into_iter().find(|it| it["state"] == state) {
            return found;
        }
        tokio::task::yield_now().await;
    }
}

async fn let_in(world: &World) {
    world.carry_out(Command::User(UserCommand::Unblock { user: BOB.to_owned() })).await;
}

#[tokio::test]
async fn an_event_is_posted_as_it_happens() {
    let world = world().await;
    let mut receiver = Receiver::new().await;
    receiver.answer(202, "");
    let hub = world.hub("hub").await;
    let stream = hub.create(&pushed_to(&receiver, &ALL)).await;
    world.tokens("web", BOB).await;
    world.block(BOB).await;
    let (first, second) = (receiver.next().await, receiver.next().await);
    let (first, second) = (read(&world, &first, "hub").await, read(&world, &second, "hub").await);
    assert_eq!((event(&first), event(&second)), (SESSION_REVOKED, DISABLED), "in their order");
    assert_eq!((&first["jti"], &second["jti"]), (&json!(format!("{stream}.1")), &json!(format!("{stream}.2"))));
    assert_eq!(second["sub_id"]["iss"], ISSUER);
    assert_eq!(hub.post("/ssf/verify", &json!({ "stream_id": stream, "state": "s" })).await.status, 204);
    let asked = read(&world, &receiver.next().await, "hub").await;
    assert_eq!(asked["events"], json!({ VERIFICATION: { "state": "s" } }));
    hub.post(&format!("/ssf/poll/{stream}"), &json!({})).await.is_error(400, "invalid_request");
    assert_eq!(receiver.unread(), 0);
}

/// RFC 8935 §2.3.
#[tokio::test]
async fn what_is_refused_is_seen_and_sent_again_until_it_is_taken() {
    let world = world().await;
    let mut receiver = Receiver::new().await;
    receiver.answer(400, r#"{"err":"invalid_key","description":"Key ID 12345 has been revoked."}"#);
    let hub = world.hub("hub").await;
    let stream = hub.create(&pushed_to(&receiver, &ALL)).await;
    world.block(BOB).await;
    let first = read(&world, &receiver.next().await, "hub").await;
    let failed = loop {
        if let [failed] = &deliveries(&world, "failed").await[..] {
            break failed.clone();
        }
        tokio::task::yield_now().await;
    };
    let error = failed.to_string();
    assert!(error.contains("answered 400: invalid_key: Key ID 12345 has been revoked."), "{error}");
    receiver.answer(202, "");
    world.advance(10);
    let second = read(&world, &receiver.next().await, "hub").await;
    assert_eq!(first, second, "the same event, by the same id");
    until(&world, "delivered").await;
    assert!(deliveries(&world, "failed").await.is_empty());
    world.running.app.audit.flush().await;
    let records = world.running.app.store.audit(0, 1_000).await.unwrap();
    for name in ["signal.delivery_failed", "signal.delivered"] {
        let event = &records.iter().find(|record| record.event.name == name).unwrap().event;
        assert_eq!(
            (&event.detail["target"], event.client_id.as_deref()),
            (&json!(stream), Some("hub")),
            "who heard of it"
        );
    }
}

#[tokio::test]
async fn one_that_is_refused_holds_up_no_other_and_tells_when_it_happened() {
    let world = world().await;
    let mut receiver = Receiver::new().await;
    receiver.answer(400, r#"{"err":"invalid_request"}"#);
    world.hub("hub").await.create(&pushed_to(&receiver, &[DISABLED, PURGED])).await;
    world.block(BOB).await;
    receiver.next().await;
    until(&world, "failing").await;
    receiver.answer(202, "");
    world.carry_out(Command::User(UserCommand::Delete { user: BOB.to_owned() })).await;
    let later = read(&world, &receiver.next().await, "hub").await;
    world.advance(10);
    let earlier = read(&world, &receiver.next().await, "hub").await;
    assert_eq!((event(&later), event(&earlier)), (PURGED, DISABLED), "the later one arrived first");
    assert_eq!(earlier["iat"], NOW, "when it happened, not when it was sent");
}

#[tokio::test]
async fn an_event_outlives_a_restart_and_an_absent_receiver() {
    let world = world().await;
    let mut receiver = Receiver::new().await;
    receiver.answer(503, "");
    world.hub("hub").await.create(&pushed_to(&receiver, &ALL)).await;
    world.block(BOB).await;
    let first = read(&world, &receiver.next().await, "hub").await;
    let Ok(world) = world.try_restart(loopback).await else { panic!("it starts again") };
    receiver.answer(202, "");
    world.advance(60);
    let second = read(&world, &receiver.next().await, "hub").await;
    assert_eq!(first, second);
    until(&world, "delivered").await;
}

#[tokio::test]
async fn a_paused_stream_posts_nothing_and_then_what_it_kept() {
    let world = world().await;
    let mut receiver = Receiver::new().await;
    let hub = world.hub("hub").await;
    let stream = hub.create(&pushed_to(&receiver, &[DISABLED, PURGED])).await;
    hub.set_status(&stream, "paused").await;
    world.block(BOB).await;
    let_in(&world).await;
    world.carry_out(Command::User(UserCommand::Delete { user: BOB.to_owned() })).await;
    // Another stream of the same receiver shows that the delivery has gone past it.
    prove_that_posts_go_out(&world, &hub).await;
    assert_eq!(receiver.unread(), 0);
    hub.set_status(&stream, "enabled").await;
    let (first, second) = (receiver.next().await, receiver.next().await);
    let names = [read(&world, &first, "hub").await, read(&world, &second, "hub").await];
    assert_eq!([event(&names[0]), event(&names[1])], [DISABLED, PURGED]);
}

async fn prove_that_posts_go_out(world: &World, hub: &Hub<'_>) {
    let mut other = Receiver::new().await;
    let other_stream = hub.create(&pushed_to(&other, &[])).await;
    assert_eq!(hub.post("/ssf/verify", &json!({ "stream_id": other_stream })).await.status, 204);
    read(world, &other.next().await, &hub.client).await;
}

#[tokio::test]
async fn who_is_no_receiver_any_more_gets_nothing_more() {
    let world = world().await;
    let mut receiver = Receiver::new().await;
    let (hub, spy) = (world.hub("hub").await, world.hub("spy").await);
    spy.create(&pushed_to(&receiver, &ALL)).await;
    world.change_client("spy", |client| client.apis.clear()).await;
    world.block(BOB).await;
    prove_that_posts_go_out(&world, &hub).await;
    until(&world, "delivered").await;
    assert_eq!(receiver.unread(), 0);
    assert!(deliveries(&world, "all").await.iter().all(|it| it["state"] == "delivered"), "it is forgotten");
    // A deleted stream as well, with what still waits for it.
    let mut gone = Receiver::new().await;
    gone.answer(503, "");
    let stream = hub.create(&pushed_to(&gone, &ALL)).await;
    let_in(&world).await;
    world.block(BOB).await;
    gone.next().await;
    let answer = hub.call(http::Method::DELETE, &format!("/ssf/streams?stream_id={stream}"), None).await;
    assert_eq!(answer.status, 204);
    world.advance(3_600);
    assert!(deliveries(&world, "all").await.iter().all(|it| it["target"] != *stream));
}

/// Security 146: nobody makes this server call what only it can reach.
#[tokio::test]
async fn a_receiver_cannot_make_the_server_call_its_own_network() {
    let world = World::new().await;
    world.open_signals().await;
    let mut receiver = Receiver::new().await;
    world.hub("hub").await.create(&pushed_to(&receiver, &ALL)).await;
    world.block(BOB).await;
    let failed = loop {
        if let [failed] = &deliveries(&world, "failed").await[..] {
            break failed.to_string();
        }
        tokio::task::yield_now().await;
    };
    assert!(failed.contains("127.0.0.1 is not a public address"), "{failed}");
    assert_eq!(receiver.unread(), 0);
}
