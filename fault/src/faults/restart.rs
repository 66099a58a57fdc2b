//! Row 10, first part: under load the server is replaced again and again, with the listening socket handed over. No request fails, nothing
//! is lost, and what was begun with one server is finished with the next.

use std::time::Duration;

use crate::Failure;
use crate::checker::{chains, codes};
use crate::clock::Stopwatch;
use crate::driver::steady::{Score, live};
use crate::driver::{self, Browser, CLIENTS, Stage, code_of, redeem, refresh};
use crate::journal::Journal;
use crate::options::Options;
use crate::report::Report;
use crate::server::World;

/// How long two servers serve together, where they can.
pub(super) const TOGETHER: Duration = Duration::from_millis(300);

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    let mut world = World::new(options)?;
    world.keep_socket()?;
    world.start()?;
    driver::populate(&world)?;
    let mut load = Load::start(&world)?;
    let replacements = options.pick(20, 3);
    let at_least = options.pick(10_000, 200);
    while load.goes_on()? && (load.replaced < replacements || load.journal.acknowledged() < at_least) {
        load.replace(&mut world, TOGETHER).await?;
    }
    load.end(&world).await
}

/// People at work while servers replace each other.
pub(super) struct Load {
    pub(super) journal: Journal,
    /// How often a server was replaced.
    pub(super) replaced: u64,
    score: Score,
    lives: Vec<tokio::task::JoinHandle<()>>,
    report: Report,
    watch: Stopwatch,
}

/// Longer than any of these programs takes.
const BOUND: Duration = Duration::from_mins(10);
/// So many answers must come between two replacements.
const BETWEEN: u64 = 40;

impl Load {
    pub(super) fn start(world: &World) -> Result<Self, Failure> {
        let (journal, score) = (Journal::new(&world.folder().join("journal"))?, Score::default());
        let lives = (0..CLIENTS)
            .map(|number| tokio::spawn(live(Stage::of(world, &journal, number, 0), score.clone())))
            .collect();
        Ok(Self { journal, replaced: 0, score, lives, report: Report::default(), watch: Stopwatch::start() })
    }

    /// Whether nothing has failed so far: once something has, the rest shows nothing more.
    pub(super) fn goes_on(&self) -> Result<bool, Failure> {
        Ok(self.score.failed()?.is_empty())
    }

    /// Waits until this server has worked, then lets the next one take its place.
    pub(super) async fn replace(&mut self, world: &mut World, together: Duration) -> Result<(), Failure> {
        self.work().await?;
        let begun = Begun::with(world).await?;
        self.report.restarted_in(world.replace(together).await?);
        self.replaced += 1;
        begun.finish(world, &mut self.report).await
    }

    /// Waits until some more requests were answered.
    async fn work(&self) -> Result<(), Failure> {
        let enough = self.journal.acknowledged() + BETWEEN;
        while self.goes_on()? && self.journal.acknowledged() < enough {
            if self.watch.elapsed() > BOUND {
                return Err(format!("only {} replacements in time", self.replaced).into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Ends the work and holds the last server to everything that was acknowledged.
    pub(super) async fn end(mut self, world: &World) -> Result<Report, Failure> {
        self.work().await?;
        self.score.end();
        for life in self.lives {
            life.await?;
        }
        let failed = self.score.failed()?;
        self.report.acknowledged += self.journal.acknowledged();
        self.report.in_doubt += self.journal.in_doubt();
        self.report.tell(format!("{} replacements, failed requests {}", self.replaced, failed.len()));
        for words in failed {
            self.report.demand(false, words);
        }
        let entries = self.journal.read()?;
        // Codes first: they do not live long.
        codes::check(world, &entries, &mut self.report).await?;
        chains::check(world, &entries, &mut self.report).await?;
        let words = world.words()?;
        self.report.demand(!words.contains("still open"), "a server cut requests off");
        Ok(self.report)
    }
}

/// A session, a code and a refresh token that were begun with one server.
struct Begun {
    browser: Browser,
    code: String,
    token: String,
}

impl Begun {
    async fn with(world: &World) -> Result<Self, Failure> {
        let mut browser = Browser::new(world.connect(), world.issuer());
        browser.sign_in(&driver::email(0)).await.map_err(|_| "no answer to a sign-in")?;
        let code = code_of(&browser.code().await.map_err(|_| "no answer to a request for a code")?)?;
        let redeemed = redeem(&mut browser.connection, &code).await.map_err(|_| "no answer to a redemption")?;
        let token = redeemed.member("refresh_token")?;
        let code = code_of(&browser.code().await.map_err(|_| "no answer to a request for a code")?)?;
        Ok(Self { browser, code, token })
    }

    /// Each of the three still counts.
    async fn finish(mut self, world: &World, report: &mut Report) -> Result<(), Failure> {
        let mut connection = world.connect();
        let redeemed = redeem(&mut connection, &self.code).await.map_err(|_| "no answer to a redemption")?;
        let refreshed = refresh(&mut connection, &self.token).await.map_err(|_| "no answer to a refresh")?;
        let again = self.browser.code().await.map_err(|_| "no answer to a request for a code")?;
        report.acknowledged += 3;
        for (what, holds, answer) in [
            ("code", redeemed.status == 200, &redeemed),
            ("refresh token", refreshed.status == 200, &refreshed),
            ("session", code_of(&again).is_ok(), &again),
        ] {
            if !holds {
                report.lost(format!("a {what} of the server before: {}", answer.words()));
            }
        }
        Ok(())
    }
}
