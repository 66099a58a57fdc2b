//! Promises under load: what hashes passwords is bounded, and what does not hash goes on (security 119, row 7).

use std::time::Duration;

use crate::support::World;

/// Hashing that takes its time, one at a time, with one waiting.
async fn busy_world() -> World {
    World::with(|config| {
        config.password.memory_kib = 64 * 1024;
        config.password.passes = 6;
        config.password.workers = 1;
        config.password.queue = 1;
        config.throttle.address.free = 1_000;
    })
    .await
}

#[tokio::test]
async fn a_flood_of_sign_ins_is_shed_while_keys_and_tokens_are_served() {
    let world = busy_world().await;
    let csrf_holder = {
        let mut browser = world.browser();
        let csrf = browser.get("/login").await.field("csrf");
        (browser, csrf)
    };
    // The warm-up fills what is made once.
    assert_eq!(world.browser().get("/.well-known/jwks.json").await.status, 200);
    let guesses: Vec<_> = (0..16)
        .map(|number| {
            let (mut browser, csrf) = csrf_holder.clone();
            tokio::spawn(async move {
                let user = format!("user{number}@example.com");
                browser.post("/login", &[("csrf", &csrf), ("username", &user), ("password", "wrong")]).await
            })
        })
        .collect();
    for _ in 0..20 {
        let answer = tokio::time::timeout(Duration::from_secs(2), async {
            let keys = world.browser().get("/.well-known/jwks.json").await.status;
            let token = world.introspect("nonsense").await;
            (keys, token)
        });
        let (keys, token) = answer.await.expect("answered beside the flood");
        assert_eq!(keys, 200);
        assert_eq!(token["active"], false);
    }
    let (mut shed, mut served) = (0, 0);
    for guess in guesses {
        let answer = guess.await.unwrap();
        match answer.status.as_u16() {
            400 => served += 1,
            503 => {
                shed += 1;
                assert_eq!(answer.header("retry-after"), "1");
                assert!(answer.body.contains("Many people are signing in"), "{}", answer.body);
                assert_eq!(answer.header("cache-control"), "no-store");
            }
            other => panic!("{other}"),
        }
    }
    assert!(shed > 0 && served > 0, "shed {shed}, served {served}");
}

/// The JSON door sheds alike.
#[tokio::test]
async fn the_json_sign_in_is_shed_with_503_and_retry_after() {
    let world = busy_world().await;
    let body = |number| format!(r#"{{"username":"user{number}@example.com","password":"wrong","client_id":"spa"}}"#);
    let guesses: Vec<_> = (0..12)
        .map(|number| {
            let (mut browser, body) = (world.browser(), body(number));
            let headers = [(http::header::CONTENT_TYPE, "application/json")];
            tokio::spawn(async move { browser.send(http::Method::POST, "/authenticate", &headers, Some(body)).await })
        })
        .collect();
    let mut shed = 0;
    for guess in guesses {
        let answer = guess.await.unwrap();
        if answer.status == 503 {
            shed += 1;
            assert_eq!(answer.header("retry-after"), "1");
            assert_eq!(answer.json()["error"], "temporarily_unavailable");
        } else {
            assert_eq!(answer.status, 401);
        }
    }
    assert!(shed > 0);
}

/// 125: being shed is not a failure of the person, so trying again is never punished.
#[tokio::test]
async fn being_shed_does_not_count_as_a_failed_attempt() {
    let world = busy_world().await;
    let mut browser = world.browser();
    let csrf = browser.get("/login").await.field("csrf");
    let guess = |user: String| {
        let (mut browser, csrf) = (browser.clone(), csrf.clone());
        let fields = move || [("csrf", csrf), ("username", user), ("password", "wrong".to_owned())];
        tokio::spawn(async move {
            let fields = fields();
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, &**value)).collect();
            browser.post("/login", &fields).await.status.as_u16()
        })
    };
    let (mut shed, mut wrong) = (0, 0);
    for round in 0..40 {
        let others: Vec<_> = (0..4).map(|other| guess(format!("user{round}-{other}@example.com"))).collect();
        match guess("ada@example.com".to_owned()).await.unwrap() {
            503 => shed += 1,
            400 => wrong += 1,
            // Five wrong ones are free, however many were shed between them.
            429 if wrong == 5 && shed > 0 => return,
            other => panic!("{other} in round {round} after {shed} were shed and {wrong} were wrong"),
        }
        for other in others {
            other.await.unwrap();
        }
        if shed == 8 {
            return;
        }
    }
    panic!("only {shed} were shed");
}
