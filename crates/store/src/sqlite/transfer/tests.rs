//! What moving promises for this engine: the list is the schema, a copy is equal, an interrupted one goes on, nothing foreign is touched.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use rusqlite::Connection;
use tempfile::TempDir;

use super::super::{Options, Sqlite, open};
use super::*;
use crate::contract::world::{NOW, World};
use crate::port::Store;
use crate::transfer::{CopyError, copy, sums, tables, testing};

fn folder() -> (TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let [from, to] = ["from.db", "to.db"].map(|name| folder.path().join(name));
    (folder, from, to)
}

async fn fill(path: &Path, count: i64, seed: u64) {
    let mut load = Sqlite::load(path).unwrap();
    for (table, rows) in testing::rows(count, seed) {
        load.write(&table, rows).await.unwrap();
    }
}

fn quiet() -> impl FnMut(crate::transfer::Progress) + Send {
    |_| {}
}

#[test]
fn the_list_of_tables_is_the_schema() {
    let conn = Connection::open_in_memory().unwrap();
    migrate::migrate(&conn).unwrap();
    assert_eq!(
        migrate::state(&conn).unwrap().known,
        SCHEMA,
        "a migration was added: look at its tables, then move SCHEMA"
    );
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let mut select = conn.prepare(sql).unwrap();
    let real: Vec<String> = select.query_map([], |row| row.get(0)).unwrap().map(|row| row.unwrap()).collect();
    let mut listed: Vec<String> = tables().iter().map(|table| table.name.to_string()).collect();
    listed.sort();
    assert_eq!(listed, real);
    for table in tables() {
        assert_eq!(columns_of(&table), real_columns(&conn, &table.name), "{}", table.name);
    }
}

/// Name, type and place in the key.
type Columns = Vec<(String, &'static str, u32)>;

fn columns_of(table: &Table) -> Columns {
    let mut columns: Columns = table
        .columns
        .iter()
        .map(|column| {
            let kind = match column.kind {
                Kind::Blob => "BLOB",
                Kind::Boolean | Kind::Integer => "INTEGER",
                Kind::Text => "TEXT",
            };
            let place = table
                .key
                .iter()
                .position(|key| *key == column.name)
                .map_or(0, |place| u32::try_from(place).unwrap() + 1);
            (column.name.to_string(), kind, place)
        })
        .collect();
    columns.sort();
    columns
}

fn real_columns(conn: &Connection, table: &str) -> Columns {
    let mut select = conn.prepare("SELECT name, type, pk FROM pragma_table_xinfo(?1)").unwrap();
    let row = |row: &rusqlite::Row<'_>| {
        let kind = match row.get::<_, String>(1)?.as_str() {
            "BLOB" => "BLOB",
            "INTEGER" => "INTEGER",
            "TEXT" => "TEXT",
            _ => "?",
        };
        Ok((row.get(0)?, kind, row.get(2)?))
    };
    let mut columns: Columns = select.query_map([table], row).unwrap().map(|row| row.unwrap()).collect();
    columns.sort();
    columns
}

#[test]
fn every_table_comes_after_those_it_refers_to() {
    let conn = Connection::open_in_memory().unwrap();
    migrate::migrate(&conn).unwrap();
    let names: Vec<String> = tables().iter().map(|table| table.name.to_string()).collect();
    let place = |name: &str| names.iter().position(|other| other == name).unwrap();
    for name in &names {
        let mut select = conn.prepare("SELECT \"table\" FROM pragma_foreign_key_list(?1)").unwrap();
        for parent in select.query_map([name], |row| row.get::<_, String>(0)).unwrap() {
            assert!(place(&parent.unwrap()) < place(name), "{name}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_copy_has_the_sums_of_its_source(count in 0_i64..40, seed: u64) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (_folder, from, to) = folder();
            fill(&from, count, seed).await;
            let mut source = Sqlite::export(&from).unwrap();
            let mut target = Sqlite::load(&to).unwrap();
            let copied = copy(&mut *source, &mut *target, "it", &mut quiet()).await.unwrap();
            drop(target);
            let mut again = Sqlite::export(&to).unwrap();
            assert_eq!(sums(&mut *again).await.unwrap(), copied);
            assert_eq!(again.counters().await.unwrap(), source.counters().await.unwrap());
        });
    }
}

/// A target that fails after some writes, as when the process is killed: what was committed stays.
struct Dying {
    inner: Box<dyn Load>,
    writes: u32,
}

