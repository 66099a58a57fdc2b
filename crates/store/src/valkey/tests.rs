//! The rule of every engine, on a real server; and what happens when that is not there.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::time::Instant;
use valkey_fixture::Server;

use super::{Away, Options, Valkey, check};
use crate::contract::throttle::Counts;
use crate::record::{Attempt, ThrottleKey};

const NOW: u64 = 1_700_000_000;

/// One server for all tests that leave it alone, gone with this process.
fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(&[]).unwrap())
}

/// A prefix that nobody else has.
fn prefix() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("test-{}:", NEXT.fetch_add(1, Ordering::Relaxed))
}

fn options(server: &Server) -> Options {
    at(server.url(), &prefix())
}

/// Patient, for what is not about time.
fn at(url: String, prefix: &str) -> Options {
    Options { url, prefix: prefix.to_owned(), patience: Duration::from_secs(10) }
}

async fn start(options: &'static [&str]) -> Server {
    tokio::task::spawn_blocking(move || Server::start(options).unwrap()).await.unwrap()
}

async fn fresh() -> ((), Arc<Valkey>) {
    let options = tokio::task::spawn_blocking(|| options(server())).await.unwrap();
    ((), Arc::new(Valkey::open(options).await.unwrap()))
}

impl Counts for Arc<Valkey> {
    async fn begin_attempt(&self, keys: Vec<ThrottleKey>, now: u64) -> Attempt {
        (**self).begin_attempt(&keys, now).await.unwrap()
    }

    async fn forgive(&self, forget: Vec<String>, give_back: Vec<String>) {
        (**self).forgive(&forget, &give_back).await.unwrap();
    }
}

crate::contract::throttle_suite!(crate::valkey::tests::fresh().await);

fn key(name: &str) -> ThrottleKey {
    ThrottleKey { key: name.into(), free: 1, base_delay_secs: 5, max_delay_secs: 60, window_secs: 900 }
}

async fn attempt(valkey: &Valkey) -> Result<Attempt, Away> {
    valkey.begin_attempt(&[key("account:ann")], NOW).await
}

