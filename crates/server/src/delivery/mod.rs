//! Delivery of what is in the outbox: messages to others that must arrive although those others, or this server, are away for
//! a while.
//!
//! Messages are written by the store in the transaction of what they tell. Here they are taken under a lease, sent, and
//! settled: at least once, so a target may get one twice. A few go out at the same time and only some of those to one target, so
//! nobody who is slow holds up the others.

mod attempt;
mod backchannel_logout;
mod ciba;
mod kind;
mod mail;
mod request;
mod schedule;
mod security_event;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use symbolon_store::{Claim, StoreError, WaitingTarget};
use tokio::task::{self, JoinError, JoinSet};

use crate::app::App;
use kind::Fate;

/// Attempts at the same time.
const PARALLEL: usize = 64;
/// Of those, attempts to one target.
const PER_TARGET: usize = 4;
/// How long a message is taken for, unless its kind takes longer: well beyond the longest attempt.
const LEASE_SECS: u64 = 10;
/// How often to look for what has become due, besides the store's own notice.
const POLL: Duration = Duration::from_secs(1);
/// How often to look for what was tried long enough.
const REVIEW_SECS: u64 = 60;
/// Messages given up or forgotten in one transaction.
const BATCH: u32 = 500;

/// Delivers until the process stops draining.
pub(crate) async fn run(app: Arc<App>) {
    let mut news = app.store.watch_deliveries();
    let mut post = Post { app, underway: HashMap::new(), attempts: JoinSet::new(), review_at: 0 };
    loop {
        if let Err(error) = post.hand_out().await {
            tracing::warn!(%error, "messages could not be taken from the outbox");
        }
        tokio::select! {
            Ok(()) = news.changed() => {}
            Some(ended) = post.attempts.join_next_with_id() => post.note(&ended),
            () = tokio::time::sleep(POLL) => {}
        }
        while let Some(ended) = post.attempts.try_join_next_with_id() {
            post.note(&ended);
        }
    }
}

/// Kind and name of somebody who gets messages.
type Target = (String, String);

struct Post {
    app: Arc<App>,
    attempts: JoinSet<()>,
    /// For whom each of the attempts is.
    underway: HashMap<task::Id, Target>,
    review_at: u64,
}

impl Post {
    /// Begins as many attempts as there is room for.
    async fn hand_out(&mut self) -> Result<(), StoreError> {
        let now = self.app.clock.now();
        let waiting = self.app.store.waiting_targets().await?;
        if !waiting.is_empty() && now >= self.review_at {
            self.review_at = now + REVIEW_SECS;
            if let Err(error) = self.give_up(now).await {
                tracing::warn!(%error, "messages could not be given up");
            }
        }
        for target in waiting.into_iter().take_while(|target| target.next_at <= now) {
            // What is wrong with one target holds up no other.
            if let Err(error) = self.serve(&target, now).await {
                let (kind, to) = (target.kind.as_str(), target.target.as_str());
                tracing::warn!(%error, kind, to, "messages could not be taken from the outbox");
            }
        }
        Ok(())
    }

    /// Begins the attempts to one target. Whether it takes any is asked only if there is room for one.
    async fn serve(&mut self, target: &WaitingTarget, now: u64) -> Result<(), StoreError> {
        let Some(kind) = kind::named(&target.kind) else { return Ok(()) };
        let place = (target.kind.clone(), target.target.clone());
        let underway = self.underway.values().filter(|other| **other == place).count();
        let room = kind.abreast().saturating_sub(underway).min(PARALLEL.saturating_sub(self.attempts.len()));
        let Some(limit) = u32::try_from(room).ok().filter(|limit| *limit > 0) else { return Ok(()) };
        if !kind.is_wanted(&self.app, &target.target).await? {
            return self.forget(target).await;
        }
        let claim = Claim { kind: place.0.clone(), target: place.1.clone(), limit, lease_secs: kind.lease_secs(), now };
        for delivery in self.app.store.claim_deliveries(claim).await? {
            let app = Arc::clone(&self.app);
            let attempt = self.attempts.spawn(async move { attempt::deliver(&app, kind, &delivery).await });
            self.underway.insert(attempt.id(), place.clone());
        }
        Ok(())
    }

    /// An attempt has ended, if only by a panic.
    fn note(&mut self, ended: &Result<(task::Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => *id,
            Err(error) => error.id(),
        };
        self.underway.remove(&id);
    }

    /// The target takes no messages of this kind.
    async fn forget(&self, target: &WaitingTarget) -> Result<(), StoreError> {
        while self.app.store.forget_deliveries(&target.kind, &target.target, BATCH).await? >= u64::from(BATCH) {}
        Ok(())
    }

    /// Gives up what was tried long enough.
    async fn give_up(&self, now: u64) -> Result<(), StoreError> {
        let queued_until = now.saturating_sub(schedule::PATIENCE_SECS);
        loop {
            let given_up = self.app.store.give_up_deliveries(queued_until, BATCH, now).await?;
            for delivery in &given_up {
                let error = delivery.last_error.as_deref();
                attempt::say(delivery, Fate::GivenUp, error);
                if let Some(kind) = kind::named(&delivery.kind) {
                    attempt::tell(&self.app, kind, delivery, Fate::GivenUp, error).await;
                }
            }
            if given_up.len() < BATCH as usize {
                return Ok(());
            }
        }
    }
}
