//! An issuer that says what the test tells it to, true or not.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use axum::{
    Json, Router,
    body::{Body, Bytes, HttpBody},
    extract::State,
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::get,
};
use hyper::body::Frame;
use serde_json::{Value, json};
use symbolon_guard::{
    Algorithm, Clock as _, Guard, Jwk,
    testing::{AUDIENCE, TestClock},
};
use symbolon_jose::{SigningKey, jwt};
use symbolon_revocation::{Entry, EventToSign, Fingerprint, IdKind, SnapshotToSign, event, snapshot};
use tokio::{net::TcpListener, sync::mpsc, task::AbortHandle};

pub(super) const EPOCH: &str = "E";

pub(super) struct Scripted {
    pub(super) issuer: String,
    /// When everything begins.
    pub(super) begin: u64,
    pub(super) clock: TestClock,
    state: Arc<Script>,
    serving: AbortHandle,
}

pub(super) struct Script {
    issuer: String,
    keys: Mutex<Vec<Jwk>>,
    /// What is answered to the question for a snapshot.
    snapshot: Mutex<Response<Bytes>>,
    /// What every stream begins with.
    greeting: Mutex<String>,
    /// The open streams.
    streams: Mutex<Vec<mpsc::UnboundedSender<Bytes>>>,
    asked: Mutex<[usize; 2]>,
    /// Where the discovery document says that the feed is.
    prefix: Mutex<&'static str>,
}

pub(super) fn jti(id: &str) -> Entry {
    Entry::new(IdKind::Jti, Fingerprint::of(IdKind::Jti, id), 1, u64::from(u32::MAX))
}

pub(super) fn new_key(kid: &str) -> Jwk {
    Jwk::generate(Algorithm::ES256).unwrap().with_kid(kid)
}

pub(super) fn signing(jwk: &Jwk) -> SigningKey {
    SigningKey::from_jwk(jwk, Algorithm::ES256).unwrap()
}

impl Scripted {
    /// Publishes one key and an empty log, and says nothing.
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Script {
            issuer: issuer.clone(),
            keys: Mutex::new(vec![new_key("first")]),
            snapshot: Mutex::default(),
            greeting: Mutex::default(),
            streams: Mutex::default(),
            asked: Mutex::default(),
            prefix: Mutex::new("/old"),
        });
        let app = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/{where}/snapshot", get(snapshot_handler))
            .route("/{where}/stream", get(stream_handler))
            .with_state(Arc::clone(&state));
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() }).abort_handle();
        let clock = TestClock::now();
        let scripted = Self { issuer, begin: clock.unix_now(), clock, state, serving };
        scripted.set_snapshot(scripted.snapshot(0, 0, &[]));
        scripted
    }

    pub(super) fn guard(&self) -> Guard {
        Guard::new(self.issuer.as_str(), AUDIENCE).unwrap().clock(self.clock.clone())
    }

    /// The key that signs: the newest.
    pub(super) fn key(&self) -> Jwk {
        self.state.keys.lock().unwrap().last().unwrap().clone()
    }

    /// Publishes another key, which signs from now on.
    pub(super) fn rotate(&self, kid: &str) {
        self.state.keys.lock().unwrap().push(new_key(kid));
    }

    /// A token that is good for long.
    pub(super) fn token(&self, jti: &str) -> String {
        self.token_by(&signing(&self.key()), jti)
    }

    pub(super) fn token_by(&self, key: &SigningKey, jti: &str) -> String {
        let claims = json!({ "iss": self.issuer, "sub": "u1", "aud": AUDIENCE, "client_id": "c", "iat": self.begin,
            "exp": u32::MAX, "jti": jti });
        jwt::sign(key, "at+jwt", &claims).unwrap()
    }

    /// An event, signed; `iat` counts from the beginning.
    pub(super) fn event(&self, iat: u64, after: u64, entries: &[Entry]) -> String {
        self.event_by(&self.key(), iat, after, entries)
    }

    pub(super) fn event_by(&self, key: &Jwk, iat: u64, after: u64, entries: &[Entry]) -> String {
        let (iss, iat, seq) = (self.issuer.as_str(), self.begin + iat, after + entries.len() as u64);
        event::sign(&signing(key), &EventToSign { iss, iat, epoch: EPOCH, after, seq, entries }).unwrap()
    }

    pub(super) fn snapshot(&self, iat: u64, seq: u64, entries: &[Entry]) -> Vec<u8> {
        let head = SnapshotToSign { iss: &self.issuer, iat: self.begin + iat, epoch: EPOCH, seq };
        snapshot::encode(&signing(&self.key()), &head, entries.iter().copied()).unwrap()
    }

    pub(super) fn set_snapshot(&self, bytes: impl Into<Bytes>) {
        self.answer_snapshot(Response::new(bytes.into()));
    }

    pub(super) fn answer_snapshot(&self, response: Response<Bytes>) {
        *self.state.snapshot.lock().unwrap() = response;
    }

    /// Says something on every open stream, as an event.
    pub(super) fn say(&self, jws: &str) {
        self.write(&format!("event: revocations\ndata: {jws}\n\n"));
    }

    /// Writes something on every open stream.
    pub(super) fn write(&self, text: &str) {
        let text = Bytes::copy_from_slice(text.as_bytes());
        self.state.streams.lock().unwrap().retain(|stream| stream.send(text.clone()).is_ok());
    }

    /// Moves the feed: at the old address there is nothing any more, and open streams end.
    pub(super) fn move_to(&self, prefix: &'static str) {
        *self.state.prefix.lock().unwrap() = prefix;
        self.state.streams.lock().unwrap().clear();
    }

    /// How many streams are open.
    pub(super) fn followers(&self) -> usize {
        self.state.streams.lock().unwrap().iter().filter(|stream| !stream.is_closed()).count()
    }

    /// How often the snapshot was asked for, and a stream.
    pub(super) fn asked(&self) -> [usize; 2] {
        *self.state.asked.lock().unwrap()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn discovery(State(script): State<Arc<Script>>) -> Json<Value> {
    let (issuer, prefix) = (&script.issuer, script.prefix.lock().unwrap());
    Json(json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/jwks"),
        "symbolon_revocation_snapshot_endpoint": format!("{issuer}{prefix}/snapshot"),
        "symbolon_revocation_stream_endpoint": format!("{issuer}{prefix}/stream") }))
}

async fn jwks(State(script): State<Arc<Script>>) -> Json<Value> {
    let keys: Vec<Value> = script.keys.lock().unwrap().iter().map(|key| key.public_value().unwrap()).collect();
    Json(json!({ "keys": keys }))
}

async fn snapshot_handler(State(script): State<Arc<Script>>) -> Response {
    script.asked.lock().unwrap()[0] += 1;
    let answer = script.snapshot.lock().unwrap();
    let mut response = answer.body().clone().into_response();
    *response.status_mut() = answer.status();
    response.headers_mut().extend(answer.headers().clone());
    response
}

async fn stream_handler(State(script): State<Arc<Script>>, uri: Uri) -> Response {
    if !uri.path().starts_with(*script.prefix.lock().unwrap()) {
        return StatusCode::NOT_FOUND.into_response();
    }
    script.asked.lock().unwrap()[1] += 1;
    let (sender, receiver) = mpsc::unbounded_channel();
    sender.send(Bytes::from(format!(": welcome\n\n{}", script.greeting.lock().unwrap()))).unwrap();
    script.streams.lock().unwrap().push(sender);
    Body::new(Words(receiver)).into_response()
}

struct Words(mpsc::UnboundedReceiver<Bytes>);

impl HttpBody for Words {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}
