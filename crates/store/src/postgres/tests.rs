//! The contract on a real server.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use postgres_fixture::{Durability, Server, StopMode};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::Instant;

use super::{Options, Postgres};
use crate::contract::World;
use crate::contract::world::{begin, hash, rotate};
use crate::error::StoreError;
use crate::port::Store;
use crate::record::{
    Delivery, DocumentWrite, Expect, Issued, NewDelivery, NewRevocation, RevocationKind, RotateExpect, Rotated, Session,
};

/// One server for all tests of this process, gone with it.
pub(super) fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(Durability::None, &["max_connections=400"]).unwrap())
}

/// The URL of a database that nobody else has.
fn database() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    server().sql("postgres", &format!("CREATE DATABASE {name}")).unwrap();
    server().url(&name)
}

pub(super) fn options(url: String) -> Options {
    Options { url, connections: 4, ..Options::default() }
}

async fn fresh() -> ((), Arc<dyn Store>) {
    let url = tokio::task::spawn_blocking(database).await.unwrap();
    ((), Arc::new(Postgres::open(options(url)).await.unwrap()))
}

crate::contract::suite!(crate::postgres::tests::fresh().await);

async fn open(url: &str) -> Postgres {
    Postgres::open(options(url.to_owned())).await.unwrap()
}

pub(super) async fn new_database() -> String {
    tokio::task::spawn_blocking(database).await.unwrap()
}

fn put(id: &str) -> Vec<DocumentWrite> {
    let body = serde_json::json!({ "name": id });
    vec![DocumentWrite::Put { kind: "client".into(), id: id.into(), body, expect: Expect::Absent }]
}

