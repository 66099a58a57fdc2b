//! Black-box tests: an axum app under a guard, tokens of a test issuer, one request at a time.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bearer;
mod certificates;
mod claims;
mod config;
mod dpop;
mod keys;
mod places;
mod requirements;
mod revocation;
mod seen;
mod signed;
mod step_up;
mod websocket;

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
    routing::get,
};
use symbolon_guard::{
    Caller, Guard,
    testing::{AUDIENCE, TestIssuer},
};
use tower::ServiceExt;

/// What came back.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: StatusCode,
    challenge: Option<String>,
    body: String,
}

async fn send(app: &Router, request: Request<Body>) -> Answer {
    let response = app.clone().oneshot(request).await.unwrap();
    let challenge = response.headers().get(header::WWW_AUTHENTICATE);
    let challenge = challenge.map(|value| value.to_str().unwrap().to_owned());
    let status = response.status();
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    Answer { status, challenge, body: String::from_utf8(body.to_vec()).unwrap() }
}

/// A request with a token in the `Authorization` header.
fn bearer(path: &str, token: &str) -> Request<Body> {
    Request::get(path).header("authorization", format!("Bearer {token}")).body(Body::empty()).unwrap()
}

async fn whoami(caller: Caller) -> String {
    caller.sub.clone()
}

/// What a future has at once, without a runtime.
fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// One route that any good token opens.
fn app(guard: &Guard) -> Router {
    Router::new().route("/me", get(whoami).post(whoami)).layer(guard.layer())
}

/// An issuer without a network and an app that trusts it.
fn offline() -> (TestIssuer, Router) {
    let issuer = TestIssuer::offline();
    let app = app(&issuer.guard(AUDIENCE).realm("dragons"));
    (issuer, app)
}
