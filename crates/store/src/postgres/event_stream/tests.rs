//! Two nodes at one database, at work on the same streams and messages: nothing is lost, numbered twice or put where nobody looks, and nobody waits
//! for somebody who waits for them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;

use crate::contract::world::{NOW, World, new_user};
use crate::port::Store;
use crate::postgres::tests::{options, server};
use crate::postgres::{Options, Postgres};
use crate::record::{
    Claim, Delivery, DeliveryOutcome, EventStream, NewDelivery, NewStreamStatus, StatusBy, StreamStatus, Transmission,
};

type Node = Arc<dyn Store>;

/// Two nodes at a fresh database, in which one that waits for another that waits for it waits for ever: it runs out of time instead of being run
/// again.
async fn nodes() -> [Node; 2] {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("nodes_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let url = server().url(&name);
    let make = move || {
        server().sql("postgres", &format!("CREATE DATABASE {name}")).unwrap();
        server().sql("postgres", &format!("ALTER DATABASE {name} SET deadlock_timeout = '1h'")).unwrap();
    };
    tokio::task::spawn_blocking(make).await.unwrap();
    let node = || async {
        let options = Options { connections: 8, timeout: std::time::Duration::from_secs(20), ..options(url.clone()) };
        Arc::new(Postgres::open(options).await.unwrap()) as Node
    };
    [node().await, node().await]
}

fn stream(id: &str, events: &[&str]) -> EventStream {
    EventStream {
        id: id.into(),
        client_id: "hub".into(),
        transmission: Transmission::Poll,
        events: events.iter().map(|event| (*event).to_owned()).collect(),
        configuration: json!({}),
        status: StreamStatus::Enabled,
        reason: None,
        max_waiting: 1000,
        waiting: None,
        dropped: 0,
        verified_at: None,
        created_at: NOW,
        updated_at: NOW,
        revision: 1,
    }
}

/// Runs these at the same time.
async fn all(calls: Vec<impl Future<Output = ()> + Send + 'static>) {
    for call in calls.into_iter().map(tokio::spawn).collect::<Vec<_>>() {
        call.await.unwrap();
    }
}

async fn numbers(node: &Node, stream: &str) -> Vec<u64> {
    let heard = node.polled_events(stream, 1000).await.unwrap();
    heard.iter().map(|event| event.payload["number"].as_u64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_nodes_that_tell_several_events_at_once_none_waits_for_the_other() {
    let [one, two] = nodes().await;
    let world = World::new(Arc::clone(&one)).await;
    world.put_client("hub", json!({ "first_party": true })).await;
    // Each is told of another event first.
    for (id, events) in [
        ("a", &["credential_change"][..]),
        ("b", &["session_revoked"]),
        ("c", &["session_revoked", "credential_change"]),
    ] {
        one.create_stream(stream(id, events), 9).await.unwrap();
    }
    // Some have a session to end and a password to change, some only a password, and Ann has sessions.
    for number in 0..40 {
        one.create_user(new_user(&format!("user-{number}"))).await.unwrap();
    }
    for number in 0..20 {
        world.sign_in(&format!("user-{number}"), number).await;
        world.sign_in("ann", 40 + number).await;
    }
    let change = |(number, node): (u8, Node)| async move {
        if number < 40 {
            let user = format!("user-{number}");
            node.set_password(&user, "$x", &format!("{user}-2"), NOW).await.unwrap();
        } else {
            node.end_session(&format!("sid-{number}"), "admin", NOW).await.unwrap();
        }
    };
    let node = |number: u8| if number.is_multiple_of(2) { Arc::clone(&one) } else { Arc::clone(&two) };
    all((0..60).map(|number| change((number, node(number)))).collect()).await;
    assert_eq!(numbers(&two, "a").await, (1..=40).collect::<Vec<_>>());
    assert_eq!(numbers(&two, "b").await, (1..=40).collect::<Vec<_>>());
    assert_eq!(numbers(&two, "c").await, (1..=80).collect::<Vec<_>>());
    let causes: BTreeSet<u64> = two
        .polled_events("c", 1000)
        .await
        .unwrap()
        .iter()
        .map(|event| event.payload["cause"].as_u64().unwrap())
        .collect();
    assert_eq!(causes.len(), 60, "one for each operation");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_while_the_status_changes_waits_where_the_stream_is_in_the_end() {
    let [one, two] = nodes().await;
    let world = World::new(Arc::clone(&one)).await;
    world.put_client("hub", json!({ "first_party": true })).await;
    one.create_stream(stream("a", &["session_revoked"]), 9).await.unwrap();
    for number in 0..60 {
        world.sign_in("ann", number).await;
    }
    let turns = async {
        for turn in 0..40 {
            let status = if turn % 2 == 0 { StreamStatus::Paused } else { StreamStatus::Enabled };
            let new = NewStreamStatus { status, reason: None, by: StatusBy::Receiver };
            two.set_stream_status("a", new, NOW).await.unwrap();
        }
    };
    let ends = all((0..60)
        .map(|number| (number, Arc::clone(&one)))
        .map(|(number, node)| async move {
            node.end_session(&format!("sid-{number}"), "admin", NOW).await.unwrap();
        })
        .collect());
    tokio::join!(turns, ends);
    assert_eq!(numbers(&two, "a").await, (1..=60).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_nodes_that_begin_the_last_stream_of_a_client_one_does() {
    let nodes = nodes().await;
    let world = World::new(Arc::clone(&nodes[0])).await;
    world.put_client("hub", json!({})).await;
    let begin = |(number, node): (usize, Node)| async move {
        let _ = node.create_stream(stream(&format!("s{number}"), &[]), 2).await.unwrap();
    };
    all((0..20).map(|number| begin((number, Arc::clone(&nodes[number % 2])))).collect()).await;
    assert_eq!(nodes[1].streams(Some("hub")).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_nodes_that_deliver_the_same_messages_none_waits_for_the_other() {
    let nodes = nodes().await;
    let message = |number: u8| NewDelivery {
        kind: Delivery::SECURITY_EVENT.into(),
        target: "a".into(),
        payload: json!({ "number": number }),
    };
    nodes[0].put_deliveries((0..200).map(message).collect(), NOW).await.unwrap();
    let deliver = |(number, node): (usize, Node)| async move {
        let kind = Delivery::SECURITY_EVENT;
        // Each at its own time, at which what the others took or found unreachable is due again.
        let now = NOW + 10 * number as u64;
        let claim = Claim { kind: kind.into(), target: "a".into(), limit: 7, lease_secs: 1, now };
        for delivery in node.claim_deliveries(claim).await.unwrap() {
            let outcome = match delivery.id % 4 {
                0 => DeliveryOutcome::Delivered,
                1 => DeliveryOutcome::Failed { error: "it is down".into(), next_at: now + 2 },
                _ => DeliveryOutcome::Unreachable { error: "no answer".into(), next_at: now + 2 },
            };
            // Another one may have taken it, given it up or forgotten it meanwhile.
            let _ = node.settle_delivery(delivery.id, now + 1, outcome, now).await.unwrap();
        }
        node.give_up_deliveries(now, 3, now).await.unwrap();
        node.forget_deliveries(kind, "a", 2).await.unwrap();
    };
    all((0..40).map(|number| deliver((number, Arc::clone(&nodes[number % 2])))).collect()).await;
}
