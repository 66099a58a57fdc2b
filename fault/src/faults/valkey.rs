//! Row 13: the Valkey that counts failed sign-ins is flushed, killed, hung (SIGSTOP) and started again under load, again and again. No request
//! fails because of it and none takes longer than a second; guesses are limited throughout, by the store while Valkey is away; nothing that was
//! used or revoked works again.

use std::time::Duration;

use valkey_fixture::Server as Valkey;

use crate::Failure;
use crate::checker::{chains, codes};
use crate::clock::{self, Stopwatch};
use crate::driver::patient::{Crowd, Lived};
use crate::driver::{self, CLIENTS, PASSWORD, sign_in, sign_up};
use crate::options::Options;
use crate::probe::{BUSY, milliseconds};
use crate::report::Report;
use crate::server::World;
use crate::wire::Connection;

/// The slowest answer: 200 ms for what Valkey does not say in time, and the rest for hashing on a busy machine.
const ANSWER: Duration = Duration::from_secs(1);
/// Guesses of one account that cost nothing.
const FREE: u64 = 5;
/// Longer than the two seconds between two looks of the server for Valkey, and the second that a look may take.
const BACK: Duration = Duration::from_secs(10);
/// Answered requests between two harms that show that it was one under load.
const UNDER_LOAD: u64 = 20;

/// What is done to it.
#[derive(Clone, Copy, Debug)]
enum Harm {
    Flushed,
    /// Its scripts are forgotten, as after a failover.
    ScriptsFlushed,
    Killed,
    Hung,
    /// Hung, and killed before it says a word.
    HungAndKilled,
}

const HARMS: &[Harm] = &[Harm::Flushed, Harm::ScriptsFlushed, Harm::Killed, Harm::Hung, Harm::HungAndKilled];

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    let mut valkey = Valkey::start(&[])?;
    let mut world = World::new(options)?;
    world.set("SYMBOLON_THROTTLE__VALKEY", &valkey.url());
    world.set("SYMBOLON_THROTTLE__PAIR__FREE", &FREE.to_string());
    world.start()?;
    driver::populate(&world)?;
    let crowd = Crowd::undisturbed(&world)?;
    let (mut report, mut victims) = (Report::default(), Victims::default());
    let (wanted, rounds) = (options.pick(10_000, 400), options.pick(5, 1));
    for round in 1..=rounds {
        for harm in HARMS {
            under_load(&crowd).await;
            do_harm(&world, &crowd, *harm, &mut valkey, &mut victims, &mut report).await?;
        }
        crowd.enough(wanted * round / rounds).await;
    }
    let Lived { entries, longest, .. } = crowd.end(&mut report).await?;
    let bound = options.pick(ANSWER, BUSY * 3);
    report.demand(longest <= bound, format!("an answer took {longest:?}"));
    report.demand(victims.told * 2 >= victims.count, "on most accounts guessing was too slow to tell anything");
    report.tell(format!(
        "{} harms, slowest answer {}, {} accounts guessed at, at most {} guesses free",
        rounds * HARMS.len() as u64,
        milliseconds(longest),
        victims.count,
        victims.most
    ));
    chains::check(&world, &entries, &mut report).await?;
    codes::check(&world, &entries, &mut report).await?;
    Ok(report)
}

/// Returns when some more requests have been answered.
async fn under_load(crowd: &Crowd) {
    crowd.enough(crowd.acknowledged() + UNDER_LOAD).await;
}

