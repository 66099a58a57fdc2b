//! Starting and stopping a node: open the data, take the doors, run the background work, drain on the
//! signal.

use std::fmt;
use std::net::{Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::app::{App, AppError};
use crate::clock::Clock;
use crate::config::{Config, Listen};
use crate::listen::tls::{TlsError, TlsReloader};
use crate::listen::{self, Listener, Options};
use crate::{admin, dev, http, job};

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
    stop: watch::Sender<bool>,
    doors: JoinSet<()>,
    tasks: JoinSet<()>,
    audit: JoinHandle<()>,
}

/// Opens the data folder of `config`, takes its listening address and the control socket, and serves until
/// [`Running::shutdown`].
pub async fn start(config: Config, clock: Clock) -> Result<Running, StartError> {
    let listen = config.http.listen.clone();
    let tls = config.http.tls.clone().map(TlsReloader::load).transpose().map_err(StartError::Tls)?;
    // The door first: a taken port must be told before the data folder is touched.
    let listener = Listener::bind(&listen).await.map_err(|why| StartError::Listen { listen: listen.clone(), why })?;
    let address = listener.local_address();
    let twin = if config.dev { loopback_twin(address).await? } else { None };
    let (app, audit_writer) = App::open(config, clock).await.map_err(StartError::App)?;
    let audit = tokio::spawn(audit_writer.run());
    if app.config.dev {
        dev::seed(&app).await.map_err(StartError::App)?;
    }

    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    job::start(&app, &mut tasks);
    if let Some(tls) = &tls {
        tasks.spawn(Arc::clone(tls).watch());
    }
    let mut doors = JoinSet::new();
    if let Some(twin) = twin {
        doors.spawn(listen::run(twin, http::router(&app), options(&app, None), signal(stopped.clone())));
    }
    let options = options(&app, tls);
    doors.spawn(listen::run(listener, http::router(&app), options, signal(stopped.clone())));
    let socket = Listen::Unix(app.config.control_socket());
    let control = listen::bind_unix(&app.config.control_socket(), 0o600)
        .await
        .map_err(|why| StartError::Listen { listen: socket, why })?;
    doors.spawn(listen::run(control.into(), admin::control::router(&app), self::options(&app, None), signal(stopped)));
    Ok(Running { app, address, stop, doors, tasks, audit })
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
    /// Stops accepting, lets open requests finish within the drain time, writes what is buffered.
    pub async fn shutdown(self) {
        let Self { app, address: _, stop, mut doors, mut tasks, audit } = self;
        // Without receivers both doors are closed already.
        let _ = stop.send(true);
        // Streams have no end of their own.
        app.feed.close();
        app.signals.close();
        while doors.join_next().await.is_some() {}
        tasks.shutdown().await;
        let mut sockets = vec![app.config.control_socket()];
        if let Listen::Unix(path) = &app.config.http.listen {
            sockets.push(path.clone());
        }
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
}

/// SIGTERM and SIGINT, caught from the moment this is made.
#[derive(Debug)]
pub struct Signals {
    terminate: unix::Signal,
    interrupt: unix::Signal,
}

impl Signals {
    /// Catches them. Before [`start`], so that a signal never meets a server that answers but does not drain yet.
    pub fn listen() -> std::io::Result<Self> {
        let terminate = unix::signal(unix::SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: unix::signal(unix::SignalKind::interrupt())? })
    }

    async fn recv(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Runs a node until SIGTERM or SIGINT, then drains; a second signal ends the process at once.
pub async fn serve(running: Running, mut signals: Signals) {
    // Tells systemd; without one there is nobody to tell.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    signals.recv().await;
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    tracing::info!("stopping: open requests may finish");
    tokio::select! {
        () = running.shutdown() => {}
        () = signals.recv() => tracing::warn!("stopped at once"),
    }
}

async fn signal(mut stopped: watch::Receiver<bool>) {
    // An error means the sender is gone: the node is being dropped.
    let _ = stopped.wait_for(|stop| *stop).await;
}

fn options(app: &App, tls: Option<Arc<TlsReloader>>) -> Options {
    let http = &app.config.http;
    Options {
        tls,
        max_connections: http.max_connections,
        max_head_bytes: http.max_header_bytes,
        head_timeout: Duration::from_secs(http.header_timeout_secs),
        write_timeout: Duration::from_secs(http.request_timeout_secs),
        trusted_proxies: http.trusted_proxies.clone(),
        drain: Duration::from_secs(http.drain_timeout_secs),
    }
}
