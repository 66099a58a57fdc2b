//! Promises of a reload: what can change while the node runs does, for the next request; what is wrong changes nothing.

use std::path::PathBuf;

use symbolon_server::config::{Loaded, Mode, Sources, load};

use crate::support::World;
use crate::support::protocol::claims;

/// A configuration as the command line reads it.
fn loaded(world: &World, settings: &[(&'static str, &str)]) -> Loaded {
    let all = [("issuer", crate::support::ISSUER), ("data", world.data().to_str().unwrap())];
    let flags = all.iter().chain(settings).map(|(path, text)| (*path, "--flag", (*text).to_owned())).collect();
    load(&Sources { flags, mode: Mode::Production, directory: PathBuf::new(), ..Sources::default() }).unwrap()
}

#[tokio::test]
async fn a_changed_lifetime_counts_for_the_next_token() {
    let world = World::new().await;
    let old = loaded(&world, &[]);
    let lives = |tokens: &serde_json::Value| {
        let claims = claims(&tokens["access_token"]);
        claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap()
    };
    assert_eq!(lives(&world.tokens("web", "ada@example.com").await), 600);
    let new = loaded(&world, &[("tokens.access_lifetime", "2m"), ("throttle.pair.free", "1")]);
    world.running.reload(&old, &new).unwrap();
    assert_eq!(lives(&world.tokens("web", "ada@example.com").await), 120);
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let body = r#"{"username":"bob@example.com","password":"wrong","client_id":"spa"}"#;
        let headers = [(http::header::CONTENT_TYPE, "application/json")];
        let answer = world.browser().send(http::Method::POST, "/authenticate", &headers, Some(body.to_owned())).await;
        statuses.push(answer.status.as_u16());
    }
    assert_eq!(statuses, [401, 429, 429], "the throttle counts as it is now");
}

#[tokio::test]
async fn what_needs_a_restart_stays_and_what_is_wrong_changes_nothing() {
    let world = World::new().await;
    let old = loaded(&world, &[]);
    let other = loaded(&world, &[("revocation.max_followers", "7"), ("http.max_connections", "9000")]);
    world.running.reload(&old, &other).unwrap();
    let kept = world.running.app.config();
    assert_eq!((kept.revocation.max_followers, kept.http.max_connections), (5_000, 10_000));
    for wrong in [
        &[("session.idle", "30d"), ("tokens.access_lifetime", "2m")][..],
        &[("tokens.access_lifetime", "2m"), ("tokens.refresh_idle", "100d")],
    ] {
        let error = world.running.reload(&old, &loaded(&world, wrong)).unwrap_err();
        assert!(error.to_string().contains("is longer than"), "{error}");
    }
    let after = world.running.app.config();
    assert_eq!(after.tokens.access_lifetime_secs, 600);
    assert_eq!(format!("{:?}", after.session), format!("{:?}", kept.session));
}
