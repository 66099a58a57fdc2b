//! The adapter for many nodes: PostgreSQL, or an engine that speaks its language (design §3).
//!
//! A node holds no state of its own. What two nodes must not do at once is settled by row locks, taken in one order; changes travel by notices, and
//! by asking where an engine has none.

mod account;
mod artefact;
mod condition;
mod conn;
mod connect;
mod consent;
mod credential;
mod ending;
mod error;
mod event_stream;
mod family;
mod follow;
mod hosts;
mod log;
mod migrate;
mod odds;
mod outbox;
mod patience;
mod registry;
mod revocation;
mod rotation;
mod scratch;
mod session;
mod sign_up;
mod signal;
mod status;
mod store;
mod sweep;
#[cfg(test)]
mod tests;
mod throttle;
mod tls;
mod transfer;
mod user;
mod user_list;
mod value;

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime};
use futures_util::future::BoxFuture;
use tokio::task::JoinHandle;

use crate::error::StoreError;
use crate::port::Result;
use crate::schema::SchemaState;
use crate::transfer::{Load, Present, Snapshot};
use conn::Conn;
use connect::Target;
use follow::Followed;
use patience::Patience;

pub use scratch::Scratch;

/// How often an operation is run again when the engine asks for it.
const ATTEMPTS: u32 = 10;

/// How to reach a database.
#[derive(Clone)]
pub struct Options {
    /// `postgres://user:password@host:5432/database?sslmode=verify-full&sslrootcert=FILE`; several hosts for a cluster that fails over.
    pub url: String,
    /// Most connections of this node.
    pub connections: usize,
    /// How long one operation may take, in all.
    pub timeout: Duration,
    /// How often changes of other nodes are asked for, besides their notices.
    pub poll: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { url: String::new(), connections: 16, timeout: Duration::from_secs(5), poll: Duration::from_secs(1) }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { url: _, connections, timeout, poll } = self;
        let mut debug = f.debug_struct("Options");
        debug.field("connections", connections).field("timeout", timeout).field("poll", poll);
        debug.finish_non_exhaustive()
    }
}

/// The PostgreSQL store.
#[derive(Debug)]
pub struct Postgres {
    inner: Arc<Inner>,
    follower: JoinHandle<()>,
}

