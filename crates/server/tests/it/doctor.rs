//! What a running server tells `symbolon doctor`.

use http::{HeaderName, Method};
use serde_json::{Value, json};

use crate::support::World;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

async fn facts(world: &World) -> Value {
    world.command(&json!("doctor")).await
}

#[tokio::test]
async fn whoever_forwards_addresses_without_being_trusted_is_remembered() {
    let world = World::new().await;
    world.browser().get("/login").await;
    assert_eq!(facts(&world).await["forwarded_by"], Value::Null);
    world.browser().send(Method::GET, "/login", &[(FORWARDED_FOR, "192.0.2.7")], None).await;
    assert_eq!(facts(&world).await["forwarded_by"], "127.0.0.1", "the peer, not what it claims");
}

#[tokio::test]
async fn a_proxy_that_is_trusted_is_not_worth_a_word() {
    let world = World::with(|config| config.http.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await;
    world.browser().send(Method::GET, "/login", &[(FORWARDED_FOR, "192.0.2.7")], None).await;
    assert_eq!(facts(&world).await["forwarded_by"], Value::Null);
}

/// Past the commands, as an older version or somebody's own program may have written it.
#[tokio::test]
async fn registrations_that_would_be_refused_today_are_named() {
    let world = World::new().await;
    assert_eq!(facts(&world).await["faults"], json!([]));
    world.change_client("web", |client| client.redirect_uris.push("https://*.example/".to_owned())).await;
    let facts = facts(&world).await;
    let faults = facts["faults"].as_array().unwrap();
    assert_eq!((faults.len(), &faults[0]["id"]), (1, &json!("web")), "{faults:?}");
    assert!(faults[0]["what"].as_str().unwrap().contains("redirect_uris"), "{faults:?}");
}

#[tokio::test]
async fn secrets_and_their_hashes_stay_out() {
    let world = World::new().await;
    let facts = facts(&world).await;
    let secrets =
        facts["client_list"].as_array().unwrap().iter().flat_map(|client| client["secrets"].as_array().unwrap());
    for secret in secrets {
        assert!(secret.get("hash").is_none(), "{secret}");
    }
    for key in facts["key_list"].as_array().unwrap() {
        assert_eq!(key.as_object().unwrap().keys().collect::<Vec<_>>(), ["alg", "created_at", "kid", "life"]);
    }
    assert!(
        facts["open_files"].as_u64().unwrap() > 0 && facts["store"]["engine"].as_str().unwrap().starts_with("SQLite")
    );
}
