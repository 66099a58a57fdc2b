//! The door: accepts connections on TCP (plain or TLS) or a Unix socket, bounds what each may cost, and
//! drains when told to stop.
//!
//! What it refuses: more than the configured number of connections (they wait), more than its share of them from
//! one address (closed), request heads over their limit (431), heads that take too long, answers that nobody
//! takes, connections without requests (closed), floods of frames (closed), TLS below 1.2 (RFC 9325 §3.1.1).

pub mod certificate;
pub mod client_certificate;
mod frames;
pub mod handed;
pub mod ordered;
mod patience;
pub(crate) mod share;
pub mod tls;

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::header::CONNECTION;
use http::{HeaderValue, Request};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use prometheus_client::metrics::counter::Counter;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, UnixListener};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tower::Service as _;

use crate::admin::control;
use crate::config::Listen;
use crate::http::certificate::OfConnection;
use client_certificate::Shown;
use frames::Counted;
use handed::{Handed, Socket};
use ordered::ACME_TLS;
use patience::Patient;
use share::Shares;
use tls::{Certificates, Source};

/// A connection that was accepted before the stop may still bring a request within this time, and hears with the answer that it was
/// the last. Closed at once, it would lose what its client has just sent.
const LAST_REQUEST: Duration = Duration::from_secs(1);
/// What the connection takes beyond the largest head, so that one somewhat larger is answered in our words.
const HEAD_SLACK: usize = 16 * 1024;
/// A TLS handshake must be done within this time.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 100;
/// Of those, how many may have been reset before anybody has looked at them (CVE-2023-44487); with more the connection ends.
const MAX_RESETS: usize = 20;
/// How many streams we may have had to reset for their faults, before the connection ends (CVE-2025-8671).
const MAX_FAULTY: usize = 256;
/// How long a connection may be silent before the system asks whether the peer is there still.
pub const KEEPALIVE_IDLE: Duration = Duration::from_mins(1);
/// How long after such a question it asks again.
pub const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
/// How many of them may go without an answer before the connection is over.
pub const KEEPALIVE_PROBES: u32 = 4;
/// How long what was sent may be without a sign that it arrived, before the connection is over (RFC 5482 §2; Linux). The system does not ask while data is on its
/// way, and would send it again for a quarter of an hour.
pub const UNACKNOWLEDGED: Duration = Duration::from_mins(2);
/// How long to wait before accepting again when the system has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The address of the direct peer of a connection; absent on a Unix socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub Option<IpAddr>);

/// What keeps a connection: requests that come, and answers that go on by themselves. In the extensions of every request.
#[derive(Clone, Debug, Default)]
pub struct Activity(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    signs: AtomicU64,
    /// How long it may be quiet between two signs, milliseconds; at least the listener's own time.
    patience_ms: AtomicU64,
}

impl Activity {
    /// A sign of life: a request, or something more of an answer.
    pub fn sign(&self) {
        self.0.signs.fetch_add(1, Ordering::Relaxed);
    }

    /// An answer begins that gives a sign at least this often, for as long as its reader takes it.
    pub fn expect_signs_every(&self, time: Duration) {
        let time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.0.patience_ms.fetch_max(time, Ordering::Relaxed);
    }

    /// Returns once nothing has happened for `time`, or as long as an answer may be silent, or up to a quarter longer: looked at now and
    /// then, so that a sign costs no more than the counting.
    async fn end(&self, time: Duration) {
        const LOOKS: u32 = 4;
        let (mut seen, mut quiet) = (0, Duration::ZERO);
        while quiet < time.max(Duration::from_millis(self.0.patience_ms.load(Ordering::Relaxed))) {
            tokio::time::sleep(time / LOOKS).await;
            let count = self.0.signs.load(Ordering::Relaxed);
            quiet = if count == seen { quiet + time / LOOKS } else { Duration::ZERO };
            seen = count;
        }
    }
}

/// A bound listener that does not accept yet.
#[derive(Debug)]
pub struct Listener(Bound);

#[derive(Debug)]
enum Bound {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// Binds `listen`. A Unix socket left behind by a server that died is replaced; one that answers is not.
    pub async fn bind(listen: &Listen) -> io::Result<Self> {
        match listen {
            Listen::Tcp(address) => bind_tcp(*address).map(|tcp| Self(Bound::Tcp(tcp))),
            Listen::Unix(path) => bind_unix(path, 0o660).await.map(|unix| Self(Bound::Unix(unix))),
        }
    }

    /// The TCP address taken, with the real port; absent on a Unix socket.
    pub fn local_address(&self) -> Option<SocketAddr> {
        match &self.0 {
            Bound::Tcp(listener) => listener.local_addr().ok(),
            Bound::Unix(_) => None,
        }
    }
}

