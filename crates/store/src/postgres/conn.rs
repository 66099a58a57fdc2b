//! One connection at work: statements in flights, a transaction and its end.
//!
//! A *flight* is what travels together: all its statements are sent at once and answered in order, so it costs one round trip. An operation that
//! decides takes two: what it locks and reads, and what it writes with the commit.

use std::sync::atomic::{AtomicBool, Ordering};

use deadpool_postgres::Object;
use futures_util::TryStreamExt;
use futures_util::future::{join_all, try_join_all};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use super::error::{is_of_the_past, is_worth_repeating};
use crate::error::StoreError;
use crate::port::Result;

/// Statements in one flight; the future that polls them keeps their order up to here.
const MAX_FLIGHT: usize = 30;

const COMMIT: &str = "COMMIT";

/// A statement and its arguments.
pub(super) struct Call<'a> {
    pub(super) sql: &'static str,
    pub(super) arguments: Vec<Argument<'a>>,
}

/// A value for a statement, or a reference to one.
pub(super) type Argument<'a> = Box<dyn ToSql + Sync + Send + 'a>;

/// A statement with its arguments: `call!(SQL, id, num(now))`.
macro_rules! call {
    ($sql:expr $(, $argument:expr)* $(,)?) => {
        $crate::postgres::conn::Call { sql: $sql, arguments: vec![$(Box::new($argument)),*] }
    };
}
pub(super) use call;

/// A statement that is put together once: `sql!("SELECT {COLUMNS} FROM session s WHERE s.sid = $1")`.
macro_rules! sql {
    ($($text:tt)+) => {{
        static SQL: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| format!($($text)+));
        SQL.as_str()
    }};
}
pub(super) use sql;

/// What a statement answered.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) rows: Vec<Row>,
    /// Rows inserted, changed or deleted.
    pub(super) changed: u64,
}

impl Answer {
    /// The row of a statement that gives one at most.
    pub(super) fn row(&self) -> Option<&Row> {
        self.rows.first()
    }

    /// The row of a statement that always gives one.
    pub(super) fn one(&self) -> Result<&Row> {
        self.row().ok_or_else(|| StoreError::Corrupt("a row that must exist is missing".into()))
    }
}

/// A connection out of the pool.
pub(super) struct Conn {
    /// Empty once it was thrown away.
    client: Option<Object>,
    /// An open transaction: the connection must not go back to the pool like this.
    open: AtomicBool,
    /// Something was sent that takes effect by itself: a commit, or a statement outside a transaction.
    sent: AtomicBool,
    /// The engine asked for the transaction to be run again.
    again: AtomicBool,
    /// Something broke that another connection may not have.
    broken: AtomicBool,
    /// It took too long.
    given_up: AtomicBool,
    /// Followers have something to hear of when this is committed.
    tells: AtomicBool,
    /// It is a message in the outbox.
    put: AtomicBool,
}

impl Conn {
    pub(super) fn new(client: Object) -> Self {
        let no = || AtomicBool::new(false);
        Self {
            client: Some(client),
            open: no(),
            sent: no(),
            again: no(),
            broken: no(),
            given_up: no(),
            tells: no(),
            put: no(),
        }
    }

    /// One statement, one answer: by itself a transaction, or the next step of the open one.
    pub(super) async fn ask(&self, sql: &'static str, arguments: &[&(dyn ToSql + Sync)]) -> Result<Answer> {
        let statement = self.client()?.prepare_cached(sql).await.map_err(|error| self.note(error))?;
        self.sent.fetch_or(!self.open.load(Ordering::Relaxed), Ordering::Relaxed);
        self.send(&statement, arguments.iter().copied()).await
    }

    /// Statements that travel together. The answers come in their order; the first error is the flight's.
    pub(super) async fn fly(&self, calls: Vec<Call<'_>>) -> Result<Vec<Answer>> {
        let client = self.client()?;
        let statements = try_join_all(calls.iter().map(|call| client.prepare_cached(call.sql)));
        let statements = statements.await.map_err(|error| self.note(error))?;
        let commits = !self.open.load(Ordering::Relaxed) || calls.last().is_some_and(|call| call.sql == COMMIT);
        self.sent.fetch_or(commits, Ordering::Relaxed);
        let mut answers = Vec::with_capacity(calls.len());
        for (calls, statements) in calls.chunks(MAX_FLIGHT).zip(statements.chunks(MAX_FLIGHT)) {
            let flight = calls.iter().zip(statements).map(|(call, statement)| {
                self.send(statement, call.arguments.iter().map(|argument| &**argument as &(dyn ToSql + Sync)))
            });
            for answer in join_all(flight).await {
                answers.push(answer?);
            }
        }
        Ok(answers)
    }

