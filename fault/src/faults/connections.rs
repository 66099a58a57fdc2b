//! Row 8: 10,000 idle connections, then a flood of new ones, then 200,000 authorization requests that nobody goes on with. The server
//! lives, an idle connection costs at most 40 KB, ordinary requests are not slowed down, and nothing is left of the abandoned requests.
//! (Floods of HTTP/2 are a program of their own, `http2-floods`.)

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::clock::Stopwatch;
use crate::options::Options;
use crate::probe::{BUSY, Probe, Probed, milliseconds, twice};
use crate::report::Report;
use crate::server::World;
use crate::wire::Connection;
use crate::{Failure, driver, process};

/// Memory of an idle connection, in bytes.
const IDLE_BYTES: u64 = 40 * 1024;
/// One address may hold a quarter of all connections, so they come from several.
const ADDRESSES: u64 = 8;
/// What may be left in memory after 200,000 abandoned requests.
const LEFT_BYTES: u64 = 20 << 20;
/// Workers of the flood and of the abandoned requests.
const WORKERS: u64 = 16;

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    let idle = options.pick(10_000, 1_000);
    raise_limit(idle * 2)?;
    let mut world = World::new(options)?;
    world.set("SYMBOLON_HTTP__MAX_CONNECTIONS", "20000");
    // Idle for longer than this program looks.
    world.set("SYMBOLON_HTTP__HEADER_TIMEOUT", "5m");
    world.start()?;
    driver::populate(&world)?;
    let requests = vec![Probed::get("/.well-known/jwks.json"), Probed::get("/readyz")];
    let ordinary = || Probe::start(world.connect(), 50, requests.clone());
    let quiet = ordinary();
    tokio::time::sleep(Duration::from_secs(options.pick(10, 1))).await;
    let quiet = quiet.end()?;
    let bound = options.pick(twice(quiet.p99()), BUSY);
    let mut report = Report::default();

    let before = process::memory(world.pid()?)?;
    let connections = idle_connections(&world, idle).await?;
    let probe = ordinary();
    tokio::time::sleep(Duration::from_secs(options.pick(60, 2))).await;
    let times = probe.end()?;
    let each = process::memory(world.pid()?)?.saturating_sub(before) / idle;
    report.demand(each <= IDLE_BYTES, format!("an idle connection takes {each} bytes"));
    report.demand(times.failed == 0, format!("{} requests failed beside idle connections", times.failed));
    report.demand(times.p99() <= bound, format!("p99 {:?} beside idle connections", times.p99()));
    report.acknowledged += times.count() - times.failed;
    report.tell(format!("{idle} idle connections of {each} bytes, p99 {}", milliseconds(times.p99())));
    drop(connections);

    let probe = ordinary();
    let (made, took) = flood(&world, Duration::from_secs(options.pick(10, 1))).await?;
    let times = probe.end()?;
    report.demand(times.failed == 0, format!("{} requests failed beside the flood", times.failed));
    report.demand(times.p99() <= options.pick(BUSY / 4, BUSY * 3), format!("p99 {:?} beside the flood", times.p99()));
    report.acknowledged += times.count() - times.failed;
    report.tell(format!(
        "{} new connections/s, p99 {} (quiet {})",
        made * 1000 / u64::try_from(took.as_millis())?.max(1),
        milliseconds(times.p99()),
        milliseconds(quiet.p99())
    ));
    abandon(&world, options.pick(200_000, 2_000), &mut report).await?;
    report.demand(!world.words()?.contains("panicked"), "the server panicked");
    Ok(report)
}

/// Lets this process, and the server it starts, have `files` open files.
fn raise_limit(files: u64) -> Result<(), Failure> {
    let pid = std::process::id().to_string();
    let limit = files + 2_000;
    let raised = Command::new("prlimit")
        .args(["--pid", &pid, &format!("--nofile={limit}:{limit}")])
        .stderr(Stdio::null())
        .status();
    let now = std::fs::read_to_string("/proc/self/limits")?;
    let soft =
        now.lines().find_map(|line| line.strip_prefix("Max open files")?.split_whitespace().next()?.parse().ok());
    if raised.is_ok_and(|status| status.success()) || soft.is_some_and(|soft: u64| soft >= files / 2 + 1_000) {
        return Ok(());
    }
    Err(format!("more open files are needed; try: ulimit -n {limit}, or as root").into())
}

async fn connect(from: u64, to: SocketAddr) -> Result<TcpStream, Failure> {
    let socket = TcpSocket::new_v4()?;
    let last = u8::try_from(2 + from % ADDRESSES)?;
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0)))?;
    Ok(socket.connect(to).await?)
}

/// Connections that have had one answer and then say nothing.
async fn idle_connections(world: &World, count: u64) -> Result<Vec<TcpStream>, Failure> {
    let mut streams = Vec::new();
    for number in 0..count {
        let mut stream = connect(number, world.address()).await?;
        stream.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
        let mut buffer = [0; 2048];
        if stream.read(&mut buffer).await? == 0 {
            return Err(format!("connection {number} was closed").into());
        }
        streams.push(stream);
    }
    Ok(streams)
}

/// New connections as fast as possible, each closed at once.
async fn flood(world: &World, time: Duration) -> Result<(u64, Duration), Failure> {
    let (watch, made, mut workers) = (Stopwatch::start(), Arc::new(AtomicU64::new(0)), JoinSet::new());
    for worker in 0..WORKERS {
        let (made, address) = (Arc::clone(&made), world.address());
        workers.spawn(async move {
            while watch.elapsed() < time {
                if connect(worker, address).await.is_ok() {
                    made.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    while let Some(ended) = workers.join_next().await {
        ended?;
    }
    Ok((made.load(Ordering::Relaxed), watch.elapsed()))
}

/// Authorization requests of browsers that never come back: a page each, and nothing kept.
async fn abandon(world: &World, count: u64, report: &mut Report) -> Result<(), Failure> {
    let warm = world.connect().get(&driver::authorize_path(&[])).await.map_err(|_| "no page")?;
    report.demand(warm.status == 200, format!("the sign-in page came with {}", warm.status));
    let rows = || std::fs::metadata(world.data().join("symbolon.db")).map(|it| it.len());
    let (before, size) = (process::memory(world.pid()?)?, rows()?);
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
        workers.spawn(ask(world.connect(), count / WORKERS));
    }
    let mut failed = 0;
    while let Some(ended) = workers.join_next().await {
        failed += ended?;
    }
    let left = process::memory(world.pid()?)?.saturating_sub(before);
    report.demand(failed == 0, format!("{failed} authorization requests were not answered with a page"));
    report.demand(left <= LEFT_BYTES, format!("{} are left of abandoned requests", process::mebibytes(left)));
    report.demand(rows()? == size, "abandoned requests are in the database");
    report.acknowledged += count - failed;
    report.tell(format!("{count} abandoned authorization requests, memory +{}", process::mebibytes(left)));
    Ok(())
}

async fn ask(mut connection: Connection, count: u64) -> u64 {
    let (path, mut failed) = (driver::authorize_path(&[]), 0);
    for _ in 0..count {
        let answer = connection.get(&path).await;
        failed += u64::from(!answer.is_ok_and(|answer| answer.status == 200));
    }
    failed
}
