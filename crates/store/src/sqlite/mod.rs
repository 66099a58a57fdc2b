//! The embedded adapter: SQLite with a write-ahead log, one writer that commits in groups, a pool of readers (design §3).
//!
//! Refuses: a second opener, a file that cannot be written, another program's or a damaged database, a newer schema.

mod account;
mod artefact;
mod checkpointer;
mod condition;
mod consent;
#[cfg(test)]
mod crash;
mod credential;
mod ending;
mod event_stream;
mod family;
mod fault;
mod job;
mod log;
mod migrate;
mod odds;
mod open;
mod outbox;
mod readers;
mod registry;
mod restore;
mod revocation;
mod rotation;
mod session;
mod sign_up;
mod signal;
mod status;
mod store;
mod sweep;
#[cfg(test)]
mod tests;
mod throttle;
mod transfer;
mod user;
mod user_list;
mod value;
mod writer;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::watch;

use crate::port::Result;
use crate::schema::SchemaState;
use crate::transfer::{Load, Present, Snapshot};
use open::Lock;
use readers::Readers;
use writer::Writer;

/// How to open a database.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Read-only connections, each with its thread; at least 1.
    pub readers: usize,
    /// Operations that may wait for the writer, and as many for the readers; more get
    /// [`StoreError::Busy`](crate::StoreError::Busy).
    pub queue: usize,
    /// Most operations in one commit.
    pub batch: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { readers: 4, queue: 4096, batch: 256 }
    }
}

/// The SQLite store. Dropping it finishes what is queued and closes the file.
#[derive(Debug)]
pub struct Sqlite {
    // Dropped in this order: the writer's connection must be the last, so that it folds the log into the file.
    readers: Option<Readers>,
    writer: Writer,
    registry_version: watch::Sender<u64>,
    /// Of the database file, after all connections.
    _handle: Option<Arc<File>>,
    /// None in memory.
    path: Option<PathBuf>,
    _lock: Option<Lock>,
}

impl Sqlite {
    /// Opens or creates the database at `path`, takes its lock and brings its schema up to date. Blocks while it does.
    pub fn open(path: &Path, options: Options) -> Result<Self> {
        let lock = open::claim(path)?;
        let conn = open::writer(path)?;
        migrate::migrate(&conn)?;
        let connections = (0..options.readers.max(1)).map(|_| open::reader(path)).collect::<Result<_>>()?;
        let readers = Readers::start(connections, options.queue)?;
        Self::start(conn, Some(readers), Some((path, lock)), &options)
    }

    /// A database that lives and dies with this value, for tests.
    pub fn in_memory() -> Result<Self> {
        let conn = open::in_memory()?;
        migrate::migrate(&conn)?;
        Self::start(conn, None, None, &Options::default())
    }

    /// How the schema of the database at `path` stands to this program. Changes nothing, and needs no lock.
    pub fn schema(path: &Path) -> Result<SchemaState> {
        migrate::state(&open::reader(path)?)
    }

    /// Opens or makes a database to fill, with its lock and the newest schema.
    pub fn load(path: &Path) -> Result<Box<dyn Load>> {
        Ok(Box::new(transfer::Loading::open(path)?))
    }

    /// A database with the schema of version `schema` to fill, which takes the place of the one at `path` when it is finished; that one is
    /// locked meanwhile. [`Conflict::Exists`](crate::Conflict::Exists) if there is data and it is to stay.
    pub async fn restore(path: &Path, schema: u32, present: Present) -> Result<Box<dyn Load>> {
        Ok(Box::new(restore::Restoring::open(path, schema, present).await?))
    }

    /// Everything in the database at `path`, which nobody else may have open and whose schema must be the newest. Changes nothing.
    pub fn export(path: &Path) -> Result<Box<dyn Snapshot>> {
        Ok(Box::new(transfer::Reading::alone(path)?))
    }

    fn start(
        conn: Connection,
        readers: Option<Readers>,
        file: Option<(&Path, Lock)>,
        options: &Options,
    ) -> Result<Self> {
        let registry_version = watch::Sender::new(registry::version(&conn)?);
        let handle = file.as_ref().map(|(path, _)| open::handle(path)).transpose()?;
        let beside = file.as_ref().map(|(path, _)| open::writer(path)).transpose()?.zip(handle.clone());
        let writer = Writer::start(conn, beside, options.queue, options.batch)?;
        let (path, lock) = file.map_or((None, None), |(path, lock)| (Some(path.to_owned()), Some(lock)));
        Ok(Self { readers, writer, registry_version, _handle: handle, path, _lock: lock })
    }

    async fn write<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        job::ask(self.writer.queue()?, operation, |_| ()).await
    }

    /// Reads on the pool, or between the writes where there is none (in memory).
    async fn read<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let queue = self.readers.as_ref().map_or_else(|| self.writer.queue(), Readers::queue)?;
        job::ask(queue, operation, |_| ()).await
    }
}