/// With room for a flood: who finds the queue full tries again after a second, which a page then takes longer.
fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    const BACKLOG: u32 = 4096;
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restarted server need not wait for the last one's connections to be forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

impl Handed {
    /// The listeners, none of them accepting yet.
    pub(crate) fn into_listeners(self) -> io::Result<Vec<Listener>> {
        let sockets = self.into_sockets().into_iter().map(|socket| match socket {
            Socket::Tcp(socket) => TcpListener::from_std(socket).map(Bound::Tcp),
            Socket::Unix(socket) => UnixListener::from_std(socket).map(Bound::Unix),
        });
        sockets.map(|bound| bound.map(Listener)).collect()
    }
}

impl From<UnixListener> for Listener {
    fn from(listener: UnixListener) -> Self {
        Self(Bound::Unix(listener))
    }
}

/// Binds a Unix socket at `path` with `mode`, replacing a stale one. It is made under another name, so that nobody
/// can connect before the mode holds.
pub async fn bind_unix(path: &Path, mode: u32) -> io::Result<UnixListener> {
    let taken = || io::Error::from(io::ErrorKind::AddrInUse);
    if let Ok(found) = std::fs::symlink_metadata(path) {
        let (_folder, address) = control::short(path)?;
        if !found.file_type().is_socket() || tokio::net::UnixStream::connect(&address).await.is_ok() {
            return Err(taken());
        }
    }
    let mut name = path.file_name().ok_or_else(taken)?.to_owned();
    name.push(format!(".{}", std::process::id()));
    let fresh = path.with_file_name(name);
    let (_folder, address) = control::short(&fresh)?;
    // Left behind by a process that had our number and died here.
    let _ = std::fs::remove_file(&fresh);
    let listener = UnixListener::bind(&address)?;
    std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(mode))?;
    std::fs::rename(&fresh, path)?;
    Ok(listener)
}

/// What a listener needs beside the router.
#[derive(Clone, Debug)]
pub struct Options {
    /// TLS, when this listener speaks it.
    pub tls: Option<Source>,
    /// Whether clients are asked for certificates there.
    pub certificates: Certificates,
    /// Connections served at once; further ones wait in the system's queue.
    pub max_connections: usize,
    /// Largest request head, in bytes: the router answers 431 beyond it, the connection itself somewhat later.
    pub max_head_bytes: usize,
    /// A request head must arrive within this time; also how long an idle connection is kept.
    pub head_timeout: Duration,
    /// How long a request may take, and how long its answer may stand still because the client does not read.
    pub write_timeout: Duration,
    /// The peers that may hold more connections than their share.
    pub trusted: Trusted,
    /// How long open requests may go on after the stop signal.
    pub drain: Duration,
    /// Counts connections closed because their address had its share.
    pub turned_away: Counter,
}

/// Serves `router` until `stop` resolves, then drains: no new connections, open requests finish within
/// [`Options::drain`], what is left is cut.
pub async fn run(listener: Listener, router: Router, options: Options, stop: impl Future<Output = ()>) {
    let permits = Arc::new(Semaphore::new(options.max_connections));
    let shares = Shares::of(options.max_connections);
    let (drain, draining) = watch::channel(false);
    let (deadline, options) = (options.drain, Arc::new(options));
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    loop {
        let permit = tokio::select! {
            () = &mut stop => break,
            permit = Arc::clone(&permits).acquire_owned() => permit.expect("the semaphore is never closed"),
        };
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener) => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            // The next one may be there already; whoever opens connections and resets them must not hold it up.
            Err(error) if is_of_the_connection(&error) => continue,
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let place = match peer.0.filter(|address| !options.trusts(*address)).map(|address| shares.take(address)) {
            // Closed without a word: it has a quarter of all connections already.
            Some(None) => {
                options.turned_away.inc();
                continue;
            }
            place => place.flatten(),
        };
        let connection =
            Connection { peer, router: router.clone(), draining: draining.clone(), options: Arc::clone(&options) };
        while connections.try_join_next().is_some() {}
        connections.spawn(async move {
            connection.serve(stream).await;
            drop(place);
            drop(permit);
        });
        // A flood would be taken up in one go, and whoever is connected already would wait behind all of it: first what is ready, then the next.
        tokio::task::yield_now().await;
    }
    drop(listener);
    // Without receivers every connection has ended already.
    let _ = drain.send(true);
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(deadline, ended).await.is_err() {
        tracing::warn!("stopped with requests still open after the drain time");
    }
    // Nothing of ours outlives the listener: what is left would keep the data folder in use.
    connections.shutdown().await;
}

/// Which peers are proxies of the operator's, asked anew for every connection: a reload may have named others.
#[derive(Clone)]
pub struct Trusted(Arc<dyn Fn(IpAddr) -> bool + Send + Sync>);

