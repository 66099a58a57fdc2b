//! What moving promises between the engines, on a real server: the list is the schema, a move there and back changes nothing, an interrupted one goes
//! on, nodes are not overrun.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::super::tests::{new_database, options, server};
use super::*;
use crate::contract::world::{NOW, World, hash};
use crate::port::Store;
use crate::record::{NewRevocation, RevocationKind};
use crate::sqlite::Sqlite;
use crate::transfer::{CopyError, Progress, copy, sums, testing};

fn quiet() -> impl FnMut(Progress) + Send {
    |_| {}
}

async fn file(count: i64, seed: u64) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    let mut load = Sqlite::load(&path).unwrap();
    for (table, rows) in testing::rows(count, seed) {
        load.write(&table, rows).await.unwrap();
    }
    drop(load);
    (folder, path)
}

/// The connections of a store end a moment after it.
async fn unused<T>(attempt: impl AsyncFn() -> Result<T>) -> Result<T> {
    for _ in 0..500 {
        match attempt().await {
            Err(StoreError::InUse { .. }) => tokio::time::sleep(Duration::from_millis(20)).await,
            outcome => return outcome,
        }
    }
    attempt().await
}

async fn export(options: &Options) -> Box<dyn Snapshot> {
    unused(async || Postgres::export(options).await).await.unwrap()
}

async fn load(options: &Options) -> Box<dyn Load> {
    unused(async || Postgres::load(options).await).await.unwrap()
}

