//! Tokens are renewed once for all who wait, and what the issuer says of them is heard.

use serde_json::json;

use crate::world::World;

fn authorizations(world: &World) -> Vec<String> {
    let heard = world.heard.lock().unwrap();
    heard.iter().map(|(_, headers)| headers["authorization"].to_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn however_many_ask_one_renews() {
    let world = World::new().await;
    let browser = world.sign_in().await;
    assert_eq!(world.get(&browser, "/api/x").await.status, 200);
    world.clock.advance(46);
    let calls = (0..20).map(|n| {
        let (world, browser) = (&world, &browser);
        async move { world.get(browser, &format!("/api/{n}")).await.status }
    });
    let mut all: Vec<_> = calls.map(Box::pin).collect();
    let done = std::future::poll_fn(|cx| {
        all.retain_mut(|call| match call.as_mut().poll(cx) {
            std::task::Poll::Ready(status) => {
                assert_eq!(status, 200);
                false
            }
            std::task::Poll::Pending => true,
        });
        if all.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    });
    done.await;
    let asked = world.issuer.does.lock().unwrap().asked.clone();
    assert_eq!(asked.len(), 2, "one code, one refresh");
    assert!(asked[1].contains("grant_type=refresh_token") && asked[1].contains("refresh_token=refresh-1"));
    let tokens = authorizations(&world);
    assert_eq!((tokens.len(), tokens[0].as_str()), (21, "Bearer access-1"));
    assert!(tokens[1..].iter().all(|token| token == "Bearer access-2"));
}

#[tokio::test]
async fn a_token_counts_while_the_issuer_is_away_and_the_session_stays() {
    let world = World::new().await;
    let browser = world.sign_in().await;
    world.issuer.does.lock().unwrap().refuses = Some((503, json!({})));
    world.clock.advance(46);
    assert_eq!(world.get(&browser, "/api/x").await.status, 200, "it lives for another 14 seconds");
    assert_eq!(world.get(&browser, "/api/x").await.status, 200);
    assert_eq!(world.issuer.does.lock().unwrap().asked.len(), 2, "nobody asks again within three seconds");
    world.clock.advance(14);
    let answer = world.get(&browser, "/api/x").await;
    assert_eq!((answer.status, answer.json()["error"].as_str()), (503, Some("issuer_away")));
    assert!(answer.headers.contains_key("retry-after"));
    world.issuer.does.lock().unwrap().refuses = None;
    world.clock.advance(3);
    assert_eq!(world.get(&browser, "/api/x").await.status, 200);
}

#[tokio::test]
async fn rfc6749_section_5_2_what_the_issuer_has_ended_is_over() {
    let world = World::new().await;
    let (browser, other) = (world.sign_in().await, world.sign_in().await);
    world.issuer.does.lock().unwrap().refuses = Some((400, json!({ "error": "invalid_grant" })));
    world.clock.advance(46);
    assert_eq!(world.get(&browser, "/api/x").await.json()["error"], "sign_in_needed");
    assert_eq!(world.get(&browser, "/session").await.status, 401);
    assert_eq!(world.get(&other, "/session").await.status, 200, "nobody else's");
}

#[tokio::test]
async fn a_token_that_the_api_refuses_is_renewed_before_the_next_call() {
    let world = World::new().await;
    let browser = world.sign_in().await;
    assert_eq!(world.get(&browser, "/api/refuse").await.status, 401);
    assert_eq!(world.get(&browser, "/api/x").await.status, 200);
    assert_eq!(authorizations(&world), ["Bearer access-1", "Bearer access-1"], "a new one would be no better");
    world.clock.advance(10);
    assert_eq!(world.get(&browser, "/api/refuse").await.status, 401);
    assert_eq!(world.get(&browser, "/api/x").await.status, 200);
    assert_eq!(authorizations(&world).last().unwrap(), "Bearer access-2");
}

#[tokio::test]
async fn what_was_renewed_is_there_after_a_restart() {
    let mut world = World::new().await;
    let browser = world.sign_in().await;
    world.clock.advance(46);
    world.get(&browser, "/api/x").await;
    world.restart().await;
    world.get(&browser, "/api/x").await;
    assert_eq!(authorizations(&world), ["Bearer access-2", "Bearer access-2"]);
    world.clock.advance(60);
    world.get(&browser, "/api/x").await;
    assert!(world.issuer.does.lock().unwrap().asked[2].contains("refresh_token=refresh-2"));
}

#[tokio::test]
async fn a_session_ends_when_idle_and_at_its_absolute_end() {
    let world = World::new().await;
    let browser = world.sign_in().await;
    world.clock.advance(12 * 3_600 - 1);
    assert_eq!(world.get(&browser, "/session").await.status, 200);
    world.clock.advance(12 * 3_600 - 1);
    assert_eq!(world.get(&browser, "/session").await.status, 200);
    world.clock.advance(2);
    assert_eq!(world.get(&browser, "/session").await.status, 401, "24 hours");
    let browser = world.sign_in().await;
    world.clock.advance(12 * 3_600);
    assert_eq!(world.get(&browser, "/session").await.status, 401, "unused");
}
