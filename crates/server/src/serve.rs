//! Starting and stopping a node: open the data, take the doors, run the background work, take up a changed configuration, drain on
//! the signal.

use std::fmt;
use std::net::{Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::app::{App, AppError};
use crate::clock::Clock;
use crate::config::{Config, ConfigError, Listen, Loaded, Problem, When, changes};
use crate::listen::handed::Handed;
use crate::listen::ordered::Ordered;
use crate::listen::tls::{Certificates, Source, TlsError, TlsReloader};
use crate::listen::{self, Listener, Options, Trusted};
use crate::metrics::scrape;
use crate::{admin, dev, http, job, log, notify};

/// Connections of the metrics listener: a few who watch, each with a few.
const WATCHERS: usize = 64;

/// Why a node did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The data or the configuration.
    App(AppError),
    /// The listening address is taken or not ours.
    Listen {
        /// What was asked for.
        listen: Listen,
        /// What the system said.
        why: std::io::Error,
    },
    /// The certificate files.
    Tls(TlsError),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::App(error) => error.fmt(f),
            Self::Listen { listen, why } if why.kind() == std::io::ErrorKind::AddrInUse => {
                write!(f, "{listen} is taken by another program; stop it or choose another address with --listen")
            }
            Self::Listen { listen, why } => write!(f, "cannot listen on {listen}: {why}"),
            Self::Tls(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StartError {}

/// A running node.
#[derive(Debug)]
pub struct Running {
    /// What it runs.
    pub app: Arc<App>,
    /// Where it answers; absent on a Unix socket.
    pub address: Option<SocketAddr>,
    /// Where clients are asked for certificates; absent without such a place.
    pub mtls_address: Option<SocketAddr>,
    /// Where metrics are answered; absent without them, and on a Unix socket.
    pub metrics_address: Option<SocketAddr>,
    /// Where plain HTTP is answered with the way to the issuer; absent without such a place.
    pub redirect_address: Option<SocketAddr>,
    tls: Option<Arc<TlsReloader>>,
    stop: watch::Sender<bool>,
    /// Ends the door that watches the others end.
    stop_watching: watch::Sender<bool>,
    /// Unix sockets that are ours to remove.
    sockets: Vec<PathBuf>,
    doors: JoinSet<()>,
    watchers: JoinSet<()>,
    tasks: JoinSet<()>,
    audit: JoinHandle<()>,
}

/// Opens the data folder of `config`, takes its listening address and the control socket, and serves until
/// [`Running::shutdown`].
pub async fn start(config: Config, clock: Clock) -> Result<Running, StartError> {
    start_on(config, clock, Handed::default()).await
}

/// [`start`], on the sockets that were handed over in place of `http.listen`, if there are any.
pub async fn start_on(config: Config, clock: Clock, handed: Handed) -> Result<Running, StartError> {
    let tls = config.http.tls.clone().map(TlsReloader::load).transpose().map_err(StartError::Tls)?;
    // The doors first: a taken port must be told before the data folder is touched.
    let Doors { public, twin, asking, redirecting, watching, mut sockets } = Doors::take(&config, handed).await?;
    let address = public.iter().find_map(Listener::local_address);
    let mtls_address = asking.as_ref().and_then(Listener::local_address);
    let redirect_address = redirecting.as_ref().and_then(Listener::local_address);
    let metrics_address = watching.as_ref().and_then(Listener::local_address);
    let (app, audit_writer) = App::open(config, clock).await.map_err(StartError::App)?;
    let source = source(&app, tls.as_ref())?;
    let audit = tokio::spawn(audit_writer.run());
    let config = app.config();
    if config.dev {
        dev::seed(&app).await.map_err(StartError::App)?;
    }

    // Before anybody is answered: whoever sees that the server is there may command it.
    let path = config.control_socket();
    let listen = Listen::Unix(path.clone());
    let control = listen::bind_unix(&path, 0o600).await.map_err(|why| StartError::Listen { listen, why })?;
    sockets.push(path);

    let (stop, stopped) = watch::channel(false);
    let (stop_watching, stopped_watching) = watch::channel(false);
    let mut tasks = JoinSet::new();
    job::start(&app, &mut tasks);
    if let Some(tls) = &tls {
        tasks.spawn(Arc::clone(tls).watch());
    }
    let (mut doors, mut watchers) = (JoinSet::new(), JoinSet::new());
    let options_of_control = options(&app, None);
    doors.spawn(listen::run(control.into(), admin::control::router(&app), options_of_control, signal(stopped.clone())));
    if let Some(twin) = twin {
        doors.spawn(listen::run(twin, http::router(&app), options(&app, source.clone()), signal(stopped.clone())));
    }
    for listener in public {
        let options = options(&app, source.clone());
        doors.spawn(listen::run(listener, http::router(&app), options, signal(stopped.clone())));
    }
    if let Some(listener) = asking {
        let options = Options { certificates: Certificates::Asked, ..options(&app, source.clone()) };
        doors.spawn(listen::run(listener, http::for_certificates(&app), options, signal(stopped.clone())));
    }
    if let Some(listener) = redirecting {
        doors.spawn(listen::run(listener, http::redirects(&app), options(&app, None), signal(stopped.clone())));
    }
    if let Some(listener) = watching {
        let options = Options { max_connections: WATCHERS, drain: Duration::ZERO, ..options(&app, None) };
        watchers.spawn(listen::run(listener, scrape::router(&app), options, signal(stopped_watching)));
    }
    Ok(Running {
        app,
        address,
        mtls_address,
        metrics_address,
        redirect_address,
        tls,
        stop,
        stop_watching,
        sockets,
        doors,
        watchers,
        tasks,
        audit,
    })
}

/// What a node listens on, before it opens its data.
struct Doors {
    public: Vec<Listener>,
    twin: Option<Listener>,
    /// Where clients are asked for certificates.
    asking: Option<Listener>,
    /// Where plain HTTP is answered with the way to the issuer.
    redirecting: Option<Listener>,
    watching: Option<Listener>,
    /// The files of those that are Unix sockets of ours.
    sockets: Vec<PathBuf>,
}

impl Doors {
    async fn take(config: &Config, handed: Handed) -> Result<Self, StartError> {
        let listen = config.http.listen.clone();
        let failed = |why| StartError::Listen { listen: listen.clone(), why };
        let own = handed.is_own();
        let mut public = handed.into_listeners().map_err(failed)?;
        let mut sockets = Vec::new();
        if public.is_empty() {
            public.push(Listener::bind(&listen).await.map_err(failed)?);
            sockets.extend(path(&listen));
        }
        let address = public.iter().find_map(Listener::local_address).filter(|_| own && config.dev);
        let twin = loopback_twin(address).await?;
        let asking = bind(config.mtls.listen.as_ref()).await?;
        let redirecting = bind(config.http.redirect.as_ref()).await?;
        let watching = bind(config.metrics.listen.as_ref()).await?;
        sockets.extend(config.metrics.listen.as_ref().and_then(path));
        Ok(Self { public, twin, asking, redirecting, watching, sockets })
    }
}

async fn bind(listen: Option<&Listen>) -> Result<Option<Listener>, StartError> {
    let Some(listen) = listen else { return Ok(None) };
    let failed = |why| StartError::Listen { listen: listen.clone(), why };
    Listener::bind(listen).await.map(Some).map_err(failed)
}

/// What the public listener shows.
fn source(app: &Arc<App>, files: Option<&Arc<TlsReloader>>) -> Result<Option<Source>, StartError> {
    if let Some(files) = files {
        return Ok(Some(Source::Files(Arc::clone(files))));
    }
    if !app.config().acme.is_on() {
        return Ok(None);
    }
    let ordered = Ordered::new(app).map_err(|why| StartError::App(AppError::Invalid(why.to_string())))?;
    Ok(Some(Source::Ordered(Arc::new(ordered))))
}

fn path(listen: &Listen) -> Option<PathBuf> {
    match listen {
        Listen::Tcp(_) => None,
        Listen::Unix(path) => Some(path.clone()),
    }
}

/// In development `localhost` may mean either loopback address: take the same port on the other one too, so
/// that no stranger can answer there. A machine without IPv6 has no other one.
async fn loopback_twin(address: Option<SocketAddr>) -> Result<Option<Listener>, StartError> {
    let Some(SocketAddr::V4(address)) = address.filter(|address| address.ip().is_loopback()) else { return Ok(None) };
    let listen = Listen::Tcp(SocketAddr::from((Ipv6Addr::LOCALHOST, address.port())));
    match Listener::bind(&listen).await {
        Ok(twin) => Ok(Some(twin)),
        Err(why) if why.kind() == std::io::ErrorKind::AddrInUse => Err(StartError::Listen { listen, why }),
        Err(_) => Ok(None),
    }
}

impl Running {
    /// Stops accepting, lets open requests finish within the drain time, writes what is buffered. Health says so meanwhile.
    pub async fn shutdown(self) {
        let Self { app, stop, stop_watching, sockets, mut doors, mut watchers, mut tasks, audit, .. } = self;
        app.drain();
        // Without receivers all doors are closed already.
        let _ = stop.send(true);
        // Streams have no end of their own.
        app.feed.close();
        app.signals.close();
        while doors.join_next().await.is_some() {}
        let _ = stop_watching.send(true);
        while watchers.join_next().await.is_some() {}
        tasks.shutdown().await;
        for path in sockets {
            if let Err(error) = std::fs::remove_file(&path) {
                tracing::debug!(%error, path = %path.display(), "a socket was not removed");
            }
        }
        app.audit.flush().await;
        audit.abort();
        // Aborted means cancelled, not yet gone: whoever opens the data next must find it free.
        let _ = audit.await;
    }

    /// Puts `new` into force in place of `old`, as far as it can change while the node runs; says in the log what changed and what
    /// needs a restart. If anything is wrong with it, nothing changes.
    ///
    /// # Errors
    /// What is wrong: a check of the configuration, or certificate files that cannot be used.
    pub fn reload(&self, old: &Loaded, new: &Loaded) -> Result<(), ConfigError> {
        new.config.check()?;
        let refused = |what: String, fix: &str| ConfigError { problems: vec![Problem::new(what, fix)] };
        let before = self.app.config();
        let next = before.take_up(&new.config);
        // All that can fail comes before anything changes, and the certificate files last, which are taken up as they are read.
        let level = log::level(&next.log.level)
            .map_err(|why| refused(format!("log.level cannot be taken up: {why}"), "write info, debug or warn"))?;
        App::check_lifetimes(&next)
            .map_err(|error| refused(error.to_string(), "correct the values and reload again"))?;
        if let (Some(tls), Some(files)) = (&self.tls, &next.http.tls) {
            tls.take_up(files.clone())
                .map_err(|error| refused(error.to_string(), "correct the files or their paths"))?;
        }
        if next.log.level != before.log.level {
            log::set_level(level);
        }
        self.app.replace_config(next);
        let secret_changed = |path: &str| match path {
            "master_key" => old.config.master_key != new.config.master_key,
            "acme.external_account" => old.config.acme.external_account != new.config.acme.external_account,
            "store.url" => old.config.store.url != new.config.store.url,
            _ => false,
        };
        let tls_stays = before.http.tls.is_some() && new.config.http.tls.is_some();
        for change in changes(&old.effective, &new.effective, tls_stays, secret_changed) {
            let (setting, from, to) = (change.path, change.from, change.to);
            match change.when {
                When::Now => tracing::info!(setting, from, to, "a setting was taken up"),
                When::Restart => tracing::warn!(setting, from, to, "a changed setting counts only after a restart"),
            }
        }
        Ok(())
    }
}

/// SIGTERM, SIGINT and SIGHUP, caught from the moment this is made.
#[derive(Debug)]
pub struct Signals {
    terminate: unix::Signal,
    interrupt: unix::Signal,
    hang_up: unix::Signal,
    /// Gives the sign of life while these are heeded.
    watchdog: JoinSet<()>,
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Reload,
    Stop,
}

impl Signals {
    /// Catches them. Before [`start`], so that a signal never meets a server that answers but does not drain yet.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: unix::signal(unix::SignalKind::terminate())?,
            interrupt: unix::signal(unix::SignalKind::interrupt())?,
            hang_up: unix::signal(unix::SignalKind::hangup())?,
            watchdog: JoinSet::new(),
        })
    }

    async fn recv(&mut self) -> Wish {
        tokio::select! {
            _ = self.terminate.recv() => Wish::Stop,
            _ = self.interrupt.recv() => Wish::Stop,
            _ = self.hang_up.recv() => Wish::Reload,
        }
    }

    /// Returns when the process is told to stop.
    pub async fn stop(&mut self) {
        while self.recv().await != Wish::Stop {}
    }

    /// Requests are answered, as systemd is told; returns when the process is to stop. SIGHUP asks `reload` for what has changed.
    pub async fn heed<E: fmt::Display>(&mut self, mut reload: impl FnMut() -> Result<(), E>) {
        notify::ready();
        self.watchdog.spawn(notify::watchdog());
        while self.recv().await == Wish::Reload {
            notify::reloading();
            match reload() {
                Ok(()) => tracing::info!("the configuration was read again"),
                Err(error) => tracing::error!(%error, "the configuration was not taken up; the old one stays in force"),
            }
            notify::ready();
        }
    }

    /// Lets open requests finish; a second signal ends the process at once.
    pub async fn drain(mut self, shutdown: impl Future<Output = ()>) {
        notify::stopping();
        tracing::info!("stopping: open requests may finish");
        tokio::select! {
            () = shutdown => {}
            () = self.stop() => tracing::warn!("stopped at once"),
        }
    }
}

