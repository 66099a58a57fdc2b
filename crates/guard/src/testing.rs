//! An issuer for the tests of an API: real keys, real tokens, no network beyond loopback. Feature `testing`.
//!
//! Everything here panics rather than return an error: it is for tests.
//!
//! ```
//! use symbolon_guard::testing::{AUDIENCE, TestIssuer};
//!
//! let issuer = TestIssuer::offline();
//! let guard = issuer.guard(AUDIENCE);
//! let token = issuer.token().sub("u1").scope("read:dragons").sign();
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # runtime.block_on(async {
//! assert_eq!(guard.verify(&token).await?.sub, "u1");
//! # Ok::<(), symbolon_guard::Rejection>(()) }).expect("accepted");
//! # Ok::<(), std::io::Error>(())
//! ```

#![expect(clippy::missing_panics_doc, reason = "said above, once")]

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Map, Value, json};
use symbolon_jose::{Algorithm, Jwk, JwkSet, SigningKey, base64url, jwt, sha256};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::{
    clock::{Clock, SystemClock},
    guard::Guard,
    jwks::Keys,
};

/// The audience of a test token unless it names another.
pub const AUDIENCE: &str = "https://api.example.com";

/// An issuer with keys of its own.
#[derive(Debug)]
pub struct TestIssuer {
    issuer: String,
    algorithm: Algorithm,
    state: Arc<State>,
    server: Option<JoinHandle<()>>,
}

struct State {
    keys: Mutex<Keyring>,
    fetches: AtomicUsize,
}

struct Keyring {
    signing: SigningKey,
    /// What the JWK set shows, in order.
    published: Vec<Value>,
}

impl TestIssuer {
    /// Serves the discovery document and the JWK set on a free port of loopback until dropped.
    pub async fn start() -> Self {
        Self::start_with(Algorithm::ES256).await
    }

    /// The same, with keys for `algorithm`.
    pub async fn start_with(algorithm: Algorithm) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port on loopback");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let mut issuer = Self::new(format!("http://127.0.0.1:{port}"), algorithm);
        issuer.server = Some(tokio::spawn(serve(listener, issuer.issuer.clone(), Arc::clone(&issuer.state))));
        issuer
    }

    /// An issuer without a server: its guards hold the keys of the moment at which they are made.
    pub fn offline() -> Self {
        Self::new("https://issuer.example.com".to_owned(), Algorithm::ES256)
    }

    fn new(issuer: String, algorithm: Algorithm) -> Self {
        let (signing, public) = new_key(algorithm);
        let keys = Mutex::new(Keyring { signing, published: vec![public] });
        let state = Arc::new(State { keys, fetches: AtomicUsize::new(0) });
        Self { issuer, algorithm, state, server: None }
    }

    /// The issuer's identifier.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// A guard that trusts this issuer.
    pub fn guard(&self, audience: &str) -> Guard {
        let guard = Guard::new(self.issuer.as_str(), audience).expect("the test issuer's address is good");
        if self.server.is_some() { guard } else { guard.keys(Keys::fixed(self.key_set())) }
    }

    /// The public keys as they are now.
    pub fn key_set(&self) -> JwkSet {
        JwkSet::from_value(&self.state.key_set()).expect("our own keys can be read")
    }

    /// Begins an access token (RFC 9068) that is good for ten minutes.
    pub fn token(&self) -> TestToken {
        let now = SystemClock::new().unix_now();
        let claims = json!({
            "iss": self.issuer, "sub": "u1", "aud": AUDIENCE, "client_id": "test-client",
            "iat": now, "exp": now + 600, "jti": format!("test-{now}"),
        });
        let Value::Object(claims) = claims else { unreachable!("an object was written") };
        TestToken { key: self.state.keys().signing.clone(), typ: "at+jwt".to_owned(), claims }
    }

    /// Makes a new key, publishes it and signs with it from now on. The old ones stay published.
    pub fn rotate(&self) {
        let (signing, public) = new_key(self.algorithm);
        let mut keys = self.state.keys();
        keys.signing = signing;
        keys.published.push(public);
    }

    /// Publishes only the newest key.
    pub fn withdraw_old_keys(&self) {
        let mut keys = self.state.keys();
        let newest = keys.published.len().saturating_sub(1);
        keys.published.drain(..newest);
    }

    /// Puts something at the head of the JWK set that is not one of our keys.
    pub fn publish(&self, jwk: Value) {
        self.state.keys().published.insert(0, jwk);
    }

    /// How often the JWK set was fetched.
    pub fn fetches(&self) -> usize {
        self.state.fetches.load(Ordering::SeqCst)
    }

    /// Stops answering, as if the machine were gone.
    pub async fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
            // Aborted, as intended: there is no result to look at.
            drop(server.await);
        }
    }
}

