//! What the one way out refuses, and how little it takes in return. The other side is a real socket on loopback.

use super::*;
use std::path::PathBuf;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const LIMITS: Limits = Limits { time: Duration::from_secs(5), body_bytes: 1024 };

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures").join(name)
}

/// Loopback is allowed, as an operator would allow it.
fn outgoing() -> Outgoing {
    let networks = ["127.0.0.0/8", "::1"].map(|text| text.parse().unwrap()).to_vec();
    let permissions = Permissions { development: false, networks };
    Outgoing { permissions, trust: Trust::new(Some(&fixture("one.crt"))).unwrap() }
}

fn strict() -> Outgoing {
    Outgoing { permissions: Permissions::default(), trust: Trust::new(None).unwrap() }
}

fn post(url: &str) -> Request {
    let (url, body) = (url.to_owned(), Bytes::from_static(b"a=b"));
    Request { method: Method::POST, url, headers: HeaderMap::new(), body }
}

async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Whoever had connected would wait in the queue.
#[track_caller]
fn assert_nobody_came(listener: TcpListener) {
    let came = listener.into_std().unwrap().accept();
    assert_eq!(came.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

/// Sends to a server on loopback that answers one request with `answer`; gives what it was sent, too.
async fn exchange(answer: String) -> (Result<Answer, OutgoingError>, String) {
    let (listener, port) = listen().await;
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let mut read = 0;
        while !request[..read].ends_with(b"a=b") {
            read += stream.read(&mut request[read..]).await.unwrap();
        }
        // The client may hang up in the middle of what is too long.
        drop(stream.write_all(answer.as_bytes()).await);
        String::from_utf8(request[..read].to_vec()).unwrap()
    });
    let answer = outgoing().send(post(&format!("http://127.0.0.1:{port}/take?tenant=1")), LIMITS).await;
    (answer, server.await.unwrap())
}

#[tokio::test]
async fn a_request_is_sent_as_it_is_and_its_answer_read() {
    let (answer, request) = exchange("HTTP/1.1 200 OK\r\nx-a: b\r\ncontent-length: 2\r\n\r\nok".to_owned()).await;
    let answer = answer.unwrap();
    assert_eq!((answer.status, &answer.body[..], answer.rest), (StatusCode::OK, &b"ok"[..], Rest::Nothing));
    assert_eq!(answer.headers["x-a"], "b");
    assert!(request.starts_with("POST /take?tenant=1 HTTP/1.1\r\n"), "{request}");
    let request = request.to_lowercase();
    assert!(request.contains("\r\nhost: 127.0.0.1:") && request.contains("\r\ncontent-length: 3\r\n"), "{request}");
    assert!(request.contains("\r\nuser-agent: symbolon/"), "{request}");
}

#[tokio::test]
async fn a_long_answer_is_not_read_to_its_end() {
    for head in ["HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"] {
        let (answer, _) = exchange(format!("{head}{}", "x".repeat(100_000))).await;
        let answer = answer.unwrap();
        assert_eq!((answer.body.len(), answer.rest), (1024, Rest::Unread));
    }
    let (answer, _) = exchange(format!("HTTP/1.1 200 OK\r\ncontent-length: 1024\r\n\r\n{}", "x".repeat(1024))).await;
    assert_eq!(answer.unwrap().rest, Rest::Nothing);
    let (answer, _) = exchange(format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(100_000))).await;
    assert!(matches!(answer, Err(OutgoingError::Transport(_))), "a head without end");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_leads_nowhere() {
    let (second, port) = listen().await;
    let location = format!("HTTP/1.1 307 X\r\nlocation: http://127.0.0.1:{port}/\r\ncontent-length: 0\r\n\r\n");
    let (answer, _) = exchange(location).await;
    assert_eq!(answer.unwrap().status, 307);
    assert_nobody_came(second);
}

#[tokio::test]
async fn what_is_no_answer_is_an_error() {
    for broken in ["", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"] {
        assert!(matches!(exchange(broken.to_owned()).await.0, Err(OutgoingError::Transport(_))), "{broken}");
    }
    let (listener, port) = listen().await;
    drop(listener);
    let refused = outgoing().send(post(&format!("http://127.0.0.1:{port}/")), LIMITS).await.unwrap_err();
    assert!(refused.to_string().contains("refused"), "{refused}");
}

#[tokio::test]
async fn who_does_not_answer_is_not_waited_for() {
    let (listener, port) = listen().await;
    let limits = Limits { time: Duration::from_millis(100), ..LIMITS };
    let silent = outgoing().send(post(&format!("http://127.0.0.1:{port}/")), limits).await;
    assert_eq!(silent.unwrap_err(), OutgoingError::Timeout(limits.time));
    // Nor one that begins an answer and does not end it.
    let server = tokio::spawn(async move {
        drop(listener.accept().await.unwrap());
        for beginning in ["HTTP/1.1 200 OK\r\nx: ", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            assert!(stream.read(&mut request).await.unwrap() > 0);
            stream.write_all(beginning.as_bytes()).await.unwrap();
            while stream.read(&mut request).await.is_ok_and(|read| read > 0) {}
        }
    });
    for _ in 0..2 {
        let slow = outgoing().send(post(&format!("http://127.0.0.1:{port}/")), limits).await;
        assert_eq!(slow.unwrap_err(), OutgoingError::Timeout(limits.time));
    }
    server.await.unwrap();
}

