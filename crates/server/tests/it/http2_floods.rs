//! Floods of HTTP/2 (RFC 9113 §10.5), frame by frame: the connection that floods is closed or bounded, and others go on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::World;
use crate::support::certificates::{VERSIONS, tls, with_certificates};
use crate::support::client::exchange_over;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// Longer than any of this may take.
const PATIENCE: Duration = Duration::from_secs(30);

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// `GET /livez` (RFC 7541: two indexed fields, two literals that are not kept).
fn get() -> Vec<u8> {
    [&[0x82, 0x87][..], b"\x04\x06/livez", b"\x01\x09localhost"].concat()
}

fn request(stream: u32, flags: u8) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | flags, stream, &get())
}

/// A connection on which anything can be written.
struct Raw {
    reader: ReadHalf<TlsStream<TcpStream>>,
    writer: WriteHalf<TlsStream<TcpStream>>,
}

impl Raw {
    async fn open(address: SocketAddr) -> Self {
        let mut config = (*tls(&[], VERSIONS)).clone();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        let (reader, mut writer) = tokio::io::split(stream);
        writer.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).await.unwrap();
        Self { reader, writer }
    }

    /// Writes pieces until it is closed, or `most` were written, and reads beside it; gives what was read and how many were written.
    async fn flood(self, most: usize, piece: impl Fn(usize) -> Vec<u8>) -> Ended {
        let Self { mut reader, mut writer } = self;
        let mut read = Vec::new();
        let writing = async {
            let mut written = 0;
            while written < most && writer.write_all(&piece(written)).await.is_ok() {
                written += 1;
            }
            written
        };
        let both = async { tokio::join!(writing, reader.read_to_end(&mut read)).0 };
        let written = tokio::time::timeout(PATIENCE, both).await.expect("the connection ends");
        Ended { read, written }
    }
}

struct Ended {
    read: Vec<u8>,
    written: usize,
}

impl Ended {
    /// Kind, flags, stream and payload of each frame.
    fn frames(&self) -> Vec<(u8, u8, u32, &[u8])> {
        let (mut frames, mut rest) = (Vec::new(), self.read.as_slice());
        while let [a, b, c, kind, flags, s0, s1, s2, s3, more @ ..] = rest {
            let length = usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).unwrap();
            let Some((payload, more)) = more.split_at_checked(length) else { break };
            frames.push((*kind, *flags, u32::from_be_bytes([*s0, *s1, *s2, *s3]), payload));
            rest = more;
        }
        frames
    }

    /// The error with which the server took its leave, if it did (RFC 9113 §7).
    fn goaway(&self) -> Option<u32> {
        let last = self.frames().into_iter().rev().find(|frame| frame.0 == GOAWAY)?;
        Some(u32::from_be_bytes(last.3[4..8].try_into().unwrap()))
    }
}

async fn world() -> World {
    World::with(|config| {
        with_certificates(config);
        config.http.header_timeout_secs = 2;
        config.http.request_timeout_secs = 2;
    })
    .await
}

