//! A unit of work for a database thread, and the queue that takes it there.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{SyncSender, TrySendError};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::error::StoreError;
use crate::port::Result;

/// What a database thread sees of an operation: run it, and later tell the caller.
pub(super) trait Job: Send {
    /// Runs the operation once and keeps its result; a panic becomes an error.
    fn run(&mut self, conn: &Connection) -> Result<()>;

    /// Sends the result, or `commit`'s error in its place.
    fn answer(self: Box<Self>, commit: Result<()>);
}

/// Where jobs wait.
pub(super) type Queue = SyncSender<Box<dyn Job>>;

struct Pending<T, F, A> {
    operation: Option<F>,
    result: Result<T>,
    after: A,
    caller: oneshot::Sender<Result<T>>,
}

impl<T, F, A> Job for Pending<T, F, A>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T> + Send,
    A: FnOnce(&T) + Send,
{
    fn run(&mut self, conn: &Connection) -> Result<()> {
        let Some(operation) = self.operation.take() else {
            return Ok(());
        };
        // Sound: the caller rolls the operation's savepoint back, and nothing else is shared.
        self.result = catch_unwind(AssertUnwindSafe(|| operation(conn))).unwrap_or_else(|panic| Err(of_panic(&*panic)));
        self.result.as_ref().map(|_| ()).map_err(Clone::clone)
    }

    fn answer(self: Box<Self>, commit: Result<()>) {
        let Self { result, after, caller, .. } = *self;
        let result = commit.and(result);
        if let Ok(value) = &result {
            after(value);
        }
        // A caller that went away does not undo what was committed.
        drop(caller.send(result));
    }
}

fn of_panic(panic: &(dyn Any + Send)) -> StoreError {
    let what = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let what = what.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    tracing::error!(panic = %what, "a store operation panicked");
    StoreError::Internal("an operation panicked".into())
}

/// Queues an operation and waits for its answer. `after` runs on the database thread once the result is final and good,
/// even if the caller no longer waits.
pub(super) async fn ask<T, F, A>(queue: &Queue, operation: F, after: A) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    A: FnOnce(&T) + Send + 'static,
{
    let (caller, answer) = oneshot::channel();
    let not_run = Err(StoreError::Internal("the operation was not run".into()));
    let pending = Pending { operation: Some(operation), result: not_run, after, caller };
    queue.try_send(Box::new(pending)).map_err(|error| match error {
        TrySendError::Full(_) => StoreError::Busy,
        TrySendError::Disconnected(_) => StoreError::Unavailable("its thread has ended".into()),
    })?;
    answer.await.map_err(|_| StoreError::Unavailable("its thread has ended".into()))?
}
