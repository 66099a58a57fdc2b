//! The pool of readers: a few read-only connections, each with a thread, fed from one bounded queue.

use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::job::{Job, Queue};
use crate::error::StoreError;
use crate::port::Result;

/// The handle of the pool; dropping it lets the queue run dry and closes the connections.
#[derive(Debug)]
pub(super) struct Readers {
    queue: Option<Queue>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Starts one thread per connection.
    pub(super) fn start(connections: Vec<Connection>, queue: usize) -> Result<Self> {
        let (sender, receiver) = sync_channel(queue.max(1));
        let receiver = Arc::new(Mutex::new(receiver));
        let start = |conn: Connection| {
            let receiver = Arc::clone(&receiver);
            std::thread::Builder::new().name("store-reader".into()).spawn(move || serve(&conn, &receiver))
        };
        let threads = connections.into_iter().map(start).collect::<std::io::Result<_>>();
        let threads = threads.map_err(|error| StoreError::Unavailable(format!("cannot start a reader: {error}")))?;
        Ok(Self { queue: Some(sender), threads })
    }

    /// Where reads go.
    pub(super) fn queue(&self) -> Result<&Queue> {
        self.queue.as_ref().ok_or_else(|| StoreError::Unavailable("it is closing".into()))
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

fn serve(conn: &Connection, queue: &Mutex<Receiver<Box<dyn Job>>>) {
    loop {
        // One idle thread waits inside the lock, the others at it: whoever gets a job frees the place at once.
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut job) = job else { return };
        // The job keeps its own result.
        drop(job.run(conn));
        if !conn.is_autocommit() {
            drop(conn.execute_batch("ROLLBACK"));
        }
        job.answer(Ok(()));
    }
}

/// Runs several reads at one moment in time. On the writer a transaction is open already.
pub(super) fn snapshot<T>(conn: &Connection, read: impl FnOnce() -> Result<T>) -> Result<T> {
    if !conn.is_autocommit() {
        return read();
    }
    conn.prepare_cached("BEGIN")?.execute([])?;
    let result = read();
    conn.prepare_cached("COMMIT")?.execute([])?;
    result
}