#[tokio::test]
async fn an_address_that_is_not_public_is_not_even_connected_to() {
    let (listener, port) = listen().await;
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1"] {
        for scheme in ["http", "https"] {
            let answer = strict().send(post(&format!("{scheme}://{host}:{port}/")), LIMITS).await;
            let error = answer.unwrap_err();
            let refused = matches!(error, OutgoingError::Refused(_) | OutgoingError::Address(_));
            assert!(refused, "{scheme} {host}: {error}");
        }
    }
    for url in ["https://169.254.169.254/latest/meta-data/", "https://10.0.0.1/", "https://[fd00:ec2::254]/"] {
        assert!(matches!(strict().send(post(url), LIMITS).await, Err(OutgoingError::Refused(_))), "{url}");
    }
    assert_nobody_came(listener);
}

#[tokio::test]
async fn what_is_not_https_or_loopback_is_refused() {
    for url in [
        "",
        "/logout",
        "http://example.com/",
        "http://10.0.0.1/",
        "http://localhost.evil.example/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "https://user:pw@127.0.0.1/",
        "https://127.0.0.1:0/",
        "data:text/plain,x",
        "gopher://127.0.0.1/",
    ] {
        assert!(matches!(outgoing().send(post(url), LIMITS).await, Err(OutgoingError::Address(_))), "{url}");
    }
}

/// A name may have a good address and a bad one: the bad one is not called, and plain http stays on this machine.
#[test]
fn of_several_addresses_only_the_permitted_ones_are_called() {
    let addresses = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<SocketAddr>>();
    let https = Place::parse("https://rebinding.example/").unwrap();
    let mixed = addresses(&["127.0.0.1:443", "10.0.0.1:443", "1.1.1.1:443", "[::ffff:127.0.0.1]:443"]);
    assert_eq!(strict().choose(&https, mixed.clone()), Ok(addresses(&["1.1.1.1:443"])));
    assert_eq!(
        outgoing().choose(&https, mixed[1..2].to_vec()),
        Err(OutgoingError::Refused("10.0.0.1".parse().unwrap()))
    );
    let http = Place::parse("http://localhost/").unwrap();
    assert_eq!(outgoing().choose(&http, mixed), Ok(addresses(&["127.0.0.1:443", "[::ffff:127.0.0.1]:443"])));
    assert!(strict().choose(&https, Vec::new()).is_err());
    let many = addresses(&["1.0.0.1:1", "1.0.0.2:1", "1.0.0.3:1", "1.0.0.4:1", "1.0.0.5:1"]);
    assert_eq!(strict().choose(&https, many).unwrap().len(), MAX_ADDRESSES);
}

/// A TLS server on loopback that answers one request.
async fn tls_server(certificate: &str) -> u16 {
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let chain = CertificateDer::pem_file_iter(fixture(&format!("{certificate}.crt"))).unwrap();
    let key = PrivateKeyDer::from_pem_file(fixture(&format!("{certificate}.key"))).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = builder.with_no_client_auth().with_single_cert(chain.map(Result::unwrap).collect(), key).unwrap();
    let acceptor = TlsAcceptor::from(std::sync::Arc::new(config));
    let (listener, port) = listen().await;
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let Ok(mut stream) = acceptor.accept(stream).await else { return };
        let mut request = [0; 4096];
        drop(stream.read(&mut request).await);
        drop(stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await);
        drop(stream.shutdown().await);
    });
    port
}

/// Security 155: certificates are verified on all outgoing connections.
#[tokio::test]
async fn a_certificate_must_be_trusted_and_name_the_host() {
    let good = tls_server("one").await;
    let answer = outgoing().send(post(&format!("https://localhost:{good}/")), LIMITS).await;
    assert_eq!(answer.unwrap().status, 204);
    let untrusted = tls_server("two").await;
    let error = outgoing().send(post(&format!("https://localhost:{untrusted}/")), LIMITS).await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    let other_name = tls_server("one").await;
    let error = outgoing().send(post(&format!("https://127.0.0.1:{other_name}/")), LIMITS).await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
}

#[test]
fn a_file_of_certificates_that_is_none_is_told_at_the_start() {
    for file in ["missing.pem", "one.key"] {
        let Err(why) = Trust::new(Some(&fixture(file))) else { panic!("{file}") };
        assert!(why.contains("outgoing.ca") && why.contains(file), "{why}");
    }
}
