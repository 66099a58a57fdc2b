//! A token seen again, with 10 million revoked ids: look-up, full comparison, expiry, revocation.
//!
//! The guard follows a feed over loopback that has one snapshot and then says nothing. Each token is first copied into a buffer, as
//! one that was just read from a request would be; what the copy alone takes is subtracted.

use std::convert::Infallible;
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::routing::get;
use hyper::body::Frame;
use serde_json::json;
use symbolon_guard::{Guard, Keys};
use symbolon_jose::{Algorithm, Jwk, JwkSet, SigningKey, jwt};
use symbolon_revocation::{SnapshotToSign, snapshot};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::{IDS, entry, ratio};
use crate::clock::Stopwatch;
use crate::figure::Figure;
use crate::{Failure, clock, cpu, measure};

const AUDIENCE: &str = "https://api.example.com";
/// What one token kept may take, the table's share included.
const BYTES_BUDGET: f64 = 1600.0;
/// So many, to see what one takes.
const BYTES_TOKENS: usize = 20_000;
/// A prime, so that the tokens come in an order that no prefetcher guesses.
const STRIDE: usize = 7919;
/// How often each of two threads asks.
const ASKS: u32 = 2_000_000;
/// Two threads are measured so often; the fastest time counts.
const ROUNDS: u32 = 5;

pub(super) fn run() -> Result<Vec<Figure>, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
    let issuer = Issuer::new(format!("http://{}", listener.local_addr()?))?;
    // First, while the heap has no room that was given back.
    let bytes = bytes(&issuer)?;
    issuer.serve(&runtime, listener)?;
    let guard = Guard::new(issuer.name.as_str(), AUDIENCE)?.max_staleness(Duration::from_hours(24)).remember(150_000);
    let watch = Stopwatch::start();
    if !runtime.block_on(guard.ready(Duration::from_mins(5))) {
        return Err(format!("the guard follows nothing: {:?}", guard.status().revocation).into());
    }
    let ready = watch.elapsed();
    if guard.status().revocation.entries as u64 != IDS {
        return Err("the guard does not know all that was revoked".into());
    }
    let mut figures = vec![
        Figure::at_most("revocation.guard.bytes", bytes, "bytes", BYTES_BUDGET),
        Figure::reported("revocation.guard.ready", ready.as_secs_f64(), "s"),
    ];
    let mut tokens = Vec::new();
    for (name, count, budget) in [("1k", 1_000, 120.0), ("10k", 10_000, 700.0), ("100k", 100_000, 1_200.0)] {
        let more: Vec<String> = (tokens.len()..count).map(|number| issuer.token(number)).collect::<Result<_, _>>()?;
        tokens.extend(more);
        tokens.iter().try_for_each(|token| verify(&guard, token))?;
        let before = guard.status().cache.misses;
        let time = one_thread(&guard, &tokens)?;
        figures.push(Figure::at_most(format!("revocation.guard.again.{name}"), time, "ns", budget));
        if count == 1_000 {
            let each = two_threads(&guard, &tokens)?;
            figures.push(Figure::reported("revocation.guard.again.1k.two_threads", each, "ns"));
            figures.push(Figure::reported("revocation.guard.again.1k.scaling", 2.0 * time / each, "×"));
        }
        let missed = guard.status().cache.misses - before;
        figures.push(Figure::at_most(format!("revocation.guard.missed.{name}"), ratio(missed, 1), "tokens", 0.0));
    }
    Ok(figures)
}

/// What each of many tokens takes in the memory of a guard.
fn bytes(issuer: &Issuer) -> Result<f64, Failure> {
    let tokens: Vec<String> = (0..BYTES_TOKENS).map(|number| issuer.token(number)).collect::<Result<_, _>>()?;
    let keys = Keys::fixed(issuer.jwk.public().into_iter().collect::<JwkSet>());
    let guard = Guard::new(issuer.name.as_str(), AUDIENCE)?.keys(keys).remember(BYTES_TOKENS);
    let before = cpu::memory(std::process::id())?.anonymous;
    tokens.iter().try_for_each(|token| verify(&guard, token))?;
    let taken = cpu::memory(std::process::id())?.anonymous - before;
    Ok(ratio(taken, guard.status().cache.entries as u64))
}

/// Nanoseconds for one token, on one thread.
fn one_thread(guard: &Guard, tokens: &[String]) -> Result<f64, Failure> {
    let (mut copies, mut again) = (Reader::new(tokens, 0), Reader::new(tokens, 0));
    let [copy, both] = measure::in_turns([
        &mut || {
            black_box(copies.next());
            Ok(())
        },
        &mut || verify(guard, again.next()),
    ])?;
    Ok((both - copy) * 1000.0)
}

