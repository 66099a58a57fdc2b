//! Row 18: input far too large in every place that takes some, at a server that may have 256 MB. It is refused without a fault of the
//! server, memory comes back, and the server is not killed.
//!
//! Means: a memory control group where one can be made (as root), else the peak of its memory is read; the line says which.

use std::time::Duration;

use hyper::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::Failure;
use crate::driver::{self, PASSWORD, email, sign_in};
use crate::options::Options;
use crate::process::{self, Cage};
use crate::report::Report;
use crate::server::World;
use crate::wire::{Answer, Connection, FORM, Unanswered};

const LIMIT_BYTES: u64 = 256 << 20;
/// What may be left afterwards.
const LEFT_BYTES: u64 = 10 << 20;
const MEGABYTE: usize = 1 << 20;
/// The default of `http.max_body`.
const LARGEST_BODY: usize = 64 << 10;
/// Places that take a form.
const BODIES: &[&str] = &[
    "/oauth/token",
    "/oauth/revoke",
    "/oauth/introspect",
    "/authenticate",
    "/authorize",
    "/login",
    "/consent",
    "/userinfo",
    "/setup",
    "/reset",
    "/logout",
    "/session",
];
/// Long before the time of a request is up, which is 30 s.
const AT_ONCE: Duration = Duration::from_secs(10);

/// Something too large.
struct Input {
    name: &'static str,
    method: Method,
    path: String,
    header: Option<(&'static str, String)>,
    body: String,
    limit: Limit,
}

/// What must have refused it, if anything must: memory and status alone do not show that a limit is gone.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Limit {
    /// `http.max_body`: nothing of the body is looked at.
    Body,
    /// `http.max_header`: 431 (RFC 6585 §5).
    Head,
    /// It is within both, and some rule further in decides.
    Inner,
}

impl Limit {
    fn holds(self, answer: &Answer) -> bool {
        match self {
            Self::Body => answer.status == 413 || answer.status == 400 && answer.text().contains("too large"),
            Self::Head => answer.status == 431,
            Self::Inner => true,
        }
    }
}

fn inputs() -> Vec<Input> {
    let long = |count: usize| "a".repeat(count);
    let input =
        |name, method, path: String, header, body| Input { name, method, path, header, body, limit: Limit::Inner };
    let form =
        |name, path: &str, body| input(name, Method::POST, path.to_owned(), Some((FORM.0, FORM.1.to_owned())), body);
    let json_body = |name, body| {
        input(name, Method::POST, "/authenticate".into(), Some(("content-type", "application/json".to_owned())), body)
    };
    let get = |name, path: String, header| input(name, Method::GET, path, header, String::new());
    vec![
        get("a long path", format!("/{}", long(30_000)), None),
        get("a long query", format!("/authorize?state={}", long(30_000)), None),
        get("many parameters", format!("/authorize?{}", "a=b&".repeat(7_000)), None),
        Input { limit: Limit::Head, ..get("a long head", "/".into(), Some(("x-long", long(60_000)))) },
        get("a huge cookie", "/".into(), Some(("cookie", "a=b; ".repeat(6_000)))),
        get("a long bearer token", "/userinfo".into(), Some(("authorization", format!("Bearer {}", long(30_000))))),
        Input { limit: Limit::Body, ..form("a body of 8 MB", "/oauth/token", long(8 * MEGABYTE)) },
        form("many form fields", "/oauth/token", "a=b&".repeat(15_000)),
        form("a long scope", "/oauth/token", format!("grant_type=client_credentials&scope={}", "a+".repeat(30_000))),
        form("a long token to revoke", "/oauth/revoke", format!("client_id=app&token={}", long(60_000))),
        form("a long interaction", "/login", format!("interaction={}", long(60_000))),
        json_body("deep JSON", "[".repeat(60_000)),
        json_body(
            "a huge password",
            json!({ "username": "a", "password": long(60_000), "client_id": "app" }).to_string(),
        ),
        Input {
            limit: Limit::Body,
            ..json_body("JSON of 4 MB", json!({ "username": long(4 * MEGABYTE) }).to_string())
        },
    ]
}

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    let mut world = World::new(options)?;
    world.start()?;
    driver::populate(&world)?;
    let cage = Cage::around(world.pid()?, LIMIT_BYTES);
    let (mut report, at_once) = (Report::default(), options.pick(16, 4));
    // Once before looking at memory: what is made at first use is no growth.
    round(&world, at_once, &mut report).await?;
    let before = process::memory(world.pid()?)?;
    for _ in 0..options.pick(40, 3) {
        round(&world, at_once, &mut report).await?;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    for path in BODIES {
        report.demand(refuses_endless(&world, path).await?, format!("{path} reads on after the largest body"));
        report.acknowledged += 1;
    }
    let (left, peak) = (process::memory(world.pid()?)?.saturating_sub(before), process::peak(world.pid()?)?);
    report.demand(left <= LEFT_BYTES, format!("{} are left", process::mebibytes(left)));
    report.demand(peak <= LIMIT_BYTES, format!("the peak was {}", process::mebibytes(peak)));
    let answer = sign_in(&mut world.connect(), &email(0), PASSWORD).await;
    report.demand(answer.is_ok_and(|answer| answer.status == 200), "nobody can sign in any more");
    report.demand(!world.words()?.contains("panicked"), "the server panicked");
    let means = if cage.is_some() { "in a control group of 256 MB" } else { "without a control group" };
    world.kill();
    drop(cage);
    report.tell(format!("{means}, peak {}, left {}", process::mebibytes(peak), process::mebibytes(left)));
    Ok(report)
}

