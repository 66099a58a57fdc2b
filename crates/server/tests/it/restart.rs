//! Promises of starting and stopping (security part 3, row 20): what was there is there again, and a server that
//! cannot start rightly says why and changes nothing.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use symbolon_server::config::SecretText;
use symbolon_server::{Clock, Config, StartError};

use crate::support::flow::authorize_url;
use crate::support::{NOW, Stopped, World};

/// The message an operator reads.
async fn refusal(stopped: Stopped, change: impl FnOnce(&mut Config)) -> (String, Stopped) {
    match stopped.start(change).await {
        Ok(_) => panic!("it started"),
        Err((why, stopped)) => (why.to_string(), stopped),
    }
}

/// Every file, but the lock and what SQLite writes by merely opening.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let read = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    read.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap_or_default()))
        .collect()
}

#[tokio::test]
async fn everything_survives_a_restart() {
    let world = World::new().await;
    let mut browser = world.browser();
    let code = browser.code("web", "ada@example.com", &[]).await;
    let tokens = world.tokens("web", "bob@example.com").await;
    let jwks = world.browser().get("/.well-known/jwks.json").await.body;
    let page = world.browser().get(&authorize_url("web", &[])).await;
    let reset = world.reset_link("bob@example.com").await;

    let world = world.restart().await;
    assert_eq!(world.browser().get("/.well-known/jwks.json").await.body, jwks, "the same keys");
    browser.address = world.running.address.unwrap();
    assert!(browser.get(&authorize_url("web", &[("prompt", "none")])).await.param("code").is_some(), "the session");
    assert_eq!(world.redeem("web", &code).await.status, 200, "a code given out before");
    assert_eq!(world.redeem("web", &code).await.status, 400, "and only once");
    assert_eq!(world.userinfo(tokens["access_token"].as_str().unwrap()).await.status, 200);
    assert_eq!(world.refresh("web", tokens["refresh_token"].as_str().unwrap()).await.status, 200);
    assert_eq!(world.browser().get(&reset).await.status, 200);
    // A page that was open stays good: its tokens are signed under the master key.
    let mut waiting = world.browser();
    for cookie in page.cookies() {
        let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
        waiting.cookies.insert(name.to_owned(), value.to_owned());
    }
    assert!(waiting.sign_in(&page, "ada@example.com", crate::support::PASSWORD).await.param("code").is_some());
}

/// A single process may hold the folder, and a stopped one holds nothing.
#[tokio::test]
async fn a_second_server_on_the_same_data_is_refused_and_the_first_goes_on() {
    let world = World::new().await;
    let mut config = Config::development(world.data()).unwrap();
    config.dev = false;
    config.http.listen = "127.0.0.1:0".parse().unwrap();
    let why = symbolon_server::start(config, Clock::fixed(NOW)).await.unwrap_err().to_string();
    assert!(why.contains("in use by another process"), "{why}");
    assert_eq!(world.browser().get("/readyz").await.status, 200);
    world.reset_link("bob@example.com").await;
    world.restart().await.tokens("web", "ada@example.com").await;
}

#[tokio::test]
async fn a_changed_issuer_is_refused_and_nothing_is_rewritten() {
    let stopped = World::new().await.stop().await;
    for issuer in ["http://localhost:4400/", "https://id.example.com", "http://localhost:4401"] {
        let (why, back) = refusal(World::new().await.stop().await, |config| config.issuer = issuer.to_owned()).await;
        assert!(why.contains("was made for the issuer http://localhost:4400") && why.contains(issuer), "{why}");
        back.start(|_| {}).await.unwrap().tokens("web", "ada@example.com").await;
    }
    let (why, _) = refusal(stopped, |config| config.issuer = "http://id.example.com".to_owned()).await;
    assert!(why.contains("must be an https URL"), "{why}");
}