/// Runs a node until SIGTERM or SIGINT, then drains; a second signal ends the process at once. SIGHUP asks `read` for the
/// configuration as it stands now, and takes it up in place of `loaded`.
pub async fn serve(
    running: Running,
    mut signals: Signals,
    mut loaded: Loaded,
    read: impl Fn() -> Result<Loaded, ConfigError>,
) {
    signals
        .heed(|| {
            let new = read()?;
            running.reload(&loaded, &new)?;
            loaded = new;
            Ok::<(), ConfigError>(())
        })
        .await;
    signals.drain(running.shutdown()).await;
}

async fn signal(mut stopped: watch::Receiver<bool>) {
    // An error means the sender is gone: the node is being dropped.
    let _ = stopped.wait_for(|stop| *stop).await;
}

fn options(app: &Arc<App>, tls: Option<Source>) -> Options {
    let config = app.config();
    let http = &config.http;
    let named = Arc::clone(app);
    let trusted = Trusted::by(move |address| named.config().http.trusted_proxies.iter().any(|it| it.contains(address)));
    Options {
        tls,
        certificates: Certificates::NotAsked,
        max_connections: http.max_connections,
        max_head_bytes: http.max_header_bytes,
        head_timeout: Duration::from_secs(http.header_timeout_secs),
        write_timeout: Duration::from_secs(http.request_timeout_secs),
        trusted,
        drain: Duration::from_secs(http.drain_timeout_secs),
        turned_away: app.metrics.connections_turned_away.clone(),
    }
}
