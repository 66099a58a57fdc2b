//! What backups promise beyond their format: older schemas are read, the schedule makes one for each period and keeps the newest.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use symbolon_store::Sqlite;
use symbolon_store::transfer::{Present, SCHEMA, Table, Value, tables};

use super::*;
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::rng::SystemRng;

const NOW: u64 = 1_800_000_000;

async fn app(folder: &Path, change: impl FnOnce(&mut Config)) -> Arc<App> {
    let mut config = Config::development(folder).unwrap();
    change(&mut config);
    App::open(config, Clock::fixed(NOW)).await.unwrap().0
}

async fn backup(app: &App, place: &Path) {
    let partial = Partial::create(place).unwrap();
    let issuer = app.issuer.as_str().to_owned();
    let taken = take(Arc::clone(&app.store), issuer, NOW, app.archive_key.clone(), partial).await;
    taken.unwrap().1.finish().unwrap();
}

async fn put_back(
    config: &Config,
    place: &Path,
    key: &ArchiveKey,
    sign_ins: SignInsAfter,
) -> Result<Restored, BackupError> {
    restore(config, (place, key), Present::Replace { now: NOW }, sign_ins, NOW, &mut |_, _| {}).await
}

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// As the fifth schema was: no event streams, and no numbers in the outbox.
fn tables_of_the_fifth_schema() -> Vec<Table> {
    let mut tables = tables();
    tables.retain(|table| !["credential", "document_change", "event_stream"].contains(&&*table.name));
    let outbox = tables.iter_mut().find(|table| table.name == "outbox").unwrap();
    outbox.columns.retain(|column| column.name != "number");
    tables
}

#[tokio::test]
async fn an_archive_of_an_older_schema_is_restored_and_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(folder.path(), |_| {}).await;
    let (config, key, proof) =
        ((*app.config()).clone(), app.archive_key.clone(), app.store.meta("master_key_check").await.unwrap());
    drop(app);
    let text = |text: &str| Value::Text(text.to_owned());
    let old = folder.path().join("old.db");
    let mut load = Sqlite::restore(&old, 5, Present::Keep).await.unwrap();
    let tables = tables_of_the_fifth_schema();
    load.write(
        &tables[0],
        vec![vec![text("issuer"), text(&config.issuer)], vec![text("master_key_check"), text(&proof.unwrap())]],
    )
    .await
    .unwrap();
    let outbox = tables.iter().find(|table| table.name == "outbox").unwrap();
    let [at, one] = [Value::Integer(7), Value::Integer(1)];
    let message = vec![one.clone(), text("backchannel_logout"), text("web"), text("{}"), at.clone(), at.clone(), one];
    let message = [message, vec![Value::Null, text("waiting"), at, Value::Null]].concat();
    load.write(outbox, vec![message]).await.unwrap();
    let header = Header {
        created_at: NOW,
        version: "0.0.5".into(),
        issuer: config.issuer.clone(),
        schema: 5,
        tables: tables.clone(),
        rows: Vec::new(),
        counters: Vec::new(),
    };
    let place = folder.path().join("old.backup");
    let partial = Partial::create(&place).unwrap();
    let mut snapshot = load.snapshot().await.unwrap();
    let written = archive::write_as(header, &mut *snapshot, &key, (partial, &mut SystemRng)).await.unwrap();
    written.1.finish().unwrap();

    assert_eq!(verify(&place, &key).unwrap().header.schema, 5);
    put_back(&config, &place, &key, SignInsAfter::End).await.unwrap();
    assert_eq!(Sqlite::schema(&config.database()).unwrap().found, SCHEMA);
    let restored = App::open(config, Clock::fixed(NOW)).await.unwrap().0;
    assert_eq!(restored.store.waiting_targets().await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_the_data_stays() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(folder.path(), |_| {}).await;
    let (config, key) = ((*app.config()).clone(), app.archive_key.clone());
    let place = folder.path().join("a.backup");
    backup(&app, &place).await;
    app.store.put_meta_once("later", "yes").await.unwrap();
    drop(app);
    let other = tempfile::tempdir().unwrap();
    let stranger = self::app(other.path(), |_| {}).await;
    let foreign = folder.path().join("foreign.backup");
    let partial = Partial::create(&foreign).unwrap();
    let taken = take(Arc::clone(&stranger.store), config.issuer.clone(), NOW, key.clone(), partial).await;
    taken.unwrap().1.finish().unwrap();
    let cut = folder.path().join("cut.backup");
    let whole = fs::read(&place).unwrap();
    fs::write(&cut, &whole[..whole.len() - 1]).unwrap();

    let mut elsewhere = config.clone();
    elsewhere.issuer = "https://id.example.com".into();
    let mut without_key = config.clone();
    without_key.data = folder.path().join("nowhere");
    for (config, place, key, expected) in [
        (&config, &place, &stranger.archive_key, "key named"),
        (&config, &foreign, &key, "another master key"),
        (&config, &cut, &key, "incomplete"),
        (&elsewhere, &place, &key, "is of the issuer"),
        (&without_key, &place, &key, "master key file"),
    ] {
        let error = put_back(config, place, key, SignInsAfter::End).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert!(!names(folder.path()).iter().any(|name| name.contains("replaced") || name.contains("restoring")));
    let app = self::app(folder.path(), |_| {}).await;
    assert_eq!(app.store.meta("later").await.unwrap().as_deref(), Some("yes"));
}

#[tokio::test]
async fn a_restore_begins_a_new_epoch_and_is_in_the_audit_log() {
    let folder = tempfile::tempdir().unwrap();
    for sign_ins in [SignInsAfter::End, SignInsAfter::Keep] {
        let app = app(folder.path(), |_| {}).await;
        let (config, key) = ((*app.config()).clone(), app.archive_key.clone());
        let place = folder.path().join(format!("{sign_ins:?}.backup"));
        backup(&app, &place).await;
        let before = app.store.revocation_head().await.unwrap();
        drop(app);
        fs::remove_file(folder.path().join(format!("symbolon.db.replaced-{NOW}"))).ok();
        put_back(&config, &place, &key, sign_ins).await.unwrap();
        let app = self::app(folder.path(), |_| {}).await;
        let after = app.store.revocation_head().await.unwrap();
        assert_ne!(after.epoch, before.epoch);
        assert_eq!(after.epoch.len(), before.epoch.len());
        assert_eq!(after.seq, before.seq + u64::from(sign_ins == SignInsAfter::End));
        let events = app.store.audit(0, 100).await.unwrap();
        let event = &events.iter().rfind(|record| record.event.name == "backup.restore").unwrap().event;
        assert_eq!(event.detail["signed_out"], sign_ins == SignInsAfter::End);
    }
}

#[tokio::test]
async fn a_store_that_is_not_completely_filled_is_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::development(folder.path()).unwrap();
    Sqlite::load(&config.database()).unwrap().set_mark("it").await.unwrap();
    let error = App::open(config.clone(), Clock::fixed(NOW)).await.map(drop).unwrap_err();
    assert!(error.to_string().contains("not complete"), "{error}");
    assert!(!config.master_key_file().exists());
}

