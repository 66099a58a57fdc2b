//! An API's connection to the server: HTTP/1.1 kept open, every byte counted.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

const MAX_ANSWER_BYTES: usize = 1 << 20;

/// A connection.
#[derive(Debug)]
pub(crate) struct Wire {
    sender: SendRequest<Full<Bytes>>,
    address: SocketAddr,
    bytes: Arc<AtomicU64>,
}

impl Wire {
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self, String> {
        let bytes = Arc::new(AtomicU64::new(0));
        Ok(Self { sender: dial(address, &bytes).await?, address, bytes })
    }

    /// Posts a form; gives the answer's JSON.
    pub(crate) async fn form(&mut self, path: &str, fields: &[(&str, &str)]) -> Result<Value, String> {
        let pairs = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
        let body = pairs.collect::<Vec<String>>().join("&");
        self.post(path, "application/x-www-form-urlencoded", body).await
    }

    /// Posts JSON.
    pub(crate) async fn json(&mut self, path: &str, body: &Value) -> Result<Value, String> {
        self.post(path, "application/json", body.to_string()).await
    }

    async fn post(&mut self, path: &str, kind: &str, body: String) -> Result<Value, String> {
        let request = Request::post(path)
            .header(HOST, self.address.to_string())
            .header(CONTENT_TYPE, kind)
            .header(ACCEPT, "application/json")
            .body(Full::from(body))
            .map_err(|why| why.to_string())?;
        // The server hangs up on who says nothing for a while.
        if self.sender.ready().await.is_err() {
            self.sender = dial(self.address, &self.bytes).await?;
        }
        let answer = self.sender.send_request(request).await.map_err(|why| why.to_string())?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect().await;
        let body = body.map_err(|why| why.to_string())?.to_bytes();
        if status != StatusCode::OK {
            return Err(format!("{path} answers {status}: {}", String::from_utf8_lossy(&body)));
        }
        serde_json::from_slice(&body).map_err(|why| format!("{path} answers with something other than JSON: {why}"))
    }

    /// How many bytes have gone over the connection, both ways.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

async fn dial(address: SocketAddr, bytes: &Arc<AtomicU64>) -> Result<SendRequest<Full<Bytes>>, String> {
    let stream = TcpStream::connect(address).await.map_err(|why| why.to_string())?;
    stream.set_nodelay(true).map_err(|why| why.to_string())?;
    let counted = Counted { stream, bytes: Arc::clone(bytes) };
    let (sender, connection) = http1::handshake(TokioIo::new(counted)).await.map_err(|why| why.to_string())?;
    // It ends with the sender.
    tokio::spawn(connection);
    Ok(sender)
}

/// As a value in a form: everything but what RFC 3986 calls unreserved is escaped.
fn encoded(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

/// A connection that counts.
struct Counted {
    stream: TcpStream,
    bytes: Arc<AtomicU64>,
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.bytes.fetch_add((buffer.filled().len() - before) as u64, Ordering::Relaxed);
        read
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = &written {
            self.bytes.fetch_add(*count as u64, Ordering::Relaxed);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_leave_its_field() {
        assert_eq!(encoded("a&b=c d%é-._~"), "a%26b%3Dc%20d%25%C3%A9-._~");
    }
}