    /// Sends at its first poll, and `join_all` polls in order.
    async fn send<'a>(
        &self,
        statement: &Statement,
        arguments: impl ExactSizeIterator<Item = &'a (dyn ToSql + Sync)>,
    ) -> Result<Answer> {
        let stream = self.client()?.query_raw(statement, arguments).await.map_err(|error| self.note(error))?;
        let mut stream = std::pin::pin!(stream);
        let mut rows = Vec::new();
        while let Some(row) = stream.try_next().await.map_err(|error| self.note(error))? {
            rows.push(row);
        }
        Ok(Answer { rows, changed: stream.rows_affected().unwrap_or(0) })
    }

    /// A script without arguments, in the open transaction.
    pub(super) async fn script(&self, sql: &str) -> Result<()> {
        self.client()?.batch_execute(sql).await.map_err(|error| self.note(error))
    }

    /// Begins a transaction with what it locks and reads first. The order of locks is one for all operations: account, session, family,
    /// artefact or token; of several rows of one table, by their key.
    pub(super) async fn begin(&self, mut calls: Vec<Call<'_>>) -> Result<Vec<Answer>> {
        self.open.store(true, Ordering::Relaxed);
        calls.insert(0, call!("BEGIN"));
        let mut answers = self.fly(calls).await?;
        answers.remove(0);
        Ok(answers)
    }

    /// The next flight brings its own BEGIN.
    pub(super) fn opens(&self) {
        self.open.store(true, Ordering::Relaxed);
    }

    /// The last statements of a transaction, and its commit.
    pub(super) async fn finish(&self, mut calls: Vec<Call<'_>>) -> Result<Vec<Answer>> {
        calls.push(call!(COMMIT));
        let mut answers = self.fly(calls).await?;
        answers.pop();
        self.open.store(false, Ordering::Relaxed);
        Ok(answers)
    }

    /// Takes back what the transaction has done.
    pub(super) async fn roll_back(&self) -> Result<()> {
        self.fly(vec![call!("ROLLBACK")]).await?;
        self.open.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Reads at one moment, in one flight.
    pub(super) async fn snapshot(&self, mut calls: Vec<Call<'_>>) -> Result<Vec<Answer>> {
        self.open.store(true, Ordering::Relaxed);
        calls.insert(0, call!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
        calls.push(call!(COMMIT));
        let mut answers = self.fly(calls).await?;
        self.open.store(false, Ordering::Relaxed);
        answers.pop();
        answers.remove(0);
        Ok(answers)
    }

    /// Commits what the operation has not, or takes everything back.
    pub(super) async fn end(&self, outcome: Result<()>) -> Result<()> {
        if !self.open.load(Ordering::Relaxed) {
            return outcome;
        }
        if outcome.is_ok() {
            return self.finish(Vec::new()).await.map(drop);
        }
        // An error here leaves the connection open, and whoever drops it throws it away.
        drop(self.roll_back().await);
        outcome
    }

    /// What is written here, followers want to know of.
    pub(super) fn tells(&self) {
        self.tells.store(true, Ordering::Relaxed);
    }

    /// There is a message in the outbox that was not there, or was not due.
    pub(super) fn puts_message(&self) {
        self.put.store(true, Ordering::Relaxed);
        self.tells();
    }

    pub(super) fn has_put_message(&self) -> bool {
        self.put.load(Ordering::Relaxed)
    }

    pub(super) fn has_told(&self) -> bool {
        self.tells.load(Ordering::Relaxed)
    }

    /// Whether it is right to run a failed operation again: the engine asked for it, or the connection broke before anything could take effect.
    pub(super) fn may_run_again(&self) -> bool {
        self.again.load(Ordering::Relaxed) || self.is_broken() && !self.sent.load(Ordering::Relaxed)
    }

    /// Whether the connection itself was the trouble.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// Nobody shall use it any more: what it does may still come to an end, or not.
    pub(super) fn abandon(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    /// Whether a read that failed may be run again: the connection was dead, and nobody has waited for it in vain.
    pub(super) fn may_read_again(&self) -> bool {
        self.is_broken() && !self.given_up.load(Ordering::Relaxed)
    }

    /// It took too long: whether it takes effect is open, and nobody waits that long again.
    pub(super) fn give_up(&self) {
        self.sent.store(true, Ordering::Relaxed);
        self.given_up.store(true, Ordering::Relaxed);
        self.abandon();
    }

    fn client(&self) -> Result<&Object> {
        self.client.as_ref().ok_or_else(|| StoreError::Internal("a connection was used after its end".into()))
    }

    fn note(&self, error: tokio_postgres::Error) -> StoreError {
        if is_worth_repeating(&error) {
            self.again.store(true, Ordering::Relaxed);
        }
        if is_of_the_past(&error) {
            self.abandon();
        }
        error.into()
    }
}

impl Drop for Conn {
    fn drop(&mut self) {
        let unfit = self.open.load(Ordering::Relaxed) || self.broken.load(Ordering::Relaxed);
        if let Some(client) = self.client.take().filter(|_| unfit) {
            // Out of the pool, and closed.
            drop(Object::take(client));
        }
    }
}