/// Row 20.
#[tokio::test]
async fn a_wrong_master_key_is_refused_and_nothing_is_rewritten() {
    let world = World::new().await;
    let jwks = world.browser().get("/.well-known/jwks.json").await.body;
    let stopped = world.stop().await;
    let before = files(stopped.data());
    let wrong = "A".repeat(43);
    let (why, stopped) = refusal(stopped, |config| config.master_key = Some(SecretText::new(wrong.clone()))).await;
    assert!(why.contains("master key is not the one this data was made with"), "{why}");
    assert!(!why.contains(&wrong));
    let (why, stopped) = refusal(stopped, |config| config.master_key = Some(SecretText::new("short".into()))).await;
    assert!(why.contains("not 43 characters of base64url"), "{why}");
    assert_eq!(files(stopped.data())["symbolon.db"], before["symbolon.db"]);
    assert_eq!(files(stopped.data())["master.key"], before["master.key"]);
    let world = stopped.start(|_| {}).await.unwrap_or_else(|(why, _)| panic!("{why}"));
    assert_eq!(world.browser().get("/.well-known/jwks.json").await.body, jwks);
}

/// Row 20: a lost key file is not replaced by a new one beside data that it cannot open.
#[tokio::test]
async fn a_lost_master_key_is_told_and_not_made_anew() {
    let stopped = World::new().await.stop().await;
    let path = stopped.data().join("master.key");
    let key = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let (why, stopped) = refusal(stopped, |_| {}).await;
    assert!(why.contains("master.key") && why.contains("missing"), "{why}");
    assert!(!path.exists(), "a new key would hide that the old one is gone");
    std::fs::write(&path, key).unwrap();
    stopped.start(|_| {}).await.unwrap().tokens("web", "ada@example.com").await;
}

#[tokio::test]
async fn key_file_and_socket_are_for_their_owner_alone() {
    let world = World::new().await;
    for (name, mode) in [("master.key", 0o600), ("control.sock", 0o600), ("symbolon.db", 0o600)] {
        let found = std::fs::metadata(world.data().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{name} is {found:o}");
    }
}

#[tokio::test]
async fn a_taken_port_says_what_to_do_and_touches_no_data() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::development(folder.path()).unwrap();
    let address = world.running.address.unwrap();
    config.http.listen = address.to_string().parse().unwrap();
    let why = symbolon_server::start(config, Clock::fixed(NOW)).await.unwrap_err();
    assert!(matches!(why, StartError::Listen { .. }));
    let why = why.to_string();
    assert_eq!(why, format!("{address} is taken by another program; stop it or choose another address with --listen"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_database_that_is_none_is_refused_and_left_as_it_is() {
    for garbage in [
        &b"this is no database, but it is long enough to be read as the header of one ...................."[..],
        &[0xff; 8_192],
    ] {
        let stopped = World::new().await.stop().await;
        let path = stopped.data().join("symbolon.db");
        std::fs::write(&path, garbage).unwrap();
        for name in ["symbolon.db-wal", "symbolon.db-shm"] {
            let _ = std::fs::remove_file(stopped.data().join(name));
        }
        let (why, _stopped) = refusal(stopped, |_| {}).await;
        assert!(why.contains("database") && why.contains("symbolon.db") || why.contains("not a database"), "{why}");
        assert_eq!(std::fs::read(&path).unwrap(), garbage);
    }
}

/// Whoever runs the tests as root may write anywhere, so the read-only place is one that the system keeps.
#[tokio::test]
async fn a_place_that_cannot_be_written_is_refused_with_its_name() {
    let mut config = Config::development(Path::new("/proc/symbolon")).unwrap();
    config.http.listen = "127.0.0.1:0".parse().unwrap();
    let why = symbolon_server::start(config, Clock::fixed(NOW)).await.unwrap_err().to_string();
    assert!(why.contains("/proc/symbolon"), "{why}");

    let stopped = World::new().await.stop().await;
    let path = stopped.data().join("symbolon.db");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
    if std::fs::OpenOptions::new().append(true).open(&path).is_ok() {
        return;
    }
    let (why, _stopped) = refusal(stopped, |_| {}).await;
    assert!(why.contains("symbolon.db") && why.contains("written"), "{why}");
}

/// A socket file that a killed server left behind stops nobody.
#[tokio::test]
async fn a_stale_control_socket_is_replaced() {
    let stopped = World::new().await.stop().await;
    let socket = stopped.data().join("control.sock");
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    assert!(socket.exists());
    let world = stopped.start(|_| {}).await.unwrap_or_else(|(why, _)| panic!("{why}"));
    world.reset_link("bob@example.com").await;
}
