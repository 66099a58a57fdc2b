//! Row 13: the Valkey that counts failed sign-ins is flushed, killed, hung (SIGSTOP) and started again under load, again and again. No request
//! fails because of it and none takes longer than a second; guesses are limited throughout, by the store while Valkey is away; nothing that was
//! used or revoked works again.

use std::time::Duration;

use tokio::task::JoinHandle;
use valkey_fixture::Server as Valkey;

use crate::Failure;
use crate::checker::{chains, codes};
use crate::clock::Stopwatch;
use crate::driver::patient::{Trouble, enough, live, live_by_codes};
use crate::driver::{self, CLIENTS, Ended, PASSWORD, Stage, sign_in, sign_up};
use crate::journal::Journal;
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

type Lives = [JoinHandle<Result<(), Ended>>];

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
    // A guess after the free ones waits longer than this program takes for one.
    world.set("SYMBOLON_THROTTLE__PAIR__BASE_DELAY", "60s");
    world.start()?;
    driver::populate(&world)?;
    let (journal, trouble) = (Journal::new(&world.folder().join("journal"))?, Trouble::default());
    let lives: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (stage, trouble) = (Stage::of(&world, &journal, number, 0), trouble.clone());
            tokio::spawn(async move {
                if number % 2 == 0 { live(stage, trouble).await } else { live_by_codes(stage, trouble).await }
            })
        })
        .collect();
    let stage = Harmed { world: &world, journal: &journal, lives: &lives };
    let (mut report, mut victims) = (Report::default(), Victims::default());
    let (wanted, rounds) = (options.pick(10_000, 400), options.pick(5, 1));
    for round in 1..=rounds {
        for harm in HARMS {
            stage.under_load().await;
            stage.harm(*harm, &mut valkey, &mut victims, &mut report).await?;
        }
        enough(&journal, wanted * round / rounds, &lives).await;
    }
    trouble.end();
    for life in lives {
        match life.await? {
            Ok(()) => {}
            Err(Ended::Badly(failure)) => return Err(failure),
            Err(Ended::WithTheServer) => return Err("the server is gone, or has closed a connection".into()),
        }
    }
    let (slowest, bound) = (trouble.slowest(), options.pick(ANSWER, BUSY * 3));
    report.demand(slowest <= bound, format!("an answer took {slowest:?}"));
    report.demand(trouble.refused() == 0, format!("{} requests were refused", trouble.refused()));
    report.acknowledged += journal.acknowledged();
    report.in_doubt += journal.in_doubt();
    report.tell(format!(
        "{} harms, slowest answer {}, {} accounts guessed at, at most {} guesses free",
        rounds * HARMS.len() as u64,
        milliseconds(slowest),
        victims.count,
        victims.most
    ));
    let entries = journal.read()?;
    chains::check(&world, &entries, &mut report).await?;
    codes::check(&world, &entries, &mut report).await?;
    Ok(report)
}

/// The installation and those who live there meanwhile.
struct Harmed<'a> {
    world: &'a World,
    journal: &'a Journal,
    lives: &'a Lives,
}

impl Harmed<'_> {
    /// Returns when some more requests have been answered.
    async fn under_load(&self) {
        enough(self.journal, self.journal.acknowledged() + UNDER_LOAD, self.lives).await;
    }

    /// Does one harm, has somebody guess before, meanwhile and afterwards, and ends it.
    async fn harm(
        &self,
        harm: Harm,
        valkey: &mut Valkey,
        victims: &mut Victims,
        report: &mut Report,
    ) -> Result<(), Failure> {
        victims.guess(self.world, &format!("before it is {harm:?}"), report).await?;
        match harm {
            Harm::Flushed => {
                valkey.command(&["FLUSHALL"])?;
            }
            Harm::ScriptsFlushed => {
                valkey.command(&["SCRIPT", "FLUSH"])?;
            }
            Harm::Killed => {
                valkey.down();
                self.meanwhile(victims, harm, report).await?;
                valkey.up()?;
            }
            Harm::Hung => {
                let process = valkey.hang()?;
                self.meanwhile(victims, harm, report).await?;
                valkey.go_on(process)?;
            }
            Harm::HungAndKilled => {
                valkey.hang()?;
                self.meanwhile(victims, harm, report).await?;
                valkey.down();
                self.under_load().await;
                valkey.up()?;
            }
        }
        back(self.world, valkey).await
    }

    /// Somebody guesses while the load has already found out, so that all guesses are counted in one place.
    async fn meanwhile(&self, victims: &mut Victims, harm: Harm, report: &mut Report) -> Result<(), Failure> {
        self.under_load().await;
        victims.guess(self.world, &format!("while it is {harm:?}"), report).await
    }
}

/// Accounts that are guessed at, each once.
#[derive(Default)]
struct Victims {
    count: u64,
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
        let (before, mut guesses) = (changes(world)?, 0);
        // Where the counter changes in the middle, as on a machine so busy that Valkey seems away, each of the two has its free guesses.
        while guesses <= 2 * FREE && wrong(&mut connection, &email).await? {
            guesses += 1;
        }
        let most = if changes(world)? == before { FREE } else { 2 * FREE };
        self.most = self.most.max(guesses);
        report.demand((FREE..=most).contains(&guesses), format!("{guesses} guesses were free {when}"));
        let right = sign_in(&mut connection, &email, PASSWORD).await.map_or(0, |answer| answer.status);
        report.demand(right == 429, format!("after too many guesses the right password got {right} {when}"));
        Ok(())
    }
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
