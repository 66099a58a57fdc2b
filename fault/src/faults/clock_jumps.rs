//! Row 5: the wall clock jumps while the server works: an hour either way, ten years either way, back and forth every second. Every request
//! is answered, nothing used or revoked works again, and once the clock is right again everything valid is accepted and nobody waits longer
//! than the longest delay.
//!
//! Means: libfaketime moves the wall clock of the server alone; its monotonic clock stays. Each jump lasts longer than the longest pause
//! between two rounds of background work (with `--quick` it does not).

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::clock::Stopwatch;
use crate::driver::{self, CLIENTS, Machine, PASSWORD, email, refresh, revoke, sign_in};
use crate::options::Options;
use crate::report::Report;
use crate::server::World;
use crate::wire::{Answer, Connection, Unanswered};
use crate::{Failure, rng};

/// Name and offset in seconds.
const JUMPS: &[(&str, &str)] =
    &[("+1 h", "+3600"), ("-1 h", "-3600"), ("+10 years", "+315360000"), ("-10 years", "-315360000")];

/// What a verifier forgives, and more than the longest delay that this program sets.
const LEEWAY: Duration = Duration::from_secs(10);

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    let mut world = World::new(options)?;
    let hand = world.folder().join("offset");
    turn(&hand, "+0")?;
    world.set("LD_PRELOAD", &library()?.display().to_string());
    world.set("FAKETIME_TIMESTAMP_FILE", &hand.display().to_string());
    for name in ["FAKETIME_NO_CACHE", "FAKETIME_DONT_FAKE_MONOTONIC", "DONT_FAKE_MONOTONIC"] {
        world.set(name, "1");
    }
    // Somebody who mistypes during a jump must not wait until the jump has passed.
    world.set("SYMBOLON_THROTTLE__PAIR__FREE", "3");
    world.set("SYMBOLON_THROTTLE__MAX_DELAY", "1s");
    world.start()?;
    let machine = driver::populate(&world)?;
    let hold = Duration::from_secs(options.pick(70, 1));
    let mut report = Report::default();
    for (name, offset) in JUMPS {
        let before = Before::new(&world, &mut report).await?;
        turn(&hand, offset)?;
        during(&world, &machine, &before, name, hold, &mut report).await?;
        turn(&hand, "+0")?;
        after(&world, &before, name, &mut report).await?;
    }
    let before = Before::new(&world, &mut report).await?;
    let watch = Stopwatch::start();
    while watch.elapsed() < Duration::from_secs(options.pick(20, 3)) {
        for offset in ["+1", "-1"] {
            turn(&hand, offset)?;
            during(&world, &machine, &before, "wobble", Duration::from_millis(500), &mut report).await?;
        }
    }
    turn(&hand, "+0")?;
    after(&world, &before, "wobble", &mut report).await?;
    report.demand(!world.words()?.contains("panicked"), "the server panicked");
    Ok(report)
}

/// Moves the server's wall clock. Renamed into place: it reads the file at any moment.
fn turn(hand: &Path, offset: &str) -> Result<(), Failure> {
    let fresh = hand.with_extension("new");
    std::fs::write(&fresh, format!("{offset}\n"))?;
    Ok(std::fs::rename(fresh, hand)?)
}

/// Gives the server a wall clock that is `offset` away from this machine's, as libfaketime writes it; its monotonic clock stays.
pub(super) fn set_clock(world: &mut World, offset: &str) -> Result<(), Failure> {
    world.set("LD_PRELOAD", &library()?.display().to_string());
    world.set("FAKETIME", offset);
    for name in ["FAKETIME_DONT_FAKE_MONOTONIC", "DONT_FAKE_MONOTONIC"] {
        world.set(name, "1");
    }
    Ok(())
}

fn library() -> Result<PathBuf, Failure> {
    let folder = format!("/usr/lib/{}-linux-gnu/faketime/libfaketimeMT.so.1", std::env::consts::ARCH);
    let path = PathBuf::from(folder);
    if path.exists() { Ok(path) } else { Err("libfaketime is missing; try: apt-get install faketime".into()) }
}

/// What was acknowledged before a jump, one for each person.
struct Before {
    people: Vec<Person>,
}

struct Person {
    /// An access token and the refresh token beside it, both valid.
    access: String,
    newest: String,
    /// Of another chain: used, and its successor too.
    used: String,
    revoked: String,
}

