//! Starting and stopping a gateway, and its routes.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse as _;
use axum::routing::{get, post};
use prometheus_client::metrics::counter::Counter;
use symbolon_jose::{Algorithm, Jwk};
use symbolon_server::config::{ConfigError, Listen, Problem};
use symbolon_server::listen::tls::{Certificates, Source, TlsError, TlsReloader};
use symbolon_server::listen::{self, Listener, Options, Trusted};
use symbolon_server::rng::SystemRng;
use symbolon_server::seal::{MasterKey, MasterKeyError};
use symbolon_server::{Clock, outgoing};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use zeroize::Zeroizing;

use crate::config::Config;
use crate::gateway::{Current, Gateway};
use crate::http::Http;
use crate::layer;
use crate::problem;
use crate::provider::{Proof, Provider};
use crate::sessions::Sessions;
use crate::store::{Store, StoreError};
use crate::{facade, forward, sign_in, sign_out, state, websocket};

/// How often sessions that are over are removed.
const TIDY: Duration = Duration::from_mins(1);
/// Under which name the gateway's own key is kept.
const KEY: &str = "gateway client key";

/// Why a gateway did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The key that seals the sessions.
    Key(MasterKeyError),
    /// The listening address is taken or not ours.
    Listen {
        /// What was asked for.
        listen: Listen,
        /// What the system said.
        why: std::io::Error,
    },
    /// The gateway's own key is none.
    OwnKey(symbolon_jose::Error),
    /// The sessions.
    Store(StoreError),
    /// The certificate files.
    Tls(TlsError),
    /// Whom to trust when others are called.
    Trust(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(error) => error.fmt(f),
            Self::Listen { listen, why } => write!(f, "cannot listen on {listen}: {why}"),
            Self::OwnKey(error) => write!(f, "the gateway's own key cannot be used: {error}"),
            Self::Store(error) => error.fmt(f),
            Self::Tls(error) => error.fmt(f),
            Self::Trust(why) => write!(f, "upstream.ca: {why}"),
        }
    }
}

impl std::error::Error for StartError {}

/// A running gateway.
#[derive(Debug)]
pub struct Running {
    /// Where it answers; absent on a Unix socket.
    pub address: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    door: tokio::task::JoinHandle<()>,
    tasks: JoinSet<()>,
    tls: Option<Arc<TlsReloader>>,
    current: Current,
}

impl Running {
    /// Takes no more requests, lets open ones finish within the drain time, and notes which sessions were used.
    pub async fn shutdown(mut self) {
        // Without a receiver the door is closed already.
        let _ = self.stop.send(true);
        let _ = self.door.await;
        self.tasks.shutdown().await;
        self.current.get().sessions.note_used().await;
    }

    /// Takes up what of a new configuration can change while the gateway runs, and says in the log what cannot. Nobody is signed out.
    ///
    /// # Errors
    /// What is wrong: values that do not fit those that stay, or certificate files that cannot be used. All goes on as before.
    pub fn reload(&self, new: &Config) -> Result<(), ConfigError> {
        let before = self.current.get();
        let next = before.config.take_up(new);
        next.check()?;
        // Last of what can fail: they are taken up as they are read.
        if let (Some(tls), Some(files)) = (&self.tls, &next.http.tls) {
            tls.take_up(files.clone()).map_err(|error| {
                let problem = Problem::new(error.to_string(), "correct the files or their paths");
                ConfigError { problems: vec![problem] }
            })?;
        }
        for setting in next.waiting(new) {
            tracing::warn!(setting, "a changed setting counts only after a restart");
        }
        self.current.replace(next);
        Ok(())
    }
}