/// Announces a huge body, sends a little more than the largest and then nothing; whether the refusal comes without the rest. How much memory
/// a body takes shows only when many come at once; this shows of each place by itself that it has a limit.
async fn refuses_endless(world: &World, path: &str) -> Result<bool, Failure> {
    let mut stream = TcpStream::connect(world.address()).await?;
    let (host, origin) = (world.host(), world.issuer());
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\norigin: {origin}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {}\r\n\r\n",
        LIMIT_BYTES * 4
    );
    stream.write_all(head.as_bytes()).await?;
    // Fails where the refusal has closed the connection already.
    let _ = stream.write_all(&vec![b'a'; LARGEST_BODY + 1024]).await;
    let mut start = [0; 10];
    let read = tokio::time::timeout(AT_ONCE, stream.read_exact(&mut start)).await;
    Ok(match read {
        // Refused; or shut before a word was read, which resets the connection and takes the words with it.
        Ok(Ok(_)) => start.starts_with(b"HTTP/1.1 4"),
        Ok(Err(_)) => true,
        Err(_) => false,
    })
}

/// Everything once on each of several connections.
async fn round(world: &World, at_once: usize, report: &mut Report) -> Result<(), Failure> {
    let mut clients = JoinSet::new();
    for _ in 0..at_once {
        clients.spawn(send_all(world.connect()));
    }
    while let Some(ended) = clients.join_next().await {
        report.add(ended?);
    }
    Ok(())
}

/// Sends every input and judges the answers. A refusal before the body has been sent may close the connection: that is an answer, too.
async fn send_all(mut connection: Connection) -> Report {
    let mut report = Report::default();
    for Input { name, method, path, header, body, limit } in inputs() {
        let headers: Vec<(&str, &str)> = header.iter().map(|(name, value)| (*name, value.as_str())).collect();
        match connection.ask(method, &path, &headers, body).await {
            Ok(answer) if !limit.holds(&answer) => {
                report.demand(false, format!("{name} was not refused for its size: {}", answer.words()));
            }
            Ok(answer) if (400..500).contains(&answer.status) => report.acknowledged += 1,
            // The page of an error or of the service itself.
            Ok(answer) if (200..400).contains(&answer.status) => report.acknowledged += 1,
            Ok(answer) => report.demand(false, format!("{name}: {}", answer.words())),
            Err(Unanswered::InDoubt) => report.in_doubt += 1,
            Err(Unanswered::Unsent) => report.demand(false, format!("{name}: nobody accepts connections")),
        }
    }
    report
}
