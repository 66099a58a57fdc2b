//! An import as an operator does it: the manual's examples as they stand, and one that is killed at any moment and repeated.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop there")]

use std::fmt::Write as _;
use std::fs::Permissions;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use postgres_fixture::{Durability, Server};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_symbolon");

fn symbolon(folder: &Path, url: Option<&str>, arguments: &str) -> Command {
    let mut command = Command::new(PROGRAM);
    command.current_dir(folder).env_clear().env("SYMBOLON_ISSUER", "https://auth.example.com");
    command.env("SYMBOLON_MASTER_KEY_FILE", "master.key").args(arguments.split(' '));
    if let Some(url) = url {
        command.env("SYMBOLON_STORE__URL", url);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[track_caller]
fn json(folder: &Path, url: Option<&str>, arguments: &str) -> Value {
    // Connections of a process that was killed may just be ending.
    for _ in 0..100 {
        let output = symbolon(folder, url, &format!("{arguments} --json")).output().unwrap();
        match output.status.code() {
            Some(0) => return serde_json::from_slice(&output.stdout).unwrap(),
            Some(7) => std::thread::sleep(Duration::from_millis(100)),
            _ => panic!("{arguments}: {}", String::from_utf8_lossy(&output.stderr)),
        }
    }
    panic!("{arguments}: still in use");
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("master.key"), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
    folder
}

#[test]
fn the_manuals_examples_do_what_it_says() {
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/manual/import.md");
    let text = std::fs::read_to_string(manual).unwrap();
    let blocks: Vec<&str> = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(blocks.len(), 7);
    let folder = folder();
    let path = format!("{}:{}", Path::new(PROGRAM).parent().unwrap().display(), std::env::var("PATH").unwrap());
    for block in blocks {
        let mut shell = Command::new("sh");
        shell.args(["-e", "-c", block]).current_dir(folder.path()).env_clear().env("PATH", &path);
        shell.env("SYMBOLON_ISSUER", "https://auth.example.com").env("SYMBOLON_MASTER_KEY_FILE", "master.key");
        let output = shell.output().unwrap();
        assert!(output.status.success(), "{block}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let users = json(folder.path(), None, "user list");
    let users = users["users"].as_array().unwrap();
    assert_eq!(users.len(), 10, "{users:?}");
    assert!(users.iter().all(|user| user["has_password"] == true), "{users:?}");
    let ids: Vec<&str> = users.iter().map(|user| user["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"auth0|60425dc43519d90068f82973") && ids.contains(&"826731b2-bf17-4bd9-b45c-6a26c77ddaae"));
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_report_is_its_owners_and_what_somebody_named_is_not_deleted() {
    let folder = folder();
    let folder = folder.path();
    std::fs::write(folder.join("bad.ndjson"), "{\"email\":\"nonsense\"}\n").unwrap();
    std::fs::write(folder.join("good.ndjson"), "{\"email\":\"ada@example.com\"}\n").unwrap();
    for name in ["bad.ndjson.refused", "named"] {
        std::fs::write(folder.join(name), "older").unwrap();
        std::fs::set_permissions(folder.join(name), Permissions::from_mode(0o644)).unwrap();
    }
    for arguments in ["user import bad.ndjson", "user import bad.ndjson --report named"] {
        assert_eq!(symbolon(folder, None, arguments).output().unwrap().status.code(), Some(8), "{arguments}");
    }
    for name in ["bad.ndjson.refused", "named"] {
        assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
    }
    std::fs::rename(folder.join("bad.ndjson.refused"), folder.join("good.ndjson.refused")).unwrap();
    json(folder, None, "user import good.ndjson");
    assert!(!folder.join("good.ndjson.refused").exists(), "nobody is refused any more");
    json(folder, None, "user import good.ndjson --report named");
    assert!(std::fs::read_to_string(folder.join("named")).unwrap().contains("nonsense"), "it may be anybody's");
}

/// Beside a server, where a command is a request of a megabyte at most.
#[test]
fn large_records_do_not_stop_an_import_beside_a_server() {
    let folder = folder();
    let folder = folder.path();
    let mut file = String::new();
    for (number, kib) in [0, 300, 250, 250, 250, 0].into_iter().enumerate() {
        let note = "x".repeat(kib * 1024);
        writeln!(file, "{{\"email\":\"person-{number}@example.com\",\"claims\":{{\"note\":\"{note}\"}}}}").unwrap();
    }
    std::fs::write(folder.join("large.ndjson"), file).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut serve = symbolon(folder, None, &format!("serve --listen {address}"));
    let mut server = serve.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut turns = 0;
    while TcpStream::connect(address).is_err() {
        turns += 1;
        assert!(turns < 3_000 && server.try_wait().unwrap().is_none(), "it does not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = symbolon(folder, None, "user import large.ndjson --json").output().unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(told["created"].as_u64().unwrap() + told["refused"].as_u64().unwrap(), 6, "{told} {said}");
    let report = std::fs::read_to_string(folder.join("large.ndjson.refused")).unwrap();
    assert!(report.contains("\"line\":2") && report.contains("larger than 256 KiB"), "{report}");
    assert!(!report.contains("\"line\":1,") && !report.contains("\"line\":6,"), "{report}");
}

/// Three batches, at a terminal that `script` of util-linux makes; what is written there, with the terminal's own line ends.
#[cfg(target_os = "linux")]
fn at_a_terminal(folder: &Path, arguments: &str) -> String {
    let mut script = Command::new("script");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SYMBOLON_")) {
        script.env_remove(name);
    }
    script.args(["-qec", &format!("{PROGRAM} {arguments}"), "/dev/null"]).current_dir(folder);
    script.env("SYMBOLON_ISSUER", "https://auth.example.com").env("SYMBOLON_MASTER_KEY_FILE", "master.key");
    let output = script.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

#[cfg(target_os = "linux")]
#[test]
fn an_import_shows_how_far_it_is_on_a_terminal_and_nowhere_else() {
    let folder = folder();
    let folder = folder.path();
    let people = |name: &str| {
        let lines = (0..1_200).map(|number| format!("{{\"email\":\"{name}-{number:04}@example.com\"}}\n"));
        std::fs::write(folder.join(name), lines.collect::<String>()).unwrap();
    };
    people("watched");
    let said = at_a_terminal(folder, "user import watched");
    let bars: Vec<&str> = said.split("\r\u{1b}[K").filter(|part| part.starts_with("importing, ")).collect();
    let starts = ["importing, 500 accounts  [", "importing, 1000 accounts  [", "importing, 1200 accounts  ["];
    assert!(bars.len() == 3 && bars.iter().zip(starts).all(|(bar, start)| bar.starts_with(start)), "{said:?}");
    let percent = |bar: &str| bar.split("]  ").nth(1).unwrap().split('%').next().unwrap().parse::<u64>().unwrap();
    assert_eq!(bars.iter().map(|bar| percent(bar)).collect::<Vec<_>>(), [41, 83, 100], "{said:?}");
    assert!(bars[0].contains("[#########...............]"), "{said:?}");
    assert!(said.split("importing, 1200").nth(1).unwrap().contains("\r\u{1b}[K"), "it makes room: {said:?}");
    people("read-by-a-program");
    assert!(!at_a_terminal(folder, "user import read-by-a-program --json").contains("importing"));
    people("logged");
    let output = symbolon(folder, None, "user import logged").output().unwrap();
    assert!(output.status.success() && !String::from_utf8_lossy(&output.stderr).contains("importing"));
}

const ACCOUNTS: u64 = 4_000;

#[test]
fn an_import_that_is_killed_goes_on_where_it_was() {
    killed(None);
}

#[test]
fn an_import_into_postgresql_that_is_killed_goes_on_where_it_was() {
    let server = Server::start(Durability::None, &[]).unwrap();
    server.sql("postgres", "CREATE DATABASE one").unwrap();
    killed(Some(&server.url("one")));
}

/// Kills it ever later, until it comes to its end: nobody is missing, nobody is there twice.
fn killed(url: Option<&str>) {
    let folder = folder();
    let folder = folder.path();
    let mut file = String::new();
    for number in 0..ACCOUNTS {
        let hash = "$2b$10$5YJBOO.yUoTxRfZOQQLEMeeJmNr.7FXODFWJafMl5TYUN9654eK0K";
        writeln!(file, "{{\"email\":\"person-{number}@example.com\",\"password_hash\":\"{hash}\"}}").unwrap();
    }
    std::fs::write(folder.join("users.ndjson"), file).unwrap();
    // Patience is counted in looks at the child, a few milliseconds apart.
    let (mut kills, mut patience) = (0, 12);
    loop {
        let mut child = symbolon(folder, url, "user import users.ndjson").stderr(Stdio::null()).spawn().unwrap();
        let mut looks = 0;
        let ended = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status);
            }
            if looks == patience {
                break None;
            }
            looks += 1;
            std::thread::sleep(Duration::from_millis(5));
        };
        match ended {
            // In use still by the connections of the one before.
            Some(status) if status.code() == Some(7) => std::thread::sleep(Duration::from_millis(50)),
            Some(status) => {
                assert!(status.success(), "{status}");
                break;
            }
            None => {
                child.kill().unwrap();
                child.wait().unwrap();
                (kills, patience) = (kills + 1, patience * 3 / 2);
            }
        }
    }
    assert!(kills > 1, "it was too quick to be killed");
    let again = json(folder, url, "user import users.ndjson");
    assert_eq!((&again["created"], &again["present"]), (&0.into(), &ACCOUNTS.into()));
    assert_eq!(json(folder, url, "user list --limit 1")["total"], ACCOUNTS);
}
