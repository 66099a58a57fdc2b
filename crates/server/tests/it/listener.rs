//! Promises of the door: TLS with certificates that may change, HTTP/2, Unix sockets, bounds on what a connection
//! may cost, and a stop that lets open requests finish (security 155, 158, 159; row 6).

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Version};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use symbolon_server::config::{Listen, Sources, Tls, load};
use symbolon_server::listen::tls::{Certificates, TlsReloader};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::World;
use crate::support::raw::raw;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures").join(name)
}

fn tls(folder: &Path, which: &str) -> Tls {
    let files = Tls { cert: folder.join("cert.pem"), key: folder.join("key.pem") };
    std::fs::copy(fixture(&format!("{which}.crt")), &files.cert).unwrap();
    std::fs::copy(fixture(&format!("{which}.key")), &files.key).unwrap();
    files
}

/// A client that trusts one of the two certificates and offers these protocols.
fn client(trusts: &str, protocols: &[&[u8]], versions: &[&'static rustls::SupportedProtocolVersion]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(fixture(&format!("{trusts}.crt"))).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

async fn connect(address: SocketAddr, client: &TlsConnector) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    client.connect(ServerName::try_from("localhost").unwrap(), stream).await
}

/// A world that speaks TLS; the folder holds the certificate files.
async fn tls_world() -> (World, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let files = tls(folder.path(), "one");
    let world = World::with(|config| {
        "https://localhost".clone_into(&mut config.issuer);
        config.http.tls = Some(files);
    })
    .await;
    (world, folder)
}

const BOTH: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

#[tokio::test]
async fn tls_serves_http_1_and_by_alpn_http_2() {
    let (world, _folder) = tls_world().await;
    let address = world.running.address.unwrap();
    let stream = connect(address, &client("one", &[b"h2", b"http/1.1"], BOTH)).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let get = |path: &str| {
        Request::get(format!("https://localhost{path}"))
            .version(Version::HTTP_2)
            .body(Empty::<bytes::Bytes>::new())
            .unwrap()
    };
    let mut requests = Vec::new();
    for path in ["/login", "/.well-known/openid-configuration", "/livez"] {
        requests.push(sender.send_request(get(path)));
    }
    for request in requests {
        let response = request.await.unwrap();
        assert_eq!((response.status().as_u16(), response.version()), (200, Version::HTTP_2));
        assert!(response.headers().contains_key("strict-transport-security"));
        assert!(!response.into_body().collect().await.unwrap().to_bytes().is_empty());
    }

    for versions in [&[&rustls::version::TLS12][..], &[&rustls::version::TLS13]] {
        let mut stream = connect(address, &client("one", &[b"http/1.1"], versions)).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        stream.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

/// A reload reads other files, if they can be used.
#[tokio::test]
async fn a_reload_takes_other_certificate_files_and_keeps_the_old_ones_if_they_cannot_be_used() {
    let (world, folder) = tls_world().await;
    let address = world.running.address.unwrap();
    let settings = |files: &Tls| {
        let [cert, key] = [&files.cert, &files.key].map(|path| path.display().to_string());
        let flags = vec![
            ("issuer", "--issuer", "https://localhost".to_owned()),
            ("http.tls.cert", "--cert", cert),
            ("http.tls.key", "--key", key),
        ];
        load(&Sources { flags, ..Sources::default() }).unwrap()
    };
    let one = Tls { cert: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
    let elsewhere = tempfile::tempdir().unwrap();
    let two = tls(elsewhere.path(), "two");
    let mixed = Tls { cert: two.cert.clone(), key: one.key.clone() };
    let trusts = async |which: &str| connect(address, &client(which, &[b"h2"], BOTH)).await.is_ok();
    assert!(world.running.reload(&settings(&one), &settings(&mixed)).is_err());
    assert!(trusts("one").await && !trusts("two").await);
    world.running.reload(&settings(&one), &settings(&two)).unwrap();
    assert!(trusts("two").await && !trusts("one").await);
}

/// 87: no plain answer on a TLS port, so nothing can be read or planted on the way.
#[tokio::test]
async fn plain_http_on_the_tls_port_gets_no_answer() {
    let (world, _folder) = tls_world().await;
    let answer = raw(world.running.address.unwrap(), b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert!(!answer.contains("HTTP/1.1"), "{answer}");
    assert!(connect(world.running.address.unwrap(), &client("one", &[b"h2"], BOTH)).await.is_ok());
}

#[tokio::test]
async fn certificate_files_that_do_not_fit_stop_the_start_with_their_name() {
    let folder = tempfile::tempdir().unwrap();
    let good = tls(folder.path(), "one");
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let cases = [
        (Tls { cert: folder.path().join("none.pem"), ..good.clone() }, "none.pem"),
        (Tls { cert: empty.clone(), ..good.clone() }, "empty.pem cannot be used: no certificate found in it"),
        (Tls { key: empty, ..good.clone() }, "empty.pem cannot be used: no private key found in it"),
        (Tls { key: fixture("two.key"), ..good.clone() }, "cert.pem"),
        (Tls { key: good.cert.clone(), ..good.clone() }, "cert.pem"),
    ];
    for (files, named) in cases {
        let why = TlsReloader::load(files).unwrap_err().to_string();
        assert!(why.contains("TLS file") && why.contains(named), "{why}");
        assert!(!why.contains("PRIVATE"), "{why}");
    }
}

/// The files are looked at every few seconds; time stands still in this test but for those looks.
#[tokio::test(start_paused = true)]
async fn a_changed_certificate_is_taken_up_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let files = tls(folder.path(), "one");
    let reloader = TlsReloader::load(files.clone()).unwrap();
    let watch = tokio::spawn(Arc::clone(&reloader).watch());
    let served = async |trusts: &str| {
        let (near, far) = tokio::io::duplex(16 * 1024);
        let name = ServerName::try_from("localhost").unwrap();
        let client = client(trusts, &[], BOTH);
        let (answer, _) =
            tokio::join!(client.connect(name, near), reloader.acceptor(Certificates::NotAsked).accept(far));
        answer.is_ok()
    };
    let looks = async || {
        tokio::time::advance(Duration::from_secs(6)).await;
        tokio::task::yield_now().await;
    };
    looks().await;
    assert!(served("one").await && !served("two").await);

    std::fs::write(&files.cert, "half a fi").unwrap();
    looks().await;
    assert!(served("one").await, "the old certificate goes on serving");

    tls(folder.path(), "two");
    looks().await;
    assert!(served("two").await && !served("one").await);
    watch.abort();
}

/// Behind a proxy on the same machine: a socket for the owner and the group.
#[tokio::test]
async fn a_unix_socket_serves_and_believes_the_proxy_behind_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("http.sock");
    // Left behind by a server that was killed.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let listen = Listen::Unix(path.clone());
    let world = World::with(|config| config.http.listen = listen).await;
    assert_eq!(world.running.address, None);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    let mut stream = UnixStream::connect(&path).await.unwrap();
    let body = r#"{"username":"ada@example.com","password":"wrong","client_id":"spa"}"#;
    let request = format!(
        "POST /authenticate HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: 192.0.2.7\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    let events = world.audit().await;
    let refused = events.iter().find(|event| event.name == "session.start");
    assert_eq!(refused.unwrap_or_else(|| panic!("{events:?}")).address.as_deref(), Some("192.0.2.7"));
    drop(stream);
    world.stop().await;
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
}

/// Row 6: a head that does not come, or comes a byte at a time, does not keep its connection.
#[tokio::test]
async fn a_slow_head_is_closed() {
    let world = World::with(|config| config.http.header_timeout_secs = 1).await;
    let address = world.running.address.unwrap();
    let closed = async |bytes: &'static [u8]| tokio::time::timeout(Duration::from_secs(10), raw(address, bytes)).await;
    let (silent, half, idle) = tokio::join!(
        closed(b""),
        closed(b"GET / HTTP/1.1\r\nhost: loc"),
        closed(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n"),
    );
    for (what, answer) in [("silent", silent), ("half a head", half), ("idle after an answer", idle)] {
        let answer = answer.unwrap_or_else(|_| panic!("{what}: still open"));
        assert_eq!(answer.contains("200 OK"), what.starts_with("idle"), "{what}: {answer}");
    }
}

/// Row 6: nor does a body that does not come.
#[tokio::test]
async fn a_slow_body_ends_in_408() {
    let world = World::with(|config| config.http.request_timeout_secs = 1).await;
    let head = b"POST /oauth/token HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-www-form-urlencoded\r\n\
        content-length: 100\r\n\r\ngrant_type=";
    let answer = raw(world.running.address.unwrap(), head).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("x-request-id"));
}

async fn ask(stream: &mut TcpStream, path: &str) -> String {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = vec![0; 4_096];
    let length = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

/// 158: beyond the limit a connection waits until one ends.
#[tokio::test]
async fn connections_beyond_the_limit_wait_their_turn() {
    let world = World::with(|config| config.http.max_connections = 2).await;
    let address = world.running.address.unwrap();
    let mut one = TcpStream::connect(address).await.unwrap();
    let mut two = TcpStream::connect(address).await.unwrap();
    for stream in [&mut one, &mut two] {
        assert!(ask(stream, "/livez").await.contains("200 OK"));
    }
    let third = tokio::spawn(async move {
        let mut three = TcpStream::connect(address).await.unwrap();
        ask(&mut three, "/livez").await
    });
    for _ in 0..20 {
        assert!(ask(&mut one, "/livez").await.contains("200 OK"));
        assert!(!third.is_finished(), "a third connection was served");
    }
    drop(two);
    assert!(third.await.unwrap().contains("200 OK"));
    assert!(ask(&mut one, "/livez").await.contains("200 OK"));
}

/// Issue §6: SIGTERM drains.
#[tokio::test]
async fn a_stop_lets_the_open_request_finish_and_takes_no_other() {
    let world = World::new().await;
    let address = world.running.address.unwrap();
    let mut idle = TcpStream::connect(address).await.unwrap();
    assert!(ask(&mut idle, "/livez").await.contains("200 OK"));
    let mut open = TcpStream::connect(address).await.unwrap();
    let body = "grant_type=client_credentials";
    let head = format!(
        "POST /oauth/token HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         authorization: {}\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
        crate::support::flow::basic("machine", crate::support::SECRET),
        body.len()
    );
    open.write_all(head.as_bytes()).await.unwrap();
    let mut buffer = vec![0; 8_192];
    let length = open.read(&mut buffer).await.unwrap();
    assert!(buffer[..length].starts_with(b"HTTP/1.1 100"), "the handler waits for the body");

    let stopping = tokio::spawn(world.stop());
    let mut end = Vec::new();
    idle.read_to_end(&mut end).await.unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "the door is closed");
    assert!(!stopping.is_finished());
    open.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    open.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("access_token"), "{answer}");
    assert!(stopping.await.unwrap().start(|_| {}).await.is_ok(), "the data is free again");
}

/// A request that never ends does not keep the server from stopping.
#[tokio::test]
async fn what_does_not_finish_within_the_drain_time_is_cut() {
    let world = World::with(|config| config.http.drain_timeout_secs = 1).await;
    let mut open = TcpStream::connect(world.running.address.unwrap()).await.unwrap();
    let head = "POST /oauth/token HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-www-form-urlencoded\r\n\
        content-length: 9\r\nexpect: 100-continue\r\n\r\n";
    open.write_all(head.as_bytes()).await.unwrap();
    let mut buffer = vec![0; 1_024];
    assert!(open.read(&mut buffer).await.unwrap() > 0);
    let stopped = tokio::time::timeout(Duration::from_secs(10), world.stop()).await.expect("it stops");
    assert!(stopped.start(|_| {}).await.is_ok(), "the data is free again");
}

/// 159: health is told in one word; nothing of the inside is on the public door.
#[tokio::test]
async fn health_is_told_and_nothing_else_of_the_inside() {
    let world = World::new().await;
    let mut browser = world.browser();
    for path in ["/livez", "/healthz", "/readyz"] {
        let answer = browser.get(path).await;
        assert_eq!((answer.status.as_u16(), &*answer.body), (200, "ok\n"), "{path}");
    }
    for path in ["/metrics", "/debug", "/debug/pprof", "/command", "/admin", "/status", "/.env", "/symbolon.db"] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
    let answer = browser.post("/command", &[("doctor", "")]).await;
    assert_eq!(answer.status, 404, "the operator's commands have their own socket");
}

/// A file that is no socket is somebody's: it is not replaced.
#[tokio::test]
async fn a_unix_socket_takes_nobodys_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "keep me").unwrap();
    assert!(symbolon_server::listen::bind_unix(&path, 0o600).await.is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "keep me");
    let path = folder.path().join("taken.sock");
    let _first = symbolon_server::listen::bind_unix(&path, 0o600).await.unwrap();
    assert!(symbolon_server::listen::bind_unix(&path, 0o600).await.is_err());
    assert!(UnixStream::connect(&path).await.is_ok());
}

/// 155: HTTP/2 answers pings for ever, and a window that is never opened keeps an answer open for ever; the
/// connection ends all the same.
#[tokio::test]
async fn an_http_2_connection_without_requests_ends_even_if_its_reader_takes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let files = tls(folder.path(), "one");
    let world = World::with(|config| {
        "https://localhost".clone_into(&mut config.issuer);
        config.http.tls = Some(files);
        config.http.header_timeout_secs = 1;
        config.http.request_timeout_secs = 1;
    })
    .await;
    let connector = client("one", &[b"h2"], BOTH);
    for window in [None, Some(0)] {
        let stream = connect(world.running.address.unwrap(), &connector).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
            .initial_stream_window_size(window)
            .handshake(TokioIo::new(stream))
            .await
            .unwrap();
        let ended = tokio::spawn(connection);
        let request = Request::get("https://localhost/login").body(Empty::<bytes::Bytes>::new()).unwrap();
        let response = sender.send_request(request).await.unwrap();
        let body = tokio::spawn(response.into_body().collect());
        let ended = tokio::time::timeout(Duration::from_secs(20), ended).await;
        assert!(ended.is_ok(), "still open with a window of {window:?}");
        assert_eq!(body.await.unwrap().is_ok(), window.is_none());
    }
}