impl Before {
    async fn new(world: &World, report: &mut Report) -> Result<Self, Failure> {
        let (mut connection, mut people) = (world.connect(), Vec::new());
        for number in 0..CLIENTS {
            let mut token = async || patiently(&mut connection, &email(number)).await?.member("refresh_token");
            let (mut used, revoked) = (token().await?, token().await?);
            let first = used.clone();
            let signed_in = patiently(&mut connection, &email(number)).await?;
            for _ in 0..2 {
                used = good(refresh(&mut connection, &used).await)?.member("refresh_token")?;
            }
            good(revoke(&mut connection, &revoked).await)?;
            let (access, newest) = (signed_in.member("token")?, signed_in.member("refresh_token")?);
            people.push(Person { access, newest, used: first, revoked });
            report.acknowledged += 6;
        }
        Ok(Self { people })
    }
}

/// Signs in, also where somebody has mistyped before.
async fn patiently(connection: &mut Connection, email: &str) -> Result<Answer, Failure> {
    let watch = Stopwatch::start();
    loop {
        let answer = sign_in(connection, email, PASSWORD).await.map_err(|_| "no answer")?;
        if answer.status == 200 || watch.elapsed() > LEEWAY {
            return good(Ok(answer));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn good(answer: Result<Answer, Unanswered>) -> Result<Answer, Failure> {
    match answer {
        Ok(answer) if answer.status == 200 => Ok(answer),
        Ok(answer) => Err(format!("the server answered {}", answer.words()).into()),
        Err(_) => Err("the server did not answer".into()),
    }
}

/// While the clock is wrong: every request is answered without a fault of the server, and nothing revoked works.
async fn during(
    world: &World,
    machine: &Machine,
    before: &Before,
    jump: &str,
    hold: Duration,
    report: &mut Report,
) -> Result<(), Failure> {
    let (watch, mut connection) = (Stopwatch::start(), world.connect());
    let mut once = true;
    while once || watch.elapsed() < hold {
        for (number, person) in before.people.iter().enumerate() {
            let refused = answered(refresh(&mut connection, &person.revoked).await, jump, report);
            if refused == 200 {
                report.resurrected(format!("{jump}: a revoked token works"));
            }
            if once && number == 0 {
                // One mistypes, more often than is free.
                for _ in 0..5 {
                    answered(sign_in(&mut connection, &email(number), "mistyped password").await, jump, report);
                }
            }
            // Another person than those who wait.
            let status = answered(machine.token(&mut connection).await, jump, report);
            report.demand(status == 200, format!("{jump}: a token was answered with {status}"));
        }
        for path in ["/.well-known/jwks.json", "/readyz", &driver::authorize_path(&[])] {
            let status = answered(connection.get(path).await, jump, report);
            report.demand(status == 200, format!("{jump}: {path} was answered with {status}"));
        }
        once = false;
        tokio::time::sleep(Duration::from_millis(rng::between(5..=50))).await;
    }
    Ok(())
}

/// The status; a fault of the server, or none at all, breaks the row.
fn answered(answer: Result<Answer, Unanswered>, jump: &str, report: &mut Report) -> u16 {
    let status = answer.map_or(0, |answer| answer.status);
    report.demand(status != 0 && status < 500, format!("{jump}: a request was answered with {status}"));
    status
}

/// The clock is right again.
async fn after(world: &World, before: &Before, jump: &str, report: &mut Report) -> Result<(), Failure> {
    let mut connection = world.connect();
    for (number, person) in before.people.iter().enumerate() {
        let bearer = format!("Bearer {}", person.access);
        let asked = connection.ask(hyper::Method::GET, "/userinfo", &[("authorization", &bearer)], String::new()).await;
        if answered(asked, jump, report) != 200 {
            report.lost(format!("{jump}: a valid access token is refused"));
        }
        if answered(refresh(&mut connection, &person.newest).await, jump, report) != 200 {
            report.lost(format!("{jump}: a valid refresh token is refused"));
        }
        for (token, what) in [(&person.used, "used"), (&person.revoked, "revoked")] {
            if answered(refresh(&mut connection, token).await, jump, report) == 200 {
                report.resurrected(format!("{jump}: a {what} token works"));
            }
        }
        if let Err(failure) = patiently(&mut connection, &email(number)).await {
            report.lost(format!("{jump}: person {number} cannot sign in: {failure}"));
        }
    }
    Ok(())
}