impl Trusted {
    /// Those for which `judge` says so.
    pub fn by(judge: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(judge))
    }
}

impl fmt::Debug for Trusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trusted(…)")
    }
}

impl Options {
    /// What remains to be done on a connection that brings no more requests takes at most this long.
    fn last_answer(&self) -> Duration {
        // The request itself, whose limit is the same, and a reader as slow as is borne.
        self.write_timeout * 2
    }

    fn trusts(&self, address: IpAddr) -> bool {
        (self.trusted.0)(address)
    }
}

enum Stream {
    Tcp(tokio::net::TcpStream),
    Unix(tokio::net::UnixStream),
}

async fn accept(listener: &Listener) -> io::Result<(Stream, Peer)> {
    match &listener.0 {
        Bound::Tcp(tcp) => {
            let (stream, address) = tcp.accept().await?;
            // Answers are small and whole: waiting to fill a packet only adds latency. Some systems refuse it for a peer that has gone
            // already, which is noticed soon enough.
            let _ = stream.set_nodelay(true);
            notice_the_end_of(&SockRef::from(&stream));
            Ok((Stream::Tcp(stream), Peer(Some(address.ip().to_canonical()))))
        }
        Bound::Unix(unix) => unix.accept().await.map(|(stream, _)| (Stream::Unix(stream), Peer(None))),
    }
}

/// A peer that is gone without a word (no power, no network) is noticed within two minutes, whether or not something is on its way to it: a connection that has
/// become a WebSocket would keep its place until its session ends. The system does the asking (RFC 9293 §3.8.4).
fn notice_the_end_of(peer: &SockRef<'_>) {
    let keepalive =
        TcpKeepalive::new().with_time(KEEPALIVE_IDLE).with_interval(KEEPALIVE_INTERVAL).with_retries(KEEPALIVE_PROBES);
    let _ = peer.set_tcp_keepalive(&keepalive);
    #[cfg(target_os = "linux")]
    let _ = peer.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
}

/// Whether `accept` failed for what happened to one connection while it waited (accept(2)), not for what this process lacks.
fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind as E;
    matches!(
        error.kind(),
        E::ConnectionAborted
            | E::ConnectionRefused
            | E::ConnectionReset
            | E::HostUnreachable
            | E::Interrupted
            | E::NetworkDown
            | E::NetworkUnreachable
    )
}

/// One accepted connection and what it needs.
struct Connection {
    peer: Peer,
    router: Router,
    draining: watch::Receiver<bool>,
    options: Arc<Options>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Http1,
    Http2,
}

impl Connection {
    async fn serve(self, stream: Stream) {
        let limit = self.options.write_timeout;
        match (stream, self.options.tls.clone()) {
            (Stream::Unix(stream), _) => self.speak(Patient::new(stream, limit), Protocol::Http1, None).await,
            (Stream::Tcp(stream), None) => self.speak(Patient::new(stream, limit), Protocol::Http1, None).await,
            (Stream::Tcp(stream), Some(tls)) => {
                let handshake = tls.acceptor(self.options.certificates).accept(Patient::new(stream, limit));
                let Ok(Ok(mut stream)) = tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake).await else {
                    return;
                };
                // RFC 8737 §3: the handshake has proven it, and nothing is spoken after it.
                if stream.get_ref().1.alpn_protocol() == Some(ACME_TLS) {
                    return drop(stream.shutdown().await);
                }
                let shown = stream.get_ref().1.peer_certificates().unwrap_or_default();
                let shown = Shown::of(shown.iter().map(AsRef::as_ref)).map(|shown| OfConnection(Arc::new(shown)));
                match stream.get_ref().1.alpn_protocol() {
                    Some(b"h2") => self.speak(Counted::new(stream), Protocol::Http2, shown).await,
                    _ => self.speak(stream, Protocol::Http1, shown).await,
                }
            }
        }
    }

    /// The protocol is settled before the first byte (plain: HTTP/1.1; TLS: ALPN), so that the time-out for
    /// the head runs from the start and a silent connection cannot stay.
    async fn speak<S>(self, stream: S, protocol: Protocol, shown: Option<OfConnection>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { peer, router, mut draining, options } = self;
        let builder = builder(protocol, &options);
        let activity = Activity::default();
        let shared = activity.clone();
        let last = draining.clone();
        let service = hyper::service::service_fn(move |mut request: Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(peer);
            if let Some(shown) = &shown {
                request.extensions_mut().insert(shown.clone());
            }
            shared.sign();
            request.extensions_mut().insert(shared.clone());
            let (answer, last) = (router.clone().call(request.map(Body::new)), last.clone());
            async move {
                let mut answer = answer.await?;
                // RFC 9112 §9.6: the client knows not to send another one here. HTTP/2 has GOAWAY for it.
                if protocol == Protocol::Http1 && *last.borrow() {
                    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(answer)
            }
        });
        // A connection that is handed over to another protocol ends here.
        let mut connection = pin!(builder.serve_connection_with_upgrades(TokioIo::new(stream), service));
        // HTTP/2 answers pings for ever, and its windows can keep an answer open for ever: what counts is whether
        // requests come, or events are taken.
        let stopping = async {
            activity.end(options.head_timeout).await;
            if peer.0.is_none() {
                // A Unix socket: the operator's commands take the time they need.
                std::future::pending::<()>().await;
            }
        };
        let ended = tokio::select! {
            ended = connection.as_mut() => Some(ended),
            () = stopping => None,
            () = drained(&mut draining, protocol, options.drain) => None,
        };
        let ended = if let Some(ended) = ended {
            ended
        } else {
            connection.as_mut().graceful_shutdown();
            // Open requests go on; the time-out of the request and the patience with its reader bound them.
            let Ok(ended) = tokio::time::timeout(options.last_answer(), connection).await else { return };
            ended
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "connection ended early");
        }
    }
}

