//! A bounded load generator: a fixed number of connections, each with one request on its way at a time.

use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::Failure;
use crate::clock::Stopwatch;

/// What one connection sends: the next request, made from the last answer where it matters.
pub(crate) trait Script: Send + 'static {
    /// The request to send now.
    fn request(&mut self) -> Result<Request<Full<Bytes>>, Failure>;

    /// What came back; only 200 gets here.
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
/// The first answer that is not 200, with its body: a server that refuses is fast and means nothing.
pub(crate) fn run<S: Script>(address: SocketAddr, scripts: Vec<S>, duration: Duration) -> Result<Outcome<S>, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async move {
        let watch = Stopwatch::start();
        let mut connections = JoinSet::new();
        for script in scripts {
            connections.spawn(connection(address, script, watch, duration));
        }
        let mut outcome = Outcome { requests: 0, elapsed: Duration::ZERO, scripts: Vec::new() };
        while let Some(ended) = connections.join_next().await {
            let (requests, script) = ended??;
            outcome.requests += requests;
            outcome.scripts.push(script);
        }
        outcome.elapsed = watch.elapsed();
        Ok(outcome)
    })
}

async fn connection<S: Script>(
    address: SocketAddr,
    mut script: S,
    watch: Stopwatch,
    duration: Duration,
) -> Result<(u64, S), Failure> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, driver) = http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(driver);
    let mut requests = 0;
    // One at least: connecting alone may take longer than the shortest runs.
    while requests == 0 || watch.elapsed() < duration {
        sender.ready().await?;
        let answer = sender.send_request(script.request()?).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        if status != StatusCode::OK {
            return Err(format!("the server answered {status}: {}", String::from_utf8_lossy(&body)).into());
        }
        script.answered(&body)?;
        requests += 1;
    }
    drop(sender);
    driver.await??;
    Ok((requests, script))
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