/// Nanoseconds for one token on each of two threads that ask for the same ones.
fn two_threads(guard: &Guard, tokens: &[String]) -> Result<f64, Failure> {
    let timed = |ask: &(dyn Fn(&str) -> Result<(), Failure> + Sync)| {
        std::thread::scope(|scope| {
            let threads: Vec<_> = [0, tokens.len() / 2]
                .map(|start| {
                    scope.spawn(move || {
                        let (mut reader, watch, waited) =
                            (Reader::new(tokens, start), Stopwatch::start(), cpu::waited()?);
                        (0..ASKS).try_for_each(|_| ask(reader.next()))?;
                        // While others had the processor nothing was measured.
                        let waited = Duration::from_nanos(cpu::waited()? - waited);
                        let taken = watch.elapsed().saturating_sub(waited);
                        Ok::<f64, Failure>(taken.as_secs_f64() * 1e9 / f64::from(ASKS))
                    })
                })
                .into();
            threads.into_iter().try_fold(0.0_f64, |slowest, thread| {
                Ok::<f64, Failure>(slowest.max(thread.join().map_err(|_| "a thread has failed")??))
            })
        })
    };
    let mut best = [f64::INFINITY; 2];
    for _ in 0..ROUNDS {
        best[0] = best[0].min(timed(&|token| {
            black_box(token);
            Ok(())
        })?);
        best[1] = best[1].min(timed(&|token| verify(guard, token))?);
    }
    Ok(best[1] - best[0])
}

fn verify(guard: &Guard, token: &str) -> Result<(), Failure> {
    match pin!(guard.verify(token)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(verified) => Ok(verified.map(drop)?),
        Poll::Pending => Err("the guard waits".into()),
    }
}

/// Reads one token after the other into the same buffer.
struct Reader<'a> {
    tokens: &'a [String],
    at: usize,
    buffer: String,
}

impl<'a> Reader<'a> {
    fn new(tokens: &'a [String], start: usize) -> Self {
        Self { tokens, at: start, buffer: String::with_capacity(4096) }
    }

    fn next(&mut self) -> &str {
        self.at = (self.at + STRIDE) % self.tokens.len();
        self.buffer.clear();
        self.buffer.push_str(&self.tokens[self.at]);
        &self.buffer
    }
}

/// An issuer with a feed of one snapshot.
struct Issuer {
    name: String,
    jwk: Jwk,
    key: SigningKey,
    now: u64,
}

impl Issuer {
    fn new(name: String) -> Result<Self, Failure> {
        let jwk = Jwk::generate(Algorithm::RS256)?;
        let key = SigningKey::from_jwk(&jwk, Algorithm::RS256)?;
        Ok(Self { name, jwk, key, now: clock::unix_now() })
    }

    fn serve(&self, runtime: &Runtime, listener: TcpListener) -> Result<(), Failure> {
        let issuer = self.name.as_str();
        let head = SnapshotToSign { iss: issuer, iat: self.now, epoch: "bench", seq: IDS };
        let snapshot = Bytes::from(snapshot::encode(&self.key, &head, (0..IDS).map(entry))?);
        let (discovery, jwks) = (
            json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/jwks"),
                "symbolon_revocation_snapshot_endpoint": format!("{issuer}/snapshot"),
                "symbolon_revocation_stream_endpoint": format!("{issuer}/stream") })
            .to_string(),
            json!({ "keys": [self.jwk.public_value()?] }).to_string(),
        );
        // Dropped once the guard has it: 120 MB that are in nobody's figure.
        let snapshot = Arc::new(std::sync::Mutex::new(Some(snapshot)));
        let app = Router::new()
            .route("/.well-known/openid-configuration", get(async move || discovery.clone()))
            .route("/jwks", get(async move || jwks.clone()))
            .route("/snapshot", get(async move || take(&snapshot)))
            .route("/stream", get(async || Body::new(Silence)));
        runtime.spawn(async move { axum::serve(listener, app).await });
        Ok(())
    }

    /// An access token as `core.verify` has it, with ids of its own.
    fn token(&self, number: usize) -> Result<String, Failure> {
        let claims = json!({
            "iss": self.name, "sub": format!("usr_{number:016x}"), "aud": AUDIENCE, "exp": self.now + 86_400,
            "iat": self.now, "jti": format!("{number:032x}"), "client_id": "dragons-spa",
            "scope": "openid profile email read:dragons", "sid": format!("s{number:031x}"), "auth_time": self.now,
            "roles": ["admin"], "rh": format!("h{number:016x}"),
        });
        Ok(jwt::sign(&self.key, "at+jwt", &claims)?)
    }
}

fn take(snapshot: &std::sync::Mutex<Option<Bytes>>) -> Bytes {
    snapshot.lock().ok().and_then(|mut it| it.take()).unwrap_or_default()
}

/// A stream that goes on and says nothing.
struct Silence;

impl HttpBody for Silence {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}
