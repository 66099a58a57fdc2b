//! One real server per test: its own data folder, a free port, a clock that moves when told, two users, two
//! APIs and five clients, so that isolation is always in reach.

pub mod answers;
pub mod authority;
pub mod bank;
pub mod certificates;
pub mod ciba;
pub mod client;
pub mod device;
pub mod dpop;
pub mod exchange;
pub mod factors;
pub mod flow;
pub mod key_server;
pub mod letters;
pub mod operator;
pub mod postgres;
pub mod protocol;
pub mod raw;
pub mod receiver;
pub mod registration;
pub mod requests;
pub mod sign_up;
pub mod signals;
mod template;
pub mod tls_client;

use std::path::Path;

use symbolon_jose::Algorithm;
use symbolon_oauth::sign_up::SignUp;
use symbolon_oauth::{Api, Client, ClientApi, ClientId, Scope, SecretHash, random_id};
use symbolon_server::account::password::{Parameters, Password, Pool, PoolSettings};
use symbolon_server::config::Store;
use symbolon_server::rng::SystemRng;
use symbolon_server::{Clock, Config, Running, StartError, registry};
use symbolon_store::{DocumentWrite, Expect, NewUser, User, UserStatus};
use tempfile::TempDir;

pub use client::{Answer, Browser};

/// When every test begins, Unix seconds.
pub const NOW: u64 = 1_800_000_000;
pub const ISSUER: &str = "http://localhost:4400";
pub const API: &str = "https://api.example.com";
pub const OTHER_API: &str = "https://other.example.com";
pub const CALLBACK: &str = "https://app.example.com/callback";
pub const SPA_ORIGIN: &str = "https://spa.example.com";
pub const SPA_CALLBACK: &str = "https://spa.example.com/";
pub const SECRET: &str = "sym_cs_secret-of-the-test-clients-long-enough";
pub const PASSWORD: &str = "correct horse battery";

/// A running server and what is registered there:
///
/// | client | what it is |
/// | --- | --- |
/// | `web` | first-party, confidential (basic), code and refresh |
/// | `partner` | third-party, confidential (post), code and refresh: asks for consent |
/// | `spa` | first-party, public, may use `POST /authenticate` |
/// | `machine` | client credentials for [`API`], scopes `read` and `write` |
/// | `other` | another confidential client, to try what belongs to `web` |
pub struct World {
    pub running: Running,
    pub clock: Clock,
    folder: TempDir,
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A world whose configuration is changed first.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(&folder, change);
        if postgres::is_wanted() {
            config.store.url = Some(postgres::database().await);
        }
        let clock = Clock::fixed(NOW);
        let populated = template::lay_out(folder.path(), &config).await;
        let running = symbolon_server::start(config, clock.clone()).await.unwrap();
        let world = Self { running, clock, folder };
        if !populated {
            world.populate().await;
        }
        world
    }

    /// Stops the server and starts another on the same data.
    pub async fn restart(self) -> Self {
        self.try_restart(|_| {}).await.unwrap_or_else(|(why, _)| panic!("{why}"))
    }

    /// The same, with what the first one was configured with beside its data.
    pub async fn restart_with(self, change: impl FnOnce(&mut Config)) -> Self {
        self.try_restart(change).await.unwrap_or_else(|(why, _)| panic!("{why}"))
    }

    /// Stops the server and tries to start another, differently configured, on the same data.
    pub async fn try_restart(self, change: impl FnOnce(&mut Config)) -> Result<Self, (StartError, Stopped)> {
        let stopped = self.stop().await;
        stopped.start(change).await
    }

    /// Stops the server; its data stays.
    pub async fn stop(self) -> Stopped {
        let Self { running, clock, folder } = self;
        let store = running.app.config().store.clone();
        running.shutdown().await;
        Stopped { clock, folder, store }
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        self.folder.path()
    }

    pub fn browser(&self) -> Browser {
        Browser::new(self.running.address.unwrap(), self.running.app.issuer.as_str())
    }

    pub fn advance(&self, seconds: u64) {
        self.clock.advance(seconds);
    }

    async fn populate(&self) {
        let documents = [
            ("web", web("web", "Web")),
            ("other", web("other", "Other")),
            ("partner", partner()),
            ("spa", spa()),
            ("machine", machine()),
        ];
        let mut writes: Vec<DocumentWrite> =
            documents.iter().map(|(id, client)| put(registry::CLIENT, id, client)).collect();
        let mut api = Api::new(API, "Example").with_scope("read", "Read things").with_scope("write", "Write things");
        api.secrets = vec![SecretHash::of(SECRET, NOW)];
        api.signing_alg = Algorithm::ES256;
        writes.push(put(registry::API, API, &api));
        let mut other = Api::new(OTHER_API, "Other").with_scope("read", "Read other things");
        other.secrets = vec![SecretHash::of(SECRET, NOW)];
        writes.push(put(registry::API, OTHER_API, &other));
        let app = &self.running.app;
        app.store.apply(writes).await.unwrap();
        app.take_up().await.unwrap();
        self.add_user("ada@example.com", "Ada Lovelace", &["admin"]).await;
        self.add_user("bob@example.com", "Bob", &[]).await;
    }

    /// Adds a user whose password is [`PASSWORD`]; gives the `sub`.
    pub async fn add_user(&self, email: &str, name: &str, roles: &[&str]) -> String {
        let id = format!("usr_{}", random_id(&mut SystemRng));
        let user = User {
            id: id.clone(),
            username: None,
            email: Some(email.to_owned()),
            email_verified: true,
            name: Some(name.to_owned()),
            profile: serde_json::Map::new(),
            password_hash: Some(hash().await),
            status: UserStatus::Active,
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            revocation_handle: random_id(&mut SystemRng),
            created_at: NOW,
            updated_at: NOW,
            password_changed_at: Some(NOW),
            revision: 1,
        };
        let new = NewUser { user, identifiers: vec![email.to_owned()] };
        self.running.app.store.create_user(new).await.unwrap();
        id
    }

    /// Changes a client's registration.
    pub async fn change_client(&self, id: &str, change: impl FnOnce(&mut Client)) {
        let app = &self.running.app;
        let mut client = (**app.registry().client(id).unwrap()).clone();
        change(&mut client);
        app.store.apply(vec![put(registry::CLIENT, id, &client)]).await.unwrap();
        app.take_up().await.unwrap();
    }
}

