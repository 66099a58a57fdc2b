//! The one way out: every request this server makes of somebody else's goes through [`Outgoing`] (specs rule 9, security 146).
//!
//! https, or http on loopback. The name is resolved once, addresses nobody outside may reach are refused unless the operator
//! allows them, and the connection goes to exactly the address that was judged. No redirects, no proxy, no cookies, nothing kept
//! between two requests; bounded in time and in what is read.

mod address;
mod tls;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use crate::config;
use address::Permissions;
use tls::Trust;
pub use tls::trusting;

/// Addresses of one name that are tried.
const MAX_ADDRESSES: usize = 4;
/// How long one of several addresses may take to answer.
const CONNECT: Duration = Duration::from_secs(2);
/// The largest head of an answer.
const MAX_HEAD_BYTES: usize = 16 * 1024;
const AGENT: HeaderValue = HeaderValue::from_static(concat!("Symbolon/", env!("CARGO_PKG_VERSION")));

/// Makes requests of others.
pub struct Outgoing {
    permissions: Permissions,
    trust: Trust,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").field("permissions", &self.permissions).finish_non_exhaustive()
    }
}

/// What to send.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where to: https, or http on loopback.
    pub url: String,
    /// Beside those that every request has.
    pub headers: HeaderMap,
    /// The content; may be empty.
    pub body: Bytes,
}

/// How much of everything.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the resolution of the name to the end of the answer.
    pub time: Duration,
    /// What is read of the content.
    pub body_bytes: usize,
}

/// What came back, whatever its status: redirects are answers like others.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The header fields.
    pub headers: HeaderMap,
    /// The content, or its beginning.
    pub body: Bytes,
    /// Whether all of it was read.
    pub rest: Rest,
}

/// What became of the rest of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// There is none.
    Nothing,
    /// It was longer than the limit and not read on.
    Unread,
}

/// Why there is no answer. For logs and operators: a caller outside learns none of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutgoingError {
    /// The address is none that may be called by anybody.
    Address(&'static str),
    /// The name stands for addresses that must not be called, such as this one.
    Refused(IpAddr),
    /// Nothing in time.
    Timeout(Duration),
    /// The name, the network, TLS or HTTP failed.
    Transport(String),
}

