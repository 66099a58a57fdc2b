//! Cookies and tokens, measured side by side on the reader's machine: what checking a request costs, and how soon what was ended is refused.

mod elsewhere;
mod measure;
mod revoke;
mod svg;
mod valkey;
mod wire;
mod world;

use std::time::Duration;

use serde::Serialize;
use symbolon_guard::{Guard, Keys, Revocation, Sessions};
use symbolon_jose::{Algorithm, Jwk, JwkSet, SigningKey, jwt};
use symbolon_oauth::random_id;
use symbolon_server::rng::SystemRng;

pub(crate) use elsewhere::Elsewhere;
pub(crate) use measure::Cost;
pub(crate) use revoke::Ended;
pub(crate) use svg::{plot, time};
use wire::Wire;
use world::{API, TOKENS, World};

/// How much is measured.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Plan {
    /// How long each way of checking is measured.
    #[serde(serialize_with = "as_seconds")]
    pub(crate) length: Duration,
    /// Live sessions in the database.
    pub(crate) sessions: u64,
    /// Different tokens that are seen again and again.
    pub(crate) tokens: usize,
    /// Entries of the revocation log, each in the guard's memory.
    pub(crate) revocations: usize,
    /// How often each kind of revocation is measured.
    pub(crate) rounds: usize,
}

impl Plan {
    /// Figures to rely on.
    pub(crate) const FULL: Self =
        Self { length: Duration::from_secs(4), sessions: 10_000, tokens: 1_000, revocations: 100_000, rounds: 20 };
    /// A first impression.
    pub(crate) const QUICK: Self =
        Self { length: Duration::from_millis(300), sessions: 200, tokens: 100, revocations: 1_000, rounds: 3 };
}

/// What was measured, and how.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: String,
    /// `release` or `debug`: figures of the latter say nothing.
    pub(crate) build: &'static str,
    pub(crate) plan: Plan,
    /// What the guard held in memory, as it says itself.
    pub(crate) revocations_held: usize,
    pub(crate) requests: Vec<Checked>,
    pub(crate) revocation: Vec<Ended>,
}

/// A way of checking requests.
#[derive(Debug, Serialize)]
pub(crate) struct Checked {
    pub(crate) way: &'static str,
    #[serde(flatten)]
    pub(crate) cost: Cost,
    /// Of the header that carries it, in each request of a browser or app.
    pub(crate) request_bytes: usize,
    /// Between the API and the server, for each request; both ways.
    pub(crate) lookup_bytes: u64,
}

impl Checked {
    /// Whether it asks a database that is not in this process.
    pub(crate) fn is_elsewhere(&self) -> bool {
        [elsewhere::IN_POSTGRES, elsewhere::IN_VALKEY].contains(&self.way)
    }
}

/// Measures everything. `progress` is told what is next: its number, of how many, and what.
pub(crate) async fn run(
    plan: Plan,
    elsewhere: &Elsewhere,
    progress: &dyn Fn(usize, usize, &str),
) -> Result<Report, String> {
    let mut steps = Steps { done: 0, all: STEPS + elsewhere.count(), progress };
    steps.next("a server starts, and gets sessions and revocations");
    let world = World::start().await?;
    let measured = measure_all(&world, plan, elsewhere, &mut steps).await;
    world.stop().await;
    measured
}

async fn measure_all(
    world: &World,
    plan: Plan,
    elsewhere: &Elsewhere,
    steps: &mut Steps<'_>,
) -> Result<Report, String> {
    let values = world.add_sessions(&world.app.store, plan.sessions).await?;
    world.add_revocations(plan.revocations).await?;
    let mut bench = Bench { world, plan, wire: world.connect().await?, requests: Vec::new() };
    bench.sessions(steps, &values).await?;
    elsewhere.measure(&mut bench, steps, &values).await?;
    let token = world.sign_in(&mut bench.wire, TOKENS, API).await?;
    bench.first_seen(steps, &token).await?;
    let revocations_held = bench.seen_again(steps, &token).await?;
    bench.introspection(steps, &token).await?;
    let Bench { requests, .. } = bench;
    let revocation = revoke::all(world, plan.rounds, &mut |what| steps.next(what)).await?;
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    Ok(Report { machine: machine(), build, plan, revocations_held, requests, revocation })
}

/// How many steps there are on the server of its own.
const STEPS: usize = 17;

struct Steps<'p> {
    done: usize,
    all: usize,
    progress: &'p dyn Fn(usize, usize, &str),
}

impl Steps<'_> {
    fn next(&mut self, what: &str) {
        self.done += 1;
        (self.progress)(self.done, self.all, what);
    }
}

struct Bench<'w> {
    world: &'w World,
    plan: Plan,
    wire: Wire,
    requests: Vec<Checked>,
}

