//! HTTP as a client speaks it to a server that may die: one connection, one request at a time, and whether a request without an
//! answer may have been carried out.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::HeaderMap;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use crate::Failure;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(40);

/// Where a server is.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// The public listener.
    Tcp(SocketAddr),
    /// The public listener, where it speaks TLS.
    Tls(SocketAddr, Arc<ClientConfig>),
    /// The control socket.
    Unix(PathBuf),
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unanswered {
    /// It never left: nobody accepts connections.
    Unsent,
    /// It left: carried out or not.
    InDoubt,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// A member of the JSON answer that must be there.
    pub(crate) fn member(&self, name: &str) -> Result<String, Failure> {
        let member = self.json()[name].as_str().map(str::to_owned);
        member.ok_or_else(|| format!("no {name} in the answer {}", self.status).into())
    }

    /// Status and body, for a message; of a success only the status, because it may hold tokens.
    pub(crate) fn words(&self) -> String {
        if self.status < 400 {
            return self.status.to_string();
        }
        format!("{} {}", self.status, self.text().chars().take(300).collect::<String>())
    }
}

/// A connection, made when it is needed and made again when it was closed.
#[derive(Debug)]
pub(crate) struct Connection {
    place: Place,
    host: String,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    pub(crate) fn new(place: Place, host: impl Into<String>) -> Self {
        Self { place, host: host.into(), sender: None }
    }

    /// Sends a request and waits for the whole answer.
    pub(crate) async fn send(&mut self, mut request: Request<Full<Bytes>>) -> Result<Answer, Unanswered> {
        loop {
            let mut sender = self.sender().await.ok_or(Unanswered::Unsent)?;
            let exchange = async {
                let answer = sender.try_send_request(request).await.map_err(|mut error| error.take_message())?;
                let (parts, body) = answer.into_parts();
                let body = body.collect().await.map_err(|_| None)?.to_bytes();
                Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
            };
            match tokio::time::timeout(PATIENCE, exchange).await.unwrap_or(Err(None)) {
                Ok(answer) => {
                    self.sender = Some(sender);
                    return Ok(answer);
                }
                // The connection was closed before a byte of it was written, and gives it back.
                Err(Some(unwritten)) => request = unwritten,
                Err(None) => return Err(Unanswered::InDoubt),
            }
        }
    }

    async fn sender(&mut self) -> Option<SendRequest<Full<Bytes>>> {
        if let Some(mut sender) = self.sender.take()
            && sender.ready().await.is_ok()
        {
            return Some(sender);
        }
        match &self.place {
            Place::Tcp(address) => {
                let stream = TcpStream::connect(address).await.ok()?;
                stream.set_nodelay(true).ok()?;
                let (sender, driver) = http1::handshake(TokioIo::new(stream)).await.ok()?;
                tokio::spawn(driver);
                Some(sender)
            }
            Place::Tls(address, config) => {
                let stream = TcpStream::connect(address).await.ok()?;
                let name = ServerName::try_from("localhost").ok()?;
                let stream = TlsConnector::from(Arc::clone(config)).connect(name, stream).await.ok()?;
                let (sender, driver) = http1::handshake(TokioIo::new(stream)).await.ok()?;
                tokio::spawn(driver);
                Some(sender)
            }
            Place::Unix(path) => {
                let stream = UnixStream::connect(path).await.ok()?;
                let (sender, driver) = http1::handshake(TokioIo::new(stream)).await.ok()?;
                tokio::spawn(driver);
                Some(sender)
            }
        }
    }

    /// Sends a request with these headers.
    pub(crate) async fn ask(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Answer, Unanswered> {
        let mut request = Request::builder().method(method).uri(path).header("host", self.host.as_str());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::from(body)).expect("paths and headers are ours and well formed");
        self.send(request).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<Answer, Unanswered> {
        self.ask(Method::GET, path, &[], String::new()).await
    }

    pub(crate) async fn post_form(&mut self, path: &str, pairs: &[(&str, &str)]) -> Result<Answer, Unanswered> {
        self.ask(Method::POST, path, &[FORM], form(pairs)).await
    }

    pub(crate) async fn post_json(&mut self, path: &str, body: &Value) -> Result<Answer, Unanswered> {
        self.ask(Method::POST, path, &[("content-type", "application/json")], body.to_string()).await
    }
}

/// The media type of a form.
pub(crate) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// Form encoding of pairs.
pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    pairs.join("&")
}

/// Percent-encodes all but letters, digits and `-._~`.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// The Basic header of an API or client whose halves need form encoding (RFC 6749 §2.3.1).
pub(crate) fn basic(id: &str, secret: &str) -> String {
    let url = symbolon_jose::base64url::encode(format!("{}:{}", encode(id), encode(secret)).as_bytes());
    let mut text = url.replace('-', "+").replace('_', "/");
    text.extend(std::iter::repeat_n('=', (4 - text.len() % 4) % 4));
    format!("Basic {text}")
}
