//! A deployment moves to PostgreSQL and back, and out of a backup of one engine into the other, by the commands an operator types.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop there")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use postgres_fixture::{Durability, Server};
use serde_json::Value;

fn symbolon(folder: &Path, arguments: &str, url: Option<&str>, input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_symbolon"));
    command.current_dir(folder).env_clear().args(arguments.split(' '));
    command.env("SYMBOLON_ISSUER", "https://auth.example.com").env("SYMBOLON_MASTER_KEY_FILE", "master.key");
    if let Some(url) = url {
        command.env("SYMBOLON_STORE__URL", url);
    }
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[track_caller]
fn json(folder: &Path, arguments: &str, url: Option<&str>, input: &str) -> Value {
    let output = symbolon(folder, &format!("{arguments} --json"), url, input);
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A command that finds connections which are just ending is repeated, as its hint says.
#[track_caller]
fn settled(folder: &Path, arguments: &str, url: Option<&str>) -> Value {
    for _ in 0..50 {
        let output = symbolon(folder, &format!("{arguments} --json"), url, "");
        match output.status.code() {
            Some(0) => return serde_json::from_slice(&output.stdout).unwrap(),
            Some(7) => std::thread::sleep(std::time::Duration::from_millis(100)),
            _ => panic!("{arguments}: {}", String::from_utf8_lossy(&output.stderr)),
        }
    }
    panic!("{arguments}: still in use");
}

/// Waits until SQL gives this.
#[track_caller]
fn until(server: &Server, sql: &str, expected: &str) {
    for _ in 0..1_500 {
        if server.sql("one", sql).unwrap() == expected {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("it never came to {expected}: {sql}");
}

fn users(folder: &Path, arguments: &str, url: Option<&str>) -> Vec<String> {
    let answer = json(folder, arguments, url, "");
    let users = answer["users"].as_array().unwrap();
    let mut users: Vec<String> = users.iter().map(|user| user["email"].as_str().unwrap().to_owned()).collect();
    // Two of one second are in the order of their random ids.
    users.sort();
    users
}

#[test]
fn a_deployment_moves_to_postgresql_and_back_and_out_of_a_backup() {
    let server = Server::start(Durability::None, &[]).unwrap();
    for name in ["one", "two"] {
        server.sql("postgres", &format!("CREATE DATABASE {name}")).unwrap();
    }
    let [one, two] = ["one", "two"].map(|name| server.url(name));
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("master.key"), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
    for name in ["ada", "bob"] {
        json(folder, &format!("user add --email {name}@example.com --password-stdin"), None, "violet piano harbour\n");
    }
    let everybody = ["ada@example.com", "bob@example.com"];

    // There, with the URL out of sight, and back.
    std::fs::write(folder.join("url.txt"), &one).unwrap();
    let there = settled(folder, "migrate copy --from symbolon-data --to @url.txt", None);
    assert_eq!(there["tables"]["account"]["rows"], 2);
    let words = there.to_string();
    assert!(!words.contains(one.split('@').next().unwrap()), "{words}");
    assert_eq!(users(folder, "user list", Some(&one)), everybody);
    assert_eq!(json(folder, "migrate status", Some(&one), "")["pending"], Value::Array(Vec::new()));
    let back = settled(folder, &format!("migrate copy --from {one} --to back"), None);
    assert_eq!(back["tables"]["account"], there["tables"]["account"]);
    assert_eq!(users(folder, "user list --data back", None), everybody);

    // Out of a backup of either engine into the other.
    settled(folder, "backup create --out pg.backup", Some(&one));
    json(folder, "backup restore pg.backup --data restored", None, "");
    assert_eq!(users(folder, "user list --data restored", None), everybody);
    json(folder, "backup create --out file.backup", None, "");
    settled(folder, "backup restore file.backup --data other", Some(&two));
    assert_eq!(users(folder, "user list --data other", Some(&two)), everybody);
    let again = symbolon(folder, "backup restore file.backup --data other", Some(&one), "");
    assert!(matches!(again.status.code(), Some(5 | 7)), "there is data: {}", String::from_utf8_lossy(&again.stderr));
    settled(folder, "backup restore file.backup --data other --replace --yes", Some(&two));
    assert_eq!(users(folder, "user list --data other", Some(&two)), everybody);
}

/// Security part 3, row 11: whoever restores in an emergency must not lose what is there when it fails half-way.
#[test]
fn a_restore_into_postgresql_that_is_killed_half_way_leaves_what_was_there() {
    let server = Server::start(Durability::None, &[]).unwrap();
    server.sql("postgres", "CREATE DATABASE one").unwrap();
    let url = server.url("one");
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("master.key"), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
    let add = |name: &str| {
        let command = format!("user add --email {name}@example.com --password-stdin");
        json(folder, &command, Some(&url), "violet piano harbour\n");
    };
    add("ada");
    json(folder, "backup create --out one.backup", Some(&url), "");
    add("bob");
    let nodes = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'one' AND application_name = 'symbolon'";
    until(&server, nodes, "0");

    // It comes as far as the audit log, and no further.
    let stop = "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_sleep(600); RETURN NULL; END';
        CREATE TRIGGER wait BEFORE INSERT ON audit FOR EACH STATEMENT EXECUTE FUNCTION wait()";
    server.sql("one", stop).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_symbolon"));
    command.current_dir(folder).env_clear().args("backup restore one.backup --replace --yes".split(' '));
    command.env("SYMBOLON_ISSUER", "https://auth.example.com").env("SYMBOLON_MASTER_KEY_FILE", "master.key");
    let mut restoring = command.env("SYMBOLON_STORE__URL", &url).stdout(Stdio::null()).spawn().unwrap();
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'one' AND wait_event = 'PgSleep'";
    until(&server, waiting, "1");
    restoring.kill().unwrap();
    restoring.wait().unwrap();
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    server.sql("one", end).unwrap();
    server.sql("one", "DROP TRIGGER wait ON audit").unwrap();

    assert_eq!(users(folder, "user list", Some(&url)), ["ada@example.com", "bob@example.com"]);
    settled(folder, "backup restore one.backup --replace --yes", Some(&url));
    assert_eq!(users(folder, "user list", Some(&url)), ["ada@example.com"]);
}
