//! Promises of ordered certificates on several nodes over one database: one orders, all answer the authority and show what came; what fails
//! waits, whoever tried.

use std::net::SocketAddr;
use std::time::Duration;

use rustls::pki_types::ServerName;
use serde_json::Value;
use symbolon_server::Config;
use symbolon_server::config::Terms;
use symbolon_store::{DocumentWrite, Expect};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use crate::support::authority::Authority;
use crate::support::tls_client::unverified;
use crate::support::{World, key_server, postgres};

const DAY: u64 = 86_400;

fn by(authority: &Authority) -> impl Fn(&mut Config) {
    let directory = authority.directory.clone();
    move |config: &mut Config| {
        "https://auth.example.com".clone_into(&mut config.issuer);
        config.acme.terms = Terms::Agreed;
        config.acme.directory.clone_from(&directory);
        config.acme.domains = vec!["auth.example.com".to_owned()];
        key_server::allowed(config);
    }
}

/// The certificate that a node shows; none while it refuses the handshake.
async fn shown(node: SocketAddr) -> Option<Vec<u8>> {
    let name = ServerName::try_from("auth.example.com").unwrap();
    let stream = TlsConnector::from(unverified(&[b"h2"])).connect(name, TcpStream::connect(node).await.unwrap()).await;
    Some(stream.ok()?.get_ref().1.peer_certificates()?[0].to_vec())
}

async fn eventually<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds().await {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Whoever waits for the time looks at it when the registry changes.
async fn wake(world: &World) {
    let body = serde_json::json!({});
    let write = DocumentWrite::Put { kind: "test".into(), id: "wake".into(), body, expect: Expect::Any };
    world.running.app.store.apply(vec![write]).await.unwrap();
}

/// How many tries in a row are on record as having failed.
async fn tried(world: &World) -> u64 {
    let order = world.running.app.store.document("acme", "order").await.unwrap();
    let order: Option<Value> = order.map(|document| document.body.read().unwrap());
    order.and_then(|order| order["failures"].as_u64()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_node_orders_and_renews_for_all_which_answer_the_authority_and_show_what_came() {
    let authority = Authority::new().await;
    let url = postgres::database().await;
    // The first has nobody to be proven by yet, so that it orders once the second is there.
    authority.refuses(true);
    let first = World::with(|config| {
        by(&authority)(config);
        config.store.url = Some(url);
        config.store.connections = 4;
    })
    .await;
    let second = first.another_with(by(&authority)).await;
    let nodes = [&first, &second].map(|node| node.running.address.unwrap());
    authority.looks_at(&nodes);
    eventually("it is written down that an order was refused", || async { tried(&first).await == 1 }).await;
    assert!(shown(nodes[0]).await.is_none() && shown(nodes[1]).await.is_none(), "nothing is shown before");

    authority.refuses(false);
    first.advance(121);
    wake(&first).await;
    eventually("both show what came", || async {
        authority.issued() == 1
            && shown(nodes[0]).await == Some(authority.newest())
            && shown(nodes[1]).await == Some(authority.newest())
    })
    .await;
    assert_eq!(authority.refused(), 1, "one node had tried");

    first.advance(80 * DAY);
    wake(&second).await;
    eventually("both show the next", || async {
        authority.issued() == 2
            && shown(nodes[0]).await == Some(authority.newest())
            && shown(nodes[1]).await == Some(authority.newest())
    })
    .await;
    assert_eq!(authority.orders(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_shown_until_another_has_come_and_after_a_restart() {
    let authority = Authority::new().await;
    authority.looks_at(&[]);
    let world = World::with(by(&authority)).await;
    let node = world.running.address.unwrap();
    eventually("it is shown", || async { shown(node).await.is_some() }).await;
    let stored = world.stored("acme").await.concat();
    assert!(stored.contains("BEGIN CERTIFICATE") && !stored.contains("PRIVATE") && !stored.contains("\"d\":"));

    authority.refuses(true);
    world.advance(80 * DAY);
    wake(&world).await;
    eventually("it is written down that the renewal was refused", || async { tried(&world).await == 1 }).await;
    assert_eq!(shown(node).await, Some(authority.newest()));
    let world = world.restart_with(by(&authority)).await;
    assert_eq!(shown(world.running.address.unwrap()).await, Some(authority.newest()));
    assert_eq!((authority.issued(), authority.refused()), (1, 1), "a restart does not forget that it has to wait");
}

/// RFC 8737 §3: a validation gets the proof and nothing else, and who asks for something else never gets a proof.
#[tokio::test(flavor = "multi_thread")]
async fn rfc8737_section_3_without_a_challenge_there_is_no_proof() {
    let authority = Authority::new().await;
    authority.looks_at(&[]);
    let world = World::with(by(&authority)).await;
    let node = world.running.address.unwrap();
    eventually("it is shown", || async { shown(node).await.is_some() }).await;
    for name in ["auth.example.com", "other.example.com"] {
        let name = ServerName::try_from(name).unwrap();
        let stream = TcpStream::connect(node).await.unwrap();
        assert!(TlsConnector::from(unverified(&[b"acme-tls/1"])).connect(name, stream).await.is_err());
    }
    let name = ServerName::try_from("auth.example.com").unwrap();
    let stream = TcpStream::connect(node).await.unwrap();
    let both = TlsConnector::from(unverified(&[b"acme-tls/1", b"h2"])).connect(name, stream).await.unwrap();
    assert_eq!(both.get_ref().1.peer_certificates().unwrap()[0].to_vec(), authority.newest());
    assert_eq!(both.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
}
