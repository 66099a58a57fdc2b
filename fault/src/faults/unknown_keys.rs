//! Row 17: 200 tokens of keys that nobody knows come to an API at once, and the key set answers only after 20 s. The API asks for the set
//! a bounded number of times, refuses within 5 s, and tokens of known keys are judged as fast as ever.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use symbolon_guard::Guard;
use symbolon_jose::{Algorithm, Jwk, SigningKey, jwt};
use tokio::task::JoinSet;

use crate::clock::{Stopwatch, unix_now};
use crate::driver::{self, AUDIENCE};
use crate::options::Options;
use crate::probe::{BUSY, Probe, Probed, milliseconds, twice};
use crate::proxy::Proxy;
use crate::report::Report;
use crate::server::World;
use crate::wire::{Connection, Place};
use crate::{Failure, faults};

const UNKNOWN: usize = 200;
const CONNECTIONS: usize = 8;
/// The published limit: five at once, one more every ten seconds.
const FETCHES: u64 = 10;
/// The guard gives up a fetch after this long; what waits for it is answered then.
const ANSWER: Duration = Duration::from_millis(5_500);

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    let mut world = World::new(options)?;
    let proxy = Proxy::to(world.address()).await?;
    let issuer = format!("http://127.0.0.1:{}", proxy.address.port());
    world.set("SYMBOLON_ISSUER", &issuer);
    world.start()?;
    let machine = driver::populate(&world)?;
    let known = machine.token(&mut world.connect()).await.map_err(|_| "no token")?.member("access_token")?;
    let mut work = JoinSet::new();
    let api = faults::rotate_keys::serve(Guard::new(issuer.as_str(), AUDIENCE)?, &mut work).await?;
    let bearer = format!("Bearer {known}");
    let ordinary = || {
        let connection = Connection::new(Place::Tcp(api), api.to_string());
        Probe::start(connection, 50, vec![Probed::get("/api/restricted").with(&bearer)])
    };
    let quiet = ordinary();
    tokio::time::sleep(Duration::from_secs(options.pick(10, 1))).await;
    let quiet = quiet.end()?;

    let before = proxy.key_sets();
    let probe = ordinary();
    let (mut report, mut slowest) = (Report::default(), Duration::ZERO);
    // A fetch that is given up takes 5 s. Briefly, the limit is only reached by fetches that are answered, if slowly.
    let (forever, moment) = (Duration::from_secs(20), Duration::from_millis(200));
    for (hold_back, share) in
        options.pick(vec![(forever, UNKNOWN)], vec![(forever, CONNECTIONS), (moment, UNKNOWN - CONNECTIONS)])
    {
        proxy.hold_back(hold_back);
        slowest = slowest.max(present_all(api, &issuer, share, &mut report).await?);
    }
    let (times, fetches) = (probe.end()?, proxy.key_sets() - before);
    report.acknowledged += times.count() - times.failed;
    report
        .demand(quiet.failed + times.failed == 0, format!("{} known tokens were refused", quiet.failed + times.failed));
    let bound = options.pick(twice(quiet.p99()), BUSY);
    report.demand(times.p99() <= bound, format!("p99 {:?} of known tokens", times.p99()));
    report.demand(slowest <= options.pick(ANSWER, ANSWER + BUSY * 2), format!("an answer took {slowest:?}"));
    report.demand(fetches <= FETCHES, format!("the key set was fetched {fetches} times"));
    report.tell(format!(
        "{UNKNOWN} unknown keys, {fetches} fetches, slowest answer {}, known p99 {} (quiet {})",
        milliseconds(slowest),
        milliseconds(times.p99()),
        milliseconds(quiet.p99())
    ));
    work.shutdown().await;
    Ok(report)
}

/// So many tokens of unknown keys over all connections at once; the slowest answer.
async fn present_all(api: SocketAddr, issuer: &str, count: usize, report: &mut Report) -> Result<Duration, Failure> {
    let (mut strangers, mut slowest) = (JoinSet::new(), Duration::ZERO);
    let tokens: Vec<String> = (0..count).map(|_| stranger(issuer)).collect::<Result<_, _>>()?;
    for share in tokens.chunks(count / CONNECTIONS) {
        strangers.spawn(present(Connection::new(Place::Tcp(api), api.to_string()), share.to_vec()));
    }
    while let Some(ended) = strangers.join_next().await {
        let (refused, time, wrong) = ended?;
        report.acknowledged += refused;
        slowest = slowest.max(time);
        for words in wrong {
            report.demand(false, format!("a token of an unknown key was answered with {words}"));
        }
    }
    Ok(slowest)
}

/// A token as the issuer makes them, of a key that is not its own.
fn stranger(issuer: &str) -> Result<String, Failure> {
    let key = SigningKey::from_jwk(&Jwk::generate(Algorithm::ES256)?, Algorithm::ES256)?;
    let now = unix_now();
    let claims = json!({
        "iss": issuer, "sub": "stranger", "aud": AUDIENCE, "exp": now + 600, "iat": now, "jti": format!("{now}"),
        "client_id": "stranger", "scope": "read",
    });
    Ok(jwt::sign(&key, "at+jwt", &claims)?)
}

/// Presents one token after the other; how many were refused, the slowest time, and what was answered otherwise.
async fn present(mut connection: Connection, tokens: Vec<String>) -> (u64, Duration, Vec<String>) {
    let (mut refused, mut slowest, mut wrong) = (0, Duration::ZERO, Vec::new());
    for token in tokens {
        let (bearer, watch) = (format!("Bearer {token}"), Stopwatch::start());
        let headers = [("authorization", bearer.as_str())];
        let answer = connection.ask(hyper::Method::GET, "/api/restricted", &headers, String::new()).await;
        slowest = slowest.max(watch.elapsed());
        match answer {
            Ok(answer) if answer.status == 401 => refused += 1,
            other => wrong.push(other.map_or("nothing".to_owned(), |answer| answer.words())),
        }
    }
    (refused, slowest, wrong)
}