/// Orders text by the rules of a language, not by bytes.
async fn database_of_a_language() -> Options {
    let name = "moving_in_english";
    let sql = format!("CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en'");
    tokio::task::spawn_blocking(move || server().sql("postgres", &sql)).await.unwrap().unwrap();
    options(server().url(name))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_tables_is_the_schema() {
    let options = options(new_database().await);
    drop(load(&options).await);
    let link = Link::new(&Target::of(&options).unwrap()).await.unwrap();
    assert_eq!(Postgres::schema(&options).await.unwrap().known, SCHEMA, "a migration was added: look at its tables");
    let sql = "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name <> 'schema_version' AND is_generated = 'NEVER'";
    let mut real: Vec<(String, String, String)> =
        link.client.query(sql, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    real.sort();
    let kind = |kind: Kind| match kind {
        Kind::Blob => "bytea",
        Kind::Boolean => "boolean",
        Kind::Integer => "bigint",
        Kind::Text => "text",
    };
    let mut listed = Vec::new();
    for table in tables() {
        for column in &table.columns {
            listed.push((table.name.to_string(), column.name.to_string(), kind(column.kind).to_owned()));
        }
    }
    listed.sort();
    assert_eq!(listed, real);
}

#[tokio::test(flavor = "multi_thread")]
async fn there_and_back_changes_nothing_whatever_the_order_of_the_language() {
    let (_folder, path) = file(1_100, 3).await;
    let options = database_of_a_language().await;
    let mut source = Sqlite::export(&path).unwrap();
    let mut middle = load(&options).await;
    let there = copy(&mut *source, &mut *middle, "it", &mut quiet()).await.unwrap();
    drop(middle);
    let folder = tempfile::tempdir().unwrap();
    let mut target = Sqlite::load(&folder.path().join("t.db")).unwrap();
    let mut middle = export(&options).await;
    let back = copy(&mut *middle, &mut *target, "it", &mut quiet()).await.unwrap();
    assert_eq!(there, back);
    let counted = target.snapshot().await.unwrap().counters().await.unwrap();
    assert_eq!(counted, source.counters().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_was_interrupted_goes_on_in_both_directions() {
    let (_folder, path) = file(1_200, 5).await;
    let options = options(new_database().await);
    let mut source = Sqlite::export(&path).unwrap();
    let mut target = load(&options).await;
    target.set_mark("it").await.unwrap();
    // As far as the middle of the accounts.
    for table in &tables()[..4] {
        let rows = source.rows(table, None, 700).await.unwrap();
        target.write(table, rows).await.unwrap();
    }
    let copied = copy(&mut *source, &mut *target, "it", &mut quiet()).await.unwrap();
    drop(target);
    let folder = tempfile::tempdir().unwrap();
    let mut source = export(&options).await;
    let mut target = Sqlite::load(&folder.path().join("t.db")).unwrap();
    target.set_mark("it").await.unwrap();
    for table in &tables()[..4] {
        let rows = source.rows(table, None, 700).await.unwrap();
        target.write(table, rows).await.unwrap();
    }
    assert_eq!(copy(&mut *source, &mut *target, "it", &mut quiet()).await.unwrap(), copied);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_sessions_and_grants_survive_and_numbers_go_on() {
    let options = options(new_database().await);
    let (folder, path) = file(0, 1).await;
    let from = Arc::new(Sqlite::open(&path, crate::Options::default()).unwrap());
    let world = World::new(from.clone()).await;
    let session = world.sign_in("ann", 1).await;
    world.authorise(&session, 1).await;
    let (ann, facts) = (world.ann().await, from.refresh_facts(None, hash(1)).await.unwrap());
    drop((world, from));
    let mut source = Sqlite::export(&path).unwrap();
    let mut target = load(&options).await;
    copy(&mut *source, &mut *target, "it", &mut quiet()).await.unwrap();
    drop((target, folder));
    let moved = Postgres::open(options).await.unwrap();
    assert_eq!(moved.user("ann").await.unwrap(), Some(ann));
    assert!(moved.session_by_sid("sid-1").await.unwrap().unwrap().is_live(NOW));
    assert_eq!(moved.refresh_facts(None, hash(1)).await.unwrap(), facts);
    moved.append_audit(vec![event()]).await.unwrap();
    moved.end_session("sid-1", "test", NOW).await.unwrap();
    assert_eq!(moved.revocations(0, 9).await.unwrap().len(), 1);
}

fn event() -> crate::record::AuditEvent {
    crate::record::AuditEvent {
        at: NOW,
        name: "test".into(),
        outcome: "success".into(),
        actor: None,
        user_id: None,
        client_id: None,
        sid: None,
        address: None,
        request_id: None,
        detail: serde_json::Value::Null,
    }
}

/// What was revoked and has no number yet is in a backup, with the number it would get.
#[tokio::test(flavor = "multi_thread")]
async fn entries_without_a_number_are_not_left_behind() {
    let options = options(new_database().await);
    let store = Postgres::open(options.clone()).await.unwrap();
    let entry = |id: &str| NewRevocation { kind: RevocationKind::Jti, id: id.into(), revoked_at: NOW, expires_at: NOW };
    store.revoke(vec![entry("a")]).await.unwrap();
    store.revocation_head().await.unwrap();
    let link = Link::new(&Target::of(&options).unwrap()).await.unwrap();
    let sql = "INSERT INTO revocation (kind, id, revoked_at, expires_at) VALUES ('jti', 'b', 1, 2), ('jti', 'c', 1, 2)";
    link.client.batch_execute(sql).await.unwrap();
    let mut snapshot = Reading::beside(&Target::of(&options).unwrap()).await.unwrap();
    let tables = tables();
    let table = |name: &str| tables.iter().find(|table| table.name == name).unwrap();
    let rows = snapshot.rows(table("revocation"), None, 10).await.unwrap();
    let numbers: Vec<_> = rows.iter().map(|row| row[0].clone()).collect();
    assert_eq!(numbers, [1, 2, 3].map(Value::Integer));
    let head = snapshot.rows(table("revocation_head"), None, 10).await.unwrap();
    assert_eq!(head[0][2], Value::Integer(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_stays_as_it_was_while_nodes_go_on() {
    let store = Arc::new(Postgres::open(options(new_database().await)).await.unwrap());
    let world = World::new(store.clone()).await;
    let session = world.sign_in("ann", 1).await;
    let mut snapshot = store.snapshot().await.unwrap();
    let before = sums(&mut *snapshot).await.unwrap();
    world.authorise(&session, 1).await;
    world.end_session("sid-1", "test", NOW).await.unwrap();
    assert_eq!(sums(&mut *snapshot).await.unwrap(), before);
    assert_ne!(sums(&mut *store.snapshot().await.unwrap()).await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_nodes_use_is_neither_copied_nor_overrun() {
    let options = options(new_database().await);
    let store = Postgres::open(options.clone()).await.unwrap();
    for error in [
        Postgres::export(&options).await.err(),
        Postgres::load(&options).await.err(),
        Postgres::restore(&options, SCHEMA, Present::Replace { now: NOW }).await.err(),
    ] {
        assert!(matches!(error, Some(StoreError::InUse { .. })), "{error:?}");
    }
    store.ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_was_given_up_leaves_the_data_as_it_was() {
    let options = options(new_database().await);
    let store = Postgres::open(options.clone()).await.unwrap();
    store.put_meta_once("issuer", "old").await.unwrap();
    let world = World::new(Arc::new(store)).await;
    let ann = world.ann().await;
    drop(world);
    let (_folder, path) = file(3, 1).await;
    let mut source = Sqlite::export(&path).unwrap();
    let mut restored =
        unused(async || Postgres::restore(&options, SCHEMA, Present::Replace { now: NOW }).await).await.unwrap();
    for table in &tables() {
        let rows = source.rows(table, None, 10).await.unwrap();
        restored.write(table, rows).await.unwrap();
    }
    let written = sums(&mut *restored.snapshot().await.unwrap()).await.unwrap();
    assert_eq!(written, sums(&mut *source).await.unwrap(), "it can be compared before it counts");
    drop(restored);
    // The engine gives up when it notices that nobody is there any more; until then it keeps nodes waiting.
    let store = Postgres::open(options).await.unwrap();
    assert_eq!(store.meta("issuer").await.unwrap().as_deref(), Some("old"));
    assert_eq!(store.user("ann").await.unwrap(), Some(ann));
}

#[tokio::test(flavor = "multi_thread")]
async fn data_that_is_there_is_replaced_only_when_told() {
    let options = options(new_database().await);
    let store = Postgres::open(options.clone()).await.unwrap();
    store.put_meta_once("issuer", "old").await.unwrap();
    drop(store);
    let error = unused(async || Postgres::restore(&options, SCHEMA, Present::Keep).await).await.err();
    assert_eq!(error, Some(Conflict::Exists.into()));
    let (_folder, path) = file(3, 1).await;
    let mut source = Sqlite::export(&path).unwrap();
    let mut target = load(&options).await;
    assert_eq!(copy(&mut *source, &mut *target, "it", &mut quiet()).await.unwrap_err(), CopyError::NotEmpty);
    drop(target);
    let mut restored =
        unused(async || Postgres::restore(&options, SCHEMA, Present::Replace { now: NOW }).await).await.unwrap();
    for table in &tables() {
        let rows = source.rows(table, None, 10).await.unwrap();
        restored.write(table, rows).await.unwrap();
    }
    let end = StartOver { epoch: "new".into(), now: NOW, sign_ins: SignIns::End { last_expiry: NOW + 60 } };
    restored.start_over(&end).await.unwrap();
    restored.finish().await.unwrap();
    drop(restored);
    let store = Postgres::open(options).await.unwrap();
    assert_ne!(store.meta("issuer").await.unwrap().as_deref(), Some("old"));
    let head = store.revocation_head().await.unwrap();
    let newest = store.revocations(head.seq - 1, 9).await.unwrap();
    assert_eq!((head.epoch.as_str(), newest[0].kind), ("new", RevocationKind::All));
}
