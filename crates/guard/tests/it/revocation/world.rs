//! A server of its own for each test, on real data, behind a link.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use axum::{body::Body, http::Request};
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use symbolon_guard::{
    Clock as _, Guard, WhenStale,
    testing::{AUDIENCE, TestClock},
};
use symbolon_jose::{Algorithm, base64url};
use symbolon_oauth::{Api, Client, ClientApi, ClientId, Scope, SecretHash};
use symbolon_server::{
    Clock, Config, Running,
    backup::{self, ArchiveKey, Partial, SignInsAfter},
    config::FeedAccess,
};
use symbolon_store::{DocumentWrite, Expect, NewRevocation, RevocationKind, transfer::Present};
use tempfile::TempDir;
use tokio::net::TcpStream;

use super::link::Link;

pub(super) const SECRET: &str = "sym_cs_secret-of-the-test-clients-long-enough";
const CLIENT: &str = "machine";

/// One start at a time: making the keys takes the whole machine.
static STARTING: LazyLock<tokio::sync::Mutex<()>> = LazyLock::new(tokio::sync::Mutex::default);

pub(super) struct World {
    running: Option<Running>,
    config: Config,
    /// The server's.
    pub(super) clock: Clock,
    pub(super) link: Link,
    pub(super) issuer: String,
    folder: TempDir,
}

impl World {
    pub(super) async fn new() -> Self {
        Self::with(FeedAccess::Open).await
    }

    pub(super) async fn with(feed: FeedAccess) -> Self {
        let _one = STARTING.lock().await;
        let (folder, link) = (tempfile::tempdir().unwrap(), Link::new().await);
        let issuer = format!("http://{}", link.address);
        let mut config = Config::development(folder.path()).unwrap();
        config.dev = false;
        config.issuer.clone_from(&issuer);
        config.http.listen = "127.0.0.1:0".parse().unwrap();
        config.revocation.feed = feed;
        // The clocks stand still, so nothing gets old by itself.
        let clock = Clock::fixed(TestClock::now().unix_now());
        let mut world = Self { running: None, config, clock, link, issuer, folder };
        world.start().await;
        world.register().await;
        world
    }

    /// Starts the server, on a port that is free now.
    pub(super) async fn start(&mut self) {
        let running = symbolon_server::start(self.config.clone(), self.clock.clone()).await.unwrap();
        self.link.lead_to(running.address.unwrap());
        self.running = Some(running);
    }

    pub(super) async fn stop(&mut self) {
        self.running.take().unwrap().shutdown().await;
    }

    /// Everything that the server has at this moment, in a file.
    pub(super) async fn back_up(&self) -> PathBuf {
        let (app, place) = (self.app(), self.folder.path().join("a.backup"));
        let partial = Partial::create(&place).unwrap();
        let (store, key) = (Arc::clone(&app.store), app.archive_key.clone());
        let taken = backup::take(store, self.issuer.clone(), self.clock.now(), key, partial).await;
        taken.unwrap().1.finish().unwrap();
        place
    }

    /// Puts the file in the place of the data, which nobody serves.
    pub(super) async fn restore(&self, place: &Path, sign_ins: SignInsAfter) {
        let key = ArchiveKey::configured(&self.config).unwrap().unwrap();
        let now = self.clock.now();
        let present = Present::Replace { now };
        backup::restore(&self.config, (place, &key), present, sign_ins, now, &mut |_, _| {}).await.unwrap();
    }

    /// Whose numbers the feed has.
    pub(super) async fn epoch(&self) -> String {
        self.app().store.revocation_head().await.unwrap().epoch
    }

    /// A guard whose clock stands still at the server's time.
    pub(super) fn guard(&self) -> (Guard, TestClock) {
        let clock = TestClock::now();
        let (server, guard) = (self.clock.now(), clock.unix_now());
        clock.put_back(std::time::Duration::from_secs(guard - server));
        (Guard::new(self.issuer.as_str(), AUDIENCE).unwrap().clock(clock.clone()), clock)
    }

    /// The same, told what to do when its knowledge is too old, and who it is.
    pub(super) fn guard_when_stale(&self, choice: WhenStale) -> (Guard, TestClock) {
        let (guard, clock) = self.guard();
        (guard.when_stale(choice).credentials(AUDIENCE, SECRET), clock)
    }

    /// An access token of the client.
    pub(super) async fn token(&self) -> String {
        let answer = self.post("/oauth/token", &[("grant_type", "client_credentials")]).await;
        answer["access_token"].as_str().unwrap_or_else(|| panic!("no token: {answer}")).to_owned()
    }

    /// Revokes it as its client would (RFC 7009).
    pub(super) async fn revoke(&self, token: &str) {
        let answer = self.post("/oauth/revoke", &[("token", token)]).await;
        assert_eq!(answer["revoked"], true, "{answer}");
    }

    /// Puts entries into the log; a rule holds for what was issued until now.
    pub(super) async fn log(&self, kind: RevocationKind, ids: impl IntoIterator<Item = String>) {
        let now = self.clock.now();
        let entries = ids.into_iter().map(|id| NewRevocation { kind, id, revoked_at: now, expires_at: now + 600 });
        self.app().store.revoke(entries.collect()).await.unwrap();
    }

    /// The server from inside, for what no client can do.
    fn app(&self) -> &symbolon_server::App {
        &self.running.as_ref().unwrap().app
    }

    /// Directly, not by the link: the client is not cut off when the guard is.
    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Value {
        let address = self.running.as_ref().unwrap().address.unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let form: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let pair = base64url::encode(format!("{CLIENT}:{SECRET}").as_bytes()).replace('-', "+").replace('_', "/");
        let padding = "=".repeat((4 - pair.len() % 4) % 4);
        let request = Request::post(path)
            .header("host", address.to_string())
            .header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", format!("Basic {pair}{padding}"))
            .body(Body::from(form.join("&")))
            .unwrap();
        let answer = sender.send_request(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&answer).unwrap()
    }

    async fn register(&self) {
        let now = self.clock.now();
        let mut api = Api::new(AUDIENCE, "Example").with_scope("read", "Read things");
        api.secrets = vec![SecretHash::of(SECRET, now)];
        api.signing_alg = Algorithm::ES256;
        let mut client = Client::machine(ClientId::parse(CLIENT).unwrap(), "Machine");
        client.secrets = vec![SecretHash::of(SECRET, now)];
        client.apis = vec![ClientApi { audience: AUDIENCE.to_owned(), scopes: Scope::parse("read").unwrap() }];
        let put = |kind: &str, id: &str, body: Value| DocumentWrite::Put {
            kind: kind.into(),
            id: id.into(),
            body,
            expect: Expect::Any,
        };
        let documents = vec![
            put(symbolon_server::registry::API, AUDIENCE, serde_json::to_value(&api).unwrap()),
            put(symbolon_server::registry::CLIENT, CLIENT, serde_json::to_value(&client).unwrap()),
        ];
        self.app().store.apply(documents).await.unwrap();
        self.app().take_up().await.unwrap();
    }
}