/// What operations need.
struct Inner {
    pool: Pool,
    target: Target,
    timeout: Duration,
    followed: Followed,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl Postgres {
    /// Connects, and brings the schema up to date.
    pub async fn open(options: Options) -> Result<Self> {
        let mut target = Target::of(&options)?;
        let mut pool = pool_of(&target, &options)?;
        // Tells early what is wrong.
        match pool.get().await {
            Err(PoolError::Backend(error)) if target.goes_without_settings(&error) => {
                pool = pool_of(&target, &options)?;
            }
            first => drop(first?),
        }
        let inner =
            Arc::new(Inner { pool, target: target.clone(), timeout: options.timeout, followed: Followed::default() });
        {
            let conn = inner.connection().await?;
            migrate::migrate(&conn).await?;
            inner.followed.refresh(&conn).await?;
        }
        tokio::spawn(migrate::fill(Arc::downgrade(&inner)));
        let follower = tokio::spawn(follow::run(Arc::downgrade(&inner), target, options.poll));
        Ok(Self { inner, follower })
    }

    /// How the schema of a database stands to this program. Changes nothing.
    pub async fn schema(options: &Options) -> Result<SchemaState> {
        Ok(migrate::state(transfer::schema(options).await?))
    }

    /// A database to fill, with the newest schema, which no node is connected to.
    pub async fn load(options: &Options) -> Result<Box<dyn Load>> {
        Ok(Box::new(transfer::Loading::open(options).await?))
    }

    /// A database to fill from data of the schema `schema`, which takes the place of what is there;
    /// [`Conflict::Exists`](crate::Conflict::Exists) if that is to stay.
    pub async fn restore(options: &Options, schema: u32, present: Present) -> Result<Box<dyn Load>> {
        Ok(Box::new(transfer::Loading::restore(options, schema, present).await?))
    }

    /// Everything in a database that no node is connected to. Changes nothing.
    pub async fn export(options: &Options) -> Result<Box<dyn Snapshot>> {
        Ok(Box::new(transfer::Reading::alone(options).await?))
    }

    /// Reads, by statements that change nothing. Run again once if the connection turns out to be a dead one.
    async fn read<A, T, F>(&self, arguments: A, operation: F) -> Result<T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'t> Fn(&'t Conn, &'t A) -> BoxFuture<'t, Result<T>> + Send + Sync + 'static,
    {
        let inner = Arc::clone(&self.inner);
        detached(async move {
            let (mut attempt, mut patience) = (1, Patience::new(inner.timeout));
            loop {
                let conn = patience.connection(&inner).await?;
                let outcome = patience.bounded(&inner, &conn, operation(&conn, &arguments)).await;
                if outcome.is_ok() || attempt == 2 || !conn.may_read_again() {
                    return outcome;
                }
                attempt += 1;
            }
        })
        .await
    }

    /// Writes: one transaction, run again where the engine asks for it. A single statement needs no `begin`.
    async fn write<A, T, F>(&self, arguments: A, operation: F) -> Result<T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'t> Fn(&'t Conn, &'t A) -> BoxFuture<'t, Result<T>> + Send + Sync + 'static,
    {
        let inner = Arc::clone(&self.inner);
        detached(async move {
            let (mut attempt, mut patience) = (1, Patience::new(inner.timeout));
            loop {
                let conn = patience.connection(&inner).await?;
                let run = async {
                    match operation(&conn, &arguments).await {
                        Ok(value) => conn.end(Ok(())).await.map(|()| value),
                        Err(error) => Err(conn.end(Err(error.clone())).await.err().unwrap_or(error)),
                    }
                };
                let outcome = patience.bounded(&inner, &conn, run).await;
                if outcome.is_ok() && conn.has_told() {
                    inner.followed.announce(&conn);
                }
                if outcome.is_ok() || attempt == ATTEMPTS || !conn.may_run_again() {
                    return outcome;
                }
                drop(conn);
                tokio::time::sleep(Duration::from_millis(1 << attempt)).await;
                attempt += 1;
            }
        })
        .await
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

impl Inner {
    async fn connection(&self) -> Result<Conn> {
        Ok(Conn::new(self.pool.get().await?))
    }

    /// One step with a time of its own.
    async fn bounded<T>(&self, conn: &Conn, operation: impl Future<Output = Result<T>>) -> Result<T> {
        Patience::new(self.timeout).bounded(self, conn, operation).await
    }

    /// An answer is long overdue: what else is connected may be as dead. A connection at rest would keep the next operation waiting as long, and
    /// one that only listens would never find out.
    fn suspect(&self) {
        self.pool.retain(|_, _| false);
        self.followed.doubt();
    }
}

/// Runs an operation to its end also when the caller goes away: what was committed stays, and a connection never comes back to the pool in the
/// middle of a transaction.
async fn detached<T: Send + 'static>(operation: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    match tokio::spawn(operation).await {
        Ok(outcome) => outcome,
        Err(error) if error.is_panic() => {
            tracing::error!("a store operation panicked");
            Err(StoreError::Internal("an operation panicked".into()))
        }
        Err(_) => Err(StoreError::Unavailable("it is closing".into())),
    }
}

/// What cannot be: a flight has one answer for each statement.
fn short() -> StoreError {
    StoreError::Internal("a flight came back short".into())
}

fn pool_of(target: &Target, options: &Options) -> Result<Pool> {
    let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_connect(target.config.clone(), target.clone(), config);
    let builder = Pool::builder(manager).max_size(options.connections.max(1)).runtime(Runtime::Tokio1);
    let builder = builder.wait_timeout(Some(options.timeout * 4 / 5));
    // What an operation has left then suffices for its work.
    let pool = builder.create_timeout(Some(target.limit)).recycle_timeout(Some(target.limit)).build();
    pool.map_err(|error| StoreError::Internal(error.to_string()))
}
