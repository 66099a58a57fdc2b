//! The audit log: every security event, append-only.
//!
//! Three ways in. [`Audit::record`] returns when the event is durable: for what must be provable before it is
//! acknowledged (sign-ins, credential changes, revocations). [`Audit::note`] batches off the request's path:
//! for what comes often. What could come by the thousand, or be made to by anybody (tokens issued to machines,
//! refused clients), is only counted: [`Audit::tally`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use symbolon_store::{AuditEvent, Store, StoreError};
use tokio::sync::{mpsc, oneshot};

use crate::clock::Clock;

/// Events waiting for the batch writer; beyond this, `note` writes through.
const BACKLOG: usize = 10_000;
/// Events written in one transaction at most.
const BATCH: usize = 500;
/// How often counts are written.
const TALLY: Duration = Duration::from_secs(10);

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
}

impl Audit {
    /// An audit log over `store`, and the task that writes its batches.
    pub fn new(store: Arc<dyn Store>, clock: Clock) -> (Self, AuditWriter) {
        let (sender, receiver) = mpsc::channel(BACKLOG);
        let tallies = Tallies::default();
        let audit = Self { store: Arc::clone(&store), backlog: sender, tallies: Arc::clone(&tallies) };
        (audit, AuditWriter { store, backlog: receiver, tallies, clock })
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
    /// Writes batches until every [`Audit`] is gone.
    pub async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            let received = tokio::time::timeout(TALLY, self.backlog.recv_many(&mut batch, BATCH)).await;
            if received == Ok(0) {
                return;
            }
            let mut events = Vec::with_capacity(batch.len());
            let mut waiting = Vec::new();
            for message in batch.drain(..) {
                match message {
                    Message::Event(event) => events.push(*event),
                    Message::Flush(done) => waiting.push(done),
                }
            }
            if received.is_err() || !waiting.is_empty() {
                events.extend(self.counted());
            }
            self.write(events).await;
            for done in waiting {
                // Whoever waited may have given up.
                let _ = done.send(());
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

    async fn write(&self, events: Vec<AuditEvent>) {
        let count = events.len();
        if count > 0
            && let Err(error) = self.store.append_audit(events).await
        {
            tracing::error!(%error, count, "audit events could not be written");
        }
    }
}
