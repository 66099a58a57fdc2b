//! Promises about faults of the program: a panic in a handler ends its request and nothing else (security 152, row 15).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::routing::get;
use http::header::ACCEPT;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use prometheus_client::metrics::counter::Counter;
use symbolon_server::{App, http as server, listen};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::support::World;

/// A second door of the same node, with handlers that panic beside its own.
async fn faulty_door(world: &World) -> (SocketAddr, JoinHandle<()>) {
    let app = Arc::clone(&world.running.app);
    let routes =
        server::routes(&app).route("/fault", get(at_once)).route("/fault/later", get(holding_what_others_need));
    let options = listen::Options {
        tls: None,
        certificates: listen::tls::Certificates::NotAsked,
        max_connections: 100,
        max_head_bytes: 32 * 1024,
        head_timeout: Duration::from_secs(10),
        write_timeout: Duration::from_secs(10),
        trusted: listen::Trusted::by(|_| false),
        drain: Duration::ZERO,
        turned_away: Counter::default(),
    };
    let listener = listen::Listener::bind(&"127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_address().unwrap();
    let door = listen::run(listener, server::guarded(&app, routes), options, std::future::pending());
    (address, tokio::spawn(door))
}

async fn at_once() -> &'static str {
    panic!("on purpose, and swordfish")
}

/// After an operation of the store, and while a snapshot and the caller's request are held.
async fn holding_what_others_need(State(app): State<Arc<App>>) -> &'static str {
    let _registry = app.registry();
    let _config = app.config();
    app.store.ping().await.unwrap();
    panic!("on purpose")
}

#[tokio::test]
async fn a_panic_fails_its_request_and_the_session_goes_on() {
    let world = World::with(|config| config.metrics.listen = Some("127.0.0.1:0".parse().unwrap())).await;
    let (address, door) = faulty_door(&world).await;
    let mut browser = world.browser();
    browser.address = address;
    browser.code("web", "ada@example.com", &[]).await;
    for path in ["/fault", "/fault/later"] {
        // A program hears JSON, a person sees a page with the id to tell.
        browser.send(Method::GET, path, &[], None).await.is_error(500, "server_error");
        let page = browser.send(Method::GET, path, &[(ACCEPT, "text/html")], None).await;
        page.is_page(500);
        assert!(page.body.contains(page.header("x-request-id")), "{}", page.body);
        assert!(!page.body.contains("purpose"), "{}", page.body);
        // The same session, with all that it needs.
        browser.code("web", "ada@example.com", &[("prompt", "none")]).await;
    }
    let request = Request::get("/metrics").header("host", "metrics").body(Full::default()).unwrap();
    let metrics = crate::support::client::exchange(world.running.metrics_address.unwrap(), request).await.body;
    assert!(metrics.contains("symbolon_panics_total 4\n"), "{metrics}");
    assert!(metrics.contains("{route=\"/fault\",method=\"GET\",status=\"500\"} 2\n"), "{metrics}");
    door.abort();
}

/// Requests beside it on the same connection, and sixty panics at once, change nothing either.
#[tokio::test]
async fn the_connection_and_everybody_else_go_on() {
    let world = World::new().await;
    let (address, door) = faulty_door(&world).await;
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    for (path, status) in [("/fault", 500), ("/livez", 200), ("/fault/later", 500), ("/readyz", 200)] {
        let request = Request::get(path).header("host", "x").body(Full::<bytes::Bytes>::default()).unwrap();
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        answer.into_body().collect().await.unwrap();
    }
    let faults: Vec<_> = (0..60)
        .map(|_| {
            let mut browser = world.browser();
            browser.address = address;
            tokio::spawn(async move { browser.get("/fault/later").await.status })
        })
        .collect();
    let tokens = world.tokens("web", "bob@example.com").await;
    assert_eq!(world.userinfo(tokens["access_token"].as_str().unwrap()).await.status, 200);
    for fault in faults {
        assert_eq!(fault.await.unwrap(), 500);
    }
    door.abort();
}
