//! Row 19: half an hour of everything at 60 % of what the server can do, then nothing. Memory does not creep, file descriptors come back, no
//! request fails, and when all has expired the database holds what is still alive and no more.
//!
//! How memory is judged: its anonymous part is read every second; over all but the first third a straight line is fitted by least squares.
//! It may rise by 1 MiB for each ten minutes begun. Of a few seconds (`--quick`) nothing can be fitted: there it may rise by 16 MiB in all.
//!
//! Means: expired rows are kept for a day, as long as a token may live. So the server is started again with its clock two days ahead
//! (libfaketime), and sweeps; with `--quick` it does not, as it first sweeps after half a minute.

mod database;
mod line;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::clock_jumps::set_clock;
use crate::clock::Stopwatch;
use crate::driver::mixed::Person;
use crate::driver::{self, AUDIENCE, CLIENTS, Machine, Stage};
use crate::journal::Journal;
use crate::options::Options;
use crate::process::{descriptors, mebibytes, memory};
use crate::report::Report;
use crate::server::World;
use crate::{Failure, rng};

/// Of capacity.
const SHARE_PERCENT: u64 = 60;
/// Bytes that memory may rise by in ten minutes.
const RISE_BYTES: i64 = 1 << 20;
const QUICK_RISE_BYTES: i64 = 16 << 20;
const LOOK: Duration = Duration::from_secs(1);
/// How long closed connections may take to be noticed.
const CLOSED: Duration = Duration::from_secs(5);

/// The shortest lifetimes that the server accepts, so that everything that is made also ends while it is looked at.
const LIFETIMES: &[(&str, &str)] = &[
    ("SYMBOLON_SESSION__IDLE", "1m"),
    ("SYMBOLON_SESSION__ABSOLUTE", "2m"),
    ("SYMBOLON_TOKENS__ACCESS_LIFETIME", "1m"),
    ("SYMBOLON_TOKENS__ID_LIFETIME", "1m"),
    ("SYMBOLON_TOKENS__CODE_LIFETIME", "10s"),
    ("SYMBOLON_TOKENS__REFRESH_IDLE", "1m"),
    ("SYMBOLON_TOKENS__REFRESH_ABSOLUTE", "2m"),
    ("SYMBOLON_THROTTLE__WINDOW", "1m"),
    ("SYMBOLON_THROTTLE__MAX_DELAY", "30s"),
];

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    let mut world = World::new(options)?;
    for (name, value) in LIFETIMES {
        world.set(name, value);
    }
    world.start()?;
    let machine = driver::populate(&world)?;
    let secret = world.run(&["api", "secret", "rotate", AUDIENCE, "--overlap", "1h"], "")?;
    let secret = secret["secret"].as_str().or(secret["api_secret"].as_str()).ok_or("the API has no secret")?;
    let load = Load { world: &world, machine: &machine, secret };
    let time =
        options.minutes.map_or(Duration::from_secs(options.pick(1800, 6)), |it| Duration::from_mins(u64::from(it)));
    let mut report = Report::default();

    // As fast as they can: what it can do, and everything that is made at first use.
    let watch = Stopwatch::start();
    let people = load.begin(None)?;
    sleep(Duration::from_secs(options.pick(20, 2))).await;
    let capacity = people.end(&mut report).await? * 1000 / u64::try_from(watch.elapsed().as_millis())?.max(1);
    let before = settled(world.pid()?).await?;

    let rate = (capacity * SHARE_PERCENT / 100).max(1);
    let people = load.begin(Some(rate))?;
    let (watch, mut looks, mut most) = (Stopwatch::start(), Vec::new(), 0);
    while watch.elapsed() < time {
        sleep(LOOK).await;
        let (bytes, files) = (memory(world.pid()?)?, descriptors(world.pid()?)?);
        looks.push((watch.elapsed(), bytes));
        most = most.max(files);
        if !options.quick && looks.len() % 10 == 0 {
            progress(watch, &people, bytes, files);
        }
    }
    let answered = people.end(&mut report).await?;
    let took = watch.elapsed().as_secs().max(1);
    report.demand(
        answered >= rate * took / 2,
        format!("only {answered} requests: less than half the rate that was meant"),
    );

    sleep(time.mul_f64(1.0 / 6.0).max(Duration::from_secs(2))).await;
    let (files, bytes) = (settled(world.pid()?).await?, memory(world.pid()?)?);
    report.demand(files <= before, format!("{files} file descriptors are open, {before} were"));
    judge_memory(&looks, options, &mut report)?;
    report.tell(format!(
        "{answered} requests in {took} s, {}/s of {capacity}/s, memory {} (idle {}), {most} descriptors (idle {files}, before {before})",
        answered / took,
        mebibytes(looks.last().map_or(0, |(_, bytes)| *bytes)),
        mebibytes(bytes),
    ));
    report.demand(!world.words()?.contains("panicked"), "the server panicked");
    if !options.quick {
        world.stop()?;
        set_clock(&mut world, "+2d")?;
        world.start()?;
        database::judge(&mut world, &mut report).await?;
    }
    Ok(report)
}