impl Bench<'_> {
    fn note(&mut self, way: &'static str, cost: Cost, header: &str, lookup_bytes: u64) {
        self.requests.push(Checked { way, cost, request_bytes: header.len(), lookup_bytes });
    }

    async fn sessions(&mut self, steps: &mut Steps<'_>, values: &[String]) -> Result<(), String> {
        let (world, length) = (self.world, self.plan.length);
        let header = cookie(pick(values, 0));

        let way = "session, looked up in SQLite";
        steps.next(way);
        let cost = measure::cost(length, async |number| {
            accepted(world.is_in_database(&*world.app.store, pick(values, number)).await?)
        });
        let cost = cost.await?;
        self.note(way, cost, &header, 0);

        let way = "session, asked at the server";
        steps.next(way);
        let wire = &mut self.wire;
        let before = wire.bytes();
        accepted(world.is_active(wire, "/session", "session", pick(values, 0)).await?)?;
        let bytes = wire.bytes() - before;
        let cost = measure::cost(length, async |number| {
            accepted(world.is_active(wire, "/session", "session", pick(values, number)).await?)
        });
        let cost = cost.await?;
        self.note(way, cost, &header, bytes);

        let way = "session, kept by the guard";
        steps.next(way);
        let guard = guard(world)?.sessions(Sessions::new(world.secret.as_str()).keep(Duration::from_mins(1)));
        ready(&guard).await?;
        let few = &values[..values.len().min(self.plan.tokens)];
        for value in few {
            guard.verify(value).await.map_err(|why| why.to_string())?;
        }
        // Measured for less than a minute, so nothing is asked again.
        let cost = measure::cost(length, async |number| verify(&guard, pick(few, number)).await).await?;
        self.note(way, cost, &header, 0);
        Ok(())
    }

    async fn first_seen(&mut self, steps: &mut Steps<'_>, like: &str) -> Result<(), String> {
        for (way, algorithm) in [
            ("token first seen, HS256", Algorithm::HS256),
            ("token first seen, RS256", Algorithm::RS256),
            ("token first seen, ES256", Algorithm::ES256),
            ("token first seen, EdDSA", Algorithm::EdDSA),
        ] {
            steps.next(way);
            let (keys, tokens) = own_tokens(like, algorithm)?;
            // Nothing is remembered, so that each is seen for the first time.
            let guard = guard(self.world)?.keys(keys).revocation(Revocation::Off).remember(0);
            let cost =
                measure::cost(self.plan.length, async |number| verify(&guard, pick(&tokens, number)).await).await?;
            self.note(way, cost, &bearer(&tokens[0]), 0);
        }
        Ok(())
    }

    async fn seen_again(&mut self, steps: &mut Steps<'_>, like: &str) -> Result<usize, String> {
        let way = "token seen again, revocation checked";
        steps.next(way);
        let tokens = self.world.tokens_like(like, self.plan.tokens)?;
        let guard = guard(self.world)?;
        ready(&guard).await?;
        for token in &tokens {
            verify(&guard, token).await?;
        }
        let cost = measure::cost(self.plan.length, async |number| verify(&guard, pick(&tokens, number)).await).await?;
        self.note(way, cost, &bearer(&tokens[0]), 0);
        Ok(guard.status().revocation.entries)
    }

    async fn introspection(&mut self, steps: &mut Steps<'_>, token: &str) -> Result<(), String> {
        let way = "token, introspected at each request";
        steps.next(way);
        let (world, wire) = (self.world, &mut self.wire);
        let before = wire.bytes();
        accepted(world.is_active(wire, "/oauth/introspect", "token", token).await?)?;
        let bytes = wire.bytes() - before;
        let cost = measure::cost(self.plan.length, async |_| {
            accepted(world.is_active(wire, "/oauth/introspect", "token", token).await?)
        });
        let cost = cost.await?;
        self.note(way, cost, &bearer(token), bytes);
        Ok(())
    }
}

/// A guard of the API in front of the real server.
fn guard(world: &World) -> Result<Guard, String> {
    Guard::new(world.issuer.as_str(), API).map_err(|why| why.to_string())
}

async fn ready(guard: &Guard) -> Result<(), String> {
    let there = guard.ready(Duration::from_secs(20)).await;
    if there { Ok(()) } else { Err("the guard did not get keys and revocations from the server".to_owned()) }
}

async fn verify(guard: &Guard, token: &str) -> Result<(), String> {
    guard.verify(token).await.map(drop).map_err(|why| why.to_string())
}

fn accepted(active: bool) -> Result<(), String> {
    if active { Ok(()) } else { Err("what is alive was refused".to_owned()) }
}

/// Another at each request, far from the last.
fn pick(all: &[String], number: usize) -> &str {
    all.get(number.wrapping_mul(7_919) % all.len().max(1)).map_or("", String::as_str)
}

fn cookie(value: &str) -> String {
    format!("Cookie: __Host-session={value}\r\n")
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

/// Tokens that say what the server's say, signed with a new key.
fn own_tokens(like: &str, algorithm: Algorithm) -> Result<(Keys, Vec<String>), String> {
    let failed = |why: symbolon_jose::Error| why.to_string();
    let (jwk, keys) = if algorithm.is_symmetric() {
        let mut secret = [0; 32];
        symbolon_oauth::Rng::fill(&mut SystemRng, &mut secret);
        let jwk = Jwk::oct(&secret, algorithm).map_err(failed)?;
        (jwk, Keys::shared_secret(&secret, algorithm).map_err(failed)?)
    } else {
        let jwk = Jwk::generate(algorithm).map_err(failed)?;
        let set = serde_json::json!({ "keys": [jwk.public_value().map_err(failed)?] });
        (jwk, Keys::fixed(JwkSet::from_value(&set).map_err(failed)?))
    };
    let key = SigningKey::from_jwk(&jwk, algorithm).map_err(failed)?;
    let mut claims = world::claims(like)?;
    let sign = |_| {
        claims["jti"] = random_id(&mut SystemRng).into();
        jwt::sign(&key, "at+jwt", &claims).map_err(failed)
    };
    Ok((keys, (0..64).map(sign).collect::<Result<_, _>>()?))
}

/// What the machine calls itself.
fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{}, {cores} cores", model.map_or("unknown processor", |(_, name)| name))
}

fn as_seconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}
