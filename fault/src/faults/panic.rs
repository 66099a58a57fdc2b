//! Row 15: every thousandth request panics, at one of its waits or when it is done and not yet answered. It is answered with 500 and our
//! error, and no other is: the next request of the same connection and session works, and whatever was acknowledged stays true.
//!
//! Means: the feature `fault-injection` of the server, which only a build with debug assertions obeys. A panic comes where a request waits:
//! what it holds there is dropped in the middle of the work. The few locks that are never held over a wait are not met.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::checker::{chains, codes};
use crate::driver::patient::enough;
use crate::driver::{self, CLIENTS, Ended, PASSWORD, Stage, code_of, email, redeem, refresh, revoke, sign_in};
use crate::journal::{Entry, Journal};
use crate::options::Options;
use crate::report::Report;
use crate::server::World;
use crate::wire::{Answer, Unanswered};
use crate::{Failure, rng};

/// What the server says of each on standard error, with the id of the request.
const SAID: &str = "a request panicked: please report this, with the lines of its id";

/// What all clients see together.
#[derive(Default)]
struct Seen {
    over: AtomicBool,
    /// Requests that were answered well.
    good: AtomicU64,
    /// The ids of those that were answered with 500.
    failed: Mutex<Vec<String>>,
}

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    let mut world = World::new(options)?;
    let switch = world.folder().join("panics");
    world.set("FAULT_PANICS", &switch.display().to_string());
    world.start()?;
    driver::populate(&world)?;
    let (journal, seen, every) =
        (Journal::new(&world.folder().join("journal"))?, Arc::new(Seen::default()), options.pick(1_000, 50));
    std::fs::write(&switch, every.to_string())?;
    let lives: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (client, seen) = (Client::of(Stage::of(&world, &journal, number, 0), &seen), Arc::clone(&seen));
            tokio::spawn(async move {
                let outcome =
                    if number % 2 == 0 { client.live_by_tokens().await } else { client.live_by_codes().await };
                // Nothing is gained by going on when one of them has seen something bad.
                seen.over.fetch_or(outcome.is_err(), Ordering::Relaxed);
                outcome
            })
        })
        .collect();
    enough(&journal, options.pick(20_000, 600), &lives).await;
    seen.over.store(true, Ordering::Relaxed);
    for life in lives {
        match life.await? {
            Ok(()) => {}
            Err(Ended::Badly(failure)) => return Err(failure),
            Err(Ended::WithTheServer) => return Err("the server is gone, or has closed a connection".into()),
        }
    }
    std::fs::remove_file(&switch)?;

    let mut report = Report { acknowledged: journal.acknowledged(), in_doubt: journal.in_doubt(), ..Report::default() };
    judge(&world, &seen, every, &mut report)?;
    let entries = journal.read()?;
    chains::check(&world, &entries, &mut report).await?;
    codes::check(&world, &entries, &mut report).await?;
    report.tell(format!("signed out {}", report.signed_out));
    Ok(report)
}

/// Exactly what panicked has failed, and as often as was asked for.
fn judge(world: &World, seen: &Seen, every: u64, report: &mut Report) -> Result<(), Failure> {
    let failed = seen.failed.lock().map_err(|_| "poisoned")?;
    let (count, good) = (failed.len() as u64, seen.good.load(Ordering::Relaxed));
    let answered: BTreeSet<&str> = failed.iter().map(String::as_str).collect();
    let words = world.words()?;
    let lines = words.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let panicked: Vec<String> = lines
        .filter(|line| line["message"] == SAID)
        .map(|line| line["id"].as_str().unwrap_or_default().to_owned())
        .collect();
    let said: BTreeSet<&str> = panicked.iter().map(String::as_str).collect();
    report.tell(format!(
        "{} requests, every {every}th panicked: {count} answered with 500, {} in the log",
        good + count,
        said.len()
    ));
    report.demand(answered == said, "what was answered with 500 is not what panicked");
    report.demand(said.len() == panicked.len(), "a request panicked twice, or has no id");
    report.demand(count == (good + count) / every, "it is not every so-manieth that failed");
    report.demand(count > 0, "nothing panicked");
    Ok(())
}