#[tokio::test]
async fn a_backup_has_its_own_key_where_one_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let own = symbolon_jose::base64url::encode(&[9; 32]);
    let app = app(folder.path(), |config| config.backup.key = Some(crate::config::SecretText::new(own))).await;
    let place = folder.path().join("a.backup");
    backup(&app, &place).await;
    assert!(verify(&place, &app.archive_key).is_ok());
    let mut config = (*app.config()).clone();
    assert!(verify(&place, &ArchiveKey::configured(&config).unwrap().unwrap()).is_ok());
    config.backup.key = None;
    let master = ArchiveKey::configured(&config).unwrap().unwrap();
    assert!(matches!(verify(&place, &master), Err(BackupError::OtherKey { .. })));
    assert!(!fs::read_to_string(&place).unwrap().contains("localhost"));
}

#[tokio::test]
async fn the_schedule_makes_one_for_each_period_and_keeps_the_newest() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(folder.path(), |config| {
        config.backup.every_secs = 86_400;
        config.backup.keep = 2;
    })
    .await;
    let backups = app.config().backup.folder.clone();
    assert!(schedule::make_if_due(&app).await.unwrap());
    assert!(!schedule::make_if_due(&app).await.unwrap(), "once for a period");
    app.clock.advance(3_600);
    assert!(!schedule::make_if_due(&app).await.unwrap());
    fs::write(backups.join("mine.txt"), "").unwrap();
    for _ in 0..3 {
        app.clock.advance(86_400);
        assert!(schedule::make_if_due(&app).await.unwrap());
    }
    let made = names(&backups);
    assert_eq!(made.len(), 3, "{made:?}");
    assert!(made[0] == "mine.txt" && made[1] < made[2], "{made:?}");
    for name in &made[1..] {
        verify(&backups.join(name), &app.archive_key).unwrap();
    }
    let events = app.store.audit(0, 100).await.unwrap();
    assert_eq!(events.iter().filter(|record| record.event.name == "backup.create").count(), 4);
}

#[tokio::test]
async fn a_backup_that_fails_costs_no_older_one_and_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(folder.path(), |config| {
        config.backup.every_secs = 86_400;
        config.backup.keep = 1;
    })
    .await;
    assert!(schedule::make_if_due(&app).await.unwrap());
    let kept = names(&app.config().backup.folder);
    app.clock.advance(86_400);
    // In the way of the next one stands a folder.
    let next = app.config().backup.folder.join(file::scheduled_name(app.clock.now()));
    fs::create_dir(&next).unwrap();
    assert!(schedule::make_if_due(&app).await.is_err());
    assert!(names(&app.config().backup.folder).starts_with(&kept));
    fs::remove_dir(&next).unwrap();
    assert!(!schedule::make_if_due(&app).await.unwrap(), "the turn is taken for ten minutes");
    app.clock.advance(600);
    assert!(schedule::make_if_due(&app).await.unwrap());
    assert_ne!(names(&app.config().backup.folder), kept);
}
