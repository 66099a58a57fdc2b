//! A WebSocket, and a signed URL, end with the token that they came by.

use std::time::Duration;

use axum::{Router, extract::State, routing::get};
use symbolon_guard::{Caller, Guard, SignedUrls, UrlToSign, WhenStale};

use super::{
    ready,
    scripted::{Scripted, jti},
    until,
    world::World,
};
use crate::{bearer, send, websocket::world::Api, whoami};

/// What a revocation may take from the answer of the issuer to the end of the connection. Far above what it does take.
const BOUND: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_revocation_ends_the_connection_within_a_moment_and_no_other() {
    let world = World::new().await;
    let guard = ready(world.guard().0).await;
    let api = Api::serve(&guard).await;
    let (token, other) = (world.token().await, world.token().await);
    let mut client = api.authenticated("/echo", &token).await;
    let mut neighbour = api.authenticated("/echo", &other).await;
    world.revoke(&token).await;
    let closed = tokio::time::timeout(BOUND, client.closed()).await.expect("within the bound");
    assert_eq!(closed, (4401, "token_revoked".to_owned()));
    neighbour.say("hello").await;
    assert!(neighbour.text().await.contains("hello"));
}

#[tokio::test]
async fn a_renewed_connection_does_not_end_with_the_token_that_it_came_by() {
    let issuer = Scripted::start().await;
    let guard = ready(issuer.guard()).await;
    until("it follows", async || issuer.followers() > 0).await;
    let api = Api::serve(&guard).await;
    let mut client = api.authenticated("/echo", &issuer.token("old")).await;
    client.authenticate(&issuer.token("new")).await;
    assert_eq!(client.json().await["type"], "authenticated");
    issuer.say(&issuer.event(0, 0, &[jti("old")]));
    until("it is heard of", async || guard.status().revocation.entries == 1).await;
    client.say("hello").await;
    assert!(client.text().await.contains("hello"));
    issuer.say(&issuer.event(0, 1, &[jti("new")]));
    assert_eq!(client.closed().await, (4401, "token_revoked".to_owned()));
}

#[tokio::test]
async fn where_an_unseen_revocation_is_worse_than_an_outage_connections_end_with_the_knowledge() {
    let issuer = Scripted::start().await;
    let guard = ready(issuer.guard().when_stale(WhenStale::Refuse)).await;
    let api = Api::serve(&guard).await;
    let mut client = api.authenticated("/echo", &issuer.token("t")).await;
    issuer.clock.advance(Duration::from_mins(1));
    assert_eq!(client.closed().await, (1013, "temporarily_unavailable".to_owned()));
}

#[tokio::test]
async fn a_signed_url_is_refused_with_the_token_that_asked_for_it() {
    async fn sign(State(guard): State<Guard>, caller: Caller) -> String {
        guard.sign_url(&caller, UrlToSign::get("/picture")).unwrap()
    }
    let world = World::new().await;
    let urls = SignedUrls::new(&[7; 32]);
    let guard = ready(world.guard().0.signed_urls(urls.clone())).await;
    let app = |guard: &Guard| {
        Router::new()
            .route("/sign", get(sign))
            .route("/picture", get(whoami))
            .layer(guard.layer())
            .with_state(guard.clone())
    };
    let (one, other) = (app(&guard), world.guard().0.signed_urls(urls));
    let token = world.token().await;
    let url = send(&one, bearer("/sign", &token)).await.body;
    let ask = |url: &str| axum::http::Request::get(url).body(axum::body::Body::empty()).unwrap();
    assert_eq!(send(&one, ask(&url)).await.body, "machine");
    world.revoke(&token).await;
    until("the URL is refused", async || send(&one, ask(&url)).await.status == 401).await;
    // Also by a node that has seen no token yet.
    let other = app(&other);
    until("and elsewhere", async || send(&other, ask(&url)).await.status == 401).await;
}