/// One client, on one connection.
struct Client {
    stage: Stage,
    seen: Arc<Seen>,
    /// The last request failed: this one must not, as so many others would have to come between.
    failed_last: bool,
}

impl Client {
    fn of(stage: Stage, seen: &Arc<Seen>) -> Self {
        Self { stage, seen: Arc::clone(seen), failed_last: false }
    }

    fn is_over(&self) -> bool {
        self.seen.over.load(Ordering::Relaxed)
    }

    /// A good answer, or nothing when the request has panicked.
    fn take(&mut self, answer: Result<Answer, Unanswered>, status: u16, doing: &str) -> Result<Option<Answer>, Ended> {
        let answer = answer.map_err(|_| Ended::WithTheServer)?;
        if answer.status == status {
            self.failed_last = false;
            self.seen.good.fetch_add(1, Ordering::Relaxed);
            return Ok(Some(answer));
        }
        let bad = |why: &str| Err(Ended::Badly(format!("{doing} {why}: {}", answer.words()).into()));
        if answer.status != 500 || answer.json()["error"] != "server_error" {
            return bad("was answered with neither success nor our error");
        }
        if std::mem::replace(&mut self.failed_last, true) {
            return bad("failed directly after a failure");
        }
        if answer.header("connection").eq_ignore_ascii_case("close") {
            return bad("ended its connection");
        }
        let mut failed = self.seen.failed.lock().map_err(|_| Failure::from("poisoned"))?;
        failed.push(answer.header("x-request-id").to_owned());
        Ok(None)
    }

    /// Signs in, refreshes and revokes. What fails may have been carried out: a refresh is then in doubt, a revocation is sent again.
    async fn live_by_tokens(mut self) -> Result<(), Ended> {
        let email = email(self.stage.number);
        let mut family = 0;
        'families: while !self.is_over() {
            family += 1;
            let chain = format!("{}.{family}", self.stage.number);
            let answer = sign_in(&mut self.stage.connection, &email, PASSWORD).await;
            let Some(answer) = self.take(answer, 200, "sign-in")? else { continue };
            let mut token = answer.member("refresh_token")?;
            self.stage.note(&Entry::Born { chain: chain.clone(), token: token.clone() })?;
            for _ in 0..rng::between(2..=20) {
                let answer = refresh(&mut self.stage.connection, &token).await;
                let Some(answer) = self.take(answer, 200, "refresh")? else {
                    self.stage.journal.doubt(&chain, "refresh")?;
                    continue 'families;
                };
                token = answer.member("refresh_token")?;
                self.stage.note(&Entry::Rotated { chain: chain.clone(), token: token.clone() })?;
            }
            if rng::between(0..=1) == 0 {
                let mut revoked = None;
                while revoked.is_none() {
                    let answer = revoke(&mut self.stage.connection, &token).await;
                    revoked = self.take(answer, 200, "revocation")?;
                }
                self.stage.note(&Entry::Revoked { chain })?;
            }
        }
        Ok(())
    }

    /// One browser session, which gets and redeems code after code to the end.
    async fn live_by_codes(mut self) -> Result<(), Ended> {
        let mut browser = self.stage.browser();
        let mut signed_in = None;
        while signed_in.is_none() {
            let page = browser.get(&driver::authorize_path(&[])).await;
            let Some(page) = self.take(page, 200, "sign-in page")? else { continue };
            let answer = browser.post_sign_in(&page, &email(self.stage.number)).await;
            signed_in = self.take(answer, 303, "sign-in")?;
        }
        while !self.is_over() {
            let answer = browser.code().await;
            let Some(answer) = self.take(answer, 303, "authorization")? else { continue };
            let code = code_of(&answer)?;
            self.stage.note(&Entry::Code { code: code.clone() })?;
            let answer = redeem(&mut browser.connection, &code).await;
            let Some(answer) = self.take(answer, 200, "redemption")? else {
                self.stage.journal.doubt(&code, "redemption")?;
                continue;
            };
            let token = answer.member("refresh_token")?;
            self.stage.note(&Entry::Redeemed { code, token })?;
        }
        Ok(())
    }
}
