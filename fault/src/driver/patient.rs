//! The person of `refresh` before a server that is in trouble: refusals with 503 and Retry-After are borne and tried again, every other
//! answer but success is a failure.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::{CLIENTS, Ended, PASSWORD, Stage, code_of, email, redeem, refresh, revoke, sign_in};
use crate::clock::Stopwatch;
use crate::journal::{Entry, Journal};
use crate::report::Report;
use crate::server::World;
use crate::wire::{Answer, Unanswered};
use crate::{Failure, rng};

/// All clients at once, and what they see together.
pub(crate) struct Crowd {
    journal: Journal,
    trouble: Trouble,
    lives: Vec<JoinHandle<Result<(), Ended>>>,
}

impl Crowd {
    /// Lets all of them live.
    pub(crate) fn begin(world: &World) -> Result<Self, Failure> {
        Self::with(world, Trouble(Arc::new(Seen { is_expected_to_refuse: true, ..Seen::default() })))
    }

    /// The same where no refusal is expected, and every other client gets and redeems codes.
    pub(crate) fn undisturbed(world: &World) -> Result<Self, Failure> {
        Self::with(world, Trouble(Arc::new(Seen { is_expected_to_refuse: false, ..Seen::default() })))
    }

    fn with(world: &World, trouble: Trouble) -> Result<Self, Failure> {
        let journal = Journal::new(&world.folder().join("journal"))?;
        let begin = |number| {
            let (stage, trouble) = (Stage::of(world, &journal, number, 0), trouble.clone());
            tokio::spawn(async move {
                if trouble.0.is_expected_to_refuse || number % 2 == 0 {
                    live(stage, trouble).await
                } else {
                    live_by_codes(stage, trouble).await
                }
            })
        };
        let lives = (0..CLIENTS).map(begin).collect();
        Ok(Self { journal, trouble, lives })
    }

    /// Waits until so many requests are acknowledged, or a life has ended before its time.
    pub(crate) async fn enough(&self, count: u64) {
        enough(&self.journal, count, &self.lives).await;
    }

    /// Waits until they have lived on for a while after a trouble.
    pub(crate) async fn live_on(&self) {
        self.enough(self.journal.acknowledged() + 100).await;
    }

    /// Answered so far.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.journal.acknowledged()
    }

    /// Answers of 503 so far.
    pub(crate) fn refused(&self) -> u64 {
        self.trouble.0.refused.load(Ordering::Relaxed)
    }

    /// Ends them, and reports what all such programs demand.
    pub(crate) async fn end(self, report: &mut Report) -> Result<Lived, Failure> {
        let Self { journal, trouble, lives } = self;
        trouble.0.over.store(true, Ordering::Relaxed);
        let is_expected_to_refuse = trouble.0.is_expected_to_refuse;
        for life in lives {
            match life.await? {
                Err(Ended::Badly(failure)) => return Err(failure),
                Err(Ended::WithTheServer) if !is_expected_to_refuse => {
                    return Err("the server is gone, or has closed a connection".into());
                }
                Ok(()) | Err(Ended::WithTheServer) => {}
            }
        }
        report.acknowledged += journal.acknowledged();
        report.in_doubt += journal.in_doubt();
        let [refused, bare, longest_ms] =
            [&trouble.0.refused, &trouble.0.bare, &trouble.0.longest_ms].map(|it| it.load(Ordering::Relaxed));
        report.demand(refused > 0 || !is_expected_to_refuse, "no request was refused: there was no trouble");
        report.demand(refused == 0 || is_expected_to_refuse, format!("{refused} requests were refused"));
        report.demand(bare == 0, "a 503 came without Retry-After");
        Ok(Lived { entries: journal.read()?, refused, longest: Duration::from_millis(longest_ms) })
    }
}

/// What the clients of a crowd have seen.
pub(crate) struct Lived {
    pub(crate) entries: Vec<Entry>,
    /// Answers of 503.
    pub(crate) refused: u64,
    /// The longest wait for any answer.
    pub(crate) longest: Duration,
}

