//! What the SQLite adapter promises beyond the contract: files, locks, durability, a full disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use super::{Options, Sqlite};
use crate::contract::World;
use crate::contract::world::{ABSOLUTE, NOW, hash};
use crate::error::StoreError;
use crate::port::Store;
use crate::record::{AuditEvent, DocumentWrite, Expect, Sweep, Swept};

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("symbolon.db");
    (folder, path)
}

fn open(path: &Path) -> Sqlite {
    Sqlite::open(path, Options::default()).unwrap()
}

fn put(id: &str) -> Vec<DocumentWrite> {
    let body = serde_json::json!({ "name": id });
    vec![DocumentWrite::Put { kind: "client".into(), id: id.into(), body, expect: Expect::Absent }]
}

fn event(size: usize) -> AuditEvent {
    AuditEvent {
        at: 1000,
        name: "test.filled".into(),
        outcome: "success".into(),
        actor: None,
        user_id: None,
        client_id: None,
        sid: None,
        address: None,
        request_id: None,
        detail: "x".repeat(size).into(),
    }
}

#[tokio::test]
async fn reopening_sees_every_answered_write() {
    let (_folder, path) = folder();
    let store = open(&path);
    for round in 0..20 {
        store.apply(put(&round.to_string())).await.unwrap();
    }
    drop(store);
    let store = open(&path);
    assert_eq!(store.documents("client", None, 100).await.unwrap().items.len(), 20);
    assert_eq!(store.registry_version().await.unwrap(), 20);
    assert_eq!(*store.watch_registry().borrow(), 20);
}

/// The copy is what a power cut leaves: the database and its log as they are, no clean end.
#[tokio::test]
async fn a_copy_of_the_files_without_a_clean_end_sees_every_answered_write() {
    let (folder, path) = folder();
    let store = open(&path);
    for round in 0..20 {
        store.put_meta_once(&round.to_string(), "x").await.unwrap();
    }
    let copy = folder.path().join("copy.db");
    for suffix in ["", "-wal"] {
        let with = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
        std::fs::copy(with(&path), with(&copy)).unwrap();
    }
    let store = open(&copy);
    for round in 0..20 {
        assert!(store.meta(&round.to_string()).await.unwrap().is_some(), "{round}");
    }
}

#[tokio::test]
async fn a_second_opener_is_refused_until_the_first_has_gone() {
    let (_folder, path) = folder();
    let first = open(&path);
    let second = Sqlite::open(&path, Options::default());
    assert_eq!(second.err(), Some(StoreError::InUse { path: path.clone() }));
    first.ping().await.unwrap();
    drop(first);
    open(&path).ping().await.unwrap();
}

#[cfg(unix)]
#[test]
fn files_and_folder_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("a/b");
    let _store = open(&folder.join("symbolon.db"));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 4, "{files:?}");
    for file in &files {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
}

#[cfg(unix)]
#[test]
fn a_read_only_file_is_refused_with_its_name() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, path) = folder();
    drop(open(&path));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
    let error = Sqlite::open(&path, Options::default()).err();
    assert!(matches!(&error, Some(StoreError::NotWritable { path: found, .. }) if *found == path), "{error:?}");
}

#[test]
fn a_folder_in_place_of_the_file_is_refused() {
    let (folder, _) = folder();
    let error = Sqlite::open(folder.path(), Options::default()).err();
    assert!(matches!(error, Some(StoreError::NotWritable { .. })), "{error:?}");
}

#[test]
fn a_folder_under_a_file_is_refused() {
    let (_folder, path) = folder();
    std::fs::write(&path, "x").unwrap();
    let error = Sqlite::open(&path.join("deeper/symbolon.db"), Options::default()).err();
    assert!(matches!(error, Some(StoreError::NotWritable { .. })), "{error:?}");
}

