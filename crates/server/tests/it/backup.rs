//! Backups beside a running server (security part 3, row 11): nothing that was acknowledged is missing, and what ended after the backup does not come
//! back to life.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use symbolon_server::backup::{self, ArchiveKey, SignInsAfter};
use symbolon_store::transfer::Present;
use symbolon_store::{AuditEvent, Options, Sqlite, Store};
use tokio::net::UnixStream;

use crate::support::flow::authorize_url;
use crate::support::{Stopped, World};

const ADA: &str = "ada@example.com";

/// As the command line does it: the archive is the body of an answer.
async fn back_up(world: &World, name: &str) -> PathBuf {
    let stream = UnixStream::connect(world.data().join("control.sock")).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::builder().method(Method::POST).uri("/backup").body(Empty::<bytes::Bytes>::new()).unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let place = world.data().join(name);
    std::fs::write(&place, response.into_body().collect().await.unwrap().to_bytes()).unwrap();
    place
}

async fn restore(stopped: &Stopped, place: &Path, sign_ins: SignInsAfter) {
    let config = stopped.config(|_| {});
    let key = ArchiveKey::configured(&config).unwrap().unwrap();
    let (present, now) = (Present::Replace { now: stopped.clock.now() }, stopped.clock.now());
    backup::restore(&config, (place, &key), present, sign_ins, now, &mut |_, _| {}).await.unwrap();
}

async fn start(stopped: Stopped) -> World {
    stopped.start(|_| {}).await.unwrap_or_else(|(why, _)| panic!("{why}"))
}

fn text<'v>(tokens: &'v Value, member: &str) -> &'v str {
    tokens[member].as_str().unwrap()
}

/// Writes without a pause and remembers what was acknowledged.
async fn write(store: Arc<dyn Store>, number: usize, journal: Arc<Mutex<Vec<String>>>, stop: Arc<AtomicBool>) {
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        let id = format!("{number}-{count}");
        let event = AuditEvent {
            at: 0,
            name: "test.write".into(),
            outcome: "success".into(),
            actor: None,
            user_id: None,
            client_id: None,
            sid: None,
            address: None,
            request_id: Some(id.clone()),
            detail: Value::Null,
        };
        store.append_audit(vec![event]).await.unwrap();
        journal.lock().unwrap().push(id);
        count += 1;
    }
}

/// Row 11.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_acknowledged_before_a_backup_under_load_is_in_it() {
    let world = World::new().await;
    let (journal, stop) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicBool>::default());
    let store = &world.running.app.store;
    let writers: Vec<_> = (0..8)
        .map(|number| tokio::spawn(write(Arc::clone(store), number, Arc::clone(&journal), Arc::clone(&stop))))
        .collect();
    let mut acknowledged = Vec::new();
    let mut place = PathBuf::new();
    for round in 0..3 {
        let before = journal.lock().unwrap().len();
        world.tokens("web", ADA).await;
        acknowledged = journal.lock().unwrap().clone();
        assert!(acknowledged.len() > before, "nothing is written");
        place = back_up(&world, &format!("{round}.backup")).await;
    }
    let after = journal.lock().unwrap().len();
    assert!(after > acknowledged.len(), "writers were held up");
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    let stopped = world.stop().await;
    restore(&stopped, &place, SignInsAfter::End).await;

    let restored = stopped.data().join("symbolon.db");
    let conn = rusqlite::Connection::open(&restored).unwrap();
    let check: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    assert!(!conn.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap());
    drop(conn);
    let store = Sqlite::open(&restored, Options::default()).unwrap();
    let (mut found, mut seq) = (std::collections::BTreeSet::new(), 0);
    loop {
        let records = store.audit(seq, 1_000).await.unwrap();
        let Some(last) = records.last() else { break };
        seq = last.seq;
        found.extend(records.into_iter().filter_map(|record| record.event.request_id));
    }
    let lost = acknowledged.iter().filter(|id| !found.contains(*id)).count();
    assert_eq!(lost, 0, "of {} acknowledged", acknowledged.len());
}

