//! Death without warning, over HTTP (security part 3, rows 1 and 3): a server in a process of its own is killed
//! with `kill -9` amid sign-ins, redemptions and refreshes. What it answered is on record, nothing used works
//! again, and the next start takes less than the patience of a client.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "it/support/mod.rs"]
#[expect(dead_code, unreachable_pub, reason = "shared with the other test binary")]
mod support;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use http::header::{CONTENT_TYPE, ORIGIN};
use serde_json::Value;
use support::client::form;
use support::flow::{VERIFIER, authorize_url, basic};
use support::{Browser, CALLBACK, ISSUER, PASSWORD, SECRET, World};
use symbolon_oauth::Rng as _;
use symbolon_server::clock::Stopwatch;
use symbolon_server::rng::SystemRng;
use symbolon_server::{Clock, Config};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

const ROUNDS: usize = 24;
const CLIENTS: usize = 8;
const FORM: &str = "application/x-www-form-urlencoded";
const DATA: &str = "SYMBOLON_KILL_TEST_DATA";

/// The child's part: a server on the data folder, until it is killed. Does nothing in the parent.
#[tokio::test(flavor = "multi_thread")]
async fn server() {
    let Ok(folder) = std::env::var(DATA) else { return };
    let running = symbolon_server::start(config(Path::new(&folder)), Clock::system()).await.unwrap();
    println!("listening {}", running.address.unwrap());
    std::future::pending::<()>().await;
}

fn config(folder: &Path) -> Config {
    let mut config = Config::development(folder).unwrap();
    config.dev = false;
    config.http.listen = "127.0.0.1:0".parse().unwrap();
    config.password.memory_kib = 64;
    config.password.passes = 1;
    // All sign in as one person from one address, at once.
    config.throttle.pair.free = 100_000;
    config.throttle.account.free = 100_000;
    config.throttle.address.free = 100_000;
    // A superseded token whose successor was used is theft at once: the strictest reading of the table.
    config.tokens.refresh_grace_secs = 0;
    config
}

/// A server process. It is killed when dropped.
struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "server", "--nocapture"])
            .env(DATA, folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = lines.find_map(|line| line.unwrap().strip_prefix("listening ")?.parse().ok());
        Self { process, address: address.expect("the server starts") }
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        assert_eq!(self.process.wait().unwrap().code(), None, "killed, not failed");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What one person was answered: the acknowledgement journal.
#[derive(Clone, Debug, Default)]
struct Journal {
    cookie: Option<String>,
    /// Codes handed out, and whether their redemption was answered.
    codes: Vec<(String, bool)>,
    /// Refresh tokens of the newest family, oldest first: all but the last were used, and that was answered.
    chain: Vec<String>,
}

/// A request that is not answered ends the life: the server was killed.
async fn post(address: SocketAddr, pairs: &[(&str, &str)]) -> Option<(u16, Value)> {
    let request = http::Request::post("/oauth/token")
        .header("host", "localhost")
        .header("authorization", basic("web", SECRET))
        .header("content-type", FORM)
        .body(http_body_util::Full::<bytes::Bytes>::from(form(pairs)));
    let answer = support::client::try_exchange(address, request.unwrap()).await?;
    Some((answer.status.as_u16(), answer.json()))
}

async fn get(browser: &mut Browser, more: &[(&str, &str)]) -> Option<support::Answer> {
    browser.try_send(Method::GET, &authorize_url("web", more), &[], None).await
}

async fn redeem(address: SocketAddr, code: &str) -> Option<(u16, Value)> {
    let fields =
        [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)];
    post(address, &fields).await
}