impl Drop for TestIssuer {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

impl State {
    fn keys(&self) -> MutexGuard<'_, Keyring> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key_set(&self) -> Value {
        json!({ "keys": self.keys().published })
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("fetches", &self.fetches).finish_non_exhaustive()
    }
}

fn new_key(algorithm: Algorithm) -> (SigningKey, Value) {
    let jwk = Jwk::generate(algorithm).expect("the system makes keys");
    let signing = SigningKey::from_jwk(&jwk, algorithm).expect("a new key signs");
    (signing, jwk.public_value().expect("an asymmetric key has a public half"))
}

/// A client's key, and the proofs it makes (RFC 9449): for an API whose guard takes bound tokens.
///
/// ```
/// use symbolon_guard::testing::{TestIssuer, TestKey};
///
/// let (issuer, key) = (TestIssuer::offline(), TestKey::new());
/// let token = issuer.token().bound_to(&key).sign();
/// let proof = key.proof("GET", "https://api.example.com/dragons", &token);
/// assert_eq!(proof.split('.').count(), 3);
/// ```
#[derive(Debug)]
pub struct TestKey(Jwk);

impl TestKey {
    /// A new key.
    #[expect(clippy::new_without_default, reason = "each is another")]
    pub fn new() -> Self {
        Self(Jwk::generate(Algorithm::ES256).expect("the system makes keys"))
    }

    /// Its thumbprint (RFC 7638).
    pub fn jkt(&self) -> String {
        self.0.thumbprint_base64url()
    }

    /// A proof for a request with this token.
    pub fn proof(&self, method: &str, uri: &str, token: &str) -> String {
        self.proof_with(method, uri, token, &json!({}))
    }

    /// The same with these claims changed, or left out where they are null.
    pub fn proof_with(&self, method: &str, uri: &str, token: &str, changes: &Value) -> String {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let mut claims = json!({
            "jti": format!("test-{}", NUMBER.fetch_add(1, Ordering::Relaxed)), "htm": method, "htu": uri,
            "iat": SystemClock::new().unix_now(), "ath": base64url::encode(&sha256(token.as_bytes())),
        });
        for (name, value) in changes.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        if let Value::Object(claims) = &mut claims {
            claims.retain(|_, value| !value.is_null());
        }
        jwt::sign_with_jwk(&self.0, Algorithm::ES256, "dpop+jwt", &claims).expect("a new key signs")
    }
}

/// A token in the making: all claims of RFC 9068, each of which can be changed or left out.
#[derive(Debug, Clone)]
#[must_use = "a token is made by `sign`"]
pub struct TestToken {
    key: SigningKey,
    typ: String,
    claims: Map<String, Value>,
}

impl TestToken {
    /// Binds it to a key (`cnf.jkt`).
    pub fn bound_to(self, key: &TestKey) -> Self {
        self.claim("cnf", json!({ "jkt": key.jkt() }))
    }

    /// Binds it to a certificate in DER (`cnf.x5t#S256`).
    pub fn bound_to_certificate(self, der: &[u8]) -> Self {
        self.claim("cnf", json!({ "x5t#S256": base64url::encode(&sha256(der)) }))
    }

