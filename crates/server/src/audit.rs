//! The audit log: every security event, append-only.
//!
//! Three ways in. [`Audit::record`] returns when the event is durable: for what must be provable before it is
//! acknowledged (sign-ins, credential changes, revocations). [`Audit::note`] batches off the request's path:
//! for what comes often. What could come by the thousand, or be made to by anybody (tokens issued to machines,
//! refused clients), is only counted: [`Audit::tally`].

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use symbolon_store::{AuditEvent, Store, StoreError};
use tokio::sync::{mpsc, oneshot};

use crate::clock::{Clock, Stopwatch};

/// Events waiting for the batch writer; beyond this, `note` waits. As many are kept while they cannot be written.
const BACKLOG: usize = 10_000;
/// Events written in one transaction at most.
const BATCH: usize = 500;
/// How often counts are written.
const TALLY: Duration = Duration::from_secs(10);
/// How long to wait before events that could not be written are tried again.
const RETRY: Duration = Duration::from_secs(2);

/// The way into the audit log.
#[derive(Clone)]
pub struct Audit {
    store: Arc<dyn Store>,
    backlog: mpsc::Sender<Message>,
    tallies: Tallies,
}

/// Occurrences since the last write.
type Tallies = Arc<Mutex<BTreeMap<Tally, u64>>>;

/// What is counted rather than told one by one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tally {
    /// The event's name.
    pub name: &'static str,
    /// Its outcome.
    pub outcome: &'static str,
    /// What it was about: a grant, or a cause of refusal. One of a fixed set, never a caller's text.
    pub about: String,
    /// The registered client, if there is one.
    pub client_id: Option<String>,
}

enum Message {
    Event(Box<AuditEvent>),
    Flush(oneshot::Sender<()>),
}

/// The far end of the batch queue: run [`AuditWriter::run`] as a background task.
pub struct AuditWriter {
    store: Arc<dyn Store>,
    backlog: mpsc::Receiver<Message>,
    tallies: Tallies,
    clock: Clock,
    /// What could not be written yet, oldest first.
    kept: VecDeque<AuditEvent>,
}

impl Audit {
    /// An audit log over `store`, and the task that writes its batches.
    pub fn new(store: Arc<dyn Store>, clock: Clock) -> (Self, AuditWriter) {
        let (sender, receiver) = mpsc::channel(BACKLOG);
        let tallies = Tallies::default();
        let audit = Self { store: Arc::clone(&store), backlog: sender, tallies: Arc::clone(&tallies) };
        (audit, AuditWriter { store, backlog: receiver, tallies, clock, kept: VecDeque::new() })
    }

    /// Writes `event` and returns once it is durable.
    pub async fn record(&self, event: AuditEvent) -> Result<(), StoreError> {
        self.store.append_audit(vec![event]).await
    }

    /// Hands `event` to the batch writer. Waits only when the backlog is full, so no event is dropped.
    pub async fn note(&self, event: AuditEvent) {
        if self.backlog.send(Message::Event(Box::new(event))).await.is_err() {
            tracing::error!("the audit writer has stopped; an event was not written");
        }
    }

    /// Counts one occurrence; counts become events every few seconds.
    pub fn tally(&self, tally: Tally) {
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        *tallies.entry(tally).or_default() += 1;
    }

    /// Returns once everything noted before is written.
    pub async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if self.backlog.send(Message::Flush(done)).await.is_ok() {
            // An error means the writer is gone, and said so.
            let _ = written.await;
        }
    }
}

