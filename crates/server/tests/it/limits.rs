//! Limits that an operator sets: how long what waits for a person waits, and how much of it may.

use crate::support::World;
use crate::support::device::tv;

#[tokio::test]
async fn what_waits_for_a_person_waits_as_long_as_the_settings_say() {
    let world = World::with(|config| {
        config.tokens.pushed_request_lifetime_secs = 90;
        config.tokens.device_code_lifetime_secs = 120;
    })
    .await;
    let pushed = world.push("web", &[]).await;
    assert_eq!(pushed.json()["expires_in"], 90);
    let url = format!("/authorize?client_id=web&request_uri={}", pushed.json()["request_uri"].as_str().unwrap());
    world.advance(89);
    world.browser().get(&url).await.is_page(200);
    world.advance(1);
    world.browser().get(&url).await.is_page(400);
    world.put_client(&tv("tv")).await;
    assert_eq!(world.ask_from("tv", &[], &[]).await.json()["expires_in"], 120);
}

#[tokio::test]
async fn so_many_may_ask_one_person_over_the_back_channel_as_the_settings_say() {
    let world = World::with(|config| {
        config.tokens.backchannel_lifetime_secs = 60;
        config.throttle.backchannel_waiting = 1;
    })
    .await;
    world.asking(serde_json::json!({ "backchannel_token_delivery_mode": "poll" })).await;
    let asked = world.ask_for_as("web", &[]).await;
    assert_eq!(asked.json()["expires_in"], 60);
    world.ask_for_as("web", &[]).await.is_error(429, "temporarily_unavailable");
    world.advance(60);
    assert_eq!(world.ask_for_as("web", &[]).await.status, 200);
}