    /// Sets the subject.
    #[expect(clippy::should_implement_trait, reason = "the claim's name is the standard's")]
    pub fn sub(self, sub: &str) -> Self {
        self.claim("sub", sub)
    }

    /// Sets the granted scopes, separated by spaces.
    pub fn scope(self, scope: &str) -> Self {
        self.claim("scope", scope)
    }

    /// Adds a role.
    pub fn role(mut self, role: &str) -> Self {
        let roles = self.claims.entry("roles").or_insert_with(|| json!([]));
        if let Value::Array(roles) = roles {
            roles.push(role.into());
        }
        self
    }

    /// Sets the audience.
    pub fn audience(self, audience: &str) -> Self {
        self.claim("aud", audience)
    }

    /// Sets the issuer.
    pub fn issuer(self, issuer: &str) -> Self {
        self.claim("iss", issuer)
    }

    /// Issues the token so long ago that it expired `ago` before now.
    pub fn expired(self, ago: Duration) -> Self {
        let exp = SystemClock::new().unix_now().saturating_sub(ago.as_secs());
        self.claim("iat", exp.saturating_sub(600)).claim("exp", exp)
    }

    /// Sets any claim.
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Leaves a claim out.
    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Sets the header's `typ`.
    pub fn typ(mut self, typ: &str) -> Self {
        typ.clone_into(&mut self.typ);
        self
    }

    /// Signs with another key.
    pub fn key(mut self, key: &SigningKey) -> Self {
        self.key = key.clone();
        self
    }

    /// The finished token.
    pub fn sign(&self) -> String {
        jwt::sign(&self.key, &self.typ, &self.claims).expect("a test token can be signed")
    }
}

/// A clock that stands until it is moved. Clones are the same clock.
#[derive(Debug, Clone)]
pub struct TestClock {
    started: u64,
    elapsed_ms: Arc<AtomicU64>,
    back_secs: Arc<AtomicU64>,
}

impl TestClock {
    /// Starts at the machine's time, so that fresh tokens are good.
    pub fn now() -> Self {
        Self { started: SystemClock::new().unix_now(), elapsed_ms: Arc::default(), back_secs: Arc::default() }
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).expect("a time a test can mean");
        self.elapsed_ms.fetch_add(by, Ordering::SeqCst);
    }

    /// Puts the time of day back, as when a wrong clock is set right. The time that passes is not concerned.
    pub fn put_back(&self, by: Duration) {
        self.back_secs.fetch_add(by.as_secs(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn unix_now(&self) -> u64 {
        (self.started + self.elapsed().as_secs()).saturating_sub(self.back_secs.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.elapsed_ms.load(Ordering::SeqCst))
    }
}

async fn serve(listener: TcpListener, issuer: String, state: Arc<State>) {
    // One connection after the other: a test issuer needs no more, and nothing outlives the task.
    while let Ok((stream, _)) = listener.accept().await {
        // A client that hangs up is its own affair.
        drop(answer(stream, &issuer, &state).await);
    }
}

/// One request, one answer, as plainly as HTTP/1.1 allows.
async fn answer(mut stream: TcpStream, issuer: &str, state: &State) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < 8192 {
        head.push(stream.read_u8().await?);
    }
    let (status, body) = if head.starts_with(b"GET /.well-known/openid-configuration ") {
        ("200 OK", json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/jwks") }))
    } else if head.starts_with(b"GET /jwks ") {
        state.fetches.fetch_add(1, Ordering::SeqCst);
        ("200 OK", state.key_set())
    } else {
        ("404 Not Found", Value::Null)
    };
    let body = body.to_string();
    let length = body.len();
    let headers = format!("content-type: application/json\r\ncontent-length: {length}\r\nconnection: close");
    stream.write_all(format!("HTTP/1.1 {status}\r\n{headers}\r\n\r\n{body}").as_bytes()).await
}