/// Row 11: refresh tokens that were rotated, sessions that ended and tokens that were revoked after the backup.
#[tokio::test]
async fn nothing_that_ended_after_the_backup_counts_after_a_restore() {
    let world = World::new().await;
    let mut browser = world.browser();
    let code = browser.code("web", ADA, &[]).await;
    let tokens = world.redeem("web", &code).await.json();
    let waiting = world.browser().code("web", ADA, &[]).await;
    let reset = world.reset_link("bob@example.com").await;
    let epoch = world.running.app.store.revocation_head().await.unwrap().epoch;
    let place = back_up(&world, "a.backup").await;
    let rotated = world.refresh("web", text(&tokens, "refresh_token")).await.json();
    world.advance(60);

    let stopped = world.stop().await;
    restore(&stopped, &place, SignInsAfter::End).await;
    let world = start(stopped).await;
    for refresh_token in [&tokens, &rotated].map(|tokens| text(tokens, "refresh_token")) {
        assert_eq!(world.refresh("web", refresh_token).await.json()["error"], "invalid_grant");
    }
    for access_token in [&tokens, &rotated].map(|tokens| text(tokens, "access_token")) {
        assert_eq!(world.introspect(access_token).await["active"], false);
        assert_eq!(world.userinfo(access_token).await.status, 401);
    }
    assert_eq!(world.redeem("web", &waiting).await.status, 400, "a code from before");
    assert_ne!(world.browser().get(&reset).await.status, 200, "a link from before");
    browser.address = world.running.address.unwrap();
    let answer = browser.get(&authorize_url("web", &[("prompt", "none")])).await;
    assert_eq!(answer.param("error").as_deref(), Some("login_required"), "the session");
    assert_ne!(world.running.app.store.revocation_head().await.unwrap().epoch, epoch);
    // And everybody can sign in again.
    world.advance(1);
    let fresh = world.tokens("web", ADA).await;
    assert_eq!(world.introspect(text(&fresh, "access_token")).await["active"], true);
}

/// Documented: for a move, where nothing was served in between.
#[tokio::test]
async fn a_move_keeps_everybody_signed_in() {
    let world = World::new().await;
    let mut browser = world.browser();
    let code = browser.code("web", ADA, &[]).await;
    let tokens = world.redeem("web", &code).await.json();
    let place = back_up(&world, "a.backup").await;
    let stopped = world.stop().await;
    restore(&stopped, &place, SignInsAfter::Keep).await;
    let world = start(stopped).await;
    assert_eq!(world.introspect(text(&tokens, "access_token")).await["active"], true);
    assert_eq!(world.refresh("web", text(&tokens, "refresh_token")).await.status, 200);
    browser.address = world.running.address.unwrap();
    assert!(browser.get(&authorize_url("web", &[("prompt", "none")])).await.param("code").is_some());
}

#[tokio::test]
async fn a_backup_over_the_socket_is_whole_secret_and_in_the_audit_log() {
    let world = World::new().await;
    let tokens = world.tokens("web", ADA).await;
    let place = back_up(&world, "a.backup").await;
    let summary = backup::verify(&place, &world.running.app.archive_key).unwrap();
    assert_eq!(summary.json()["tables"]["account"], 2);
    let archive = std::fs::read_to_string(&place).unwrap();
    let master = std::fs::read_to_string(world.data().join("master.key")).unwrap();
    for secret in [ADA, "Lovelace", master.trim(), text(&tokens, "refresh_token")] {
        assert!(!archive.contains(secret), "{secret}");
    }
    let names: Vec<String> = world.audit().await.into_iter().map(|event| event.name).collect();
    assert!(names.iter().any(|name| name == "backup.create"), "{names:?}");
}

/// Whoever asks and goes away leaves nothing running.
#[tokio::test]
async fn a_reader_that_goes_away_ends_the_backup() {
    let world = World::new().await;
    for _ in 0..3 {
        let stream = UnixStream::connect(world.data().join("control.sock")).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        let driver = tokio::spawn(connection);
        let request = Request::post("/backup").body(Empty::<bytes::Bytes>::new()).unwrap();
        drop(sender.send_request(request).await.unwrap());
        driver.abort();
    }
    back_up(&world, "a.backup").await;
    world.restart().await.tokens("web", ADA).await;
}