impl AuditWriter {
    /// Writes batches until every [`Audit`] is gone. A batch that fails is kept and tried again.
    pub async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut since_counts = Stopwatch::start();
        loop {
            let wait = if self.kept.is_empty() { TALLY } else { RETRY };
            let received = tokio::time::timeout(wait, self.backlog.recv_many(&mut batch, BATCH)).await;
            let mut waiting = Vec::new();
            for message in batch.drain(..) {
                match message {
                    Message::Event(event) => self.kept.push_back(*event),
                    Message::Flush(done) => waiting.push(done),
                }
            }
            // By the clock: where events never pause, the wait for one never runs out.
            if received.is_err() || !waiting.is_empty() || since_counts.elapsed() >= TALLY {
                self.kept.extend(self.counted());
                since_counts = Stopwatch::start();
            }
            self.write().await;
            for done in waiting {
                // Whoever waited may have given up.
                let _ = done.send(());
            }
            if received == Ok(0) {
                return;
            }
        }
    }

    fn counted(&self) -> Vec<AuditEvent> {
        let tallies = std::mem::take(&mut *self.tallies.lock().unwrap_or_else(PoisonError::into_inner));
        let at = self.clock.now();
        let event = |(tally, count): (Tally, u64)| AuditEvent {
            at,
            name: tally.name.to_owned(),
            outcome: tally.outcome.to_owned(),
            actor: None,
            user_id: None,
            client_id: tally.client_id,
            sid: None,
            address: None,
            request_id: None,
            detail: json!({ "about": tally.about, "count": count }),
        };
        tallies.into_iter().map(event).collect()
    }

    /// Writes what is kept, as far as the store takes it.
    async fn write(&mut self) {
        while !self.kept.is_empty() {
            let events: Vec<AuditEvent> = self.kept.iter().take(BATCH).cloned().collect();
            let count = events.len();
            let outcome = self.store.append_audit(events).await;
            if self.settle(count, outcome) == Next::Later {
                break;
            }
        }
    }

    /// Keeps or lets go of the oldest `count` events, by what became of writing them.
    fn settle(&mut self, count: usize, outcome: Result<(), StoreError>) -> Next {
        match outcome {
            Ok(()) => drop(self.kept.drain(..count)),
            Err(error) if !may_pass(&error) => {
                tracing::error!(%error, count, "audit events could not be written and are lost");
                self.kept.drain(..count);
            }
            Err(error) => {
                let kept = self.kept.len();
                tracing::error!(%error, kept, "audit events could not be written; they are kept and tried again");
                let excess = kept.saturating_sub(BACKLOG);
                if excess > 0 {
                    tracing::error!(count = excess, "audit events are lost: too many could not be written");
                    self.kept.drain(..excess);
                }
                return Next::Later;
            }
        }
        Next::Now
    }
}

/// When to go on with what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Now,
    Later,
}

/// Whether the same events may be written later.
fn may_pass(error: &StoreError) -> bool {
    error.is_retryable() || matches!(error, StoreError::Io(_) | StoreError::NotWritable { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use symbolon_store::Sqlite;

    fn event(number: usize) -> AuditEvent {
        AuditEvent {
            at: 0,
            name: "token.issue".to_owned(),
            outcome: "success".to_owned(),
            actor: None,
            user_id: None,
            client_id: None,
            sid: None,
            address: None,
            request_id: Some(number.to_string()),
            detail: Value::Null,
        }
    }

    fn writer(events: usize) -> AuditWriter {
        let (_, mut writer) = Audit::new(Arc::new(Sqlite::in_memory().unwrap()), Clock::fixed(0));
        writer.kept.extend((0..events).map(event));
        writer
    }

    #[tokio::test]
    async fn what_the_store_refuses_is_kept_and_written_in_order_once_it_can_be() {
        let mut writer = writer(BATCH + 3);
        for error in [StoreError::DiskFull, StoreError::Busy, StoreError::Io("gone".to_owned())] {
            assert_eq!(writer.settle(BATCH, Err(error)), Next::Later);
            assert_eq!(writer.kept.len(), BATCH + 3);
        }
        writer.write().await;
        assert!(writer.kept.is_empty());
        let written = writer.store.audit(0, 1_000).await.unwrap();
        let ids: Vec<_> = written.iter().map(|record| record.event.request_id.clone().unwrap()).collect();
        assert_eq!(ids, (0..BATCH + 3).map(|number| number.to_string()).collect::<Vec<_>>());
    }

    #[test]
    fn beyond_the_bound_the_oldest_are_lost() {
        let mut writer = writer(BACKLOG + 5);
        assert_eq!(writer.settle(BATCH, Err(StoreError::DiskFull)), Next::Later);
        assert_eq!(writer.kept.len(), BACKLOG);
        assert_eq!(writer.kept[0].request_id.as_deref(), Some("5"));
    }

    #[test]
    fn a_batch_that_can_never_be_written_does_not_hold_up_the_rest() {
        let mut writer = writer(BATCH + 3);
        assert_eq!(writer.settle(BATCH, Err(StoreError::Internal("ours".to_owned()))), Next::Now);
        assert_eq!(writer.kept.len(), 3);
    }
}
