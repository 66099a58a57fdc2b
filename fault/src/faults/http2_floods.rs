//! Row 8, over HTTP/2: rapid resets, CONTINUATION frames without end, pings, settings, empty data and heads that are huge when read, on many
//! connections at once beside 50 ordinary requests a second. The ordinary ones go on, every flood is ended, and memory stays.

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use crate::clock::Stopwatch;
use crate::options::Options;
use crate::probe::{BUSY, Probe, Probed, milliseconds};
use crate::report::Report;
use crate::server::{World, tls};
use crate::{Failure, driver, process};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Ordinary requests a second.
const RATE: u32 = 50;
const GROWTH_BYTES: u64 = 64 << 20;
/// A flood must have ended after this long: a head's time, a request's, and a reader's.
const PATIENCE: Duration = Duration::from_secs(30);

/// One kind of flood: what begins it, and what is sent again and again.
#[derive(Clone)]
struct Flood {
    name: &'static str,
    begin: Vec<u8>,
    again: fn(u32) -> Vec<u8>,
}

fn floods() -> Vec<Flood> {
    let flood = |name, begin, again| Flood { name, begin, again };
    vec![
        flood("rapid reset", Vec::new(), |number| {
            let stream = number * 2 + 1;
            [frame(1, 5, stream, &head()), frame(3, 0, stream, &[0, 0, 0, 8])].concat()
        }),
        flood("CONTINUATION", frame(1, 0, 1, &head()), |_| frame(9, 0, 1, &[0x40; 8_000])),
        flood("empty CONTINUATION", frame(1, 0, 1, &head()), |_| frame(9, 0, 1, &[])),
        flood("PING", Vec::new(), |_| frame(6, 0, 0, &[7; 8])),
        flood("SETTINGS", Vec::new(), |_| frame(4, 0, 0, &[])),
        flood("empty DATA", frame(1, 4, 1, &post()), |_| frame(0, 0, 1, &[])),
        flood("compressed heads", Vec::new(), |number| {
            let kept = [&[0x40, 1, b'x', 0x7F, 0xD1, 0x0E][..], &[b'a'; 2_000]].concat();
            frame(1, 5, number * 2 + 1, &[head(), kept, vec![0xBE; 8_000]].concat())
        }),
    ]
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(0).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// `GET /readyz` (RFC 7541: two indexed fields, two literals that are not kept).
fn head() -> Vec<u8> {
    [&[0x82, 0x87][..], b"\x04\x07/readyz", b"\x01\x09localhost"].concat()
}

fn post() -> Vec<u8> {
    [&[0x83, 0x87][..], b"\x04\x0c/oauth/token", b"\x01\x09localhost"].concat()
}

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    let mut world = World::new(options)?;
    world.speak_tls()?;
    world.set("SYMBOLON_HTTP__HEADER_TIMEOUT", "5s");
    world.set("SYMBOLON_HTTP__REQUEST_TIMEOUT", "5s");
    world.start()?;
    driver::populate(&world)?;
    let requests = vec![Probed::get("/.well-known/jwks.json"), Probed::get("/readyz")];
    let before = process::memory(world.pid()?)?;
    let probe = Probe::start(world.connect(), RATE, requests);
    let (mut report, config) = (Report::default(), tls::client(&[b"h2"])?);
    let watch = Stopwatch::start();
    let (mut ended, mut frames, mut most) = (0_u64, 0_u64, before);
    for _ in 0..options.pick(20, 1) {
        for flood in floods() {
            let mut connections = JoinSet::new();
            for _ in 0..options.pick(16, 4) {
                connections.spawn(pour(world.address(), flood.clone(), Arc::clone(&config)));
            }
            while let Some(outcome) = connections.join_next().await {
                let sent = outcome??;
                report.demand(sent.is_some(), format!("{}: a flood goes on", flood.name));
                ended += u64::from(sent.is_some());
                frames += sent.unwrap_or(0);
                most = most.max(process::memory(world.pid()?)?);
            }
        }
    }
    let times = probe.end()?;
    let grown = most.saturating_sub(before);
    report.acknowledged += times.count() - times.failed;
    report.demand(times.failed == 0, format!("{} ordinary requests failed", times.failed));
    report.demand(times.p99() <= BUSY, format!("p99 {:?} beside floods", times.p99()));
    report.demand(grown <= GROWTH_BYTES, format!("memory has grown by {}", process::mebibytes(grown)));
    report.demand(!world.words()?.contains("panicked"), "the server panicked");
    report.tell(format!(
        "{ended} floods ended after {frames} frames within {}, p99 {}, memory +{}",
        milliseconds(watch.elapsed()),
        milliseconds(times.p99()),
        process::mebibytes(grown)
    ));
    Ok(report)
}

/// Sends until the server has ended the connection; how many frames that were, or `None` if it has not.
async fn pour(address: std::net::SocketAddr, flood: Flood, config: Arc<ClientConfig>) -> Result<Option<u64>, Failure> {
    let stream = TcpStream::connect(address).await?;
    let stream = TlsConnector::from(config).connect(ServerName::try_from("localhost")?, stream).await?;
    let (mut reader, mut writer) = tokio::io::split(stream);
    let writing = async {
        let begun = writer.write_all(&[PREFACE, &frame(4, 0, 0, &[]), &flood.begin].concat()).await;
        let mut sent = 0_u32;
        while begun.is_ok() && writer.write_all(&(flood.again)(sent)).await.is_ok() {
            sent += 1;
        }
        sent
    };
    // What comes back is thrown away as fast as it comes: a reader that takes nothing is another program's.
    let reading = async { while matches!(reader.read(&mut [0; 4096]).await, Ok(read) if read > 0) {} };
    let both = async { tokio::join!(writing, reading).0 };
    Ok(tokio::time::timeout(PATIENCE, both).await.ok().map(u64::from))
}
