//! The one writer: a thread that drains its queue into one transaction after another (group commit).
//!
//! Every operation runs in a savepoint of its own, so one that fails takes back only its own effects; all callers are
//! answered after the common COMMIT, which is one sync of the disk however many they are. A commit that fails fails
//! every operation in it, the refusals too: they may have been judged on writes that never came to be.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::watch;

use super::checkpointer::{Checkpointer, Limits};
use super::job::{Job, Queue};
use super::{outbox, revocation};
use crate::error::StoreError;
use crate::port::Result;

/// The handle of the writer thread; dropping it lets the queue run dry and closes the database.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Option<Queue>,
    failing: Arc<AtomicBool>,
    revocations: watch::Sender<u64>,
    deliveries: watch::Sender<u64>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread on a connection that nobody else writes with. `beside` is for the log of a file.
    pub(super) fn start(
        mut conn: Connection,
        beside: Option<(Connection, Arc<File>)>,
        queue: usize,
        batch: usize,
    ) -> Result<Self> {
        let (sender, receiver) = sync_channel(queue.max(1));
        let failing = Arc::<AtomicBool>::default();
        let revocations = watch::Sender::new(revocation::seq(&conn)?);
        let deliveries = watch::Sender::new(outbox::seq(&conn)?);
        let state =
            State { failing: Arc::clone(&failing), revocations: revocations.clone(), deliveries: deliveries.clone() };
        let mut checkpointer =
            beside.map(|beside| Checkpointer::start(&mut conn, beside, Limits::default())).transpose()?;
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || {
                serve(&conn, &receiver, batch.max(1), &state, checkpointer.as_mut());
                // Its connection goes first: the last one to close folds the log into the file.
                drop(checkpointer);
            })
            .map_err(|error| StoreError::Unavailable(format!("cannot start the writer thread: {error}")))?;
        Ok(Self { queue: Some(sender), failing, revocations, deliveries, thread: Some(thread) })
    }

    /// Whether the last attempt to change anything failed for want of space, of rights or of a working disk.
    pub(super) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// Follows the number of the newest entry of the revocation log.
    pub(super) fn watch_revocations(&self) -> watch::Receiver<u64> {
        self.revocations.subscribe()
    }

    /// Follows the number of the newest message in the outbox.
    pub(super) fn watch_deliveries(&self) -> watch::Receiver<u64> {
        self.deliveries.subscribe()
    }

    /// Where operations go.
    pub(super) fn queue(&self) -> Result<&Queue> {
        self.queue.as_ref().ok_or_else(|| StoreError::Unavailable("it is closing".into()))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// What the thread tells the outside.
struct State {
    failing: Arc<AtomicBool>,
    revocations: watch::Sender<u64>,
    deliveries: watch::Sender<u64>,
}

impl State {
    fn is_failing(&self, failing: bool) {
        self.failing.store(failing, Ordering::Relaxed);
    }

    /// After a commit, whichever operation it was that revoked something or left a message.
    fn announce(&self, conn: &Connection) {
        for (seq, followers) in [(revocation::seq(conn), &self.revocations), (outbox::seq(conn), &self.deliveries)] {
            match seq {
                Ok(seq) => drop(followers.send_if_modified(|seen| std::mem::replace(seen, seq) != seq)),
                // Whoever follows asks for itself now and then.
                Err(error) => tracing::warn!(%error, "the head of a log could not be read"),
            }
        }
    }
}

fn serve(
    conn: &Connection,
    queue: &Receiver<Box<dyn Job>>,
    batch: usize,
    state: &State,
    mut checkpointer: Option<&mut Checkpointer>,
) {
    while let Ok(first) = queue.recv() {
        let mut jobs = vec![first];
        jobs.extend(queue.try_iter().take(batch - 1));
        let mut jobs = jobs.into_iter();
        while jobs.len() > 0 {
            commit_some(conn, &mut jobs, state);
            if let Some(checkpointer) = &mut checkpointer {
                checkpointer.committed(conn, state.failing.load(Ordering::Relaxed));
            }
        }
    }
}

/// Runs jobs in one transaction until they are done or the engine has thrown the transaction away, and answers those it
/// ran.
fn commit_some(conn: &Connection, jobs: &mut std::vec::IntoIter<Box<dyn Job>>, state: &State) {
    let changes = conn.total_changes();
    if let Err(error) = execute(conn, "BEGIN IMMEDIATE") {
        state.is_failing(true);
        jobs.for_each(|job| job.answer(Err(error.clone())));
        return;
    }
    let mut ran = Vec::with_capacity(jobs.len());
    let mut outcome = Ok(());
    for mut job in jobs.by_ref() {
        let result = in_savepoint(conn, &mut *job);
        ran.push(job);
        if result.as_ref().is_err_and(is_of_the_disk) {
            state.is_failing(true);
        }
        // After a full disk or an I/O error the engine may have rolled everything back by itself.
        if conn.is_autocommit() {
            outcome = Err(result.err().unwrap_or_else(|| StoreError::Internal("the transaction vanished".into())));
            break;
        }
    }
    if outcome.is_ok() {
        outcome = execute(conn, "COMMIT");
    }
    if let Err(error) = &outcome {
        tracing::warn!(%error, operations = ran.len(), "a commit failed");
        if !conn.is_autocommit() {
            drop(execute(conn, "ROLLBACK"));
        }
        state.is_failing(true);
    } else if conn.total_changes() != changes {
        state.is_failing(false);
        state.announce(conn);
    }
    for job in ran {
        job.answer(outcome.clone());
    }
}

fn is_of_the_disk(error: &StoreError) -> bool {
    matches!(error, StoreError::DiskFull | StoreError::Io(_) | StoreError::NotWritable { .. })
}

fn in_savepoint(conn: &Connection, job: &mut dyn Job) -> Result<()> {
    execute(conn, "SAVEPOINT operation")?;
    let result = job.run(conn);
    if !conn.is_autocommit() {
        let undone = if result.is_err() { execute(conn, "ROLLBACK TO operation") } else { Ok(()) };
        // If taking back or releasing fails, nothing in this transaction can be trusted: throw all of it away.
        if let Err(error) = undone.and_then(|()| execute(conn, "RELEASE operation")) {
            drop(execute(conn, "ROLLBACK"));
            return Err(error);
        }
    }
    result
}

fn execute(conn: &Connection, sql: &str) -> Result<()> {
    conn.prepare_cached(sql)?.execute([])?;
    Ok(())
}
