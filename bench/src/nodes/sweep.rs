//! An hour of what comes and goes, in a minute: sessions, codes, tokens, counters and audit events are written with the times of a clock that is
//! turned on, and what is over is swept each half minute of that clock. At its end the tables must be as large as at its middle, when as much goes
//! as comes. Then some minutes more while clients refresh over HTTP, beside as long without.
//!
//! The server runs in this process, as its clock is a number here.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use symbolon_server::config::SecretText;
use symbolon_server::{Clock, Config};
use symbolon_store::{Sweep, Swept};

use super::database::{self, Database, Engine, Shell, Words};
use super::script::Job;
use super::site::Site;
use crate::clock::{self, Stopwatch};
use crate::figure::Figure;
use crate::{Failure, load, measure};

/// Users that refresh.
const USERS: u64 = 1_000;
/// Between two sweeps of the clock that is turned on, as the server has it.
const STEP_SECS: u64 = 30;
/// Steps of the hour, and of the minutes in which clients refresh.
const HOUR: u64 = 120;
const BUSY: u64 = 20;
/// What comes in a step: five sign-ins a second, each with ten refreshes.
const SIGN_INS: u64 = 5 * STEP_SECS;
/// How long what is over is kept.
const KEEP_SECS: u64 = 300;
/// Audit events live this long here.
const AUDIT_SECS: u64 = 1_200;

const CONNECTIONS: usize = 2;
/// At the end of the hour, of what there was at its middle.
const BUDGET: f64 = 1.05;
/// The file, or the database: freed pages are used again, some late.
const BUDGET_BYTES: f64 = 1.15;

pub(super) fn run() -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    for engine in Engine::ALL {
        let server = if engine == Engine::Postgres { Some(database::server()?) } else { None };
        let database = match &server {
            Some(server) => Database::shared(server, "sweep")?,
            None => Database::File,
        };
        println!("  an hour in {}", engine.name());
        figures.extend(hour(engine, Site::new(database, 1, USERS, USERS)?)?);
    }
    Ok(figures)
}

fn hour(engine: Engine, mut site: Site<'_>) -> Result<Vec<Figure>, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let clock = Clock::fixed(clock::unix_now());
    let running = runtime.block_on(symbolon_server::start(config(&site)?, clock.clone()))?;
    let address = running.address.ok_or("the server listens nowhere")?;
    let mut churn = Churn { clock: clock.clone(), step: 0, swept: 0, sweeping: Duration::ZERO };
    let sweep = |sweep| Ok(runtime.block_on(running.app.store.sweep(sweep))?);

    let shell = beside(&site)?;
    let (mut rows, mut bytes) = (Vec::new(), Vec::new());
    for half in 0..2 {
        for _ in 0..HOUR / 2 {
            churn.step(&shell, site.database().words(), &sweep)?;
        }
        println!("  half an hour, {}", half + 1);
        rows.push(shell.number(ROWS)?);
        bytes.push(shell.bytes()?);
    }
    drop(shell);
    let of = |all: &[u64]| load::count(all[1]) / load::count(all[0]);
    let rate = churn.rate();

    let quiet = site.load(Job::Refresh, &[address], CONNECTIONS, Duration::from_secs(4))?.times;
    churn = Churn { swept: 0, sweeping: Duration::ZERO, ..churn };
    let busy = beside_refreshes(&mut site, address, &mut churn, &sweep)?;
    runtime.block_on(running.shutdown());

    let name = |what: &str| format!("nodes.sweep.{}.{what}", engine.name());
    let percentile = |times: &[f64], share| measure::percentile(times, share);
    Ok(vec![
        Figure::reported(name("rows"), load::count(rows[1]), "rows"),
        Figure::at_most(name("rows_after_to_before"), of(&rows), "×", BUDGET),
        Figure::reported(name("size"), load::count(bytes[1]) / 1e6, "MB"),
        Figure::at_most(name("size_after_to_before"), of(&bytes), "×", BUDGET_BYTES),
        Figure::reported(name("rate"), rate, "rows/s"),
        Figure::reported(name("rate_beside_refreshes"), churn.rate(), "rows/s"),
        Figure::reported(name("refresh.p50"), percentile(&busy, 0.5), "ms"),
        Figure::reported(name("refresh.p99"), percentile(&busy, 0.99), "ms"),
        Figure::reported(name("refresh_without.p50"), percentile(&quiet, 0.5), "ms"),
        Figure::reported(name("refresh_without.p99"), percentile(&quiet, 0.99), "ms"),
    ])
}

/// Refreshes, as long as the steps take; milliseconds of each.
fn beside_refreshes(
    site: &mut Site<'_>,
    address: SocketAddr,
    churn: &mut Churn,
    sweep: &(impl Fn(Sweep) -> Result<Swept, Failure> + Sync),
) -> Result<Vec<f64>, Failure> {
    let is_over = AtomicBool::new(false);
    let database = site.database().clone();
    let file = site.first().database();
    std::thread::scope(|scope| {
        let refreshing = scope.spawn(|| -> Result<Vec<f64>, Failure> {
            let mut times = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                times.extend(site.load(Job::Refresh, &[address], CONNECTIONS, Duration::from_millis(500))?.times);
            }
            Ok(times)
        });
        let stepped = database.open(file).and_then(|shell| {
            shell.run(database.words().beside)?;
            (0..BUSY).try_for_each(|_| churn.step(&shell, database.words(), sweep))
        });
        is_over.store(true, Ordering::Relaxed);
        let times = refreshing.join().map_err(|_| "refreshing panicked")?;
        stepped.and(times)
    })
}

