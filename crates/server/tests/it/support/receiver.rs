//! A relying party's server on loopback: takes what is posted to it, and answers as it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, Method, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

/// Longer than anything that is waited for may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came.
#[derive(Debug)]
pub struct Arrived {
    pub method: Method,
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Arrived {
    /// The one parameter of the form, and nothing else.
    #[track_caller]
    pub fn only(&self, name: &str) -> String {
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(self.body.as_bytes()).into_owned().collect();
        match &pairs[..] {
            [(only, value)] if only == name => value.clone(),
            _ => panic!("not only {name}: {}", self.body),
        }
    }
}

type Reply = Arc<Mutex<(StatusCode, [(HeaderName, String); 1], String)>>;

#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    reply: Reply,
    arrived: UnboundedReceiver<Arrived>,
    server: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Receiver {
    /// One that takes everything.
    pub async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let reply = Reply::new(Mutex::new(reply(200, "text/plain", "")));
        let (sender, arrived) = unbounded_channel();
        let router = Router::new().fallback(take).with_state((Arc::clone(&reply), sender));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, reply, arrived, server }
    }

    /// An address on it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// From now on it answers so.
    pub fn answer(&self, status: u16, body: &str) {
        self.answer_as(status, "text/plain", body);
    }

    /// The same with content of that type.
    pub fn answer_as(&self, status: u16, media: &str, body: &str) {
        *self.reply.lock().unwrap() = reply(status, media, body);
    }

    /// What comes next.
    pub async fn next(&mut self) -> Arrived {
        tokio::time::timeout(PATIENCE, self.arrived.recv()).await.expect("something arrives").unwrap()
    }

    /// What has come and was not looked at.
    pub fn unread(&mut self) -> usize {
        std::iter::from_fn(|| self.arrived.try_recv().ok()).count()
    }
}

fn reply(status: u16, media: &str, body: &str) -> (StatusCode, [(HeaderName, String); 1], String) {
    (StatusCode::from_u16(status).unwrap(), [(CONTENT_TYPE, media.to_owned())], body.to_owned())
}

async fn take(
    State((reply, sender)): State<(Reply, UnboundedSender<Arrived>)>,
    OriginalUri(uri): OriginalUri,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, [(HeaderName, String); 1], String) {
    let (path, body) = (uri.to_string(), String::from_utf8(body.to_vec()).unwrap());
    let answer = reply.lock().unwrap().clone();
    // The test may have seen enough.
    drop(sender.send(Arrived { method, path, headers, body }));
    answer
}
