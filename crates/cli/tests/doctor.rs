//! `symbolon doctor` beside a real PostgreSQL that is set up badly: what could lose or lack something is told, with its fix and exit code 8.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop there")]

use std::path::Path;
use std::process::Command;

use postgres_fixture::{Durability, Server};
use serde_json::Value;

/// What the doctor says of this database, and its exit code.
fn doctor(folder: &Path, url: &str) -> (Vec<Value>, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_symbolon"))
        .args(["doctor", "--json"])
        .current_dir(folder)
        .env_clear()
        .env("SYMBOLON_ISSUER", "http://127.0.0.1:9")
        .env("SYMBOLON_STORE__URL", url)
        .output()
        .unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    (answer["checks"].as_array().unwrap().clone(), output.status.code().unwrap())
}

#[track_caller]
fn assert_wrong(checks: &[Value], what: &str) {
    let found = checks.iter().find(|check| check["message"].as_str().unwrap().contains(what));
    let found = found.unwrap_or_else(|| panic!("`{what}` in {checks:#?}"));
    assert_eq!(found["result"], "wrong", "{found}");
    assert!(found["try"].is_string(), "{found}");
}

#[test]
fn a_database_that_may_lose_what_it_acknowledged_or_lacks_room_is_told() {
    // Durability::None turns fsync, full_page_writes and synchronous_commit off.
    let server = Server::start(Durability::None, &["max_connections=12"]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (checks, code) = doctor(folder.path(), &server.url("postgres"));
    assert_eq!(code, 8);
    for what in [
        "fsync is off",
        "full_page_writes is off",
        "synchronous_commit is off",
        "may open 17 connections, and the server gives them 9",
    ] {
        assert_wrong(&checks, what);
    }
    assert!(!checks.iter().any(|check| check["message"].as_str().unwrap().contains("notices do not come through")));

    server.sql("postgres", "ALTER DATABASE postgres SET default_transaction_read_only = on").unwrap();
    let (checks, code) = doctor(folder.path(), &server.url("postgres"));
    assert_eq!(code, 8);
    assert_wrong(&checks, "takes no writes");
}

#[test]
fn a_database_that_is_set_up_well_is_named_and_nothing_of_it_is_wrong() {
    let server = Server::start(Durability::Full, &[]).unwrap();
    server.sql("postgres", "CREATE ROLE node LOGIN").unwrap();
    server.sql("postgres", "CREATE DATABASE symbolon OWNER node").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = server.url("symbolon").replace("postgres://postgres@", "postgres://node@");
    let (checks, _) = doctor(folder.path(), &url);
    let of_database: Vec<&Value> = checks.iter().filter(|check| check["check"] == "database").collect();
    assert_eq!(of_database.len(), 1, "{of_database:#?}");
    assert!(of_database[0]["message"].as_str().unwrap().starts_with("PostgreSQL "), "{of_database:#?}");
    assert!(!checks.iter().any(|check| check["check"] == "replication"), "{checks:#?}");
}