#[test]
fn garbage_is_refused_and_left_as_it_is() {
    let (_folder, path) = folder();
    let garbage = "this is not a database, it is somebody's diary\n".repeat(100);
    std::fs::write(&path, &garbage).unwrap();
    let error = Sqlite::open(&path, Options::default()).err();
    assert!(matches!(error, Some(StoreError::Corrupt(_))), "{error:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), garbage);
}

#[test]
fn another_programs_database_is_refused() {
    let (_folder, path) = folder();
    let theirs = rusqlite::Connection::open(&path).unwrap();
    theirs.execute_batch("CREATE TABLE recipe (name TEXT)").unwrap();
    drop(theirs);
    let error = Sqlite::open(&path, Options::default()).err();
    assert!(matches!(error, Some(StoreError::Corrupt(_))), "{error:?}");
}

#[test]
fn a_newer_schema_is_refused() {
    let (_folder, path) = folder();
    drop(open(&path));
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch("PRAGMA user_version = 999").unwrap();
    drop(conn);
    let error = Sqlite::open(&path, Options::default()).err();
    assert!(matches!(error, Some(StoreError::NewerSchema { found: 999, .. })), "{error:?}");
}

#[tokio::test]
async fn a_damaged_page_is_told_and_not_taken_for_nothing() {
    let (_folder, path) = folder();
    let store = open(&path);
    store.append_audit(vec![event(2000); 200]).await.unwrap();
    drop(store);
    let mut bytes = std::fs::read(&path).unwrap();
    let (half, end) = (bytes.len() / 2, bytes.len());
    bytes[half..end].fill(0xff);
    std::fs::write(&path, bytes).unwrap();
    let error = match Sqlite::open(&path, Options::default()) {
        Ok(store) => store.audit(0, 1000).await.err(),
        Err(error) => Some(error),
    };
    assert!(matches!(error, Some(StoreError::Corrupt(_))), "{error:?}");
}

async fn limit_pages(store: &Sqlite, spare: i64) {
    let limit = move |conn: &rusqlite::Connection| {
        let used: i64 = conn.query_row("PRAGMA page_count", [], |row| row.get(0))?;
        conn.query_row(&format!("PRAGMA max_page_count = {}", used + spare), [], |_| Ok(()))?;
        Ok(())
    };
    store.write(limit).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_refuses_writes_and_the_store_recovers_when_space_returns() {
    let (_folder, path) = folder();
    let store = open(&path);
    limit_pages(&store, 40).await;
    let mut answered = 0;
    let error = loop {
        match store.append_audit(vec![event(3000)]).await {
            Ok(()) => answered += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error, StoreError::DiskFull);
    assert!(error.is_retryable());
    assert!(answered > 10);
    assert_eq!(store.audit(0, 1000).await.unwrap().len(), answered, "reads go on, and nothing answered is missing");
    assert_eq!(store.append_audit(vec![event(3000)]).await, Err(StoreError::DiskFull));

    limit_pages(&store, 1000).await;
    store.append_audit(vec![event(3000)]).await.unwrap();
    assert_eq!(store.audit(0, 1000).await.unwrap().len(), answered + 1);
    let check = |conn: &rusqlite::Connection| Ok(conn.query_row("PRAGMA integrity_check", [], |row| row.get(0))?);
    let verdict: String = store.write(check).await.unwrap();
    assert_eq!(verdict, "ok");
}

/// In one batch, some operations fit and some do not: whoever was answered Ok is on record, nobody else.
#[tokio::test]
async fn a_full_disk_amid_a_batch_acknowledges_nothing_that_is_not_stored() {
    let (_folder, path) = folder();
    let store = open(&path);
    limit_pages(&store, 30).await;
    let store = std::sync::Arc::new(store);
    let calls: Vec<_> = (0..60)
        .map(|number| {
            let store = std::sync::Arc::clone(&store);
            tokio::spawn(async move { store.put_meta_once(&number.to_string(), &"x".repeat(3000)).await.is_ok() })
        })
        .collect();
    for (number, call) in calls.into_iter().enumerate() {
        let answered = call.await.unwrap();
        let stored = store.meta(&number.to_string()).await.unwrap().is_some();
        assert_eq!(answered, stored, "{number}");
    }
}

#[tokio::test]
async fn a_panicking_operation_takes_back_its_own_effects_only() {
    let (_folder, path) = folder();
    let store = open(&path);
    let bomb = |conn: &rusqlite::Connection| -> Result<(), StoreError> {
        conn.execute("INSERT INTO meta (key, value) VALUES ('bomb', 'x')", [])?;
        panic!("a fault of ours");
    };
    let (before, bang, after) =
        tokio::join!(store.put_meta_once("before", "x"), store.write(bomb), store.put_meta_once("after", "x"));
    assert!(before.is_ok() && after.is_ok());
    assert!(matches!(bang, Err(StoreError::Internal(_))), "{bang:?}");
    assert_eq!(store.meta("bomb").await.unwrap(), None);
    let read_bomb = |_: &rusqlite::Connection| -> Result<(), StoreError> { panic!("a fault of ours") };
    assert!(store.read(read_bomb).await.is_err());
    store.ping().await.unwrap();
}

#[tokio::test]
async fn a_ping_fails_while_writes_fail_and_until_one_works_again() {
    let (_folder, path) = folder();
    let store = open(&path);
    // As on a full disk, no page can be added to the file any more.
    let limit = |pages: u32| store.write(move |conn| Ok(conn.pragma_update(None, "max_page_count", pages)?));
    store.ping().await.unwrap();
    limit(1).await.unwrap();
    store.ping().await.unwrap();
    let mut number = 0;
    let full = loop {
        number += 1;
        if let Err(error) = store.put_meta_once(&number.to_string(), "x").await {
            break error;
        }
    };
    assert_eq!(full, StoreError::DiskFull);
    for _ in 0..2 {
        assert_eq!(store.ping().await, Err(StoreError::DiskFull));
        assert_eq!(store.meta("1").await.unwrap().as_deref(), Some("x"), "reading goes on, and is no proof of writing");
    }
    limit(1_000_000).await.unwrap();
    store.ping().await.unwrap();
    store.put_meta_once(&number.to_string(), "x").await.unwrap();
    store.ping().await.unwrap();
}

#[tokio::test]
async fn a_full_queue_answers_busy_at_once() {
    let (_folder, path) = folder();
    let store = Sqlite::open(&path, Options { queue: 1, ..Options::default() }).unwrap();
    let (release, hold) = std::sync::mpsc::channel::<()>();
    let (started, starts) = tokio::sync::oneshot::channel();
    let plug = store.write(move |_| {
        let _ = started.send(());
        let _ = hold.recv();
        Ok(())
    });
    let others = async {
        starts.await.unwrap();
        // The first of these waits in the queue, for the second there is no room.
        let (first, second) = tokio::join!(store.put_meta_once("a", "x"), async {
            let second = store.put_meta_once("b", "x").await;
            drop(release);
            second
        });
        (first, second)
    };
    let (plug, (first, second)) = tokio::join!(plug, others);
    assert_eq!((plug, first, second), (Ok(()), Ok("x".into()), Err(StoreError::Busy)));
}

#[tokio::test]
async fn a_caller_that_hangs_up_neither_undoes_the_write_nor_hides_its_news() {
    let (_folder, path) = folder();
    let store = open(&path);
    let mut versions = store.watch_registry();
    let (release, hold) = std::sync::mpsc::channel::<()>();
    let plug = store.write(move |_| {
        let _ = hold.recv();
        Ok(())
    });
    let hangs_up = async {
        let mut call = store.apply(put("one"));
        // Polled once: queued behind the plug, then dropped.
        assert!(std::future::poll_fn(|context| std::task::Poll::Ready(call.as_mut().poll(context).is_pending())).await);
        drop(call);
        drop(release);
    };
    let (plug, ()) = tokio::join!(plug, hangs_up);
    plug.unwrap();
    versions.wait_for(|version| *version == 1).await.unwrap();
    assert_eq!(store.documents("client", None, 100).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn only_the_last_changes_are_kept_and_who_is_behind_reads_all() {
    let store = Sqlite::in_memory().unwrap();
    store.apply(put("a")).await.unwrap();
    store.apply(put("b")).await.unwrap();
    let later = "UPDATE registry SET version = 10001; UPDATE document_change SET version = version + 9999";
    store.write(move |conn| Ok(conn.execute_batch(later)?)).await.unwrap();
    assert_eq!(store.registry_changes(9_999).await.unwrap().unwrap().documents.len(), 2);
    assert_eq!(store.registry_changes(9_998).await, Ok(None), "a version is missing");
    let old = "INSERT INTO document_change (version, kind, id) VALUES (1, 'client', 'a'), (2, 'client', 'a')";
    store.write(move |conn| Ok(conn.execute_batch(old)?)).await.unwrap();
    assert_eq!(store.apply(put("c")).await, Ok(10_002));
    let left =
        store.read(|conn| Ok(conn.query_row("SELECT count(*) FROM document_change", [], |row| row.get(0))?)).await;
    assert_eq!(left, Ok(3_i64));
}

/// Whoever writes waits for all of it.
#[tokio::test]
async fn a_batch_of_the_sweep_is_counted_over_all_tables() {
    let world = World::new(Arc::new(Sqlite::in_memory().unwrap())).await;
    let session = world.sign_in("ann", 1).await;
    for number in 10..20 {
        world.code(&session, number).await;
        world.remember_once("assertion", hash(number), NOW + 60, NOW).await.unwrap();
    }
    world.append_audit(vec![event(1); 10]).await.unwrap();
    let batch = Sweep { now: ABSOLUTE + 3_900, limit: 12, keep_secs: 3_900, audit_keep_secs: Some(0) };
    let mut batches = Vec::new();
    loop {
        let Swept { artefacts, remembered, sessions, audit_events, more, .. } = world.sweep(batch).await.unwrap();
        batches.push(artefacts + remembered + sessions + audit_events);
        if !more {
            break;
        }
    }
    assert_eq!(batches, [12, 12, 7], "as many as there may be, and not a row left");
}

#[tokio::test]
async fn readers_cannot_write() {
    let (_folder, path) = folder();
    let store = open(&path);
    let write = |conn: &rusqlite::Connection| Ok(conn.execute("DELETE FROM meta", [])?);
    assert!(matches!(store.read(write).await, Err(StoreError::NotWritable { .. })));
}

#[tokio::test]
async fn the_engine_syncs_every_commit() {
    let (_folder, path) = folder();
    let store = open(&path);
    let settings = |conn: &rusqlite::Connection| {
        let ask = |sql| conn.query_row(sql, [], |row| row.get::<_, i64>(0));
        Ok((ask("PRAGMA synchronous")?, ask("PRAGMA foreign_keys")?))
    };
    assert_eq!(store.write(settings).await.unwrap(), (2, 1));
}

#[tokio::test]
async fn the_audit_log_refuses_to_be_rewritten() {
    let (_folder, path) = folder();
    let store = open(&path);
    store.append_audit(vec![event(1)]).await.unwrap();
    for sql in [
        "UPDATE audit SET name = 'nothing happened'",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit (seq, at, name, outcome, detail) VALUES (1, 0, 'x', 'x', 'null')",
    ] {
        let refused = store.write(move |conn| Ok(conn.execute(sql, [])?)).await;
        assert!(refused.is_err(), "{sql}");
    }
    assert_eq!(store.audit(0, 9).await.unwrap()[0].event, event(1));
}

#[tokio::test]
async fn a_family_with_two_current_tokens_is_impossible_in_the_file_itself() {
    let (_folder, path) = folder();
    let store = open(&path);
    let fork = |conn: &rusqlite::Connection| {
        conn.execute_batch(
            "PRAGMA defer_foreign_keys = ON;
            INSERT INTO refresh_token (hash, family, state, created_at, expires_at) VALUES (x'01', 'f', 'current', 0, 0);
            INSERT INTO refresh_token (hash, family, state, created_at, expires_at) VALUES (x'02', 'f', 'current', 0, 0)",
        )?;
        Ok(())
    };
    assert_eq!(store.write(fork).await, Err(StoreError::Conflict(crate::error::Conflict::Exists)));
}

/// The steps in which a statement finds its rows.
async fn plan(store: &Sqlite, sql: &'static str) -> Vec<String> {
    let plan = move |conn: &rusqlite::Connection| {
        let mut explain = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
        let mut rows = explain.raw_query();
        let mut steps = Vec::new();
        while let Some(row) = rows.next()? {
            steps.push(row.get(3)?);
        }
        Ok(steps)
    };
    store.write(plan).await.unwrap()
}

#[tokio::test]
async fn what_waits_on_a_stream_is_found_without_reading_what_was_settled() {
    let store = Sqlite::in_memory().unwrap();
    let overtaken = plan(&store, super::signal::OVERTAKE).await;
    assert_eq!(overtaken, ["SEARCH outbox USING INDEX outbox_about_stream (target=?)"]);
    let forgotten = plan(&store, super::event_stream::FORGET_WAITING).await;
    assert_eq!(forgotten.len(), 1);
    assert!(forgotten[0].starts_with("SEARCH outbox USING") && forgotten[0].ends_with("outbox_numbered (target=?)"));
}

#[tokio::test]
async fn what_was_tried_long_enough_is_found_without_reading_what_was_never_tried() {
    let store = Sqlite::in_memory().unwrap();
    let late = plan(&store, super::outbox::TRIED_LONG_ENOUGH).await;
    assert_eq!(late.len(), 1, "nor is it sorted: {late:?}");
    assert!(
        late[0].starts_with("SEARCH outbox USING") && late[0].ends_with("INDEX outbox_failing (queued_at<?)"),
        "{late:?}"
    );
}

/// The contract, on a file.
mod on_disk {
    fn make() -> (tempfile::TempDir, std::sync::Arc<dyn crate::Store>) {
        let (folder, path) = super::folder();
        (folder, std::sync::Arc::new(super::open(&path)))
    }

    crate::contract::suite!(super::make());
}

/// The contract, without a file.
mod in_memory {
    fn make() -> ((), std::sync::Arc<dyn crate::Store>) {
        ((), std::sync::Arc::new(crate::Sqlite::in_memory().unwrap()))
    }

    crate::contract::suite!(super::make());
}

#[tokio::test]
async fn a_file_tells_its_condition_and_damage_in_it() {
    let (_folder, path) = folder();
    let store = open(&path);
    let sound = store.condition().await.unwrap();
    assert!(sound.engine.starts_with("SQLite 3."), "{sound:?}");
    assert_eq!((sound.schema, sound.server.is_none()), (sound.schema_known, true));
    assert_eq!(sound.file.unwrap().check.as_deref(), Some("ok"));
    for number in 0..200 {
        store.append_audit(vec![event(2_000)]).await.unwrap();
        store.apply(put(&number.to_string())).await.unwrap();
    }
    drop(store);
    // The middle of the file, which opening does not look at.
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 16_384].fill(0xff);
    std::fs::write(&path, bytes).unwrap();
    let found = match Sqlite::open(&path, Options::default()) {
        Ok(store) => store.condition().await,
        Err(error) => Err(error),
    };
    match found {
        Ok(condition) => assert_ne!(condition.file.unwrap().check.as_deref(), Some("ok")),
        Err(error) => assert!(matches!(error, StoreError::Corrupt(_)), "{error}"),
    }
}