fn name_of(url: &str) -> &str {
    url.rsplit('/').next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_at_once_make_one_schema() {
    let url = new_database().await;
    let nodes: Vec<_> = (0..5).map(|_| tokio::spawn(Postgres::open(options(url.clone())))).collect();
    for (number, node) in nodes.into_iter().enumerate() {
        let node = node.await.unwrap().unwrap();
        node.apply(put(&number.to_string())).await.unwrap();
    }
    assert_eq!(open(&url).await.documents("client", None, 100).await.unwrap().items.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_schema_is_refused_and_left_alone() {
    let url = new_database().await;
    open(&url).await.apply(put("a")).await.unwrap();
    server().sql(name_of(&url), "UPDATE schema_version SET version = 999").unwrap();
    let refused = Postgres::open(options(url.clone())).await.map(drop);
    assert!(matches!(refused, Err(StoreError::NewerSchema { found: 999, .. })), "{refused:?}");
    assert_eq!(server().sql(name_of(&url), "SELECT version FROM schema_version").unwrap(), "999");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_programs_database_is_refused_and_left_alone() {
    let url = new_database().await;
    server().sql(name_of(&url), "CREATE TABLE theirs (x TEXT)").unwrap();
    let refused = Postgres::open(options(url.clone())).await.map(drop).unwrap_err();
    assert!(refused.to_string().contains("another program"), "{refused}");
    let tables = "SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(server().sql(name_of(&url), tables).unwrap(), "theirs");
}

/// Each with what to do about it, and never with the password.
#[tokio::test(flavor = "multi_thread")]
async fn each_mistake_in_the_url_is_told_with_its_remedy() {
    let port = server().port();
    let database = name_of(&new_database().await).to_owned();
    let sql = "CREATE ROLE reader LOGIN PASSWORD 'hunter2'; REVOKE CREATE ON SCHEMA public FROM PUBLIC";
    server().sql(&database, sql).unwrap();
    server().sql("postgres", "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0").unwrap();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (url, hint) in [
        (format!("postgres://nobody@127.0.0.1:{port}/{database}"), "role"),
        (format!("postgres://postgres@127.0.0.1:{port}/missing"), "createdb"),
        (format!("postgres://reader:hunter2@127.0.0.1:{port}/{database}"), "GRANT"),
        (format!("postgres://postgres@127.0.0.1:{port}/latin"), "--encoding=UTF8"),
        (format!("postgres://postgres@127.0.0.1:{nobody}/{database}"), "cannot be reached"),
        (format!("postgres://postgres@127.0.0.1:{port}/{database}?sslmode=require"), "ssl = on"),
        ("postgres://u:hunter2@nowhere.invalid/d".to_owned(), "no address"),
        ("mysql://u:hunter2@127.0.0.1/d".to_owned(), "postgres://"),
    ] {
        let error = Postgres::open(options(url.clone())).await.map(drop).unwrap_err();
        assert!(error.to_string().contains(hint), "{url}: {error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

/// Long before the next poll.
#[tokio::test(flavor = "multi_thread")]
async fn what_one_node_changes_the_others_hear_at_once() {
    let url = new_database().await;
    let deaf = Options { poll: Duration::from_mins(10), ..options(url.clone()) };
    let (one, other) = (open(&url).await, Postgres::open(deaf).await.unwrap());
    let (mut registry, mut revocations) = (other.watch_registry(), other.watch_revocations());
    // Whether it listens already, only a notice tells.
    let heard = async {
        for round in 0.. {
            one.apply(put(&round.to_string())).await.unwrap();
            if tokio::time::timeout(Duration::from_millis(200), registry.changed()).await.is_ok() {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), heard).await.unwrap();
    let entry = NewRevocation { kind: RevocationKind::Sid, id: "s".into(), revoked_at: 1, expires_at: 2 };
    one.revoke(vec![entry]).await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), revocations.wait_for(|seq| *seq == 1)).await.unwrap().unwrap();
}

/// Numbers are given before the commit. Long before the next poll, too.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_committed_after_a_newer_one_is_seen_at_once() {
    let url = new_database().await;
    let node = Postgres::open(Options { poll: Duration::from_mins(10), ..options(url.clone()) }).await.unwrap();
    let mut news = node.watch_deliveries();
    let message = || {
        let (kind, target) = (Delivery::BACKCHANNEL_LOGOUT.to_owned(), "spa".to_owned());
        vec![NewDelivery { kind, target, payload: serde_json::json!({}) }]
    };
    let give_next = |number: u64| {
        server().sql(name_of(&url), &format!("SELECT setval('outbox_id_seq', {number}, false)")).unwrap();
    };
    give_next(100);
    node.put_deliveries(message(), 1).await.unwrap();
    news.wait_for(|newest| *newest == 100).await.unwrap();
    give_next(50);
    node.put_deliveries(message(), 1).await.unwrap();
    let seen = tokio::time::timeout(Duration::from_secs(20), news.changed()).await;
    seen.expect("whoever watches is told").unwrap();
    assert_eq!(*news.borrow(), 100, "the newest is still the newest");
}

/// Nodes of the version before serve beside those of this one while it is rolled out.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_node_of_an_older_release_wrote_has_to_be_read_whole() {
    let url = new_database().await;
    let node = open(&url).await;
    let before = node.apply(put("a")).await.unwrap();
    server().sql(name_of(&url), "UPDATE registry SET version = version + 1").unwrap();
    let after = node.apply(put("b")).await.unwrap();
    assert_eq!(node.registry_changes(before).await, Ok(None));
    assert_eq!(node.registry_changes(after - 1).await.unwrap().unwrap().documents.len(), 1);
    let old = "INSERT INTO document_change (version, kind, id) VALUES (-10000, 'client', 'a')";
    server().sql(name_of(&url), old).unwrap();
    server().sql(name_of(&url), "UPDATE registry SET version = 10000").unwrap();
    node.apply(put("c")).await.unwrap();
    let left = server().sql(name_of(&url), "SELECT count(*) FROM document_change WHERE version <= 1").unwrap();
    assert_eq!(left.trim(), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_notices_changes_are_found_by_asking() {
    let url = new_database().await;
    let node = Postgres::open(Options { poll: Duration::from_millis(50), ..options(url.clone()) }).await.unwrap();
    let mut registry = node.watch_registry();
    // As an engine without notices, or a node that died between its commit and its notice.
    server().sql(name_of(&url), "UPDATE registry SET version = 7").unwrap();
    tokio::time::timeout(Duration::from_secs(20), registry.wait_for(|version| *version == 7)).await.unwrap().unwrap();
    let sql = "INSERT INTO revocation (kind, id, revoked_at, expires_at) VALUES ('jti', 'j', 1, 2)";
    server().sql(name_of(&url), sql).unwrap();
    let mut revocations = node.watch_revocations();
    tokio::time::timeout(Duration::from_secs(20), revocations.wait_for(|seq| *seq == 1)).await.unwrap().unwrap();
}

/// The numbers are what followers know by that they missed nothing.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_revoke_at_once_leave_no_hole_in_the_log() {
    let url = new_database().await;
    let nodes = [Arc::new(open(&url).await), Arc::new(open(&url).await), Arc::new(open(&url).await)];
    let revoke = |number: u32| {
        let node = Arc::clone(&nodes[number as usize % nodes.len()]);
        tokio::spawn(async move {
            let kind = RevocationKind::Jti;
            let entry = NewRevocation { kind, id: format!("jti-{}", number / 2), revoked_at: 1, expires_at: 2 };
            let new = node.revoke(vec![entry]).await.unwrap();
            // What is read between may have holes for nobody either.
            let seen: Vec<u64> = node.revocations(0, 1000).await.unwrap().iter().map(|entry| entry.seq).collect();
            assert_eq!(seen, (1..=seen.len() as u64).collect::<Vec<_>>());
            new
        })
    };
    let calls: Vec<_> = (0..300).map(revoke).collect();
    let mut new = 0;
    for call in calls {
        new += call.await.unwrap();
    }
    assert_eq!(new, 150, "each id once, although two nodes revoked it");
    assert_eq!(nodes[0].revocation_head().await.unwrap().seq, 150);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_stopped_and_started_is_used_again() {
    let mut server = tokio::task::spawn_blocking(|| Server::start(Durability::Full, &[])).await.unwrap().unwrap();
    let node = open(&server.url("postgres")).await;
    node.apply(put("before")).await.unwrap();
    server.down(StopMode::Immediate).unwrap();
    let begun = Instant::now();
    let refused = node.apply(put("during")).await;
    assert!(refused.as_ref().is_err_and(StoreError::is_retryable), "{refused:?}");
    assert!(node.ping().await.is_err_and(|error| error.is_retryable()));
    assert!(begun.elapsed() < Duration::from_secs(12), "nobody waits for ever");
    server.up().unwrap();
    // Its pool is full of dead connections.
    assert_eq!(node.documents("client", None, 100).await.unwrap().items.len(), 1);
    node.apply(put("after")).await.unwrap();
}

/// A transaction that a caller leaves in its middle is not left open.
#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_undoes_nothing_and_leaves_nothing_open() {
    let url = new_database().await;
    let node = Arc::new(open(&url).await);
    for round in 0..20 {
        let call = {
            let node = Arc::clone(&node);
            tokio::spawn(async move { node.apply(put(&round.to_string())).await })
        };
        tokio::time::sleep(Duration::from_micros(round * 200)).await;
        call.abort();
    }
    node.apply(put("last")).await.unwrap();
    let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'";
    let deadline = Instant::now() + Duration::from_secs(5);
    while server().sql(name_of(&url), open).unwrap() != "0" {
        assert!(Instant::now() < deadline, "a transaction stays open");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_verified_and_nothing_is_sent_in_the_clear() {
    let server = tokio::task::spawn_blocking(Server::start_encrypted).await.unwrap().unwrap();
    let (port, certificate) = (server.port(), server.folder().join("server.crt"));
    let url = |host: &str, query: &str| format!("postgres://postgres@{host}:{port}/postgres?{query}");
    let trusted = format!("sslmode=verify-full&sslrootcert={}", certificate.display());
    open(&url("localhost", &trusted)).await.apply(put("a")).await.unwrap();
    for (url, hint) in [
        // Nobody the machine trusts has signed it.
        (url("localhost", "sslmode=require"), "sslrootcert="),
        // The name in the certificate is another one.
        (url("127.0.0.1", &trusted), "certificate was refused"),
        (url("127.0.0.1", "sslmode=disable"), "pg_hba.conf"),
    ] {
        let error = Postgres::open(options(url.clone())).await.map(drop).unwrap_err();
        assert!(error.to_string().contains(hint), "{url}: {error}");
    }
}

/// A fail-over, a restart, an administrator: whoever finds a connection dead takes another one, unless something may have taken effect.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_cut_costs_nobody_a_request() {
    let url = new_database().await;
    let node = open(&url).await;
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    for round in 0..10 {
        server().sql(name_of(&url), cut).unwrap();
        node.apply(put(&round.to_string())).await.unwrap();
        assert_eq!(node.registry_version().await.unwrap(), round + 1);
    }
}

/// Whoever waits for a session that is just becoming the next one finds it: it has not ended.
#[tokio::test(flavor = "multi_thread")]
async fn authenticating_again_on_one_node_ends_no_refresh_on_another() {
    let url = new_database().await;
    let (one, other) = (Arc::new(open(&url).await), Arc::new(open(&url).await));
    let world = World::new(Arc::clone(&one) as Arc<dyn Store>).await;
    let mut session = world.sign_in("ann", 0).await;
    let family = world.authorise(&session, 0).await;
    for round in 0..100 {
        let mut again = begin(Session { id_hash: hash(round + 100), ..session.clone() });
        again.replaces = Some(session.id_hash);
        session = again.session.clone();
        let rotate = rotate(&family, round, round + 1, RotateExpect::Current);
        let (one, other) = (Arc::clone(&one), Arc::clone(&other));
        let (signed_in, rotated) = tokio::join!(
            tokio::spawn(async move { one.create_session(again).await }),
            tokio::spawn(async move { other.rotate_refresh_token(rotate).await })
        );
        assert_eq!(signed_in.unwrap(), Ok(Issued::Done), "{round}");
        assert_eq!(rotated.unwrap(), Ok(Rotated::Done), "{round}");
    }
}

/// A line to a server that may fall silent: what is on it from then on is lost, and no end of a connection is ever told.
struct Line {
    port: u16,
    silence: watch::Sender<bool>,
}

impl Line {
    async fn to(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let line = Self { port: listener.local_addr().unwrap().port(), silence: watch::Sender::new(false) };
        let silence = line.silence.subscribe();
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                tokio::spawn(carry(client, port, silence.clone()));
            }
        });
        line
    }
}

async fn carry(mut client: TcpStream, port: u16, mut silence: watch::Receiver<bool>) {
    // Both ends are held for ever.
    let mut server = None;
    if !*silence.borrow_and_update() {
        let server = server.insert(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut client, server) => return,
            _ = silence.changed() => {}
        }
    }
    std::future::pending::<()>().await;
}

/// Not even a refusal comes: those who wait are told in time, and whoever comes after the silence finds no trace of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_falls_silent_keeps_nobody_longer_than_an_operation_may_take() {
    let url = new_database().await;
    let line = Line::to(server().port()).await;
    let url = format!("postgres://postgres@127.0.0.1:{}/{}", line.port, name_of(&url));
    let timeout = Duration::from_secs(2);
    let node = Arc::new(Postgres::open(Options { timeout, ..options(url) }).await.unwrap());
    // As many connections as it may have, all alive a moment ago.
    let reads = (0..4).map(|_| {
        tokio::spawn({
            let node = Arc::clone(&node);
            async move { node.documents("client", None, 100).await }
        })
    });
    for read in reads.collect::<Vec<_>>() {
        read.await.unwrap().unwrap();
    }
    line.silence.send_replace(true);
    let begun = Instant::now();
    let refused = node.apply(put("during")).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert!(begun.elapsed() < timeout * 3 / 2, "{:?}", begun.elapsed());
    line.silence.send_replace(false);
    let begun = Instant::now();
    node.apply(put("after")).await.unwrap();
    assert!(begun.elapsed() < timeout / 2, "no connection of before is taken: {:?}", begun.elapsed());
}

/// A machine that is gone refuses nothing, and a process that hangs accepts connections for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_says_nothing_keeps_nobody_from_the_next() {
    let url = new_database().await;
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (gone, port) = (silent.local_addr().unwrap().port(), server().port());
    let url = format!("postgres://postgres@127.0.0.1:{gone},127.0.0.1:{port}/{}", name_of(&url));
    let begun = Instant::now();
    let node = open(&url).await;
    node.apply(put("a")).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}
