//! Promises of the counters in Valkey (security F13): they are all that is kept there, and losing it loses nothing.

use std::time::Duration;

use symbolon_server::Config;
use symbolon_server::config::SecretText;
use tokio::time::Instant;
use valkey_fixture::Server;

use crate::support::flow::authorize_url;
use crate::support::{PASSWORD, World};

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

async fn server() -> Server {
    tokio::task::spawn_blocking(|| Server::start(&[]).unwrap()).await.unwrap()
}

/// Counts there, and waits long for it unless it is gone.
fn counting(url: String) -> impl FnOnce(&mut Config) {
    |config| {
        config.throttle.valkey = Some(SecretText::new(url));
        config.throttle.valkey_patience_ms = 10_000;
    }
}

async fn sign_in(world: &World, email: &str, password: &str) -> u16 {
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[])).await;
    browser.sign_in(&page, email, password).await.status.as_u16()
}

async fn guess(world: &World) -> u16 {
    sign_in(world, ADA, "wrong wrong wrong").await
}

async fn is_back(world: &World) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while world.running.app.attempts.valkey_is_away() != Some(false) {
        assert!(Instant::now() < deadline, "never back");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The counters that are in Valkey.
fn counters(server: &Server) -> Vec<String> {
    let keys = server.command(&["KEYS", "*"]).unwrap();
    keys.lines().map(str::to_owned).filter(|key| !key.is_empty() && !key.ends_with(":probe")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_sign_ins_are_counted_there_for_all_nodes_and_nothing_else_is_kept() {
    let valkey = server().await;
    let first = World::with(counting(valkey.url())).await;
    // Another store altogether: what they share is the count. The account has another id there, the address is the same.
    let second = World::with(|config| {
        counting(valkey.url())(config);
        config.throttle.address.free = 5;
    })
    .await;
    for _ in 0..5 {
        assert_eq!(guess(&first).await, 400);
    }
    assert_eq!(guess(&first).await, 429);
    assert_eq!(sign_in(&second, BOB, PASSWORD).await, 429, "the address has used its attempts up at the other node");
    first.advance(2);
    let tokens = first.tokens("web", ADA).await;
    let refreshed = first.refresh("web", tokens["refresh_token"].as_str().unwrap()).await;
    assert_eq!(refreshed.status, 200);
    let left = counters(&valkey);
    assert!(!left.is_empty());
    for key in left {
        assert!(
            key.starts_with("{symbolon:")
                && (key.contains("}:throttle:address:") || key.contains("}:throttle:subnet:")),
            "{key}"
        );
    }
}

/// F13: stopped, come back empty, flushed, and stopped again, under load.
#[tokio::test(flavor = "multi_thread")]
async fn losing_it_loses_no_revocation_and_no_single_use_mark_and_nobody_notices() {
    let mut valkey = server().await;
    let world = World::with(|config| {
        counting(valkey.url())(config);
        config.throttle.address.free = 100_000;
    })
    .await;
    let mut revoked = Vec::new();
    let mut used = Vec::new();
    for round in 0..4 {
        let (bob, code) =
            tokio::join!(sign_in(&world, BOB, PASSWORD), async { world.browser().code("web", BOB, &[]).await });
        assert_eq!(bob, 303);
        let answer = world.redeem("web", &code).await;
        assert_eq!(answer.status, 200);
        let tokens = world.tokens("web", BOB).await;
        let refresh_token = tokens["refresh_token"].as_str().unwrap().to_owned();
        let token = [("token", refresh_token.as_str())];
        let (ended, wrong) = tokio::join!(world.post_as("web", "/oauth/revoke", &token), guess(&world));
        assert_eq!(ended.status, 200);
        assert!([400, 429].contains(&wrong), "{wrong}");
        used.push(code);
        revoked.push((refresh_token, tokens["access_token"].clone()));
        match round {
            0 | 3 => valkey.down(),
            1 => {
                valkey.up().unwrap();
                is_back(&world).await;
            }
            _ => drop(valkey.command(&["FLUSHALL"]).unwrap()),
        }
    }
    for (refresh_token, access_token) in &revoked {
        assert_eq!(world.refresh("web", refresh_token).await.status, 400);
        world.assert_dead(access_token).await;
    }
    for code in &used {
        assert_eq!(world.redeem("web", code).await.status, 400, "a code works once");
    }
}

/// A count may begin anew when the counter changes; it always is one.
#[tokio::test(flavor = "multi_thread")]
async fn while_it_is_away_the_store_limits_and_afterwards_it_does_again() {
    let mut valkey = server().await;
    let world = World::with(counting(valkey.url())).await;
    for _ in 0..5 {
        assert_eq!(guess(&world).await, 400);
    }
    assert_eq!(guess(&world).await, 429);
    valkey.down();
    for _ in 0..5 {
        assert_eq!(guess(&world).await, 400, "counted by the store, from the beginning");
    }
    assert_eq!(guess(&world).await, 429);
    assert_eq!(sign_in(&world, ADA, PASSWORD).await, 429);
    assert_eq!(sign_in(&world, BOB, PASSWORD).await, 303);
    valkey.up().unwrap();
    is_back(&world).await;
    for _ in 0..5 {
        assert_eq!(guess(&world).await, 400, "counted there, from the beginning");
    }
    assert_eq!(guess(&world).await, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_starts_without_it_and_takes_it_up_when_it_comes() {
    let mut valkey = server().await;
    valkey.down();
    let world = World::with(counting(valkey.url())).await;
    assert_eq!(world.running.app.attempts.valkey_is_away(), Some(true));
    assert_eq!(sign_in(&world, ADA, PASSWORD).await, 303);
    valkey.up().unwrap();
    is_back(&world).await;
    assert_eq!(guess(&world).await, 400);
    assert_eq!(counters(&valkey).len(), 4);
}

#[tokio::test]
async fn a_url_that_means_nothing_is_refused_without_quoting_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::development(folder.path()).unwrap();
    config.throttle.valkey = Some(SecretText::new("http://u:hunter2@h".to_owned()));
    let why = config.check().unwrap_err().to_string();
    assert!(why.contains("throttle.valkey") && why.contains("redis://"), "{why}");
    assert!(!why.contains("hunter2"), "{why}");
}