impl fmt::Display for OutgoingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(why) => f.write_str(why),
            Self::Refused(address) => {
                write!(f, "{address} is not a public address; name its network in outgoing.allow if it may be called")
            }
            Self::Timeout(time) => write!(f, "no answer within {} seconds", time.as_secs()),
            Self::Transport(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for OutgoingError {}

impl Outgoing {
    /// As configured; the certificates of `outgoing.ca` are read now. The error is for the operator.
    pub fn new(config: &config::Config) -> Result<Self, String> {
        let config::Outgoing { allow, ca } = &config.outgoing;
        let permissions = Permissions { development: config.dev, networks: allow.clone() };
        Ok(Self { permissions, trust: Trust::new(ca.as_deref())? })
    }

    /// Sends one request on a connection of its own and gives its answer.
    pub async fn send(&self, request: Request, limits: Limits) -> Result<Answer, OutgoingError> {
        tokio::time::timeout(limits.time, self.exchange(request, limits.body_bytes))
            .await
            .unwrap_or(Err(OutgoingError::Timeout(limits.time)))
    }

    async fn exchange(&self, request: Request, body_bytes: usize) -> Result<Answer, OutgoingError> {
        let place = Place::parse(&request.url)?;
        let addresses = place.resolve().await?;
        let stream = connect(&self.choose(&place, addresses)?).await?;
        if place.scheme == Scheme::Http {
            return converse(stream, &place, request, body_bytes).await;
        }
        let name =
            ServerName::try_from(place.server_name()).map_err(|_| OutgoingError::Address("the host is no name"))?;
        let config = self.trust.config().await.map_err(OutgoingError::Transport)?;
        let stream = TlsConnector::from(config).connect(name, stream).await.map_err(|why| transport(&why))?;
        converse(stream, &place, request, body_bytes).await
    }

    /// Those of a name's addresses that may be called.
    fn choose(&self, place: &Place, mut addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, OutgoingError> {
        let Some(first) = addresses.first().copied() else {
            return Err(OutgoingError::Transport("the name has no address".to_owned()));
        };
        // Plain http is for this machine alone, whatever a resolver says of the name.
        let near = |address: IpAddr| place.scheme == Scheme::Https || address.to_canonical().is_loopback();
        addresses.retain(|address| self.permissions.permit(address.ip()) && near(address.ip()));
        addresses.truncate(MAX_ADDRESSES);
        if addresses.is_empty() { Err(OutgoingError::Refused(first.ip())) } else { Ok(addresses) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

/// Where a request goes.
#[derive(Debug)]
struct Place {
    url: Url,
    scheme: Scheme,
    port: u16,
}

impl Place {
    fn parse(text: &str) -> Result<Self, OutgoingError> {
        let refuse = |why| Err(OutgoingError::Address(why));
        let Ok(url) = Url::parse(text) else { return refuse("the address is not a URL") };
        let loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => return refuse("the address has no host"),
        };
        let scheme = match url.scheme() {
            "https" => Scheme::Https,
            "http" if loopback => Scheme::Http,
            "http" => return refuse("plain http is for loopback only"),
            _ => return refuse("the address is not https"),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("the address has a user name");
        }
        match url.port_or_known_default() {
            Some(port) if port > 0 => Ok(Self { url, scheme, port }),
            _ => refuse("the address has no port"),
        }
    }

    async fn resolve(&self) -> Result<Vec<SocketAddr>, OutgoingError> {
        match self.url.host() {
            Some(Host::Ipv4(address)) => Ok(vec![SocketAddr::from((address, self.port))]),
            Some(Host::Ipv6(address)) => Ok(vec![SocketAddr::from((address, self.port))]),
            Some(Host::Domain(name)) => {
                let found = tokio::net::lookup_host((name, self.port)).await;
                found.map(Iterator::collect).map_err(|why| transport(&why))
            }
            None => Ok(Vec::new()),
        }
    }

    /// The host as TLS names it: a URL writes IPv6 addresses in brackets.
    fn server_name(&self) -> String {
        self.url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned()
    }

    /// The host as HTTP names it.
    fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    fn path_and_query(&self) -> String {
        match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        }
    }
}

async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, OutgoingError> {
    let mut last = OutgoingError::Timeout(CONNECT);
    for address in addresses {
        match tokio::time::timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(why)) => last = transport(&why),
            Err(_) => last = OutgoingError::Timeout(CONNECT),
        }
    }
    Err(last)
}

/// One exchange over a connection, which ends with it.
async fn converse<S>(stream: S, place: &Place, request: Request, body_bytes: usize) -> Result<Answer, OutgoingError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Request { method, url: _, headers, body } = request;
    let mut outgoing = http::Request::builder().method(method).uri(place.path_and_query());
    if let Some(own) = outgoing.headers_mut() {
        own.extend(headers);
        own.insert(USER_AGENT, AGENT);
    }
    let outgoing = outgoing.header(HOST, place.authority()).body(Full::new(body)).map_err(|why| transport(&why))?;

    let mut builder = http1::Builder::new();
    builder.max_buf_size(MAX_HEAD_BYTES);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(|why| transport(&why))?;
    // Dropped on every way out, and the connection with it.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let response = sender.send_request(outgoing).await.map_err(|why| transport(&why))?;
    let (parts, mut incoming) = response.into_parts();
    let (mut read, mut rest) = (BytesMut::new(), Rest::Nothing);
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|why| transport(&why))?;
        let data = frame.data_ref().map_or(&[][..], |data| data.as_ref());
        let room = body_bytes.saturating_sub(read.len());
        read.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            rest = Rest::Unread;
            break;
        }
    }
    Ok(Answer { status: parts.status, headers: parts.headers, body: read.freeze(), rest })
}

/// An error with what lies beneath it, each said once.
fn transport(error: &dyn std::error::Error) -> OutgoingError {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    OutgoingError::Transport(text)
}

#[cfg(test)]
mod tests;
