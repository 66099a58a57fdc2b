//! Following what changes: numbers the revocation log, tells this node's watchers, and sends and hears the notices of other nodes.
//!
//! A notice is no part of the transaction it tells of: the engine would let only one of those commit at a time. So it may be lost with its
//! sender; whoever polls finds what it told of.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::sync::{Notify, watch};
use tokio_postgres::AsyncMessage;

use super::conn::Conn;
use super::connect::Target;
use super::value::Columns;
use super::{Inner, revocation};
use crate::port::Result;

/// The channel of notices.
pub(super) const CHANNEL: &str = "symbolon";
/// Between two attempts.
const AGAIN: Duration = Duration::from_millis(500);

/// What this node knows of the newest numbers.
pub(super) struct Followed {
    pub(super) registry: watch::Sender<u64>,
    pub(super) revocations: watch::Sender<u64>,
    pub(super) deliveries: watch::Sender<u64>,
    /// This node has committed a message, of which its watchers have not been told.
    put: AtomicBool,
    changed: Notify,
    heard: Notify,
    doubted: Arc<Notify>,
}

impl Default for Followed {
    fn default() -> Self {
        let none = || watch::Sender::new(0);
        Self {
            registry: none(),
            revocations: none(),
            deliveries: none(),
            put: AtomicBool::new(false),
            changed: Notify::new(),
            heard: Notify::new(),
            doubted: Arc::default(),
        }
    }
}

impl Followed {
    /// Something was committed here that followers want to know of.
    pub(super) fn announce(&self, conn: &Conn) {
        self.put.fetch_or(conn.has_put_message(), Ordering::Relaxed);
        self.changed.notify_one();
    }

    /// The connection that listens may be dead: it is made anew.
    pub(super) fn doubt(&self) {
        self.doubted.notify_one();
    }

    /// Numbers what has none, and tells this node's watchers what is newest. Whether other nodes have to be told.
    pub(super) async fn refresh(&self, conn: &Conn) -> Result<bool> {
        let sql =
            "SELECT (SELECT version FROM registry WHERE one = 1), (SELECT seq FROM revocation_head WHERE one = 1),
                (SELECT coalesce(max(id), 0) FROM outbox), EXISTS (SELECT 1 FROM revocation WHERE seq IS NULL)";
        let answer = conn.ask(sql, &[]).await?;
        let row = answer.one()?;
        let unnumbered = row.at(3)?;
        let revocations = if unnumbered { revocation::number(conn).await? } else { row.num(1)? };
        // The numbers of messages are given before their commit, so one of this node's may come after a newer one. Another node's that does is
        // delivered there; who waits for it here finds it when it is time to ask.
        let put = self.put.swap(false, Ordering::Relaxed);
        for (sender, newest, put) in [
            (&self.registry, row.num(0)?, false),
            (&self.revocations, revocations, false),
            (&self.deliveries, row.num(2)?, put),
        ] {
            sender.send_if_modified(|seen| {
                let newer = newest > *seen;
                *seen = (*seen).max(newest);
                newer || put
            });
        }
        Ok(unnumbered)
    }
}

/// Who says that there may be news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// This node has committed something.
    Own,
    /// Another node says so, or it is time to ask.
    Others,
}

/// Follows until the store is dropped.
pub(super) async fn run(inner: Weak<Inner>, target: Target, poll: Duration) {
    // Ends with this task: a connection that nobody wants any more must not stay.
    let mut hearing = tokio::task::JoinSet::new();
    hearing.spawn(hear(Weak::clone(&inner), target));
    let mut poll = tokio::time::interval(poll);
    poll.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let Some(inner) = inner.upgrade() else { return };
        let cause = tokio::select! {
            () = inner.followed.changed.notified() => Cause::Own,
            () = inner.followed.heard.notified() => Cause::Others,
            _ = poll.tick() => Cause::Others,
        };
        if let Err(error) = look(&inner, cause).await {
            tracing::warn!(%error, "changes could not be asked for");
            tokio::time::sleep(AGAIN).await;
            // What the others have to be told is not forgotten.
            if cause == Cause::Own { &inner.followed.changed } else { &inner.followed.heard }.notify_one();
        }
    }
}

async fn look(inner: &Inner, cause: Cause) -> Result<()> {
    let conn = inner.connection().await?;
    let look = async {
        let outcome = inner.followed.refresh(&conn).await;
        if outcome.as_ref().is_ok_and(|unnumbered| *unnumbered || cause == Cause::Own) {
            // An engine without notices has others find it by asking.
            if let Err(error) = conn.ask("SELECT pg_notify($1, '')", &[&CHANNEL]).await {
                tracing::debug!(%error, "other nodes could not be told");
            }
        }
        conn.end(outcome.map(drop)).await
    };
    // The end, too: waiting for it on a dead connection would end all following.
    inner.bounded(&conn, look).await
}

/// Hears notices on a connection of its own, and connects again when that breaks or is in doubt.
async fn hear(inner: Weak<Inner>, target: Target) {
    while let Some(doubted) = inner.upgrade().map(|inner| Arc::clone(&inner.followed.doubted)) {
        tokio::select! {
            outcome = listen(&inner, &target) => if let Err(error) = outcome {
                tracing::debug!(%error, "notices of other nodes are not heard; asking instead");
            },
            () = doubted.notified() => {}
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn listen(inner: &Weak<Inner>, target: &Target) -> std::result::Result<(), tokio_postgres::Error> {
    let Ok(connected) = tokio::time::timeout(target.limit, target.connect()).await else { return Ok(()) };
    let (client, mut connection) = connected?;
    let mut messages = stream::poll_fn(move |context| connection.poll_message(context));
    let script = format!("LISTEN {CHANNEL}");
    let mut listening = std::pin::pin!(tokio::time::timeout(target.limit, client.batch_execute(&script)));
    let mut said = false;
    loop {
        tokio::select! {
            outcome = &mut listening, if !said => {
                let Ok(outcome) = outcome else { return Ok(()) };
                outcome?;
                said = true;
                // What was told while nobody listened.
                let Some(inner) = inner.upgrade() else { return Ok(()) };
                inner.followed.heard.notify_one();
            }
            message = messages.next() => match message {
                Some(Ok(AsyncMessage::Notification(_))) => {
                    let Some(inner) = inner.upgrade() else { return Ok(()) };
                    inner.followed.heard.notify_one();
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
                None => return Ok(()),
            },
        }
    }
}