#[async_trait]
impl Load for Dying {
    async fn mark(&mut self) -> Result<Option<String>> {
        self.inner.mark().await
    }
    async fn set_mark(&mut self, of: &str) -> Result<()> {
        self.inner.set_mark(of).await
    }
    async fn last_key(&mut self, table: &Table) -> Result<Option<Vec<Value>>> {
        self.inner.last_key(table).await
    }
    async fn write(&mut self, table: &Table, rows: Vec<Row>) -> Result<()> {
        if self.writes == 0 {
            return Err(StoreError::Io("killed".into()));
        }
        self.writes -= 1;
        self.inner.write(table, rows).await
    }
    async fn set_counters(&mut self, counters: &[Counter]) -> Result<()> {
        self.inner.set_counters(counters).await
    }
    async fn snapshot(&mut self) -> Result<Box<dyn Snapshot>> {
        self.inner.snapshot().await
    }
    async fn upgrade(&mut self) -> Result<()> {
        self.inner.upgrade().await
    }
    async fn start_over(&mut self, over: &StartOver) -> Result<Begun> {
        self.inner.start_over(over).await
    }
    async fn finish(&mut self) -> Result<()> {
        self.inner.finish().await
    }
}

#[tokio::test]
async fn a_copy_that_was_killed_again_and_again_comes_to_the_same_end() {
    let (_folder, from, to) = folder();
    fill(&from, 1_200, 7).await;
    let mut source = Sqlite::export(&from).unwrap();
    let mut deaths = 0;
    let copied = loop {
        let mut target = Dying { inner: Sqlite::load(&to).unwrap(), writes: 11 };
        match copy(&mut *source, &mut target, "it", &mut quiet()).await {
            Ok(sums) => break sums,
            Err(error) => assert_eq!(error, CopyError::Store(StoreError::Io("killed".into()))),
        }
        assert_eq!(target.mark().await.unwrap().as_deref(), Some("it"), "it must not be served");
        deaths += 1;
        assert!(deaths < 20, "it does not get on");
    };
    assert!(deaths >= 3, "{deaths}");
    assert_eq!(sums(&mut *Sqlite::export(&to).unwrap()).await.unwrap(), copied);
    assert_eq!(Sqlite::load(&to).unwrap().mark().await.unwrap(), None);
}

#[tokio::test]
async fn a_row_that_changed_under_way_is_found() {
    let (_folder, from, to) = folder();
    fill(&from, 30, 7).await;
    let mut source = Sqlite::export(&from).unwrap();
    let mut target = Dying { inner: Sqlite::load(&to).unwrap(), writes: 9 };
    copy(&mut *source, &mut target, "it", &mut quiet()).await.unwrap_err();
    drop(target);
    open::writer(&to).unwrap().execute("UPDATE account SET name = 'Eve' WHERE id = 'account-3'", []).unwrap();
    let mut target = Sqlite::load(&to).unwrap();
    let error = copy(&mut *source, &mut *target, "it", &mut quiet()).await.unwrap_err();
    assert_eq!(error, CopyError::Differs { table: "account".into(), source: 30, target: 30 });
    assert!(target.mark().await.unwrap().is_some(), "it must not be served");
}

#[tokio::test]
async fn a_target_with_other_data_is_left_alone() {
    let (_folder, from, to) = folder();
    fill(&from, 3, 1).await;
    fill(&to, 3, 2).await;
    let before = sums(&mut *Sqlite::export(&to).unwrap()).await.unwrap();
    let mut source = Sqlite::export(&from).unwrap();
    let mut target = Sqlite::load(&to).unwrap();
    let error = copy(&mut *source, &mut *target, "it", &mut quiet()).await.unwrap_err();
    assert_eq!(error, CopyError::NotEmpty);
    drop(target);
    assert_eq!(sums(&mut *Sqlite::export(&to).unwrap()).await.unwrap(), before);
}

#[tokio::test]
async fn a_half_done_copy_of_another_source_is_refused() {
    let (_folder, from, to) = folder();
    fill(&from, 3, 1).await;
    let mut source = Sqlite::export(&from).unwrap();
    let mut target = Sqlite::load(&to).unwrap();
    target.set_mark("another").await.unwrap();
    let error = copy(&mut *source, &mut *target, "it", &mut quiet()).await.unwrap_err();
    assert_eq!(error, CopyError::OfAnother);
}

#[tokio::test]
async fn a_database_that_is_served_is_not_exported_and_one_that_is_not_there_is_not_made() {
    let (_folder, from, to) = folder();
    let store = Sqlite::open(&from, Options::default()).unwrap();
    assert!(matches!(Sqlite::export(&from).err(), Some(StoreError::InUse { .. })));
    drop(store);
    Sqlite::export(&from).map(drop).unwrap();
    assert_eq!(Sqlite::export(&to).err(), Some(StoreError::NotFound("database")));
    assert!(!to.exists());
}

