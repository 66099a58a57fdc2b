//! People who notice nothing: every request must be answered, and with success. What is not is counted as failed, and they go on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Ended, Stage, redeem, refresh};
use crate::Failure;

/// What all of them see together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Score(Arc<Seen>);

#[derive(Debug, Default)]
struct Seen {
    over: AtomicBool,
    failed: Mutex<Vec<String>>,
}

impl Score {
    /// The lives end once what they are at is done.
    pub(crate) fn end(&self) {
        self.0.over.store(true, Ordering::Relaxed);
    }

    /// What was not answered, or not with success.
    pub(crate) fn failed(&self) -> Result<Vec<String>, Failure> {
        Ok(self.0.failed.lock().map_err(|_| "a client has failed over the score")?.clone())
    }

    fn is_over(&self) -> bool {
        self.0.over.load(Ordering::Relaxed)
    }

    /// Counts a failed request and lets whoever made it catch breath.
    async fn count(&self, outcome: Result<(), Ended>) {
        let words = match outcome {
            Ok(()) => return,
            Err(Ended::WithTheServer) => "a request was not answered".to_owned(),
            Err(Ended::Badly(failure)) => failure.to_string(),
        };
        if let Ok(mut failed) = self.0.failed.lock() {
            failed.push(words);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Three of four sign in, refresh and revoke; the fourth has a session on the hosted pages and redeems codes.
pub(crate) async fn live(mut stage: Stage, score: Score) {
    if stage.number % 4 == 3 {
        return redeems(stage, score).await;
    }
    for number in 0.. {
        if score.is_over() {
            return;
        }
        let chain = format!("{}.{number}", stage.number);
        score.count(refresh::family(&mut stage, chain, 2..=20).await).await;
    }
}

async fn redeems(mut stage: Stage, score: Score) {
    let mut browser = match redeem::signed_in(&mut stage).await {
        Ok(browser) => browser,
        Err(ended) => return score.count(Err(ended)).await,
    };
    while !score.is_over() {
        score.count(redeem::once(&stage, &mut browser).await).await;
    }
}