fn beside<'s>(site: &'s Site<'_>) -> Result<Shell<'s>, Failure> {
    let shell = site.shell()?;
    shell.run(site.database().words().beside)?;
    Ok(shell)
}

/// The settings that the site's own nodes have.
fn config(site: &Site<'_>) -> Result<Config, Failure> {
    let installation = site.first();
    let mut config = Config::development(&installation.data())?;
    config.dev = false;
    config.issuer = installation.issuer();
    config.http.listen = format!("127.0.0.1:{}", installation.issuer_port()).parse().map_err(|_| "no address")?;
    config.master_key = Some(SecretText::new(super::site::master_key()));
    config.store.url = site.database().url().map(SecretText::new);
    Ok(config)
}

/// What comes and goes.
struct Churn {
    clock: Clock,
    step: u64,
    swept: u64,
    sweeping: Duration,
}

impl Churn {
    /// Half a minute: what comes in it, then a sweep as the server does it, until nothing is left that is over.
    fn step(
        &mut self,
        shell: &Shell<'_>,
        words: &Words,
        sweep: &impl Fn(Sweep) -> Result<Swept, Failure>,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        for statement in arrivals(words, self.step, now) {
            shell.run(&statement)?;
        }
        self.step += 1;
        self.clock.advance(STEP_SECS);
        let watch = Stopwatch::start();
        loop {
            let now = self.clock.now();
            let audit_keep_secs = Some(AUDIT_SECS);
            let batch = Stopwatch::start();
            let swept = sweep(Sweep { now, limit: Sweep::BATCH, keep_secs: KEEP_SECS, audit_keep_secs })?;
            self.swept += swept.artefacts + swept.audit_events + swept.families + swept.remembered;
            self.swept += swept.sessions + swept.throttles + swept.tokens;
            if !swept.more {
                break;
            }
            std::thread::sleep(Sweep::pause_after(batch.elapsed()));
        }
        self.sweeping += watch.elapsed();
        Ok(())
    }

    /// Rows swept in a second.
    fn rate(&self) -> f64 {
        load::count(self.swept) / self.sweeping.as_secs_f64()
    }
}

/// The rows of a step. They are named after nobody that refreshes.
fn arrivals(words: &Words, step: u64, now: u64) -> Vec<String> {
    let first = step * SIGN_INS * 10;
    let (few, many) = (words.numbers(first, first + SIGN_INS - 1), words.numbers(first, first + SIGN_INS * 10 - 1));
    let random = words.random;
    let end = now + 1_200;
    // Ten refresh tokens of a family, whose number is that of the first.
    let family = format!("'churn-' || CAST({first} + (n - {first}) / 10 AS TEXT)");
    let mut statements = vec![
        format!(
            "INSERT INTO session (id_hash, sid, user_id, created_at, auth_time, last_seen_at, idle_expires_at, absolute_expires_at, persistent, amr)
                {few} SELECT {random}, 'churn-' || CAST(n AS TEXT), {USER}, {now}, {now}, {now}, {end}, {end}, FALSE, '[]' FROM numbers"
        ),
        format!("INSERT INTO session_client (sid, client_id) {few} SELECT 'churn-' || CAST(n AS TEXT), 'churn' FROM numbers"),
        format!(
            "INSERT INTO family (id, client_id, user_id, session_bound, scope, audience, auth_time, created_at, absolute_expires_at, payload)
                {few} SELECT 'churn-' || CAST(n AS TEXT), 'churn', {USER}, FALSE, '', '[]', {now}, {now}, {end}, '{{}}' FROM numbers"
        ),
        format!(
            "INSERT INTO artefact (kind, hash, created_at, expires_at, payload)
                {few} SELECT 'churn', {random}, {now}, {now} + 60, '{{}}' FROM numbers"
        ),
        format!(
            "INSERT INTO throttle (key, attempts, last_at, expires_at)
                {few} SELECT 'churn-' || CAST(n AS TEXT), 1, {now}, {now} + 900 FROM numbers"
        ),
        format!(
            "INSERT INTO remembered (kind, key, expires_at) {few} SELECT 'churn', {random}, {now} + 300 FROM numbers"
        ),
    ];
    for (table, columns) in [
        (
            "refresh_token (hash, family, state, created_at, expires_at)",
            format!("{random}, {family}, 'dead', {now}, {end}"),
        ),
        ("access_token (jti, family, expires_at)", format!("'churn-' || CAST(n AS TEXT), {family}, {now} + 600")),
        ("audit (at, name, outcome, detail)", format!("{now}, 'churn', 'ok', '{{}}'")),
    ] {
        statements.push(format!("INSERT INTO {table} {many} SELECT {columns} FROM numbers"));
    }
    statements
}

/// Somebody.
const USER: &str = "(SELECT user_id FROM login_identifier WHERE identifier = 'user1@bench.example')";

/// What came and has not gone.
const ROWS: &str = "SELECT (SELECT count(*) FROM session WHERE sid LIKE 'churn-%') + (SELECT count(*) FROM session_client WHERE sid LIKE 'churn-%')
    + (SELECT count(*) FROM family WHERE client_id = 'churn') + (SELECT count(*) FROM artefact) + (SELECT count(*) FROM throttle)
    + (SELECT count(*) FROM remembered) + (SELECT count(*) FROM refresh_token WHERE family LIKE 'churn-%')
    + (SELECT count(*) FROM access_token WHERE jti LIKE 'churn-%') + (SELECT count(*) FROM audit WHERE name = 'churn')";
