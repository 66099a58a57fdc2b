//! Row 7: 64 people sign in at once, again and again, at 46 MiB a hash. Memory stays within what the hashing pool may take, those for whom
//! there is no room are told so within a second, and what needs no hash is not slowed down.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::clock::Stopwatch;
use crate::driver::{self, AUDIENCE, CLIENTS, PASSWORD, email, sign_in};
use crate::options::Options;
use crate::probe::{BUSY, Probe, Probed, Times, milliseconds};
use crate::report::Report;
use crate::server::World;
use crate::wire::{Connection, basic, form};
use crate::{Failure, process};

const AT_ONCE: usize = 64;
const HASHES: u64 = 2;
const HASH_BYTES: u64 = 46 << 20;
/// What else a server may take beside its hashes.
const REST_BYTES: u64 = 100 << 20;
const P99: Duration = Duration::from_millis(50);
const REFUSED_WITHIN: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Seen {
    signed_in: AtomicU64,
    refused: AtomicU64,
    slowest_refusal: Mutex<Duration>,
    wrong: Mutex<Vec<String>>,
}

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    let mut world = World::new(options)?;
    world.set("SYMBOLON_PASSWORD__MEMORY", "46MiB");
    world.set("SYMBOLON_PASSWORD__WORKERS", &HASHES.to_string());
    // So small that there is an excess.
    world.set("SYMBOLON_PASSWORD__QUEUE", "8");
    world.start()?;
    let machine = driver::populate(&world)?;
    let secret = world.run(&["api", "secret", "rotate", AUDIENCE, "--overlap", "1h"], "")?;
    let secret = secret["secret"].as_str().or(secret["api_secret"].as_str()).ok_or("the API has no secret")?;
    let token = machine.token(&mut world.connect()).await.map_err(|_| "no token")?.member("access_token")?;
    let requests = vec![
        Probed::get("/.well-known/jwks.json"),
        Probed::post("/oauth/introspect", &basic(AUDIENCE, secret), form(&[("token", &token)])),
    ];

    let (seen, watch) = (Arc::new(Seen::default()), Stopwatch::start());
    let time = Duration::from_secs(options.pick(20, 4));
    let flood: Vec<_> = (0..AT_ONCE)
        .map(|number| {
            tokio::spawn(again_and_again(world.connect(), email(number % CLIENTS), watch, time, Arc::clone(&seen)))
        })
        .collect();
    let probe = Probe::start(world.connect(), 100, requests);
    let mut most = 0;
    while watch.elapsed() < time {
        most = most.max(process::memory(world.pid()?)?);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let times = probe.end()?;
    for client in flood {
        client.await?;
    }
    judge(&seen, most, &times, options)
}

fn judge(seen: &Seen, most: u64, times: &Times, options: &Options) -> Result<Report, Failure> {
    let mut report = Report { acknowledged: seen.signed_in.load(Ordering::Relaxed), ..Report::default() };
    let refused = seen.refused.load(Ordering::Relaxed);
    let slowest = *seen.slowest_refusal.lock().map_err(|_| "poisoned")?;
    for words in seen.wrong.lock().map_err(|_| "poisoned")?.iter() {
        report.demand(false, format!("a sign-in was answered with {words}"));
    }
    report.demand(report.acknowledged > 0, "nobody could sign in");
    report.demand(refused > 0, "nobody was refused: there was no excess");
    let (refused_within, p99) = options.pick((REFUSED_WITHIN, P99), (BUSY * 3, BUSY));
    report.demand(slowest <= refused_within, format!("a refusal took {slowest:?}"));
    report.demand(most <= HASHES * HASH_BYTES + REST_BYTES, format!("{} in memory", process::mebibytes(most)));
    report.demand(times.failed == 0, format!("{} ordinary requests failed", times.failed));
    report.demand(times.p99() <= p99, format!("p99 of key set and introspection is {:?}", times.p99()));
    report.tell(format!(
        "refused {refused} within {}, memory {}, key set and introspection p99 {}",
        milliseconds(slowest),
        process::mebibytes(most),
        milliseconds(times.p99())
    ));
    Ok(report)
}

async fn again_and_again(mut connection: Connection, email: String, watch: Stopwatch, time: Duration, seen: Arc<Seen>) {
    while watch.elapsed() < time {
        let asked = Stopwatch::start();
        let answer = sign_in(&mut connection, &email, PASSWORD).await;
        match answer {
            Ok(answer) if answer.status == 200 => {
                seen.signed_in.fetch_add(1, Ordering::Relaxed);
            }
            Ok(answer) if [429, 503].contains(&answer.status) && !answer.header("retry-after").is_empty() => {
                seen.refused.fetch_add(1, Ordering::Relaxed);
                if let Ok(mut slowest) = seen.slowest_refusal.lock() {
                    *slowest = asked.elapsed().max(*slowest);
                }
                // Politer than it was asked to be would be no flood.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            other => {
                if let Ok(mut wrong) = seen.wrong.lock() {
                    wrong.push(other.map_or("nothing".to_owned(), |answer| answer.words()));
                }
            }
        }
    }
}
