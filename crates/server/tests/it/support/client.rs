//! A small browser and HTTP client for tests: keeps cookies, follows nothing by itself, reads forms.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use http::header::{CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|why| panic!("not JSON ({why}): {}", self.body))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn location(&self) -> &str {
        self.headers.get(LOCATION).unwrap_or_else(|| panic!("no Location in {self:?}")).to_str().unwrap()
    }

    /// A parameter of the redirect's query or fragment, decoded.
    pub fn param(&self, name: &str) -> Option<String> {
        param(self.location(), name)
    }

    /// Every `Set-Cookie` of the answer.
    pub fn cookies(&self) -> Vec<&str> {
        self.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// The value of a hidden field of the page.
    pub fn field(&self, name: &str) -> String {
        let marker = format!("name=\"{name}\" value=\"");
        let start =
            self.body.find(&marker).unwrap_or_else(|| panic!("no field {name} in {}", self.body)) + marker.len();
        let end = self.body[start..].find('"').unwrap() + start;
        self.body[start..end].replace("&#38;", "&").replace("&amp;", "&").replace("&#61;", "=")
    }
}

/// A query or fragment parameter of a URL.
pub fn param(url: &str, name: &str) -> Option<String> {
    let at = url.find(['?', '#'])? + 1;
    let pairs = url::form_urlencoded::parse(&url.as_bytes()[at..]);
    pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Form encoding of pairs.
pub fn form(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// One browser: a cookie jar towards one server.
#[derive(Clone, Debug)]
pub struct Browser {
    pub address: SocketAddr,
    pub origin: String,
    /// How it speaks TLS, where it does.
    pub tls: Option<Arc<ClientConfig>>,
    pub cookies: BTreeMap<String, String>,
}

impl Browser {
    pub fn new(address: SocketAddr, origin: &str) -> Self {
        Self { address, origin: origin.to_owned(), tls: None, cookies: BTreeMap::new() }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], None).await
    }

    /// Posts a form the way a page of the server itself would.
    pub async fn post(&mut self, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let origin = self.origin.clone();
        self.post_from(path, pairs, &origin).await
    }

    /// Posts a form from a page of `origin`.
    pub async fn post_from(&mut self, path: &str, pairs: &[(&str, &str)], origin: &str) -> Answer {
        let headers = [(ORIGIN, origin), (CONTENT_TYPE, "application/x-www-form-urlencoded")];
        self.send(Method::POST, path, &headers, Some(form(pairs))).await
    }

    /// Sends anything; keeps the cookies that come back.
    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, &str)],
        body: Option<String>,
    ) -> Answer {
        self.try_send(method, path, headers, body).await.expect("an answer")
    }

    /// [`Browser::send`] to a server that may die meanwhile.
    pub async fn try_send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, &str)],
        body: Option<String>,
    ) -> Option<Answer> {
        let path = path.strip_prefix(&self.origin).unwrap_or(path);
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::builder().method(method).uri(path).header(HOST, self.address.to_string());
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let request = request.body(Full::from(body.unwrap_or_default())).unwrap();
        let answer = match &self.tls {
            None => try_exchange(self.address, request).await?,
            Some(tls) => Box::pin(exchange_over(self.address, tls, request)).await.ok()?,
        };
        for cookie in answer.headers.get_all(SET_COOKIE) {
            self.keep(cookie.to_str().unwrap());
        }
        Some(answer)
    }

    fn keep(&mut self, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let (name, value) = pair.split_once('=').unwrap();
        if value.is_empty() || attributes.contains("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

/// One request on a connection of its own.
pub async fn exchange(address: SocketAddr, request: Request<Full<bytes::Bytes>>) -> Answer {
    try_exchange(address, request).await.expect("an answer")
}

/// One request on a connection of its own; `None` when no whole answer comes, as of a server that dies.
pub async fn try_exchange(address: SocketAddr, request: Request<Full<bytes::Bytes>>) -> Option<Answer> {
    exchange_on(TcpStream::connect(address).await.ok()?, request).await.ok()
}

/// One request to `localhost` over TLS, on a connection of its own.
pub async fn exchange_over(
    address: SocketAddr,
    tls: &Arc<ClientConfig>,
    request: Request<Full<bytes::Bytes>>,
) -> std::io::Result<Answer> {
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    exchange_on(TlsConnector::from(Arc::clone(tls)).connect(name, stream).await?, request).await
}

async fn exchange_on<S>(stream: S, request: Request<Full<bytes::Bytes>>) -> std::io::Result<Answer>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let other = std::io::Error::other;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(other)?;
    tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(other)?;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(other)?.to_bytes();
    Ok(Answer { status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&body).into_owned() })
}