/// Floods, while somebody else is answered at once; and afterwards so, too.
async fn bounded(world: &World, most: usize, piece: impl Fn(usize) -> Vec<u8>) -> Ended {
    let address = world.address();
    let others = async {
        let quiet = tls(&[], VERSIONS);
        loop {
            let request = http::Request::get("/livez").header("host", "localhost");
            let answer = exchange_over(address, &quiet, request.body(http_body_util::Full::default()).unwrap());
            let answer = tokio::time::timeout(Duration::from_secs(5), answer).await.expect("others do not wait");
            assert_eq!(answer.unwrap().status, 200);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let flooding = async { Raw::open(address).await.flood(most, piece).await };
    let ended = tokio::select! {
        ended = flooding => ended,
        () = others => unreachable!("they go on for ever"),
    };
    let request = http::Request::get("/livez").header("host", "localhost");
    let after =
        exchange_over(address, &tls(&[], VERSIONS), request.body(http_body_util::Full::default()).unwrap()).await;
    assert_eq!(after.unwrap().status, 200);
    ended
}

fn stream(number: usize) -> u32 {
    u32::try_from(number).unwrap() * 2 + 1
}

#[tokio::test]
async fn cve_2023_44487_rapid_reset_ends_the_connection() {
    let world = world().await;
    let cancel = 8_u32.to_be_bytes();
    // Many in one piece, so that they are read in one go.
    let ended = bounded(&world, 2_000, |round| {
        let pair =
            |number| [request(stream(number), END_STREAM), frame(RST_STREAM, 0, stream(number), &cancel)].concat();
        (round * 100..(round + 1) * 100).flat_map(pair).collect()
    })
    .await;
    assert!(ended.written < 2_000, "200,000 requests were taken and dropped");
}

#[tokio::test]
async fn rapid_reset_one_by_one_ends_the_connection_too() {
    let world = world().await;
    let cancel = 8_u32.to_be_bytes();
    let ended = bounded(&world, 100_000, |number| {
        [request(stream(number), END_STREAM), frame(RST_STREAM, 0, stream(number), &cancel)].concat()
    })
    .await;
    assert!(ended.written < 100_000);
}

#[tokio::test]
async fn cve_2024_27316_continuation_frames_without_end_end_the_connection() {
    let world = world().await;
    // Full ones, and empty ones, which no size bounds.
    for payload in [vec![0x40; 16_000], Vec::new()] {
        let ended = bounded(&world, 1_000_000, |number| match number {
            0 => frame(HEADERS, 0, 1, &get()),
            _ => frame(CONTINUATION, 0, 1, &payload),
        })
        .await;
        assert!(ended.written < 10_000, "{} frames were read", ended.written);
    }
}

#[tokio::test]
async fn cve_2019_9515_settings_and_cve_2019_9512_ping_floods_end_the_connection() {
    let world = world().await;
    for (kind, payload) in [(SETTINGS, &[][..]), (PING, &[7; 8])] {
        let ended = bounded(&world, 1_000_000, |_| frame(kind, 0, 0, payload)).await;
        assert!(ended.written < 200_000, "{} frames of kind {kind} were read", ended.written);
    }
}

#[tokio::test]
async fn cve_2019_9513_priorities_windows_and_unknown_frames_end_the_connection() {
    let world = world().await;
    for (kind, number, payload) in
        [(PRIORITY, 1, &[0, 0, 0, 3, 16][..]), (WINDOW_UPDATE, 0, &[0, 0, 0, 1]), (0xFA, 0, &[])]
    {
        let ended = bounded(&world, 1_000_000, |_| frame(kind, 0, number, payload)).await;
        assert!(ended.written < 200_000, "{} frames of kind {kind} were read", ended.written);
    }
}

#[tokio::test]
async fn cve_2019_9518_data_without_data_ends_the_connection() {
    let world = world().await;
    let head = [&[0x83, 0x87][..], b"\x04\x0c/oauth/token", b"\x01\x09localhost"].concat();
    let ended = bounded(&world, 1_000_000, |number| match number {
        0 => frame(HEADERS, END_HEADERS, 1, &head),
        _ => frame(DATA, 0, 1, &[]),
    })
    .await;
    assert!(ended.written < 200_000, "{} frames were read", ended.written);
}

/// A head that is small on the wire and huge when it is read: one field is kept, and named again and again.
#[tokio::test]
async fn a_compressed_head_beyond_the_limit_is_refused_rfc_9113_10_5_1() {
    let world = world().await;
    let value = [b'a'; 2_000];
    // A literal that is kept, `x: aaa…` with a length of 2,000 (RFC 7541 §6.2.1, §5.1); then the newest entry, 8,000 times.
    let kept = [&[0x40, 1, b'x', 0x7F, 0xD1, 0x0E][..], &value].concat();
    let head = [get(), kept, vec![0xBE; 8_000]].concat();
    let ended = bounded(&world, 1, |_| frame(HEADERS, END_HEADERS | END_STREAM, 1, &head)).await;
    let answered = ended
        .frames()
        .iter()
        .any(|(kind, _, number, payload)| *kind == HEADERS && *number == 1 && payload.contains(&0x88));
    assert!(!answered, "16 MB of head were taken");
}

#[tokio::test]
async fn rfc9113_section_5_1_2_streams_beyond_the_limit_are_refused() {
    let world = world().await;
    let raw = Raw::open(world.address()).await;
    // Requests whose bodies never come.
    let head = [&[0x83, 0x87][..], b"\x04\x0c/oauth/token", b"\x01\x09localhost"].concat();
    let ended = raw
        .flood(1, |_| (0..150).flat_map(|number| frame(HEADERS, END_HEADERS, stream(number), &head)).collect())
        .await;
    let settings = ended.frames().into_iter().find(|frame| frame.0 == SETTINGS && frame.1 == 0).unwrap().3.to_vec();
    let most = settings.chunks(6).find(|pair| pair[..2] == [0, 3]).expect("SETTINGS_MAX_CONCURRENT_STREAMS");
    assert_eq!(most[2..], 100_u32.to_be_bytes());
    let refused = ended.frames().iter().filter(|frame| frame.0 == RST_STREAM && frame.3 == 7_u32.to_be_bytes()).count();
    assert!(refused >= 50 || ended.goaway().is_some_and(|code| code != 0), "{refused} were refused");
}

/// RFC 9325 §3.1.1: "Implementations MUST NOT negotiate TLS version 1.1".
#[tokio::test]
async fn rfc9325_section_3_1_1_old_versions_of_tls_are_refused() {
    let world = world().await;
    for address in [world.address(), world.running.mtls_address.unwrap()] {
        assert_eq!(hello(address, [3, 3]).await[0], 22, "TLS 1.2 shakes hands");
        for (version, name) in [([3, 1], "TLS 1.0"), ([3, 2], "TLS 1.1"), ([3, 0], "SSL 3.0")] {
            let answer = hello(address, version).await;
            // A fatal alert, protocol_version (70), and nothing else; the handshake did not begin.
            let [21, _, _, 0, 2, 2, 70] = answer[..] else { panic!("{name}: {answer:?}") };
        }
    }
}

/// What comes back for it, up to the first pause of a server that goes on.
async fn hello(address: SocketAddr, version: [u8; 2]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&client_hello(version)).await.unwrap();
    let mut answer = vec![0; 4096];
    let read = tokio::time::timeout(PATIENCE, stream.read(&mut answer)).await.expect("it answers").unwrap();
    answer.truncate(read);
    answer
}

/// The first message of a client that knows nothing newer (RFC 4346 §7.4.1.2).
fn client_hello(version: [u8; 2]) -> Vec<u8> {
    // Suites of both ages, no compression, and groups and signatures that the server knows: nothing but the version is in the way.
    let suites = [0xC0, 0x2B, 0xC0, 0x09, 0xC0, 0x13];
    let groups = [0x00, 0x0A, 0x00, 0x04, 0x00, 0x02, 0x00, 0x17];
    let signatures = [0x00, 0x0D, 0x00, 0x04, 0x00, 0x02, 0x04, 0x03];
    let extensions = [&[0, 16][..], &groups, &signatures].concat();
    let body = [&version[..], &[7; 32], &[0], &[0, 6], &suites, &[1, 0], &extensions].concat();
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_be_bytes();
    let message = [&[1][..], &length(&body)[1..], &body].concat();
    [&[22, 3, 1][..], &length(&message)[2..], &message].concat()
}