/// Looks again until it is so.
async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn the_rule_is_the_one_of_the_store_for_any_numbers() {
    use crate::record::Counter;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let options = options(server());
    runtime.block_on(async {
        let valkey = Valkey::open(options.clone()).await.unwrap();
        let numbers = [0, 1, 2, 7, 63, 64, 1_000];
        let laps = [0, 1, 59, 60, 61, 899, 900, 901];
        for attempts in numbers {
            for lap in laps {
                for free in [0, 1, 5] {
                    let rule = ThrottleKey { free, ..key("rule") };
                    let name = format!("{}rule", options.prefix);
                    server().command(&["SET", &name, &format!("{attempts} {}", NOW - lap)]).unwrap();
                    let stored = Some(Counter { attempts, last_at: NOW - lap });
                    let wait = Counter::current(stored, &rule, NOW).0.wait_secs(&rule, NOW);
                    let expected = if wait == 0 { Attempt::Allowed } else { Attempt::Wait { secs: wait } };
                    let got = valkey.begin_attempt(std::slice::from_ref(&rule), NOW).await;
                    assert_eq!(got, Ok(expected), "{attempts} attempts, the last {lap} s ago, {free} free");
                }
            }
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_bear_their_prefix_and_expire_by_themselves() {
    let server = start(&[]).await;
    let valkey = Valkey::open(at(server.url(), "mine:")).await.unwrap();
    let other = Valkey::open(at(server.url(), "other:")).await.unwrap();
    let say = |words: &[&str]| server.command(words).unwrap();
    assert_eq!(attempt(&valkey).await, Ok(Attempt::Allowed));
    assert_eq!(attempt(&valkey).await, Ok(Attempt::Wait { secs: 5 }));
    assert_eq!(attempt(&other).await, Ok(Attempt::Allowed), "another deployment on the same server");
    valkey.forgive(&[], &["account:ann".into()]).await.unwrap();
    let mut keys: Vec<String> = say(&["KEYS", "*"]).lines().map(str::to_owned).collect();
    keys.sort();
    assert_eq!(keys, ["mine:account:ann", "mine:probe", "other:account:ann", "other:probe"]);
    for key in keys {
        let life: i64 = say(&["TTL", &key]).parse().unwrap();
        assert!((1..=900).contains(&life), "{key}: {life}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_is_one_round_trip() {
    let server = start(&[]).await;
    let valkey = Valkey::open(options(&server)).await.unwrap();
    server.command(&["CONFIG", "RESETSTAT"]).unwrap();
    for _ in 0..10 {
        let keys: Vec<ThrottleKey> = ["a", "b", "c"].map(key).into();
        valkey.begin_attempt(&keys, NOW).await.unwrap();
        valkey.forgive(&["a".into(), "b".into()], &["c".into()]).await.unwrap();
    }
    let calls = server.command(&["INFO", "commandstats"]).unwrap();
    assert!(calls.contains("cmdstat_evalsha:calls=20,"), "{calls}");
    for other in ["cmdstat_eval:", "cmdstat_script", "cmdstat_hello", "cmdstat_ping"] {
        assert!(!calls.contains(other), "{calls}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_away_says_so_at_once_and_comes_back_by_itself() {
    let mut server = start(&[]).await;
    let valkey = Valkey::open(options(&server)).await.unwrap();
    assert_eq!(attempt(&valkey).await, Ok(Attempt::Allowed));
    server.down();
    let begun = Instant::now();
    for _ in 0..100 {
        assert_eq!(attempt(&valkey).await, Err(Away));
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    server.up().unwrap();
    eventually("it is back", || !valkey.is_away()).await;
    assert_eq!(attempt(&valkey).await, Ok(Attempt::Allowed), "what it held is lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_silent_is_waited_for_once_and_not_for_long() {
    let server = start(&[]).await;
    let patience = Duration::from_millis(200);
    let valkey = Valkey::open(Options { patience, ..options(&server) }).await.unwrap();
    eventually("it counts", || !valkey.is_away()).await;
    server.command(&["CLIENT", "PAUSE", "600000", "WRITE"]).unwrap();
    let begun = Instant::now();
    for _ in 0..100 {
        assert_eq!(attempt(&valkey).await, Err(Away));
    }
    assert!(begun.elapsed() >= patience, "{:?}", begun.elapsed());
    assert!(begun.elapsed() < patience * 25, "{:?}", begun.elapsed());
    server.command(&["CLIENT", "UNPAUSE"]).unwrap();
    eventually("it is back", || !valkey.is_away()).await;
}

/// After a failover the old primary is one.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_is_away_until_it_is_the_primary() {
    let server = start(&[]).await;
    let valkey = Valkey::open(options(&server)).await.unwrap();
    server.command(&["REPLICAOF", "127.0.0.1", "1"]).unwrap();
    assert_eq!(attempt(&valkey).await, Err(Away));
    let second = Valkey::open(options(&server)).await.unwrap();
    assert!(second.is_away(), "nor is one that starts now fooled");
    server.command(&["REPLICAOF", "NO", "ONE"]).unwrap();
    eventually("it is back", || !valkey.is_away() && !second.is_away()).await;
    assert_eq!(attempt(&valkey).await, Ok(Attempt::Allowed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_forgot_the_scripts_gets_them_again() {
    let server = start(&[]).await;
    let valkey = Valkey::open(options(&server)).await.unwrap();
    server.command(&["SCRIPT", "FLUSH"]).unwrap();
    assert_eq!(attempt(&valkey).await, Err(Away));
    eventually("it is back", || !valkey.is_away()).await;
    assert_eq!(attempt(&valkey).await, Ok(Attempt::Allowed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_needed_where_one_is_asked_for() {
    let server = start(&["--requirepass", "sesame"]).await;
    let at = |who: &str| at(format!("redis://{who}127.0.0.1:{}/1", server.port()), &prefix());
    assert_eq!(super::probe(&at(":sesame@")).await, Ok(()));
    for who in ["", ":hunter2@"] {
        let why = super::probe(&at(who)).await.unwrap_err();
        assert!(!why.contains("hunter2"), "{why}");
        assert!(Valkey::open(at(who)).await.unwrap().is_away());
    }
}

/// A certificate for `localhost` that nobody signed but itself, and its key.
fn certificate(folder: &Path) -> (PathBuf, PathBuf) {
    let (certificate, key) = (folder.join("server.crt"), folder.join("server.key"));
    let words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -config /dev/null \
        -addext basicConstraints=critical,CA:FALSE -subj /CN=localhost -addext subjectAltName=DNS:localhost";
    let mut openssl = Command::new("openssl");
    openssl.args(words.split_whitespace()).arg("-keyout").arg(&key).arg("-out").arg(&certificate);
    let output = openssl.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (certificate, key)
}

const TRUSTED: &str = "SYMBOLON_TEST_VALKEY_TRUSTED";

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_verified_and_nothing_is_sent_in_the_clear() {
    if let Ok(url) = std::env::var(TRUSTED) {
        // The child, which trusts it.
        assert_eq!(super::probe(&at(url, "tls:")).await, Ok(()));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = certificate(folder.path());
    let server = Server::start_encrypted(&certificate, &key).unwrap();
    let (port, trust) = (server.port(), certificate.as_path());
    let url = |scheme: &str, host: &str| format!("{scheme}://{host}:{port}");
    for refused in [url("rediss", "localhost"), url("redis", "localhost")] {
        super::probe(&at(refused, "tls:")).await.unwrap_err();
    }
    let child = |url: &str| {
        let mut child = Command::new(std::env::current_exe().unwrap());
        let name = "valkey::tests::a_certificate_is_verified_and_nothing_is_sent_in_the_clear";
        child.args(["--exact", name]).env("SSL_CERT_FILE", trust).env(TRUSTED, url);
        child.output().unwrap()
    };
    let good = child(&url("rediss", "localhost"));
    assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stdout));
    let other_name = child(&url("rediss", "127.0.0.1"));
    assert!(!other_name.status.success(), "the certificate is for localhost");
}

#[test]
fn a_wrong_url_is_told_without_its_password() {
    for url in [
        "",
        "localhost",
        "http://u:hunter2@h",
        "redis://u:hunter2@h:port",
        "redis://:hunter2@h/x",
        "rediss://u:hunter2@h#insecure",
    ] {
        let why = check(url).unwrap_err();
        assert!(!why.contains("hunter2"), "{url}: {why}");
    }
    for url in ["redis://h", "rediss://u:p@h:6380/3", "redis://[::1]:1", "redis+unix:///run/valkey.sock"] {
        assert_eq!(check(url), Ok(()), "{url}");
    }
}
