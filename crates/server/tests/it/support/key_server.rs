//! A client's own web server, over TLS, from which its keys are fetched: it answers as it is told, and counts how often it is asked.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use symbolon_jose::Jwk;
use symbolon_server::Config;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// What it says.
#[derive(Clone, Debug)]
enum Says {
    /// These bytes, and then it closes.
    Bytes(Vec<u8>),
    /// These bytes, and then nothing for ever.
    Drips(Vec<u8>),
}

#[derive(Debug)]
pub struct KeyServer {
    port: u16,
    says: Arc<Mutex<Says>>,
    asked: Arc<AtomicUsize>,
    server: JoinHandle<()>,
}

impl Drop for KeyServer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures").join(name)
}

/// Lets the server under test call one on this machine, and trust its certificate.
pub fn allowed(config: &mut Config) {
    config.outgoing.allow = ["127.0.0.0/8", "::1"].map(|network| network.parse().unwrap()).to_vec();
    config.outgoing.ca = Some(fixture("one.crt"));
}

impl KeyServer {
    /// One that has these keys.
    pub async fn new(keys: &[&Jwk]) -> Self {
        let chain = CertificateDer::pem_file_iter(fixture("one.crt")).unwrap().map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(fixture("one.key")).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_no_client_auth().with_single_cert(chain, key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("localhost:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (says, asked) = (Arc::new(Mutex::new(Says::Bytes(Vec::new()))), Arc::<AtomicUsize>::default());
        let shared = (Arc::clone(&says), Arc::clone(&asked));
        let server = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (says, asked) = (Arc::clone(&shared.0), Arc::clone(&shared.1));
                tokio::spawn(serve(stream, acceptor.clone(), says, asked));
            }
        });
        let server = Self { port, says, asked, server };
        server.has(keys);
        server
    }

    /// The address of the keys.
    pub fn uri(&self) -> String {
        format!("https://localhost:{}/jwks.json", self.port)
    }

    /// From now on it has these keys.
    pub fn has(&self, keys: &[&Jwk]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.public_value().unwrap()).collect();
        self.answers("200 OK", "content-type: application/jwk-set+json\r\n", &json!({ "keys": keys }).to_string());
    }

    /// From now on it answers so.
    pub fn answers(&self, status: &str, headers: &str, body: &str) {
        let length = body.len();
        let text = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}");
        *self.says.lock().unwrap() = Says::Bytes(text.into_bytes());
    }

    /// From now on it begins to answer, and does not end.
    pub fn drips(&self, begin: &str) {
        let text = format!("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{begin}");
        *self.says.lock().unwrap() = Says::Drips(text.into_bytes());
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, says: Arc<Mutex<Says>>, asked: Arc<AtomicUsize>) {
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    let mut request = [0; 4096];
    let mut read = 0;
    while !request[..read].ends_with(b"\r\n\r\n") {
        match stream.read(&mut request[read..]).await {
            Ok(0) | Err(_) => return,
            Ok(more) => read += more,
        }
    }
    asked.fetch_add(1, Ordering::SeqCst);
    let said = says.lock().unwrap().clone();
    match said {
        Says::Bytes(bytes) => {
            // Whoever asked may have hung up over what is too long.
            drop(stream.write_all(&bytes).await);
            drop(stream.shutdown().await);
        }
        Says::Drips(bytes) => {
            drop(stream.write_all(&bytes).await);
            drop(stream.flush().await);
            std::future::pending::<()>().await;
        }
    }
}
