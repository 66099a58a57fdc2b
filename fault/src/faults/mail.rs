//! Row 16, mail: the mail server takes letters, is down or says nothing, while people ask for new passwords and the server is killed. What was
//! acknowledged is mailed at least once, and nobody who signs in waits for a mail server.

use std::time::Duration;

use super::kill_refresh::RESTART;
use crate::Failure;
use crate::clock::Stopwatch;
use crate::driver::{self, Browser, PASSWORD, command, field, sign_in, sign_up};
use crate::options::Options;
use crate::post_office::{Manner, PostOffice};
use crate::probe::{BUSY, milliseconds};
use crate::report::Report;
use crate::server::World;

/// The slowest sign-in.
const SIGN_IN: Duration = Duration::from_secs(1);
/// By then a letter has arrived: a dead server's hold on it lasts 25 s, and a pause while the mail server is down comes on top.
const ARRIVAL: Duration = Duration::from_mins(1);
/// How often it is looked for.
const LOOK: Duration = Duration::from_millis(10);
const MANNERS: [Manner; 3] = [Manner::Down, Manner::Taking, Manner::Hanging];

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    let office = PostOffice::open()?;
    let mut world = World::new(options)?;
    world.set("SYMBOLON_MAIL__SERVER", &office.url());
    world.set("SYMBOLON_MAIL__FROM", "no-reply@example.com");
    world.start()?;
    driver::populate(&world)?;
    let (mut report, mut slowest, mut twice) = (Report::default(), Duration::ZERO, 0);
    let rounds = options.pick(50, 3);
    for (round, manner) in (1..=rounds).zip(MANNERS.iter().cycle()) {
        let user = format!("mail{round}@example.com");
        let added = command(&mut world.control(), &sign_up::add(&user, Some(PASSWORD))).await;
        if !added.is_ok_and(|answer| answer.status == 200) {
            return Err("an account cannot be made".into());
        }
        office.be(*manner);
        let knocks = office.knocks();
        ask(&world, &user).await?;
        report.acknowledged += 1;
        if *manner != Manner::Taking {
            wait(|| office.knocks() > knocks).await;
            slowest = slowest.max(signs_in(&world, &user).await?);
        }
        // What is held back by silence waits for the end of the dead server's hold: at full length only.
        let killed = *manner != Manner::Hanging || options.pick(true, false);
        if killed {
            world.kill();
        }
        office.be(Manner::Taking);
        if killed {
            report.restarted_in(world.start()?);
        }
        wait(|| office.letters_to(&user) > 0).await;
        match office.letters_to(&user) {
            0 => report.lost(format!("the letter to {user}, asked for while the mail server was {manner:?}")),
            1 => {}
            _ => twice += 1,
        }
    }
    let bound = options.pick(SIGN_IN, BUSY * 3);
    report.demand(slowest <= bound, format!("a sign-in took {slowest:?}"));
    report.demand_restart_within(options.pick(RESTART, RESTART * 5));
    report.tell(format!("{twice} letters came twice, slowest sign-in {}", milliseconds(slowest)));
    Ok(report)
}

/// Asks for a new password, which is acknowledged.
async fn ask(world: &World, user: &str) -> Result<(), Failure> {
    let mut browser = Browser::new(world.connect(), world.issuer());
    let page = browser.get("/forgot").await.map_err(|_| "the page for new passwords is not answered")?;
    let fields = [("csrf", &*field(&page, "csrf")), ("username", user)];
    match browser.post("/forgot", &fields).await {
        Ok(answer) if answer.status == 200 => Ok(()),
        Ok(answer) => Err(format!("a wish for a new password was answered with {}", answer.words()).into()),
        Err(_) => Err("a wish for a new password is not answered".into()),
    }
}

/// Signs in; how long that took.
async fn signs_in(world: &World, user: &str) -> Result<Duration, Failure> {
    let (mut connection, watch) = (world.connect(), Stopwatch::start());
    match sign_in(&mut connection, user, PASSWORD).await {
        Ok(answer) if answer.status == 200 => Ok(watch.elapsed()),
        Ok(answer) => Err(format!("a sign-in was answered with {}", answer.words()).into()),
        Err(_) => Err("a sign-in is not answered".into()),
    }
}

/// Returns when it holds, or has not for too long.
async fn wait(holds: impl Fn() -> bool) {
    let watch = Stopwatch::start();
    while !holds() && watch.elapsed() < ARRIVAL {
        tokio::time::sleep(LOOK).await;
    }
}
