//! Promises of the audit log: every security event is there, and nothing in the data folder is a secret that
//! works (security 28, 149, 153).

use serde_json::json;
use symbolon_store::AuditEvent;

use crate::support::client::form;
use crate::support::{PASSWORD, SECRET, World};

/// The first event of this name and outcome.
fn find<'e>(events: &'e [AuditEvent], name: &str, outcome: &str) -> &'e AuditEvent {
    let found = events.iter().find(|event| event.name == name && event.outcome == outcome);
    found.unwrap_or_else(|| panic!("no {name} {outcome} in {events:#?}"))
}

/// 149.
#[tokio::test]
async fn sign_in_issue_replay_and_logout_are_on_record_with_who_where_and_when() {
    let world = World::new().await;
    let mut browser = world.browser();
    let page = browser.get("/login").await;
    browser.clone().sign_in(&page, "ada@example.com", "wrong password").await;
    browser.clone().sign_in(&page, "nobody@example.com", "wrong password").await;
    let code = browser.code("web", "ada@example.com", &[]).await;
    let tokens = world.redeem("web", &code).await.json();
    world.advance(5);
    world.redeem("web", &code).await;
    let path = format!("/logout?{}", form(&[("id_token_hint", tokens["id_token"].as_str().unwrap())]));
    browser.get(&path).await;
    world.post_as("web", "/oauth/token", &[("grant_type", "client_credentials"), ("client_secret", "x")]).await;

    let events = world.audit().await;
    let begun = find(&events, "session.start", "success");
    assert_eq!(begun.address.as_deref(), Some("127.0.0.1"));
    assert!(begun.user_id.is_some() && begun.sid.is_some() && begun.request_id.is_some());
    assert_eq!(begun.client_id.as_deref(), Some("web"));
    let failed: Vec<_> =
        events.iter().filter(|event| event.name == "session.start" && event.outcome == "failure").collect();
    assert_eq!(failed.len(), 2);
    assert_eq!(failed[0].user_id, begun.user_id, "the account is named where there is one");
    assert_eq!(failed[1].user_id, None);
    let issued = find(&events, "token.issue", "success");
    assert_eq!((&issued.user_id, &issued.sid), (&begun.user_id, &begun.sid));
    let replay = find(&events, "token.replay", "failure");
    assert_eq!(replay.at, begun.at + 5);
    assert_eq!(replay.client_id.as_deref(), Some("web"));
    let ended = find(&events, "session.end", "success");
    assert_eq!((&ended.user_id, &ended.sid), (&begun.user_id, &begun.sid));
}

#[tokio::test]
async fn a_client_with_a_wrong_secret_is_on_record() {
    let world = World::new().await;
    let fields = [("grant_type", "client_credentials"), ("client_id", "partner"), ("client_secret", "sym_cs_wrong")];
    let answer = world.browser().post("/oauth/token", &fields).await;
    assert_eq!(answer.status, 401);
    let events = world.audit().await;
    let refused = find(&events, "client.authenticate", "failure");
    assert_eq!(refused.client_id.as_deref(), Some("partner"));
    assert!(!serde_json::to_string(&events).unwrap().contains("sym_cs_wrong"));
}

/// What was issued to machines is counted, and the count is written when the server stops.
#[tokio::test]
async fn machine_tokens_are_counted_and_survive_the_stop() {
    let world = World::new().await;
    for _ in 0..3 {
        let answer =
            world.token("machine", &[("grant_type", "client_credentials"), ("audience", crate::support::API)]).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let world = world.restart().await;
    let events = world.audit().await;
    let counted = find(&events, "token.issue", "success");
    assert_eq!(counted.client_id.as_deref(), Some("machine"));
    assert_eq!(counted.detail["count"], 3);
}

/// 149: CR and LF of an attacker stay inside the value.
#[tokio::test]
async fn what_a_caller_sends_is_bounded_and_stays_in_its_field() {
    let world = World::new().await;
    let hostile = format!("x\r\nsession.start success {}", "y".repeat(5_000));
    let fields = [("grant_type", "client_credentials"), ("client_id", &*hostile), ("client_secret", "x")];
    world.browser().post("/oauth/token", &fields).await;
    for event in world.audit().await {
        let line = serde_json::to_string(&event).unwrap();
        assert!(line.len() < 1_000 && !line.contains('\n'), "{line}");
    }
}

/// 28, 153: a thief of the files has nothing that works.
#[tokio::test]
async fn no_file_in_the_data_folder_holds_a_secret_that_works() {
    let world = World::new().await.without_administrator().await;
    let mut browser = world.browser();
    let code = browser.code("web", "bob@example.com", &[]).await;
    let unused = browser.code("web", "bob@example.com", &[]).await;
    let tokens = world.redeem("web", &code).await.json();
    let first = tokens["refresh_token"].as_str().unwrap().to_owned();
    let second = world.refresh("web", &first).await.json()["refresh_token"].as_str().unwrap().to_owned();
    let (setup, reset) = (world.setup_link().await, world.reset_link("bob@example.com").await);
    // Whoever has a token revoked hands it in: it must not stay behind.
    for token in [&second, tokens["access_token"].as_str().unwrap()] {
        world.command(&json!({ "token": { "revoke": { "target": { "token": token } } } })).await;
    }
    let page = browser.get("/logout").await;
    let secrets = [
        PASSWORD.to_owned(),
        SECRET.to_owned(),
        code,
        unused,
        first,
        second,
        tokens["access_token"].as_str().unwrap().to_owned(),
        tokens["id_token"].as_str().unwrap().to_owned(),
        browser.cookies["symbolon-session-4400"].clone(),
        browser.cookies["symbolon-pre-4400"].clone(),
        page.field("csrf"),
        setup.split_once("code=").unwrap().1.to_owned(),
        reset.split_once("code=").unwrap().1.to_owned(),
    ];
    world.audit().await;
    let stopped = world.stop().await;
    let mut bytes = Vec::new();
    for file in std::fs::read_dir(stopped.data()).unwrap() {
        let path = file.unwrap().path();
        bytes.extend(std::fs::read(&path).unwrap());
    }
    let contains = |needle: &str| bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
    assert!(contains("bob@example.com") && contains("session.start"), "the search finds what is there");
    for secret in &secrets {
        // Without its prefix and checksum as well: what counts are the random bits.
        for part in [&secret[..], &secret[secret.len() / 3..secret.len() * 2 / 3]] {
            assert!(part.len() < 5 || !contains(part), "{part} of {secret}");
        }
    }
    // 153: no private key in the clear.
    for member in ["\"d\":\"", "\"p\":\"", "PRIVATE KEY"] {
        assert!(!contains(member), "{member}");
    }
}

/// The log only grows: the database itself refuses to change it.
#[tokio::test]
async fn the_newest_event_has_the_largest_number() {
    let world = World::new().await;
    world.tokens("web", "ada@example.com").await;
    world.audit().await;
    let records = world.running.app.store.audit(0, 100).await.unwrap();
    assert!(records.windows(2).all(|pair| pair[0].seq < pair[1].seq));
}
