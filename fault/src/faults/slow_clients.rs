//! Row 6: 500 connections that send a head or a body byte by byte, or ask for much and read nothing, beside 50 ordinary requests a second.
//! The ordinary ones are not slowed down, the slow ones are closed in time, and memory stays.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::clock::Stopwatch;
use crate::options::Options;
use crate::probe::{BUSY, Probe, Probed, milliseconds, twice};
use crate::report::Report;
use crate::server::World;
use crate::{Failure, driver, process};

/// Ordinary requests a second.
const RATE: u32 = 50;
const GROWTH_BYTES: u64 = 20 << 20;
/// Answers that a slow reader asks for.
const READ_NEVER: usize = 80;
/// What the server's own look at its connections may add to its limits.
const SLACK: Duration = Duration::from_secs(3);

/// How a client is slow.
#[derive(Clone, Copy)]
enum Slowness {
    Head,
    Body,
    Reader,
}

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    let mut world = World::new(options)?;
    // The defaults are 10 s for a head and 30 s for a request.
    let limit = Duration::from_secs(options.pick(30, 4));
    if options.quick {
        world.set("SYMBOLON_HTTP__HEADER_TIMEOUT", "2s");
        world.set("SYMBOLON_HTTP__REQUEST_TIMEOUT", "4s");
    }
    world.start()?;
    driver::populate(&world)?;
    let ordinary =
        || Probe::start(world.connect(), RATE, vec![Probed::get("/.well-known/jwks.json"), Probed::get("/readyz")]);
    let quiet = ordinary();
    tokio::time::sleep(Duration::from_secs(options.pick(15, 2))).await;
    let quiet = quiet.end()?;

    let before = process::memory(world.pid()?)?;
    let (count, every) = options.pick((500, Duration::from_secs(10)), (120, Duration::from_millis(700)));
    let slowest = Arc::new(Mutex::new(Duration::ZERO));
    let mut slow = JoinSet::new();
    for number in 0..count {
        let how = [Slowness::Head, Slowness::Body, Slowness::Reader][number % 3];
        // One after the other, so that it is not the rush of connecting that is measured.
        tokio::time::sleep(Duration::from_millis(5)).await;
        slow.spawn(crawl(world.address(), how, every, Arc::clone(&slowest), limit * 2 + SLACK));
    }
    let probe = ordinary();
    let (watch, mut most) = (Stopwatch::start(), before);
    while watch.elapsed() < limit * 2 {
        most = most.max(process::memory(world.pid()?)?);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let times = probe.end()?;
    let (mut closed, mut open) = (0, 0);
    while let Some(ended) = slow.join_next().await {
        if ended?? { closed += 1 } else { open += 1 }
    }
    let slowest = *slowest.lock().map_err(|_| "poisoned")?;
    let grown = most.saturating_sub(before);
    let mut report = Report { acknowledged: times.count() - times.failed, ..Report::default() };
    report.demand(times.failed == 0, format!("{} ordinary requests failed", times.failed));
    let bound = options.pick(twice(quiet.p99()), BUSY);
    report.demand(times.p99() <= bound, format!("p99 {:?}, quiet {:?}", times.p99(), quiet.p99()));
    report.demand(open == 0, format!("{open} slow connections are still open"));
    report.demand(slowest <= limit + SLACK, format!("a slow connection was open for {slowest:?}"));
    report.demand(grown <= GROWTH_BYTES, format!("memory has grown by {}", process::mebibytes(grown)));
    report.tell(format!(
        "{closed} slow connections closed within {}, p99 {} (quiet {}), memory +{}",
        milliseconds(slowest),
        milliseconds(times.p99()),
        milliseconds(quiet.p99()),
        process::mebibytes(grown)
    ));
    Ok(report)
}

/// One slow client; whether the server has closed the connection within `patience`.
async fn crawl(
    address: std::net::SocketAddr,
    how: Slowness,
    every: Duration,
    slowest: Arc<Mutex<Duration>>,
    patience: Duration,
) -> Result<bool, Failure> {
    let socket = TcpSocket::new_v4()?;
    // Little room at our end, and segments as on a network: for those of loopback the system takes 2.6 MB from the server before a write waits,
    // and a reader would be no more than an idle connection.
    socket.set_recv_buffer_size(4096)?;
    socket2::SockRef::from(&socket).set_tcp_mss(1400)?;
    let mut stream = socket.connect(address).await?;
    let watch = Stopwatch::start();
    let closed = tokio::time::timeout(patience, async {
        match how {
            Slowness::Head => {
                let head = b"GET /.well-known/jwks.json HTTP/1.1\r\nhost: localhost\r\nx-slow: ";
                drip(&mut stream, head, every).await;
            }
            Slowness::Body => {
                let head = b"POST /oauth/token HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9999\r\n\
                    content-type: application/x-www-form-urlencoded\r\n\r\n";
                if stream.write_all(head).await.is_ok() {
                    drip(&mut stream, b"", every).await;
                }
            }
            Slowness::Reader => {
                // More than the buffers between us hold, and then a byte now and then to learn that the connection was cut.
                let requests =
                    b"GET /.well-known/openid-configuration HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(READ_NEVER);
                if stream.write_all(&requests).await.is_ok() {
                    while stream.write_all(b"G").await.is_ok() {
                        tokio::time::sleep(Duration::from_millis(200)).await;
                    }
                }
            }
        }
    })
    .await
    .is_ok();
    if let Ok(mut slowest) = slowest.lock() {
        *slowest = watch.elapsed().max(*slowest);
    }
    Ok(closed)
}

/// Sends `start` and then a byte now and then, until the connection is closed; answers are read and ignored.
async fn drip(stream: &mut TcpStream, start: &[u8], every: Duration) {
    let (mut reader, mut writer) = stream.split();
    let read = async {
        let mut buffer = [0; 1024];
        while reader.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
    };
    let write = async {
        if writer.write_all(start).await.is_ok() {
            while writer.write_all(b"a").await.is_ok() {
                tokio::time::sleep(every).await;
            }
        }
    };
    tokio::select! {
        () = read => {}
        () = write => {}
    }
}
