//! A bounded load generator: a fixed number of connections, each with one request on its way at a time.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::http::response::Parts;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::Failure;
use crate::clock::Stopwatch;

/// What one connection sends: the next request, made from the last answer where it matters.
pub(crate) trait Script: Send + 'static {
    /// The request to send now.
    fn request(&mut self) -> Result<Request<Full<Bytes>>, Failure>;

    /// Whether an answer is a good one, by its head.
    fn is_good(&self, answer: &Parts) -> bool {
        answer.status == StatusCode::OK
    }

    /// The head of what came back, before its body; only a good answer gets here.
    fn arrived(&mut self, head: &Parts) -> Result<(), Failure> {
        let _ = head;
        Ok(())
    }

    /// What came back; only a good answer gets here.
    fn answered(&mut self, body: &[u8]) -> Result<(), Failure> {
        let _ = body;
        Ok(())
    }
}

/// What a run came to.
pub(crate) struct Outcome<S> {
    pub(crate) requests: u64,
    pub(crate) elapsed: Duration,
    /// The scripts as the run left them.
    pub(crate) scripts: Vec<S>,
    /// What each request took, in milliseconds.
    pub(crate) times: Vec<f64>,
}

impl<S> Outcome<S> {
    pub(crate) fn per_second(&self) -> f64 {
        count(self.requests) / self.elapsed.as_secs_f64()
    }
}

/// A count as a number to divide by.
#[expect(clippy::cast_precision_loss, reason = "no run sends 2^52 requests")]
pub(crate) fn count(requests: u64) -> f64 {
    requests as f64
}

/// Runs one connection per script for `duration`, all at once, on a runtime of its own.
///
/// # Errors
/// The first answer that is not good, with its body: a server that refuses is fast and means nothing.
pub(crate) fn run<S: Script>(address: SocketAddr, scripts: Vec<S>, duration: Duration) -> Result<Outcome<S>, Failure> {
    run_over(&[address], scripts, duration)
}

/// The same over several nodes: each script asks one after the other, request by request, as behind a load balancer that goes round.
///
/// # Errors
/// As [`run`].
pub(crate) fn run_over<S: Script>(
    nodes: &[SocketAddr],
    scripts: Vec<S>,
    duration: Duration,
) -> Result<Outcome<S>, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async move {
        let watch = Stopwatch::start();
        let mut connections = JoinSet::new();
        for (number, script) in scripts.into_iter().enumerate() {
            // They do not all begin at the same node.
            let mut nodes = nodes.to_vec();
            let first = number % nodes.len();
            nodes.rotate_left(first);
            connections.spawn(connection(source(number), nodes, script, watch, duration));
        }
        let mut outcome = Outcome { requests: 0, elapsed: Duration::ZERO, scripts: Vec::new(), times: Vec::new() };
        while let Some(ended) = connections.join_next().await {
            let (times, script) = ended??;
            outcome.requests += times.len() as u64;
            outcome.times.extend(times);
            outcome.scripts.push(script);
        }
        outcome.elapsed = watch.elapsed();
        Ok(outcome)
    })
}

/// An address of its own for each connection: what a server counts for an address is for different people not one row.
fn source(number: usize) -> SocketAddr {
    let [.., high, low] = u32::try_from(number + 1).unwrap_or(1).to_be_bytes();
    SocketAddr::from(([127, 1, high, low], 0))
}

/// Only Linux answers to all of 127.0.0.0/8; elsewhere every connection has the one address.
async fn connect(source: SocketAddr, node: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    match socket.bind(source) {
        Ok(()) => socket.connect(node).await,
        Err(_) => TcpStream::connect(node).await,
    }
}

async fn connection<S: Script>(
    source: SocketAddr,
    nodes: Vec<SocketAddr>,
    mut script: S,
    watch: Stopwatch,
    duration: Duration,
) -> Result<(Vec<f64>, S), Failure> {
    let (mut senders, mut drivers) = (Vec::new(), Vec::new());
    for node in nodes {
        let stream = connect(source, node).await?;
        stream.set_nodelay(true)?;
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await?;
        senders.push(sender);
        drivers.push(tokio::spawn(driver));
    }
    let mut times = Vec::new();
    // One at least: connecting alone may take longer than the shortest runs.
    while times.is_empty() || watch.elapsed() < duration {
        let turn = times.len() % senders.len();
        let sender = &mut senders[turn];
        sender.ready().await?;
        let request = script.request()?;
        let sent = Stopwatch::start();
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        times.push(sent.elapsed().as_secs_f64() * 1e3);
        if !script.is_good(&head) {
            return Err(format!("the server answered {}: {}", head.status, String::from_utf8_lossy(&body)).into());
        }
        script.arrived(&head)?;
        script.answered(&body)?;
    }
    drop(senders);
    for driver in drivers {
        driver.await??;
    }
    Ok((times, script))
}

/// A form post that stays the same.
#[derive(Clone)]
pub(crate) struct Form {
    pub(crate) uri: String,
    pub(crate) host: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Bytes,
}

impl Script for Form {
    fn request(&mut self) -> Result<Request<Full<Bytes>>, Failure> {
        let mut request = Request::post(self.uri.as_str())
            .header("host", self.host.as_str())
            .header("content-type", "application/x-www-form-urlencoded");
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization.as_str());
        }
        Ok(request.body(Full::new(self.body.clone()))?)
    }
}