#[tokio::test]
async fn a_snapshot_stays_as_it_was_while_the_store_goes_on() {
    let (_folder, path, _) = folder();
    let store = std::sync::Arc::new(Sqlite::open(&path, Options::default()).unwrap());
    let world = World::new(store.clone()).await;
    let session = world.sign_in("ann", 1).await;
    let mut snapshot = store.snapshot().await.unwrap();
    let before = sums(&mut *snapshot).await.unwrap();
    world.authorise(&session, 1).await;
    world.end_session("sid-1", "test", NOW).await.unwrap();
    assert_eq!(sums(&mut *snapshot).await.unwrap(), before);
    let after = sums(&mut *store.snapshot().await.unwrap()).await.unwrap();
    assert_ne!(after, before);
}

#[tokio::test]
async fn users_sessions_and_grants_survive_a_copy() {
    let (_folder, from, to) = folder();
    let store = std::sync::Arc::new(Sqlite::open(&from, Options::default()).unwrap());
    let world = World::new(store.clone()).await;
    let session = world.sign_in("ann", 1).await;
    world.authorise(&session, 1).await;
    let facts = store.refresh_facts(None, crate::contract::world::hash(1)).await.unwrap();
    let ann = world.ann().await;
    drop((world, store));
    let mut source = Sqlite::export(&from).unwrap();
    let mut target = Sqlite::load(&to).unwrap();
    copy(&mut *source, &mut *target, "it", &mut quiet()).await.unwrap();
    drop(target);
    let copied = Sqlite::open(&to, Options::default()).unwrap();
    assert_eq!(copied.user("ann").await.unwrap(), Some(ann));
    assert!(copied.session_by_sid("sid-1").await.unwrap().unwrap().is_live(NOW));
    assert_eq!(copied.refresh_facts(None, crate::contract::world::hash(1)).await.unwrap(), facts);
}

#[tokio::test]
async fn starting_over_ends_what_was_live_and_begins_a_new_epoch() {
    let (_folder, path, _) = folder();
    let store = std::sync::Arc::new(Sqlite::open(&path, Options::default()).unwrap());
    let world = World::new(store.clone()).await;
    let session = world.sign_in("ann", 1).await;
    world.authorise(&session, 1).await;
    world.code(&session, 9).await;
    let head = store.revocation_head().await.unwrap();
    drop((world, store));
    let mut load = Sqlite::load(&path).unwrap();
    let keep = StartOver { epoch: "kept".into(), now: NOW, sign_ins: SignIns::Keep };
    assert_eq!(load.start_over(&keep).await.unwrap(), Begun::default());
    let end = StartOver { epoch: "ended".into(), now: NOW, sign_ins: SignIns::End { last_expiry: NOW + 600 } };
    assert_eq!(load.start_over(&end).await.unwrap(), Begun { sessions: 1, families: 1 });
    drop(load);
    let store = std::sync::Arc::new(Sqlite::open(&path, Options::default()).unwrap());
    let after = store.revocation_head().await.unwrap();
    assert_eq!((after.epoch.as_str(), after.seq), ("ended", head.seq + 1));
    assert!(!store.session_by_sid("sid-1").await.unwrap().unwrap().is_live(NOW));
    assert_eq!(store.artefact("code", crate::contract::world::hash(9)).await.unwrap(), None);
    let newest = store.revocations(head.seq, 9).await.unwrap();
    assert_eq!((newest[0].kind, newest[0].revoked_at), (RevocationKind::All, NOW));
}

#[tokio::test]
async fn a_number_does_not_come_back_after_a_move() {
    let (_folder, from, to) = folder();
    fill(&from, 5, 1).await;
    let conn = open::writer(&from).unwrap();
    conn.execute("DELETE FROM outbox WHERE id > 2", []).unwrap();
    drop(conn);
    let mut source = Sqlite::export(&from).unwrap();
    let mut target = Sqlite::load(&to).unwrap();
    copy(&mut *source, &mut *target, "it", &mut quiet()).await.unwrap();
    let counted = target.snapshot().await.unwrap().counters().await.unwrap();
    assert_eq!(counted.iter().find(|counter| counter.table == "outbox").unwrap().last, 5);
    target.set_counters(&[Counter { table: "outbox".into(), last: 3 }]).await.unwrap();
    assert_eq!(target.snapshot().await.unwrap().counters().await.unwrap(), counted, "never back");
}