/// Does one harm, has somebody guess before, meanwhile and afterwards, and ends it.
async fn do_harm(
    world: &World,
    crowd: &Crowd,
    harm: Harm,
    valkey: &mut Valkey,
    victims: &mut Victims,
    report: &mut Report,
) -> Result<(), Failure> {
    let meanwhile = format!("while it is {harm:?}");
    victims.guess(world, &format!("before it is {harm:?}"), report).await?;
    match harm {
        Harm::Flushed => {
            valkey.command(&["FLUSHALL"])?;
        }
        Harm::ScriptsFlushed => {
            valkey.command(&["SCRIPT", "FLUSH"])?;
        }
        Harm::Killed => {
            valkey.down();
            // The load has found out, so that all guesses are counted in one place.
            under_load(crowd).await;
            victims.guess(world, &meanwhile, report).await?;
            valkey.up()?;
        }
        Harm::Hung => {
            let process = valkey.hang()?;
            under_load(crowd).await;
            victims.guess(world, &meanwhile, report).await?;
            valkey.go_on(process)?;
        }
        Harm::HungAndKilled => {
            valkey.hang()?;
            under_load(crowd).await;
            victims.guess(world, &meanwhile, report).await?;
            valkey.down();
            under_load(crowd).await;
            valkey.up()?;
        }
    }
    back(world, valkey).await
}

/// Accounts that are guessed at, each once.
#[derive(Default)]
struct Victims {
    count: u64,
    /// Those where all came before the wait after the last free one was over.
    told: u64,
    most: u64,
}

impl Victims {
    /// Guesses at a fresh account until it must wait; then the right password must wait, too.
    async fn guess(&mut self, world: &World, when: &str, report: &mut Report) -> Result<(), Failure> {
        self.count += 1;
        let (email, mut connection) = (format!("victim{}@example.com", self.count), world.connect());
        let added = driver::command(&mut world.control(), &sign_up::add(&email, Some(PASSWORD))).await;
        if !added.is_ok_and(|answer| answer.status == 200) {
            return Err("an account cannot be made".into());
        }
        let (before, mut guesses, mut second) = (changes(world)?, 0, None);
        // Where the counter changes in the middle, as on a machine so busy that Valkey seems away, each of the two has its free guesses.
        loop {
            // The wait after the last free one is to the next second of the clock: early in one there is the most time to look.
            if guesses + 1 == FREE {
                second = Some(next_second().await);
            }
            if guesses > 2 * FREE || !wrong(&mut connection, &email).await? {
                break;
            }
            guesses += 1;
        }
        let right = sign_in(&mut connection, &email, PASSWORD).await.map_or(0, |answer| answer.status);
        if second.is_some_and(|second| clock::unix_now() != second) {
            return Ok(());
        }
        self.told += 1;
        let most = if changes(world)? == before { FREE } else { 2 * FREE };
        self.most = self.most.max(guesses);
        report.demand((FREE..=most).contains(&guesses), format!("{guesses} guesses were free {when}"));
        report.demand(right == 429, format!("after too many guesses the right password got {right} {when}"));
        Ok(())
    }
}

/// Waits until the clock shows another second, which it returns.
async fn next_second() -> u64 {
    let now = clock::unix_now();
    while clock::unix_now() == now {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    clock::unix_now()
}

/// Tries a wrong password; whether it was looked at.
async fn wrong(connection: &mut Connection, email: &str) -> Result<bool, Failure> {
    let answer = sign_in(connection, email, "a wrong password").await.map_err(|_| "a guess is not answered")?;
    match answer.status {
        400 | 401 | 403 => Ok(true),
        429 => Ok(false),
        _ => Err(format!("a guess was answered with {}", answer.words()).into()),
    }
}

/// How often the server has found Valkey away.
fn changes(world: &World) -> Result<usize, Failure> {
    Ok(world.words()?.matches("Valkey is away").count())
}

/// Returns when attempts are counted there again: guesses at names that nobody has leave counters, more than those who live here can have.
async fn back(world: &World, valkey: &Valkey) -> Result<(), Failure> {
    let count = || Ok::<_, Failure>(valkey.command(&["KEYS", "*:throttle:*"])?.lines().count());
    let (watch, before, mut connection) = (Stopwatch::start(), count()?, world.connect());
    for number in 0.. {
        wrong(&mut connection, &format!("nobody{before}.{number}@example.com")).await?;
        if count()? > before + 2 * CLIENTS + 1 {
            return Ok(());
        }
        if watch.elapsed() > BACK {
            break;
        }
    }
    Err("the server does not take Valkey up again".into())
}