/// Opens the data folder, takes the listening address, and serves until [`Running::shutdown`].
pub async fn start(config: Config, clock: Clock) -> Result<Running, StartError> {
    let tls = config.http.tls.clone().map(TlsReloader::load).transpose().map_err(StartError::Tls)?;
    let listen = config.http.listen.clone();
    // The door first: a taken port must be told before the data folder is touched.
    let listener = Listener::bind(&listen).await.map_err(|why| StartError::Listen { listen, why })?;
    let options = options(&config, tls.clone().map(Source::Files));
    let current = Current::new(open(config, clock)?);
    let (stop, mut stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    if let Some(tls) = &tls {
        tasks.spawn(Arc::clone(tls).watch());
    }
    let tidied = current.get();
    tasks.spawn(async move {
        loop {
            // Nobody is signed out by whoever has ended: the issuer hears of them, too.
            sign_out::forget(&tidied, tidied.sessions.tidy().await);
            tokio::time::sleep(TIDY).await;
        }
    });
    let address = listener.local_address();
    let router = router(&current);
    let door = tokio::spawn(async move {
        let stop = async {
            // An error means the sender is gone: the gateway is being dropped.
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        listen::run(listener, router, options, stop).await;
    });
    Ok(Running { address, stop, door, tasks, tls, current })
}

fn open(config: Config, clock: Clock) -> Result<Gateway, StartError> {
    let path = config.data.join("gateway.key");
    // A key that is gone must not be made anew beside sessions that it sealed.
    let is_new = !config.data.join("gateway.db").exists();
    std::fs::DirBuilder::new()
        .recursive(true)
        .create(&config.data)
        .map_err(|why| StartError::Store(StoreError::Failed(format!("{}: {why}", config.data.display()))))?;
    let key = if is_new { MasterKey::load_or_create(&path, &mut SystemRng) } else { MasterKey::load(&path) };
    let key = key.map_err(StartError::Key)?;
    let store = Store::open(&config.data, key.sealer()).map_err(StartError::Store)?;
    let proof = match &config.client_secret {
        Some(secret) => Proof::of_secret(&config.client_id, secret),
        None => own_key(&store)?,
    };
    let trust = outgoing::trusting(config.upstream.ca.as_deref()).map_err(StartError::Trust)?;
    let http = Http::new(&trust);
    let provider = Provider::new(config.issuer.clone(), config.client_id.clone(), proof, http.clone(), clock.clone());
    let sessions = Sessions::open(store, config.session, clock.clone()).map_err(StartError::Store)?;
    Ok(Gateway {
        provider: Arc::new(provider),
        sessions: Arc::new(sessions),
        http,
        sealer: Arc::new(key.sealer()),
        clock,
        sockets: Arc::new(Semaphore::new(websocket::MOST)),
        allowed: config.allowed(),
        config,
    })
}

/// The key by which the gateway proves itself, made on the first run.
fn own_key(store: &Store) -> Result<Proof, StartError> {
    let make = || {
        let jwk = Jwk::generate(Algorithm::ES256).expect("an elliptic key can always be made");
        Zeroizing::new(jwk.to_private_json().as_bytes().to_vec())
    };
    let kept = store.kept(KEY, make).map_err(StartError::Store)?;
    let jwk = Jwk::from_slice(&kept).map_err(StartError::OwnKey)?;
    Proof::of_key(&jwk).map_err(StartError::OwnKey)
}

fn options(config: &Config, tls: Option<Source>) -> Options {
    let http = &config.http;
    let proxies = http.trusted_proxies.clone();
    Options {
        tls,
        certificates: Certificates::NotAsked,
        max_connections: http.max_connections,
        max_head_bytes: http.max_header_bytes,
        head_timeout: Duration::from_secs(http.header_timeout_secs),
        write_timeout: Duration::from_secs(config.upstream.timeout_secs),
        trusted: Trusted::by(move |address| proxies.iter().any(|network| network.contains(address))),
        drain: Duration::from_secs(http.drain_timeout_secs),
        turned_away: Counter::default(),
    }
}

/// Every route, in order.
fn router(current: &Current) -> Router {
    Router::new()
        .route("/login", get(sign_in::login))
        .route("/callback", get(sign_in::callback))
        .route("/logout", get(sign_out::go_on).post(sign_out::logout))
        .route("/logout/continue", get(sign_out::go_on))
        .route("/logout/done", get(sign_out::done))
        .route("/backchannel-logout", post(sign_out::backchannel))
        .route("/session", get(state::session))
        .route("/user/current", get(state::user))
        .route("/jwks.json", get(state::jwks))
        .route("/.well-known/openid-configuration", get(facade::metadata))
        .route("/authorize", get(facade::authorize))
        .route("/oauth/token", post(facade::token))
        .route("/oauth/revoke", post(sign_out::revoke))
        .route("/sdk/v1/{file}", get(facade::sdk))
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(async || "ok\n"))
        .method_not_allowed_fallback(async || problem::Problem::Method.into_response())
        .fallback(forward::any)
        .layer(from_fn_with_state(current.clone(), layer::every))
        .with_state(current.clone())
}
