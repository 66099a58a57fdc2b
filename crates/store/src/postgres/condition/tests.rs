//! What a real server tells of itself.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::super::{Postgres, tests};
use crate::port::Store;

/// The URL of a database that nobody else has, and its name.
async fn database() -> (String, String) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("condition_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let sql = format!("CREATE DATABASE {name}");
    let url = tests::server().url(&name);
    tokio::task::spawn_blocking(move || tests::server().sql("postgres", &sql)).await.unwrap().unwrap();
    (url, name)
}

async fn open(url: &str) -> Postgres {
    Postgres::open(tests::options(url.to_owned())).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_tells_what_could_lose_an_acknowledged_write_and_what_is_missing() {
    let (url, name) = database().await;
    let owner = open(&url).await;
    // It is heard as soon as it listens.
    let deadline = Instant::now() + Duration::from_secs(20);
    let condition = loop {
        let condition = owner.condition().await.unwrap();
        if condition.server.as_ref().unwrap().nodes == Some(1) {
            break condition;
        }
        assert!(Instant::now() < deadline, "{condition:?}");
    };
    assert_eq!((condition.schema, condition.engine.starts_with("PostgreSQL ")), (condition.schema_known, true));
    let server = condition.server.unwrap();
    assert_eq!(
        (server.notices, server.is_standby, server.plain_abroad, server.pooled),
        (Some(true), false, false, false)
    );
    assert_eq!((server.unknown, server.missing_rights), (vec![], Vec::<String>::new()));
    for (setting, value) in [
        ("fsync", "off"),
        ("synchronous_commit", "off"),
        ("full_page_writes", "off"),
        ("max_connections", "400"),
        ("server_encoding", "UTF8"),
        ("transaction_read_only", "off"),
        ("is_superuser", "on"),
        ("statement_timeout", "4000"),
    ] {
        assert_eq!(server.settings.get(setting).map(String::as_str), Some(value), "{setting}");
    }
    let sql = "CREATE ROLE node LOGIN CONNECTION LIMIT 7; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO node;
        REVOKE UPDATE, DELETE ON audit FROM node; REVOKE DELETE ON session FROM node; GRANT USAGE ON SEQUENCE audit_seq_seq TO node";
    tests::server().sql(&name, sql).unwrap();
    let url = url.replace("postgres://postgres@", "postgres://node@");
    let node = open(&url).await.condition().await.unwrap().server.unwrap();
    assert_eq!(node.missing_rights, ["DELETE on session", "USAGE on outbox_id_seq"]);
    assert_eq!((node.connection_limit, node.settings["is_superuser"].as_str()), (Some(7), "off"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_made_read_only_tells_so() {
    let (url, name) = database().await;
    drop(open(&url).await);
    let sql = format!("ALTER DATABASE {name} SET default_transaction_read_only = on");
    tests::server().sql("postgres", &sql).unwrap();
    let node = open(&url).await;
    assert_eq!(node.condition().await.unwrap().server.unwrap().settings["transaction_read_only"], "on");
    assert!(node.ping().await.is_err());
}
