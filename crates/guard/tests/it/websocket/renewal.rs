//! How a connection ends with its token, and goes on with another.

use std::time::Duration;

use symbolon_guard::{
    Guard,
    testing::{AUDIENCE, TestClock, TestIssuer},
};

use super::world::Api;

/// A token lives for ten minutes, and the guard is lenient for half a minute.
const LIFE: Duration = Duration::from_secs(631);

fn with_clock(issuer: &TestIssuer) -> (Guard, TestClock) {
    let clock = TestClock::now();
    (issuer.guard(AUDIENCE).clock(clock.clone()), clock)
}

/// A token that was issued as late as the clock says.
fn token_at(issuer: &TestIssuer, clock: &TestClock) -> symbolon_guard::testing::TestToken {
    use symbolon_guard::Clock as _;
    let now = clock.unix_now();
    issuer.token().claim("iat", now).claim("exp", now + 600)
}

#[tokio::test]
async fn a_connection_ends_when_its_token_expires_whatever_its_handler_does() {
    let issuer = TestIssuer::offline();
    let (guard, clock) = with_clock(&issuer);
    let api = Api::serve(&guard).await;
    let token = issuer.token().sign();
    let mut echo = api.authenticated("/echo", &token).await;
    let mut silent = api.authenticated("/silent", &token).await;
    // Five seconds before.
    clock.advance(Duration::from_secs(626));
    echo.say("still there").await;
    assert!(echo.text().await.contains("still there"));
    clock.advance(Duration::from_secs(6));
    for client in [&mut echo, &mut silent] {
        assert_eq!(client.closed().await, (4401, "token_expired".to_owned()));
    }
    assert!(guard.status().refusals.contains(&("expired", 2)), "the owner is told");
}

#[tokio::test]
async fn a_renewal_keeps_the_connection_and_brings_the_new_claims() {
    let issuer = TestIssuer::offline();
    let (guard, clock) = with_clock(&issuer);
    let api = Api::serve(&guard).await;
    let mut client = api.authenticated("/echo", &issuer.token().scope("old").sign()).await;
    let mut silent = api.authenticated("/silent", &issuer.token().sign()).await;
    clock.advance(LIFE / 2);
    let renewed = token_at(&issuer, &clock).scope("new").sign();
    for client in [&mut client, &mut silent] {
        client.authenticate(&renewed).await;
        let answer = client.json().await;
        assert_eq!((answer["type"].as_str(), answer["expires_in"].as_u64()), (Some("authenticated"), Some(600)));
    }
    clock.advance(LIFE / 2 + Duration::from_secs(10));
    client.say("hello").await;
    assert_eq!(client.text().await, r#"u1 [new] Text("hello")"#);
    clock.advance(LIFE);
    assert_eq!(client.closed().await, (4401, "token_expired".to_owned()));
    assert_eq!(silent.closed().await, (4401, "token_expired".to_owned()));
}

#[tokio::test]
async fn a_renewal_is_of_the_same_subject_and_good_for_what_the_connection_needs() {
    let issuer = TestIssuer::offline();
    let api = Api::serve(&issuer.guard(AUDIENCE)).await;
    let good = issuer.token().scope("read:dragons");
    for (token, code, reason) in [
        (good.clone().sub("u2").sign(), 4403, "other_subject"),
        (issuer.token().sign(), 4403, "insufficient_scope"),
        (good.clone().expired(Duration::from_mins(1)).sign(), 4401, "token_expired"),
        ("x".to_owned(), 4401, "token_invalid"),
    ] {
        let mut client = api.authenticated("/read", &good.sign()).await;
        client.authenticate(&token).await;
        assert_eq!(client.closed().await, (code, reason.to_owned()));
    }
}

#[tokio::test]
async fn connections_that_have_ended_are_nobody_s_concern() {
    let issuer = TestIssuer::offline();
    let guard = issuer.guard(AUDIENCE);
    let api = Api::serve(&guard).await;
    let token = issuer.token().sign();
    let clients = [api.authenticated("/echo", &token).await, api.authenticated("/silent", &token).await];
    assert_eq!(guard.status().open_websockets, 2);
    drop(clients);
    let gone = async {
        while guard.status().open_websockets > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.expect("they are let go");
}
