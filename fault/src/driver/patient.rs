//! The person of `refresh` before a server that is in trouble: refusals with 503 and Retry-After are borne and tried again, every other
//! answer but success is a failure.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::{Ended, PASSWORD, Stage, code_of, email, redeem, refresh, revoke, sign_in};
use crate::clock::Stopwatch;
use crate::journal::{Entry, Journal};
use crate::rng;
use crate::wire::{Answer, Unanswered};

/// What all of them see together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trouble(Arc<Seen>);

#[derive(Debug, Default)]
struct Seen {
    over: AtomicBool,
    refused: AtomicU64,
    bare: AtomicU64,
    slowest_us: AtomicU64,
}

impl Trouble {
    /// The lives end at their next request.
    pub(crate) fn end(&self) {
        self.0.over.store(true, Ordering::Relaxed);
    }

    /// Answers of 503.
    pub(crate) fn refused(&self) -> u64 {
        self.0.refused.load(Ordering::Relaxed)
    }

    /// Those of them without Retry-After.
    pub(crate) fn without_retry_after(&self) -> u64 {
        self.0.bare.load(Ordering::Relaxed)
    }

    /// The longest that anybody has waited for an answer since this was asked last.
    pub(crate) fn slowest(&self) -> Duration {
        Duration::from_micros(self.0.slowest_us.swap(0, Ordering::Relaxed))
    }

    fn took(&self, watch: Stopwatch) {
        let time = u64::try_from(watch.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.0.slowest_us.fetch_max(time, Ordering::Relaxed);
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
            let watch = Stopwatch::start();
            let answer = $request.await;
            $trouble.took(watch);
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
pub(crate) async fn live(mut stage: Stage, trouble: Trouble) -> Result<(), Ended> {
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
pub(crate) async fn live_by_codes(mut stage: Stage, trouble: Trouble) -> Result<(), Ended> {
    let mut browser = stage.browser();
    let email = email(stage.number);
    while !trouble.0.over.load(Ordering::Relaxed) {
        browser.forget();
        let page = persist!(stage, trouble, "", "sign-in page", browser.get(&super::authorize_path(&[])));
        let answer = loop {
            let watch = Stopwatch::start();
            let answer = browser.post_sign_in(&page, &email).await;
            trouble.took(watch);
            if !trouble.bears(&answer) {
                break answer;
            }
        };
        stage.take(answer, 303, "", "sign-in")?;
        for _ in 0..rng::between(2..=8) {
            let watch = Stopwatch::start();
            let answer = browser.code().await;
            trouble.took(watch);
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