#[derive(Clone, Debug, Default)]
struct Trouble(Arc<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// The lives end at their next request.
    over: AtomicBool,
    /// Answers of 503, and those of them without Retry-After.
    refused: AtomicU64,
    bare: AtomicU64,
    is_expected_to_refuse: bool,
    /// The longest wait for any answer.
    longest_ms: AtomicU64,
}

impl Trouble {
    /// Waits for an answer, and notes how long.
    async fn time<T>(&self, answer: impl Future<Output = T>) -> T {
        let watch = Stopwatch::start();
        let answer = answer.await;
        self.0.longest_ms.fetch_max(u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        answer
    }

    /// Whether to send the request again; what is neither success nor a refusal goes on to be judged.
    fn bears(&self, answer: &Result<Answer, Unanswered>) -> bool {
        let Ok(answer) = answer else { return false };
        if answer.status != 503 {
            return false;
        }
        self.0.refused.fetch_add(1, Ordering::Relaxed);
        self.0.bare.fetch_add(u64::from(answer.header("retry-after").is_empty()), Ordering::Relaxed);
        true
    }
}

/// Sends until it is not refused; at the end of the trouble what was refused last stays in doubt.
macro_rules! persist {
    ($stage:expr, $trouble:expr, $about:expr, $doing:expr, $request:expr) => {
        loop {
            let answer = $trouble.time($request).await;
            if !$trouble.bears(&answer) {
                break $stage.take(answer, 200, $about, $doing)?;
            }
            if $trouble.0.over.load(Ordering::Relaxed) {
                $stage.journal.doubt($about, $doing)?;
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
}

/// Lives until the trouble is over.
async fn live(mut stage: Stage, trouble: Trouble) -> Result<(), Ended> {
    let email = email(stage.number);
    for family in 0.. {
        let chain = format!("{}.{family}", stage.number);
        let answer = persist!(stage, trouble, &chain, "sign-in", sign_in(&mut stage.connection, &email, PASSWORD));
        let mut token = answer.member("refresh_token")?;
        stage.note(&Entry::Born { chain: chain.clone(), token: token.clone() })?;
        for _ in 0..rng::between(2..=12) {
            if trouble.0.over.load(Ordering::Relaxed) {
                return Ok(());
            }
            let answer = persist!(stage, trouble, &chain, "refresh", refresh(&mut stage.connection, &token));
            token = answer.member("refresh_token")?;
            stage.note(&Entry::Rotated { chain: chain.clone(), token: token.clone() })?;
        }
        if rng::between(0..=1) == 0 {
            persist!(stage, trouble, &chain, "revocation", revoke(&mut stage.connection, &token));
            stage.note(&Entry::Revoked { chain })?;
        }
    }
    Ok(())
}

/// Lives until the trouble is over in one browser, which signs in again and again, and whose app redeems some codes each time.
async fn live_by_codes(mut stage: Stage, trouble: Trouble) -> Result<(), Ended> {
    let mut browser = stage.browser();
    let email = email(stage.number);
    while !trouble.0.over.load(Ordering::Relaxed) {
        browser.forget();
        let page = persist!(stage, trouble, "", "sign-in page", browser.get(&super::authorize_path(&[])));
        let answer = trouble.time(browser.post_sign_in(&page, &email)).await;
        stage.take(answer, 303, "", "sign-in")?;
        for _ in 0..rng::between(2..=8) {
            let answer = trouble.time(browser.code()).await;
            let code = code_of(&stage.take(answer, 303, "", "authorization")?)?;
            stage.note(&Entry::Code { code: code.clone() })?;
            let answer = persist!(stage, trouble, &code, "redemption", redeem(&mut browser.connection, &code));
            stage.note(&Entry::Redeemed { code, token: answer.member("refresh_token")? })?;
        }
    }
    Ok(())
}

/// Waits until so many requests are acknowledged, or a life has ended before its time.
pub(crate) async fn enough(journal: &Journal, count: u64, lives: &[JoinHandle<Result<(), Ended>>]) {
    while journal.acknowledged() < count && !lives.iter().any(JoinHandle::is_finished) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
