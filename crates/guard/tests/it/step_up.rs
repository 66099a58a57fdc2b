//! Routes that want a fresher or a stronger sign-in (RFC 9470).

use std::time::Duration;

use axum::{Router, routing::get};
use symbolon_guard::{
    Clock as _,
    testing::{AUDIENCE, TestClock, TestIssuer, TestToken},
};

use super::{bearer, send};

const GOLD: &str = "urn:example:gold";
const SILVER: &str = "urn:example:silver";

struct World {
    issuer: TestIssuer,
    clock: TestClock,
    app: Router,
}

fn world() -> World {
    let (issuer, clock) = (TestIssuer::offline(), TestClock::now());
    let guard = issuer.guard(AUDIENCE).realm("bank").clock(clock.clone()).leeway(Duration::ZERO);
    let hour = Duration::from_hours(1);
    let scoped = Router::new().route("/scoped", get(|| async {}));
    let scoped = scoped.layer(guard.scope("pay")).layer(guard.require_acr([GOLD]));
    let app = Router::new()
        .route("/strong", get(|| async {}).layer(guard.require_acr([GOLD, SILVER])))
        .route("/fresh", get(|| async {}).layer(guard.max_age(hour)))
        .route("/both", get(|| async {}).layer(guard.step_up([GOLD], Some(hour))))
        .merge(scoped)
        .layer(guard.layer());
    World { issuer, clock, app }
}

impl World {
    fn token(&self) -> TestToken {
        let now = self.clock.unix_now();
        self.issuer.token().claim("exp", now + 86_400).claim("auth_time", now).claim("acr", GOLD)
    }

    async fn passes(&self, path: &str, token: &TestToken) -> bool {
        let answer = send(&self.app, bearer(path, &token.sign())).await;
        assert!(matches!(answer.status.as_u16(), 200 | 401), "{answer:?}");
        answer.status == 200
    }

    async fn challenge(&self, path: &str, token: &TestToken) -> String {
        let answer = send(&self.app, bearer(path, &token.sign())).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (401, r#"{"error":"unauthorized"}"#));
        answer.challenge.unwrap()
    }
}

const ERROR: &str = r#"Bearer realm="bank", error="insufficient_user_authentication", error_description="a fresher or stronger sign-in is needed""#;

#[tokio::test]
async fn rfc9470_section_3_the_challenge_says_what_is_needed() {
    let world = world();
    let weak = world.token().without("acr").without("auth_time");
    assert_eq!(world.challenge("/strong", &weak).await, format!("{ERROR}, acr_values=\"{GOLD} {SILVER}\""));
    assert_eq!(world.challenge("/fresh", &weak).await, format!("{ERROR}, max_age=\"3600\""));
    assert_eq!(world.challenge("/both", &weak).await, format!("{ERROR}, acr_values=\"{GOLD}\", max_age=\"3600\""));
}

#[tokio::test]
async fn rfc9470_section_5_the_acr_must_be_one_of_those_exactly() {
    let world = world();
    for (acr, passes) in
        [(GOLD, true), (SILVER, true), ("urn:example:GOLD", false), ("", false), ("urn:example:gold urn", false)]
    {
        assert_eq!(world.passes("/strong", &world.token().claim("acr", acr)).await, passes, "{acr}");
    }
    assert!(!world.passes("/strong", &world.token().without("acr")).await);
}

#[tokio::test]
async fn rfc9470_section_5_a_sign_in_grows_old_on_the_second() {
    let world = world();
    let token = world.token();
    assert!(world.passes("/fresh", &token).await && world.passes("/both", &token).await);
    world.clock.advance(Duration::from_secs(3598));
    assert!(world.passes("/fresh", &token).await);
    world.clock.advance(Duration::from_secs(5));
    assert!(!world.passes("/fresh", &token).await && !world.passes("/both", &token).await);
    assert!(world.passes("/strong", &token).await, "how strong it was does not grow old");
}

#[tokio::test]
async fn who_does_not_say_when_it_was_has_not_signed_in_lately() {
    let world = world();
    assert!(!world.passes("/fresh", &world.token().without("auth_time")).await);
    let absurd = world.token().claim("auth_time", 253_402_300_799_u64);
    assert!(world.passes("/fresh", &absurd).await, "the issuer's word counts");
}

#[tokio::test]
async fn requirements_stand_one_behind_another() {
    let world = world();
    let denied = send(&world.app, bearer("/scoped", &world.token().sign())).await;
    assert_eq!(denied.status, 403);
    assert_eq!(send(&world.app, bearer("/scoped", &world.token().scope("pay").sign())).await.status, 200);
    assert!(world.challenge("/scoped", &world.token().scope("pay").claim("acr", SILVER)).await.starts_with(ERROR));
}