/// Prints how it goes; standard output is for the one line.
fn progress(watch: Stopwatch, people: &People, bytes: u64, files: u64) {
    let answered = people.seen.answered.load(Ordering::Relaxed);
    eprintln!(
        "soak: {:>5} s  {answered:>8} requests  {:>10}  {files} descriptors",
        watch.elapsed().as_secs(),
        mebibytes(bytes)
    );
}

fn judge_memory(looks: &[(Duration, u64)], options: &Options, report: &mut Report) -> Result<(), Failure> {
    let looks: Vec<_> = looks.iter().skip(looks.len() / 3).copied().collect();
    let (first, last) = looks.first().zip(looks.last()).ok_or("memory was never looked at")?;
    let (per_ten_minutes, span) =
        (line::rise(&looks, Duration::from_mins(10)), last.0.saturating_sub(first.0).as_secs());
    if options.quick {
        let rise = i64::try_from(last.1)? - i64::try_from(first.1)?;
        report.demand(rise <= QUICK_RISE_BYTES, format!("memory has grown by {rise} bytes in {span} s"));
        return Ok(());
    }
    let (rise, bound) =
        (line::rise(&looks, Duration::from_secs(span)), RISE_BYTES * i64::try_from(span.div_ceil(600))?);
    report.demand(rise <= bound, format!("memory rises by {per_ten_minutes} bytes in ten minutes"));
    report.tell(format!("memory {} KiB in ten minutes, fitted over {span} s", per_ten_minutes / 1024));
    Ok(())
}

/// The file descriptors of the server once nobody is connected any more.
async fn settled(pid: u32) -> Result<u64, Failure> {
    let (watch, mut least, mut quiet) = (Stopwatch::start(), u64::MAX, 0);
    while quiet < 20 && watch.elapsed() < CLOSED {
        let now = descriptors(pid)?;
        quiet = if now < least { 0 } else { quiet + 1 };
        least = least.min(now);
        sleep(Duration::from_millis(50)).await;
    }
    Ok(least)
}

/// What people need to begin.
struct Load<'a> {
    world: &'a World,
    machine: &'a Machine,
    secret: &'a str,
}

/// What all people see together.
#[derive(Default)]
struct Seen {
    over: AtomicBool,
    answered: AtomicU64,
    wrong: Mutex<Vec<String>>,
}

struct People {
    seen: Arc<Seen>,
    lives: Vec<JoinHandle<()>>,
}

impl Load<'_> {
    /// Everybody begins: as fast as they can, or so many requests a second together.
    fn begin(&self, rate: Option<u64>) -> Result<People, Failure> {
        let (seen, mut lives) = (Arc::new(Seen::default()), Vec::new());
        // Nothing is written down: what is promised is asked for at once.
        let journal = Journal::new(&self.world.folder().join("journal"))?;
        for number in 0..CLIENTS {
            let stage = Stage::of(self.world, &journal, number, 0);
            let (browser, api) = (self.world.connect(), self.world.connect());
            let person = Person::new(stage, browser, api, self.machine.clone(), self.secret);
            lives.push(tokio::spawn(live(person, rate, Arc::clone(&seen))));
        }
        Ok(People { seen, lives })
    }
}

/// Acts until it is over. One who sees something wrong notes it and goes on.
async fn live(mut person: Person, rate: Option<u64>, seen: Arc<Seen>) {
    let each = rate.map(|rate| Duration::from_secs(CLIENTS as u64) / u32::try_from(rate).unwrap_or(u32::MAX));
    let mut beat = interval(each.unwrap_or(LOOK));
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // Not all at the same moment.
    sleep(Duration::from_millis(rng::between(0..=100))).await;
    let mut owed = 0;
    while !seen.over.load(Ordering::Relaxed) {
        // An act may be several requests: as many beats.
        for _ in 0..owed {
            beat.tick().await;
        }
        match person.act().await {
            Ok(asked) => {
                seen.answered.fetch_add(asked, Ordering::Relaxed);
                owed = each.map_or(0, |_| asked);
            }
            Err(failure) => {
                if let Ok(mut wrong) = seen.wrong.lock() {
                    wrong.push(failure.to_string());
                }
                // A server that is gone would be asked without a pause.
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

impl People {
    /// Everybody ends; how many requests were answered. What went wrong is a failure of the report.
    async fn end(self, report: &mut Report) -> Result<u64, Failure> {
        self.seen.over.store(true, Ordering::Relaxed);
        for life in self.lives {
            life.await?;
        }
        for words in self.seen.wrong.lock().map_err(|_| "poisoned")?.iter() {
            report.demand(false, words.as_str());
        }
        let answered = self.seen.answered.load(Ordering::Relaxed);
        report.acknowledged += answered;
        Ok(answered)
    }
}