async fn refresh(address: SocketAddr, token: &str) -> Option<(u16, Value)> {
    post(address, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
}

fn refresh_token(answer: &Value) -> String {
    answer["refresh_token"].as_str().unwrap().to_owned()
}

/// One person: signs in, and again and again gets a code, redeems it, refreshes a few times. Each answer is written
/// down before the next request.
async fn live(address: SocketAddr, journal: Arc<Mutex<Journal>>, answered: UnboundedSender<()>) -> Option<()> {
    let note = |entry: &dyn Fn(&mut Journal)| {
        entry(&mut journal.lock().unwrap());
        // Nobody counts any more once the server is killed.
        let _ = answered.send(());
    };
    let mut browser = Browser::new(address, ISSUER);
    let page = get(&mut browser, &[]).await?;
    let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
    let fields =
        [("interaction", &*interaction), ("csrf", &csrf), ("username", "ada@example.com"), ("password", PASSWORD)];
    let headers = [(ORIGIN, ISSUER), (CONTENT_TYPE, FORM)];
    let answer = browser.try_send(Method::POST, "/login", &headers, Some(form(&fields))).await?;
    assert_eq!(answer.status, 303, "{answer:?}");
    note(&|journal| journal.cookie = Some(browser.cookies["symbolon-session-4400"].clone()));
    loop {
        let answer = get(&mut browser, &[("prompt", "none")]).await?;
        let code = answer.param("code").unwrap_or_else(|| panic!("{answer:?}"));
        note(&|journal| journal.codes.push((code.clone(), false)));
        let (status, tokens) = redeem(address, &code).await?;
        assert_eq!(status, 200, "{tokens}");
        let mut token = refresh_token(&tokens);
        note(&|journal| {
            journal.codes.last_mut().unwrap().1 = true;
            journal.chain = vec![token.clone()];
        });
        for _ in 0..6 {
            let (status, tokens) = refresh(address, &token).await?;
            assert_eq!(status, 200, "{tokens}");
            token = refresh_token(&tokens);
            note(&|journal| journal.chain.push(token.clone()));
        }
    }
}

/// Lets `CLIENTS` people live, kills the server after a random number of answers, gives their journals.
async fn kill_amid_work(server: &mut Server, answered_in_all: &mut usize) -> Vec<Journal> {
    let journals: Vec<_> = (0..CLIENTS).map(|_| Arc::new(Mutex::new(Journal::default()))).collect();
    let (answered, mut answers) = unbounded_channel();
    let lives: Vec<_> = journals
        .iter()
        .map(|journal| tokio::spawn(live(server.address, Arc::clone(journal), answered.clone())))
        .collect();
    let mut byte = [0];
    SystemRng.fill(&mut byte);
    for _ in 0..10 + usize::from(byte[0]) {
        answers.recv().await.unwrap();
        *answered_in_all += 1;
    }
    server.kill();
    for life in lives {
        life.await.unwrap();
    }
    while answers.try_recv().is_ok() {
        *answered_in_all += 1;
    }
    journals.iter().map(|journal| journal.lock().unwrap().clone()).collect()
}

/// Whether what one person was answered still holds, on the server started after the kill.
async fn check(address: SocketAddr, journal: &Journal, place: &str) {
    if let Some(cookie) = &journal.cookie {
        let mut browser = Browser::new(address, ISSUER);
        browser.cookies.insert("symbolon-session-4400".to_owned(), cookie.clone());
        let answer = browser.get(&authorize_url("web", &[("prompt", "none")])).await;
        assert!(answer.param("code").is_some(), "{place}: an answered sign-in was lost: {answer:?}");
    }
    let last = match journal.chain.last() {
        Some(newest) => Some(check_newest(address, newest, place).await),
        None => None,
    };
    // One whose redemption was not answered may have been carried out or not; now it is, and never again.
    for (code, _) in journal.codes.iter().filter(|(_, redeemed)| !redeemed) {
        redeem(address, code).await.unwrap();
        let (status, body) = redeem(address, code).await.unwrap();
        assert_eq!(status, 400, "{place}: a code was redeemed twice: {body}");
    }
    if let (Some(last), [used @ .., _]) = (last, &*journal.chain) {
        check_used(address, used, &last, place).await;
    }
    for (code, _) in journal.codes.iter().filter(|(_, redeemed)| *redeemed) {
        let (status, body) = redeem(address, code).await.unwrap();
        assert_eq!(status, 400, "{place}: an answered redemption was lost: {body}");
    }
}

/// The newest token works, even where the request in doubt was carried out: a lost answer costs nothing. Gives
/// the successor of its successor.
async fn check_newest(address: SocketAddr, newest: &str, place: &str) -> String {
    let mut token = newest.to_owned();
    for _ in 0..2 {
        let (status, body) = refresh(address, &token).await.unwrap();
        assert_eq!(status, 200, "{place}: an answered refresh was lost: {body}");
        token = refresh_token(&body);
    }
    token
}

/// All before it were used up, and so were their successors: each is theft, and the first try ends the family.
async fn check_used(address: SocketAddr, used: &[String], last: &str, place: &str) {
    for token in used {
        let (status, body) = refresh(address, token).await.unwrap();
        assert_eq!(status, 400, "{place}: a used refresh token works again: {body}");
    }
    if !used.is_empty() {
        let (status, _) = refresh(address, last).await.unwrap();
        assert_eq!(status, 400, "{place}: the family lives on after a replay");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_loses_nothing_it_answered_and_revives_nothing_used() {
    if std::env::var_os(DATA).is_some() {
        return;
    }
    let stopped = World::new().await.stop().await;
    let folder = stopped.data();
    let mut answered = 0;
    let mut slowest = Duration::ZERO;
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    let mut server = Server::start(folder);
    for round in 0..ROUNDS {
        let journals = kill_amid_work(&mut server, &mut answered).await;
        let restart = Stopwatch::start();
        server = Server::start(folder);
        slowest = slowest.max(restart.elapsed());
        for (person, journal) in journals.iter().enumerate() {
            check(server.address, journal, &format!("round {round}, person {person}")).await;
            *outcomes.entry("sign-ins").or_default() += usize::from(journal.cookie.is_some());
            *outcomes.entry("redemptions").or_default() += journal.codes.iter().filter(|code| code.1).count();
            *outcomes.entry("refreshes").or_default() += journal.chain.len().saturating_sub(1);
        }
    }
    println!("acknowledged {}, lost 0, resurrected 0, restart ≤ {} ms", answered, slowest.as_millis());
    for (what, count) in outcomes {
        assert!(count > ROUNDS, "too few {what} were answered before the kills: {count}");
    }
}