/// Returns when an idle connection is to be closed.
async fn drained(draining: &mut watch::Receiver<bool>, protocol: Protocol, drain: Duration) {
    // An error means that the listener is gone, and everything with it.
    let _ = draining.wait_for(|drain| *drain).await;
    if protocol == Protocol::Http1 {
        tokio::time::sleep(LAST_REQUEST.min(drain / 4)).await;
    }
}

fn builder(protocol: Protocol, options: &Options) -> auto::Builder<TokioExecutor> {
    let mut builder = match protocol {
        Protocol::Http1 => auto::Builder::new(TokioExecutor::new()).http1_only(),
        Protocol::Http2 => auto::Builder::new(TokioExecutor::new()).http2_only(),
    };
    let most = options.max_head_bytes.saturating_add(HEAD_SLACK);
    builder.http1().timer(TokioTimer::new()).header_read_timeout(options.head_timeout).max_buf_size(most);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_pending_accept_reset_streams(MAX_RESETS)
        .max_local_error_reset_streams(MAX_FAULTY)
        .max_header_list_size(u32::try_from(most).unwrap_or(u32::MAX))
        .keep_alive_interval(options.head_timeout)
        .keep_alive_timeout(options.head_timeout);
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: Duration = Duration::from_secs(8);

    #[test]
    fn a_connection_that_died_in_the_queue_holds_up_nobody_and_a_lack_of_descriptors_does() {
        use rustix::io::Errno;
        for errno in [Errno::CONNABORTED, Errno::CONNRESET, Errno::HOSTUNREACH, Errno::INTR, Errno::NETDOWN] {
            assert!(is_of_the_connection(&errno.into()), "{errno}");
        }
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM] {
            assert!(!is_of_the_connection(&errno.into()), "{errno}");
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_peer_that_is_gone_is_noticed_within_two_minutes_idle_or_not() {
        let listener = Listener::bind(&Listen::Tcp(SocketAddr::from(([127, 0, 0, 1], 0)))).await.unwrap();
        let peer = tokio::net::TcpStream::connect(listener.local_address().unwrap());
        let (accepted, _peer) = tokio::join!(accept(&listener), peer);
        let (Stream::Tcp(stream), _) = accepted.unwrap() else { panic!("not TCP") };
        let socket = SockRef::from(&stream);
        let probing = socket.tcp_keepalive_interval().unwrap() * socket.tcp_keepalive_retries().unwrap();
        let idle = socket.tcp_keepalive_time().unwrap() + probing;
        let limit = Duration::from_mins(2);
        assert_eq!((socket.keepalive().unwrap(), idle), (true, limit));
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(limit), "while data is on its way");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_requests_is_idle_after_its_time() {
        let activity = Activity::default();
        assert!(tokio::time::timeout(TIME * 99 / 100, activity.end(TIME)).await.is_err());
        assert!(tokio::time::timeout(TIME * 101 / 100, activity.end(TIME)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn every_sign_of_life_begins_the_time_anew() {
        for (patience, every) in [(Duration::ZERO, TIME * 9 / 10), (TIME * 5, TIME * 4)] {
            let activity = Activity::default();
            activity.expect_signs_every(patience);
            let living = async {
                for _ in 0..10 {
                    tokio::time::sleep(every).await;
                    activity.sign();
                }
                std::future::pending::<()>().await;
            };
            let ended = async {
                tokio::select! {
                    () = activity.end(TIME) => {}
                    () = living => {}
                }
            };
            let mut ended = pin!(ended);
            assert!(tokio::time::timeout(every * 10, &mut ended).await.is_err(), "it is not idle while signs come");
            assert!(
                tokio::time::timeout(TIME.max(patience) * 5 / 4, ended).await.is_ok(),
                "it is, soon after the last"
            );
        }
    }
}
