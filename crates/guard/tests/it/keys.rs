//! Keys over the network: discovery, rotation, floods, outages.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::http::{StatusCode, header};
use serde_json::json;
use symbolon_guard::{
    Algorithm, Jwk, Keys,
    testing::{AUDIENCE, TestClock, TestIssuer},
};
use symbolon_jose::SigningKey;
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::{app, bearer, send};

#[tokio::test]
async fn the_first_token_brings_the_keys_and_the_next_ones_use_them() {
    let issuer = TestIssuer::start().await;
    let app = app(&issuer.guard(AUDIENCE));
    assert_eq!(issuer.fetches(), 0, "nothing is fetched when a guard is made");
    for _ in 0..20 {
        assert_eq!(send(&app, bearer("/me", &issuer.token().sign())).await.body, "u1");
    }
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test]
async fn the_key_sets_address_can_be_given() {
    let issuer = TestIssuer::start().await;
    let keys = Keys::jwks_url(&format!("{}/jwks", issuer.issuer())).unwrap();
    let app = app(&issuer.guard(AUDIENCE).keys(keys));
    assert_eq!(send(&app, bearer("/me", &issuer.token().sign())).await.status, 200);
}

#[tokio::test]
async fn what_cannot_be_a_token_causes_no_fetch() {
    let issuer = TestIssuer::start().await;
    let app = app(&issuer.guard(AUDIENCE).algorithms([Algorithm::RS256]));
    for token in ["x", "a.b.c", &issuer.token().sign()] {
        assert_eq!(send(&app, bearer("/me", token)).await.status, 401);
    }
    assert_eq!(issuer.fetches(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotation_under_load_refuses_nobody() {
    let issuer = Arc::new(TestIssuer::start().await);
    let app = app(&issuer.guard(AUDIENCE));
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let (app, issuer, stop) = (app.clone(), Arc::clone(&issuer), Arc::clone(&stop));
        tasks.spawn(async move {
            let mut served = 0;
            while !stop.load(Ordering::SeqCst) {
                let token = issuer.token().sign();
                assert_eq!(send(&app, bearer("/me", &token)).await.status, 200);
                served += 1;
                tokio::task::yield_now().await;
            }
            served
        });
    }
    for rotation in 1..=3 {
        issuer.rotate();
        // Until a token of the new key has been through.
        assert_eq!(send(&app, bearer("/me", &issuer.token().sign())).await.status, 200, "rotation {rotation}");
    }
    stop.store(true, Ordering::SeqCst);
    assert!(tasks.join_all().await.into_iter().sum::<u32>() > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_unknown_kids_cause_six_fetches_at_most() {
    let issuer = TestIssuer::start().await;
    let app = app(&issuer.guard(AUDIENCE));
    let good = issuer.token().sign();
    assert_eq!(send(&app, bearer("/me", &good)).await.status, 200);
    let mut tasks = JoinSet::new();
    for task in 0..8 {
        let jwk = Jwk::generate(Algorithm::ES256).unwrap();
        let (app, token, good) = (app.clone(), issuer.token(), good.clone());
        tasks.spawn(async move {
            for n in 0..25 {
                let stranger = jwk.clone().with_kid(format!("stranger-{task}-{n}"));
                let key = SigningKey::from_jwk(&stranger, Algorithm::ES256).unwrap();
                let answer = send(&app, bearer("/me", &token.clone().key(&key).sign())).await;
                assert_eq!(answer.status, 401);
                assert_eq!(send(&app, bearer("/me", &good)).await.status, 200);
            }
        });
    }
    tasks.join_all().await;
    assert!(issuer.fetches() <= 6, "{}", issuer.fetches());
}

#[tokio::test]
async fn one_unreadable_key_does_not_spoil_the_set() {
    let issuer = TestIssuer::start().await;
    issuer.publish(json!({ "kty": "AKP", "alg": "ML-DSA-65", "kid": "new", "pub": "AA" }));
    issuer.publish(json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "off-curve" }));
    issuer.publish(json!("not a key at all"));
    let app = app(&issuer.guard(AUDIENCE));
    assert_eq!(send(&app, bearer("/me", &issuer.token().sign())).await.status, 200);
}

#[tokio::test]
async fn an_issuer_that_was_never_reached_is_503_not_401() {
    let mut issuer = TestIssuer::start().await;
    let clock = TestClock::now();
    let app = app(&issuer.guard(AUDIENCE).clock(clock));
    let token = issuer.token().sign();
    issuer.stop().await;
    let response = app.clone().oneshot(bearer("/me", &token)).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()[header::RETRY_AFTER], "1");
    assert!(!response.headers().contains_key(header::WWW_AUTHENTICATE));
    // Without a token there is nothing to be judged.
    assert_eq!(send(&app, bearer("/me", "x")).await.status, 401);
}

#[tokio::test]
async fn keys_are_kept_for_a_day_while_the_issuer_is_away() {
    let mut issuer = TestIssuer::start().await;
    let clock = TestClock::now();
    let app = app(&issuer.guard(AUDIENCE).clock(clock.clone()));
    let token = issuer.token().claim("exp", u32::MAX).sign();
    assert_eq!(send(&app, bearer("/me", &token)).await.status, 200);
    issuer.stop().await;
    clock.advance(Duration::from_hours(23));
    assert_eq!(send(&app, bearer("/me", &token)).await.status, 200);
    clock.advance(Duration::from_hours(1));
    assert_eq!(send(&app, bearer("/me", &token)).await.status, 503);
}

#[tokio::test]
async fn a_withdrawn_key_stops_counting_at_the_next_refresh() {
    let issuer = TestIssuer::start().await;
    let clock = TestClock::now();
    let guard = issuer.guard(AUDIENCE).clock(clock.clone());
    let old = issuer.token().claim("exp", u32::MAX).sign();
    assert!(guard.verify(&old).await.is_ok());
    issuer.rotate();
    issuer.withdraw_old_keys();
    // The token with the new key brings the new set.
    assert!(guard.verify(&issuer.token().sign()).await.is_ok());
    assert!(guard.verify(&old).await.is_err());
}

#[tokio::test]
async fn an_issuer_of_another_name_brings_no_keys() {
    let issuer = TestIssuer::start().await;
    let renamed = issuer.issuer().replace("127.0.0.1", "localhost");
    let guard = symbolon_guard::Guard::new(renamed.as_str(), AUDIENCE).unwrap();
    let answer = send(&app(&guard), bearer("/me", &issuer.token().issuer(&renamed).sign())).await;
    assert_eq!(answer.status, 503);
    assert_eq!(issuer.fetches(), 0);
}
