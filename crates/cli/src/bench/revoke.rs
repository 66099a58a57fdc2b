//! Time to revoke: from the moment somebody asks the server to end a session or token (RFC 7009, over HTTP) to the first refusal by
//! whoever checks requests. Checking begins when the answer is there, and then goes on without a pause; all that is waited for is waited for in full.

use std::time::Duration;

use serde::Serialize;
use symbolon_guard::{Guard, Revocation, Sessions};
use symbolon_server::clock::Stopwatch;

use super::measure::{nanoseconds, percentile};
use super::wire::Wire;
use super::world::{API, BRIEF_API, BRIEF_SECS, SESSIONS, TOKENS, World};
use super::{guard, ready};

/// For how long a guard that follows no feed keeps what it was told, here: the usual half minute is too long to wait for.
const KEPT_SECS: u64 = 2;
/// Whatever takes longer does not work.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long it took for something ended to be refused.
#[derive(Debug, Serialize)]
pub(crate) struct Ended {
    pub(crate) way: String,
    pub(crate) median_ns: u64,
    pub(crate) worst_ns: u64,
    pub(crate) rounds: usize,
}

/// Who is asked whether it counts.
enum Checker {
    Database,
    SessionEndpoint,
    Introspection,
    Guard(Guard),
}

/// One way of having something ended.
struct Way {
    name: String,
    client: &'static str,
    audience: &'static str,
    checker: Checker,
    rounds: usize,
}

/// Measures each way; `next` is told which.
pub(crate) async fn all(world: &World, rounds: usize, next: &mut dyn FnMut(&str)) -> Result<Vec<Ended>, String> {
    let mut ended = Vec::new();
    for way in ways(world, rounds)? {
        next(&format!("time to revoke: {}", way.name));
        ended.push(measure(world, way).await?);
    }
    Ok(ended)
}

fn ways(world: &World, rounds: usize) -> Result<Vec<Way>, String> {
    let sessions = |keep| Sessions::new(world.secret.as_str()).keep(Duration::from_secs(keep));
    let brief = Guard::new(world.issuer.as_str(), BRIEF_API).map_err(|why| why.to_string())?;
    let session = |name: &str, checker, rounds| {
        let name = format!("session, {name}");
        Way { name, client: SESSIONS, audience: API, checker, rounds }
    };
    let token = |name: &str, audience, checker, rounds| {
        let name = format!("token, {name}");
        Way { name, client: TOKENS, audience, checker, rounds }
    };
    let alone = guard(world)?.revocation(Revocation::Off).sessions(sessions(KEPT_SECS));
    let blind = brief.revocation(Revocation::Off).leeway(Duration::ZERO);
    // What has to be waited out is measured once or twice only.
    let few = rounds.div_ceil(10);
    Ok(vec![
        session("looked up in SQLite", Checker::Database, rounds),
        session("asked at the server", Checker::SessionEndpoint, rounds),
        session("kept, the guard follows the feed", Checker::Guard(guard(world)?.sessions(sessions(60))), rounds),
        session(&format!("kept for {KEPT_SECS} s, no feed"), Checker::Guard(alone), few),
        token("introspected at each request", API, Checker::Introspection, rounds),
        token("seen again, the guard follows the feed", API, Checker::Guard(guard(world)?), rounds),
        token(&format!("good for {BRIEF_SECS} s, no feed"), BRIEF_API, Checker::Guard(blind), few),
    ])
}

async fn measure(world: &World, way: Way) -> Result<Ended, String> {
    // One connection for whoever ends it, another for whoever checks.
    let (mut ender, mut asker) = (world.connect().await?, world.connect().await?);
    if let Checker::Guard(guard) = &way.checker {
        ready(guard).await?;
    }
    let mut times = Vec::new();
    for _ in 0..way.rounds {
        let subject = world.sign_in(&mut ender, way.client, way.audience).await?;
        if !way.checker.accepts(world, &mut asker, &subject).await? {
            return Err(format!("{}: what was just issued is refused", way.name));
        }
        let watch = Stopwatch::start();
        world.revoke(&mut ender, way.client, &subject).await?;
        while way.checker.accepts(world, &mut asker, &subject).await? {
            if watch.elapsed() > PATIENCE {
                return Err(format!("{}: what was ended is accepted still", way.name));
            }
            tokio::task::yield_now().await;
        }
        times.push(nanoseconds(watch.elapsed()));
    }
    times.sort_unstable();
    Ok(Ended {
        way: way.name,
        median_ns: percentile(&times, 50),
        worst_ns: times.last().copied().unwrap_or(0),
        rounds: times.len(),
    })
}

impl Checker {
    async fn accepts(&self, world: &World, wire: &mut Wire, subject: &str) -> Result<bool, String> {
        match self {
            Self::Database => world.is_in_database(&*world.app.store, subject).await,
            Self::SessionEndpoint => world.is_active(wire, "/session", "session", subject).await,
            Self::Introspection => world.is_active(wire, "/oauth/introspect", "token", subject).await,
            Self::Guard(guard) => match guard.verify(subject).await {
                Ok(_) => Ok(true),
                Err(refused) if refused.status() == hyper::StatusCode::UNAUTHORIZED => Ok(false),
                Err(failed) => Err(failed.to_string()),
            },
        }
    }
}