/// The data of a server that does not run.
#[derive(Debug)]
pub struct Stopped {
    pub clock: Clock,
    folder: TempDir,
    store: Store,
}

impl Stopped {
    /// Data that somebody else has made.
    pub fn of(folder: TempDir, clock: Clock) -> Self {
        let store = config(&folder, |_| {}).store;
        Self { clock, folder, store }
    }

    /// Starts a server on the data.
    pub async fn start(self, change: impl FnOnce(&mut Config)) -> Result<World, (StartError, Self)> {
        match symbolon_server::start(self.config(change), self.clock.clone()).await {
            Ok(running) => Ok(World { running, clock: self.clock, folder: self.folder }),
            Err(why) => Err((why, self)),
        }
    }

    /// What a server on the data would be configured with.
    pub fn config(&self, change: impl FnOnce(&mut Config)) -> Config {
        config(&self.folder, |config| {
            config.store = self.store.clone();
            change(config);
        })
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        self.folder.path()
    }
}

fn config(folder: &TempDir, change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config::development(folder.path()).unwrap();
    config.dev = false;
    config.sign_up = SignUp::Off;
    config.http.listen = "127.0.0.1:0".parse().unwrap();
    // Hashing that costs next to nothing: what it costs is not what these tests are about.
    config.password.memory_kib = 64;
    config.password.passes = 1;
    change(&mut config);
    config
}

/// The hash of [`PASSWORD`], under the tests' cheap settings.
async fn hash() -> String {
    let parameters = Parameters { memory_kib: 64, passes: 1, lanes: 1 };
    let pool = Pool::start(PoolSettings { parameters, workers: 1, ..PoolSettings::default() }).unwrap();
    pool.hash(Password::parse(PASSWORD).unwrap(), [7; 16]).await.unwrap()
}

fn put(kind: &str, id: &str, body: &impl serde::Serialize) -> DocumentWrite {
    DocumentWrite::Put {
        kind: kind.into(),
        id: id.into(),
        body: serde_json::to_value(body).unwrap(),
        expect: Expect::Any,
    }
}

fn id(text: &str) -> ClientId {
    ClientId::parse(text).unwrap()
}

fn web(client_id: &str, name: &str) -> Client {
    let mut client = Client::web(id(client_id), name);
    client.first_party = true;
    client.redirect_uris = vec![CALLBACK.to_owned()];
    client.post_logout_redirect_uris = vec!["https://app.example.com/bye".to_owned()];
    client.secrets = vec![SecretHash::of(SECRET, NOW)];
    client
}

fn partner() -> Client {
    let mut client = web("partner", "Partner");
    client.first_party = false;
    client.token_endpoint_auth_method = symbolon_oauth::AuthMethod::ClientSecretPost;
    client.apis = vec![ClientApi { audience: API.to_owned(), scopes: Scope::parse("read write").unwrap() }];
    client
}

fn spa() -> Client {
    let mut client = Client::spa(id("spa"), "Spa");
    client.first_party = true;
    client.password_sign_in = true;
    client.redirect_uris = vec![SPA_CALLBACK.to_owned()];
    client.post_logout_redirect_uris = vec![SPA_CALLBACK.to_owned()];
    client.allowed_origins = vec![SPA_ORIGIN.to_owned()];
    client.default_audience = Some(API.to_owned());
    client
}

fn machine() -> Client {
    let mut client = Client::machine(id("machine"), "Machine");
    client.secrets = vec![SecretHash::of(SECRET, NOW)];
    client.apis = vec![ClientApi { audience: API.to_owned(), scopes: Scope::parse("read write").unwrap() }];
    client
}
